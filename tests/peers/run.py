#!/usr/bin/env python3
"""Compares the engine with other simulators on the same model, in one run.

    python3 tests/peers/run.py [ROUNDS]

Each simulator runs 1,000 clock machines (1 to 6 ticks a second, a die of 10
faces, no latency). The simulated time is chosen so that a run takes about a
second. The simulators run in turns, ROUNDS times (default 5). Prints events per
second, and the engine's speed as a multiple of each (the median of the rounds).
Not part of the build or the tests; README.md lists what it needs.
"""

import json
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NODES = 1000


def built(name, *command, folder):
    """Builds with cargo; returns the path of the executable of this name."""
    lines = subprocess.run(
        ["cargo", *command, "--message-format=json-render-diagnostics"],
        cwd=folder, check=True, stdout=subprocess.PIPE, text=True,
    ).stdout.splitlines()
    artifacts = [json.loads(line) for line in lines]
    return next(
        a["executable"] for a in artifacts if a.get("executable") and a["target"]["name"] == name
    )


def events_per_second(command, seconds):
    output = subprocess.run(
        [*command, str(NODES), str(seconds)], check=True, stdout=subprocess.PIPE, text=True,
    ).stdout.split()
    return int(output[0]) / float(output[1])


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    engine = built("engine", "bench", "-p", "runner", "--bench", "engine", "--no-run", folder=ROOT)
    nexosim = built("peer-nexosim", "build", "--release", folder=HERE / "nexosim")
    # Name, command, simulated seconds (about one second of work for each).
    simulators = [
        ("engine", [engine, "--once"], 8000),
        ("NexoSim 1.0.0", [nexosim], 400),
        ("SimPy 4", [sys.executable, str(HERE / "simpy" / "machines.py")], 120),
    ]
    speeds = {name: [] for name, _, _ in simulators}
    for _ in range(rounds):
        for name, command, seconds in simulators:
            speeds[name].append(events_per_second(command, seconds))
    print(f"{'':16}{'events/s':>14}   times as fast: the engine")
    for name, _, _ in simulators:
        ratio = statistics.median(e / s for e, s in zip(speeds["engine"], speeds[name]))
        print(f"{name:16}{statistics.median(speeds[name]):>14,.0f}   {ratio:.1f}")


if __name__ == "__main__":
    main()
