"""The space-time diagram: zoom, hover, causal cone, filter, search, links, data files."""

import csv
import pathlib
import re
import subprocess
import unittest

from pages import ROOT, RUNNER, Logs, Reports, span

CANARY = "scenarios/canary-property.toml"
CRASHES = "scenarios/kv-crash-persist.toml"
# Until after the first crash: its clients are not done, so it fails.
SHORT = ("--runs", "1", "--duration", "6s")
LAB = "scenarios/clock-5runs.toml"
CHAT = "scenarios/chat-friends.toml"


class Moving(Reports):
    def test_the_wheel_zooms_around_the_pointer(self):
        page = self.page(self.results(LAB))
        box = self.lanes(page)
        before = self.state(page)
        page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + 100)
        page.mouse.wheel(0, -400)
        after = self.state(page)
        self.assertLess(span(after), span(before) / 2)
        share = lambda state: (36e9 - state["from_ns"]) / span(state)
        # The pointer is at about two thirds of the minute, and stays there.
        self.assertGreater(after["from_ns"], before["from_ns"])
        self.assertLess(after["until_ns"], before["until_ns"])
        self.assertAlmostEqual(share(before) - 0.68, (share(after) - 0.68) / (span(before) / span(after)), delta=0.02)
        page.mouse.wheel(0, 400)
        self.assertAlmostEqual(span(self.state(page)), span(before), delta=span(before) / 100)

    def test_a_drag_moves_and_the_page_scrolls_on_at_the_whole_run(self):
        page = self.page(self.results(LAB))
        box = self.lanes(page)
        page.mouse.move(box["x"] + 500, box["y"] + 60)
        page.mouse.wheel(0, -400)
        before = self.state(page)
        page.mouse.down()
        page.mouse.move(box["x"] + 300, box["y"] + 60, steps=4)
        page.mouse.up()
        after = self.state(page)
        self.assertAlmostEqual(span(after), span(before), delta=1)
        self.assertGreater(after["from_ns"], before["from_ns"] + span(before) / 10)
        self.assertIsNone(after["selected"], "a drag is no click")
        top = page.evaluate("scrollY")
        for _ in range(8):
            page.mouse.wheel(0, 400)
        page.wait_for_function("(top) => scrollY > top", arg=top)

    def test_keys_zoom_move_and_walk_along_a_node(self):
        page = self.page(self.results(LAB))
        page.locator("#diagram canvas.lanes").focus()
        whole = self.state(page)
        page.keyboard.press("+")
        zoomed = self.state(page)
        self.assertAlmostEqual(span(zoomed), span(whole) / 2, delta=1)
        page.keyboard.press("ArrowRight")
        self.assertGreater(self.state(page)["from_ns"], zoomed["from_ns"])
        page.keyboard.press("0")
        self.assertAlmostEqual(span(self.state(page)), span(whole), delta=1)
        page.keyboard.press("Enter")
        first = self.state(page)["selected"]
        page.keyboard.press("ArrowRight")
        second = self.state(page)["selected"]
        self.assertEqual((second["node"], second["row"]), (first["node"], first["row"] + 1))
        page.keyboard.press("Escape")
        self.assertIsNone(self.state(page)["selected"])

    def test_the_overview_chooses_what_is_in_view(self):
        page = self.page(self.results(LAB))
        canvas = page.locator("#diagram canvas.overview")
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        before = self.state(page)
        page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 20)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 20, steps=5)
        page.mouse.up()
        after = self.state(page)
        self.assertLess(span(after), span(before) * 0.4)
        self.assertGreater(after["from_ns"], 20e9)

    def test_two_fingers_zoom_and_one_moves(self):
        page = self.page(self.results(LAB), has_touch=True)
        box = self.lanes(page)
        y = box["y"] + 60
        touch = page.context.new_cdp_session(page)

        def send(kind, *points):
            points = [{"x": box["x"] + x, "y": y, "id": at} for at, x in enumerate(points)]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        before = self.state(page)
        send("touchStart", 500)
        send("touchStart", 500, 600)
        for wider in range(0, 160, 20):
            send("touchMove", 500 - wider, 600 + wider)
        send("touchEnd")
        pinched = self.state(page)
        self.assertLess(span(pinched), span(before) / 2)
        send("touchStart", 700)
        for x in range(700, 500, -20):
            send("touchMove", x)
        send("touchEnd")
        moved = self.state(page)
        self.assertGreater(moved["from_ns"], pinched["from_ns"])
        self.assertAlmostEqual(span(moved), span(pinched), delta=1)


