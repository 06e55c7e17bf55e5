"""How many callbacks a second a program in Python answers: with the module runner_node, and
without it, reading and writing the same lines.

    python3 plugins/process/speed.py target/release/runner

One node in virtual time ticks; each answer sets a column. Five rounds, in turn; the medians
are printed. The start of the interpreter is taken off: it is the time of a run of one tick.
"""

import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

TICKS = 200_000

SCENARIO = """name = "speed"
duration = "{seconds}s"
[nodes.node]
behavior = "process.node"
tick_rate = 1000
[nodes.node.config]
program = ["{python}", "{program}.py"]
columns = [{{ name = "n", kind = "u64" }}]
"""

WITH_MODULE = """import runner_node

class Counter(runner_node.Node):
    def __init__(self):
        self.n = 0

    def tick(self):
        self.n += 1
        self.set(n=self.n)

runner_node.run(Counter)
"""

WITHOUT = """import json, sys
n = 0
for line in sys.stdin.buffer:
    request = json.loads(line)
    if request["type"] == "init":
        answer = {}
    elif request["type"] == "tick":
        n += 1
        answer = [["set", "n", n]]
    else:
        answer = []
    sys.stdout.write(json.dumps(answer) + "\\n")
    sys.stdout.flush()
"""


def main():
    runner = pathlib.Path(sys.argv[1]).resolve()
    module = pathlib.Path(__file__).parent / "../../scenarios/programs/runner_node.py"
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "runner_node.py").write_text(module.read_text())
        (folder / "module.py").write_text(WITH_MODULE)
        (folder / "bare.py").write_text(WITHOUT)

        def seconds(program, ticks):
            text = SCENARIO.format(program=program, python=sys.executable, seconds=ticks / 1000)
            (folder / "speed.toml").write_text(text)
            command = [runner, "speed.toml", "-q", "--no-report", "--log", "off"]
            with tempfile.TemporaryDirectory() as out:
                begin = time.perf_counter()
                subprocess.run([*command, "--out", f"{out}/r"], cwd=folder, check=True)
                return time.perf_counter() - begin

        def rate(program):
            return TICKS / (seconds(program, TICKS) - seconds(program, 1))

        rounds = [(rate("module"), rate("bare")) for _ in range(5)]
    with_module, without = (statistics.median(column) for column in zip(*rounds))
    ratio = statistics.median(a / b for a, b in rounds)
    print(f"callbacks a second: {with_module:.0f} with runner_node, {without:.0f} without it")
    print(f"ratio: {ratio:.2f}")


main()
