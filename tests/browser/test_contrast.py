"""Whether everything can be seen, and reached by the keyboard: contrast as WCAG 2.1 defines it, of
every text (4.5) and of every graphic that means something (3.0), in light and in dark.

What is on a page is asked of the browser: the colour of each text, and what is behind it. What is
drawn on a canvas is caught as it is drawn.
"""

import unittest

from pages import Reports

LAB = "scenarios/clock-5runs.toml"
MATRIX = "scenarios/clock-matrix.toml"
CANARY = "scenarios/canary-property.toml"
PRESSES = "scenarios/traffic-presses.toml"
CRASHES = "scenarios/kv-crash-persist.toml"

# Colours, and what is behind an element.
COLOURS = """
const toColour = (text) => {
  const found = /^rgba?\\(([^)]*)\\)/.exec(text);
  if (found) { const parts = found[1].split(/[ ,/]+/).map(Number); return [parts[0], parts[1], parts[2], parts[3] === undefined ? 1 : parts[3]]; }
  const hex = /^#(..)(..)(..)$/.exec(text);
  return hex ? [...hex.slice(1).map((it) => parseInt(it, 16)), 1] : null;
};
const over = (front, back) => [0, 1, 2].map((at) => front[at] * front[3] + back[at] * (1 - front[3])).concat(1);
const luminance = (colour) => { const [r, g, b] = colour.map((it) => { const share = it / 255; return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const contrast = (a, b) => { const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y); return (high + 0.05) / (low + 0.05); };
const behind = (element) => {
  const layers = [];
  for (let it = element; it; it = it.parentElement) {
    const colour = toColour(getComputedStyle(it).backgroundColor);
    if (colour && colour[3] > 0) layers.push(colour);
    if (colour && colour[3] === 1) break;
  }
  return layers.reverse().reduce((back, front) => over(front, back), [255, 255, 255, 1]);
};
const opacityOf = (element) => { let all = 1; for (let it = element; it; it = it.parentElement) all *= Number(getComputedStyle(it).opacity); return all; };
const isSeen = (element) => element.getClientRects().length > 0 && getComputedStyle(element).visibility === "visible" && !element.closest("[hidden]");
const round = (number) => Math.round(number * 100) / 100;
"""

TEXTS = "() => {" + COLOURS + """
  const bad = [];
  let count = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const home = node.parentElement;
    if (node.data.trim() === "" || home.closest("script, style, title, desc, option") || !isSeen(home) || home.closest(":disabled")) continue;
    const style = getComputedStyle(home);
    const inDrawing = home.namespaceURI.endsWith("svg");
    // The halo under a text has the colour of the page.
    if (inDrawing && home.classList.contains("halo")) continue;
    let back = behind(home);
    if (inDrawing) {
      const box = home.getBoundingClientRect();
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
      for (const area of home.ownerSVGElement.querySelectorAll("rect")) {
        const place = area.getBoundingClientRect();
        const fill = toColour(getComputedStyle(area).fill);
        const isBefore = area.compareDocumentPosition(home) & Node.DOCUMENT_POSITION_FOLLOWING;
        if (isBefore && fill && place.x <= x && x <= place.right && place.y <= y && y <= place.bottom) back = over([...fill.slice(0, 3), fill[3] * opacityOf(area)], back);
      }
    }
    const colour = toColour(inDrawing ? style.fill : style.color);
    const found = contrast(over([...colour.slice(0, 3), colour[3] * opacityOf(home)], back), back);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    count++;
    if (found < (isLarge ? 3 : 4.5)) bad.push(`${round(found)}: ${node.data.trim().slice(0, 40)} in ${home.tagName}.${home.className.baseVal === undefined ? home.className : home.className.baseVal}`);
  }
  return { count, bad: [...new Set(bad)].slice(0, 20) };
}"""

