//! The colours and fonts of the page and of every plot.
//!
//! The series colours follow the set of Okabe and Ito ("Color universal design",
//! 2008), which people with the common forms of colour blindness can distinguish. The
//! yellow is left out, as it is too faint on white; the colours for a dark page have
//! the same hue and are lighter. Each has a contrast of at least 3 to the page (WCAG 2.1, 1.4.11), and
//! any two are at least 14 apart in CIELAB, also for people without red or green cones: their
//! shades were moved as little as that takes. Texts have a contrast of at least 4.5. After eight series, the colours repeat with a dashed
//! line.
//!
//! A plot stands in the page, where a style sheet gives each class its properties and the
//! reader's mode gives the colours ([`style`]); or in a file of its own. Many programs that show
//! or convert such files know no style sheet or no custom property, and would draw all in black.
//! So an element in a file has plain attributes with the light colours ([`attributes`]). Both
//! come from the same two tables.

use std::fmt::Write;

/// Number of series before the colours repeat.
pub(crate) const COLOURS: usize = 8;

/// Number of shades of a heatmap.
pub(crate) const SHADES: usize = 8;

/// The colours: name, on a light page, on a dark page. The shades of a heatmap are of one hue, from
/// that of the page to its opposite; texts on the first half of them have the tone `near`, the
/// others `far`.
const TONES: [(&str, &str, &str); 26] = [
    ("bg", "#ffffff", "#14181d"),
    ("ink", "#1c2128", "#e4e8ed"),
    ("muted", "#59636e", "#9aa5b1"),
    ("grid", "#e7eaee", "#2a3138"),
    ("axis", "#868f99", "#717c88"),
    ("soft", "#f5f7f9", "#1b2027"),
    ("accent", "#0b62a8", "#6cb6ff"),
    ("warn", "#b3431a", "#ff9d6b"),
    ("s0", "#0072b2", "#56b4e9"),
    ("s1", "#d55e00", "#ff8a4d"),
    ("s2", "#009e73", "#37d5a7"),
    ("s3", "#b15090", "#e197c5"),
    ("s4", "#b58541", "#f9c854"),
    ("s5", "#3696cd", "#9fdcff"),
    ("s6", "#7d5a38", "#c9a37b"),
    ("s7", "#4d4d4d", "#d2d4d8"),
    ("h0", "#f3f8fd", "#16202e"),
    ("h1", "#dbe9f6", "#182f48"),
    ("h2", "#bad6eb", "#1a3f63"),
    ("h3", "#8fc1e0", "#1c5080"),
    ("h4", "#3579b8", "#77b0dc"),
    ("h5", "#1f62a6", "#9ac5e6"),
    ("h6", "#0f4a8a", "#bbd9ef"),
    ("h7", "#08306b", "#deebf7"),
    ("near", "#10141a", "#ffffff"),
    ("far", "#ffffff", "#10141a"),
];

/// The fonts of plots: names that most systems have or replace, then the system's own.
const FONTS: &str = "Helvetica,Arial,'Liberation Sans','DejaVu Sans','Noto Sans',sans-serif";

/// A property and its value; `$` begins the name of a colour.
type Property = (&'static str, &'static str);

