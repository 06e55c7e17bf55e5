//! The judges of a run. Each returns an [`analysis::results::Judgement`]: passed, failed
//! with evidence, or unknown with a reason.
//!
//! [`checks`] of plugins and [`properties`] see each record when it is written. [`expectations`] about
//! metrics are judged at the end of a run, or of all runs of a case. The runner itself
//! judges each run: [`replies`] that scripts expect, [`activity`], and the rules of
//! [`world`]. It warns of [`rejections`].

pub mod activity;
pub mod checks;
pub mod expectations;
pub mod properties;
pub mod rejections;
pub mod replies;
pub mod world;
