// Draws the diagram: lanes, rows, messages, faults and failures, and the overview above.
//
// Up to LINES messages in view are drawn as lines. Of more, and of nodes with more rows than
// pixels, each pixel column stands for all rows in it: a bar as high as their number. Lost
// messages, crashes and failures are marked in any case. The legend says what is drawn.

const LINES = 2500;
const AXIS_HEIGHT = 22;
const TOP_HEIGHT = 14;
const layout = { width: 0, height: 0, gutter: 90, lanes: 1, pitch: 40 };
const COLOUR_NAMES = ["bg", "ink", "muted", "grid", "axis", "soft", "accent", "warn", "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7"];
const colours = {};
const canvases = {};
// What the last frame drew, for the legend and for the pointer.
const drawn = { messages: 0, rows: 0, asLines: true, most: 0, marks: 0, dots: [], lines: [] };

function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of COLOUR_NAMES) colours[name] = style.getPropertyValue(`--${name}`).trim();
}

function laneColour(node) {
  return colours[`s${node % 8}`];
}

// Gives a canvas its size in device pixels; drawing is in CSS pixels.
function context(canvas, height) {
  const width = canvas.parentElement.clientWidth;
  const ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = `${height}px`;
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = "12px system-ui, sans-serif";
  pen.textBaseline = "middle";
  pen.lineWidth = 1;
  return pen;
}

function measure() {
  const width = canvases.main.parentElement.clientWidth;
  const { lanes } = view.shown;
  const pen = canvases.main.getContext("2d");
  pen.font = "12px system-ui, sans-serif";
  const longest = lanes.slice(0, 200).reduce((most, node) => Math.max(most, pen.measureText(view.run.names[node]).width), 30);
  layout.width = width;
  layout.gutter = Math.min(Math.ceil(longest) + 14, width < 500 ? 84 : 150);
  const room = Math.min(Math.max(window.innerHeight * 0.6, 240), 640) - AXIS_HEIGHT - TOP_HEIGHT;
  layout.pitch = Math.min(Math.max(room / Math.max(lanes.length, 1), 22), 84);
  layout.lanes = Math.max(1, Math.min(lanes.length, Math.floor(room / layout.pitch)));
  layout.height = layout.lanes * layout.pitch + AXIS_HEIGHT + TOP_HEIGHT;
}

const xOf = (time) => layout.gutter + ((time - view.from) / (view.until - view.from)) * (layout.width - layout.gutter);
const timeOf = (x) => view.from + ((x - layout.gutter) / (layout.width - layout.gutter)) * (view.until - view.from);
const yOf = (lane) => TOP_HEIGHT + (lane - view.top + 0.5) * layout.pitch;
const isInView = (lane) => lane >= view.top && lane < view.top + layout.lanes;

function paint() {
  measure();
  const pen = context(canvases.main, layout.height);
  Object.assign(drawn, { messages: 0, rows: 0, asLines: true, most: 0, marks: 0, dots: [], lines: [] });
  drawBands(pen, layout.height - AXIS_HEIGHT);
  drawAxis(pen, layout.height - AXIS_HEIGHT, true);
  pen.save();
  pen.beginPath();
  pen.rect(layout.gutter, 0, layout.width - layout.gutter, layout.height - AXIS_HEIGHT + 1);
  pen.clip();
  drawLanes(pen);
  drawMessages(pen);
  drawRows(pen);
  drawMarks(pen);
  drawFailures(pen);
  drawPointed(pen);
  pen.restore();
  drawNames(pen);
}

