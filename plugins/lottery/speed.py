"""How fast bets are stored, and in how much memory.

    cargo build --release
    python3 plugins/lottery/speed.py [target/release/runner [BETS_IN_MILLIONS]]

Prints bets stored per second in real time, agencies and central as nodes of one
process that talk over TCP, with 5 and 50 agencies, without and with `sync`; beside it what
the disk alone does: batches of that size appended and brought to the disk, one by one. Then the
peak memory of a run in virtual time with so many million bets (default 10), by the number
of bets, so that it can be seen what it depends on.
"""

import csv
import os
import subprocess
import sys
import tempfile
import time

RUNNER = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/release/runner")
MILLIONS = float(sys.argv[2] if len(sys.argv) > 2 else 10)

SCENARIO = """
name = "speed"
time = "{time}"

[nodes.central]
behavior = "lottery.central"
config = {{ announce = "none", sync = {sync} }}

[nodes.agency]
count = {agencies}
behavior = "lottery.agency"
config = {{ generate = {each}, announce = "none", backoff = "10ms" }}

[[links]]
between = ["agency", "central"]
"""


def run(folder, **what):
    """Seconds from the first bet to the draw, and the peak memory in MB."""
    scenario = os.path.join(folder, "speed.toml")
    with open(scenario, "w") as file:
        file.write(SCENARIO.format(**what))
    out = tempfile.mkdtemp(dir=folder)
    command = [RUNNER, scenario, "--no-report", "-q", "--out", os.path.join(out, "results")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    began = time.monotonic()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    assert status == 0, status
    run = os.path.join(out, "results", "runs", "0001")
    with open(os.path.join(run, "central.csv"), newline="") as file:
        rows = {}
        for row in csv.DictReader(file):
            rows.setdefault(row["event"], int(row["time_ns"]))
    with open(os.path.join(run, "bets.csv"), "rb") as file:
        stored = sum(part.count(b"\n") for part in iter(lambda: file.read(1 << 20), b""))
    assert stored == what["agencies"] * what["each"], stored
    size = os.path.getsize(os.path.join(run, "bets.csv"))
    subprocess.run(["rm", "-r", out], check=True)
    span = (rows["drawn"] - rows["receive"]) / 1e9
    return span if what["time"] == "real" else wall, usage.ru_maxrss / 1024, size


def disk(folder, seconds=2):
    """Batches per second that are appended and brought to the disk, one by one."""
    path, batch = os.path.join(folder, "disk"), os.urandom(5900)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    count, began = 0, time.monotonic()
    while time.monotonic() - began < seconds:
        os.write(file, batch)
        os.fdatasync(file)
        count += 1
    os.close(file)
    os.remove(path)
    return count / seconds


with tempfile.TemporaryDirectory(dir=".") as folder:
    print(f"the disk alone: {disk(folder) * 130:12,.0f} bets/s, in batches of 130")
    for sync, total in [("false", 1_000_000), ("true", 400_000)]:
        for agencies in (5, 50):
            each = total // agencies
            runs = [
                run(folder, time="real", sync=sync, agencies=agencies, each=each) for _ in range(3)
            ]
            best = min(span for span, *_ in runs)
            print(f"{agencies:2} agencies, sync = {sync:5}: {total / best:12,.0f} bets/s (best of 3)")
    for millions in (MILLIONS / 100, MILLIONS / 10, MILLIONS):
        each = int(millions * 200_000)
        wall, memory, size = run(folder, time="virtual", sync="false", agencies=5, each=each)
        print(
            f"{millions:4} million bets ({size / 1e6:6.1f} MB): peak memory {memory:6.1f} MB,"
            f" {wall:6.2f} s as a whole process"
        )
