// The cases of a plan: what is shown of them, and how it is arranged. The numbers come from the
// report (`matrix-data`); nothing is computed here that a sentence or a table says otherwise.
// `pivot.js` draws the table, `curves.js` the lines, `spread.js` the distributions.

// The place of each number in the array of a case and metric.
const N = 0, MEAN = 1, DEVIATION = 2, LEAST = 3, QUARTER = 4, MEDIAN = 5, THREE_QUARTERS = 6, GREATEST = 7;
const MEAN_LOW = 8, MEAN_HIGH = 9, NEEDED = 10, MEDIAN_LOW = 11, MEDIAN_HIGH = 12, COVERAGE = 13;
// The share of runs that fail, among the metrics.
const SHARE = -1;
const STATISTICS = { mean: MEAN, median: MEDIAN, "standard deviation": DEVIATION, least: LEAST, greatest: GREATEST };

const matrix = { data: null, metric: 0, statistic: "mean", places: [], chosen: [], log: false, intervals: false, scaled: false, kind: "by number" };
const matrixParts = {};

function startMatrix() {
  const home = document.getElementById("matrix");
  const data = document.getElementById("matrix-data");
  if (home === null || data === null) return;
  matrix.data = JSON.parse(data.textContent);
  if (matrix.data.metrics.length === 0 && !matrix.data.judged) return;
  // What fails is asked first.
  const fails = matrix.data.cases.some((it) => it.failed > 0);
  matrix.metric = matrix.data.metrics.length > 0 && !fails ? matrix.data.first : SHARE;
  matrix.statistic = firstStatistic();
  matrix.places = firstPlaces();
  matrix.chosen = matrix.data.notable.map((it) => it.case);
  buildMatrix(home);
  home.hidden = false;
  document.documentElement.classList.add("arranged");
  showMatrix();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showMatrix);
}

const metricOf = (index) => matrix.data.metrics[index];

// The metric whose runs are drawn: a share has none of its own.
const spreadMetric = () => metricOf(matrix.metric === SHARE ? matrix.data.first : matrix.metric);

// The mean, if most cases have an interval of it; else the median, which always has one.
function firstStatistic() {
  if (matrix.data.metrics.length === 0) return "mean";
  const cells = spreadMetric().cells.filter((it) => it !== null && it[N] > 1 && it[LEAST] < it[GREATEST]);
  const known = cells.filter((it) => it[MEAN_LOW] !== null).length;
  return cells.length === 0 || known * 2 >= cells.length ? "mean" : "median";
}

// Where each axis goes at first: the one with the most values on the rows, the next one on the
// columns, the others make a table each as long as these are few. An axis that goes along with
// an earlier one goes where that one is.
function firstPlaces() {
  const { axes, cases } = matrix.data;
  const free = axes.map((_, axis) => axis).filter((axis) => leaderOf(axis) < 0);
  free.sort((a, b) => axes[b].values.length - axes[a].values.length || a - b);
  const places = axes.map(() => "rows");
  let panels = 1;
  free.forEach((axis, at) => {
    if (at === 1) places[axis] = axes[axis].values.length <= 12 || cases.length < 24 ? "columns" : "rows";
    if (at > 1 && panels * axes[axis].values.length <= 12) {
      places[axis] = "tables";
      panels *= axes[axis].values.length;
    }
  });
  axes.forEach((_, axis) => { if (leaderOf(axis) >= 0) places[axis] = places[leaderOf(axis)]; });
  return places;
}

// An earlier axis of which each value goes with one value of this axis; -1 if there is none.
function leaderOf(axis) {
  for (let earlier = 0; earlier < axis; earlier++) {
    const seen = new Map();
    const goesAlong = matrix.data.cases.every(({ at }) => {
      if (!seen.has(at[earlier])) seen.set(at[earlier], at[axis]);
      return seen.get(at[earlier]) === at[axis];
    });
    if (goesAlong && matrix.data.axes[axis].values.length > 1) return earlier;
  }
  return -1;
}

const axesAt = (place) => matrix.places.map((it, axis) => (it === place ? axis : -1)).filter((axis) => axis >= 0);

