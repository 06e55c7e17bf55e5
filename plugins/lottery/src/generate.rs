//! Generated bets, the same for the same seed and agency on every machine.
//!
//! They do not draw from the node's random stream. Like the bets of a file, they are the same
//! in every run and case, and after the restart of an agency.
//!
//! The names have accents and letters of several alphabets; some have a comma, a quote or an
//! apostrophe. So a program that stores them must quote fields and count bytes
//! correctly.

use crate::digest::Digest;

#[rustfmt::skip]
const FIRST: [&str; 40] = [
    "Santiago", "Agustín", "María", "José Luis", "Camila", "Iñaki", "Lucía", "Martín",
    "Zoë", "André", "Joaquín", "Sofía", "Nicolás", "Begoña", "Ramón", "Noémie",
    "Björn", "Łukasz", "Siân", "Đorđe", "Ana", "Luis", "Carla", "Pedro",
    "Elena", "Hugo", "Marta", "Bruno", "Irene", "Diego", "Παναγιώτης", "Олена",
    "Мария", "美咲", "浩", "Nguyễn", "יעל", "ليلى", "Ana \"Nana\"", "Øystein",
];

#[rustfmt::skip]
const LAST: [&str; 40] = [
    "Lorca", "Muñoz", "García", "Peña", "Núñez", "O'Neil", "Agüero", "Ibáñez",
    "D'Angelo", "Gómez", "Rodríguez", "Fernández", "Martínez", "Sánchez", "Yáñez", "Ortega y Gasset",
    "Castaño", "Ruiz", "Vidal", "Roca", "Müller", "Świątek", "Çelik", "Håkansson",
    "Lefèvre", "Dvořák", "Kovač", "Szabó", "Ionescu", "de la O", "Παπαδόπουλος", "Шевченко",
    "Иванова", "佐藤", "高橋", "Trần", "כהן", "حداد", "Gil, hijo", "Paz (viuda de Ríos)",
];

/// The generated bets of one agency.
#[derive(Clone, Debug)]
pub struct Bets {
    /// State of SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom
    /// Number Generators", OOPSLA 2014).
    state: u64,
    left: u64,
}

impl Bets {
    /// `count` bets for an agency.
    pub fn new(count: u64, seed: u64, agency: &str) -> Bets {
        Bets {
            state: Digest::of(format!("{seed}/{agency}").as_bytes()).0,
            left: count,
        }
    }

    fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let word = (self.state ^ self.state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ word >> 31
    }

    /// Draws a number from 0 to `count` - 1. The bias is below 1 in 2^32 for the counts used
    /// here.
    fn below(&mut self, count: u64) -> u64 {
        ((u128::from(self.draw()) * u128::from(count)) >> 64) as u64
    }
}

impl Iterator for Bets {
    /// First name, last name, document, birthdate, number.
    type Item = [String; 5];

    fn next(&mut self) -> Option<[String; 5]> {
        self.left = self.left.checked_sub(1)?;
        let mut name = |names: &[&str]| names[self.below(names.len() as u64) as usize].to_owned();
        let (first, last) = (name(&FIRST), name(&LAST));
        let document = 10_000_000 + self.below(40_000_000);
        // Only days 1 to 28, which every month has.
        let (year, month, day) = (
            1930 + self.below(76),
            1 + self.below(12),
            1 + self.below(28),
        );
        // From 1 to 10000, so that one bet in ten thousand wins.
        let number = 1 + self.below(10_000);
        Some([
            first,
            last,
            document.to_string(),
            format!("{year}-{month:02}-{day:02}"),
            number.to_string(),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bet::Bet;
    use std::collections::BTreeSet;

    #[test]
    fn the_bets_of_a_seed_are_the_same_in_every_version() {
        let first: Vec<String> = Bets::new(3, 1, "1").map(|bet| bet.join("|")).collect();
        assert_eq!(
            first,
            [
                "浩|García|45362569|1943-10-05|3522",
                "ليلى|Håkansson|18622385|1948-09-19|1354",
                "Hugo|Świątek|38089845|1978-05-22|4369",
            ]
        );
    }

    #[test]
    fn every_bet_is_correct_and_no_two_agencies_have_the_same() {
        let of = |agency: &str| Bets::new(2000, 1, agency).collect::<Vec<_>>();
        let (one, two) = (of("1"), of("2"));
        for fields in one.iter().chain(&two) {
            let bet = Bet::from_fields(fields.each_ref().map(String::as_str));
            assert_eq!(bet.problem(), None, "{bet:?}");
        }
        let all: BTreeSet<_> = one.iter().chain(&two).collect();
        assert_eq!(all.len(), 4000);
        assert_eq!(Bets::new(5, 1, "1").collect::<Vec<_>>(), one[..5]);
    }

    #[test]
    fn one_bet_in_ten_thousand_wins() {
        let winners = Bets::new(200_000, 1, "1")
            .filter(|bet| bet[4] == "7574")
            .count();
        // Poisson with mean 20: the bounds are about five deviations from the mean.
        assert!((1..=42).contains(&winners), "{winners}");
    }
}
