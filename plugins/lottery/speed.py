"""Measures how fast bets are stored, and the memory that this needs.

    cargo build --release
    python3 plugins/lottery/speed.py [target/release/runner [BETS_IN_MILLIONS]]

Writes into README.md the bets stored per second in real time, with agencies and central as nodes of one
process that communicate over TCP, with 5 and 50 agencies, without and with `sync`. For
comparison, it gives the speed of the disk alone: batches of the same size, each appended and
flushed. Then follows the peak memory of runs in virtual time with 1 %, 10 % and 100 % of
BETS_IN_MILLIONS (default 10), which shows whether memory grows with the number of bets.
"""

import csv
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests"))
import figures  # noqa: E402

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
latency = "{latency}"
{check}"""


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
    """Batches per second, each appended and flushed to the disk."""
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


def main():
    machine = f"{figures.machine()} {figures.busy()}"
    real, virtual = [], []
    with tempfile.TemporaryDirectory(dir=".") as folder:
        alone = disk(folder) * 130
        real.append(["the disk alone, each batch flushed", "", f"{alone:,.0f}"])
        print(f"the disk alone: {alone:12,.0f} bets/s, in batches of 130")
        for sync, total in [("false", 1_000_000), ("true", 400_000)]:
            for agencies in (5, 50):
                each = total // agencies
                what = dict(time="real", sync=sync, agencies=agencies, each=each, check="", latency="0s")
                best = min(run(folder, **what)[0] for _ in range(3))
                print(f"{agencies:2} agencies, sync = {sync:5}: {total / best:12,.0f} bets/s (best of 3)")
                name = f"{agencies} agencies" + (", `sync = true`" if sync == "true" else "")
                real.append([name, f"{total / best / alone:.1f}", f"{total / best:,.0f}"])
        checked = '[[check]]\ncheck = "lottery.complete"\n'
        for millions, check in [
            (MILLIONS / 100, ""), (MILLIONS / 10, ""), (MILLIONS, ""), (MILLIONS, checked)
        ]:
            each = int(millions * 200_000)
            what = dict(time="virtual", sync="false", agencies=5, each=each, check=check, latency="1ms")
            wall, memory, size = run(folder, **what)
            name = f"{5 * each:,} bets" + (", with `lottery.complete`" if check else "")
            virtual.append([name, f"{memory / (size / 1e6):.2f}", f"{size / 1e6:.1f} MB", f"{memory:.1f} MB", f"{wall:.2f} s"])
            print(*virtual[-1], sep="  ")
    text = "\n".join([
        machine, "",
        figures.table(["in real time, best of 3", "bets / disk alone", "bets per second"], real),
        figures.table(["in virtual time", "memory / file", "`bets.csv`", "peak memory of the process",
                       "time of the process"], virtual),
    ])
    source = "plugins/lottery/speed.py"
    figures.write("plugins/lottery/README.md", "speed", f"python3 {source}", [source], text)


if __name__ == "__main__":
    main()