// The combinations of values on some axes that cases have, in the order of the scenario.
function keysOf(axes) {
  const keys = new Map();
  for (const { at } of matrix.data.cases) {
    const key = axes.map((axis) => at[axis]);
    keys.set(key.join(), key);
  }
  return [...keys.values()].sort((a, b) => {
    const differing = a.findIndex((it, place) => it !== b[place]);
    return differing < 0 ? 0 : a[differing] - b[differing];
  });
}

const valueText = (axis, value) => matrix.data.axes[axis].values[value];
const keyText = (axes, key, named) => key.map((value, at) => (named ? `${matrix.data.axes[axes[at]].name}=` : "") + valueText(axes[at], value)).join(", ");

// The tables that are shown: each with its rows and columns, and in each cell the index of a
// case; -1 where there is none.
function arranged() {
  const [rowAxes, columnAxes, tableAxes] = ["rows", "columns", "tables"].map(axesAt);
  const [rows, columns] = [keysOf(rowAxes), keysOf(columnAxes)];
  const index = new Map(matrix.data.cases.map(({ at }, which) => [at.join(), which]));
  const caseAt = (table, row, column) => {
    const at = matrix.data.axes.map(() => 0);
    tableAxes.forEach((axis, place) => { at[axis] = table[place]; });
    rowAxes.forEach((axis, place) => { at[axis] = row[place]; });
    columnAxes.forEach((axis, place) => { at[axis] = column[place]; });
    const found = index.get(at.join());
    return found === undefined ? -1 : found;
  };
  const tables = keysOf(tableAxes).map((table) => ({
    title: keyText(tableAxes, table, true),
    cells: rows.map((row) => columns.map((column) => caseAt(table, row, column))),
  }));
  return { rowAxes, columnAxes, tableAxes, rows, columns, tables };
}

// A value of a case, with its interval where it has one; null without a value.
function valueOf(which, statistic = matrix.statistic) {
  if (matrix.metric === SHARE) {
    const { failed, passed_or_failed: all, rate } = matrix.data.cases[which];
    return all === 0 ? null : { value: (100 * failed) / all, low: rate && 100 * rate[0], high: rate && 100 * rate[1], holds: 0.95 };
  }
  const cell = metricOf(matrix.metric).cells[which];
  const place = STATISTICS[statistic];
  if (cell === null || cell[place] === null) return null;
  const ends = { mean: [MEAN_LOW, MEAN_HIGH], median: [MEDIAN_LOW, MEDIAN_HIGH] }[statistic];
  return { value: cell[place], low: ends ? cell[ends[0]] : null, high: ends ? cell[ends[1]] : null, holds: statistic === "median" ? cell[COVERAGE] : 0.95 };
}

// A number with the decimals of the metric, and commas between thousands.
function measured(value) {
  return value !== null && matrix.metric === SHARE ? `${short(value)} %` : ofRun(value);
}

// The value of a run, with the decimals of its metric.
function ofRun(value) {
  if (value === null) return "\u2013";
  const { places } = spreadMetric();
  if (Math.abs(value) >= 1e15) return value.toExponential(2);
  const [front, fraction] = Math.abs(value).toFixed(places).split(".");
  const isZero = !/[1-9]/.test(front + (fraction || ""));
  return (value < 0 && !isZero ? "\u2212" : "") + front.replace(/\B(?=(\d{3})+$)/g, ",") + (fraction ? `.${fraction}` : "");
}

const shownName = () => (matrix.metric === SHARE ? "share of runs that fail" : `${matrix.statistic} of ${metricOf(matrix.metric).name}`);

// The numbers of the measured runs of a case.
function runsOf(which) {
  const numbers = [];
  for (const [from, to] of matrix.data.cases[which].runs) for (let run = from; run <= to; run++) numbers.push(run);
  return numbers;
}

