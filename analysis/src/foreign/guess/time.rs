//! Which forms a time may have, by what it looks like.

use std::sync::LazyLock;

use regex::Regex;

/// Times that look alike.
pub struct Look {
    /// A regular expression without groups and anchors.
    pub pattern: &'static str,
    /// The forms that it may be; the first is the most likely.
    pub forms: &'static [&'static str],
    /// Whether it can be nothing else than a time.
    pub sure: bool,
}

/// The most special first.
pub const LOOKS: [Look; 19] = [
    Look {
        pattern: r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,:]\d{1,9})? ?(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)",
        forms: &[
            "%Y-%m-%dT%H:%M:%S%f%z",
            "%Y-%m-%d %H:%M:%S%f%z",
            "%Y-%m-%d %H:%M:%S:%f%z",
        ],
        sure: true,
    },
    Look {
        pattern: r"\d{4}-\d{1,2}-\d{1,2}[T ]\d{1,2}:\d{2}:\d{2}(?:[.,:]\d{1,9})?",
        forms: &[
            "%Y-%m-%dT%H:%M:%S%f",
            "%Y-%m-%d %H:%M:%S%f",
            "%Y-%m-%d %H:%M:%S:%f",
        ],
        sure: true,
    },
    Look {
        pattern: r"\d{4}-\d{2}-\d{2}[_-]\d{2}[-:.]\d{2}[-:.]\d{2}(?:[.,:]\d{1,9})?",
        forms: &[
            "%Y-%m-%d_%H-%M-%S%f",
            "%Y-%m-%d_%H:%M:%S%f",
            "%Y-%m-%d-%H:%M:%S%f",
            "%Y-%m-%d-%H-%M-%S%f",
        ],
        sure: true,
    },
    Look {
        pattern: r"\d{4}/\d{1,2}/\d{1,2} \d{1,2}:\d{2}:\d{2}(?:[.,:]\d{1,9})?",
        forms: &["%Y/%m/%d %H:%M:%S%f", "%Y/%m/%d %H:%M:%S:%f"],
        sure: true,
    },
    Look {
        pattern: r"\d{1,2}[/.-]\d{1,2}[/.-]\d{4},? \d{1,2}:\d{2}(?::\d{2}(?:[.,:]\d{1,9})?)? ?[AaPp]\.?[Mm]\.?",
        forms: &[
            "%m/%d/%Y %I:%M:%S%f %p",
            "%m/%d/%Y, %I:%M:%S%f %p",
            "%d/%m/%Y %I:%M:%S%f %p",
            "%d/%m/%Y, %I:%M:%S%f %p",
            "%m/%d/%Y %I:%M %p",
        ],
        sure: true,
    },
    Look {
        pattern: r"\d{1,2}[/.-]\d{1,2}[/.-]\d{4},? \d{1,2}:\d{2}:\d{2}(?:[.,:]\d{1,9})?",
        forms: &[
            "%d/%m/%Y %H:%M:%S%f",
            "%m/%d/%Y %H:%M:%S%f",
            "%d.%m.%Y %H:%M:%S%f",
            "%d-%m-%Y %H:%M:%S%f",
            "%m-%d-%Y %H:%M:%S%f",
            "%d/%m/%Y, %H:%M:%S%f",
            "%m/%d/%Y, %H:%M:%S%f",
            "%d.%m.%Y, %H:%M:%S%f",
        ],
        sure: true,
    },
    Look {
        pattern: r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2} \d{1,2}:\d{2}:\d{2}(?:[.,:]\d{1,9})?",
        forms: &[
            "%y/%m/%d %H:%M:%S%f",
            "%d/%m/%y %H:%M:%S%f",
            "%m/%d/%y %H:%M:%S%f",
            "%d.%m.%y %H:%M:%S%f",
        ],
        sure: true,
    },
    Look {
        pattern: r"\d{1,2}[/ -][A-Z][a-z]{2}[/ -]\d{4}[: ]\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?(?: [+-]\d{4})?",
        forms: &[
            "%d/%b/%Y:%H:%M:%S%f %z",
            "%d/%b/%Y:%H:%M:%S%f",
            "%d %b %Y %H:%M:%S%f",
            "%d-%b-%Y %H:%M:%S%f",
        ],
        sure: true,
    },
    Look {
        pattern: r"[A-Z][a-z]{2} [A-Z][a-z]{2} +\d{1,2} \d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?(?: [A-Z]{3,4})? \d{4}",
        forms: &["%a %b %e %H:%M:%S%f %Y", "%a %b %e %H:%M:%S%f %Z %Y"],
        sure: true,
    },
    Look {
        pattern: r"[A-Z][a-z]{2} +\d{1,2} \d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?",
        forms: &["%b %e %H:%M:%S%f"],
        sure: true,
    },
    Look {
        pattern: r"[01]\d[0-3]\d \d{2}:\d{2}:\d{2}\.\d{3,9}",
        forms: &["%m%d %H:%M:%S%f"],
        sure: true,
    },
    Look {
        pattern: r"\d{1,2}:\d{2}:\d{2}(?:[.,:]\d{1,9})? ?[AaPp]\.?[Mm]\.?",
        forms: &["%I:%M:%S%f %p", "%I:%M:%S:%f %p"],
        sure: true,
    },
    Look {
        pattern: r"\d{1,2}:\d{2}:\d{2}(?:[.,:]\d{1,9})?",
        forms: &["%H:%M:%S%f", "%H:%M:%S:%f"],
        sure: true,
    },
    Look {
        pattern: r"1\d{18}",
        forms: &["ns"],
        sure: true,
    },
    Look {
        pattern: r"1\d{15}(?:[.,]\d+)?",
        forms: &["us"],
        sure: true,
    },
    Look {
        pattern: r"1\d{12}(?:[.,]\d+)?",
        forms: &["ms"],
        sure: true,
    },
    Look {
        pattern: r"1\d{9}(?:[.,]\d+)?|1\.\d+[eE]\+?0?9",
        forms: &["s"],
        sure: true,
    },
    Look {
        pattern: r"(?:\d+h)?(?:\d+m)?\d+(?:\.\d+)?(?:ns|us|µs|ms|s)",
        forms: &["duration"],
        sure: true,
    },
    Look {
        pattern: r"-?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?",
        forms: &["s", "ms", "us", "ns"],
        sure: false,
    },
];

