//! Times as other programs write them: numbers since some moment, durations, dates and
//! times of day.
//!
//! A [`Form`] says how a time is written. Numbers are exact: no time passes through a
//! floating-point number. Dates use the letters of `strptime`; what differs:
//!
//! - `%f` is the fraction of a second with any number of digits. The fraction and the
//!   point, comma or colon before it may be absent, since Python leaves out a fraction
//!   of zero.
//! - `%z` is `Z`, `UTC`, `GMT`, `+02:00`, `+0200`, `+02`.
//! - A blank stands for any number of blanks.

use std::fmt;

use chrono::NaiveDate;

/// Nanoseconds of a day.
pub const DAY_NS: i128 = 86_400 * SECOND_NS;
const SECOND_NS: i128 = 1_000_000_000;
/// The year of a date without a year: one that has a February 29.
const NO_YEAR: i32 = 2000;

/// How a time is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// A number of units; the length of a unit `[ns]`, and its name.
    Units(i128, &'static str),
    /// A duration with its unit: `1m3.5s`.
    Duration,
    /// A date, a time of day, or both.
    Date(DateForm),
}

/// The parts of a date, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateForm {
    text: String,
    parts: Vec<Part>,
    /// Whether it has a day: if not, it begins again at midnight.
    pub dated: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Letter(char),
    Blank,
    Code(char),
}

/// The units of numbers, by name.
pub const UNITS: [(&str, i128); 4] = [
    ("s", SECOND_NS),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

impl Form {
    /// Reads the text of a form.
    ///
    /// # Errors
    /// The text is no form: says what is wrong.
    pub fn parse(text: &str) -> Result<Form, String> {
        if let Some((name, unit)) = UNITS.iter().find(|(name, _)| *name == text) {
            return Ok(Form::Units(*unit, name));
        }
        if text == "duration" {
            return Ok(Form::Duration);
        }
        DateForm::parse(text).map(Form::Date)
    }

    /// The time `[ns]`: since its own zero for numbers, since 1970 for dates, since
    /// midnight for a time of day. `None` if the text is not of this form.
    pub fn read(&self, text: &str, decimal_comma: bool) -> Option<i128> {
        let text = text.trim();
        match self {
            Form::Units(unit, _) => decimal(text, *unit, decimal_comma),
            Form::Duration => base::duration::parse(text).ok().map(|it| i128::from(it.0)),
            Form::Date(form) => form.read(text),
        }
    }

    /// Whether the times begin again at midnight.
    pub fn is_time_of_day(&self) -> bool {
        matches!(self, Form::Date(form) if !form.dated)
    }
}

impl fmt::Display for Form {
    /// As it is written in a format file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Form::Units(_, name) => name,
            Form::Duration => "duration",
            Form::Date(form) => &form.text,
        })
    }
}

/// A decimal number of units in nanoseconds, rounded toward zero.
fn decimal(text: &str, unit_ns: i128, comma: bool) -> Option<i128> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let point = if comma { [',', '.'] } else { ['.', '.'] };
    let (whole, fraction) = number.split_once(point).unwrap_or((number, ""));
    let digits = || whole.bytes().chain(fraction.bytes());
    if whole.len() + fraction.len() == 0 || !digits().all(|it| it.is_ascii_digit()) {
        return None;
    }
    let mut value: i128 = 0;
    // What is finer than 10^-30 of a unit is no nanosecond.
    let kept = digits().take(30);
    let count = kept.clone().count() as i32;
    for digit in kept {
        value = value * 10 + i128::from(digit - b'0');
    }
    let scale = exponent - (count - whole.len() as i32);
    let ns = match scale {
        ..-38 => 0,
        -38..0 => {
            let divisor = 10_i128.pow(scale.unsigned_abs());
            match value.checked_mul(unit_ns) {
                Some(product) => product / divisor,
                None => (value / divisor).checked_mul(unit_ns)?,
            }
        }
        0..=30 => value
            .checked_mul(10_i128.pow(scale.unsigned_abs()))?
            .checked_mul(unit_ns)?,
        _ => return None,
    };
    Some(if negative { -ns } else { ns })
}

