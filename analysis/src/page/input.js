// Wheel, pointer, touch and keys.

function handleMain(canvas) {
  canvas.addEventListener("wheel", wheel, { passive: false });
  handleDrag(canvas, { drag: dragMain, tap: tapMain });
  canvas.addEventListener("pointermove", (event) => { if (event.buttons === 0) hover(event); });
  canvas.addEventListener("pointerleave", () => { setHovered(null); });
  canvas.addEventListener("keydown", key);
}

function handleTrack(canvas, name) {
  canvas.addEventListener("wheel", wheel, { passive: false });
  handleDrag(canvas, { drag: dragMain, tap: () => {} });
  canvas.addEventListener("keydown", key);
  canvas.addEventListener("pointermove", (event) => {
    if (event.buttons !== 0 || event.offsetX < layout.gutter) return;
    view.hovered = { row: -1, message: -1, x: event.offsetX };
    placeHover(event, trackValues(name, event.offsetX));
    changed();
  });
  canvas.addEventListener("pointerleave", () => { setHovered(null); });
}

// The wheel zooms around the pointer. At the whole run, the page scrolls on.
function wheel(event) {
  if (event.shiftKey) {
    event.preventDefault();
    return scrollLanes(Math.sign(event.deltaY || event.deltaX));
  }
  const isSideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
  const isWhole = view.until - view.from >= view.run.end * 1.019;
  if (!isSideways && isWhole && event.deltaY > 0) return undefined;
  event.preventDefault();
  // Lines and pages as pixels.
  const unit = [1, 16, 400][event.deltaMode];
  if (isSideways) return pan((event.deltaX * unit * (view.until - view.from)) / layout.width);
  const steps = Math.max(-400, Math.min(400, event.deltaY * unit));
  return zoom(1.002 ** steps, timeOf(Math.max(event.offsetX, layout.gutter)));
}

// One pointer drags, two pinch; a pointer that did not move is a tap.
function handleDrag(canvas, { drag, tap }) {
  const held = new Map();
  let moved = false;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    held.set(event.pointerId, { x: event.offsetX, y: event.offsetY, startX: event.offsetX });
    if (held.size === 1) moved = false;
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = held.get(event.pointerId);
    if (!before) return;
    const now = { x: event.offsetX, y: event.offsetY, startX: before.startX };
    if (Math.hypot(now.x - before.x, now.y - before.y) === 0) return;
    if (held.size === 1 && Math.abs(now.x - now.startX) < 4 && !moved) return;
    moved = true;
    if (held.size === 2) pinch([...held.values()], before, now);
    else drag(now.x - before.x, now.y - before.y, now);
    held.set(event.pointerId, now);
    setHovered(null);
  });
  const end = (event) => {
    const was = held.get(event.pointerId);
    held.delete(event.pointerId);
    if (was && !moved && event.type === "pointerup") tap(event);
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
}

function pinch(both, before, now) {
  const other = both.find((it) => it !== before);
  const [was, is] = [Math.abs(before.x - other.x), Math.abs(now.x - other.x)];
  if (was > 4 && is > 4) zoom(was / is, timeOf((now.x + other.x) / 2));
}

function dragMain(dx, dy) {
  pan((-dx * (view.until - view.from)) / (layout.width - layout.gutter));
  if (view.shown.lanes.length <= layout.lanes) return;
  dragMain.rest = (dragMain.rest || 0) - dy / layout.pitch;
  const lanes = Math.trunc(dragMain.rest);
  if (lanes !== 0) scrollLanes(lanes);
  dragMain.rest -= lanes;
}

function tapMain(event) {
  const found = pointedAt(event.offsetX, event.offsetY);
  if (found === null) return select(-1);
  const { messages } = view.run;
  const row = found.row >= 0 ? found.row : messages.sent[found.message] >= 0 ? messages.sent[found.message] : messages.ended[found.message];
  return select(row);
}