// Times in which faults held, and what the metrics leave out.
function drawBands(pen, height, labelled = true) {
  const { about } = view.run;
  const band = (from, until, colour, alpha) => {
    const left = Math.max(xOf(from), layout.gutter);
    const right = Math.min(xOf(until), layout.width);
    if (right < layout.gutter || left > layout.width) return null;
    pen.globalAlpha = alpha;
    pen.fillStyle = colour;
    pen.fillRect(left, 0, Math.max(right - left, 1.5), height);
    pen.globalAlpha = 1;
    return [left, right];
  };
  if (about.left_out_ns > 0) band(0, about.left_out_ns, colours.grid, 0.6);
  let labelEnd = -Infinity;
  for (const fault of about.faults) {
    const place = band(fault.from_ns, fault.until_ns, colours.warn, 0.13);
    const text = `${fault.kind} (${fault.what}: ${whole(fault.touched)})`;
    if (place === null || !labelled) continue;
    const shownText = place[1] - place[0] > pen.measureText(text).width + 8 ? text : fault.kind;
    if (place[0] < labelEnd) continue;
    pen.fillStyle = colours.warn;
    pen.fillText(shownText, place[0] + 3, 8);
    labelEnd = place[0] + pen.measureText(shownText).width + 10;
  }
}

// The step of an axis: 1, 2 or 5 times a power of ten.
function niceStep(span, most) {
  const least = span / Math.max(most, 1);
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least);
}

function drawAxis(pen, height, labelled) {
  const step = niceStep(view.until - view.from, (layout.width - layout.gutter) / 90);
  const factor = step >= 1e9 ? 1e9 : step >= 1e6 ? 1e6 : step >= 1e3 ? 1e3 : 1;
  const unit = { 1e9: "s", 1e6: "ms", 1e3: "us", 1: "ns" }[factor];
  pen.strokeStyle = colours.grid;
  pen.fillStyle = colours.muted;
  pen.textAlign = "center";
  pen.beginPath();
  const ends = [];
  for (let at = Math.ceil(view.from / step) * step; at <= view.until; at += step) {
    const x = Math.round(xOf(at)) + 0.5;
    if (x < layout.gutter) continue;
    pen.moveTo(x, 0);
    pen.lineTo(x, height);
    // Small units of a late time: the whole seconds stand at the left end alone.
    const value = factor === 1e9 ? at / factor : (at - Math.floor(view.from / 1e9) * 1e9) / factor;
    ends.push([x, Number(value.toFixed(6))]);
  }
  pen.stroke();
  if (labelled) {
    for (const [x, value] of ends) pen.fillText(`${value}`, Math.min(x, layout.width - 14), height + 12);
    pen.textAlign = "left";
    const seconds = Math.floor(view.from / 1e9);
    pen.fillText(factor === 1e9 || seconds <= 0 ? unit : `${seconds} s + ${unit}`, 4, height + 12);
  }
  pen.textAlign = "left";
}

function drawLanes(pen) {
  const { run, shown } = view;
  for (let lane = view.top; lane < Math.min(view.top + layout.lanes, shown.lanes.length); lane++) {
    const node = shown.lanes[lane];
    pen.strokeStyle = colours.axis;
    pen.setLineDash(node >= run.nodeCount || run.isProgram.has(node) ? [3, 3] : []);
    pen.beginPath();
    pen.moveTo(Math.max(xOf(0), layout.gutter), yOf(lane));
    pen.lineTo(Math.min(xOf(run.end), layout.width), yOf(lane));
    pen.stroke();
    pen.setLineDash([]);
    for (const [from, until] of downTimes(run, node)) {
      if (until < view.from || from > view.until) continue;
      pen.fillStyle = colours.bg;
      pen.fillRect(xOf(from), yOf(lane) - 2, Math.max(xOf(until) - xOf(from), 2), 4);
      pen.strokeStyle = colours.warn;
      pen.setLineDash([2, 3]);
      pen.beginPath();
      pen.moveTo(xOf(from), yOf(lane));
      pen.lineTo(xOf(until), yOf(lane));
      pen.stroke();
      pen.setLineDash([]);
    }
  }
}

