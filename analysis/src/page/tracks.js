// Tracks under the diagram, with the same time axis: columns over time as lines, texts as
// coloured bands. Lines have the least and greatest value of each pixel column, so a peak of
// one row shows in a run of any length.

const TRACK_HEIGHT = 120;
const BAND_HEIGHT = 16;
const SUMMARY = 64;
// How the values of all tracks are drawn.
const trackOptions = { own: false, log: false, behind: false };

// The columns of a run that a track may show, most telling first.
function trackNames(run) {
  const names = run.head.columns.slice();
  const clock = names.indexOf("clock");
  if (clock > 0) names.unshift(...names.splice(clock, 1));
  return [...names.slice(0, clock >= 0 ? 1 : 0), "queue", ...names.slice(clock >= 0 ? 1 : 0)];
}

// The tracks that are shown at first: the clock, queues that are used, states, and two more.
function firstTracks(run) {
  const chosen = [];
  let more = 2;
  for (const name of trackNames(run)) {
    const track = trackOf(run, name);
    if (track.distinct < 2) continue;
    const isState = track.kind === "text" && track.distinct <= 12;
    if (name === "clock" || name === "queue" || isState) chosen.push(name);
    else if (track.kind !== "text" && more-- > 0) chosen.push(name);
  }
  return chosen.slice(0, 5);
}

// A track: values by place in `run.order`, and of each SUMMARY of them the least and greatest.
function trackOf(run, name) {
  run.trackCache = run.trackCache || new Map();
  if (run.trackCache.has(name)) return run.trackCache.get(name);
  const column = name === "queue" ? null : columnOf(run, name);
  const isText = column !== null && column.kind === "text";
  const values = new Float64Array(run.count);
  const seen = new Set();
  for (let place = 0; place < run.count; place++) {
    const row = run.order[place];
    const value = column === null ? run.queue[row] : isText ? column.text[row] : column.values[row];
    values[place] = isText && value < 0 ? NaN : value;
    if (seen.size < 200 && !Number.isNaN(values[place])) seen.add(values[place]);
  }
  const track = { name, kind: isText ? "text" : column ? column.kind : "u64", docs: column ? column.docs : "messages that wait after the step", values, distinct: seen.size, has: column ? column.has : () => true };
  if (isText) track.colours = stateColours(run, track);
  else Object.assign(track, summaries(values));
  run.trackCache.set(name, track);
  return track;
}

function summaries(values) {
  const count = Math.ceil(values.length / SUMMARY);
  const least = new Float64Array(count).fill(Infinity);
  const greatest = new Float64Array(count).fill(-Infinity);
  for (let at = 0; at < values.length; at++) {
    const block = Math.floor(at / SUMMARY);
    if (values[at] < least[block]) least[block] = values[at];
    if (values[at] > greatest[block]) greatest[block] = values[at];
  }
  return { least, greatest };
}

