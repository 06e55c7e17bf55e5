// The parts of the page around the diagram: buttons, fields, legend, record.

const parts = {};

// An element with attributes and children.
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(key, "");
    else if (value !== false) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

// A sentence in which text between backticks is code.
function coded(text) {
  return text.split("`").map((part, at) => (at % 2 === 1 ? element("code", {}, part) : part));
}

function button(text, title, action) {
  const made = element("button", { type: "button", title }, text);
  made.addEventListener("click", action);
  return made;
}

function field(label, input) {
  return element("label", { class: "field" }, element("span", {}, label), input);
}

// Makes everything inside `home`. `list` is what is known of all runs.
function buildControls(home, list) {
  parts.runs = element("select", { id: "diagram-run" });
  for (const run of list) {
    const text = `run ${run.run}${run.case === "" ? "" : `, ${run.case}`}${run.verdict === "" ? "" : `: ${run.verdict}`}`;
    parts.runs.append(element("option", { value: run.run }, text));
  }
  parts.runs.addEventListener("change", () => loadRun(Number(parts.runs.value)));
  parts.failure = button("to the failure", "the next failure of this run (f)", nextFailure);
  const zooms = element("span", { class: "buttons" },
    button("+", "zoom in (+)", () => zoom(0.5)), button("\u2212", "zoom out (-)", () => zoom(2)),
    button("whole run", "the whole run (0)", showWhole), parts.failure);
  parts.search = element("input", { type: "search", placeholder: "text, machine-2:17, queue > 5" });
  parts.found = element("span", { class: "found", "aria-live": "polite" });
  const searching = element("form", { class: "search", role: "search" }, field("Search", parts.search), button("previous", "the previous one that was found", () => stepFound(-1)), element("button", { type: "submit" }, "next"), parts.found);
  searching.addEventListener("submit", (event) => { event.preventDefault(); stepFound(1); });
  parts.status = element("p", { class: "status", role: "status" });
  parts.reason = element("p", { class: "failed", hidden: true });
  canvases.overview = element("canvas", { class: "overview", tabindex: "0", role: "img", "aria-label": "the whole run; drag to choose the part in view" });
  canvases.main = element("canvas", { class: "lanes", tabindex: "0", role: "img" });
  parts.keys = element("details", { class: "keys" }, element("summary", {}, "Keys, wheel and touch"), element("p", {},
    "Wheel or pinch: zoom. Drag: move. Left and right: move, with a row selected the row before and after it at its node. + and -: zoom. 0: the whole run. Up, down, Shift and wheel: other nodes. Home, End: the first and last row. f: the next failure. n, p: the next and previous that was found. Enter: the row in the middle. Escape: select nothing."));
  parts.hover = element("div", { class: "hover", hidden: true });
  parts.legend = element("p", { class: "note legend" });
  parts.record = element("div", { class: "panel", "aria-live": "polite" });
  parts.nodes = element("div", { class: "chips" });
  parts.tracks = element("div", { class: "tracks" });
  home.append(
    element("div", { class: "bar" }, field("Run", parts.runs), zooms, searching),
    parts.reason, parts.status,
    element("div", { class: "stage" }, canvases.overview, canvases.main, parts.hover),
    parts.legend, glyphs(), parts.nodes, buildFilter(), parts.record, parts.tracks, parts.keys);
}

// The meaning of the marks.
function glyphs() {
  return element("p", { class: "note" }, "\u25cf sends, \u25cb receives, \u25c6 an event of the behavior's own, | another row, \u2715 a lost message or a crash, \u2691 a failure. A line leads from where a message was sent to where it was handled, its waiting included; dashed: lost, or not handled before the end.");
}

function buildFilter() {
  const input = (key, placeholder) => {
    const made = element("input", { type: "text", placeholder, "data-filter": key });
    made.addEventListener("change", () => { view.filter[key] = made.value; refilter(); });
    return made;
  };
  parts.words = element("div", { class: "chips" });
  parts.kinds = element("select", { "data-filter": "messages" });
  for (const kind of ["all", "delivered", "lost", "under way", "none"]) parts.kinds.append(element("option", {}, kind));
  parts.kinds.addEventListener("change", () => { view.filter.messages = parts.kinds.value; refilter(); });
  parts.mistakes = element("p", { class: "failed", role: "alert", hidden: true });
  parts.filters = [input("nodes", "machine-*, server"), input("where", "event == 'send' and bytes > 8")];
  const clear = button("show all", "no filter", clearFilter);
  return element("details", { class: "filter" }, element("summary", {}, "Filter"),
    element("div", { class: "bar" }, field("Nodes", parts.filters[0]), field("Messages", parts.kinds), field("Rows where", parts.filters[1]), clear),
    parts.words, parts.mistakes);
}

