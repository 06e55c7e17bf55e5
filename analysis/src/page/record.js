// What is said about a row or a message: beside the pointer in short, and in full below the
// diagram for the row that was clicked.

function rowTitle(run, row) {
  const peer = run.peer[row] < 0 ? "" : run.names[run.peer[row]];
  const event = run.words[run.event[row]];
  const direction = event === "send" ? "to" : event === "receive" || event === "drop" ? "from" : "with";
  return `${run.names[run.node[row]]}: ${event}${peer === "" ? "" : ` ${direction} ${peer}`}`;
}

// The cells of a row: name and text.
function rowCells(run, row) {
  const cells = [["time", exactTime(run.time[row])], ["step", String(run.step[row])]];
  if (run.message[row] > 0) cells.push(["message", `${run.message[row]}, ${sizeText(run.bytes[row])}`]);
  cells.push(["queue", String(run.queue[row])]);
  for (const name of run.head.columns) {
    const column = columnOf(run, name);
    const text = column.has(run.node[row]) ? cellText(run, column, row) : "";
    if (text !== "") cells.push([name, name.endsWith("_ns") && text !== "NaN" ? span(Number(text)) : text]);
  }
  return cells;
}

function messageText(run, at) {
  const { messages } = run;
  const row = messages.sent[at] >= 0 ? messages.sent[at] : messages.ended[at];
  const name = `message ${run.message[row]} from ${run.names[messages.sender[at]]} to ${run.names[messages.receiver[at]]}`;
  const took = span(messages.to[at] - messages.from[at]);
  const fate = ["handled after " + took, "lost after " + took, "not handled before the end of the run", "the other end is outside"][messages.kind[at]];
  return [`${name}, ${sizeText(run.bytes[row])}`, `sent at ${exactTime(messages.from[at])}; ${fate}`];
}

// The text beside the pointer.
function hoverText(hovered) {
  const { run } = view;
  if (hovered.message >= 0) return messageText(run, hovered.message);
  const cells = rowCells(run, hovered.row).map(([name, text]) => `${name} ${text.length > 60 ? text.slice(0, 60) + "..." : text}`);
  return [rowTitle(run, hovered.row), ...cells];
}

// What is selected, in full, with ways to go on.
function recordPanel() {
  const { run, selected, cone } = view;
  if (selected < 0) return [element("p", { class: "note" }, "Click a row or a message: its record is here, and its causal past and future light up.")];
  const counts = coneCounts(run, cone);
  const failures = run.about.failures.filter((failure) => rowOfFailure(run, failure) === selected);
  const parts = [element("h4", {}, rowTitle(run, selected))];
  for (const failure of failures) parts.push(element("p", { class: "failed" }, ...coded(`${failure.name}: ${failure.note || "here it failed"}`)));
  const list = element("dl", { class: "record" });
  for (const [name, text] of rowCells(run, selected)) list.append(element("dt", {}, name), element("dd", {}, text));
  parts.push(list);
  const ways = element("p", { class: "ways" });
  const message = run.messageOf[selected];
  if (message >= 0) {
    const { sent, ended } = run.messages;
    parts.push(element("p", {}, messageText(run, message).join(", ") + "."));
    if (sent[message] >= 0 && sent[message] !== selected) ways.append(wayTo("where it was sent", sent[message]));
    if (ended[message] >= 0 && ended[message] !== selected) ways.append(wayTo(run.event[ended[message]] === run.drop ? "where it was lost" : "where it was handled", ended[message]));
  }
  const place = run.position[selected];
  const node = run.node[selected];
  if (place > run.start[node]) ways.append(wayTo("previous of this node", run.order[place - 1]));
  if (place + 1 < run.start[node + 1]) ways.append(wayTo("next of this node", run.order[place + 1]));
  parts.push(element("p", { class: "note" }, `Its causal past has ${counted(counts.past, "row")}, its future ${counted(counts.future, "row")}, of ${whole(run.count)}; the others are pale.`), ways);
  return parts;
}

function wayTo(text, row) {
  const button = element("button", { type: "button" }, text);
  button.addEventListener("click", () => goTo(row, 0));
  return button;
}

// What one pixel stands for, and what is in view.
function legendText() {
  const { run, shown } = view;
  const lanes = Math.min(layout.lanes, shown.lanes.length);
  const parts = [];
  const pixel = (view.until - view.from) / Math.max(layout.width - layout.gutter, 1);
  const of = shown.isAll ? "" : ` (${whole(shown.rows.length)} of ${whole(run.count)} pass the filter)`;
  parts.push(`${counted(drawn.rows, "row")} in view${of}; a pixel is ${span(pixel)}`);
  if (drawn.most > 0) parts.push(`where rows are closer than pixels, bars show their number in each pixel column, at most ${whole(drawn.most)}`);
  if (drawn.asLines) parts.push(`${counted(drawn.messages, "message")} as lines`);
  else parts.push(`more than ${whole(LINES)} messages in view: they are lines once you zoom in`);
  if (drawn.marks > 0) parts.push(`${counted(drawn.marks, "mark")} for losses, crashes and restarts`);
  if (lanes < shown.lanes.length) parts.push(`nodes ${view.top + 1} to ${view.top + lanes} of ${shown.lanes.length} (up and down with the arrow keys, or Shift and the wheel)`);
  return parts.join("; ") + ".";
}
