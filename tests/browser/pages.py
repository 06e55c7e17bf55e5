"""Reports in a real browser, and their logs as Python reads them.

A test opens a report, reads what is in view (`notebook.state()`), sends a real event of a
wheel, pointer or key, and reads again. What it compares with comes from the CSV logs, by code
of its own: see `Logs`.
"""

import csv
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
RUNNER = os.environ.get("RUNNER", str(ROOT / "target/debug/runner"))
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
OUTSIDE_A_STEP = {"start", "drop", "connect", "disconnect", "stop", "crash", "restart"}

try:
    from playwright.sync_api import sync_playwright
except ImportError:
    sync_playwright = None


def missing():
    """Why there is no browser; None if there is one."""
    if sync_playwright is None:
        return "the Python package `playwright` is not installed"
    return None if CHROMIUM else "there is no `chromium`"


class Reports(unittest.TestCase):
    """Tests with one browser. Each test has pages of its own."""

    @classmethod
    def setUpClass(cls):
        why = missing()
        if why and "CI" in os.environ:
            raise AssertionError(why)
        if why:
            raise unittest.SkipTest(why)
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="browser-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.playwright = sync_playwright().start()
        cls.addClassCleanup(cls.playwright.stop)
        cls.browser = cls.playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.complaints = []

    def tearDown(self):
        self.assertEqual(self.complaints, [], "the page complains, or asks the network")

    @classmethod
    def results(cls, scenario, *options, code=0):
        """The results of a scenario, which exits with `code`; made once for all tests of a class."""
        out = cls.folder / f"{pathlib.Path(scenario).stem}{'-'.join(options).replace('/', '_')}"
        if not out.exists():
            command = [RUNNER, str(ROOT / scenario), "-q", "--out", str(out), *options]
            done = subprocess.run(command, cwd=cls.folder, capture_output=True, text=True)
            assert done.returncode == code, done.stderr
        return out

    def page(self, results, address="", wait=True, init=None, **options):
        """A page with a report, once its rows are there; `init` is a script that runs before it."""
        options.setdefault("viewport", {"width": 1200, "height": 900})
        context = self.browser.new_context(**options)
        self.addCleanup(context.close)
        page = context.new_page()
        if init:
            page.add_init_script(init)
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("request", lambda request: None if request.url.startswith("file:") else self.complaints.append(request.url))
        page.goto(f"file://{results}/report.html{address}")
        if wait and options.get("java_script_enabled", True):
            page.wait_for_function("notebook.state() && notebook.state().legend !== ''")
        return page

    def state(self, page):
        """What is in view, after the page has drawn."""
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return page.evaluate("notebook.state()")

    def lanes(self, page):
        """The canvas of the diagram, in view: x, y, width, height."""
        canvas = page.locator("#diagram canvas.lanes")
        canvas.scroll_into_view_if_needed()
        return canvas.bounding_box()

    def point(self, page, node, row):
        """Where a row is on the screen."""
        box = self.lanes(page)
        x, y = page.evaluate("([node, row]) => notebook.pointOf(node, row)", [node, row])
        return box["x"] + x, box["y"] + y


def span(state):
    return state["until_ns"] - state["from_ns"]


class Logs:
    """The logs of a run: by node, its rows in the order of its file."""

    def __init__(self, results, run=1):
        folder = pathlib.Path(results) / "runs" / f"{run:04}"
        self.nodes = {}
        for file in sorted(folder.glob("*.csv")):
            with open(file, newline="") as text:
                rows = csv.DictReader(text)
                # Behaviors write other tables.
                if rows.fieldnames[:4] == ["time_ns", "step", "event", "peer"]:
                    self.nodes[file.stem] = list(rows)

    def rows(self):
        return [(node, row) for node, rows in self.nodes.items() for row in rows]

    def steps(self):
        """The steps of each node: lists of indices of rows. A row outside a step is one alone."""
        steps = {}
        for node, rows in self.nodes.items():
            groups = steps[node] = []
            before = None
            for at, row in enumerate(rows):
                key = None if row["event"] in OUTSIDE_A_STEP else row["step"]
                if key is not None and key == before:
                    groups[-1].append(at)
                else:
                    groups.append([at])
                before = key
        return steps

    def cone(self, node, row, forward):
        """The rows of the causal past or future of a row, by node: sets of indices.

        A graph of steps, walked breadth first: each step leads to the next one of its node,
        and each message from the step that sent it to the steps that handled it.
        """
        steps = self.steps()
        step_of = {(name, at): index for name, groups in steps.items() for index, group in enumerate(groups) for at in group}
        edges = {}

        def edge(a, b):
            edges.setdefault(a if forward else b, []).append(b if forward else a)

        for name, groups in steps.items():
            for index in range(1, len(groups)):
                edge((name, index - 1), (name, index))
        sent = {}
        for name, rows in self.nodes.items():
            for at, it in enumerate(rows):
                if it["event"] == "send" and it["message"]:
                    sent[name, it["message"], it["peer"]] = (name, step_of[name, at])
        for name, rows in self.nodes.items():
            for at, it in enumerate(rows):
                sender = sent.get((it["peer"], it["message"], name))
                if it["event"] == "receive" and sender:
                    edge(sender, (name, step_of[name, at]))
        seen = {(node, step_of[node, row])}
        todo = list(seen)
        while todo:
            for other in edges.get(todo.pop(0), []):
                if other not in seen:
                    seen.add(other)
                    todo.append(other)
        lit = {name: set() for name in self.nodes}
        for name, index in seen:
            lit[name].update(steps[name][index])
        return lit
