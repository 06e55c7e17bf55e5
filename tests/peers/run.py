#!/usr/bin/env python3
"""Compares the engine with other simulators on the same model, in one run.

    python3 tests/peers/run.py [ROUNDS]

Each simulator runs 1,000 clock machines (1 to 6 ticks a second, a die of 10 faces, no latency).
The simulated time is chosen so that a run takes about a second. The simulators run in turns,
ROUNDS times (default 5). Then the benches `engine` and `real` run. All figures, and the chart, go
into runner/PERFORMANCE.md. Needs g++, libsimgrid-dev and libns3-dev, and takes about ten minutes,
of which building is the most. Not part of the build or the tests.
"""

import csv
import json
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILT = ROOT / "target/peers"
sys.path.insert(0, str(ROOT / "tests"))
import figures  # noqa: E402

NODES = 1000
PAGE = "runner/PERFORMANCE.md"
CHART = "performance.svg"
SCENARIO = """
name = "peers"
duration = "{seconds}s"
[nodes.machine]
count = {nodes}
behavior = "clock.machine"
tick_rate = {{ uniform_int = [1, 6] }}
"""


def output(command, **more):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **more).stdout


def built(name, *command, folder):
    """Builds with cargo; returns the path of the executable of this name."""
    lines = output(["cargo", *command, "--message-format=json-render-diagnostics"], cwd=folder).splitlines()
    artifacts = [json.loads(line) for line in lines]
    return next(
        a["executable"] for a in artifacts if a.get("executable") and a["target"]["name"] == name
    )


def compiled(name, source, library):
    """Compiles a peer in C++; returns the path of the executable."""
    BUILT.mkdir(parents=True, exist_ok=True)
    executable = BUILT / name
    command = ["g++", "-O2", "-std=c++17", HERE / source, "-o", executable, f"-l{library}"]
    if subprocess.run(command).returncode != 0:
        sys.exit(f"{name} does not compile; on Debian: apt-get install g++ libsimgrid-dev libns3-dev")
    return executable


def simpy():
    """A Python with SimPy, in a virtual environment of its own; and SimPy's version."""
    python = BUILT / "venv/bin/python"
    if not python.exists():
        venv.create(BUILT / "venv", with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "simpy==4.*"], check=True)
    return python, output([python, "-c", "import simpy; print(simpy.__version__)"]).strip()


def version(package):
    return output(["pkg-config", "--modversion", package]).strip()


def prints(*command):
    """A simulator that prints the number of its events, and the seconds that they took."""

    def run(seconds):
        events, spent = output([*command, str(NODES), str(seconds)]).split()
        return int(events), float(spent)

    return run


def whole_command(cores):
    """The runner as a user starts it: metrics and tables, and no log and no report."""

    def run(seconds):
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            scenario = folder / "peers.toml"
            scenario.write_text(SCENARIO.format(seconds=seconds, nodes=NODES))
            options = ["--quiet", "--no-report", "--log", "off", "--jobs", str(cores), "--out", folder / "out"]
            start = time.perf_counter()
            subprocess.run([ROOT / "target/release/runner", scenario, *options], check=True)
            spent = time.perf_counter() - start
            return int(next(csv.DictReader(open(folder / "out/runs.csv")))["events"]), spent

    return run


def simulators():
    """Name, language, what runs it, and simulated seconds for about one second of work."""
    subprocess.run(["cargo", "build", "--release"], cwd=ROOT, check=True)
    engine = built("engine", "bench", "-p", "runner", "--bench", "engine", "--no-run", folder=ROOT)
    nexosim = built("peer-nexosim", "build", "--release", "--target-dir", BUILT, folder=HERE / "nexosim")
    simcore = built("peer-simcore", "build", "--release", "--target-dir", BUILT, folder=HERE / "simcore")
    ns3 = compiled("ns3", "ns3/machines.cc", "ns3-core")
    simgrid = compiled("simgrid", "simgrid/machines.cpp", "simgrid")
    python, of_simpy = simpy()
    return [
        ("the engine", "Rust", prints(engine, "--once"), 8000),
        ("the whole command", "Rust", whole_command(1), 2000),
        ("the same, two cores", "Rust", whole_command(2), 2000),
        ("SimCore 0.1.0", "Rust", prints(simcore), 1500),
        (f"ns-3 {version('ns3-core')}", "C++", prints(ns3), 1000),
        ("NexoSim 1.0.0", "Rust", prints(nexosim), 400),
        (f"SimPy {of_simpy}", "Python", prints(python, HERE / "simpy/machines.py"), 120),
        (f"SimGrid {version('simgrid')}", "C++", prints(simgrid), 50),
    ]


def in_turns(them, rounds):
    """Seconds per event of each, round by round."""
    costs = {name: [] for name, *_ in them}
    for _ in range(rounds):
        rates = {}
        for name, _, run, seconds in them:
            events, spent = run(seconds)
            costs[name].append(spent / events)
            rates[name] = events / seconds
        # Rates are drawn, so a thousand machines differ by some percent: more is another model.
        middle = statistics.median(rates.values())
        odd = {name: rate for name, rate in rates.items() if abs(rate / middle - 1) > 0.1}
        if odd:
            sys.exit(f"these do not run the same model: events per simulated second {odd}, others {middle}")
    return costs


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    them = simulators()
    machine = f"{figures.machine()} {figures.busy()}"
    costs = in_turns(them, rounds)
    engine = costs["the engine"]
    times = {name: statistics.median(c / e for c, e in zip(cost, engine)) for name, cost in costs.items()}
    head = ["simulator", "events/s", "ns/event", "time, engine = 1"]
    rows = []
    for name, language, *_ in them:
        cost = statistics.median(costs[name])
        rows.append([f"{name} ({language})", f"{1 / cost:,.0f}", f"{cost * 1e9:,.1f}", f"{times[name]:.1f}"])
    table = figures.table(head, rows)
    print(table)
    ours = {"the engine": "#0969da", "the whole command": "#54aeff", "the same, two cores": "#54aeff"}
    bars = [(name, [(f"{times[name]:.1f}", times[name], ours.get(name, "#8c959f"))]) for name, *_ in them]
    title = f"Time per event, the engine = 1: {NODES:,} clock machines"
    figures.bars(ROOT / "runner" / CHART, title, bars)
    own = "python3 tests/peers/run.py"
    sources = ["tests/peers/run.py", "tests/peers/ns3/machines.cc", "tests/peers/simgrid/machines.cpp",
               "tests/peers/simcore/src/main.rs", "tests/peers/nexosim/src/main.rs",
               "tests/peers/simpy/machines.py"]
    chart = f"![Time per event, the engine = 1]({CHART})"
    figures.write(PAGE, "peers", own, sources, f"{machine}\n\n{chart}\n\n{table}", CHART)
    for bench in ("engine", "real"):
        text = output(["cargo", "bench", "--quiet", "-p", "runner", "--bench", bench], cwd=ROOT)
        figures.write(PAGE, bench, own, [own.split()[1]], f"{machine}\n\n```text\n{text.strip()}\n```")


if __name__ == "__main__":
    main()