// Each run of a case with its value of the metric and its verdict, the least first.
function runValues(which) {
  if (matrix.data.metrics.length === 0) return [];
  const values = spreadMetric().values[which] || [];
  const { verdicts } = matrix.data.cases[which];
  const known = runsOf(which).map((run, at) => ({ run, value: values[at], verdict: verdicts[at] })).filter((it) => it.value !== null && it.value !== undefined);
  return known.sort((a, b) => a.value - b.value || a.run - b.run);
}

// The controls, and the places of all that is drawn.
function buildMatrix(home) {
  const { data } = matrix;
  const parts = matrixParts;
  parts.metric = element("select", { id: "matrix-metric" });
  if (data.judged) parts.metric.append(element("option", { value: SHARE }, "share of runs that fail"));
  data.metrics.forEach((metric, at) => parts.metric.append(element("option", { value: at }, metric.name)));
  parts.metric.value = String(matrix.metric);
  parts.metric.addEventListener("change", () => { matrix.metric = Number(parts.metric.value); showMatrix(); });
  parts.statistic = element("select", { id: "matrix-statistic" }, ...Object.keys(STATISTICS).map((name) => element("option", {}, name)));
  parts.statistic.value = matrix.statistic;
  parts.statistic.addEventListener("change", () => { matrix.statistic = parts.statistic.value; showMatrix(); });
  parts.axes = data.axes.map((axis, at) => {
    const select = element("select", { "data-axis": axis.name }, ...["rows", "columns", "tables"].map((place) => element("option", { value: place }, place === "tables" ? "a table each" : place)));
    select.addEventListener("change", () => { matrix.places[at] = select.value; showMatrix(); });
    return select;
  });
  const swap = button("swap rows and columns", "rows become columns", () => {
    matrix.places = matrix.places.map((it) => ({ rows: "columns", columns: "rows" }[it] || it));
    showMatrix();
  });
  const option = (key, text) => chip(text, null, matrix[key], (pressed) => { matrix[key] = pressed; showMatrix(); });
  parts.finding = element("p", { class: "finding", "aria-live": "polite" });
  parts.tables = element("div", { class: "pivots" });
  parts.note = element("p", { class: "note" });
  parts.curves = element("div", { class: "curves" });
  parts.cases = element("div", { class: "panel chosen" });
  home.append(
    element("div", { class: "bar" }, field("Metric", parts.metric), field("shown is its", parts.statistic)),
    element("div", { class: "bar" }, ...data.axes.map((axis, at) => field(axis.name, parts.axes[at])), swap),
    element("div", { class: "chips" }, option("intervals", "intervals in the table"), option("log", "logarithmic"), option("scaled", "axis to scale")),
    parts.finding, parts.tables, parts.note, parts.curves, parts.cases);
}

function showMatrix() {
  readColours();
  matrix.places.forEach((place, at) => { matrixParts.axes[at].value = place; });
  matrixParts.statistic.disabled = matrix.metric === SHARE;
  matrixParts.finding.textContent = matrix.metric === SHARE ? shareFinding() : metricOf(matrix.metric).finding;
  const tables = arranged();
  drawPivots(tables);
  drawCurves(tables);
  showChosen();
}

// What the shares of failed runs say: only what their intervals tell.
function shareFinding() {
  const known = matrix.data.cases.filter((it) => it.rate !== null);
  const failing = known.filter((it) => it.failed > 0);
  if (failing.length === 0) return `No run failed in any of ${counted(known.length, "case")}.`;
  return `Runs failed in ${whole(failing.length)} of ${counted(known.length, "case")}, ${whole(failing.reduce((sum, it) => sum + it.failed, 0))} in all.`;
}

// What is shown of the cases, as plain values.
function matrixState() {
  if (matrix.data === null) return null;
  return {
    metric: matrix.metric === SHARE ? "share" : metricOf(matrix.metric).name, statistic: matrix.statistic,
    places: Object.fromEntries(matrix.data.axes.map((axis, at) => [axis.name, matrix.places[at]])),
    chosen: matrix.chosen.map((which) => matrix.data.cases[which].id), kind: drawnSpread.kind, drawn: drawnSpread.drawn,
    cases: matrix.data.cases.length, runs: matrix.data.cases.reduce((sum, it) => sum + it.verdicts.length, 0),
  };
}
