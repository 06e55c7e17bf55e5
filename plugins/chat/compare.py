#!/usr/bin/env python3
"""Compares the chat protocol with gRPC, and writes the comparison into README.md, with a plot.

    python3 plugins/chat/compare.py             # everything: a release build and half a minute
    python3 plugins/chat/compare.py --no-times  # bytes and lines of code; the times stay as they are

The measurements are in `grpc/benches/compare`.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
import figures  # noqa: E402

README = "plugins/chat/README.md"
COMMAND = "python3 plugins/chat/compare.py"
BENCH = "plugins/chat/grpc/benches/compare"
SOURCES = ["plugins/chat/compare.py"] + [
    f"{BENCH}/{name}.rs" for name in ("main", "bytes", "caller", "counting", "framed", "rpc", "size")
]
CLIENT, SERVER, TIME, LINES = "#0969da", "#54aeff", "#bc4c00", "#57606a"


def measure(times):
    """The fields of each line of the bench, by kind."""
    how = [] if times else ["--profile", "dev"]
    what = [] if times else ["--no-times"]
    words = ["cargo", "bench", "--quiet", "-p", "chat-grpc", "--bench", "compare", *how, "--", *what]
    out = subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = {"bytes": [], "lines": [], "time": []}
    for line in out.splitlines():
        kind, *fields = line.split("\t")
        found[kind].append(fields)
    return found


def earlier():
    """The times in the README, and the line about the machine that measured them."""
    text = figures.between(README, "comparison")
    rows = re.findall(r"^\| ([^|]+) \| [\d.]+ \|.*\| ([\d.]+) \| ([\d.]+) \|$", text, re.M)
    return [list(row) for row in rows], next(line for line in text.splitlines() if line)


def ratio(ours, grpc):
    return f"{float(grpc) / float(ours):.1f}"


def main():
    keep = sys.argv[1:] == ["--no-times"]
    machine = f"{figures.machine()} {figures.busy()}"
    found = measure(not keep)
    if keep:
        found["time"], machine = earlier()
    times = {name: (ours, grpc) for name, ours, grpc in found["time"]}
    rows, plot = [], []
    for name, *numbers in found["bytes"]:
        ours_out, ours_in, grpc_out, grpc_in = map(int, numbers)
        bytes_ratio = ratio(ours_out + ours_in, grpc_out + grpc_in)
        bars = [
            (f"{ratio(a, b)} times the bytes of the {side}", float(ratio(a, b)), color)
            for side, a, b, color in [
                ("client", ours_out, grpc_out, CLIENT), ("server", ours_in, grpc_in, SERVER)
            ]
        ]
        time = ["", "", ""]
        if name in times:
            time = [ratio(*times[name]), *times[name]]
            bars.append((f"{time[0]} times the time", float(time[0]), TIME))
        rows.append([name, bytes_ratio, time[0], ours_out, ours_in, grpc_out, grpc_in, *time[1:]])
        plot.append((name, bars))
    head = ["operation", "bytes, gRPC / ours", "time, gRPC / ours", "ours: client sends", "server sends",
            "gRPC: client sends", "server sends", "ours [us]", "gRPC [us]"]
    lines = [
        [what, ratio(ours, grpc) if int(ours) else "", ours if int(ours) else "", grpc]
        for what, ours, grpc in found["lines"]
    ]
    by_hand = next(line[1] for line in lines if line[0] == "written by hand")
    plot.append(("code written by hand", [(f"{by_hand} times the lines", float(by_hand), LINES)]))
    figures.bars(ROOT / "plugins/chat/comparison.svg", "gRPC, as a multiple of the chat protocol", plot)
    text = "\n".join([
        machine, "", figures.table(head, rows),
        "![gRPC takes more bytes and more time for each operation, and less code](comparison.svg)", "",
        figures.table(["lines of code", "gRPC / ours", "ours", "gRPC"], lines),
    ])
    figures.write(README, "comparison", COMMAND, SOURCES, text, plot="comparison.svg")


if __name__ == "__main__":
    main()
