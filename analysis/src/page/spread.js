// The runs of the chosen cases: how they are distributed, and which of them to look at.

// Up to so many runs of each case, a dot for each; up to so many, a box; then the empirical
// distribution, if there are few cases.
const MOST_DOTS = 30;
const MOST_BOXES = 300;
const MOST_STEPS = 6;
// Dots are drawn of at most so many runs in all.
const DRAWN_DOTS = 3000;
const drawnSpread = { kind: "", drawn: 0 };

const KINDS = { dots: "a dot for each run", box: "a box", steps: "the share of runs up to a value" };

function kindFor(groups) {
  if (matrix.kind !== "by number") return matrix.kind;
  const most = Math.max(...groups.map((it) => it.runs.length));
  if (most <= MOST_DOTS) return "dots";
  return most > MOST_BOXES && groups.length <= MOST_STEPS ? "steps" : "box";
}

function showChosen() {
  const { data, chosen } = matrix;
  const why = new Map(data.notable.map((it) => [it.case, it.why]));
  const isNotable = chosen.length === data.notable.length && data.notable.every((it) => chosen.includes(it.case));
  const heading = chosen.length === 1 ? data.cases[chosen[0]].id : isNotable && data.rule !== "" ? "The notable cases" : counted(chosen.length, "case");
  const items = [element("h4", {}, `${heading}: the runs`)];
  if (isNotable && data.rule !== "") items.push(element("p", { class: "note" }, `Notable are ${data.rule}. All others are a click away, in the table.`));
  const groups = chosen.map((which) => ({ which, name: data.cases[which].id, why: why.get(which) || "", runs: runValues(which) }));
  const known = groups.filter((it) => it.runs.length > 0);
  if (data.rule !== "" && !isNotable) items.push(button("the notable cases", "those that are shown at first", () => { matrix.chosen = data.notable.map((it) => it.case); showMatrix(); }));
  Object.assign(drawnSpread, { kind: "", drawn: 0 });
  if (known.length > 0) items.push(...distribution(known));
  else if (matrix.data.metrics.length > 0) items.push(element("p", { class: "note" }, "This page has no values of single runs of this metric; they are in summary.csv."));
  items.push(runsTable(groups));
  matrixParts.cases.replaceChildren(...items);
}

function distribution(groups) {
  const kind = kindFor(groups);
  const choice = element("div", { class: "chips" }, element("span", { class: "label" }, "Distribution:"));
  for (const name of ["by number", ...Object.keys(KINDS)]) {
    const made = chip(name === "by number" ? `by the number of runs (now ${KINDS[kind]})` : KINDS[name], null, matrix.kind === name, () => { matrix.kind = name; showChosen(); });
    choice.append(made);
  }
  const drawing = kind === "steps" ? stepsOf(groups) : rowsOf(groups, kind);
  drawnSpread.kind = kind;
  return [choice, element("figure", { class: "spread" }, drawing, element("figcaption", {}, spreadNote(kind)))];
}

function spreadNote(kind) {
  const rule = `Up to ${MOST_DOTS} runs of a case are dots, up to ${MOST_BOXES} a box, more a curve if there are at most ${MOST_STEPS} cases.`;
  return {
    dots: "A dot is a run; one that failed is a diamond.",
    box: "A box holds the middle half of the runs, its line is the median. Whiskers reach the farthest runs within 1.5 widths of the box; runs beyond are drawn one by one, and one that failed is a diamond.",
    steps: "The height is the share of the runs that have at most this value.",
  }[kind] + ` ${rule}`;
}

function spreadScale(groups, width, left) {
  const values = groups.flatMap((it) => [it.runs[0].value, it.runs[it.runs.length - 1].value]);
  return scaleFrom(Math.min(...values), Math.max(...values), left, width - 20, 6);
}

function spreadAxis(drawing, scale, height, width) {
  for (const mark of scale.marks) {
    const x = scale.place(mark).toFixed(1);
    drawing.append(shape("path", { d: `M${x} 8V${height - 34}`, class: "pg" }), label(x, height - 20, "middle", short(mark)));
  }
  drawing.append(label(width - 20, height - 4, "end", `${spreadMetric().name} \u2192`));
}