// The rows of a node that are marked however many rows there are: lost messages, crashes.
function marksOf(run, node) {
  if (!run.marks) {
    run.marks = Array.from({ length: run.names.length }, () => ({ rows: [], times: [] }));
    for (let row = 0; row < run.count; row++) {
      const event = run.event[row];
      if (event !== run.drop && event !== run.crash && event !== run.restart) continue;
      run.marks[run.node[row]].rows.push(row);
      run.marks[run.node[row]].times.push(run.time[row]);
    }
  }
  return run.marks[node];
}

function downTimes(run, node) {
  const times = [];
  let from = -1;
  for (const row of marksOf(run, node).rows) {
    if (run.event[row] === run.crash && from < 0) from = run.time[row];
    if (run.event[row] === run.restart && from >= 0) {
      times.push([from, run.time[row]]);
      from = -1;
    }
  }
  if (from >= 0) times.push([from, run.end]);
  return times;
}

function drawMessages(pen) {
  const { run, shown, cone } = view;
  const { messages } = run;
  const inView = [];
  eachMessageIn(messages, view.from, view.until, (at) => {
    const [from, to] = [shown.laneOf[messages.sender[at]], shown.laneOf[messages.receiver[at]]];
    if (from < 0 || to < 0 || (!isInView(from) && !isInView(to)) || (shown.messages !== null && shown.messages[at] === 0)) return true;
    inView.push(at);
    return inView.length <= LINES;
  });
  drawn.asLines = inView.length <= LINES;
  drawn.messages = inView.length;
  if (!drawn.asLines) {
    // Those of the selected step are lines in any case.
    inView.length = 0;
    if (view.selected >= 0) inView.push(...messagesOfStep(run, view.selected));
  }
  drawn.lines = inView;
  const lit = (at) => cone === null || isMessageLit(run, cone, at);
  const arrows = inView.length < 700;
  for (const bright of [false, true]) {
    for (const at of inView) {
      if (lit(at) === bright) drawMessage(pen, at, bright, arrows && bright, cone);
    }
  }
}

function messagesOfStep(run, row) {
  const [first, last] = stepEnds(run, row);
  const begin = run.start[run.node[row]];
  const found = new Set();
  for (let place = begin + first; place <= begin + last; place++) {
    const own = run.order[place];
    if (run.messageOf[own] >= 0) found.add(run.messageOf[own]);
    for (const copy of run.copies.get(own) || []) found.add(copy);
  }
  return [...found];
}

// A message is lit if both of its ends are in the past, or both in the future.
function isMessageLit(run, cone, at) {
  const { sent, ended } = run.messages;
  const first = sent[at] >= 0 ? litBy(run, cone, sent[at]) : 3;
  const last = ended[at] >= 0 ? litBy(run, cone, ended[at]) : 3;
  return (first & last) !== 0;
}

// The ends of a message's line; of one that does not arrive in time, a stub.
function lineOf(at) {
  const { messages } = view.run;
  const { laneOf } = view.shown;
  const y = yOf(laneOf[messages.sender[at]]);
  const toY = yOf(laneOf[messages.receiver[at]]);
  const x = xOf(messages.from[at]);
  if (messages.kind[at] === UNDER_WAY) return [x, y, x + 14, y + Math.sign(toY - y) * Math.min(Math.abs(toY - y), layout.pitch * 0.4)];
  return [x, y, xOf(messages.to[at]), toY];
}