# Rules, what is left out, and shades with their value as a text mean nothing by themselves.
GRAPHICS = "() => {" + COLOURS + """
  const bad = [];
  let count = 0;
  const named = (it) => `${it.tagName}.${it.className.baseVal === undefined ? it.className : it.className.baseVal}`;
  for (const mark of document.querySelectorAll("main svg path, main svg circle, main svg rect")) {
    const classes = [...mark.classList];
    if (!isSeen(mark) || classes.some((it) => /^(pg|pr|h[0-7]|bg)$/.test(it))) continue;
    const style = getComputedStyle(mark);
    const back = behind(mark.ownerSVGElement);
    const seen = [style.stroke, style.fill].map(toColour).filter((it) => it !== null && it[3] > 0);
    if (seen.length === 0) continue;
    count++;
    const found = Math.max(...seen.map((it) => contrast(over([...it.slice(0, 3), it[3] * opacityOf(mark)], back), back)));
    if (found < 3) bad.push(`${round(found)}: ${named(mark)}`);
  }
  // The edges of what can be operated, and what shows which one has the focus.
  for (const control of document.querySelectorAll("main button, main input, main select")) {
    if (!isSeen(control) || control.disabled) continue;
    const style = getComputedStyle(control);
    if (parseFloat(style.borderTopWidth) === 0) continue;
    count++;
    const back = behind(control.parentElement);
    const found = contrast(over(toColour(style.borderTopColor), back), back);
    if (found < 3) bad.push(`${round(found)}: the edge of ${named(control)} ${control.textContent.slice(0, 20)}`);
  }
  return { count, bad: [...new Set(bad)].slice(0, 20) };
}"""

# Catches each text, line and area as it is drawn, with the pixel that was there before.
CATCH = "(() => {" + COLOURS + """
  window.caught = { texts: new Map(), marks: new Map() };
  const pen = CanvasRenderingContext2D.prototype;
  const paper = () => toColour(getComputedStyle(document.documentElement).getPropertyValue("--bg").trim()) || [255, 255, 255, 1];
  const { fillText, stroke, fill } = pen;
  pen.fillText = function (text, x, y, ...rest) {
    const width = this.measureText(text).width;
    const middle = this.textAlign === "center" ? x : this.textAlign === "right" || this.textAlign === "end" ? x - width / 2 : x + width / 2;
    const at = this.getTransform().transformPoint(new DOMPoint(middle, y));
    const colour = toColour(this.fillStyle);
    if (at.x >= 0 && at.y >= 0 && at.x < this.canvas.width && at.y < this.canvas.height && colour) {
      // The most frequent pixel in the box of the text: lines may cross it.
      const box = this.getImageData(Math.max(0, at.x - width / 2), Math.max(0, at.y - 4), Math.max(1, width), 8).data;
      const counts = new Map();
      for (let pixel = 0; pixel < box.length; pixel += 4) { const key = box.slice(pixel, pixel + 4).join(); counts.set(key, (counts.get(key) || 0) + 1); }
      const most = [...counts].sort((a, b) => b[1] - a[1])[0][0].split(",").map(Number);
      const back = over([most[0], most[1], most[2], most[3] / 255], paper());
      const found = contrast(over([...colour.slice(0, 3), colour[3] * this.globalAlpha], back), back);
      window.caught.texts.set(`${text}`.replace(/[0-9]/g, "0"), Math.min(found, window.caught.texts.get(`${text}`.replace(/[0-9]/g, "0")) || 99));
    }
    return fillText.call(this, text, x, y, ...rest);
  };
  const note = (style, alpha) => {
    const colour = toColour(style);
    const grid = toColour(getComputedStyle(document.documentElement).getPropertyValue("--grid").trim());
    // Rules and the inside of a ring mean nothing; what is outside the lit cone is faint so that
    // the cone is seen.
    if (!colour || alpha < 1 || colour.join() === paper().join() || (grid && colour.join() === grid.join())) return;
    const back = paper();
    window.caught.marks.set(style, contrast(over(colour, back), back));
  };
  pen.stroke = function (...rest) { note(this.strokeStyle, this.globalAlpha); return stroke.apply(this, rest); };
  pen.fill = function (...rest) { note(this.fillStyle, this.globalAlpha); return fill.apply(this, rest); };
})()"""


