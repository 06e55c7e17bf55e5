//! Random bytes of the system, for what nobody may guess. Everything that a run draws has
//! streams of its own (`base::random`).

use std::io;

use rustix::rand::{GetRandomFlags, getrandom};

/// Random bytes that nobody can guess.
///
/// # Errors
///
/// If the system has none.
pub fn bytes<const COUNT: usize>() -> io::Result<[u8; COUNT]> {
    let mut bytes = [0; COUNT];
    let mut filled = 0;
    while filled < COUNT {
        filled += getrandom(&mut bytes[filled..], GetRandomFlags::empty())?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_the_same() {
        assert_ne!(bytes::<32>().unwrap(), bytes::<32>().unwrap());
    }
}
