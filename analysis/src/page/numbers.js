// Numbers, times and sizes as text, and text as times.

const UNITS = [["ns", 1], ["us", 1e3], ["ms", 1e6], ["s", 1e9], ["m", 6e10], ["h", 3.6e12], ["d", 8.64e13], ["w", 6.048e14]];

// 1234567 -> 1,234,567
function whole(number) {
  return String(Math.round(number)).replace(/\B(?=(\d{3})+$)/g, ",");
}

function counted(number, noun) {
  return `${whole(number)} ${noun}${number === 1 ? "" : "s"}`;
}

// A time [ns] in seconds, exact: 41200000000 -> 41.2 s
function exactTime(ns) {
  const sign = ns < 0 ? "-" : "";
  const value = Math.abs(Math.round(ns));
  const rest = String(value % 1e9).padStart(9, "0").replace(/0+$/, "");
  return `${sign}${Math.floor(value / 1e9)}${rest ? "." + rest : ""} s`;
}

// A span of time [ns] with three digits: 1234567 -> 1.23 ms
function span(ns) {
  const size = Math.abs(ns);
  const [unit, factor] = size >= 1e9 ? ["s", 1e9] : size >= 1e6 ? ["ms", 1e6] : size >= 1e3 ? ["us", 1e3] : ["ns", 1];
  return `${short(ns / factor)} ${unit}`;
}

// A number with at most four digits that matter.
function short(number) {
  if (!Number.isFinite(number)) return String(number);
  const size = Math.abs(number);
  if (size >= 1e15 || (size > 0 && size < 1e-4)) return number.toExponential(2);
  if (Number.isInteger(number)) return size >= 10000 ? (number < 0 ? "-" : "") + whole(size) : String(number);
  const digits = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3;
  return String(Number(number.toFixed(size < 1 ? 4 : digits)));
}

function sizeText(bytes) {
  if (bytes < 1024) return counted(bytes, "byte");
  const [unit, factor] = bytes < 1048576 ? ["KiB", 1024] : ["MiB", 1048576];
  return `${short(bytes / factor)} ${unit}`;
}

// A duration as the scenarios have it: 1m30s -> 9e10; null if it is none.
function parseDuration(text) {
  let ns = 0;
  let rest = text.trim();
  if (rest === "") return null;
  while (rest !== "") {
    const part = /^(\d+(?:\.\d+)?)\s*(ns|us|ms|s|m|h|d|w)/.exec(rest);
    if (!part) return null;
    ns += Number(part[1]) * UNITS.find((unit) => unit[0] === part[2])[1];
    rest = rest.slice(part[0].length);
  }
  return ns;
}

// The first index in a sorted array, from `low` to `high`, whose value is at least `value`.
function lowerBound(array, value, low, high) {
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (array[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

// A word with `*` and `?` as a regular expression.
function globPattern(glob) {
  const escaped = glob.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replace(/\*/g, ".*").replace(/\?/g, ".")}$`);
}
