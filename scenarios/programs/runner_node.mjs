// A node of a scenario as a program for Node.js. One file, Node.js 16 or newer, no dependencies.
//
//     import { Node, run } from "./runner_node.mjs";
//
//     class Echo extends Node {
//       message(sender, text) {
//         this.send(sender, text);
//       }
//     }
//
//     run(Echo);
//
// Copy this file beside your program. Write the methods that matter:
//
//     start()                     the node starts
//     message(sender, text)       a message was taken from the inbox; text is a string, or a
//                                 Buffer where it is not UTF-8
//     timer(name)                 a timer that you have set is due
//     tick()                      a clocked node's tick found no message
//     connect(peer), disconnect(peer)     with `connects = true` in the config
//     stop()                      the run ends
//
// To read: this.name, this.peers (names, the next node first), this.parameters, this.time (the
// node's local time in nanoseconds; exact up to 104 days), this.random, this.real (whether the
// run is in real time). All but this.time also in the constructor, after super().
//
// To do, in any method but the constructor: this.send(peer, text), this.sendAll(text),
// this.setTimer(name, after), this.cancelTimer(name), this.record(word),
// this.set({ column: value }), this.print(line), this.close(peer), this.stopRun(reason),
// this.fail(reason), this.reject(reason).
//
// A run repeats if the program takes all time from this.time and all chance from this.random.
// A method does all that it does before it returns: it cannot be async, and no setTimeout of
// its own is ever due. console.log writes to standard error here, which goes into the node's
// log: standard output belongs to the protocol (PROTOCOL.md).

import { Console } from "node:console";
import { readSync, writeSync } from "node:fs";
import { Writable } from "node:stream";

const MASK = (1n << 64n) - 1n;
const rotated = (word, by) => ((word << by) | (word >> (64n - by))) & MASK;

// The random numbers of the node: the very stream that a compiled behavior draws from
// (xoshiro256++ 1.0, Blackman and Vigna 2021), with the same methods, so that both draw the
// same numbers.
export class Random {
  #words;

  constructor(words) {
    this.#words = [...words];
  }

  // 64 random bits, as a BigInt.
  nextU64() {
    let [a, b, c, d] = this.#words;
    const draw = (rotated((a + d) & MASK, 23n) + a) & MASK;
    const shifted = (b << 17n) & MASK;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    this.#words = [a, b, c ^ shifted, rotated(d, 45n)];
    return draw;
  }

  // A whole number from low to high, both included: of the type of low.
  uniformInt(low, high) {
    if (high <= low) {
      return low;
    }
    const span = BigInt(high) - BigInt(low);
    const above = span === MASK ? this.nextU64() : this.#below(span + 1n);
    return typeof low === "bigint" ? low + above : low + Number(above);
  }

  // An index below count; 0 if count is 0.
  index(count) {
    return count ? Number(this.#below(BigInt(count))) : 0;
  }

  // One of the items of an array.
  choice(items) {
    return items[this.index(items.length)];
  }

  // A number from 0 (included) to 1 (excluded).
  unit() {
    return Number(this.nextU64() >> 11n) / 2 ** 53;
  }

  // True with this probability.
  chance(probability) {
    return this.unit() < probability;
  }

  // Lemire, "Fast Random Integer Generation in an Interval", ACM TOMACS 29(1), 2019.
  #below(count) {
    let product = this.nextU64() * count;
    if ((product & MASK) < count) {
      const threshold = (1n << 64n) % count;
      while ((product & MASK) < threshold) {
        product = this.nextU64() * count;
      }
    }
    return product >> 64n;
  }
}

// What the next node that is made knows, and the effects of the callback that is answered.
let facts = {};
let effects = [];

// A value as JSON. A BigInt is a whole number: JSON.stringify has none for it.
const json = (value) => (typeof value === "bigint" ? value.toString() : JSON.stringify(value) ?? "null");
const effect = (...parts) => effects.push(`[${parts.map(json).join(",")}]`);

// A node. Write a class that extends it, and the methods that matter.
export class Node {
  constructor() {
    Object.assign(this, facts);
  }

  start() {}
  message(sender, text) {}
  timer(name) {}
  tick() {}
  connect(peer) {}
  disconnect(peer) {}
  stop() {}