// A row for each case.
function rowsOf(groups, kind) {
  const [width, left, pitch] = [900, 250, 44];
  const height = groups.length * pitch + 48;
  const drawing = shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${spreadMetric().name} of the runs; the table below has the numbers` });
  const scale = spreadScale(groups, width, left);
  spreadAxis(drawing, scale, height, width);
  groups.forEach((group, at) => {
    const y = 10 + (at + 0.5) * pitch;
    drawing.append(label(left - 12, y - (group.why ? 2 : -4), "end", clipped(group.name, 36)), label(left - 12, y + 12, "end", clipped(group.why, 40)));
    if (kind === "box") drawBox(drawing, group, at, y, scale);
    else drawRunDots(drawing, group.runs.slice(0, Math.ceil(DRAWN_DOTS / groups.length)), at, y, scale, pitch / 2 - 6);
  });
  return drawing;
}

const clipped = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}\u2026` : text);

// A mark of a run that leads to its diagram.
function runMark(drawing, it, at, x, y) {
  const attributes = { class: `f${at % 8}`, "data-run": it.run };
  const mark = it.verdict === "f"
    ? shape("path", { ...attributes, d: `M${(x - 5).toFixed(1)} ${y.toFixed(1)}l5 -5l5 5l-5 5Z`, class: "failed-run" })
    : shape("circle", { ...attributes, cx: x.toFixed(1), cy: y.toFixed(1), r: 3.2 });
  mark.append(shape("title", {}, `run ${it.run}: ${ofRun(it.value)}${it.verdict === "f" ? ", failed" : ""}`));
  mark.addEventListener("click", () => openRunOf(it.run));
  drawing.append(mark);
  drawnSpread.drawn++;
}

// Dots that would cover each other go up and down from the middle of their row.
function drawRunDots(drawing, runs, at, y, scale, room) {
  const taken = new Map();
  for (const it of runs) {
    const x = scale.place(it.value);
    const column = Math.round(x / 6.5);
    const level = taken.get(column) || 0;
    taken.set(column, level + 1);
    const away = Math.ceil(level / 2) * 6.5 * (level % 2 === 0 ? 1 : -1);
    runMark(drawing, it, at, x, y + Math.max(-room, Math.min(room, away)));
  }
}

function drawBox(drawing, { which, runs }, at, y, scale) {
  const cell = spreadMetric().cells[which];
  const [low, high] = [cell[QUARTER], cell[THREE_QUARTERS]];
  const inside = runs.filter((it) => it.value >= low - 1.5 * (high - low) && it.value <= high + 1.5 * (high - low));
  const [first, last] = [inside[0] || runs[0], inside[inside.length - 1] || runs[runs.length - 1]].map((it) => scale.place(it.value));
  const [left, right] = [scale.place(low), scale.place(high)];
  const median = scale.place(cell[MEDIAN]).toFixed(1);
  drawing.append(
    shape("path", { d: `M${first.toFixed(1)} ${y}H${left.toFixed(1)}M${right.toFixed(1)} ${y}H${last.toFixed(1)}`, class: `pl c${at % 8}` }),
    shape("rect", { x: left.toFixed(1), y: y - 10, width: Math.max(right - left, 1).toFixed(1), height: 20, class: `pl c${at % 8}` }, shape("title", {}, `middle half ${ofRun(low)} \u2026 ${ofRun(high)}, median ${ofRun(cell[MEDIAN])}`)),
    shape("path", { d: `M${median} ${y - 10}V${y + 10}`, class: "median" }));
  const beyond = runs.filter((it) => !inside.includes(it));
  beyond.slice(0, DRAWN_DOTS / 10).forEach((it) => runMark(drawing, it, at, scale.place(it.value), y));
}

