// The rows of runs, read from their scripts. The other end is `render/rows.rs`, which
// documents the form. Standard columns are read at once, other columns when they are needed.

const STREAMS = 8;
const reading = new Map();
const runs = new Map();

class Stream {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }
  unsigned() {
    const bytes = this.bytes;
    let byte = bytes[this.at++];
    if (byte < 128) return byte;
    let value = byte & 127;
    let scale = 128;
    do {
      byte = bytes[this.at++];
      value += (byte & 127) * scale;
      scale *= 128;
    } while (byte >= 128);
    return value;
  }
  signed() {
    return unzigzag(this.unsigned());
  }
  float() {
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset + this.at, 8);
    this.at += 8;
    return view.getFloat64(0, true);
  }
}

function unzigzag(number) {
  return number % 2 === 1 ? -(number + 1) / 2 : number / 2;
}

function bytesOf(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let at = 0; at < raw.length; at++) bytes[at] = raw.charCodeAt(at);
  return bytes;
}

// notebook.open: what the numbers of a run mean.
function openRun(head) {
  reading.set(head.run, { head, blocks: [], texts: [], textIds: new Map(), ids: [], count: 0 });
}

// notebook.rows: one block.
function addRows(number, count, text, texts) {
  const run = reading.get(number);
  const bytes = bytesOf(text);
  const lengths = new DataView(bytes.buffer, bytes.byteOffset);
  const streams = [];
  const streamCount = STREAMS + run.head.columns.length;
  let at = 4 * streamCount;
  for (let stream = 0; stream < streamCount; stream++) {
    const length = lengths.getUint32(4 * stream, true);
    streams.push(bytes.subarray(at, at + length));
    at += length;
  }
  for (const written of texts) run.ids.push(textId(run, written));
  run.blocks.push({ first: run.count, count, streams });
  run.count += count;
}

// A text that was written twice has one number.
function textId(run, text) {
  let id = run.textIds.get(text);
  if (id === undefined) {
    id = run.texts.length;
    run.texts.push(text);
    run.textIds.set(text, id);
  }
  return id;
}

// notebook.close: all rows are there.
function closeRun(number, tail) {
  const { head, blocks, texts, textIds, ids, count } = reading.get(number);
  reading.delete(number);
  const about = head.about;
  const run = {
    number, head, about, blocks, texts, textIds, ids, count,
    words: head.words,
    broken: tail.broken,
    end: Math.max(about.end_ns, tail.last_ns, 1),
    nodeCount: head.nodes.length,
    names: head.nodes.concat(tail.external),
    isProgram: new Set(head.programs),
    outsideStep: new Set(head.outside_a_step),
    columns: new Map(),
    time: new Float64Array(count), node: new Uint32Array(count), step: new Uint32Array(count),
    event: new Uint16Array(count), peer: new Int32Array(count), message: new Float64Array(count),
    bytes: new Float64Array(count), queue: new Uint32Array(count),
  };
  for (const word of ["start", "receive", "send", "drop", "crash", "restart"]) run[word] = run.words.indexOf(word);
  readStandard(run);
  sortByNode(run);
  matchMessages(run);
  runs.set(number, run);
}

function readStandard(run) {
  const steps = new Float64Array(run.nodeCount);
  const queues = new Float64Array(run.nodeCount);
  const numbers = new Float64Array(run.names.length);
  let time = 0;
  for (const block of run.blocks) {
    const [times, nodes, stepsOf, events, peers, messages, sizes, queuesOf] = block.streams.map((bytes) => new Stream(bytes));
    for (let row = block.first; row < block.first + block.count; row++) {
      time += times.signed();
      const node = nodes.unsigned();
      run.time[row] = time;
      run.node[row] = node;
      run.step[row] = steps[node] += stepsOf.signed();
      run.queue[row] = queues[node] += queuesOf.signed();
      const event = run.event[row] = events.unsigned();
      const peer = run.peer[row] = peers.unsigned() - 1;
      const message = messages.unsigned();
      if (message > 0) {
        const difference = unzigzag(message - 1);
        const sender = event === run.send ? node : peer;
        // Numbers of peers that are no nodes are not written as differences.
        const known = sender >= 0 && sender < run.nodeCount;
        run.message[row] = known ? (numbers[sender] += difference) : difference;
        run.bytes[row] = sizes.unsigned();
      }
    }
    // The standard streams are not needed any more.
    block.streams.fill(null, 0, STREAMS);
  }
}

