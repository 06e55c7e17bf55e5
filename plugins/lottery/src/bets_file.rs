//! The lines of `bets.csv`: written batch by batch, read line by line.
//!
//! Columns agency, first name, last name, document, birthdate, number; no header; CRLF. A
//! field is quoted if it contains a comma, a quote or a line break; its quotes are
//! doubled (RFC 4180, as Python's `csv.writer` writes by default).

use crate::bet::Bet;
use crate::digest::Digest;
use std::collections::BTreeMap;
use std::io::Read;

/// The documents of each agency's winners, in the order of their bets.
pub type Winners = BTreeMap<u32, Vec<String>>;

/// Appends the line of a bet.
pub fn push_line(lines: &mut Vec<u8>, agency: &str, bet: &Bet<'_>) {
    push_cell(lines, agency);
    for field in bet.fields() {
        lines.push(b',');
        push_cell(lines, field);
    }
    lines.extend_from_slice(b"\r\n");
}

fn push_cell(lines: &mut Vec<u8>, text: &str) {
    let special = |byte: u8| matches!(byte, b',' | b'"' | b'\r' | b'\n');
    if !text.bytes().any(special) {
        lines.extend_from_slice(text.as_bytes());
        return;
    }
    lines.push(b'"');
    for byte in text.bytes() {
        if byte == b'"' {
            lines.push(b'"');
        }
        lines.push(byte);
    }
    lines.push(b'"');
}

/// Reads the winners, line by line: memory grows only with the number of winners.
///
/// # Errors
/// If a line cannot be read or is not a bet; the text has the bet's number.
pub fn winners(lines: impl Read, winner: u64) -> Result<Winners, String> {
    let mut lines = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(1 << 16)
        .from_reader(lines);
    let mut line = csv::StringRecord::new();
    let (mut winners, mut count) = (Winners::new(), 0u64);
    while lines
        .read_record(&mut line)
        .map_err(|error| error.to_string())?
    {
        let bet = cells::<6>(&line).and_then(|[agency, fields @ ..]| {
            let agency = crate::bet::number(agency).and_then(|it| u32::try_from(it).ok())?;
            Some((agency, Bet::from_fields(fields)))
        });
        let Some((agency, bet)) = bet else {
            // `line.position()` is one line too low after a CRLF.
            return Err(format!("bet {} is none: {:?}", count + 1, line.as_slice()));
        };
        count += 1;
        if bet.is_on(winner) {
            let documents = winners.entry(agency).or_default();
            documents.push(bet.document.to_owned());
        }
    }
    Ok(winners)
}

/// Compares lines with the expected batches, in order: the digest and number of bets of each.
///
/// # Errors
/// At the first difference.
pub fn verify(lines: impl Read, batches: &[(Digest, u64)]) -> Result<(), String> {
    let mut bets = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(1 << 16)
        .from_reader(lines);
    let mut line = csv::StringRecord::new();
    let (mut read, mut written) = (0, Vec::new());
    for (batch, count) in batches {
        written.clear();
        for _ in 0..*count {
            let more = bets
                .read_record(&mut line)
                .map_err(|error| error.to_string())?;
            let cells = cells::<6>(&line).filter(|_| more);
            let Some([agency, fields @ ..]) = cells else {
                return Err(format!(
                    "expected batch {batch} after {read} bets, found none"
                ));
            };
            push_line(&mut written, agency, &Bet::from_fields(fields));
        }
        if Digest::of(&written) != *batch {
            return Err(format!(
                "expected batch {batch} after {read} bets, found others"
            ));
        }
        read += count;
    }
    match bets.read_record(&mut line) {
        Ok(false) => Ok(()),
        _ => Err(format!(
            "expected no more after {read} bets, found {:?}",
            line.as_slice()
        )),
    }
}

