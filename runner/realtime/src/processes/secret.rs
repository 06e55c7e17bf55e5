//! The secret that a coordinator and the processes that join it share.
//!
//! The secret itself never crosses the network. Each side sends the other a number that it
//! has drawn for this connection, a challenge, and gets back HMAC-SHA256 of both numbers
//! and of what is asked for, under the secret: only who knows the secret can compute it,
//! and it is of no use on another connection (RFC 2104; the exchange is that of ISO/IEC
//! 9798-4, three passes). What follows on the connection is neither encrypted nor signed:
//! who can change packets of the network is not kept out.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The least length of a secret off loopback `[bytes]`. Arbitrary: what is shorter is
/// found by trying.
pub const LEAST: usize = 8;

/// A challenge: a number that is drawn for one connection.
pub type Challenge = [u8; 32];

/// A proof that its sender knows the secret.
pub type Proof = [u8; 32];

/// Whose proof it is, so that no proof passes as the other side's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The coordinator's.
    Coordinator,
    /// That of a process that joins.
    Joining,
}

/// A shared secret. It is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

impl Secret {
    /// The secret of a text, without white space at both ends; none if nothing is left.
    pub fn new(text: &str) -> Option<Secret> {
        let text = text.trim();
        (!text.is_empty()).then(|| Secret(text.as_bytes().to_vec()))
    }

    /// Its length `[bytes]`.
    pub fn size(&self) -> usize {
        self.0.len()
    }

    /// The proof of one side for both challenges and the bytes of what is asked for.
    pub fn prove(&self, side: Side, challenges: &[Challenge; 2], asked: &[u8]) -> Proof {
        self.code(side, challenges, asked)
            .finalize()
            .into_bytes()
            .into()
    }

    /// Whether a proof is right. Takes the same time wherever it is wrong.
    pub fn accepts(
        &self,
        proof: &Proof,
        side: Side,
        challenges: &[Challenge; 2],
        asked: &[u8],
    ) -> bool {
        self.code(side, challenges, asked)
            .verify_slice(proof)
            .is_ok()
    }

    fn code(&self, side: Side, challenges: &[Challenge; 2], asked: &[u8]) -> Hmac<Sha256> {
        let mut code =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        code.update(match side {
            Side::Coordinator => b"coordinator",
            Side::Joining => b"joining....",
        });
        code.update(&challenges[0]);
        code.update(&challenges[1]);
        code.update(asked);
        code
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_proof_of_the_same_secret_side_challenges_and_request_is_accepted() {
        let secret = Secret::new(" open sesame \n").unwrap();
        let (ours, others) = ([[1; 32], [2; 32]], [[1; 32], [3; 32]]);
        let proof = secret.prove(Side::Joining, &ours, b"client");
        assert!(secret.accepts(&proof, Side::Joining, &ours, b"client"));
        assert_eq!(Secret::new("open sesame"), Some(secret.clone()));
        assert!(!secret.accepts(&proof, Side::Coordinator, &ours, b"client"));
        assert!(!secret.accepts(&proof, Side::Joining, &others, b"client"));
        assert!(!secret.accepts(&proof, Side::Joining, &ours, b"server"));
        let other = Secret::new("open sesam").unwrap();
        assert!(!other.accepts(&proof, Side::Joining, &ours, b"client"));
        assert_eq!(Secret::new(" \n"), None);
    }

    #[test]
    fn a_proof_is_hmac_sha256() {
        // RFC 4231 has no case with these parts: computed with Python's `hmac`.
        let secret = Secret::new("key").unwrap();
        let proof = secret.prove(Side::Coordinator, &[[0; 32], [255; 32]], b"x");
        let digits: String = proof.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            digits,
            "a4d3d3f401bbc172f6ef6dd9e052800ef8600f6e73cd2f0b2e0bc1d89173ca59"
        );
    }

    #[test]
    fn a_secret_is_not_shown() {
        assert_eq!(format!("{:?}", Secret::new("hidden")), "Some(Secret)");
    }
}