function drawMessage(pen, at, bright, arrow, cone) {
  const { messages } = view.run;
  const kind = messages.kind[at];
  const [x, y, toX, toY] = lineOf(at);
  pen.globalAlpha = bright ? (cone === null ? 0.75 : 1) : 0.12;
  pen.strokeStyle = pen.fillStyle = kind === DROPPED ? colours.warn : laneColour(messages.sender[at]);
  pen.lineWidth = bright && cone !== null ? 1.8 : 1.2;
  pen.setLineDash(kind === DROPPED ? [5, 3] : kind === UNDER_WAY ? [2, 3] : []);
  pen.beginPath();
  pen.moveTo(x, y);
  pen.lineTo(toX, toY);
  pen.stroke();
  pen.setLineDash([]);
  if (arrow && kind !== UNDER_WAY && kind !== DROPPED) {
    const angle = Math.atan2(toY - y, toX - x);
    pen.beginPath();
    pen.moveTo(toX, toY);
    pen.lineTo(toX - 9 * Math.cos(angle - 0.35), toY - 9 * Math.sin(angle - 0.35));
    pen.lineTo(toX - 9 * Math.cos(angle + 0.35), toY - 9 * Math.sin(angle + 0.35));
    pen.fill();
  }
  pen.globalAlpha = 1;
  pen.lineWidth = 1;
}

// The shown rows of a node in a time: places in `shown.times`.
function rowsIn(node, from, until) {
  const { start, times } = view.shown;
  if (node >= view.run.nodeCount) return [0, 0];
  const first = lowerBound(times, from, start[node], start[node + 1]);
  return [first, lowerBound(times, until, first, start[node + 1])];
}

function rowAt(place) {
  const { rows } = view.shown;
  return view.run.order[rows === null ? place : rows[place]];
}

function drawRows(pen) {
  const width = layout.width - layout.gutter;
  const bars = [];
  for (let lane = view.top; lane < Math.min(view.top + layout.lanes, view.shown.lanes.length); lane++) {
    const node = view.shown.lanes[lane];
    const [first, last] = rowsIn(node, view.from, view.until);
    drawn.rows += last - first;
    if (last - first <= width / 3) drawDots(pen, lane, node, first, last);
    else bars.push([lane, node, first, last]);
  }
  drawBars(pen, bars);
}

// One bar per pixel column, as high as the number of rows in it.
function drawBars(pen, bars) {
  const { times } = view.shown;
  const counted = bars.map(([lane, node, first, last]) => {
    const counts = [];
    let at = first;
    for (let x = layout.gutter; x < layout.width && at < last; x++) {
      const next = lowerBound(times, timeOf(x + 1), at, last);
      if (next > at) counts.push([x, next - at]);
      drawn.most = Math.max(drawn.most, next - at);
      at = next;
    }
    return { lane, node, counts };
  });
  for (const { lane, node, counts } of counted) {
    const y = Math.round(yOf(lane));
    const [pastEnd, futureBegin] = coneTimes(node);
    pen.fillStyle = laneColour(node);
    for (const [x, count] of counts) {
      const time = timeOf(x);
      // Whole pixels are drawn several times faster.
      const half = Math.max(1, Math.round(Math.sqrt(count / drawn.most) * layout.pitch * 0.38));
      pen.globalAlpha = view.cone === null || time <= pastEnd || time >= futureBegin ? 1 : 0.15;
      pen.fillRect(x, y - half, 1, 2 * half);
    }
  }
  pen.globalAlpha = 1;
}

// When the past of the cone ends at a node, and when its future begins.
function coneTimes(node) {
  const { run, cone } = view;
  if (cone === null) return [Infinity, -Infinity];
  const [begin, end] = [run.start[node], run.start[node + 1]];
  const past = cone.past[node] > 0 ? run.orderTime[begin + cone.past[node] - 1] : -Infinity;
  const future = begin + cone.future[node] < end ? run.orderTime[begin + cone.future[node]] : Infinity;
  return [past, future];
}