/// The cells of a line; `None` if their number is not `COUNT`.
pub fn cells<const COUNT: usize>(line: &csv::StringRecord) -> Option<[&str; COUNT]> {
    let mut cells = [""; COUNT];
    if line.len() != COUNT {
        return None;
    }
    cells
        .iter_mut()
        .zip(line)
        .for_each(|(cell, text)| *cell = text);
    Some(cells)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(bets: &[[&str; 5]]) -> String {
        let mut lines = Vec::new();
        for fields in bets {
            push_line(&mut lines, "3", &Bet::from_fields(*fields));
        }
        String::from_utf8(lines).unwrap()
    }

    #[test]
    fn a_field_is_quoted_only_if_necessary() {
        assert_eq!(
            lines(&[
                ["Ana", "Ño 'x' #1", "30904465", "1999-03-17", "7574"],
                ["", "de la O, y", "\"7\"", "1999-03-17", "1"],
                ["a\nb", "a\rb", "2", "1999-03-17", "2"],
            ]),
            "3,Ana,Ño 'x' #1,30904465,1999-03-17,7574\r\n\
             3,,\"de la O, y\",\"\"\"7\"\"\",1999-03-17,1\r\n\
             3,\"a\nb\",\"a\rb\",2,1999-03-17,2\r\n"
        );
    }

    #[test]
    fn winners_are_the_bets_on_the_number_in_order() {
        let text = "1,a,b,11,1999-03-17,7\r\n2,a,\"b,\r\nc\",21,1999-03-17,07\r\n\
                    1,a,b,12,1999-03-17,8\r\n1,a,b,13,1999-03-17,7\r\n";
        let found = winners(text.as_bytes(), 7).unwrap();
        let of = |agency: u32| found[&agency].join(" ");
        assert_eq!((of(1), of(2)), ("11 13".to_owned(), "21".to_owned()));
        assert!(winners(text.as_bytes(), 9).unwrap().is_empty());
        let error = winners("1,a,b,11,1999-03-17,7\r\n1,a\r\n".as_bytes(), 7).unwrap_err();
        assert!(error.starts_with("bet 2 is none"), "{error}");
    }

    #[test]
    fn lines_are_compared_with_the_expected_batches() {
        let texts = [
            lines(&[
                ["a", "b,", "1", "1999-03-17", "1"],
                ["a", "b", "2", "1999-03-17", "1"],
            ]),
            lines(&[["a", "b", "3", "1999-03-17", "1"]]),
        ];
        let whole = texts.concat();
        let batches = [
            (Digest::of(texts[0].as_bytes()), 2),
            (Digest::of(texts[1].as_bytes()), 1),
        ];
        let found = |text: &str, batches: &[_]| verify(text.as_bytes(), batches);
        assert_eq!(found(&whole, &batches), Ok(()));
        assert_eq!(found("", &[]), Ok(()));
        let first = batches[0].0;
        assert_eq!(
            found(&texts[1], &batches),
            Err(format!("expected batch {first} after 0 bets, found none"))
        );
        let others = whole.replace("b,", "c,");
        assert_eq!(
            found(&others, &batches),
            Err(format!("expected batch {first} after 0 bets, found others"))
        );
        let twice = found(&format!("{whole}{}", texts[1]), &batches).unwrap_err();
        assert!(
            twice.starts_with("expected no more after 3 bets"),
            "{twice}"
        );
    }

    proptest! {
        #[test]
        fn written_lines_are_read_unchanged(fields in proptest::array::uniform5("[a-zñ\",;\r\n\u{0}é#' ]{0,9}")) {
            let fields = fields.each_ref().map(String::as_str);
            let text = lines(&[fields, fields]);
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
            let mut count = 0;
            for line in reader.records() {
                let line = line.unwrap();
                let [agency, read @ ..]: [&str; 6] = cells(&line).unwrap();
                prop_assert_eq!((agency, read), ("3", fields));
                count += 1;
            }
            prop_assert_eq!(count, 2);
        }
    }
}
