"""Many cases and many runs: the table that the reader arranges, lines, distributions, findings.

What is shown is compared with summary.csv and runs.csv, by code of its own: of each run the mean
over its nodes, then the statistics over the runs of a case.
"""

import collections
import csv
import re
import statistics
import unittest

from pages import Reports

MATRIX = "scenarios/clock-matrix.toml"
LAB = "scenarios/clock-5runs.toml"
CANARY = "scenarios/canary-property.toml"
# Three axes, runs that fail, and other numbers of runs.
THREE = """
name = "three"
runs = {runs}
duration = "5s"
seed = 3
[nodes.machine]
count = 2
behavior = "clock.machine"
tick_rate = 3
config = {{ faces = 10 }}
[[links]]
between = ["machine", "machine"]
latency = "1ms"
[[expect]]
metric = "queue_max"
at_most = 2
[matrix.axes.faces]
path = "nodes.machine.config.faces"
values = [3, 8, 30]
[matrix.axes.rates]
path = "nodes.machine.tick_rate"
values = [3, {{ uniform_int = [1, 12] }}]
labels = ["same", "wide"]
[matrix.axes.latency]
path = "links.0.latency"
values = ["1ms", "1s"]
"""


def values(results, metric):
    """Of each case its runs with the mean over their nodes."""
    sums = collections.defaultdict(list)
    with open(results / "summary.csv", newline="") as text:
        for row in csv.DictReader(text):
            if row[metric] != "":
                sums[row["case"], int(row["run"])].append(float(row[metric]))
    cases = collections.defaultdict(dict)
    for (case, run), of_nodes in sums.items():
        cases[case][run] = sum(of_nodes) / len(of_nodes)
    return cases


def axes(case):
    return dict(part.split("=") for part in case.split(","))


def table(page, at=0):
    """A pivot table as text: its heads, and its cells by the heads of row and column."""
    return page.evaluate("""(at) => { const table = document.querySelectorAll('#matrix table.pivot')[at];
        const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells].map((it) => it.textContent);
        const rows = [...table.tBodies[0].rows].map((row) => [...row.cells].map((it) => it.firstChild ? it.firstChild.textContent : ''));
        return { caption: table.caption.textContent, heads, rows }; }""", at)


