// Expressions about one record, by the grammar of properties (scenarios/README.md), parsed by
// Pratt's method. The forms about all nodes (`count(nodes, ..)`, `NODE.COLUMN`) are refused:
// a filter looks at one record at a time.

const LEVELS = { implies: 1, or: 2, and: 3, "==": 5, "!=": 5, "<": 5, "<=": 5, ">": 5, ">=": 5, in: 5, not: 5, "+": 6, "-": 6, "*": 7, "/": 7, "%": 7 };
const NOT_LEVEL = 4;
const COMPARISON_LEVEL = 5;
const MINUS_LEVEL = 8;
const KEYWORDS = new Set(["implies", "or", "and", "not", "in", "true", "false"]);
const FUNCTIONS = new Set(["last", "has", "abs"]);
const OVER_NODES = new Set(["count", "any", "all", "sum", "min", "max"]);
const TOKEN = /\s*(?:(\d+(?:\.\d+)?(?:ns|us|ms|s|m|h|d|w)(?:\d+(?:\.\d+)?(?:ns|us|ms|s|m|h|d|w))*(?![A-Za-z0-9_]))|(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|'([^']*)'|"([^"]*)"|`([^`]*)`|([A-Za-z_][A-Za-z0-9_]*)|(==|!=|<=|>=|[-<>+*/%()[\],.]))/y;

class Mistake extends Error {}

function tokensOf(text) {
  const tokens = [];
  let at = 0;
  while (text.slice(at).trim() !== "") {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (!found) throw new Mistake(`\`${text.slice(at).trim().slice(0, 12)}\` is not expected here`);
    at = TOKEN.lastIndex;
    const [, duration, number, single, double, name, word, sign] = found;
    if (duration !== undefined) tokens.push({ kind: "duration", value: parseDuration(duration) });
    else if (number !== undefined) tokens.push({ kind: "number", value: Number(number) });
    else if (single !== undefined || double !== undefined) tokens.push({ kind: "text", value: single === undefined ? double : single });
    else if (name !== undefined) tokens.push({ kind: "name", value: name });
    else if (word !== undefined) tokens.push({ kind: KEYWORDS.has(word) ? "sign" : "name", value: word });
    else tokens.push({ kind: "sign", value: sign });
  }
  tokens.push({ kind: "end", value: "the end" });
  return tokens;
}

// Parses a text to a tree.
//
// Throws a Mistake with a sentence for the reader.
function parseExpression(text) {
  const parser = { tokens: tokensOf(text), next: 0 };
  if (parser.tokens.length === 1) throw new Mistake("the expression is empty; write, for example, queue > 5");
  const tree = operand(parser, 0);
  if (peek(parser).kind !== "end") throw unexpected(parser, "an operator or the end");
  return tree;
}

function peek(parser, ahead = 0) {
  return parser.tokens[Math.min(parser.next + ahead, parser.tokens.length - 1)];
}

function isSign(parser, sign, ahead = 0) {
  const token = peek(parser, ahead);
  return token.kind === "sign" && token.value === sign;
}

function take(parser, sign) {
  if (sign !== undefined && !isSign(parser, sign)) throw unexpected(parser, `\`${sign}\``);
  return parser.tokens[parser.next++];
}

function unexpected(parser, expected) {
  const token = peek(parser);
  return new Mistake(`found ${token.kind === "end" ? token.value : `\`${token.value}\``}, expected ${expected}`);
}

// An operand with all operators of at least this level.
function operand(parser, least) {
  let left = prefix(parser);
  let compared = false;
  for (;;) {
    const token = peek(parser);
    const level = token.kind === "sign" ? LEVELS[token.value] : undefined;
    const negated = isSign(parser, "not");
    if (level === undefined || level < least || (negated && !isSign(parser, "in", 1))) return left;
    if (level === COMPARISON_LEVEL && compared) throw new Mistake("comparisons cannot be chained: write `0 < x and x < 5`");
    compared = level === COMPARISON_LEVEL;
    take(parser);
    if (negated) take(parser, "in");
    if (negated || token.value === "in") left = { form: "in", value: left, list: listOf(parser), negated };
    else left = { form: "binary", operator: token.value, left, right: operand(parser, token.value === "implies" ? level : level + 1) };
  }
}

function listOf(parser) {
  take(parser, "[");
  const list = [operand(parser, 0)];
  while (isSign(parser, ",")) {
    take(parser);
    list.push(operand(parser, 0));
  }
  take(parser, "]");
  return list;
}

function prefix(parser) {
  const token = peek(parser);
  if (isSign(parser, "(")) {
    take(parser);
    const inner = operand(parser, 0);
    take(parser, ")");
    return inner;
  }
  if (isSign(parser, "not")) {
    take(parser);
    return { form: "not", value: operand(parser, NOT_LEVEL) };
  }
  if (isSign(parser, "-")) {
    take(parser);
    return { form: "minus", value: operand(parser, MINUS_LEVEL) };
  }
  if (token.kind === "name" || token.kind === "text") {
    const dotted = isSign(parser, ".", 1);
    const over = OVER_NODES.has(token.value) && isSign(parser, "(", 1) && peek(parser, 2).value === "nodes";
    if (dotted || over) throw new Mistake("`NODE.COLUMN` and functions over `nodes` are for properties; a filter looks at one record at a time");
    if (FUNCTIONS.has(token.value) && token.kind === "name" && isSign(parser, "(", 1)) {
      take(parser);
      take(parser, "(");
      const value = operand(parser, 0);
      take(parser, ")");
      return { form: token.value, value };
    }
  }
  if (isSign(parser, "true") || isSign(parser, "false")) return { form: "constant", kind: "truth", value: take(parser).value === "true" };
  if (token.kind === "name") return { form: "column", name: take(parser).value };
  if (token.kind === "sign" || token.kind === "end") throw unexpected(parser, "a column, a number, a text or `(`");
  return { form: "constant", kind: token.kind, value: take(parser).value };
}