/// The classes that plots use. A later class wins over an earlier one.
const CLASSES: [(&str, &[Property]); 41] = [
    (
        "pt",
        &[
            ("font-family", FONTS),
            ("font-size", "12px"),
            ("fill", "$ink"),
        ],
    ),
    ("ps", &[("font-size", "11px"), ("fill", "$muted")]),
    ("pb", &[("font-weight", "600")]),
    // What is left out at the beginning of a run.
    ("pr", &[("fill", "$grid"), ("opacity", "0.6")]),
    (
        "pg",
        &[("stroke", "$grid"), ("stroke-width", "1"), ("fill", "none")],
    ),
    (
        "pa",
        &[("stroke", "$axis"), ("stroke-width", "1"), ("fill", "none")],
    ),
    (
        "pl",
        &[
            ("fill", "none"),
            ("stroke-width", "1.7"),
            ("stroke-linejoin", "round"),
        ],
    ),
    ("pd", &[("stroke-dasharray", "5 3")]),
    ("pw", &[("stroke-width", "1.2"), ("opacity", "0.8")]),
    (
        "pu",
        &[("stroke-width", "1.2"), ("stroke-dasharray", "2 3")],
    ),
    // The median in a box.
    (
        "pk",
        &[("stroke", "$ink"), ("stroke-width", "2"), ("fill", "none")],
    ),
    ("pe", &[("text-anchor", "end")]),
    ("pm", &[("text-anchor", "middle")]),
    ("c0", &[("stroke", "$s0")]),
    ("c1", &[("stroke", "$s1")]),
    ("c2", &[("stroke", "$s2")]),
    ("c3", &[("stroke", "$s3")]),
    ("c4", &[("stroke", "$s4")]),
    ("c5", &[("stroke", "$s5")]),
    ("c6", &[("stroke", "$s6")]),
    ("c7", &[("stroke", "$s7")]),
    ("f0", &[("fill", "$s0")]),
    ("f1", &[("fill", "$s1")]),
    ("f2", &[("fill", "$s2")]),
    ("f3", &[("fill", "$s3")]),
    ("f4", &[("fill", "$s4")]),
    ("f5", &[("fill", "$s5")]),
    ("f6", &[("fill", "$s6")]),
    ("f7", &[("fill", "$s7")]),
    ("h0", &[("fill", "$h0")]),
    ("h1", &[("fill", "$h1")]),
    ("h2", &[("fill", "$h2")]),
    ("h3", &[("fill", "$h3")]),
    ("h4", &[("fill", "$h4")]),
    ("h5", &[("fill", "$h5")]),
    ("h6", &[("fill", "$h6")]),
    ("h7", &[("fill", "$h7")]),
    ("hn", &[("fill", "$near")]),
    ("hf", &[("fill", "$far")]),
    ("bg", &[("fill", "$bg")]),
    // The copy of a text that is drawn under it, so that lines do not cross the letters.
    (
        "halo",
        &[
            ("fill", "$bg"),
            ("stroke", "$bg"),
            ("stroke-width", "3"),
            ("stroke-linejoin", "round"),
        ],
    ),
];

/// The style sheet that a page with plots needs.
pub(crate) fn style() -> String {
    let tones = |pick: fn(&(&str, &str, &str)) -> String| -> String {
        TONES.iter().map(pick).collect::<Vec<_>>().join(";")
    };
    let light = tones(|(name, light, _)| format!("--{name}:{light}"));
    let dark = tones(|(name, _, dark)| format!("--{name}:{dark}"));
    let mut style =
        format!(":root{{{light}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}");
    for (class, properties) in CLASSES {
        let declared: Vec<String> = properties
            .iter()
            .map(|(property, value)| match value.strip_prefix('$') {
                Some(tone) => format!("{property}:var(--{tone})"),
                None => format!("{property}:{value}"),
            })
            .collect();
        let _ = write!(style, ".{class}{{{}}}", declared.join(";"));
    }
    style
}

/// The attributes that do the same as these classes, on a light background: ` fill="none"`.
///
/// # Panics
/// If a class is not one of the plots'.
pub(crate) fn attributes(classes: &str) -> String {
    let of = |name: &str| {
        let place = CLASSES.iter().position(|(class, _)| *class == name);
        place.unwrap_or_else(|| panic!("no class of plots: {name}"))
    };
    let mut places: Vec<usize> = classes.split_ascii_whitespace().map(of).collect();
    places.sort_unstable();
    let mut attributes: Vec<Property> = Vec::new();
    for &(property, value) in places.iter().flat_map(|&place| CLASSES[place].1) {
        attributes.retain(|earlier| earlier.0 != property);
        attributes.push((property, value));
    }
    let mut text = String::new();
    for (property, value) in attributes {
        let value = value.strip_prefix('$').map_or(value, light);
        let _ = write!(text, " {property}=\"{value}\"");
    }
    text
}

