// The value of an expression in each record of a run. A part without a value is `undefined`,
// as in properties: a comparison with it has no value either.

// Binds a parsed expression to a run. The result has `test(row)`, which must be called for the
// rows of one node after the other, each in the order of its log.
//
// Throws a Mistake if a column does not exist or kinds do not fit.
function bindExpression(run, tree) {
  const lasts = [];
  const bound = bind(run, tree, lasts);
  if (bound.kind !== "truth") throw new Mistake(`this is a ${bound.kind}, expected a condition: queue > 5`);
  return {
    test(row) {
      for (const last of lasts) last.visit(row);
      return bound.of(row) === true;
    },
  };
}

function standardColumn(run, name) {
  const message = (array) => (row) => (run.message[row] > 0 ? array[row] : undefined);
  switch (name) {
    case "time": return { kind: "duration", of: (row) => run.time[row] };
    case "time_ns": return { kind: "duration", of: (row) => run.time[row] };
    case "step": return { kind: "number", of: (row) => run.step[row] };
    case "queue": return { kind: "number", of: (row) => run.queue[row] };
    case "message": return { kind: "number", of: message(run.message) };
    case "bytes": return { kind: "number", of: message(run.bytes) };
    case "event": return { kind: "text", of: (row) => run.words[run.event[row]] };
    case "node": return { kind: "text", of: (row) => run.names[run.node[row]] };
    case "peer": return { kind: "text", of: (row) => (run.peer[row] < 0 ? undefined : run.names[run.peer[row]]) };
    default: return null;
  }
}

function columnValue(run, name) {
  const standard = standardColumn(run, name);
  if (standard) return standard;
  const column = columnOf(run, name);
  if (!column) throw new Mistake(`there is no column \`${name}\`; there are ${["time", "node", "step", "event", "peer", "message", "bytes", "queue", ...run.head.columns].join(", ")}`);
  const { values, text } = column;
  if (column.kind === "text") return { kind: "text", of: (row) => (text[row] < 0 ? undefined : run.texts[text[row]]) };
  const number = (row) => (Number.isNaN(values[row]) ? undefined : values[row]);
  if (column.kind === "bool") return { kind: "truth", of: (row) => (Number.isNaN(values[row]) ? undefined : values[row] === 1) };
  return { kind: name.endsWith("_ns") ? "duration" : "number", of: number };
}

function bind(run, tree, lasts) {
  switch (tree.form) {
    case "constant": return { kind: tree.kind, of: () => tree.value };
    case "column": return columnValue(run, tree.name);
    case "not": {
      const value = expect(bind(run, tree.value, lasts), ["truth"], "not");
      return { kind: "truth", of: (row) => { const it = value.of(row); return it === undefined ? it : !it; } };
    }
    case "minus":
    case "abs": {
      const value = expect(bind(run, tree.value, lasts), ["number", "duration"], tree.form === "abs" ? "abs" : "-");
      const apply = tree.form === "abs" ? Math.abs : (it) => -it;
      return { kind: value.kind, of: (row) => { const it = value.of(row); return it === undefined ? it : apply(it); } };
    }
    case "has": {
      const value = bind(run, tree.value, lasts);
      return { kind: "truth", of: (row) => value.of(row) !== undefined };
    }
    case "last": {
      const last = lastOf(run, bind(run, tree.value, lasts));
      lasts.push(last);
      return last;
    }
    case "in": {
      const value = bind(run, tree.value, lasts);
      const list = tree.list.map((it) => bind(run, it, lasts));
      list.forEach((it) => sameKind(value, it, "in"));
      return { kind: "truth", of: (row) => {
        const it = value.of(row);
        return it === undefined ? it : list.some((other) => other.of(row) === it) !== tree.negated;
      } };
    }
    default: return binary(tree.operator, bind(run, tree.left, lasts), bind(run, tree.right, lasts));
  }
}

function expect(value, kinds, operator) {
  if (!kinds.includes(value.kind)) throw new Mistake(`\`${operator}\` needs a ${kinds.join(" or ")}, found a ${value.kind}`);
  return value;
}

function sameKind(left, right, operator) {
  if (left.kind !== right.kind) throw new Mistake(`\`${operator}\` compares a ${left.kind} with a ${right.kind}; durations have a unit (5s), texts have quotes ('G')`);
}

const COMPARED = {
  "==": (a, b) => a === b, "!=": (a, b) => a !== b,
  "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b,
};
const COMPUTED = {
  "+": (a, b) => a + b, "-": (a, b) => a - b, "*": (a, b) => a * b, "/": (a, b) => a / b,
  "%": (a, b) => ((a % b) + Math.abs(b)) % Math.abs(b),
};

function binary(operator, left, right) {
  if (operator === "and" || operator === "or" || operator === "implies") return logical(operator, left, right);
  const numbers = ["number", "duration"];
  if (COMPARED[operator]) {
    sameKind(left, right, operator);
    if (operator !== "==" && operator !== "!=") expect(left, [...numbers, "text"], operator);
    return { kind: "truth", of: both(left, right, COMPARED[operator]) };
  }
  expect(left, numbers, operator);
  expect(right, numbers, operator);
  const durations = [left, right].filter((it) => it.kind === "duration").length;
  if (durations === 1 && operator !== "*" && !(operator === "/" && left.kind === "duration")) sameKind(left, right, operator);
  if (durations === 2 && operator === "*") throw new Mistake("durations cannot be multiplied");
  const kind = durations === 1 || (durations === 2 && operator !== "/") ? "duration" : "number";
  return { kind, of: both(left, right, (a, b) => {
    const value = COMPUTED[operator](a, b);
    return Number.isFinite(value) ? value : undefined;
  }) };
}

function both(left, right, apply) {
  return (row) => {
    const a = left.of(row);
    if (a === undefined) return undefined;
    const b = right.of(row);
    return b === undefined ? undefined : apply(a, b);
  };
}

// `and`, `or` and `implies` need no value on a side that does not matter.
function logical(operator, left, right) {
  expect(left, ["truth"], operator);
  expect(right, ["truth"], operator);
  const decides = operator === "or";
  const of = (row) => {
    let a = left.of(row);
    if (operator === "implies" && a !== undefined) a = !a;
    const settles = operator === "implies" ? true : decides;
    if (a === settles) return settles;
    const b = right.of(row);
    if (b === settles) return settles;
    return a === undefined || b === undefined ? undefined : !settles;
  };
  return { kind: "truth", of };
}

// `last(x)`: the value of x after an earlier step of the node.
function lastOf(run, value) {
  let node = -1;
  let step = -1;
  let now;
  let before;
  const forget = () => { step = -1; now = before = undefined; };
  return {
    kind: value.kind,
    visit(row) {
      if (run.node[row] !== node) { node = run.node[row]; forget(); }
      if (run.event[row] === run.crash) forget();
      if (!inStep(run, row)) return;
      if (run.step[row] !== step) {
        step = run.step[row];
        if (now !== undefined) before = now;
        now = undefined;
      }
      const it = value.of(row);
      if (it !== undefined) now = it;
    },
    of: (row) => (inStep(run, row) ? before : undefined),
  };
}
