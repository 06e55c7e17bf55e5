// The page: which runs there are, and what is shown at first. `notebook.start` is called by the
// page at its end; `notebook.state` says what is in view, for programs that look at the page.

// Number of rows in view up to which everything is drawn with each frame.
const SMOOTH = 50000;

let list = [];
let pending = null;

function start(runList) {
  list = runList;
  sortableTables();
  startMatrix();
  printable();
  const home = document.getElementById("diagram");
  if (home === null || list.length === 0) return;
  linkRuns(list);
  document.documentElement.classList.add("moving");
  home.hidden = false;
  readColours();
  buildControls(home, list);
  handleMain(canvases.main);
  handleOverview(canvases.overview);
  on("run", () => {
    parts.runs.value = String(view.run.number);
    view.tracks = firstTracks(view.run);
    buildChips();
    buildTracks();
    showReason();
  });
  on("select", () => parts.record.replaceChildren(...recordPanel()));
  on("change", drawAll);
  parts.record.replaceChildren(element("p", { class: "note" }, "Click a row or a message: its record is here, and its causal past and future light up."));
  window.addEventListener("resize", changed);
  window.addEventListener("hashchange", followAddress);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readColours(); changed(); });
  const place = parseAddress(location.hash);
  const failed = list.find((run) => run.verdict === "failed");
  const first = place && list.some((run) => run.run === place.run) ? place.run : (failed || list[0]).run;
  if (place) home.scrollIntoView();
  loadRun(first, place);
}

function drawAll() {
  paint();
  paintOverview();
  paintTracks();
  parts.legend.textContent = legendText();
  canvases.main.setAttribute("aria-label", `space-time diagram of run ${view.run.number}, from ${exactTime(Math.max(0, view.from))} to ${exactTime(Math.min(view.run.end, view.until))}, ${counted(drawn.rows, "row")} in view`);
  showMistakes();
  keepAddress();
}

let resting = 0;

// Where many rows are in view, tracks are drawn when the view comes to rest: so that it moves
// smoothly.
function paintTracks() {
  clearTimeout(resting);
  const paintAll = () => canvases.tracks.forEach((canvas, at) => paintTrack(canvas, view.tracks[at]));
  if (drawn.rows > SMOOTH) resting = setTimeout(paintAll, 60);
  else paintAll();
}

// Shows a run, and in it a place if one is given; else its failure if it has one.
function loadRun(number, place = null) {
  const known = list.find((run) => run.run === number);
  if (!known) {
    say(`Run ${number} is not in this page. It has ${list.map((run) => run.run).join(", ")}.`);
    return;
  }
  pending = { number, place };
  if (runs.has(number)) {
    showPending();
    return;
  }
  if (known.file === null) {
    say(`The rows of run ${number} are missing.`);
    return;
  }
  say(`Loading ${known.file}, ${sizeText(known.bytes)} ...`);
  const script = element("script", { src: known.file });
  script.addEventListener("load", () => {
    if (pending && pending.number === number && runs.has(number)) showPending();
  });
  script.addEventListener("error", () => say(`${known.file} cannot be read. It belongs beside this page; \`runner report RESULTS --one-file\` puts all into the page.`));
  document.head.append(script);
}

function showPending() {
  const { number, place } = pending;
  pending = null;
  const known = list.find((run) => run.run === number);
  const run = runs.get(number);
  setRun(run);
  const where = known.file === null ? "inside this page" : `in ${known.file}`;
  say(`Run ${number}, seed ${known.seed}: ${counted(run.count, "row")}, ${counted(run.messages.count, "message")} (${whole(run.messages.counts[DROPPED])} lost, ${whole(run.messages.counts[UNDER_WAY])} not handled before the end); ${sizeText(known.bytes)} ${where}.`);
  const isPrecise = place && (place.at !== null || place.span !== null || place.step !== null);
  if (isPrecise && place.run === number) {
    if (!goToPlace(place)) say(`Run ${number} has no step ${place.step.node}:${place.step.step}.`);
    return;
  }
  const failures = failureRows(run);
  if (failures.length > 0) goTo(failures[0].row);
  else select(-1);
}

function say(text) {
  parts.status.textContent = text;
}

function followAddress() {
  const place = parseAddress(location.hash);
  if (place === null || location.hash === kept) return;
  document.getElementById("diagram").scrollIntoView();
  loadRun(place.run, place);
}

let kept = "";
let isMoved = false;
let keeping = 0;

// Keeps the address up to date once somebody has moved the view: a page that was only opened
// keeps the address that it was opened with.
function keepAddress() {
  clearTimeout(keeping);
  keeping = setTimeout(() => {
    const now = address();
    if (!isMoved || now === location.hash) return;
    kept = now;
    history.replaceState(null, "", now);
  }, 150);
}

for (const event of ["pointerdown", "wheel", "keydown"]) {
  window.addEventListener(event, () => { isMoved = true; }, { capture: true, passive: true });
}

// What is in view, as plain values.
function state() {
  const { run, from, until, selected, cone, shown } = view;
  if (run === null) return null;
  const byNode = (count) => Object.fromEntries(run.head.nodes.map((name, node) => [name, count(node)]));
  return {
    run: run.number, from_ns: from, until_ns: until,
    rows: run.count, messages: run.messages.count,
    rows_shown: shown.isAll ? run.count : shown.rows.length,
    messages_shown: shown.messages === null ? run.messages.count : shown.messages.reduce((sum, it) => sum + it, 0),
    nodes: shown.lanes.map((node) => run.names[node]),
    selected: selected < 0 ? null : { node: run.names[run.node[selected]], step: run.step[selected], row: placeOf(run, selected) + 1 },
    lit: cone === null ? null : { past: byNode((node) => cone.past[node]), future: byNode((node) => run.start[node + 1] - run.start[node] - cone.future[node]) },
    drawn: { rows: drawn.rows, messages: drawn.messages, as_lines: drawn.asLines, marks: drawn.marks },
    tracks: view.tracks.slice(), legend: parts.legend.textContent,
  };
}

// Where a row is on the screen: [x, y] in the canvas of the diagram; null if out of view.
function pointOf(node, rowNumber) {
  const at = view.run.names.indexOf(node);
  const row = view.run.order[view.run.start[at] + rowNumber - 1];
  const lane = view.shown.laneOf[at];
  return lane < 0 || !isInView(lane) ? null : [xOf(view.run.time[row]), yOf(lane)];
}

// A row as text, by column.
function record(node, rowNumber) {
  const { run } = view;
  const row = run.order[run.start[run.names.indexOf(node)] + rowNumber - 1];
  const cells = { time_ns: run.time[row], step: run.step[row], event: run.words[run.event[row]], peer: run.peer[row] < 0 ? "" : run.names[run.peer[row]], message: run.message[row] || "", bytes: run.message[row] > 0 ? run.bytes[row] : "", queue: run.queue[row] };
  for (const name of run.head.columns) {
    const column = columnOf(run, name);
    if (column.has(run.node[row])) cells[name] = cellText(run, column, row);
  }
  return cells;
}

const exported = { matrix: matrixState, open: openRun, rows: addRows, close: closeRun, start, state, pointOf, record };
