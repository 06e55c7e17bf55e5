// The table of the cases, with axes on its rows and columns. A cell has the colour of its value,
// so that the table is a heatmap, too. Arrow keys move between cells, Enter or a click looks at a
// case, Space or a click with Ctrl beside those that are looked at.

// The shades from the least to the greatest value: one hue, so that nobody needs to tell hues.
// A text on a shade is dark or light, whichever contrasts more.
const SHADES = { light: [[247, 251, 255], [158, 202, 225], [33, 113, 181], [8, 48, 107]], dark: [[22, 32, 46], [24, 74, 122], [66, 146, 198], [222, 235, 247]] };

function isDark() {
  return window.matchMedia("(prefers-color-scheme: dark)").matches && !window.matchMedia("print").matches;
}

// The shade of a share from 0 to 1.
function shade(share) {
  const shades = SHADES[isDark() ? "dark" : "light"];
  const place = Math.min(Math.max(share, 0), 1) * (shades.length - 1);
  const at = Math.min(Math.floor(place), shades.length - 2);
  return shades[at].map((from, channel) => Math.round(from + (shades[at + 1][channel] - from) * (place - at)));
}

// The luminance of a colour, and the contrast of two, as WCAG 2 defines them.
function luminance(colour) {
  const [red, green, blue] = colour.map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

// The channels of `#rrggbb`, as a canvas writes colours.
const channels = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

const INK = [16, 20, 26];
const PAPER = [255, 255, 255];
const textOn = (colour) => (contrast(colour, INK) >= contrast(colour, PAPER) ? INK : PAPER);
const css = (colour) => `rgb(${colour.join(",")})`;

// The share of a value between the least and the greatest of all cells.
function shareOf(values) {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const isLog = matrix.log && low > 0;
  const of = isLog ? Math.log : (value) => value;
  return (value) => (high > low ? (of(value) - of(low)) / (of(high) - of(low)) : 0.5);
}

function drawPivots(tables) {
  // One table without columns has the statistics of its cases in place of them.
  if (tables.columnAxes.length === 0) {
    matrixParts.tables.replaceChildren(...tables.tables.map((table) => statisticsTable(tables, table)));
  } else {
    const all = tables.tables.flatMap((table) => table.cells.flat()).filter((which) => which >= 0);
    const values = all.map((which) => valueOf(which)).filter((it) => it !== null).map((it) => it.value);
    const share = shareOf(values);
    matrixParts.tables.replaceChildren(...tables.tables.map((table) => pivotTable(tables, table, share)), shadeLegend(values));
  }
  const several = matrixParts.tables.querySelectorAll("[data-case]");
  if (several.length > 0) (matrixParts.tables.querySelector("[data-case].chosen") || several[0]).tabIndex = 0;
  matrixParts.note.replaceChildren(...coded(pivotNote()));
}

function pivotNote() {
  const about = matrix.metric === SHARE
    ? "Of the runs that passed or failed; intervals are exact (Clopper and Pearson)."
    : `${metricOf(matrix.metric).text} Of each run the mean over its nodes, then over the runs of the case.`;
  return `${about} Click a case, or press Enter on it, to look at its runs; Space adds it to those below.`;
}

// From which shade to which the values go.
function shadeLegend(values) {
  if (values.length === 0) return "";
  const steps = [0, 1, 2, 3, 4, 5, 6, 7].map((at) => element("span", { class: "shade", style: `background:${css(shade(at / 7))}` }));
  return element("p", { class: "note shades" }, `${shownName()}: ${measured(Math.min(...values))} `, ...steps, ` ${measured(Math.max(...values))}`);
}

function intervalText({ low, high, holds }) {
  return low === null ? "no interval" : `${measured(low)} \u2026 ${measured(high)}${holds === 0.95 ? "" : ` (${short(100 * holds)} %)`}`;
}

// A cell of a case: it can be chosen.
function caseCell(name, attributes, which, ...content) {
  const chosen = matrix.chosen.includes(which);
  const cell = element(name, { ...attributes, "data-case": which, tabindex: "-1", "aria-selected": String(chosen) }, ...content);
  cell.classList.toggle("chosen", chosen);
  return cell;
}

function tableFrame(tables, title, heads, bodies) {
  const body = element("tbody", {}, ...bodies);
  const caption = element("caption", {}, title === "" ? shownName() : `${title}: ${shownName()}`);
  const table = element("table", { class: "pivot", role: "grid", "aria-multiselectable": "true" }, caption, element("thead", {}, ...heads), body);
  table.addEventListener("click", (event) => {
    const cell = event.target.closest("[data-case]");
    if (cell) chooseCase(Number(cell.dataset.case), event.ctrlKey || event.metaKey);
  });
  table.addEventListener("keydown", moveInTable);
  return element("div", { class: "scroll" }, table);
}

function rowHeads(tables, key) {
  return key.map((value, at) => element("th", { scope: "row" }, valueText(tables.rowAxes[at], value)));
}

function pivotTable(tables, { title, cells }, share) {
  const corner = tables.rowAxes.map((axis) => element("th", { scope: "col" }, matrix.data.axes[axis].name));
  const over = element("tr", {}, ...(corner.length > 0 ? [element("td", { colspan: corner.length })] : []), element("th", { scope: "colgroup", colspan: tables.columns.length, class: "over" }, tables.columnAxes.map((axis) => matrix.data.axes[axis].name).join(", ")));
  const heads = element("tr", {}, ...corner, ...tables.columns.map((key) => element("th", { scope: "col", class: "r" }, keyText(tables.columnAxes, key, false))));
  const bodies = tables.rows.map((key, row) => element("tr", {}, ...rowHeads(tables, key), ...cells[row].map((which) => {
    const found = which < 0 ? null : valueOf(which);
    if (found === null) return element("td", { class: "r none" }, which < 0 ? "" : "\u2013");
    const colour = shade(share(found.value));
    const { id } = matrix.data.cases[which];
    const more = matrix.intervals ? [element("small", {}, intervalText(found))] : [];
    return caseCell("td", { class: "r", title: `${id}: ${measured(found.value)}${found.low === null ? "" : `, interval ${intervalText(found)}`}`, style: `background:${css(colour)};color:${css(textOn(colour))}` }, which, measured(found.value), ...more);
  })));
  return tableFrame(tables, title, [over, heads], bodies);
}

// Without axes on the columns: a column for each statistic.
function statisticsTable(tables, { title, cells }) {
  const isShare = matrix.metric === SHARE;
  const names = isShare ? ["runs", "failed", "share", "95 % interval"] : ["n", "mean", "95 % interval of the mean", "sd", "median", "interval of the median", "min", "max"];
  const heads = element("tr", {}, ...tables.rowAxes.map((axis) => element("th", { scope: "col" }, matrix.data.axes[axis].name)), ...names.map((name) => element("th", { scope: "col", class: "r" }, name)));
  const bodies = tables.rows.map((key, row) => {
    const which = cells[row][0];
    const found = which < 0 ? null : isShare ? shareStatistics(which) : metricStatistics(which);
    const rest = found === null ? names.map(() => element("td", { class: "r none" }, "\u2013")) : found.map((text) => caseCell("td", { class: "r" }, which, text));
    return element("tr", {}, ...rowHeads(tables, key), ...rest);
  });
  return tableFrame(tables, title, [heads], bodies);
}

function shareStatistics(which) {
  const found = valueOf(which);
  const { failed, passed_or_failed: all } = matrix.data.cases[which];
  return found === null ? null : [whole(all), whole(failed), measured(found.value), intervalText(found)];
}

function metricStatistics(which) {
  const cell = metricOf(matrix.metric).cells[which];
  if (cell === null) return null;
  const mean = valueOf(which, "mean");
  const median = valueOf(which, "median");
  const withheld = cell[NEEDED] === null ? "\u2013" : `none: about ${whole(cell[NEEDED])} runs would do`;
  return [whole(cell[N]), measured(cell[MEAN]), mean.low === null ? withheld : intervalText(mean), measured(cell[DEVIATION]), measured(cell[MEDIAN]), median.low === null ? "\u2013" : intervalText(median), measured(cell[LEAST]), measured(cell[GREATEST])];
}

// Arrow keys move between the cells of a table, and from its edge to the next table.
function moveInTable(event) {
  const cell = event.target.closest("[data-case]");
  if (cell === null || event.altKey || event.metaKey) return;
  const which = Number(cell.dataset.case);
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    chooseCase(which, event.key === " ");
    return;
  }
  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -1e9], End: [0, 1e9] }[event.key];
  if (steps === undefined) return;
  event.preventDefault();
  const all = [...matrixParts.tables.querySelectorAll("tbody tr")].map((row) => [...row.querySelectorAll("[data-case]")]).filter((row) => row.length > 0);
  const row = all.findIndex((it) => it.includes(cell));
  const next = all[Math.min(Math.max(row + steps[0], 0), all.length - 1)];
  const column = Math.min(Math.max(all[row].indexOf(cell) + steps[1], 0), next.length - 1);
  focusCell(next[column]);
}

function focusCell(cell) {
  for (const other of matrixParts.tables.querySelectorAll("[data-case][tabindex='0']")) other.tabIndex = -1;
  cell.tabIndex = 0;
  cell.focus();
}

// Looks at a case, alone or beside the others.
function chooseCase(which, beside) {
  const known = matrix.chosen.includes(which);
  if (!beside) matrix.chosen = [which];
  else if (known && matrix.chosen.length > 1) matrix.chosen = matrix.chosen.filter((it) => it !== which);
  else if (!known) matrix.chosen = [...matrix.chosen, which].slice(-8);
  for (const cell of matrixParts.tables.querySelectorAll("[data-case]")) {
    const chosen = matrix.chosen.includes(Number(cell.dataset.case));
    cell.classList.toggle("chosen", chosen);
    cell.setAttribute("aria-selected", String(chosen));
  }
  showChosen();
}