function drawDots(pen, lane, node, first, last) {
  const { run, cone } = view;
  const y = yOf(lane);
  const clock = run.head.columns.includes("clock") && last - first > 0 ? columnOf(run, "clock") : null;
  let labelled = -Infinity;
  let lastStep = -1;
  for (let place = first; place < last; place++) {
    const row = rowAt(place);
    const x = xOf(run.time[row]);
    const event = run.event[row];
    const bright = cone === null || litBy(run, cone, row) !== 0;
    pen.globalAlpha = bright ? 1 : 0.2;
    pen.fillStyle = pen.strokeStyle = laneColour(node);
    drawn.dots.push([x, y, row]);
    pen.beginPath();
    if (event === run.send) {
      pen.arc(x, y, 3.5, 0, 7);
      pen.fill();
    } else if (event === run.receive) {
      pen.arc(x, y, 4.5, 0, 7);
      pen.fillStyle = colours.bg;
      pen.fill();
      pen.lineWidth = 1.8;
      pen.stroke();
      pen.lineWidth = 1;
    } else if (event >= run.head.standard_words) {
      pen.moveTo(x, y - 5);
      pen.lineTo(x + 5, y);
      pen.lineTo(x, y + 5);
      pen.lineTo(x - 5, y);
      pen.fill();
    } else if (event !== run.drop && event !== run.crash && event !== run.restart) {
      pen.fillRect(x - 1, y - 4, 2, 8);
    }
    const isOwn = event >= run.head.standard_words;
    const isNew = run.step[row] !== lastStep || isOwn;
    lastStep = run.step[row];
    const label = clock && inStep(run, row) ? cellText(run, clock, row) : isOwn ? run.words[event] : "";
    // Outside the lit cone, a label would be too faint to read.
    if (isNew && bright && label !== "" && layout.pitch >= 26 && x > labelled) {
      // On a halo of the page's colour, so that lines do not cross the letters.
      pen.strokeStyle = colours.bg;
      pen.lineWidth = 4;
      pen.lineJoin = "round";
      pen.strokeText(label, x + 4, y - 11);
      pen.lineWidth = 1;
      pen.fillStyle = colours.muted;
      pen.fillText(label, x + 4, y - 11);
      labelled = x + pen.measureText(label).width + 10;
    }
  }
  pen.globalAlpha = 1;
}

// Lost messages, crashes and restarts: one mark per pixel column at least.
function drawMarks(pen) {
  const { run, shown } = view;
  for (let lane = view.top; lane < Math.min(view.top + layout.lanes, shown.lanes.length); lane++) {
    const node = shown.lanes[lane];
    const { rows, times } = marksOf(run, node);
    const y = yOf(lane);
    const last = lowerBound(times, view.until, 0, times.length);
    for (let at = lowerBound(times, view.from, 0, last); at < last;) {
      const x = xOf(times[at]);
      const next = lowerBound(times, timeOf(x + 1), at + 1, last);
      let event = run.event[rows[at]];
      for (let other = at; other < Math.min(next, at + 64); other++) if (run.event[rows[other]] === run.crash) event = run.crash;
      drawn.marks += next - at;
      drawn.dots.push([x, y, rows[at]]);
      pen.globalAlpha = view.cone === null || litBy(run, view.cone, rows[at]) !== 0 ? 1 : 0.3;
      drawMark(pen, x, y, event);
      at = next;
    }
  }
  pen.globalAlpha = 1;
}

function drawMark(pen, x, y, event) {
  const { run } = view;
  pen.strokeStyle = pen.fillStyle = colours.warn;
  pen.lineWidth = event === run.drop ? 1.8 : 2.6;
  pen.beginPath();
  if (event === run.restart) {
    pen.arc(x, y, 5, 0, 7);
  } else {
    const size = event === run.drop ? 4 : 6;
    pen.moveTo(x - size, y - size);
    pen.lineTo(x + size, y + size);
    pen.moveTo(x - size, y + size);
    pen.lineTo(x + size, y - size);
  }
  pen.stroke();
  pen.lineWidth = 1;
}