// The least and the greatest value at places from `first` to `last`; infinite without any.
function extremes(track, first, last) {
  let low = Infinity;
  let high = -Infinity;
  let at = first;
  while (at < last) {
    if (at % SUMMARY === 0 && at + SUMMARY <= last) {
      low = Math.min(low, track.least[at / SUMMARY]);
      high = Math.max(high, track.greatest[at / SUMMARY]);
      at += SUMMARY;
    } else {
      const value = track.values[at++];
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return [low, high];
}

const STATE_COLOURS = { R: "#c8372d", RED: "#c8372d", Y: "#b38600", YELLOW: "#b38600", AMBER: "#b38600", G: "#2f9e5b", GREEN: "#2f9e5b", B: "#0072b2", BLUE: "#0072b2" };

// The colour of each text of a column. The documentation of the column may name them
// (`leader=green`); a text that is the name of a colour has this colour; the others have the
// colours of the series, in the order in which they appear.
function stateColours(run, track) {
  const named = new Map();
  for (const [, text, colour] of track.docs.matchAll(/([A-Za-z0-9_-]+)=(#[0-9a-fA-F]{3,6}|[a-z]+)/g)) {
    if (CSS.supports("color", colour)) named.set(text, STATE_COLOURS[colour.toUpperCase()] || colour);
  }
  const byId = new Map();
  let next = 0;
  for (const value of track.values) {
    if (Number.isNaN(value) || byId.has(value)) continue;
    const text = run.texts[value];
    byId.set(value, named.get(text) || STATE_COLOURS[text.toUpperCase()] || `series ${next++ % 8}`);
  }
  return byId;
}

function stateColour(track, value) {
  const colour = track.colours.get(value);
  return colour.startsWith("series ") ? colours[`s${colour.slice(7)}`] : colour;
}

// The nodes of a track: those that are shown and have the column.
function trackNodes(track) {
  const { run, shown } = view;
  return shown.lanes.filter((node) => node < run.nodeCount && track.has(node) && run.start[node] < run.start[node + 1]);
}

function trackHeight(track) {
  return track.kind === "text" ? trackNodes(track).slice(0, 40).length * BAND_HEIGHT + 4 : TRACK_HEIGHT;
}

function paintTrack(canvas, name) {
  const track = trackOf(view.run, name);
  const height = trackHeight(track);
  const pen = context(canvas, height);
  drawBands(pen, height, false);
  drawAxis(pen, height, false);
  pen.save();
  pen.beginPath();
  pen.rect(layout.gutter, 0, layout.width - layout.gutter, height);
  pen.clip();
  const drawnTrack = track.kind === "text" ? drawStates(pen, track) : drawLines(pen, track);
  if (view.hovered !== null && view.hovered.x !== undefined) {
    pen.strokeStyle = colours.muted;
    pen.beginPath();
    pen.moveTo(view.hovered.x + 0.5, 0);
    pen.lineTo(view.hovered.x + 0.5, height);
    pen.stroke();
  }
  pen.restore();
  drawnTrack(pen);
}

// Coloured bands, one per node. A pixel column with several changes has its last text.
function drawStates(pen, track) {
  const { run } = view;
  const nodes = trackNodes(track).slice(0, 40);
  nodes.forEach((node, at) => {
    const y = at * BAND_HEIGHT + 2;
    let x = layout.gutter;
    while (x < layout.width) {
      const place = lowerBound(run.orderTime, timeOf(x + 0.5), run.start[node], run.start[node + 1]) - 1;
      const value = place < run.start[node] || timeOf(x) > run.end ? NaN : track.values[place];
      const end = endOfState(track, node, place, x);
      if (!Number.isNaN(value)) {
        pen.fillStyle = stateColour(track, value);
        pen.fillRect(x, y, end - x, BAND_HEIGHT - 3);
        const band = channels(pen.fillStyle);
        // A plugin may name any colour: one that hardly differs from the page has an outline.
        if (contrast(band, channels(colours.bg)) < 3) {
          pen.strokeStyle = colours.muted;
          pen.strokeRect(x + 0.5, y + 0.5, end - x - 1, BAND_HEIGHT - 4);
        }
        const text = run.texts[value];
        if (pen.measureText(text).width < end - x - 6) {
          pen.fillStyle = css(textOn(band));
          pen.fillText(text, x + 4, y + BAND_HEIGHT / 2 - 1);
        }
      }
      x = end;
    }
  });
  return () => nodes.forEach((node, at) => {
    pen.fillStyle = colours.ink;
    pen.fillText(fitted(pen, run.names[node], layout.gutter - 12), 8, at * BAND_HEIGHT + BAND_HEIGHT / 2 + 1);
  });
}

// Where the text of a node that holds at x is followed by another one.
function endOfState(track, node, place, x) {
  const { run } = view;
  const last = run.start[node + 1];
  let at = Math.max(place + 1, run.start[node]);
  const value = place < run.start[node] ? NaN : track.values[place];
  // Many rows with the same text follow one another: so many are looked at.
  for (let looked = 0; at < last && Object.is(track.values[at], value) && looked < 400; looked++) at++;
  const right = at < last ? xOf(run.orderTime[at]) : xOf(run.end);
  const isEnd = place >= run.start[node] && at >= last && x >= Math.floor(right);
  return Math.min(layout.width, Math.max(x + 1, isEnd ? layout.width : Math.floor(right)));
}

function drawLines(pen, track) {
  const curves = trackNodes(track).map((node) => curveOf(track, node));
  if (trackOptions.behind) subtractFromFurthest(curves);
  const shared = scaleOf(curves);
  for (const curve of curves) drawCurve(pen, curve, trackOptions.own ? scaleOf([curve]) : shared);
  return () => {
    pen.fillStyle = colours.muted;
    if (trackOptions.own) {
      pen.fillText("own axes", 8, 10);
      return;
    }
    if (shared === null) return;
    pen.fillText(axisText(track, shared.high), 8, 10);
    pen.fillText(axisText(track, shared.low), 8, TRACK_HEIGHT - 10);
  };
}

function axisText(track, value) {
  return track.name.endsWith("_ns") ? span(value) : short(value);
}

// The curve of a node in view: of each pixel column the least, greatest and last value; NaN
// where it has none.
function curveOf(track, node) {
  const { run } = view;
  const width = Math.max(0, Math.ceil(layout.width - layout.gutter));
  const [low, high, last] = [new Float64Array(width).fill(NaN), new Float64Array(width).fill(NaN), new Float64Array(width).fill(NaN)];
  const [begin, end] = [run.start[node], run.start[node + 1]];
  let place = lowerBound(run.orderTime, view.from, begin, end);
  let held = place > begin ? track.values[place - 1] : NaN;
  for (let at = 0; at < width && timeOf(layout.gutter + at) <= run.end; at++) {
    const until = timeOf(layout.gutter + at + 1);
    let next = place;
    if (place < end && run.orderTime[place] < until) next = lowerBound(run.orderTime, until, place, end);
    let least = Infinity;
    let greatest = -Infinity;
    if (next > place) {
      [least, greatest] = extremes(track, place, next);
      if (!Number.isNaN(track.values[next - 1])) held = track.values[next - 1];
      place = next;
    }
    low[at] = least > greatest ? held : least;
    high[at] = least > greatest ? held : greatest;
    last[at] = held;
  }
  return { node, low, high, last };
}

// In place of each value, how far it is below the greatest of all nodes at the same pixel.
function subtractFromFurthest(curves) {
  for (let at = 0; curves.length > 0 && at < curves[0].last.length; at++) {
    let furthest = NaN;
    for (const { last } of curves) if (!(last[at] <= furthest) && !Number.isNaN(last[at])) furthest = last[at];
    for (const curve of curves) curve.low[at] = curve.high[at] = curve.last[at] = furthest - curve.last[at];
  }
}

// The axis of some curves; null if they have no value.
function scaleOf(curves) {
  let low = Infinity;
  let high = -Infinity;
  for (const curve of curves) {
    for (let at = 0; at < curve.low.length; at++) {
      if (curve.low[at] < low && (!trackOptions.log || curve.low[at] > 0)) low = curve.low[at];
      if (curve.high[at] > high) high = curve.high[at];
    }
  }
  if (low > high) return null;
  if (low === high) [low, high] = trackOptions.log ? [low / 2, high * 2] : [Math.min(low, 0), high === 0 ? 1 : Math.max(high, 0)];
  const of = trackOptions.log ? (value) => Math.log(Math.max(value, low)) : (value) => value;
  const [bottom, top] = [of(low), of(high)];
  return { low, high, y: (value) => TRACK_HEIGHT - 8 - ((of(value) - bottom) / (top - bottom)) * (TRACK_HEIGHT - 18) };
}

function drawCurve(pen, { node, low, high, last }, scale) {
  if (scale === null) return;
  pen.strokeStyle = pen.fillStyle = laneColour(node);
  pen.lineWidth = 1.6;
  pen.beginPath();
  let before = NaN;
  let tall = 0;
  for (let at = 0; at < last.length; at++) {
    if (Number.isNaN(last[at])) continue;
    const x = layout.gutter + at;
    const y = scale.y(last[at]);
    if (Number.isNaN(before)) pen.moveTo(x, y);
    else if (before !== y) {
      pen.lineTo(x, before);
      pen.lineTo(x, y);
    }
    if (low[at] !== high[at]) {
      const top = Math.floor(scale.y(high[at]));
      pen.fillRect(x, top, 1, Math.max(1, Math.ceil(scale.y(low[at])) - top));
      tall++;
    }
    before = y;
  }
  if (!Number.isNaN(before)) pen.lineTo(Math.min(xOf(view.run.end), layout.width), before);
  // Colours repeat after eight nodes, with dashes; a line that is full of peaks is drawn plain.
  if (node % 16 >= 8 && tall < 100) pen.setLineDash([5, 3]);
  pen.stroke();
  pen.setLineDash([]);
  pen.lineWidth = 1;
}

// What a track has at a pixel: `machine-1: 41`, one line per node.
function trackValues(name, x) {
  const track = trackOf(view.run, name);
  const { run } = view;
  const nodes = trackNodes(track);
  const values = nodes.map((node) => {
    const place = lowerBound(run.orderTime, timeOf(x + 1), run.start[node], run.start[node + 1]) - 1;
    return place < run.start[node] ? NaN : track.values[place];
  });
  const furthest = Math.max(...values.filter((value) => !Number.isNaN(value)));
  const lines = nodes.slice(0, 16).map((node, at) => {
    const value = values[at];
    const shownValue = Number.isNaN(value) ? "-" : track.kind === "text" ? run.texts[value] : axisText(track, trackOptions.behind ? furthest - value : value);
    return `${run.names[node]}: ${shownValue}`;
  });
  if (nodes.length > 16) lines.push(`and ${nodes.length - 16} more`);
  return [`${name} at ${exactTime(timeOf(x))}`, ...lines];
}
