//! The error codes of the protocol. A definite error says that the operation did not
//! happen and never will; after any other, it may have happened.

/// The codes that the protocol defines: code, name, whether it is definite.
pub const CODES: [(u64, &str, bool); 11] = [
    (0, "timeout", false),
    (1, "node-not-found", true),
    (10, "not-supported", true),
    (11, "temporarily-unavailable", true),
    (12, "malformed-request", true),
    (13, "crash", false),
    (14, "abort", true),
    (20, "key-does-not-exist", true),
    (21, "key-already-exists", true),
    (22, "precondition-failed", true),
    (30, "txn-conflict", true),
];

/// The name of a code; none for a code of the program's own.
pub fn name(code: u64) -> Option<&'static str> {
    let known = CODES.iter().find(|(number, _, _)| *number == code);
    known.map(|(_, name, _)| *name)
}

/// Whether an operation that was answered with this code did not happen, for sure. Codes
/// that the protocol does not define are not definite.
pub fn is_definite(code: u64) -> bool {
    CODES
        .iter()
        .any(|&(number, _, definite)| number == code && definite)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_out_a_crash_and_own_codes_may_have_happened() {
        let definite: Vec<u64> = (0..2000).filter(|&code| is_definite(code)).collect();
        assert_eq!(definite, [1, 10, 11, 12, 14, 20, 21, 22, 30]);
        assert_eq!(name(13), Some("crash"));
        assert_eq!(name(1000), None);
    }
}