/// A colour on a light page.
fn light(name: &str) -> &'static str {
    let tone = TONES.iter().find(|tone| tone.0 == name);
    tone.unwrap_or_else(|| panic!("no colour: {name}")).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_those_of_the_later_class_in_the_sheet() {
        assert_eq!(
            attributes("pw c1 pl"),
            " fill=\"none\" stroke-linejoin=\"round\" stroke-width=\"1.2\" opacity=\"0.8\" stroke=\"#d55e00\""
        );
        assert!(attributes("pt ps").contains("font-size=\"11px\" fill=\"#59636e\""));
    }

    /// The channels in linear light.
    fn linear(colour: &str) -> [f64; 3] {
        [1, 3, 5].map(|at| {
            let channel = u8::from_str_radix(&colour[at..at + 2], 16).unwrap();
            let share = f64::from(channel) / 255.0;
            match share <= 0.04045 {
                true => share / 12.92,
                false => ((share + 0.055) / 1.055).powf(2.4),
            }
        })
    }

    fn product(matrix: [[f64; 3]; 3], of: [f64; 3]) -> [f64; 3] {
        matrix.map(|row| {
            (0..3)
                .map(|at| row[at] * of[at])
                .sum::<f64>()
                .clamp(0.0, 2.0)
        })
    }

    /// The contrast of two colours as WCAG 2 defines it.
    fn contrast(one: &str, other: &str) -> f64 {
        let luminance = |colour| {
            let [red, green, blue] = linear(colour);
            0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05
        };
        let (one, other) = (luminance(one), luminance(other));
        one.max(other) / one.min(other)
    }

    /// CIELAB of linear sRGB, white D65.
    fn lab(of: [f64; 3]) -> [f64; 3] {
        let xyz = product(
            [
                [0.4124564, 0.3575761, 0.1804375],
                [0.2126729, 0.7151522, 0.0721750],
                [0.0193339, 0.1191920, 0.9503041],
            ],
            of,
        );
        let white = [0.95047, 1.0, 1.08883];
        let [x, y, z] = [0, 1, 2].map(|at| {
            let share: f64 = xyz[at] / white[at];
            match share > 0.008856 {
                true => share.cbrt(),
                false => 7.787 * share + 16.0 / 116.0,
            }
        });
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    /// What people see of a colour: with all cones, without red, without green ones (Machado,
    /// Oliveira, Fernandes, "A Physiologically-based Model for Simulation of Color Vision
    /// Deficiency", 2009, severity 1).
    const VISIONS: [[[f64; 3]; 3]; 3] = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ],
    ];

    type Tone = (&'static str, &'static str, &'static str);

    /// The colour of a tone on a light and on a dark page.
    fn modes() -> [fn(&Tone) -> &'static str; 2] {
        [|tone| tone.1, |tone| tone.2]
    }

    #[test]
    fn the_colours_of_series_are_told_apart_without_red_or_green_cones() {
        for pick in modes() {
            let series: Vec<&str> = TONES
                .iter()
                .filter(|tone| tone.0.starts_with('s') && tone.0 != "soft")
                .map(pick)
                .collect();
            assert_eq!(series.len(), COLOURS);
            for vision in VISIONS {
                for (at, one) in series.iter().enumerate() {
                    for other in &series[..at] {
                        let [a, b] = [one, other]
                            .map(|it| lab(product(vision, linear(it)).map(|it| it.min(1.0))));
                        let squares = (0..3).map(|at| (a[at] - b[at]).powi(2));
                        let distance = squares.sum::<f64>().sqrt();
                        assert!(distance >= 14.0, "{one} {other}: {distance:.1}");
                    }
                }
            }
        }
    }

    #[test]
    fn texts_and_graphics_contrast_with_the_page() {
        for pick in modes() {
            let tone = |name: &str| {
                let found = TONES.iter().find(|tone| tone.0 == name);
                pick(found.unwrap())
            };
            for paper in [tone("bg"), tone("soft")] {
                for text in ["ink", "muted", "accent", "warn"] {
                    assert!(contrast(tone(text), paper) >= 4.5, "{text} on {paper}");
                }
                for series in (0..COLOURS)
                    .map(|it| format!("s{it}"))
                    .chain(["axis".to_owned()])
                {
                    let found = contrast(tone(&series), paper);
                    assert!(found >= 3.0, "{series} on {paper}: {found:.2}");
                }
            }
            for shade in 0..SHADES {
                let text = if shade * 2 < SHADES { "near" } else { "far" };
                let found = contrast(tone(text), tone(&format!("h{shade}")));
                assert!(found >= 4.5, "{text} on h{shade}: {found:.2}");
            }
        }
    }

    #[test]
    fn every_colour_of_a_class_has_a_light_and_a_dark_form() {
        let sheet = style();
        for (name, light, dark) in TONES {
            assert!(sheet.contains(&format!("--{name}:{light}")), "{name}");
            assert!(sheet.contains(&format!("--{name}:{dark}")), "{name}");
        }
        for (class, _) in CLASSES {
            assert!(!attributes(class).contains('$'), "{class}");
        }
    }
}
