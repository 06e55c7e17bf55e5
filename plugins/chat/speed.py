#!/usr/bin/env python3
"""Measures how many messages a chat server delivers, and writes the figures into README.md.

    cargo build --release
    python3 plugins/chat/speed.py

Server and users are nodes of one process, in real time over TCP. All users send without a pause for
SECONDS. The same workload follows in virtual time.
"""

import csv
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
import figures  # noqa: E402

RUNNER = ROOT / "target/release/runner"
SECONDS = 10
USERS = (1, 20, 300)
TRIES = 3
SCENARIO = """
name = "speed"
time = "{time}"
duration = "{seconds}s"
[nodes.server]
behavior = "chat.server"
[nodes.user]
count = {users}
behavior = "chat.client"
[nodes.user.config]
actions = 100000000
think = "0s"
weights = {{ send = 1, list = 0, receive = 0, logout = 0, drop = 0, delete = 0 }}
[[links]]
between = ["user", "server"]
latency = "{latency}"
"""


def run(folder, **what):
    """Messages that users got, and seconds of processor time and of the clock."""
    scenario, out = folder / "speed.toml", pathlib.Path(tempfile.mkdtemp(dir=folder)) / "out"
    scenario.write_text(SCENARIO.format(**what))
    words = [RUNNER, scenario, "--log", "off", "--no-report", "--quiet", "--out", out]
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"the runner ended with the status {status}")
    with open(out / "summary.csv", newline="") as file:
        got = sum(int(float(row["gets_final"])) for row in csv.DictReader(file) if row["gets_final"])
    with open(out / "runs.csv", newline="") as file:
        wall = float(next(csv.DictReader(file))["wall_s"])
    return got, usage.ru_utime + usage.ru_stime, wall


def main():
    rows = []
    machine = f"{figures.machine()} {figures.busy()}"
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for users in USERS:
            tries = [run(folder, time="real", seconds=SECONDS, users=users, latency="0s") for _ in range(TRIES)]
            rates = sorted(got / SECONDS for got, _, _ in tries)
            cpu = sorted(seconds / got * 1e6 for got, seconds, _ in tries)
            rows.append([f"real, {users}", f"{rates[-1]:,.0f}", f"{rates[0]:,.0f}", f"{cpu[0]:.0f}"])
        tries = [run(folder, time="virtual", seconds=200, users=20, latency="1ms") for _ in range(TRIES)]
        rates = sorted(got / wall for got, _, wall in tries)
        cpu = sorted(seconds / got * 1e6 for got, seconds, _ in tries)
        rows.append(["virtual, 20", f"{rates[-1]:,.0f}", f"{rates[0]:,.0f}", f"{cpu[0]:.1f}"])
    head = ["time, users", f"delivered per second, best of {TRIES}", "worst", "processor time per message [us]"]
    text = f"{machine}\n\n{figures.table(head, rows)}"
    figures.write("plugins/chat/README.md", "speed", "python3 plugins/chat/speed.py", ["plugins/chat/speed.py"], text)


if __name__ == "__main__":
    main()
