// Mutual exclusion with Lamport's clocks, as in mutex_node.py: the same log for the same
// random numbers.

import { Node, run } from "./runner_node.mjs";

class Mutex extends Node {
  clock = 0;
  inside = false;
  // The clocks of the requests that are known, and of the newest message of each peer.
  queue = new Map();
  newest = new Map(this.peers.map((peer) => [peer, 0]));

  start() {
    this.set({ inside: false, clock: 0 });
    this.wait();
  }

  timer(name) {
    if (name === "ask") {
      this.ask();
    } else if (name === "leave") {
      this.leave();
    }
  }

  message(sender, text) {
    const [kind, number] = text.split(" ");
    const clock = Number(number);
    this.clock = Math.max(this.clock, clock) + 1;
    this.newest.set(sender, clock);
    if (kind === "request") {
      this.queue.set(sender, clock);
      this.tell([sender], "ack");
    } else if (kind === "release") {
      this.queue.delete(sender);
    }
    this.enterIfFirst();
    this.set({ clock: this.clock });
  }

  ask() {
    this.queue.set(this.name, this.clock + 1);
    this.tell(this.peers, "request");
    this.set({ clock: this.clock });
    this.enterIfFirst();
  }

  enterIfFirst() {
    const own = this.queue.get(this.name);
    if (own === undefined || this.inside) {
      return;
    }
    // Equal clocks are ordered by name.
    const isOlder = ([name, clock]) => clock < own || (clock === own && name < this.name);
    const newer = (clock) => clock > own;
    if (![...this.queue].some(isOlder) && [...this.newest.values()].every(newer)) {
      this.inside = true;
      this.set({ inside: true });
      this.record("enter");
      this.setTimer("leave", "20ms");
    }
  }

  leave() {
    this.inside = false;
    this.set({ inside: false });
    this.record("leave");
    this.queue.delete(this.name);
    this.tell(this.peers, "release");
    this.set({ clock: this.clock });
    this.wait();
  }

  tell(peers, kind) {
    this.clock += 1;
    for (const peer of peers) {
      this.send(peer, `${kind} ${this.clock}`);
    }
  }

  wait() {
    this.setTimer("ask", this.random.uniformInt(10, 200) * 1_000_000);
  }
}

run(Mutex, { resets: true });
