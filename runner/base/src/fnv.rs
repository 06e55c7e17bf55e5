//! FNV-1a with 64 bits (Fowler, Noll, Vo): a hash that is the same in every version and on
//! every machine. It finds what was changed by accident, and is no protection against
//! forgery. Its low bits do not depend on all bytes: mix a hash before it is cut.

/// The hash of no bytes.
pub const EMPTY: u64 = 0xcbf2_9ce4_8422_2325;

/// The hash of some bytes.
#[inline]
pub fn of(bytes: &[u8]) -> u64 {
    extended(EMPTY, bytes.iter().copied())
}

/// The hash of the bytes of `hash`, and these after them.
#[inline]
pub fn extended(hash: u64, bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(hash, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_vectors_match() {
        for (text, hash) in [
            ("", 0xcbf2_9ce4_8422_2325),
            ("a", 0xaf63_dc4c_8601_ec8c),
            ("foobar", 0x8594_4171_f739_67e8_u64),
        ] {
            assert_eq!(of(text.as_bytes()), hash);
            let (first, rest) = text.as_bytes().split_at(text.len() / 2);
            assert_eq!(extended(of(first), rest.iter().copied()), hash);
        }
    }
}