class Contrast(Reports):
    def pages(self):
        for scenario, code in ((LAB, 0), (MATRIX, 0), (CANARY, 1), (PRESSES, 0), (CRASHES, 0)):
            for scheme in ("light", "dark"):
                yield f"{scenario} {scheme}", self.page(self.results(scenario, code=code), color_scheme=scheme, init=CATCH)

    def test_texts_and_graphics_contrast_with_what_is_behind_them(self):
        for name, page in self.pages():
            page.evaluate("document.querySelectorAll('details').forEach((it) => { it.open = true; })")
            self.state(page)
            for what, script in (("texts", TEXTS), ("graphics", GRAPHICS)):
                found = page.evaluate(script)
                self.assertEqual(found["bad"], [], f"{what} of {name}")
                self.assertGreater(found["count"], 30, name)
            # Something selected, zoomed: other marks are drawn.
            page.locator("#diagram canvas.lanes").focus()
            for key in ("+", "Enter", "+", "+"):
                page.keyboard.press(key)
                self.state(page)
            caught = page.evaluate("({ texts: [...window.caught.texts], marks: [...window.caught.marks] })")
            self.assertGreater(len(caught["texts"]), 5, name)
            self.assertGreater(len(caught["marks"]), 2, name)
            self.assertEqual([it for it in caught["texts"] if it[1] < 4.5], [], f"texts on a canvas of {name}")
            self.assertEqual([it for it in caught["marks"] if it[1] < 3.0], [], f"marks on a canvas of {name}")
            page.context.close()

    def test_the_measure_finds_what_is_too_faint(self):
        page = self.page(self.results(LAB))
        page.evaluate("document.querySelector('main p').style.color = '#8a9099'")
        self.assertEqual(len(page.evaluate(TEXTS)["bad"]), 1)
        page.evaluate("document.querySelector('#jumps svg circle').style.fill = '#dddddd'")
        self.assertIn("circle.f0", page.evaluate(GRAPHICS)["bad"][0])

    def test_plots_have_names_and_tables_and_the_keyboard_reaches_all(self):
        for scenario in (LAB, MATRIX):
            page = self.page(self.results(scenario))
            nameless = page.evaluate("""() => [...document.querySelectorAll('main svg, main canvas')]
                .filter((it) => it.getAttribute('aria-hidden') !== 'true' && !(it.getAttribute('role') === 'img' && it.getAttribute('aria-label')))
                .map((it) => it.outerHTML.slice(0, 90))""")
            self.assertEqual(nameless, [])
            # A plot of numbers has their table in its section; the diagram has the record of each row.
            bare = page.evaluate("""() => [...document.querySelectorAll('main section')]
                .filter((it) => it.querySelector('figure') && it.id !== 'space-time' && !it.querySelector('table')).map((it) => it.id)""")
            self.assertEqual(bare, [])
            # All that acts takes the focus; of the cells of a table one, and arrow keys lead on.
            unreachable = page.evaluate("""() => [...document.querySelectorAll('main button, main input, main select, main a[href], main summary, main canvas')]
                .filter((it) => it.getClientRects().length > 0 && !it.disabled && it.tabIndex < 0).map((it) => it.outerHTML.slice(0, 90))""")
            self.assertEqual(unreachable, [])
            acting = page.evaluate("""() => [...document.querySelectorAll('#matrix button, #matrix select')]
                .filter((it) => !(it.textContent || it.getAttribute('aria-label') || it.labels.length > 0)).length""")
            self.assertEqual(acting, 0)
            # What has the focus is seen: it has an outline.
            page.locator("main button").first.focus()
            page.keyboard.press("Tab")
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            self.assertNotEqual(outline, "none")


if __name__ == "__main__":
    unittest.main()
