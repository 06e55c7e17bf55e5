"""The clock machines on SimPy: `machines.py NODES SECONDS` prints the number of
events (ticks and arrivals) and the seconds that they took.

The model is written as SimPy's users write theirs: a machine is a process, a tick
is a timeout. An inbox is a `deque` instead of a `simpy.Store`, which is twice as
fast and enough here: a message takes no time, and no process waits for one.
"""

import random
import sys
import time
from collections import deque

import simpy

FACES = 10
SEED = 262


class Machine:
    def __init__(self, env, number, machines):
        self.env = env
        self.number = number
        self.machines = machines
        self.inbox = deque()
        self.clock = 0
        self.events = 0
        self.random = random.Random(SEED + number).random
        self.rate = 1 + int(self.random() * 6)

    def run(self):
        timeout, inbox, draw = self.env.timeout, self.inbox, self.random
        others = len(self.machines) - 1
        period = 1 / self.rate
        while True:
            yield timeout(period)
            self.events += 1
            if inbox:
                self.clock = max(self.clock, inbox.popleft()) + 1
                continue
            self.clock += 1
            roll = int(draw() * FACES)
            if roll < 2:
                self.send(int(draw() * others))
            elif roll == 2:
                first, second = int(draw() * others), int(draw() * (others - 1))
                self.send(first)
                self.send(second + (second >= first))

    def send(self, peer):
        machine = self.machines[(self.number + 1 + peer) % len(self.machines)]
        machine.inbox.append(self.clock)
        machine.events += 1


def main(nodes, seconds):
    env = simpy.Environment()
    machines = []
    machines.extend(Machine(env, number, machines) for number in range(nodes))
    for machine in machines:
        env.process(machine.run())
    start = time.perf_counter()
    env.run(until=seconds)
    spent = time.perf_counter() - start
    print(sum(machine.events for machine in machines), f"{spent:.6f}")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