function clearFilter() {
  view.filter = noFilter();
  for (const input of parts.filters) input.value = "";
  parts.kinds.value = "all";
  buildChips();
  refilter();
}

// A chip that is on or off.
function chip(text, colour, isOn, toggle) {
  const made = element("button", { type: "button", class: "chip", "aria-pressed": String(isOn) }, text);
  if (colour) made.style.setProperty("--chip", colour);
  made.addEventListener("click", () => {
    const pressed = made.getAttribute("aria-pressed") !== "true";
    made.setAttribute("aria-pressed", String(pressed));
    toggle(pressed);
  });
  return made;
}

// The chips of the nodes and event words of the run in view.
function buildChips() {
  const { run, filter } = view;
  const used = new Set(run.event);
  const words = run.words.filter((_, at) => used.has(at));
  parts.words.replaceChildren(...words.map((word) => chip(word, null, filter.words === null || filter.words.has(word), (pressed) => {
    const shown = new Set(filter.words === null ? words : filter.words);
    if (pressed) shown.add(word);
    else shown.delete(word);
    filter.words = words.every((it) => shown.has(it)) ? null : shown;
    refilter();
  })));
  const few = run.names.length <= 24;
  parts.nodes.replaceChildren(...(few ? run.names : []).map((name, node) => chip(name, `var(--s${node % 8})`, !filter.hidden.has(name), (pressed) => {
    if (pressed) filter.hidden.delete(name);
    else filter.hidden.add(name);
    refilter();
  })));
}

// The tracks that are shown, and the choice among all columns.
function buildTracks() {
  const { run } = view;
  const choice = element("div", { class: "chips" }, element("span", { class: "label" }, "Over time:"));
  for (const name of trackNames(run)) choice.append(chip(name, null, view.tracks.includes(name), (pressed) => {
    view.tracks = pressed ? [...view.tracks, name] : view.tracks.filter((it) => it !== name);
    fillTracks();
    changed();
  }));
  const option = (key, text) => chip(text, null, trackOptions[key], (pressed) => { trackOptions[key] = pressed; changed(); });
  choice.append(element("span", { class: "label" }, "Axes:"), option("own", "own for each node"), option("log", "logarithmic"), option("behind", "distance to the furthest"));
  parts.trackList = element("div");
  parts.tracks.replaceChildren(choice, parts.trackList);
  fillTracks();
}

function fillTracks() {
  canvases.tracks = view.tracks.map((name) => {
    const canvas = element("canvas", { tabindex: "0", role: "img", "aria-label": `${name} over time`, "data-track": name });
    handleTrack(canvas, name);
    return canvas;
  });
  parts.trackList.replaceChildren(...view.tracks.map((name, at) => {
    const track = trackOf(view.run, name);
    return element("figure", { class: "track" }, element("figcaption", {}, element("strong", {}, name), ...coded(track.docs === "" ? "" : ` ${track.docs}`)), element("div", { class: "stage" }, canvases.tracks[at]));
  }));
}

function showReason() {
  const { about, broken } = view.run;
  const reason = broken ? `The log cannot be read to its end: ${broken}` : about.verdict === "failed" ? `This run failed. ${about.reason}` : "";
  parts.reason.hidden = reason === "";
  parts.reason.replaceChildren(...coded(reason));
  parts.failure.disabled = failureRows(view.run).length === 0;
}

function nextFailure() {
  const rows = failureRows(view.run).map((it) => it.row);
  if (rows.length === 0) return;
  const later = rows.find((row) => view.selected >= 0 && view.run.time[row] > view.run.time[view.selected]);
  goTo(later === undefined ? rows[0] : later);
}

function stepFound(direction) {
  const text = parts.search.value;
  if (text !== view.searched || view.searchedIn !== view.run) {
    try {
      view.found = search(view.run, text);
    } catch (error) {
      if (!(error instanceof Mistake)) throw error;
      view.found = [];
      parts.found.textContent = error.message;
      return;
    }
    view.searched = text;
    view.searchedIn = view.run;
    view.foundAt = direction > 0 ? -1 : 0;
  }
  const count = view.found.length;
  if (count > 0) {
    view.foundAt = (view.foundAt + direction + count) % count;
    goTo(view.found[view.foundAt]);
  }
  parts.found.textContent = count === 0 ? "nothing found" : `${whole(view.foundAt + 1)} of ${whole(count)}`;
  changed();
}

function showMistakes() {
  const { mistakes } = view.shown;
  parts.mistakes.hidden = mistakes.length === 0;
  parts.mistakes.textContent = mistakes.map(([what, text]) => `${what}: ${text}`).join("; ");
}