class Reading(Reports):
    def test_each_row_of_the_page_is_the_row_of_the_log(self):
        for scenario in (CHAT, "scenarios/lottery-single.toml", "scenarios/clock-136.toml"):
            results = self.results(scenario)
            page = self.page(results, "#run=1")
            logs = Logs(results)
            self.assertGreater(len(logs.rows()), 10)
            for node, rows in logs.nodes.items():
                read = page.evaluate("([node, count]) => Array.from({length: count}, (_, at) => notebook.record(node, at + 1))", [node, len(rows)])
                for at, (row, got) in enumerate(zip(rows, read)):
                    self.assertEqual({name: str(value) for name, value in got.items()}, row, f"{scenario}: {node}, row {at + 1}")

    def test_hovering_shows_the_record_and_its_columns(self):
        results = self.results(CHAT)
        page = self.page(results)
        logs = Logs(results)
        node, at = next((node, at) for node, rows in logs.nodes.items() for at, row in enumerate(rows) if row["event"] == "receive" and float(row["time_ns"]) > 1e9)
        page.mouse.move(*self.point(page, node, at + 1))
        box = page.locator(".hover")
        box.wait_for()
        text = box.inner_text()
        row = logs.nodes[node][at]
        self.assertIn(f"{node}: ", text)
        for part in (row["message"], row["step"]):
            self.assertIn(part, text)
        page.mouse.move(5, 5)
        box.wait_for(state="hidden")

    def test_a_click_lights_the_causal_cone_of_the_logs(self):
        for scenario, options in ((LAB, ()), (CRASHES, SHORT), ("scenarios/clock-partition.toml", ())):
            results = self.results(scenario, *options, code=1 if options else 0)
            page = self.page(results, "#run=1")
            logs = Logs(results)
            for node in list(logs.nodes)[:4]:
                rows = logs.nodes[node]
                at = next(at for at in range(len(rows) // 2, len(rows)) if rows[at]["event"] in ("receive", "send"))
                # Zoomed to the row, so that it is not behind another one.
                page.locator("#diagram input[type=search]").fill(f"{node}:{rows[at]['step']}")
                page.keyboard.press("Enter")
                self.state(page)
                page.locator("#diagram canvas.lanes").focus()
                page.keyboard.press("Escape")
                self.assertIsNone(self.state(page)["lit"])
                for _ in range(6):
                    page.keyboard.press("+")
                self.state(page)
                page.mouse.click(*self.point(page, node, at + 1))
                state = self.state(page)
                self.assertEqual((state["selected"]["node"], str(state["selected"]["step"])), (node, rows[at]["step"]))
                past, future = logs.cone(node, at, False), logs.cone(node, at, True)
                for name, all_rows in logs.nodes.items():
                    self.assertEqual(past[name], set(range(state["lit"]["past"][name])), f"past of {node}:{at} at {name}")
                    begin = len(all_rows) - state["lit"]["future"][name]
                    self.assertEqual(future[name], set(range(begin, len(all_rows))), f"future of {node}:{at} at {name}")
                self.assertGreater(sum(map(len, past.values())), len(past[node]))
                page.locator("#diagram input[type=search]").fill("")

    def test_losses_and_crashes_are_marked_however_many_rows_there_are(self):
        results = self.results(CRASHES)
        page = self.page(results, "#run=1")
        state = self.state(page)
        self.assertFalse(state["drawn"]["as_lines"])
        marked = [row for _, row in Logs(results).rows() if row["event"] in ("drop", "crash", "restart")]
        self.assertGreater(len(marked), 20)
        self.assertEqual(state["drawn"]["marks"], len(marked))
        self.assertIn("more than", state["legend"])
        self.assertIn("bars show their number", state["legend"])


class Filtering(Reports):
    def shown(self, page, field, value):
        page.locator("#diagram details.filter").evaluate("(it) => { it.open = true; }")
        page.locator(f"#diagram input[data-filter={field}]").fill(value)
        page.keyboard.press("Tab")
        return self.state(page)

    def test_nodes_words_and_messages_are_filtered(self):
        results = self.results(CRASHES, *SHORT, code=1)
        page = self.page(results)
        logs = Logs(results)
        state = self.shown(page, "nodes", "server, client-[1], client-2")
        self.assertEqual(state["nodes"], ["client-2", "server"])
        self.assertIn("client-[1]", page.locator("#diagram [role=alert]").inner_text())
        self.shown(page, "nodes", "")
        page.locator("#diagram .filter .chip", has_text=re.compile("^receive$")).click()
        state = self.state(page)
        rows = [row for _, row in logs.rows()]
        self.assertEqual(state["rows_shown"], sum(row["event"] != "receive" for row in rows))
        page.locator("#diagram button", has_text="show all").click()
        page.locator("#diagram select[data-filter=messages]").select_option("lost")
        state = self.state(page)
        lost = sum(row["event"] == "drop" for row in rows)
        self.assertGreater(lost, 0)
        self.assertEqual(state["messages_shown"], lost)
        self.assertEqual(state["rows_shown"], len(rows))

    def test_an_expression_shows_the_rows_in_which_it_is_true(self):
        results = self.results(LAB)
        page = self.page(results, "#run=1")
        logs = Logs(results)
        number = lambda text: float(text) if text else None

        def jumps():
            count = 0
            for rows in logs.nodes.values():
                before, step, now = None, None, None
                for row in rows:
                    if row["event"] in ("start", "stop", "drop"):
                        continue
                    if row["step"] != step:
                        before, step = now, row["step"]
                    now = number(row["clock"])
                    count += before is not None and now - before > 3
            return count

        rows = logs.rows()
        expected = {
            "event == 'receive' and queue >= 2": sum(row["event"] == "receive" and int(row["queue"]) >= 2 for _, row in rows),
            "time > 30s and node != 'machine-1'": sum(int(row["time_ns"]) > 30e9 and node != "machine-1" for node, row in rows),
            "event in ['send', 'internal'] implies clock % 2 == 1": sum(bool(row["clock"]) and int(row["clock"]) % 2 == 1 or row["event"] not in ("send", "internal") for _, row in rows),
            "not (bytes < 1000000)": 0,
            "has(message) and message * 2 - 1 <= 5.0": sum(bool(row["message"]) and int(row["message"]) * 2 - 1 <= 5 for _, row in rows),
            "clock - last(clock) > 3": jumps(),
        }
        for text, count in expected.items():
            state = self.shown(page, "where", text)
            self.assertEqual(state["rows_shown"], count, text)
            self.assertFalse(page.locator("#diagram [role=alert]").is_visible(), text)
        self.assertGreater(expected["clock - last(clock) > 3"], 5)

    def test_a_wrong_expression_says_what_is_wrong_and_hides_nothing(self):
        page = self.page(self.results(LAB), "#run=1")
        wrong = {
            "colour == 'R'": "there is no column `colour`",
            "queue > 'many'": "compares a number with a text",
            "queue >": "found the end",
            "time > 5": "compares a duration with a number",
            "queue": "expected a condition",
            "1 < queue < 3": "cannot be chained",
            "count(nodes, queue > 1) > 1": "one record at a time",
            "queue > ]": "expected a column",
            "((((": "found the end",
        }
        for text, said in wrong.items():
            state = self.shown(page, "where", text)
            self.assertIn(said, page.locator("#diagram [role=alert]").inner_text(), text)
            self.assertEqual(state["rows_shown"], state["rows"], text)

    def test_the_search_walks_through_what_it_finds(self):
        results = self.results(CHAT)
        page = self.page(results)
        sends = sorted(int(row["time_ns"]) for _, row in Logs(results).rows() if row["event"] == "drop" or row["event"] == "connect" or row["event"] == "disconnect")
        field = page.locator("#diagram input[type=search]")
        field.fill("event in ['drop', 'connect', 'disconnect']")
        page.keyboard.press("Enter")
        found = page.locator("#diagram .found")
        if sends:
            self.assertEqual(found.inner_text(), f"1 of {len(sends)}")
        field.fill("event == 'receive'")
        page.keyboard.press("Enter")
        first = self.state(page)
        page.keyboard.press("Enter")
        second = self.state(page)
        count = sum(row["event"] == "receive" for _, row in Logs(results).rows())
        self.assertEqual(found.inner_text(), f"2 of {count}")
        self.assertNotEqual(first["selected"], second["selected"])
        field.fill("there is no such text")
        page.keyboard.press("Enter")
        self.assertEqual(found.inner_text(), "nothing found")


class Places(Reports):
    def test_a_failing_run_opens_at_its_failure(self):
        results = self.results(CANARY, code=1)
        page = self.page(results)
        state = self.state(page)
        with open(results / "evidence.csv", newline="") as text:
            proof = [row for row in csv.DictReader(text) if row["run"] == "1"][-1]
        self.assertEqual(state["run"], 1)
        self.assertEqual((state["selected"]["node"], str(state["selected"]["row"])), (proof["node"], proof["row"]))
        self.assertTrue(state["from_ns"] < int(proof["time_ns"]) < state["until_ns"])
        self.assertLess(span(state), 60e9)
        self.assertIn(proof["note"], page.locator("#diagram .panel").inner_text())
        # The diagram comes before the questions about numbers.
        order = page.evaluate("[...document.querySelectorAll('main > section[id]')].map((it) => it.id)")
        self.assertEqual(order[order.index("failures") + 1], "space-time")

    def test_a_link_leads_to_a_place_and_the_address_follows(self):
        page = self.page(self.results(LAB), "#run=3&at=41.2s&step=machine-2:17")
        state = self.state(page)
        self.assertEqual(state["run"], 3)
        self.assertAlmostEqual((state["from_ns"] + state["until_ns"]) / 2, 41.2e9, delta=1e6)
        self.assertEqual((state["selected"]["node"], state["selected"]["step"]), ("machine-2", 17))
        self.assertTrue(page.url.endswith("#run=3&at=41.2s&step=machine-2:17"))
        page.locator("#diagram canvas.lanes").focus()
        page.keyboard.press("+")
        page.wait_for_function("location.hash.includes('span=')")
        kept = self.state(page)
        again = self.page(self.results(LAB), page.evaluate("location.hash"))
        self.assertAlmostEqual(self.state(again)["from_ns"], kept["from_ns"], delta=10)
        self.assertEqual(self.state(again)["selected"], kept["selected"])
        page.evaluate("location.hash = '#run=2&step=machine-1:5'")
        page.wait_for_function("notebook.state().run === 2")
        self.assertEqual(self.state(page)["selected"]["step"], 5)
        page.evaluate("location.hash = '#run=99'")
        page.locator("#diagram .status", has_text="Run 99 is not in this page").wait_for()

    def test_the_selector_shows_another_run(self):
        results = self.results(LAB)
        page = self.page(results)
        page.locator("#diagram-run").select_option("4")
        page.wait_for_function("notebook.state().run === 4")
        self.assertEqual(self.state(page)["rows"], len(Logs(results, 4).rows()))


class Files(Reports):
    def test_large_runs_are_in_files_and_one_file_has_all(self):
        results = self.results(CRASHES)
        html = (results / "report.html").read_text()
        files = sorted(it.name for it in (results / "data").iterdir())
        self.assertEqual(files, [f"run-{run:04}.js" for run in range(1, 6)])
        self.assertNotIn("notebook.rows(1,", html)
        page = self.page(results)
        self.assertIn("in data/run-0001.js", page.locator("#diagram .status").inner_text())
        page.locator("#diagram-run").select_option("2")
        page.wait_for_function("notebook.state().run === 2")
        alone = self.folder / "alone"
        subprocess.run([RUNNER, "report", str(results), "--one-file", "--out", str(alone)], check=True, capture_output=True)
        self.assertFalse((alone / "data").exists())
        page = self.page(alone, "#run=5")
        self.assertEqual(self.state(page)["rows"], len(Logs(results, 5).rows()))
        self.assertIn("inside this page", page.locator("#diagram .status").inner_text())
        # Back to files: what is not needed is gone, and the bytes are the same.
        subprocess.run([RUNNER, "report", str(results), "--out", str(alone)], check=True, capture_output=True)
        for name in files:
            self.assertEqual((alone / "data" / name).read_bytes(), (results / "data" / name).read_bytes())
        self.assertEqual((alone / "report.html").read_bytes(), (results / "report.html").read_bytes())

    def test_a_page_whose_file_is_missing_says_so(self):
        results = self.results(CRASHES)
        away = self.folder / "away"
        away.mkdir()
        (away / "report.html").write_bytes((results / "report.html").read_bytes())
        context = self.browser.new_context()
        self.addCleanup(context.close)
        page = context.new_page()
        page.goto(f"file://{away}/report.html")
        page.locator("#diagram .status", has_text="cannot be read").wait_for()
        self.assertIn("--one-file", page.locator("#diagram .status").inner_text())


if __name__ == "__main__":
    unittest.main()
