"""A comparison of two results: its links lead to where the runs part, in the diagram of each."""

import subprocess
import unittest

from pages import RUNNER, Reports

LAB = "scenarios/clock-5runs.toml"


class Compare(Reports):
    def test_the_first_record_that_differs_is_selected_in_both_diagrams(self):
        one, other = self.results(LAB), self.results(LAB, "--set", "nodes.machine.config.faces=4")
        both = self.folder / "both"
        if not both.exists():
            command = [RUNNER, "report", str(one), "--compare", str(other), "--out", str(both)]
            subprocess.run(command, check=True, capture_output=True, timeout=120)
        for number in range(2):
            page = self.browser.new_context(viewport={"width": 1200, "height": 900}).new_page()
            self.addCleanup(page.context.close)
            page.on("pageerror", lambda error: self.complaints.append(str(error)))
            page.goto(f"file://{both}/report.html")
            link = page.locator("#parting td a").nth(number)
            place = link.inner_text().split()[0]
            link.click()
            page.wait_for_function("typeof notebook !== 'undefined' && notebook.state() && notebook.state().selected")
            self.assertIn(["clock-5runs/report.html", "faces%3D4/report.html"][number], page.url.split("#")[0])
            selected = page.evaluate("notebook.state().selected")
            self.assertEqual(f"{selected['node']}:{selected['step']}", place)
            self.assertEqual(page.evaluate("notebook.state().run"), 1)


if __name__ == "__main__":
    unittest.main()
