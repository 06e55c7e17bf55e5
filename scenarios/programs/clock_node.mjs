// A scale-model machine with a Lamport clock: what the behavior `clock.machine` does, line by
// line, with its encoding "text". For the same random numbers, or the same `script`, it writes
// the same log.

import { Node, run } from "./runner_node.mjs";

class Machine extends Node {
  clock = 0;
  rolls = 0;

  start() {
    this.set({ clock: 0 });
  }

  message(sender, text) {
    this.advance(Math.max(this.clock, Number(text)));
  }

  tick() {
    const roll = this.roll();
    this.advance(this.clock);
    const receivers = this.receivers(roll);
    for (const peer of receivers) {
      this.send(peer, String(this.clock));
    }
    if (receivers.length === 0) {
      this.record("internal");
    }
  }

  advance(before) {
    this.clock = before + 1;
    this.set({ clock: this.clock });
  }

  roll() {
    const { script = [], faces = 10 } = this.parameters;
    return script.length ? script[this.rolls++ % script.length] : this.random.uniformInt(1, faces);
  }

  receivers(roll) {
    const peers = this.peers;
    const others = peers.length;
    if (roll > 3 || others === 0) {
      return [];
    }
    if (others === 1) {
      return [peers[0]];
    }
    if (others === 2) {
      return roll === 3 ? peers : [peers[roll - 1]];
    }
    const first = this.random.uniformInt(0, others - 1);
    if (roll < 3) {
      return [peers[first]];
    }
    // The second is drawn from the rest; the indices from `first` on are one higher.
    const second = this.random.uniformInt(0, others - 2);
    return [peers[first], peers[second + (second >= first ? 1 : 0)]];
  }
}

run(Machine, { resets: true });