  // Sends a string, or a Buffer (Uint8Array) of any bytes, to a peer.
  send(peer, text) {
    const bytes = text instanceof Uint8Array;
    effect("send", peer, bytes ? { base64: Buffer.from(text).toString("base64") } : text);
  }

  // Sends to every peer, in their order.
  sendAll(text) {
    for (const peer of this.peers) {
      this.send(peer, text);
    }
  }

  // Calls timer(name) after a span: nanoseconds, or a text such as "1.5s". A pending timer of
  // this name is replaced.
  setTimer(name, after) {
    effect("timer", name, after);
  }

  cancelTimer(name) {
    effect("cancel", name);
  }

  // Writes a row with a word of the config's `events`.
  record(word) {
    effect("record", word);
  }

  // Sets columns of the config's `columns`; null empties one.
  set(columns) {
    for (const [column, value] of Object.entries(columns)) {
      effect("set", column, value);
    }
  }

  // Prints a line into the node's output.
  print(line) {
    effect("print", line);
  }

  close(peer) {
    effect("close", peer);
  }

  // Ends the run after this step.
  stopRun(reason) {
    effect("stop", reason);
  }

  // Fails the run.
  fail(reason) {
    effect("fail", reason);
  }

  // Rejects the message that is handled: do nothing else before or after.
  reject(reason) {
    effect("reject", reason);
  }
}

// Answers the runner until it closes the input. `Made` is a class that extends Node. With
// `resets`, one process serves many runs one after the other: each gets a new node, so keep
// nothing in global variables.
export function run(Made, { resets = false } = {}) {
  standardOutputIsForAnswers();
  let node;
  for (const line of lines()) {
    const request = JSON.parse(line);
    effects = [];
    if (request.type === "init") {
      node = made(Made, request);
      write(1, resets ? '{"reset":true}\n' : "{}\n");
      continue;
    }
    node.time = request.time;
    const returned = call(node, request);
    if (typeof returned?.then === "function") {
      throw new TypeError(`${Made.name}.${request.type} is async: what it does later is lost`);
    }
    write(1, `[${effects.join(",")}]\n`);
  }
}

function call(node, request) {
  switch (request.type) {
    case "message":
      return node.message(request.from, request.text ?? Buffer.from(request.base64, "base64"));
    case "tick":
      return node.tick();
    case "timer":
      return node.timer(request.timer);
    case "start":
      return node.start();
    case "connect":
      return node.connect(request.peer);
    case "disconnect":
      return node.disconnect(request.peer);
    case "stop":
      return node.stop();
    default:
      throw new Error(`this module does not know the callback ${request.type}`);
  }
}

// The node of a run.
function made(Made, request) {
  facts = {
    name: request.node,
    peers: request.peers,
    parameters: request.parameters,
    time: request.time,
    random: new Random(request.random.map((word) => BigInt(`0x${word}`))),
    real: request.real,
  };
  return new Made();
}

// A console.log that was forgotten is for people.
function standardOutputIsForAnswers() {
  const people = new Writable({
    write(text, _, done) {
      write(2, text);
      done();
    },
  });
  // The streams that Node.js would make here do not wait for the reader.
  for (const name of ["stdout", "stderr"]) {
    Object.defineProperty(process, name, { value: people });
  }
  globalThis.console = new Console(people, people);
}

// The lines of standard input, each as soon as it is there.
function* lines() {
  const buffer = Buffer.alloc(1 << 16);
  let begun = [];
  for (;;) {
    const count = waiting(() => readSync(0, buffer));
    if (count === 0) {
      return;
    }
    let begin = 0;
    for (let end; (end = buffer.indexOf(10, begin)) >= 0 && end < count; begin = end + 1) {
      const line = buffer.subarray(begin, end);
      yield begun.length ? Buffer.concat([...begun, line]).toString() : line.toString();
      begun = [];
    }
    if (begin < count) {
      begun.push(Buffer.from(buffer.subarray(begin, count)));
    }
  }
}

function write(descriptor, text) {
  let left = typeof text === "string" ? Buffer.from(text) : text;
  while (left.length) {
    left = left.subarray(waiting(() => writeSync(descriptor, left)));
  }
}

// Does it again while the other end is busy; ends the program if the runner is gone.
function waiting(act) {
  for (;;) {
    try {
      return act();
    } catch (error) {
      if (error.code === "EPIPE" || error.code === "EOF") {
        process.exit(0);
      }
      if (error.code !== "EAGAIN") {
        throw error;
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}