class Cases(Reports):
    def three(self, runs=12, *options):
        file = self.folder / f"three-{runs}.toml"
        file.write_text(THREE.format(runs=runs))
        return self.results(file, *options, code=1)

    def of_matrix(self, page):
        return page.evaluate("notebook.matrix()")

    def test_cells_are_the_statistics_of_the_runs_wherever_the_axes_are(self):
        results = self.results(MATRIX)
        page = self.page(results)
        for metric in ("queue_max", "clock_drift_max"):
            page.locator("#matrix-metric").select_option(label=metric)
            of = values(results, metric)
            for name, statistic in (("mean", statistics.mean), ("median", statistics.median), ("greatest", max)):
                page.locator("#matrix-statistic").select_option(label=name)
                shown = table(page)
                self.assertEqual(shown["heads"], ["faces", "same", "narrow", "wide"])
                seen = 0
                for faces, *cells in shown["rows"]:
                    for rates, cell in zip(("same", "narrow", "wide"), cells):
                        runs = of.get(f"faces={faces},rates={rates}")
                        if runs is None:
                            self.assertEqual(cell, "")
                            continue
                        places = len(cell.partition(".")[2])
                        self.assertAlmostEqual(float(cell.replace(",", "")), statistic(runs.values()), delta=0.51 * 10**-places)
                        seen += 1
                self.assertEqual(seen, len(of))
        before = table(page)
        page.get_by_text("swap rows and columns").click()
        after = table(page)
        self.assertEqual(after["heads"], ["rates", "20", "10", "5", "4"])
        self.assertEqual([row[1] for row in after["rows"]], before["rows"][0][1:])
        # An axis with a table for each value.
        page.locator("#matrix select[data-axis=faces]").select_option("tables")
        self.assertEqual(page.locator("#matrix table.pivot").count(), 4)
        self.assertTrue(table(page, 1)["caption"].startswith("faces=10: "))
        # Without columns, the statistics are side by side.
        self.assertEqual(table(page)["heads"][:3], ["rates", "n", "mean"])
        self.assertEqual(self.of_matrix(page)["places"], {"faces": "tables", "rates": "rows"})

    def test_the_share_of_failed_runs_comes_first_if_runs_fail(self):
        results = self.three()
        page = self.page(results)
        self.assertEqual(self.of_matrix(page)["metric"], "share")
        failed, runs = collections.Counter(), collections.Counter()
        with open(results / "runs.csv", newline="") as text:
            for row in csv.DictReader(text):
                runs[row["case"]] += 1
                failed[row["case"]] += row["verdict"] == "failed"
        self.assertGreater(sum(failed.values()), 0)
        # Three axes: a table for each value of the third.
        self.assertEqual(page.locator("#matrix table.pivot").count(), 2)
        seen = 0
        for cell in page.locator("#matrix [data-case]").all():
            case, shown = cell.get_attribute("title").split(": ", 1)
            self.assertAlmostEqual(float(shown.split(" %")[0]), 100 * failed[case] / runs[case], delta=0.06)
            seen += 1
        self.assertEqual(seen, len(runs))
        finding = page.locator("#matrix .finding").inner_text()
        self.assertEqual(finding, f"Runs failed in {sum(1 for it in failed.values() if it)} of {len(runs)} cases, {sum(failed.values())} in all.")

    def test_keys_move_between_cells_and_choose_cases(self):
        page = self.page(self.results(MATRIX))
        page.locator("#matrix-metric").focus()
        page.keyboard.press("ArrowDown")
        self.assertEqual(self.of_matrix(page)["metric"], page.locator("#matrix-metric option:checked").inner_text())
        for _ in range(20):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.dataset.case !== undefined"):
                break
        place = lambda: page.evaluate("document.activeElement.title.split(': ')[0]")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Home")
        self.assertEqual(place(), "faces=20,rates=same")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowRight")
        self.assertEqual(place(), "faces=10,rates=narrow")
        page.keyboard.press("Enter")
        self.assertEqual(self.of_matrix(page)["chosen"], ["faces=10,rates=narrow"])
        page.keyboard.press("ArrowRight")
        page.keyboard.press(" ")
        self.assertEqual(self.of_matrix(page)["chosen"], ["faces=10,rates=narrow", "faces=10,rates=wide"])
        self.assertEqual(page.locator("#matrix .panel table.runs tbody tr").count(), 2)
        # The whole page, not a cell, holds the focus order: one cell can be reached by Tab.
        self.assertEqual(page.locator("#matrix [data-case][tabindex='0']").count(), 1)
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("End")
        self.assertEqual(place(), "faces=20,rates=wide")

    def test_points_and_bars_are_medians_and_their_order_statistics(self):
        results = self.results(MATRIX)
        page = self.page(results)
        page.locator("#matrix-metric").select_option(label="queue_max")
        page.locator("#matrix-statistic").select_option(label="median")
        of = values(results, "queue_max")
        titles = page.locator("#matrix .curves circle title").all_text_contents()
        self.assertEqual(len(titles), len(of))
        for title in titles:
            case, median, low, high, holds = re.fullmatch(r"(\S+): (\S+), (\S+) … (\S+) \((\S+) %\)", title).groups()
            runs = sorted(of[case].values())
            # Of ten values the second to the ninth: 1 - 2 * 11 / 2^10.
            self.assertAlmostEqual(float(median), statistics.median(runs), delta=0.01)
            self.assertAlmostEqual(float(low), runs[1], delta=0.01)
            self.assertAlmostEqual(float(high), runs[8], delta=0.01)
            self.assertAlmostEqual(float(holds), 97.85, delta=0.011)
        bars = page.locator("#matrix .panels path[class^='pl c']").count()
        self.assertEqual(bars, len(of) + 3, "a bar for each case, and three lines")

    def test_notable_cases_are_there_at_first_by_the_rule(self):
        for results, metric in ((self.results(MATRIX), "clock_jump_mean"), (self.three(), "queue_max")):
            page = self.page(results)
            means = {case: statistics.mean(runs.values()) for case, runs in values(results, metric).items()}
            failed = collections.Counter()
            with open(results / "runs.csv", newline="") as text:
                for row in csv.DictReader(text):
                    failed[row["case"]] += row["verdict"] == "failed"
            middle = sorted(means.values())[len(means) // 2]
            wanted = [max(means, key=means.get), min(means, key=lambda it: abs(means[it] - middle)), min(means, key=means.get)]
            if sum(failed.values()):
                wanted.insert(0, max(failed, key=failed.get))
            distinct = list(dict.fromkeys(wanted))[:3]
            self.assertEqual(self.of_matrix(page)["chosen"], distinct)
            self.assertIn("Notable are", page.locator("#matrix .panel").inner_text())
            # The plots over time are of these.
            text = (results / "report.md").read_text()
            for case in distinct:
                self.assertIn(f"Clocks over time, case {case}", text.replace("\\", ""))
            self.assertEqual(text.count("](plots/clocks-case-"), 3)
            other = next(case for case in means if case not in distinct)
            page.locator(f"#matrix [data-case][title^='{other}:']").click()
            self.assertEqual(self.of_matrix(page)["chosen"], [other])
            page.get_by_text("the notable cases").last.click()
            self.assertEqual(self.of_matrix(page)["chosen"], distinct)

    def test_distributions_follow_the_number_of_runs(self):
        for runs, kind in ((12, "dots"), (31, "box"), (301, "steps")):
            results = self.three(runs, "--log", "off")
            page = self.page(results, wait=False)
            state = self.of_matrix(page)
            self.assertEqual(state["kind"], kind)
            # A run in which no message was received has no queue.
            known = sum(len(values(results, "queue_max")[case]) for case in state["chosen"])
            self.assertGreater(known, 2 * runs)
            if kind != "box":
                self.assertEqual(state["drawn"], known)
            self.assertIn("Up to 30 runs", page.locator("#matrix .spread figcaption").inner_text())
            # Each run is there, whatever the reader chooses.
            page.get_by_role("button", name="a dot for each run", exact=True).click()
            self.assertEqual(self.of_matrix(page)["drawn"], known)
            lowest = page.locator("#matrix table.runs tbody tr").first.locator("td").nth(2).inner_text()
            of = values(results, "queue_max")[state["chosen"][0]]
            run = min(of, key=lambda it: (of[it], it))
            self.assertEqual(lowest, f"{of[run]:.2f}: run {run}")

    def test_a_run_of_a_case_is_one_click_from_its_diagram(self):
        page = self.page(self.results(MATRIX))
        # The first run of each case is in the diagram.
        page.locator("#matrix [data-case][title^='faces=4,rates=wide:']").click()
        mark = page.locator("#matrix .spread [data-run='91']")
        mark.click()
        page.wait_for_function("notebook.state().run === 91")
        page.locator("#matrix [data-case][title^='faces=20,rates=narrow:']").click()
        link = page.locator("#matrix table.runs a").first
        run = link.inner_text().split()[1]
        link.click()
        page.wait_for_function(f"notebook.state().run === {run}")
        runs = self.page(self.results(LAB))
        runs.locator("#jumps svg [data-run='4']").first.click()
        runs.wait_for_function("notebook.state().run === 4")

    def test_each_table_has_a_finding_above_it_and_is_sorted_by_a_click(self):
        for results in (self.results(MATRIX), self.results(CANARY, code=1), self.results(LAB)):
            page = self.page(results)
            bare = page.evaluate("""() => [...document.querySelectorAll('main section .scroll > table')]
                .filter((it) => !it.closest('#matrix, #diagram, .mine'))
                .filter((it) => { const home = it.closest('details'); const above = it.parentElement.previousElementSibling;
                    const finding = home ? home.querySelector('summary .finding') : above && above.classList.contains('finding') ? above : null;
                    return finding === null || finding.textContent.length < 8; })
                .map((it) => it.tHead.textContent)""")
            self.assertEqual(bare, [])
            unsorted = page.evaluate("""() => [...document.querySelectorAll('main section .scroll > table')]
                .filter((it) => !it.closest('#matrix, .mine') && it.tBodies[0].rows.length > 1 && it.querySelectorAll('th button.sort').length !== it.tHead.rows[0].cells.length)
                .map((it) => it.tHead.textContent)""")
            self.assertEqual(unsorted, [])

    def test_without_scripts_and_in_print_the_still_pictures_are_there(self):
        page = self.page(self.results(MATRIX))
        still = page.locator("#cases > figure").first
        self.assertFalse(still.is_visible())
        page.emulate_media(media="print")
        self.assertTrue(still.is_visible())
        self.assertFalse(page.locator("#matrix").is_visible())
        plain = self.page(self.results(MATRIX), java_script_enabled=False)
        self.assertGreaterEqual(plain.locator("#cases > figure").count(), 5)
        self.assertTrue(plain.locator("#cases > figure").first.is_visible())
        self.assertFalse(plain.locator("#matrix").is_visible())

    def test_a_phone_needs_no_scrolling_sideways(self):
        page = self.page(self.three(), viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
        self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), 360)
        wide = page.evaluate("[...document.querySelectorAll('#matrix *')].filter((it) => it.getBoundingClientRect().right > innerWidth + 1 && !it.closest('.scroll')).map((it) => it.outerHTML.slice(0, 90))")
        self.assertEqual(wide, [])


if __name__ == "__main__":
    unittest.main()
