// Tables are sorted by a click on the head of a column; a third click restores their order.

function sortableTables() {
  for (const table of document.querySelectorAll("main .scroll > table")) {
    const body = table.tBodies[0];
    if (!table.tHead || body.rows.length < 2) continue;
    fillRepeated(body);
    const original = [...body.rows];
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const sorter = element("button", { type: "button", class: "sort" }, ...head.childNodes);
      head.replaceChildren(sorter);
      sorter.addEventListener("click", () => sortTable(table, original, head, column));
    });
  }
}

const OF_RUNS = /^(run|first run|first failing runs)$/;

// Where a table or a sentence names a run that the diagram has, its number leads there.
function linkRuns(runList) {
  const known = new Set(runList.map((run) => String(run.run)));
  for (const table of document.querySelectorAll("main table")) {
    if (!table.tHead) continue;
    const heads = [...table.tHead.rows[0].cells].map((head) => head.textContent);
    const at = heads.findIndex((head) => OF_RUNS.test(head));
    if (at < 0) continue;
    for (const row of table.tBodies[0].rows) linkNumbers(row.cells[at], /\b(\d+)\b/, known);
  }
  for (const mark of document.querySelectorAll("main svg [data-run]")) {
    if (!known.has(mark.dataset.run)) continue;
    mark.classList.add("leads");
    mark.addEventListener("click", () => { location.hash = `#run=${mark.dataset.run}`; });
  }
  for (const item of document.querySelectorAll("main section li, main section .finding")) linkNumbers(item, /\b[Rr]un (\d+)\b/, known);
}

function linkNumbers(home, pattern, known) {
  for (const text of [...home.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE)) {
    let rest = text;
    let found;
    while ((found = pattern.exec(rest.data)) !== null) {
      const link = rest.splitText(found.index);
      rest = link.splitText(found[0].length);
      if (known.has(found[1])) link.replaceWith(element("a", { href: `#run=${found[1]}` }, found[0]));
    }
  }
}

// An empty first cell means the same as above: a sorted table needs the text.
function fillRepeated(body) {
  let above = "";
  for (const row of body.rows) {
    const cell = row.cells[0];
    if (cell.textContent !== "") above = cell.textContent;
    else if (above !== "") cell.append(element("span", { class: "repeated" }, above));
  }
}

function sortTable(table, original, head, column) {
  const next = { none: "descending", descending: "ascending", ascending: "none" }[head.getAttribute("aria-sort") || "none"];
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  const body = table.tBodies[0];
  table.classList.toggle("sorted", next !== "none");
  if (next === "none") {
    body.append(...original);
    return;
  }
  head.setAttribute("aria-sort", next);
  const sign = next === "descending" ? -1 : 1;
  const keyed = original.map((row, at) => ({ row, at, key: sortKey(row.cells[column].textContent) }));
  keyed.sort((a, b) => compareKeys(a.key, b.key, sign) || a.at - b.at);
  body.append(...keyed.map((it) => it.row));
}

// The number that a cell begins with, else its text. What has no value comes last.
function sortKey(text) {
  const plain = text.trim().replace(/[\u2009\u202f\u00a0,](?=\d{3})/g, "").replace("\u2212", "-");
  if (plain === "" || plain === "\u2013") return null;
  const number = /^[-+]?\d+(\.\d+)?/.exec(plain);
  return number ? Number(number[0]) : plain;
}

function compareKeys(a, b, sign) {
  if (a === null || b === null) return (a === null ? 1 : 0) - (b === null ? 1 : 0);
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return sign * (typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true }));
}
