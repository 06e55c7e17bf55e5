// Messages from the rows of both of their ends. A message is named by its sender, its number
// and its receiver.

const DELIVERED = 0;
const DROPPED = 1;
const UNDER_WAY = 2;
// To or from a program or a peer that is no node: there is a row at one end only.
const OUTSIDE = 3;
const BLOCK = 256;

// Builds `run.messages`: columns, sorted by the time of sending. `run.messageOf[row]` is the
// index of a row's message, or -1.
function matchMessages(run) {
  const most = countEnds(run);
  const list = { sent: new Int32Array(most), ended: new Int32Array(most), kind: new Uint8Array(most), count: 0 };
  const messageOf = run.messageOf = new Int32Array(run.count).fill(-1);
  run.copies = new Map();
  const sends = indexSends(run, list, messageOf);
  for (let row = 0; row < run.count; row++) {
    const event = run.event[row];
    const peer = run.peer[row];
    if ((event !== run.receive && event !== run.drop) || run.message[row] === 0 || peer < 0) continue;
    let at = sends(peer, run.message[row], run.node[row]);
    // What a node could not give to a peer outside is dropped in the log of the sender.
    if (at < 0 && event === run.drop) at = sends(run.node[row], run.message[row], peer);
    const kind = event === run.drop ? DROPPED : DELIVERED;
    if (at < 0) {
      if (event === run.receive) messageOf[row] = add(list, -1, row, OUTSIDE);
    } else if (list.ended[at] < 0) {
      list.ended[at] = row;
      list.kind[at] = kind;
      messageOf[row] = at;
    } else {
      const copy = messageOf[row] = add(list, list.sent[at], row, kind);
      const copies = run.copies.get(list.sent[at]) || [];
      run.copies.set(list.sent[at], copies.concat(copy));
    }
  }
  run.messages = sorted(run, list, messageOf);
}

function countEnds(run) {
  let count = 0;
  for (let row = 0; row < run.count; row++) if (run.message[row] > 0) count++;
  return count;
}

function add(list, sent, ended, kind) {
  list.sent[list.count] = sent;
  list.ended[list.count] = ended;
  list.kind[list.count] = kind;
  return list.count++;
}

// Adds all messages that were sent. The result finds one by sender, number and receiver.
function indexSends(run, list, messageOf) {
  const greatest = new Float64Array(run.nodeCount);
  const sent = new Float64Array(run.nodeCount);
  for (let row = 0; row < run.count; row++) {
    if (run.event[row] !== run.send || run.message[row] === 0) continue;
    sent[run.node[row]]++;
    greatest[run.node[row]] = Math.max(greatest[run.node[row]], run.message[row]);
  }
  // Nodes number their messages from 1; logs of other programs may have any numbers.
  const tables = Array.from(sent, (count, node) => (greatest[node] <= 4 * count + 1024 ? new Int32Array(greatest[node] + 1).fill(-1) : new Map()));
  const get = (table, number) => {
    const found = table instanceof Map ? table.get(number) : table[number];
    return found === undefined ? -1 : found;
  };
  // The message before with the same sender and number, to another receiver.
  const before = new Map();
  for (let row = 0; row < run.count; row++) {
    if (run.event[row] !== run.send || run.message[row] === 0) continue;
    const node = run.node[row];
    const peer = run.peer[row];
    const outside = peer < 0 || peer >= run.nodeCount || run.isProgram.has(peer);
    const at = messageOf[row] = add(list, row, -1, outside ? OUTSIDE : UNDER_WAY);
    const table = tables[node];
    const same = get(table, run.message[row]);
    if (same >= 0) before.set(at, same);
    if (table instanceof Map) table.set(run.message[row], at);
    else table[run.message[row]] = at;
  }
  return (sender, number, receiver) => {
    if (sender >= run.nodeCount) return -1;
    let at = get(tables[sender], number);
    while (at >= 0 && run.peer[list.sent[at]] !== receiver) at = before.has(at) ? before.get(at) : -1;
    return at;
  };
}

// The columns of the messages in the order of their first time; `from` and `to` are times,
// `sender` and `receiver` lanes, `blockEnd` the latest time of each block of messages.
function sorted(run, list, messageOf) {
  const count = list.count;
  const firstTime = (at) => run.time[list.sent[at] >= 0 ? list.sent[at] : list.ended[at]];
  let order = new Uint32Array(count);
  let inOrder = true;
  for (let at = 0; at < count; at++) {
    order[at] = at;
    if (at > 0 && firstTime(at) < firstTime(at - 1)) inOrder = false;
  }
  if (!inOrder) order = order.sort((a, b) => firstTime(a) - firstTime(b) || a - b);
  const messages = {
    count,
    sent: new Int32Array(count), ended: new Int32Array(count), kind: new Uint8Array(count),
    from: new Float64Array(count), to: new Float64Array(count),
    sender: new Int32Array(count), receiver: new Int32Array(count),
    blockEnd: new Float64Array(Math.ceil(count / BLOCK)), counts: [0, 0, 0, 0],
  };
  const place = new Int32Array(count);
  for (let at = 0; at < count; at++) {
    const old = order[at];
    const sent = messages.sent[at] = list.sent[old];
    const ended = messages.ended[at] = list.ended[old];
    messages.kind[at] = list.kind[old];
    messages.counts[list.kind[old]]++;
    messages.from[at] = run.time[sent >= 0 ? sent : ended];
    messages.to[at] = Math.max(messages.from[at], run.time[ended >= 0 ? ended : sent]);
    messages.sender[at] = sent >= 0 ? run.node[sent] : run.peer[ended];
    messages.receiver[at] = sent >= 0 ? run.peer[sent] : run.node[ended];
    const block = Math.floor(at / BLOCK);
    messages.blockEnd[block] = Math.max(messages.blockEnd[block], messages.to[at]);
    place[old] = at;
  }
  for (let row = 0; row < run.count; row++) if (messageOf[row] >= 0) messageOf[row] = place[messageOf[row]];
  for (const [row, copies] of run.copies) run.copies.set(row, copies.map((at) => place[at]));
  return messages;
}

// Calls `visit` for each message that is on its way in a time, until it returns false.
function eachMessageIn(messages, from, until, visit) {
  const last = lowerBound(messages.from, until, 0, messages.count);
  for (let block = 0; block * BLOCK < last; block++) {
    if (messages.blockEnd[block] < from) continue;
    const end = Math.min(last, (block + 1) * BLOCK);
    for (let at = block * BLOCK; at < end; at++) {
      if (messages.to[at] >= from && visit(at) === false) return;
    }
  }
}
