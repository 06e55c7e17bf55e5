// The metric over the first axis of the rows: a line for each combination on the columns, a panel
// for each table, with the intervals. All panels have the same scale.

const PANEL = { left: 58, right: 12, top: 26, bottom: 40 };
const MOST_LINES = 16;

// The name space of SVG, as the browser knows it.
const parsed = document.createElement("div");
parsed.innerHTML = "<svg></svg>";
const SVG_SPACE = parsed.firstChild.namespaceURI;

// An element of an SVG.
function shape(name, attributes, ...children) {
  const made = document.createElementNS(SVG_SPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const label = (x, y, anchor, text, kind = "ps") => shape("text", { x, y, "text-anchor": anchor, class: `pt ${kind}` }, text);

// The number that a value of an axis stands for: `10ms` is 10,000,000; NaN if it is a word.
function numberOf(text) {
  const duration = parseDuration(text);
  const plain = text.trim() === "" ? NaN : Number(text);
  if (!Number.isNaN(plain)) return plain;
  return duration === null ? NaN : duration;
}

// A scale from values to pixels, with its round ticks.
function scaleFrom(low, high, start, end, ticks) {
  const isLog = matrix.log && low > 0 && high > low;
  if (isLog) {
    const place = (value) => start + (Math.log(value / low) / Math.log(high / low)) * (end - start);
    const marks = [];
    for (let power = 10 ** Math.floor(Math.log10(low)); power <= high; power *= 10) {
      for (const factor of high / low > 100 ? [1] : [1, 2, 5]) if (power * factor >= low && power * factor <= high) marks.push(power * factor);
    }
    return { place, marks: marks.length > 1 ? marks : [low, high] };
  }
  const room = high > low ? high - low : Math.abs(low) || 1;
  const step = niceStep(room, ticks);
  const [from, to] = [Math.floor(low / step + 1e-9) * step, Math.ceil((high > low ? high : low + room) / step - 1e-9) * step];
  const marks = [];
  for (let at = 0; from + at * step <= to + step / 1e6; at++) marks.push(Number((from + at * step).toPrecision(12)));
  return { place: (value) => start + ((value - from) / (to - from)) * (end - start), marks };
}

// The ends of all values and intervals; from 0 if that is near.
function endsOf(found) {
  const all = found.flatMap(({ value, low, high }) => [value, low, high]).filter((it) => it !== null && Number.isFinite(it));
  const low = Math.min(...all);
  const high = Math.max(...all);
  return [!matrix.log && low > 0 && low < high / 2 ? 0 : low, high];
}

function drawCurves(tables) {
  const home = matrixParts.curves;
  const { rows, columns, rowAxes } = tables;
  const found = tables.tables.flatMap((table) => table.cells.flat()).filter((which) => which >= 0).map((which) => valueOf(which)).filter((it) => it !== null);
  if (rows.length < 2 || found.length < 2) {
    home.replaceChildren();
    return;
  }
  const few = tables.tables.length === 1;
  const size = { width: few ? 900 : 440, height: few ? 300 : 220 };
  const ends = endsOf(found);
  const lines = columns.slice(0, MOST_LINES);
  const names = lines.map((key) => keyText(tables.columnAxes, key, true));
  const panels = tables.tables.map((table) => curvePanel(tables, table, lines, ends, size));
  const legend = element("div", { class: "chips legend" }, ...(columns.length > 1 ? names.map((name, at) => element("span", { class: "line" }, sampleOf(at), name)) : []));
  const notes = [`${shownName()} over ${keyText(rowAxes, rows[0], true).replace(/=[^,]*/g, "")}, in the order of the values${matrix.scaled ? ", or to scale where they are numbers" : ", which are equally far apart"}.`];
  notes.push(matrix.metric === SHARE || matrix.statistic === "mean" || matrix.statistic === "median" ? intervalNote(found) : "This statistic has no interval.");
  if (columns.length > MOST_LINES) notes.push(`${MOST_LINES} of ${counted(columns.length, "line")} are drawn; the table has all.`);
  home.replaceChildren(legend, element("div", { class: few ? "panels one" : "panels" }, ...panels), element("p", { class: "note" }, notes.join(" ")));
}

// What the bars are: true of all that are drawn.
function intervalNote(found) {
  const known = found.filter((it) => it.low !== null);
  if (known.length === 0) return "No case has an interval here: its runs are too few or too skewed, or all the same.";
  const holds = known.map((it) => it.holds);
  const [least, most] = [Math.min(...holds), Math.max(...holds)].map((it) => short(100 * it));
  const without = found.length - known.length;
  const rest = without === 0 ? "" : ` ${counted(without, "point")} without a bar: too few or too skewed runs for one, or all the same.`;
  return `Bars: the interval of each by itself, which holds ${least === most ? `${least} %` : `${least} % to ${most} %`}.${rest}`;
}

function sampleOf(at) {
  return shape("svg", { width: 26, height: 10, "aria-hidden": "true" }, shape("path", { d: "M0 5H26", class: `pl c${at % 8}${at >= 8 ? " pd" : ""}` }));
}

function curvePanel(tables, table, lines, ends, size) {
  const { rows, rowAxes } = tables;
  const inner = [PANEL.left, size.width - PANEL.right];
  const numbers = rowAxes.length === 1 ? rows.map((key) => numberOf(valueText(rowAxes[0], key[0]))) : [NaN];
  const isScaled = matrix.scaled && numbers.every((it) => Number.isFinite(it));
  const across = isScaled ? scaleFrom(Math.min(...numbers), Math.max(...numbers), inner[0] + 10, inner[1] - 10, 5).place : null;
  const xs = rows.map((_, at) => (isScaled ? across(numbers[at]) : inner[0] + ((at + 0.5) / rows.length) * (inner[1] - inner[0])));
  const up = scaleFrom(...ends, size.height - PANEL.bottom, PANEL.top, 4);
  const title = table.title === "" ? shownName() : table.title;
  const drawing = shape("svg", { viewBox: `0 0 ${size.width} ${size.height}`, role: "img", "aria-label": `${title}: ${shownName()}; the table above has the numbers` }, label(PANEL.left, 14, "start", title, "pb"));
  for (const mark of up.marks) {
    drawing.append(shape("path", { d: `M${inner[0]} ${up.place(mark).toFixed(1)}H${inner[1]}`, class: "pg" }), label(inner[0] - 6, up.place(mark) + 4, "end", matrix.metric === SHARE ? `${short(mark)} %` : short(mark)));
  }
  let free = -Infinity;
  rows.forEach((key, at) => {
    const text = keyText(rowAxes, key, false);
    const half = text.length * 3.2;
    if (xs[at] - half < free) return;
    free = xs[at] + half + 6;
    drawing.append(label(xs[at], size.height - PANEL.bottom + 16, "middle", text));
  });
  drawing.append(label(inner[1], size.height - 6, "end", `${rowAxes.map((axis) => matrix.data.axes[axis].name).join(", ")} \u2192`));
  lines.forEach((_, line) => drawCurveOf(drawing, table, line, lines.length, xs, up));
  return element("figure", {}, drawing);
}

// A line with its points and bars. Lines are a little apart, so that bars do not cover each other.
function drawCurveOf(drawing, table, line, count, xs, up) {
  const room = xs.length > 1 ? Math.abs(xs[1] - xs[0]) : 40;
  const shift = (line - (count - 1) / 2) * Math.min(6, (room * 0.6) / Math.max(count, 1));
  let path = "";
  const marks = [];
  table.cells.forEach((row, at) => {
    const which = row[line];
    const found = which === undefined || which < 0 ? null : valueOf(which);
    if (found === null || (matrix.log && found.value <= 0)) {
      path += " ";
      return;
    }
    const [x, y] = [xs[at] + shift, up.place(found.value)];
    path += `${path === "" || path.endsWith(" ") ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`;
    if (found.low !== null && !(matrix.log && found.low <= 0)) marks.push(shape("path", { d: `M${x.toFixed(1)} ${up.place(found.low).toFixed(1)}V${up.place(found.high).toFixed(1)}`, class: `pl c${line % 8}` }));
    const dot = shape("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: 4, class: `f${line % 8}` }, shape("title", {}, `${matrix.data.cases[which].id}: ${measured(found.value)}, ${intervalText(found)}`));
    dot.addEventListener("click", () => chooseCase(which, false));
    marks.push(dot);
  });
  drawing.append(shape("path", { d: path.trim() || "M0 0", class: `pl c${line % 8}${line >= 8 ? " pd" : ""}` }), ...marks);
}