static WHOLE: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let whole = |look: &Look| Regex::new(&format!("^(?:{})$", look.pattern));
    LOOKS.iter().filter_map(|look| whole(look).ok()).collect()
});

/// The first look that nearly all of these texts have.
pub fn look_of<'a>(texts: impl Iterator<Item = &'a str> + Clone) -> Option<&'static Look> {
    let count = texts.clone().count();
    let fits = |regex: &&Regex| {
        let hits = texts
            .clone()
            .filter(|text| regex.is_match(text.trim()))
            .count();
        count > 0 && hits * 20 >= count * 19
    };
    let index = WHOLE.iter().position(|regex| fits(&regex))?;
    LOOKS.get(index)
}

#[cfg(test)]
mod tests {
    use super::super::super::stamp::Form;
    use super::*;

    #[test]
    fn each_look_is_of_forms_that_exist() {
        for look in &LOOKS {
            Regex::new(look.pattern).unwrap();
            for form in look.forms {
                Form::parse(form).unwrap();
            }
        }
    }

    #[test]
    fn usual_times_have_a_form_that_reads_them() {
        for text in [
            "2026-03-02 14:05:06,250",
            "2026-03-02T14:05:06.250+00:00",
            "2026-03-02T14:05:06Z",
            "2026/03/02 14:05:06.250000",
            "3/2/2026, 2:05:06 PM",
            "02.03.2026 14:05:06",
            "26/03/02 14:05:06",
            "02/Mar/2026:14:05:06 +0000",
            "Mon Mar  2 14:05:06 2026",
            "Mar  2 14:05:06",
            "0302 14:05:06.250000",
            "02:05:06 PM",
            "14:05:06.25",
            "14:05:06:250",
            "1772460306250000000",
            "1772460306250000",
            "1772460306250",
            "1772460306.25",
            "1.5s",
            "0.167",
            "2026-03-02_14-05-06",
            "12",
        ] {
            let look = look_of([text].into_iter()).unwrap_or_else(|| panic!("{text}"));
            let reads = |form: &str| Form::parse(form).unwrap().read(text, false).is_some();
            assert!(look.forms.iter().any(|form| reads(form)), "{text}");
        }
        assert!(look_of(["receive"].into_iter()).is_none());
    }
}
