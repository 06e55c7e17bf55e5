"""The report on paper, for a hand-in: as the page is printed, and by `report --pdf`."""

import os
import re
import subprocess
import unittest

from pages import CHROMIUM, ROOT, RUNNER, Reports

LAB = "scenarios/clock-5runs.toml"
CLOSED = "document.querySelectorAll('details:not([open])').length"


class Print(Reports):
    def test_what_is_folded_is_open_on_paper_and_folded_afterwards(self):
        page = self.page(self.results(LAB))
        folded = page.evaluate(CLOSED)
        self.assertGreater(folded, 2)
        page.evaluate(f"window.addEventListener('beforeprint', () => {{ window.closed = {CLOSED}; }})")
        page.pdf()
        self.assertEqual(page.evaluate("window.closed"), 0)
        self.assertEqual(page.evaluate(CLOSED), folded)

    def test_the_button_prints(self):
        page = self.page(self.results(LAB))
        page.evaluate("window.print = () => { window.asked = true; }")
        page.get_by_role("button", name="Print for the hand-in").click()
        self.assertTrue(page.evaluate("window.asked"))

    def test_tables_repeat_their_heads_and_nothing_is_cut_off(self):
        page = self.page(self.results(LAB))
        # An A4 page without its margins.
        page.set_viewport_size({"width": 680, "height": 980})
        page.emulate_media(media="print")
        self.assertEqual(page.evaluate("getComputedStyle(document.querySelector('thead')).display"), "table-header-group")
        self.assertEqual(page.evaluate("getComputedStyle(document.querySelector('th')).position"), "static")
        clipped = page.evaluate("[...document.querySelectorAll('.scroll, .plot, pre')].filter((it) => getComputedStyle(it).overflow !== 'visible').length")
        self.assertEqual(clipped, 0)
        wide = page.evaluate("[...document.querySelectorAll('main *')].filter((it) => it.offsetParent !== null && it.getBoundingClientRect().right > innerWidth + 1).map((it) => it.outerHTML.slice(0, 90))")
        self.assertEqual(wide, [])

    def test_report_writes_a_pdf_of_all_of_it(self):
        results = self.results(LAB)
        notes = self.folder / "notes.md"
        notes.write_text("# Decisions {#run .before}\n\nThese.\n")
        pdf = self.folder / "lab.pdf"
        command = [RUNNER, "report", str(results), "--out", str(self.folder / "printed"), "--notes", str(notes), "--pdf", str(pdf)]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "RUNNER_CHROMIUM": CHROMIUM}, timeout=120)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        content = pdf.read_bytes()
        self.assertTrue(content.startswith(b"%PDF"))
        pages = len(re.findall(rb"/Type\s*/Page\b", content))
        self.assertGreater(pages, 5)
        self.assertLess(pages, 40)


if __name__ == "__main__":
    unittest.main()
