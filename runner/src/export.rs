//! Files by which other systems run a scenario. A module per form; nothing is run here.

pub mod compose;
pub mod slurm;
