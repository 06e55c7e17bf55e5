//! A bet: a person and a number.
//!
//! All fields are text, in messages and in files: a number keeps its leading zeros.
//! [`Bet::problem`] finds a field that is not a date or not a number; such a bet is never
//! stored.

use std::fmt::Write;

/// A bet of an agency; borrows from the message or line from which it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bet<'a> {
    /// First name; any text.
    pub first_name: &'a str,
    /// Last name; any text.
    pub last_name: &'a str,
    /// Number of the identity document: one line of text, not empty.
    pub document: &'a str,
    /// A date, `YYYY-MM-DD`.
    pub birthdate: &'a str,
    /// The number that the bet is on, in digits.
    pub number: &'a str,
}

/// Number of fields of a bet.
pub const FIELDS: usize = 5;

/// How much of a wrong field an error shows `[characters]`: enough to find the bet.
const SHOWN: usize = 40;

impl<'a> Bet<'a> {
    /// The bet with these fields, in the order of a message.
    pub fn from_fields(fields: [&'a str; FIELDS]) -> Bet<'a> {
        let [first_name, last_name, document, birthdate, number] = fields;
        Bet {
            first_name,
            last_name,
            document,
            birthdate,
            number,
        }
    }

    /// The fields, in the order of a message.
    pub fn fields(&self) -> [&'a str; FIELDS] {
        [
            self.first_name,
            self.last_name,
            self.document,
            self.birthdate,
            self.number,
        ]
    }

    /// What is wrong with the bet; `None` if it can be stored.
    pub fn problem(&self) -> Option<String> {
        self.problems().into_iter().flatten().next()
    }

    /// What is wrong with each field, in the order of a message.
    pub fn problems(&self) -> [Option<String>; FIELDS] {
        [
            None,
            None,
            self.document_problem(),
            self.birthdate_problem(),
            self.number_problem(),
        ]
    }

    fn document_problem(&self) -> Option<String> {
        if self.document.is_empty() {
            return Some("the document is empty".to_owned());
        }
        let has_control = self.document.chars().any(char::is_control);
        has_control.then(|| format!("document {} is not one line of text", shown(self.document)))
    }

    fn birthdate_problem(&self) -> Option<String> {
        let is_wrong = !is_date(self.birthdate);
        is_wrong.then(|| {
            let found = shown(self.birthdate);
            format!("birthdate {found} is no date, expected YYYY-MM-DD")
        })
    }

    fn number_problem(&self) -> Option<String> {
        let is_wrong = number(self.number).is_none();
        is_wrong.then(|| {
            let found = shown(self.number);
            format!(
                "number {found} is none, expected digits that make at most {}",
                u64::MAX
            )
        })
    }

    /// Whether the bet is on this number.
    pub fn is_on(&self, winner: u64) -> bool {
        number(self.number) == Some(winner)
    }
}

/// The number of a text of digits; `None` for any other text.
pub fn number(text: &str) -> Option<u64> {
    // `parse` also accepts a leading `+`.
    match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.parse().ok(),
        false => None,
    }
}

/// Whether a text is a date of the calendar, `YYYY-MM-DD`, from the year 1 on.
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return false;
    }
    let part = |range: std::ops::Range<usize>| text.get(range).and_then(number);
    let (Some(year), Some(month), Some(day)) = (part(0..4), part(5..7), part(8..10)) else {
        return false;
    };
    let leaps = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leaps => 29,
        2 => 28,
        _ => return false,
    };
    year >= 1 && (1..=days).contains(&day)
}

/// A text for an error message: quoted, escaped to one line, cut after 40 characters.
pub fn shown(text: &str) -> String {
    let mut shown = String::from("`");
    for (index, character) in text.chars().enumerate() {
        if index == SHOWN {
            shown.push_str("...");
            break;
        }
        let _ = write!(shown, "{}", character.escape_debug());
    }
    shown.push('`');
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bet() -> Bet<'static> {
        Bet::from_fields(["Ana", "Muñoz", "30904465", "1999-03-17", "7574"])
    }

    #[test]
    fn a_correct_bet_has_no_problem() {
        assert_eq!(bet().problem(), None);
        let odd = Bet::from_fields(["", "O'Neil, \"Bo\"\n", "AB-1", "2000-02-29", "0007574"]);
        assert_eq!(odd.problem(), None);
        assert!(odd.is_on(7574) && bet().is_on(7574) && !bet().is_on(757));
    }

    #[test]
    fn dates_are_days_of_the_calendar() {
        for date in ["0001-01-01", "1999-12-31", "2024-02-29", "2000-02-29"] {
            assert!(is_date(date), "{date}");
        }
        for none in [
            "",
            "1999",
            "0000-01-01",
            "1999-00-01",
            "1999-13-01",
            "1999-01-00",
            "1999-04-31",
            "2023-02-29",
            "1900-02-29",
            "1999/03/17",
            "99-03-17",
            "1999-3-17",
            "+999-03-17",
            "1999-03-17 ",
            "１９９９-0",
            "1999-03-1é",
        ] {
            assert!(!is_date(none), "{none}");
        }
    }

    #[test]
    fn numbers_are_digits_alone() {
        assert_eq!(number("007"), Some(7));
        assert_eq!(number("18446744073709551615"), Some(u64::MAX));
        for none in [
            "",
            "-1",
            "+1",
            "1.0",
            " 1",
            "7x",
            "٣",
            "18446744073709551616",
        ] {
            assert_eq!(number(none), None, "{none}");
        }
    }

    #[test]
    fn what_is_wrong_is_shown_on_one_line_and_cut_short() {
        let long = "x\n".repeat(5000);
        let wrong = |bet: Bet<'_>| bet.problem().unwrap();
        let birthdate = wrong(Bet {
            birthdate: &long,
            ..bet()
        });
        assert!(birthdate.starts_with("birthdate `x\\nx\\n"));
        assert!(birthdate.ends_with("...` is no date, expected YYYY-MM-DD"));
        assert!(birthdate.len() < 150, "{birthdate}");
        assert!(
            wrong(Bet {
                number: "one",
                ..bet()
            })
            .starts_with("number `one` is none")
        );
        assert_eq!(
            wrong(Bet {
                document: "",
                ..bet()
            }),
            "the document is empty"
        );
        assert_eq!(
            wrong(Bet {
                document: "1\n2",
                ..bet()
            }),
            "document `1\\n2` is not one line of text"
        );
    }
}
