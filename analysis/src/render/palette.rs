//! The colours and fonts of the page and of every plot.
//!
//! The series colours follow the set of Okabe and Ito ("Color universal design",
//! 2008), which people with the common forms of colour blindness can distinguish. The
//! yellow is left out, as it is too faint on white; the colours for a dark page have
//! the same hue and are lighter. After eight series, the colours repeat with a dashed
//! line.

/// Number of series before the colours repeat.
pub(crate) const COLOURS: usize = 8;

/// The custom properties on a light page.
const LIGHT: &str = "--bg:#ffffff;--ink:#1c2128;--muted:#59636e;--grid:#e7eaee;--axis:#aab2bb;\
--soft:#f5f7f9;--accent:#0b62a8;--warn:#b3431a;\
--s0:#0072b2;--s1:#d55e00;--s2:#009e73;--s3:#b3549a;--s4:#c08a00;--s5:#3aa0dc;--s6:#7d5a38;--s7:#4d4d4d";

/// The custom properties on a dark page.
const DARK: &str = "--bg:#14181d;--ink:#e4e8ed;--muted:#9aa5b1;--grid:#2a3138;--axis:#56616d;\
--soft:#1b2027;--accent:#6cb6ff;--warn:#ff9d6b;\
--s0:#56b4e9;--s1:#ff8a4d;--s2:#2fcf9f;--s3:#e69bca;--s4:#f0c04f;--s5:#9fdcff;--s6:#cfa983;--s7:#c4cad1";

/// The classes that plots use.
const PLOT: &str = "\
.pt{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif;fill:var(--ink)}\
.ps{font-size:11px;fill:var(--muted)}\
.pb{font-weight:600}\
.pr{fill:var(--grid);opacity:.6}\
.pg{stroke:var(--grid);stroke-width:1;fill:none}\
.pa{stroke:var(--axis);stroke-width:1;fill:none}\
.pl{fill:none;stroke-width:1.7;stroke-linejoin:round}\
.pd{stroke-dasharray:5 3}.pw{stroke-width:1.2;opacity:.8}.pu{stroke-width:1.2;stroke-dasharray:2 3}\
.pe{text-anchor:end}.pm{text-anchor:middle}\
.c0{stroke:var(--s0)}.c1{stroke:var(--s1)}.c2{stroke:var(--s2)}.c3{stroke:var(--s3)}\
.c4{stroke:var(--s4)}.c5{stroke:var(--s5)}.c6{stroke:var(--s6)}.c7{stroke:var(--s7)}\
.f0{fill:var(--s0)}.f1{fill:var(--s1)}.f2{fill:var(--s2)}.f3{fill:var(--s3)}\
.f4{fill:var(--s4)}.f5{fill:var(--s5)}.f6{fill:var(--s6)}.f7{fill:var(--s7)}\
.bg{fill:var(--bg)}.halo{stroke:var(--bg);stroke-width:3;paint-order:stroke;stroke-linejoin:round}";

/// The style sheet that a plot or page needs, for the element `root`.
pub(crate) fn style(root: &str) -> String {
    format!("{root}{{{LIGHT}}}@media (prefers-color-scheme:dark){{{root}{{{DARK}}}}}{PLOT}")
}
