// What is in view: a run, a span of time, lanes, the row that was clicked. All changes go
// through here, and then everything is drawn again.

// The shortest span in view [ns].
const LEAST_SPAN = 100;

const view = {
  run: null,
  from: 0,
  until: 1,
  // The first lane in view.
  top: 0,
  filter: noFilter(),
  shown: null,
  selected: -1,
  cone: null,
  hovered: null,
  found: [],
  foundAt: -1,
  tracks: [],
};

const listeners = { change: [], run: [], select: [] };

function on(what, listener) {
  listeners[what].push(listener);
}

function tell(what) {
  for (const listener of listeners[what]) listener();
}

let frame = 0;

// Everything is drawn again with the next frame.
function changed() {
  if (frame === 0) frame = requestAnimationFrame(drawNow);
}

function drawNow() {
  frame = 0;
  if (view.run) tell("change");
}

function show(from, until) {
  const end = view.run.end;
  const length = Math.min(Math.max(until - from, LEAST_SPAN), end * 1.02);
  // A little room before and after the run.
  const room = end * 0.01;
  const begin = Math.min(Math.max(from, -room), end + room - length);
  view.from = begin;
  view.until = begin + length;
  changed();
}

function showWhole() {
  show(-view.run.end * 0.01, view.run.end * 1.01);
}

// Makes the span shorter (below 1) or longer; what is at time `around` stays where it is.
function zoom(factor, around = (view.from + view.until) / 2) {
  const length = Math.min(Math.max((view.until - view.from) * factor, LEAST_SPAN), view.run.end * 1.02);
  const share = (around - view.from) / (view.until - view.from);
  show(around - length * share, around + length * (1 - share));
}

function pan(ns) {
  show(view.from + ns, view.until + ns);
}

function scrollLanes(lanes) {
  measure();
  const most = Math.max(0, view.shown.lanes.length - layout.lanes);
  view.top = Math.min(Math.max(0, view.top + lanes), most);
  changed();
}

function setRun(run) {
  view.run = run;
  view.selected = -1;
  view.cone = view.hovered = null;
  view.found = [];
  view.foundAt = -1;
  view.top = 0;
  view.filter.hidden = new Set();
  refilter();
  tell("run");
  showWhole();
}

function refilter() {
  view.shown = applyFilter(view.run, view.filter);
  view.top = 0;
  changed();
}

// Selects a row and lights its cone; -1 selects nothing.
function select(row) {
  view.selected = row;
  view.cone = row < 0 ? null : coneOf(view.run, row);
  tell("select");
  changed();
}

// Selects a row and moves it into view, with about `around` rows of all nodes beside it if
// the view is wider or elsewhere.
function goTo(row, around = 60) {
  measure();
  const time = view.run.time[row];
  const lane = view.shown.laneOf[view.run.node[row]];
  if (lane >= 0 && (lane < view.top || lane >= view.top + layout.lanes)) view.top = Math.max(0, Math.min(lane - Math.floor(layout.lanes / 2), view.shown.lanes.length - layout.lanes));
  if (around > 0) {
    const near = neighbourhood(row, around);
    show(time - near / 2, time + near / 2);
  } else if (time < view.from || time > view.until) {
    show(time - (view.until - view.from) / 2, time + (view.until - view.from) / 2);
  }
  select(row);
}

// The span [ns] around a row with about so many rows.
function neighbourhood(row, rows) {
  const { time, count, end } = view.run;
  const first = time[Math.max(0, row - rows)];
  const last = time[Math.min(count - 1, row + rows)];
  return Math.min(end * 1.02, Math.max(2.2 * Math.max(last - time[row], time[row] - first), LEAST_SPAN * 10, end * 1e-6));
}

// The failures of the run whose row is known, in the order of time.
function failureRows(run) {
  const rows = [];
  for (const failure of run.about.failures) {
    if (!failure.last) continue;
    const row = rowOfFailure(run, failure);
    if (row >= 0 && !rows.some((it) => it.row === row)) rows.push({ row, failure });
  }
  return rows.sort((a, b) => run.time[a.row] - run.time[b.row]);
}

function rowOfFailure(run, failure) {
  const node = run.head.nodes.indexOf(failure.node);
  if (node < 0 || run.start[node] === run.start[node + 1]) return -1;
  if (failure.row > 0) return failure.row <= run.start[node + 1] - run.start[node] ? run.order[run.start[node] + failure.row - 1] : -1;
  // A panic has no row: the last one before it.
  const place = lowerBound(run.orderTime, failure.time_ns + 1, run.start[node], run.start[node + 1]);
  return run.order[Math.max(run.start[node], place - 1)];
}

// The address of what is in view: #run=3&at=41.2s&span=2s&step=machine-2:17
function address() {
  const { run, from, until, selected } = view;
  const parts = [`run=${run.number}`];
  const isWhole = until - from >= run.end;
  if (!isWhole) parts.push(`at=${addressTime((from + until) / 2)}`, `span=${addressTime(until - from)}`);
  if (selected >= 0) parts.push(`step=${run.names[run.node[selected]]}:${run.step[selected]}`);
  return "#" + parts.join("&");
}

function addressTime(ns) {
  return exactTime(ns).replace(" ", "");
}

// Reads an address; null if it is none of the diagram's.
function parseAddress(hash) {
  const parts = new Map(decodeURIComponent(hash.replace(/^#/, "")).split("&").map((part) => part.split(/=(.*)/s)));
  if (!parts.has("run")) return null;
  const step = /^(.*):(\d+)$/.exec(parts.get("step") || "");
  return {
    run: Number(parts.get("run")),
    at: parseDuration(parts.get("at") || ""),
    span: parseDuration(parts.get("span") || ""),
    step: step && { node: step[1], step: Number(step[2]) },
  };
}

// Goes to a place of the run in view.
function goToPlace(place) {
  const { run } = view;
  const node = place.step ? run.head.nodes.indexOf(place.step.node) : -1;
  const rows = node >= 0 ? rowsOfStep(run, node, place.step.step) : [];
  if (rows.length > 0) goTo(rows[0], place.at === null && place.span === null ? 60 : 0);
  else select(-1);
  if (place.at === null && place.span === null) return rows.length > 0 || place.step === null;
  const centre = place.at !== null ? place.at : rows.length > 0 ? run.time[rows[0]] : run.end / 2;
  const row = Math.min(run.count - 1, lowerBound(run.time, centre, 0, run.count));
  const length = place.span !== null ? place.span : run.count > 0 ? neighbourhood(row, 60) : run.end;
  show(centre - length / 2, centre + length / 2);
  return place.step === null || rows.length > 0;
}
