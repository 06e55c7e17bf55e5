// Which nodes, rows and messages are shown; and the search.

// What a reader typed. Empty: all.
function noFilter() {
  return { nodes: "", hidden: new Set(), words: null, messages: "all", where: "" };
}

// Applies a filter to a run. The result:
//   lanes       the nodes that are shown, in order
//   laneOf[n]   the lane of a node, or -1
//   start, rows the shown rows: `rows[start[n]]` to `rows[start[n + 1]]` are places in `run.order`
//   messages    null for all, or 1 for each message that is shown
//   mistakes    what could not be understood: field and sentence
function applyFilter(run, filter) {
  const mistakes = [];
  const lanes = shownNodes(run, filter, mistakes);
  const laneOf = new Int32Array(run.names.length).fill(-1);
  lanes.forEach((node, lane) => { laneOf[node] = lane; });
  let test = null;
  if (filter.where.trim() !== "") {
    try {
      test = bindExpression(run, parseExpression(filter.where)).test;
    } catch (error) {
      if (!(error instanceof Mistake)) throw error;
      mistakes.push(["where", error.message]);
    }
  }
  const isAll = filter.words === null && test === null;
  let rows = null;
  let start = run.start;
  let isShown = null;
  if (!isAll) ({ rows, start, isShown } = shownRows(run, filter.words, test));
  return { lanes, laneOf, rows, start, isAll, mistakes, messages: shownMessages(run, filter, isShown), times: rows ? timesOf(run, rows) : run.orderTime };
}

function timesOf(run, places) {
  const times = new Float64Array(places.length);
  for (let at = 0; at < places.length; at++) times[at] = run.orderTime[places[at]];
  return times;
}

function shownNodes(run, filter, mistakes) {
  const names = filter.nodes.split(/[,\s]+/).filter((it) => it !== "");
  const patterns = names.map(globPattern);
  const lanes = [];
  const found = new Set();
  run.names.forEach((name, node) => {
    if (filter.hidden.has(name)) return;
    const at = patterns.findIndex((pattern) => pattern.test(name));
    if (patterns.length > 0 && at < 0) return;
    patterns.forEach((pattern, index) => { if (pattern.test(name)) found.add(index); });
    lanes.push(node);
  });
  const missing = names.filter((_, index) => !found.has(index));
  if (missing.length > 0) mistakes.push(["nodes", `no shown node is named ${missing.map((it) => `\`${it}\``).join(", ")}`]);
  return lanes;
}

function shownRows(run, words, test) {
  const isShown = new Uint8Array(run.count);
  const start = new Uint32Array(run.nodeCount + 1);
  const rows = new Uint32Array(run.count);
  let count = 0;
  for (let node = 0; node < run.nodeCount; node++) {
    start[node] = count;
    for (let place = run.start[node]; place < run.start[node + 1]; place++) {
      const row = run.order[place];
      // The test is called for each row: `last` remembers them.
      const holds = test === null || test(row);
      if (!holds || (words !== null && !words.has(run.words[run.event[row]]))) continue;
      isShown[row] = 1;
      rows[count++] = place;
    }
  }
  start[run.nodeCount] = count;
  return { rows: rows.slice(0, count), start, isShown };
}

function shownMessages(run, filter, isShown) {
  const wanted = { delivered: [DELIVERED, OUTSIDE], lost: [DROPPED], "under way": [UNDER_WAY] }[filter.messages];
  if (filter.messages === "all" && isShown === null) return null;
  const { count, sent, ended, kind } = run.messages;
  const shown = new Uint8Array(count);
  for (let at = 0; at < count; at++) {
    const bothKinds = filter.messages === "all" || (wanted !== undefined && wanted.includes(kind[at]));
    const rowShown = isShown === null || (sent[at] >= 0 && isShown[sent[at]]) || (ended[at] >= 0 && isShown[ended[at]]);
    shown[at] = filter.messages !== "none" && bothKinds && rowShown ? 1 : 0;
  }
  return shown;
}

// The rows that a search finds, in the order of time. A search is
//   machine-2:17        step 17 of a node
//   machine-2#17        message 17 of a node, at both ends
//   queue > 5           an expression
//   anything else       a text in a word, name or column
//
// Throws a Mistake if an expression is wrong.
function search(run, text) {
  const wanted = text.trim();
  if (wanted === "") return [];
  const place = /^(.+)([:#])(\d+)$/.exec(wanted);
  if (place && run.names.includes(place[1])) {
    const node = run.names.indexOf(place[1]);
    return place[2] === ":" ? rowsOfStep(run, node, Number(place[3])).slice(0, 1) : rowsOfMessage(run, node, Number(place[3]));
  }
  const test = /[=<>]|\b(in|has|not)\b/.test(wanted) ? bindExpression(run, parseExpression(wanted)).test : textTest(run, wanted.toLowerCase());
  const found = [];
  for (const row of run.order) if (test(row)) found.push(row);
  return found.sort((a, b) => run.time[a] - run.time[b] || a - b);
}

function rowsOfStep(run, node, step) {
  const rows = [];
  if (node >= run.nodeCount) return rows;
  for (let place = run.start[node]; place < run.start[node + 1]; place++) {
    const row = run.order[place];
    if (run.step[row] === step && inStep(run, row)) rows.push(row);
  }
  return rows;
}

function rowsOfMessage(run, node, number) {
  const rows = [];
  for (let row = 0; row < run.count; row++) {
    if (run.message[row] !== number) continue;
    const sender = run.event[row] === run.send ? run.node[row] : run.peer[row];
    if (sender === node) rows.push(row);
  }
  return rows;
}

function textTest(run, wanted) {
  const has = (text) => text.toLowerCase().includes(wanted);
  const words = run.words.map(has);
  const names = run.names.map(has);
  const columns = run.head.columns.map((name) => columnOf(run, name)).filter((column) => column.kind === "text");
  const texts = run.texts.map(has);
  return (row) => words[run.event[row]] || names[run.node[row]] || (run.peer[row] >= 0 && names[run.peer[row]]) || columns.some((column) => column.text[row] >= 0 && texts[column.text[row]]);
}
