"""Writes measured figures into a README, so that a test can tell who wrote them.

A command that measures calls `write`. The figures stand between two marks:

    <!-- figures NAME: COMMAND -->
    AMD EPYC, 2 cores, Linux 6.1.0 on x86_64, rustc 1.95.0; 2026-11-26.
    | ... |
    <!-- figures NAME: end; text=HASH sources=HASH FILES; plot=HASH FILE -->

The hashes are the first 16 digits of SHA-256: of the text between the marks, of the files that
decide what is measured, and of the plot beside the README. `tests/promises/figures.rs` computes
them again. So the test fails if somebody writes a figure by hand, or changes how it is measured and
does not measure again.
"""

import datetime
import hashlib
import os
import pathlib
import platform
import re
import subprocess
from xml.sax.saxutils import escape

ROOT = pathlib.Path(__file__).resolve().parent.parent


def machine():
    """One line about this machine: processor, cores, system, compiler, day. No names, no paths."""
    cpu = platform.machine()
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = " ".join(line.split(":", 1)[1].split())
            break
    cores = len(os.sched_getaffinity(0))
    rustc = subprocess.run(["rustc", "--version"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    system = f"Linux {platform.release().split('-')[0]} on {platform.machine()}"
    plural = "" if cores == 1 else "s"
    version = rustc.stdout.split()[1]
    return f"{cpu}, {cores} core{plural}, {system}, rustc {version}; {datetime.date.today()}."


def busy():
    """How busy other programs keep the machine, as words for the line of the machine."""
    return f"Load average before: {os.getloadavg()[0]:.1f}."


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


def sources_digest(sources):
    return digest(b"".join((ROOT / source).read_bytes() for source in sources))


def table(head, rows):
    """A table in Markdown. The first column is text, the others are numbers."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"


def between(readme, name):
    """The text between the marks of the figures NAME."""
    text = (ROOT / readme).read_text()
    found = re.search(rf"<!-- figures {name}: [^\n]* -->\n(.*?)<!-- figures {name}: end; ", text, re.S)
    if not found:
        raise SystemExit(f"{readme} has no figures `{name}`")
    return found[1]


def write(readme, name, command, sources, text, plot=None):
    """Puts the text between the marks of the figures NAME in a README.

    `command` is what a person types to write the figures again, `sources` are the files that decide
    what is measured, `plot` is the name of an SVG file beside the README.
    """
    path = ROOT / readme
    old = path.read_text()
    text = f"\n{text.strip()}\n\n"
    end = f"text={digest(text.encode())} sources={sources_digest(sources)} {' '.join(sources)}"
    if plot:
        end += f"; plot={digest((path.parent / plot).read_bytes())} {plot}"
    new = f"<!-- figures {name}: {command} -->\n{text}<!-- figures {name}: end; {end} -->"
    marks = rf"<!-- figures {name}: [^\n]* -->\n.*?<!-- figures {name}: end; [^\n]* -->"
    whole, count = re.subn(marks, lambda _: new, old, flags=re.S)
    if count != 1:
        raise SystemExit(f"{readme} has the figures `{name}` {count} times, expected once")
    path.write_text(whole)
    print(f"wrote the figures `{name}` into {readme}")


def bars(path, title, groups):
    """Draws horizontal bars from 1 on, for ratios: `groups` is [(group, [(label, ratio, color)])].

    The file has neither styles nor fonts of its own, so every viewer shows it.
    """
    total, left, width, bar, gap = 960, 310, 420, 15, 12
    most = max(ratio for _, rows in groups for _, ratio, _ in rows)
    scale = width / most
    parts, y = [], 52
    for group, rows in groups:
        middle = y + bar * len(rows) / 2 + 5
        parts.append(f'<text x="{left - 12}" y="{middle:.0f}" text-anchor="end">{escape(group)}</text>')
        for label, ratio, color in rows:
            long = ratio * scale
            parts.append(
                f'<rect x="{left}" y="{y}" width="{long:.1f}" height="{bar - 2}" fill="{color}"/>'
                f'<text x="{left + long + 6:.1f}" y="{y + 11}" font-size="12">{escape(label)}</text>'
            )
            y += bar
        y += gap
    one = left + scale
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total}" height="{y + 26}"'
        f' viewBox="0 0 {total} {y + 26}" font-family="sans-serif" font-size="14" fill="#1f2328">',
        f'<rect width="{total}" height="{y + 26}" fill="#ffffff"/>',
        f'<text x="16" y="28" font-size="17" font-weight="bold">{escape(title)}</text>',
        *parts,
        f'<line x1="{one:.1f}" y1="44" x2="{one:.1f}" y2="{y}" stroke="#57606a" stroke-dasharray="4 3"/>',
        f'<text x="{one:.1f}" y="{y + 16}" text-anchor="middle" font-size="12" fill="#57606a">1</text>',
        "</svg>",
    ]
    path.write_text("\n".join(lines) + "\n")
