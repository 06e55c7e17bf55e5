//! Digests: a batch is identified by its digest, and two lists of documents are compared by
//! their digests.
//!
//! FNV-1a (Fowler, Noll, Vo; 64 bit) with a final mixing step, so that a digest is the same
//! in every version. Among a million different batches, the probability that
//! two have the same digest is 3 in 100 million. The hash does not protect against an
//! attacker who constructs two batches with the same digest, but such an agency only loses
//! one of its own batches.

use runner_sdk::fnv;
use std::fmt;

/// A hash of some bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub u64);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Digest {
        let hash = fnv::of(bytes);
        // The finalizer of SplitMix64: the lower bits of FNV do not depend on all bytes. The
        // sums of digests below need well mixed bits.
        let hash = (hash ^ hash >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let hash = (hash ^ hash >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        Digest(hash ^ hash >> 31)
    }

    /// The digest of a set of texts, independent of their order: the sum of the texts'
    /// digests. So the digests of two parts add up to the digest of the whole.
    pub fn of_all<'a>(texts: impl IntoIterator<Item = &'a str>) -> Digest {
        let digests = texts.into_iter().map(|text| Digest::of(text.as_bytes()));
        digests.fold(Digest::default(), Digest::and)
    }

    /// The digest of two parts together, in the sense of [`Digest::of_all`].
    #[must_use]
    pub fn and(self, other: Digest) -> Digest {
        Digest(self.0.wrapping_add(other.0))
    }

    /// Parses the text that [`fmt::Display`] writes.
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
    fn a_written_digest_is_parsed() {
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
