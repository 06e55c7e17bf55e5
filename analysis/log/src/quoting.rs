//! CSV cells as text, quoted where RFC 4180 needs it. Every table and log that
//! we write takes its quotes from here; the csv crate reads back the same cells.

/// Appends a cell. It is quoted only if it holds a comma, a quote or a line end.
pub fn push_cell(out: &mut Vec<u8>, cell: &[u8]) {
    let special = |byte: &u8| matches!(byte, b',' | b'"' | b'\n' | b'\r');
    if cell.iter().any(special) {
        push_quoted(out, cell);
    } else {
        out.extend_from_slice(cell);
    }
}

/// Appends a text of a log. An empty text is `""`: in a log, an empty cell means
/// that the column has no value.
pub fn push_text(out: &mut Vec<u8>, text: &str) {
    if text.is_empty() {
        out.extend_from_slice(b"\"\"");
    } else {
        push_cell(out, text.as_bytes());
    }
}

/// Appends a cell between quotes.
pub fn push_quoted(out: &mut Vec<u8>, cell: &[u8]) {
    out.push(b'"');
    for &byte in cell {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// Appends a line of cells, with its line end.
pub fn push_line<'a>(out: &mut Vec<u8>, cells: impl IntoIterator<Item = &'a [u8]>) {
    for (index, cell) in cells.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push_cell(out, cell);
    }
    out.push(b'\n');
}

/// A line of cells, with its line end.
pub(crate) fn line<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let mut out = Vec::new();
    push_line(&mut out, cells.into_iter().map(str::as_bytes));
    String::from_utf8(out).expect("cells of text make a line of text")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_what_needs_quotes_is_quoted() {
        for (cell, expected) in [
            ("plain", "plain\n"),
            ("", "\n"),
            ("a b;c'", "a b;c'\n"),
            ("say \"hi\"", "\"say \"\"hi\"\"\"\n"),
            ("a,b", "\"a,b\"\n"),
            ("a\rb", "\"a\rb\"\n"),
        ] {
            assert_eq!(line([cell]), expected);
        }
    }

    proptest! {
        #[test]
        fn the_csv_crate_writes_the_same_line(cells in prop::collection::vec("[a\",\r\n ]{0,6}", 2..5)) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(&cells).unwrap();
            let expected = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            prop_assert_eq!(line(cells.iter().map(String::as_str)), expected);
        }
    }
}