impl DateForm {
    fn parse(text: &str) -> Result<DateForm, String> {
        let mut parts = Vec::new();
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            parts.push(match letter {
                '%' => match letters.next() {
                    Some('%') => Part::Letter('%'),
                    Some(code) if "YmdeHIMSfpbBaAzZy".contains(code) => Part::Code(code),
                    Some(code) => {
                        return Err(format!(
                            "`%{code}`, expected one of %Y %y %m %b %d %H %I %M %S %f %p %z %Z %a"
                        ));
                    }
                    None => return Err("a `%` at the end, expected a letter after it".to_owned()),
                },
                letter if letter.is_whitespace() => Part::Blank,
                letter => Part::Letter(letter),
            });
        }
        let has = |codes: &str| {
            let is = |part: &&Part| matches!(part, Part::Code(code) if codes.contains(*code));
            parts.iter().any(|part| is(&part))
        };
        if !has("HI") && !has("de") {
            return Err(format!(
                "`{text}` has no time, expected a form such as \"%Y-%m-%d %H:%M:%S%f\", or s, ms, us, ns, duration"
            ));
        }
        if has("I") && !has("p") {
            return Err(
                "`%I` without `%p`: is it before noon or after it? (`%H` is 0 to 23)".to_owned(),
            );
        }
        Ok(DateForm {
            text: text.to_owned(),
            dated: has("de"),
            parts,
        })
    }

    fn read(&self, text: &str) -> Option<i128> {
        let mut read = Read::new(text);
        for (index, part) in self.parts.iter().enumerate() {
            match part {
                Part::Blank => read.rest = read.rest.trim_start(),
                Part::Letter(letter) => match read.rest.strip_prefix(*letter) {
                    Some(rest) => read.rest = rest,
                    // Before a fraction that is absent.
                    None if self.parts.get(index + 1) == Some(&Part::Code('f')) => {}
                    None => return None,
                },
                Part::Code(code) => read.code(*code)?,
            }
        }
        match read.rest.trim().is_empty() {
            true => read.ns(self.dated),
            false => None,
        }
    }
}

/// A date, as far as it was read.
struct Read<'a> {
    rest: &'a str,
    year: i32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
    fraction_ns: i128,
    afternoon: Option<bool>,
    zone_s: i128,
}

impl<'a> Read<'a> {
    fn new(rest: &'a str) -> Read<'a> {
        Read {
            rest,
            year: NO_YEAR,
            month: 1,
            day: 1,
            hour: 0,
            minute: 0,
            second: 0,
            fraction_ns: 0,
            afternoon: None,
            zone_s: 0,
        }
    }

    fn code(&mut self, code: char) -> Option<()> {
        match code {
            'Y' => self.year = self.number(4, 4)? as i32,
            'y' => self.year = 2000 + self.number(2, 2)? as i32,
            'm' => self.month = self.number(1, 2)?,
            'd' => self.day = self.number(1, 2)?,
            'e' => {
                self.rest = self.rest.trim_start();
                self.day = self.number(1, 2)?;
            }
            'H' | 'I' => self.hour = self.number(1, 2)?,
            'M' => self.minute = self.number(1, 2)?,
            'S' => self.second = self.number(1, 2)?,
            'f' => self.fraction(),
            'p' => self.afternoon = Some(self.half()?),
            'b' | 'B' => {
                let word = self.word().to_ascii_lowercase();
                let is = |month: &str| word.len() >= 3 && month.starts_with(&word);
                self.month = MONTHS.iter().position(|month| is(month))? as u32 + 1;
            }
            'z' => self.zone_s = self.zone()?,
            _ => {
                self.word().chars().next()?;
            }
        }
        Some(())
    }

    fn number(&mut self, least: usize, most: usize) -> Option<u32> {
        let digits = self.rest.bytes().take(most);
        let count = digits.take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.rest.split_at(count);
        self.rest = rest;
        (count >= least).then(|| number.parse().ok())?
    }

    fn fraction(&mut self) {
        let rest = self.rest.strip_prefix(['.', ',']).unwrap_or(self.rest);
        let count = rest.bytes().take_while(u8::is_ascii_digit).count();
        if count == 0 {
            return;
        }
        let (digits, rest) = rest.split_at(count);
        self.rest = rest;
        let digits = digits.bytes().chain(std::iter::repeat(b'0')).take(9);
        self.fraction_ns = digits.fold(0, |sum, digit| sum * 10 + i128::from(digit - b'0'));
    }

    /// Letters.
    fn word(&mut self) -> &'a str {
        let end = self.rest.find(|it: char| !it.is_alphabetic());
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        word
    }

    /// Whether it is after noon: `PM`, `p.m.`.
    fn half(&mut self) -> Option<bool> {
        self.rest = self.rest.trim_start();
        for (word, afternoon) in [("a.m.", false), ("p.m.", true), ("am", false), ("pm", true)] {
            let head = self.rest.get(..word.len());
            if head.is_some_and(|it| it.eq_ignore_ascii_case(word)) {
                self.rest = &self.rest[word.len()..];
                return Some(afternoon);
            }
        }
        None
    }

    /// Distance from UTC `[s]`.
    fn zone(&mut self) -> Option<i128> {
        self.rest = self.rest.trim_start();
        for name in ["Z", "z", "UTC", "GMT"] {
            if let Some(rest) = self.rest.strip_prefix(name) {
                self.rest = rest;
                return Some(0);
            }
        }
        let sign = match self.rest.chars().next()? {
            '+' => 1,
            '-' | '\u{2212}' => -1,
            _ => return None,
        };
        self.rest = &self.rest[self.rest.chars().next()?.len_utf8()..];
        let hours = self.number(2, 2)?;
        self.rest = self.rest.strip_prefix(':').unwrap_or(self.rest);
        let minutes = match self.rest.starts_with(|it: char| it.is_ascii_digit()) {
            true => self.number(2, 2)?,
            false => 0,
        };
        (hours < 24 && minutes < 60).then(|| sign * i128::from(hours * 3600 + minutes * 60))
    }