// The empirical distribution of each case.
function stepsOf(groups) {
  const [width, left, height] = [900, 58, 300];
  const drawing = shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `share of the runs by ${spreadMetric().name}; the table below has the numbers` });
  const scale = spreadScale(groups, width, left);
  spreadAxis(drawing, scale, height, width);
  const y = (share) => height - 34 - share * (height - 50);
  for (const share of [0, 0.25, 0.5, 0.75, 1]) drawing.append(shape("path", { d: `M${left} ${y(share)}H${width - 20}`, class: "pg" }), label(left - 6, y(share) + 4, "end", `${100 * share} %`));
  groups.forEach((group, at) => {
    let path = `M${left} ${y(0)}`;
    group.runs.forEach((it, index) => {
      const next = group.runs[index + 1];
      if (next === undefined || next.value !== it.value) path += `H${scale.place(it.value).toFixed(1)}V${y((index + 1) / group.runs.length).toFixed(1)}`;
    });
    drawing.append(shape("path", { d: `${path}H${width - 20}`, class: `pl c${at % 8}${at >= 8 ? " pd" : ""}` }, shape("title", {}, group.name)));
    drawnSpread.drawn += group.runs.length;
  });
  const legend = element("div", { class: "chips legend" }, ...groups.map((group, at) => element("span", { class: "line" }, sampleOf(at), group.name)));
  return element("div", {}, legend, drawing);
}

// Which runs of each case to look at: those that failed, and the ends and the middle.
function runsTable(groups) {
  const heads = ["case", "runs", "failed", "lowest", "in the middle", "highest", "failed first", "beyond the fence"];
  const rows = groups.map(({ which, runs }) => {
    const about = matrix.data.cases[which];
    const ends = runs.length === 0 ? [null, null, null] : [runs[0], runs[Math.floor((runs.length - 1) / 2)], runs[runs.length - 1]];
    const numbers = runsOf(which);
    const failed = numbers.filter((_, at) => about.verdicts[at] === "f");
    const first = element("span", {}, ...linked(failed.slice(0, 3)));
    if (failed.length === 0) first.append("\u2013");
    return element("tr", {}, element("th", { scope: "row" }, about.id), element("td", { class: "r" }, whole(about.verdicts.length)), element("td", { class: "r" }, whole(failed.length)),
      ...ends.map((it) => element("td", {}, ...(it === null ? ["\u2013"] : [`${ofRun(it.value)}: `, runLink(it.run)]))), element("td", {}, first), element("td", {}, ...fenced(which, runs)));
  });
  const table = element("table", { class: "runs" }, element("thead", {}, element("tr", {}, ...heads.map((name, at) => element("th", { scope: "col", class: at === 1 || at === 2 ? "r" : "" }, name)))), element("tbody", {}, ...rows));
  return element("div", { class: "scroll" }, table);
}

// The runs beyond Tukey's outer fence, the farthest first, if there are at least 8 runs.
function fenced(which, runs) {
  if (runs.length < 8) return ["\u2013"];
  const cell = spreadMetric().cells[which];
  const [low, high] = [cell[QUARTER], cell[THREE_QUARTERS]];
  const away = (it) => Math.max(low - it.value, it.value - high);
  const beyond = runs.filter((it) => high > low && away(it) > 3 * (high - low)).sort((a, b) => away(b) - away(a));
  return beyond.length === 0 ? ["none"] : linked(beyond.slice(0, 3).map((it) => it.run), beyond.length - 3);
}

function linked(numbers, more = 0) {
  const links = numbers.flatMap((run, at) => (at === 0 ? [runLink(run)] : [", ", runLink(run)]));
  return more > 0 ? [...links, ` and ${more} more`] : links;
}

// Leads to the diagram of a run if the page has it; else it says how to make it.
function runLink(run) {
  if (list.some((it) => it.run === run)) return element("a", { href: `#run=${run}` }, `run ${run}`);
  return element("span", { title: `its log is not in this page; do it again with: runner run SCENARIO --run ${run}` }, `run ${run}`);
}

function openRunOf(run) {
  if (list.some((it) => it.run === run)) location.hash = `#run=${run}`;
}
