//! Short numbers that stand for many bytes: batches are told apart by theirs, and
//! two lists of documents are held against each other by theirs.
//!
//! FNV-1a (Fowler, Noll, Vo; 64 bit) with a final mixing, written out so that a
//! digest is the same in every version. Of a million batches, two that differ have
//! the same with a probability of 3 in 100 million. It is no protection against
//! somebody who looks for two batches alike: who finds them loses a bet of their
//! own.

use std::fmt;

/// What stands for some bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub u64);

impl Digest {
    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Digest {
        let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        // The finalizer of SplitMix64: FNV's upper bits depend on all bytes, its
        // lower ones do not, and sums are taken below.
        let hash = (hash ^ hash >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let hash = (hash ^ hash >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        Digest(hash ^ hash >> 31)
    }

    /// Of texts, whatever their order: the sum of theirs. Those of parts add up to
    /// that of the whole.
    pub fn of_all<'a>(texts: impl IntoIterator<Item = &'a str>) -> Digest {
        let digests = texts.into_iter().map(|text| Digest::of(text.as_bytes()));
        digests.fold(Digest::default(), Digest::and)
    }

    /// That of two parts together, as [`Digest::of_all`] has it.
    #[must_use]
    pub fn and(self, other: Digest) -> Digest {
        Digest(self.0.wrapping_add(other.0))
    }

    /// The digest that [`fmt::Display`] writes so.
    pub fn parse(text: &str) -> Option<Digest> {
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        match text.len() == 16 && text.bytes().all(hex) {
            true => u64::from_str_radix(text, 16).ok().map(Digest),
            false => None,
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_the_same_in_every_version() {
        assert_eq!(Digest::of(b"").to_string(), "f52a15e9a9b5e89b");
        assert_eq!(Digest::of(b"1,Ana").to_string(), "939935af2802a15c");
    }

    #[test]
    fn the_order_of_texts_does_not_matter_but_each_text_does() {
        let whole = Digest::of_all(["a", "b", "c"]);
        assert_eq!(whole, Digest::of_all(["c", "a", "b"]));
        assert_eq!(whole, Digest::of_all(["c"]).and(Digest::of_all(["b", "a"])));
        assert_ne!(whole, Digest::of_all(["a", "b", "b"]));
        assert_eq!(Digest::of_all([]), Digest::default());
    }

    #[test]
    fn what_is_written_is_read() {
        let digest = Digest(0x0123_4567_89ab_cdef);
        assert_eq!(Digest::parse(&digest.to_string()), Some(digest));
        for none in [
            "",
            "0123456789abcde",
            "0123456789abcdeF",
            "+123456789abcdef",
        ] {
            assert_eq!(Digest::parse(none), None);
        }
    }
}