    fn ns(&self, dated: bool) -> Option<i128> {
        let hour = match self.afternoon {
            None => self.hour,
            Some(_) if !(1..=12).contains(&self.hour) => return None,
            Some(afternoon) => self.hour % 12 + if afternoon { 12 } else { 0 },
        };
        // A leap second is the second after it.
        if hour > 23 || self.minute > 59 || self.second > 60 {
            return None;
        }
        let days = match dated {
            true => {
                let date = NaiveDate::from_ymd_opt(self.year, self.month, self.day)?;
                let first = NaiveDate::from_ymd_opt(1970, 1, 1)?;
                date.signed_duration_since(first).num_days()
            }
            false => 0,
        };
        let of_day = i128::from(hour * 3600 + self.minute * 60 + self.second) - self.zone_s;
        Some(i128::from(days) * DAY_NS + of_day * SECOND_NS + self.fraction_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(form: &str, text: &str) -> Option<i128> {
        Form::parse(form).unwrap().read(text, false)
    }

    /// 2026-03-02 14:05:06 UTC `[ns]`.
    const NOON: i128 = 1_772_460_306 * SECOND_NS;

    #[test]
    fn dates_of_the_usual_forms_are_the_same_instant() {
        for (form, text) in [
            ("%Y-%m-%d %H:%M:%S%f", "2026-03-02 14:05:06,250"),
            ("%Y-%m-%d %H:%M:%S,%f", "2026-03-02 14:05:06,25"),
            ("%Y-%m-%dT%H:%M:%S%f%z", "2026-03-02T14:05:06.250000000Z"),
            ("%Y-%m-%dT%H:%M:%S%f%z", "2026-03-02T16:05:06.250+02:00"),
            ("%Y-%m-%dT%H:%M:%S%f%z", "2026-03-02T08:35:06.250-0530"),
            ("%d/%m/%Y %I:%M:%S%f %p", "2/3/2026 2:05:06.25 PM"),
            ("%d/%b/%Y:%H:%M:%S%f %z", "02/Mar/2026:14:05:06.25 +0000"),
            ("%a %b %e %H:%M:%S%f %Y", "Mon Mar  2 14:05:06.25 2026"),
            ("%y%m%d %H:%M:%S:%f", "260302 14:05:06:250"),
            ("s", "1772460306.25"),
            ("s", "1.77246030625e9"),
            ("ms", "1772460306250"),
            ("us", "1772460306250000"),
            ("ns", "1772460306250000000"),
        ] {
            assert_eq!(read(form, text), Some(NOON + 250_000_000), "{form} {text}");
        }
    }

    #[test]
    fn a_fraction_of_zero_may_be_absent() {
        assert_eq!(
            read("%Y-%m-%d %H:%M:%S,%f", "2026-03-02 14:05:06"),
            Some(NOON)
        );
        assert_eq!(
            read("%Y-%m-%d %H:%M:%S%f", "2026-03-02 14:05:06"),
            Some(NOON)
        );
    }

    #[test]
    fn midnight_and_noon_of_twelve_hours() {
        assert_eq!(read("%I:%M %p", "12:30 AM"), Some(1800 * SECOND_NS));
        assert_eq!(read("%I:%M %p", "12:30 p.m."), Some(45_000 * SECOND_NS));
        assert_eq!(read("%I:%M %p", "13:30 pm"), None);
    }

    #[test]
    fn what_is_no_such_time_is_none() {
        for (form, text) in [
            ("s", ""),
            ("s", "."),
            ("s", "12:3"),
            ("s", "nan"),
            ("s", "1e99"),
            ("s", "1,5"),
            ("%Y-%m-%d %H:%M", "2026-02-30 14:05"),
            ("%Y-%m-%d %H:%M", "2026-02-03 24:05"),
            ("%H:%M:%S", "14:05:06 later"),
            ("%b %d %H", "Ma 3 4"),
        ] {
            assert_eq!(read(form, text), None, "{form} {text}");
        }
        let comma = Form::parse("s").unwrap().read("1,5", true);
        assert_eq!(comma, Some(1_500_000_000));
        assert_eq!(read("ns", "-3"), Some(-3));
        assert_eq!(read("duration", "1m3.5s"), Some(63_500_000_000));
    }

    #[test]
    fn a_form_that_says_no_time_is_refused() {
        for text in ["", "%Q", "%Y", "%I:%M", "%", "sec"] {
            assert!(Form::parse(text).is_err(), "{text}");
        }
    }
}
