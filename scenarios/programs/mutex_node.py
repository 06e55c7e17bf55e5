"""Mutual exclusion with Lamport's clocks ("Time, Clocks, and the Ordering of Events in a
Distributed System", CACM 21(7), 1978, section "Ordering the Events Totally"): a node enters
when its request is the oldest that it knows, and every other node has sent it something
newer. It needs links that keep the order of messages, and lose none.

The column `inside` is true while the node has the resource. A property can say that no two
nodes are inside at once."""

import runner_node


class Mutex(runner_node.Node):
    def __init__(self):
        self.clock = 0
        self.queue = {}
        self.newest = dict.fromkeys(self.peers, 0)
        self.inside = False

    def start(self):
        self.set(inside=False, clock=0)
        self.wait()

    def timer(self, name):
        if name == "ask":
            self.ask()
        elif name == "leave":
            self.leave()

    def message(self, sender, text):
        kind, clock = text.split()
        self.clock = max(self.clock, int(clock)) + 1
        self.newest[sender] = int(clock)
        if kind == "request":
            self.queue[sender] = int(clock)
            self.tell(sender, "ack")
        elif kind == "release":
            self.queue.pop(sender, None)
        self.enter_if_first()
        self.set(clock=self.clock)

    def ask(self):
        self.clock += 1
        self.queue[self.name] = self.clock
        for peer in self.peers:
            self.send(peer, "request %d" % self.clock)
        self.set(clock=self.clock)
        self.enter_if_first()

    def enter_if_first(self):
        own = self.queue.get(self.name)
        if own is None or self.inside:
            return
        # Equal clocks are ordered by name.
        first = min(self.queue.items(), key=lambda request: (request[1], request[0]))
        if first[0] == self.name and all(clock > own for clock in self.newest.values()):
            self.inside = True
            self.set(inside=True)
            self.record("enter")
            self.set_timer("leave", "20ms")

    def leave(self):
        self.inside = False
        self.set(inside=False)
        self.record("leave")
        del self.queue[self.name]
        self.clock += 1
        for peer in self.peers:
            self.send(peer, "release %d" % self.clock)
        self.set(clock=self.clock)
        self.wait()

    def tell(self, peer, kind):
        self.clock += 1
        self.send(peer, "%s %d" % (kind, self.clock))

    def wait(self):
        self.set_timer("ask", self.random.uniform_int(10, 200) * 1_000_000)


runner_node.run(Mutex, resets=True)
