//! A message in a line.

use crate::history::{History, Message};

/// How many bytes of a message are shown.
const SHOWN: usize = 64;

/// `client -> server #3 8 B "set a 1"`.
pub fn text(history: &History, message: &Message) -> String {
    let name = message.name;
    format!(
        "{} -> {} #{} {} B {}",
        history.name(name.from),
        history.name(name.to),
        name.number,
        message.size,
        bytes(history.bytes_of(message))
    )
}

/// The bytes of a message: as text if they are text, else in hexadecimal.
pub fn bytes(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(SHOWN)];
    let is_text = |text: &&str| text.chars().all(|c| !c.is_control());
    let text = match std::str::from_utf8(shown) {
        Ok(text) => Some(text),
        // A character may be cut at the end.
        Err(error) if shown.len() - error.valid_up_to() < 4 && shown.len() == SHOWN => {
            std::str::from_utf8(&shown[..error.valid_up_to()]).ok()
        }
        Err(_) => None,
    };
    let more = if bytes.len() > SHOWN { ".." } else { "" };
    match text.filter(is_text) {
        Some("") => String::new(),
        Some(text) => format!("\"{}\"{more}", base::harmless::line(text)),
        None => {
            let hex: String = shown.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("0x{hex}{more}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn bytes_are_text_or_hexadecimal() {
        assert_eq!(bytes(b"set a 1"), "\"set a 1\"");
        assert_eq!(bytes(&[0, 255]), "0x00ff");
        assert_eq!(bytes(b""), "");
        let long = "a".repeat(63) + "\u{e9}" + "x";
        assert_eq!(bytes(long.as_bytes()), format!("\"{}\"..", "a".repeat(63)));
        assert!(bytes("\u{1b}[2J".as_bytes()).starts_with("0x1b"));
    }
}