// The rows of each node, in the order of its log: `order[start[n]]` to `order[start[n + 1]]`.
function sortByNode(run) {
  const start = run.start = new Uint32Array(run.nodeCount + 1);
  for (let row = 0; row < run.count; row++) start[run.node[row] + 1]++;
  for (let node = 0; node < run.nodeCount; node++) start[node + 1] += start[node];
  const next = start.slice();
  run.order = new Uint32Array(run.count);
  run.position = new Uint32Array(run.count);
  for (let row = 0; row < run.count; row++) {
    const at = next[run.node[row]]++;
    run.order[at] = row;
    run.position[row] = at;
  }
  run.orderTime = new Float64Array(run.count);
  for (let node = 0; node < run.nodeCount; node++) {
    let latest = 0;
    for (let at = start[node]; at < start[node + 1]; at++) {
      // In logs of other programs, time may go back: such a row is drawn at the time before.
      latest = Math.max(latest, run.time[run.order[at]]);
      run.orderTime[at] = latest;
    }
  }
}

// A column of a behavior: `values[row]` is its number (NaN if it has none), `text[row]` the
// index of its text (-1 if it has none).
function columnOf(run, name) {
  if (run.columns.has(name)) return run.columns.get(name);
  const index = run.head.columns.indexOf(name);
  if (index < 0) return null;
  const has = [];
  let kind = "";
  let docs = "";
  run.head.shapes.forEach((shape, at) => {
    const found = shape.find((column) => column[0] === name);
    has[at] = Boolean(found);
    if (found && kind === "") [, kind, docs] = found;
  });
  const values = new Float64Array(run.count).fill(NaN);
  const text = new Int32Array(run.count).fill(-1);
  const lastValue = new Float64Array(run.nodeCount).fill(NaN);
  const lastText = new Int32Array(run.nodeCount).fill(-1);
  const lastWhole = new Float64Array(run.nodeCount);
  for (const block of run.blocks) {
    const stream = new Stream(block.streams[STREAMS + index]);
    for (let row = block.first; row < block.first + block.count; row++) {
      const node = run.node[row];
      if (!has[run.head.shape_of[node]]) continue;
      const code = stream.unsigned();
      if (code >= 4) {
        lastValue[node] = lastWhole[node] += unzigzag(code - 4);
        lastText[node] = -1;
      } else if (code === 1) {
        lastValue[node] = NaN;
        lastText[node] = -1;
      } else if (code === 2) {
        lastText[node] = run.ids[stream.unsigned()];
        lastValue[node] = kind === "text" ? NaN : Number(run.texts[lastText[node]]);
      } else if (code === 3) {
        lastValue[node] = stream.float();
        lastText[node] = Number.isNaN(lastValue[node]) ? textId(run, "NaN") : -1;
      }
      values[row] = lastValue[node];
      text[row] = lastText[node];
    }
  }
  const column = { name, kind, docs, values, text, has: (node) => has[run.head.shape_of[node]] };
  run.columns.set(name, column);
  return column;
}

// The value of a column as a person reads it; empty if there is none.
function cellText(run, column, row) {
  if (column.text[row] >= 0) return run.texts[column.text[row]];
  const value = column.values[row];
  if (Number.isNaN(value)) return "";
  if (column.kind === "bool") return value ? "true" : "false";
  return String(value);
}

// Whether a row belongs to a step.
function inStep(run, row) {
  return !run.outsideStep.has(run.event[row]);
}