// The rows that prove a failure: a flag at the last one of a proof, a ring at the others.
function drawFailures(pen) {
  const { run, shown } = view;
  for (const failure of run.about.failures) {
    if (failure.time_ns < view.from || failure.time_ns > view.until) continue;
    const lane = shown.laneOf[run.head.nodes.indexOf(failure.node)];
    const x = xOf(failure.time_ns);
    pen.strokeStyle = pen.fillStyle = colours.warn;
    if (failure.last) {
      pen.globalAlpha = 0.8;
      pen.setLineDash([4, 3]);
      pen.beginPath();
      pen.moveTo(x, 0);
      pen.lineTo(x, layout.height - AXIS_HEIGHT);
      pen.stroke();
      pen.setLineDash([]);
      pen.globalAlpha = 1;
      pen.beginPath();
      pen.moveTo(x, 1);
      pen.lineTo(x + 12, 6);
      pen.lineTo(x, 11);
      pen.fill();
    }
    if (lane === undefined || lane < 0 || !isInView(lane)) continue;
    pen.lineWidth = 2.2;
    pen.beginPath();
    pen.arc(x, yOf(lane), 9, 0, 7);
    pen.stroke();
    pen.lineWidth = 1;
  }
}

// The selected row, and what the pointer is at.
function drawPointed(pen) {
  const { run, shown, selected, hovered } = view;
  const ring = (row, radius) => {
    const lane = shown.laneOf[run.node[row]];
    if (lane < 0 || !isInView(lane)) return;
    pen.strokeStyle = colours.ink;
    pen.lineWidth = 2;
    pen.beginPath();
    pen.arc(xOf(run.time[row]), yOf(lane), radius, 0, 7);
    pen.stroke();
    pen.lineWidth = 1;
  };
  if (selected >= 0) ring(selected, 7.5);
  if (hovered === null) return;
  if (hovered.row >= 0) ring(hovered.row, 6);
  if (hovered.message >= 0) {
    const [x, y, toX, toY] = lineOf(hovered.message);
    pen.strokeStyle = colours.ink;
    pen.lineWidth = 2.4;
    pen.beginPath();
    pen.moveTo(x, y);
    pen.lineTo(toX, toY);
    pen.stroke();
    pen.lineWidth = 1;
  }
}

function drawNames(pen) {
  const { run, shown } = view;
  for (let lane = view.top; lane < Math.min(view.top + layout.lanes, shown.lanes.length); lane++) {
    const node = shown.lanes[lane];
    pen.fillStyle = laneColour(node);
    pen.fillRect(0, yOf(lane) - 7, 4, 14);
    pen.fillStyle = colours.ink;
    pen.fillText(fitted(pen, run.names[node], layout.gutter - 12), 8, yOf(lane));
  }
}

// A text that is cut in its middle if it is too wide.
function fitted(pen, text, width) {
  if (pen.measureText(text).width <= width) return text;
  let kept = text.length;
  while (kept > 2) {
    kept--;
    const cut = text.slice(0, Math.ceil(kept / 2)) + "\u2026" + text.slice(text.length - Math.floor(kept / 2));
    if (pen.measureText(cut).width <= width) return cut;
  }
  return text.slice(0, 1);
}

const OVERVIEW_HEIGHT = 44;

