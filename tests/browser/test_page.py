"""The page as a whole: width, modes, print, tables, tracks."""

import re
import unittest

from pages import Logs, Reports, span

LAB = "scenarios/clock-5runs.toml"
PRESSES = "scenarios/traffic-presses.toml"
CRASHES = "scenarios/kv-crash-persist.toml"
CANARY = "scenarios/canary-property.toml"


class Page(Reports):
    def test_a_phone_needs_no_scrolling_sideways(self):
        for scenario, code in ((LAB, 0), (CRASHES, 0), (PRESSES, 0), (CANARY, 1)):
            page = self.page(self.results(scenario, code=code), viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
            page.locator("#diagram details.filter").evaluate("(it) => { it.open = true; }")
            self.state(page)
            wide = page.evaluate("[...document.querySelectorAll('body *')].filter((it) => it.getBoundingClientRect().right > innerWidth + 1 && !it.closest('.scroll, .plot, pre')).map((it) => it.outerHTML.slice(0, 90))")
            self.assertEqual(wide, [], scenario)
            self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), 360, scenario)

    def test_dark_mode_has_other_colours_and_follows_the_reader(self):
        page = self.page(self.results(LAB), color_scheme="light")
        pixel = """() => { const canvas = document.querySelector('#diagram canvas.overview');
            return [...canvas.getContext('2d').getImageData(canvas.width - 3, 3, 1, 1).data]; }"""
        self.state(page)
        light = page.evaluate(pixel)
        page.emulate_media(color_scheme="dark")
        self.state(page)
        dark = page.evaluate(pixel)
        self.assertGreater(sum(light[:3]), sum(dark[:3]) + 200, (light, dark))

    def test_print_and_a_page_without_scripts_have_the_still_picture(self):
        page = self.page(self.results(LAB))
        still = page.locator("#space-time > figure").first
        self.assertFalse(still.is_visible())
        page.emulate_media(media="print")
        self.assertTrue(still.is_visible())
        self.assertFalse(page.locator("#diagram").is_visible())
        self.assertGreater(len(page.pdf()), 20_000)
        plain = self.page(self.results(LAB), java_script_enabled=False)
        self.assertTrue(plain.locator("#space-time > figure").first.is_visible())

    def test_a_click_on_a_head_sorts_the_table(self):
        page = self.page(self.results(LAB))
        table = page.locator("main section > .scroll table:has(.sort)").first
        column = table.locator("thead th").count() - 1
        cells = lambda: [re.sub(r"[^0-9.\-]", "", row.locator("td").nth(column).inner_text()) for row in table.locator("tbody tr").all()]
        before = cells()
        head = table.locator("thead th").nth(column)
        head.locator("button").click()
        numbers = [float(it) for it in cells() if it]
        self.assertEqual(numbers, sorted(numbers, reverse=True))
        self.assertEqual(head.get_attribute("aria-sort"), "descending")
        head.locator("button").press("Enter")
        numbers = [float(it) for it in cells() if it]
        self.assertEqual(numbers, sorted(numbers))
        head.locator("button").click()
        self.assertEqual(cells(), before)

    def test_the_number_of_a_run_leads_to_its_diagram(self):
        page = self.page(self.results(CANARY, code=1), "#run=3")
        self.assertEqual(self.state(page)["run"], 3)
        link = page.locator("#failures td a").first
        self.assertEqual(link.inner_text(), "1")
        link.click()
        page.wait_for_function("notebook.state().run === 1")
        # A run that failed is shown at its failure.
        self.assertEqual(self.state(page)["selected"]["node"], "fast")
        said = page.locator("main section li a[href='#run=2']").first
        said.click()
        page.wait_for_function("notebook.state().run === 2")

    def test_everything_that_acts_has_a_name_and_is_reached_by_the_keyboard(self):
        page = self.page(self.results(LAB))
        nameless = page.evaluate("""() => [...document.querySelectorAll('#diagram button, #diagram input, #diagram select, #diagram canvas')]
            .filter((it) => !(it.textContent || it.getAttribute('aria-label') || (it.labels && it.labels.length > 0)))
            .map((it) => it.outerHTML)""")
        self.assertEqual(nameless, [])
        page.locator("#diagram-run").focus()
        reached = set()
        for _ in range(60):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("(document.activeElement.className || document.activeElement.tagName) + ''"))
        self.assertTrue({"overview", "lanes"} <= reached, reached)


class Tracks(Reports):
    def test_texts_are_bands_in_their_colours(self):
        results = self.results(PRESSES)
        page = self.page(results)
        state = self.state(page)
        self.assertIn("colour", state["tracks"])
        rows = Logs(results).nodes["north_south"]
        # In the middle of the first green.
        green = next(at for at, row in enumerate(rows) if row["colour"] == "G")
        middle = (int(rows[green]["time_ns"]) + int(rows[green + 1]["time_ns"])) / 2
        begin = page.evaluate("notebook.pointOf('button', 1)[0]")
        canvas = page.locator("canvas[data-track=colour]")
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        gutter = (begin - box["width"] * -state["from_ns"] / span(state)) / (1 + state["from_ns"] / span(state))
        x = gutter + (box["width"] - gutter) * (middle - state["from_ns"]) / span(state)
        page.mouse.move(box["x"] + x, box["y"] + 4)
        self.assertIn("north_south: G", page.locator(".hover").inner_text())
        page.mouse.move(5, 5)
        self.state(page)
        # The lower band is that of `north_south`.
        red, green, blue = page.evaluate("""(x) => { const canvas = document.querySelector('canvas[data-track=colour]');
            const pixel = canvas.getContext('2d').getImageData(x, canvas.height - 7, 1, 1); return [...pixel.data].slice(0, 3); }""", int(x))
        self.assertGreater(green, red + 40)
        self.assertGreater(green, blue + 40)

    def test_values_are_read_and_axes_are_switched(self):
        results = self.results(LAB)
        page = self.page(results, "#run=1")
        self.assertEqual(self.state(page)["tracks"][0], "clock")
        canvas = page.locator("canvas[data-track=clock]")
        canvas.scroll_into_view_if_needed()
        picture = lambda: page.evaluate("document.querySelector('canvas[data-track=clock]').toDataURL()")
        box = canvas.bounding_box()
        page.mouse.move(box["x"] + box["width"] - 30, box["y"] + 50)
        text = page.locator(".hover").inner_text()
        at = float(re.search(r"at ([0-9.]+) s", text).group(1)) * 1e9
        for node, rows in Logs(results).nodes.items():
            # The last value before, or one within the pixel.
            near = [row["clock"] for row in rows if int(row["time_ns"]) <= at][-1:]
            near += [row["clock"] for row in rows if at <= int(row["time_ns"]) <= at + 1e8]
            self.assertTrue(any(f"{node}: {it}" in text for it in near), (text, near))
        page.mouse.move(5, 5)
        self.state(page)
        plain = picture()
        for name in ("own for each node", "logarithmic", "distance to the furthest"):
            chip = page.locator("#diagram .chip", has_text=name)
            chip.click()
            self.state(page)
            self.assertNotEqual(picture(), plain, name)
            chip.click()
            self.state(page)
            self.assertEqual(picture(), plain, name)
        page.locator("#diagram .chip", has_text=re.compile("^machine-3$")).click()
        self.assertNotIn("machine-3", self.state(page)["nodes"])
        self.assertNotEqual(picture(), plain)


if __name__ == "__main__":
    unittest.main()
