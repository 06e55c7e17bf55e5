#!/usr/bin/env python3
"""Compares the key-value store behind its Redis listener with redis-server, in one run.

    python3 tests/peers/kv.py [ROUNDS]

Both listen on loopback and keep nothing on disk. redis-benchmark asks them in turns, ROUNDS times
(default 5): set and get, over 1 and 50 connections, one command at a time and 16 at once. Writes
the speed of the store as a share of redis-server's (the median of the rounds), the requests per
second of each, and those of the same store in virtual time, into plugins/kv/README.md. Needs
redis-server and redis-benchmark. Not part of the build or the tests.
"""

import csv
import io
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
import figures  # noqa: E402

SCENARIO = """
name = "kv-peers"
time = "real"
[nodes.server]
behavior = "kv.server"
listen = [{ tcp = "127.0.0.1:0", framing = "resp" }]
"""
VIRTUAL = """
name = "kv-virtual"
[nodes.client]
count = 20
behavior = "kv.client"
config = { operations = 20000, keys = 1000 }
[nodes.server]
behavior = "kv.server"
[[links]]
between = ["client", "server"]
latency = "1ms"
"""
# Connections, commands at once, requests.
SETTINGS = [(1, 1, 50_000), (1, 16, 300_000), (50, 1, 100_000), (50, 16, 500_000)]


def runner(folder, text):
    scenario = folder / "scenario.toml"
    scenario.write_text(text)
    return [ROOT / "target/release/runner", scenario, "--no-report", "--log", "off"]


def benchmark(host, port, connections, pipeline, requests):
    out = subprocess.run(
        ["redis-benchmark", "-h", host, "-p", str(port), "-t", "set,get", "-c", str(connections),
         "-P", str(pipeline), "-n", str(requests), "--csv"],
        check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ).stdout
    rows = csv.DictReader(io.StringIO(out[out.index('"test"'):]))
    return {row["test"]: float(row["rps"]) for row in rows}


def own_host():
    """A loopback address that no other process has: any port below the ephemeral ones is free."""
    return ".".join(["127", *map(str, (os.getpid() << 2).to_bytes(3, "big"))])


def await_listener(address):
    for _ in range(6000):
        with socket.socket() as s:
            if s.connect_ex(address) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"nothing listens at {address}")


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    subprocess.run(["cargo", "build", "--release"], cwd=ROOT, check=True)
    machine = f"{figures.machine()} {figures.busy()}"
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        redis_at = (own_host(), 6379)
        redis = subprocess.Popen(
            ["redis-server", "--port", str(redis_at[1]), "--bind", redis_at[0], "--save", "",
             "--protected-mode", "no", "--appendonly", "no", "--dir", folder], stdout=subprocess.DEVNULL,
        )
        store = subprocess.Popen(
            [*runner(folder, SCENARIO), "--out", folder / "out"], stdout=subprocess.PIPE, text=True,
        )
        try:
            line = next(line for line in store.stdout if "listens on" in line)
            kv_at = ("127.0.0.1", int(re.search(r":(\d+) ", line)[1]))
            await_listener(redis_at)
            rows = measure({"redis": redis_at, "kv": kv_at}, rounds)
        finally:
            for process in (redis, store):
                process.terminate()
                process.wait()
        speeds = []
        for number in range(rounds):
            out = folder / f"virtual-{number}"
            subprocess.run([*runner(folder, VIRTUAL), "--quiet", "--out", out], check=True)
            run = next(csv.DictReader(open(out / "runs.csv")))
            speeds.append(int(run["messages"]) / 2 / float(run["wall_s"]))
    speed = f"{statistics.median(speeds):,.0f}"
    print(f"\nvirtual time, 20 clients: {speed} requests/s")
    version = subprocess.run(["redis-server", "--version"], check=True, stdout=subprocess.PIPE, text=True)
    version = re.search(r"v=(\S+)", version.stdout)[1]
    head = ["connections, pipelined commands", "set, kv / redis", "get, kv / redis", "kv set/s", "kv get/s",
            f"redis {version} set/s", "get/s"]
    virtual = figures.table(["in virtual time", "requests per second"], [["20 clients", speed]])
    text = f"{machine}\n\n{figures.table(head, rows)}\n{virtual}"
    source = "tests/peers/kv.py"
    figures.write("plugins/kv/README.md", "speed", f"python3 {source}", [source], text)


def measure(listeners, rounds):
    """The rows of the table: shares of redis-server's speed first, then the speeds."""
    print(f"{'connections':>11} {'at once':>7} {'':4} {'redis/s':>10} {'kv/s':>10} {'kv/redis':>9}")
    rows = []
    for connections, pipeline, requests in SETTINGS:
        found = {"redis": [], "kv": []}
        for _ in range(rounds):
            for name, address in listeners.items():
                found[name].append(benchmark(*address, connections, pipeline, requests))
        ratios, speeds = [], {"kv": [], "redis": []}
        for test in ("SET", "GET"):
            redis, kv = ([it[test] for it in found[name]] for name in ("redis", "kv"))
            ratios.append(f"{statistics.median(k / r for k, r in zip(kv, redis)):.2f}")
            for name, each in (("kv", kv), ("redis", redis)):
                speeds[name].append(f"{statistics.median(each):,.0f}")
            print(f"{connections:>11} {pipeline:>7} {test:4} {speeds['redis'][-1]:>10} "
                  f"{speeds['kv'][-1]:>10} {ratios[-1]:>9}", flush=True)
        rows.append([f"{connections}, {pipeline}", *ratios, *speeds["kv"], *speeds["redis"]])
    return rows


if __name__ == "__main__":
    main()