// The whole run: the number of rows in each pixel column, failures, faults, and the part in view.
function paintOverview() {
  const { run, shown } = view;
  const pen = context(canvases.overview, OVERVIEW_HEIGHT);
  const width = layout.width - layout.gutter;
  const xOfAll = (time) => layout.gutter + (time / run.end) * width;
  const counts = overviewCounts(run, shown, Math.floor(width));
  const most = counts.reduce((a, b) => Math.max(a, b), 1);
  pen.fillStyle = colours.soft;
  pen.fillRect(layout.gutter, 0, width, OVERVIEW_HEIGHT);
  for (const fault of run.about.faults) {
    pen.globalAlpha = 0.2;
    pen.fillStyle = colours.warn;
    pen.fillRect(xOfAll(fault.from_ns), 0, Math.max(xOfAll(fault.until_ns) - xOfAll(fault.from_ns), 1.5), OVERVIEW_HEIGHT);
    pen.globalAlpha = 1;
  }
  pen.fillStyle = colours.muted;
  counts.forEach((count, at) => {
    const height = count === 0 ? 0 : Math.max(1.5, Math.sqrt(count / most) * (OVERVIEW_HEIGHT - 8));
    pen.fillRect(layout.gutter + at, OVERVIEW_HEIGHT - Math.ceil(height), 1, Math.ceil(height));
  });
  pen.fillStyle = colours.warn;
  for (const failure of run.about.failures) {
    if (failure.last) pen.fillRect(xOfAll(failure.time_ns) - 1.5, 0, 3, OVERVIEW_HEIGHT);
  }
  for (const row of view.found.slice(0, 5000)) {
    pen.fillStyle = colours.accent;
    pen.fillRect(xOfAll(run.time[row]) - 0.5, 0, 1, 8);
  }
  const [left, right] = [Math.max(xOfAll(view.from), layout.gutter), Math.min(xOfAll(view.until), layout.width)];
  pen.strokeStyle = colours.accent;
  pen.fillStyle = colours.accent;
  pen.globalAlpha = 0.12;
  pen.fillRect(left, 0, Math.max(right - left, 2), OVERVIEW_HEIGHT);
  pen.globalAlpha = 1;
  pen.lineWidth = 2;
  pen.strokeRect(left + 1, 1, Math.max(right - left - 2, 2), OVERVIEW_HEIGHT - 2);
  pen.fillStyle = colours.muted;
  pen.fillText(layout.gutter > 76 ? "whole run" : "all", 8, OVERVIEW_HEIGHT / 2);
}

// Counted once for each filter and width.
function overviewCounts(run, shown, width) {
  if (shown.overview && shown.overview.length === width) return shown.overview;
  const counts = new Float64Array(Math.max(width, 1));
  for (const node of shown.lanes) {
    if (node >= run.nodeCount) continue;
    for (let place = shown.start[node]; place < shown.start[node + 1]; place++) {
      counts[Math.min(counts.length - 1, Math.floor((shown.times[place] / run.end) * counts.length))]++;
    }
  }
  shown.overview = counts;
  return counts;
}

// What is at a point of the diagram: a row, a message, or nothing.
function pointedAt(x, y) {
  let best = { row: -1, message: -1, distance: 9 };
  for (const [dotX, dotY, row] of drawn.dots) {
    const distance = Math.hypot(dotX - x, dotY - y);
    if (distance < best.distance) best = { row, message: -1, distance };
  }
  if (best.row < 0) best = rowInBar(x, y) || best;
  if (best.row >= 0) return best;
  best.distance = 6;
  for (const at of drawn.lines) {
    const distance = distanceToLine(x, y, lineOf(at));
    if (distance < best.distance) best = { row: -1, message: at, distance };
  }
  return best.message >= 0 ? best : null;
}

// Where bars are drawn, the row that is nearest in time.
function rowInBar(x, y) {
  const lane = Math.floor((y - TOP_HEIGHT) / layout.pitch) + view.top;
  if (x < layout.gutter || lane < 0 || lane >= view.shown.lanes.length || !isInView(lane)) return null;
  if (Math.abs(yOf(lane) - y) > layout.pitch * 0.4) return null;
  const [first, last] = rowsIn(view.shown.lanes[lane], view.from, view.until);
  if (last - first <= (layout.width - layout.gutter) / 3) return null;
  const time = timeOf(x);
  const place = Math.min(last - 1, lowerBound(view.shown.times, time, first, last));
  return Math.abs(xOf(view.shown.times[place]) - x) < 4 ? { row: rowAt(place), message: -1, distance: 0 } : null;
}

function distanceToLine(x, y, [x1, y1, x2, y2]) {
  const length = (x2 - x1) ** 2 + (y2 - y1) ** 2;
  const share = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length));
  return Math.hypot(x - x1 - share * (x2 - x1), y - y1 - share * (y2 - y1));
}
