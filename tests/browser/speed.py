"""How fast the diagram opens and zooms.

    python3 tests/browser/speed.py            # 1,000,000 messages: bounds in seconds and frames
    python3 tests/browser/speed.py --small    # 100,000 against 10,000: ratios, for any machine

Measured in Chromium: from the request for the page to the first picture of the whole run; the
median and the 90th percentile of the times between frames while the wheel zooms in and out;
from a click on a step to its cone.
"""

import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from pages import CHROMIUM, RUNNER, missing, sync_playwright

SCENARIO = """
name = "messages"
runs = 1
duration = "{seconds}s"
seed = 5

[nodes.machine]
count = 20
behavior = "clock.machine"
tick_rate = 1000
config = {{ faces = 3 }}

[[links]]
between = ["machine", "machine"]
latency = {{ exponential = {{ mean = "3ms" }} }}
loss = 0.0001

[[faults]]
at = "40%"
for = "10ms"
crash = ["machine-7"]
"""
OPENS_S = 3.0
FRAMES_PER_S = 30.0
CONE_S = 1.0
# A frame has the same number of pixels: at most so much longer with ten times the messages.
RATIO = 2.5


def results(folder, messages):
    """A report of a run with about so many messages."""
    file = pathlib.Path(folder) / f"messages-{messages}.toml"
    # 20 machines send about 11,400 messages a second.
    seconds = messages / 11_400
    file.write_text(SCENARIO.format(seconds=f"{seconds:.3f}").replace('"40%"', f'"{0.4 * seconds:.3f}s"'))
    out = pathlib.Path(folder) / f"out-{messages}"
    subprocess.run([RUNNER, str(file), "-q", "--out", str(out)], check=True)
    return out


FRAMES = """(count) => new Promise((done) => {
    const times = [];
    const next = (time) => { times.push(time); times.length < count ? requestAnimationFrame(next) : done(times); };
    requestAnimationFrame(next);
})"""


def measure(browser, out):
    """Opens, zooms and clicks: what each took."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    begin = time.monotonic()
    page.goto(f"file://{out}/report.html")
    page.wait_for_function("notebook.state() && notebook.state().legend !== ''")
    opened = time.monotonic() - begin
    state = page.evaluate("notebook.state()")
    canvas = page.locator("#diagram canvas.lanes")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 600, box["y"] + 200)
    frames = []
    for direction in (-1, 1):
        page.evaluate(f"window.frames_ = ({FRAMES})(100); undefined")
        spans = []
        for _ in range(40):
            page.mouse.wheel(0, 100 * direction)
            spans.append(page.evaluate("(({from_ns, until_ns}) => until_ns - from_ns)(notebook.state())"))
        assert (spans[-1] < spans[0] / 20) == (direction < 0), "the wheel does not zoom"
        times = page.evaluate("window.frames_")
        frames += [later - earlier for earlier, later in zip(times, times[1:])]
    cone = page.evaluate("""() => new Promise((done) => {
        const begin = performance.now();
        location.hash = '#run=1&step=machine-3:200';
        const look = () => notebook.state().lit ? done(performance.now() - begin) : setTimeout(look, 1);
        look();
    })""")
    page.close()
    size = sum(file.stat().st_size for file in [out / "report.html", *out.glob("data/*")])
    return {
        "messages": state["messages"], "rows": state["rows"], "MiB": size / 2**20, "opens_s": opened,
        "frame_ms": statistics.median(frames), "frame_p90_ms": statistics.quantiles(frames, n=10)[-1],
        "frames_per_s": 1000 * len(frames) / sum(frames), "cone_s": cone / 1000,
    }


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--small", action="store_true")
    small = arguments.parse_args().small
    if missing():
        sys.exit(f"not measured: {missing()}")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        counts = [10_000, 100_000] if small else [1_000_000]
        measured = [measure(browser, results(folder, count)) for count in counts]
        browser.close()
    for figures in measured:
        print("; ".join(f"{name} {value:,.2f}" if isinstance(value, float) else f"{name} {value:,}" for name, value in figures.items()))
    wrong = []
    last = measured[-1]
    if small:
        few = measured[0]
        if last["frame_ms"] > RATIO * max(few["frame_ms"], 17):
            wrong.append(f"a frame takes more than {RATIO} times as long with ten times the messages")
        if last["opens_s"] > 10 * few["opens_s"]:
            wrong.append("the time to open grows faster than the messages")
    else:
        for name, bound, ok in (("opens_s", OPENS_S, last["opens_s"] < OPENS_S), ("frames_per_s", FRAMES_PER_S, last["frames_per_s"] >= FRAMES_PER_S), ("cone_s", CONE_S, last["cone_s"] < CONE_S)):
            if not ok:
                wrong.append(f"{name} is {last[name]:.2f}, the bound is {bound}")
    # An empty text would be exit code 1.
    sys.exit("\n".join(wrong) or None)


if __name__ == "__main__":
    main()
