"""A scale-model machine with a Lamport clock: what the behavior `clock.machine` does, line
by line, with its encoding "text". For the same random numbers, or the same `script`, it
writes the same log."""

import runner_node


class Machine(runner_node.Node):
    def __init__(self):
        self.clock = 0
        self.faces = self.parameters.get("faces", 10)
        self.script = self.parameters.get("script", [])
        self.rolls = 0

    def start(self):
        self.set(clock=0)

    def message(self, sender, text):
        self.advance(max(self.clock, int(text)))

    def tick(self):
        roll = self.roll()
        self.advance(self.clock)
        receivers = self.receivers(roll)
        for peer in receivers:
            self.send(peer, str(self.clock))
        if not receivers:
            self.record("internal")

    def advance(self, before):
        self.clock = before + 1
        self.set(clock=self.clock)

    def roll(self):
        if not self.script:
            return self.random.uniform_int(1, self.faces)
        self.rolls += 1
        return self.script[(self.rolls - 1) % len(self.script)]

    def receivers(self, roll):
        others = len(self.peers)
        if roll > 3 or others == 0:
            return []
        if others == 1:
            return [self.peers[0]]
        if others == 2:
            return list(self.peers) if roll == 3 else [self.peers[roll - 1]]
        first = self.random.uniform_int(0, others - 1)
        if roll < 3:
            return [self.peers[first]]
        # The second is drawn from the rest; the indices from `first` on are one higher.
        second = self.random.uniform_int(0, others - 2)
        return [self.peers[first], self.peers[second + (second >= first)]]


runner_node.run(Machine, resets=True)