function hover(event) {
  const found = pointedAt(event.offsetX, event.offsetY);
  if (found !== null) found.x = event.offsetX;
  setHovered(found);
  if (found !== null) placeHover(event, hoverText(found));
}

function setHovered(found) {
  if (view.hovered === null && found === null) return;
  view.hovered = found;
  if (found === null) parts.hover.hidden = true;
  changed();
}

// Beside the pointer, inside the page.
function placeHover(event, lines) {
  const { hover: box } = parts;
  box.replaceChildren(...lines.map((line, at) => element(at === 0 ? "strong" : "span", {}, line)));
  box.hidden = false;
  const home = box.parentElement.getBoundingClientRect();
  const x = event.clientX - home.left;
  const y = event.clientY - home.top;
  const left = x + 16 + box.offsetWidth > home.width ? x - 16 - box.offsetWidth : x + 16;
  box.style.left = `${Math.max(0, left)}px`;
  box.style.top = `${y + 14}px`;
}

// On the overview: drag the part in view, or choose another one.
function handleOverview(canvas) {
  const timeAt = (x) => ((x - layout.gutter) / (layout.width - layout.gutter)) * view.run.end;
  let begin = null;
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    const time = timeAt(event.offsetX);
    const isInside = time >= view.from && time <= view.until && view.until - view.from < view.run.end;
    begin = { time, isInside, from: view.from };
  });
  canvas.addEventListener("pointermove", (event) => {
    if (begin === null || event.buttons === 0) return;
    const time = timeAt(event.offsetX);
    if (begin.isInside) show(begin.from + time - begin.time, begin.from + time - begin.time + (view.until - view.from));
    else if (Math.abs(xOf(time) - xOf(begin.time)) > 2) show(Math.min(time, begin.time), Math.max(time, begin.time));
  });
  canvas.addEventListener("pointerup", (event) => {
    const time = timeAt(event.offsetX);
    const length = view.until - view.from;
    if (begin !== null && Math.abs(time - begin.time) * (layout.width - layout.gutter) < 3 * view.run.end) show(time - length / 2, time + length / 2);
    begin = null;
  });
  canvas.addEventListener("wheel", wheel, { passive: false });
  canvas.addEventListener("keydown", key);
}

const KEYS = {
  "+": () => zoom(0.5),
  "=": () => zoom(0.5),
  "-": () => zoom(2),
  0: showWhole,
  ArrowLeft: () => stepOrPan(-1),
  ArrowRight: () => stepOrPan(1),
  ArrowUp: () => scrollLanes(-1),
  ArrowDown: () => scrollLanes(1),
  Home: () => selectEnd(0),
  End: () => selectEnd(view.run.count - 1),
  f: nextFailure,
  n: () => stepFound(1),
  p: () => stepFound(-1),
  Enter: () => selectMiddle(),
  Escape: () => select(-1),
};

function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(KEYS, event.key)) return;
  event.preventDefault();
  KEYS[event.key]();
}

// The row before or after the selected one at its node; without one, the view moves.
function stepOrPan(direction) {
  const { run, selected, shown } = view;
  if (selected < 0) return pan((direction * (view.until - view.from)) / 8);
  const node = run.node[selected];
  const wanted = run.position[selected];
  if (shown.rows === null) {
    const place = wanted + direction;
    return place >= run.start[node] && place < run.start[node + 1] ? goTo(run.order[place], 0) : undefined;
  }
  const at = lowerBound(shown.rows, direction > 0 ? wanted + 1 : wanted, shown.start[node], shown.start[node + 1]) + (direction > 0 ? 0 : -1);
  return at >= shown.start[node] && at < shown.start[node + 1] ? goTo(run.order[shown.rows[at]], 0) : undefined;
}

function selectEnd(row) {
  if (view.run.count > 0) goTo(row, 0);
}

function selectMiddle() {
  const { run } = view;
  if (run.count === 0) return;
  select(Math.min(run.count - 1, lowerBound(run.time, (view.from + view.until) / 2, 0, run.count)));
}
