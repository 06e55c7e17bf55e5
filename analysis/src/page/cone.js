// The causal past and future of a step, by happens-before (Lamport 1978): the rows of a node
// in their order, and each message from where it was sent to where it was handled.
//
// What is past of a step is a beginning of each node's rows, and what is future is an end of
// them. So a cone is a place per node, and each row is looked at once.

// The cone of a row's step: `past[n]` is the number of rows of node n in the past, the step
// included; `future[n]` is the number of rows before the future begins.
function coneOf(run, row) {
  const past = new Uint32Array(run.nodeCount);
  const future = new Uint32Array(run.nodeCount);
  for (let node = 0; node < run.nodeCount; node++) future[node] = run.start[node + 1] - run.start[node];
  const cone = { row, past, future };
  if (run.event[row] === run.drop) {
    // A lost message has a past, and no effect.
    const message = run.messageOf[row];
    const sent = message < 0 ? -1 : run.messages.sent[message];
    if (sent >= 0) spreadPast(run, past, run.node[sent], placeOf(run, sent) + 1);
    return cone;
  }
  const [first, last] = stepEnds(run, row);
  spreadPast(run, past, run.node[row], last + 1);
  spreadFuture(run, future, run.node[row], first);
  return cone;
}

// The index of a row among those of its node.
function placeOf(run, row) {
  return run.position[row] - run.start[run.node[row]];
}

// The first and the last row of a row's step, as indices among the rows of its node.
function stepEnds(run, row) {
  const node = run.node[row];
  const begin = run.start[node];
  let first = run.position[row];
  let last = first;
  if (inStep(run, row)) {
    const same = (at) => run.step[run.order[at]] === run.step[row] && inStep(run, run.order[at]);
    while (first > begin && same(first - 1)) first--;
    while (last + 1 < run.start[node + 1] && same(last + 1)) last++;
  }
  return [first - begin, last - begin];
}

function spreadPast(run, past, node, count) {
  const todo = [[node, count]];
  while (todo.length > 0) {
    const [at, upTo] = todo.pop();
    const from = past[at];
    if (upTo <= from) continue;
    past[at] = upTo;
    for (let place = run.start[at] + from; place < run.start[at] + upTo; place++) {
      const row = run.order[place];
      if (run.event[row] !== run.receive || run.messageOf[row] < 0) continue;
      const sent = run.messages.sent[run.messageOf[row]];
      if (sent < 0) continue;
      // The whole step that sent it.
      const sender = run.node[sent];
      if (placeOf(run, sent) >= past[sender]) todo.push([sender, stepEnds(run, sent)[1] + 1]);
    }
  }
}

function spreadFuture(run, future, node, place) {
  const todo = [[node, place]];
  while (todo.length > 0) {
    const [at, begin] = todo.pop();
    const end = future[at];
    if (begin >= end) continue;
    future[at] = begin;
    for (let index = run.start[at] + begin; index < run.start[at] + end; index++) {
      const row = run.order[index];
      if (run.event[row] !== run.send || run.messageOf[row] < 0) continue;
      const reach = (message) => {
        const ended = run.messages.ended[message];
        if (ended < 0 || run.event[ended] !== run.receive) return;
        const receiver = run.node[ended];
        if (placeOf(run, ended) < future[receiver]) todo.push([receiver, stepEnds(run, ended)[0]]);
      };
      reach(run.messageOf[row]);
      for (const copy of run.copies.get(row) || []) reach(copy);
    }
  }
}

const PAST = 1;
const FUTURE = 2;

// Whether a row is in the past, in the future, or in neither (0). The step itself is in both.
function litBy(run, cone, row) {
  if (row === cone.row) return PAST | FUTURE;
  const node = run.node[row];
  const place = placeOf(run, row);
  return (place < cone.past[node] ? PAST : 0) | (place >= cone.future[node] ? FUTURE : 0);
}

// The number of rows that are lit: past, future.
function coneCounts(run, cone) {
  let past = 0;
  let future = 0;
  for (let node = 0; node < run.nodeCount; node++) {
    past += cone.past[node];
    future += run.start[node + 1] - run.start[node] - cone.future[node];
  }
  return { past, future };
}
