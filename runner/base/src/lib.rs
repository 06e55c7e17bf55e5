//! Time, random streams and distributions: what a number in a scenario means and
//! what a seed draws, once, for the runner and for the plugins' SDK.
//!
//! [`time`] has instants and spans, [`duration`] and [`size`] the text that people
//! write for them, [`exact`] decimal numbers as they are written, [`random`] the
//! generator and its named streams, [`distribution`] numbers that vary, [`gamma`] the gamma
//! distribution's functions, [`fnv`] a hash that never changes, [`slices`] equal parts of a run's time, [`callback`] the
//! names of a behavior's callbacks, and [`harmless`] shows text that others wrote.
//! Nothing here reads a file or a clock.

pub mod callback;
pub mod distribution;
pub mod duration;
pub mod exact;
pub mod fnv;
pub mod gamma;
pub mod harmless;
pub mod random;
pub mod size;
pub mod slices;
pub mod time;

mod decimal;
