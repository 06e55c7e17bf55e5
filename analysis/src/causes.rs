//! What led to a record, and where two runs part: happens-before over the logs of runs.
//!
//! A step happened before another one if it came earlier at the same node, if it sent the
//! message that the other one handled, or by any chain of these (Lamport, "Time, Clocks, and
//! the Ordering of Events in a Distributed System", 1978). All steps that happened before a
//! record are its causal past. Nothing else can have had a part in it, however near in time
//! it was: that is what makes a past of some records more telling than a log of thousands.
//!
//! [`Past`] walks the logs of a run back from some records, nearest first, with the memory of
//! what it still looks for; [`indices_of_past`] does the same for rows that are in memory.
//! [`Story`] keeps what a reader looks at, and folds steps that decided nothing. [`text`] and
//! `picture` show it. `chosen` finds the records that prove a failure. [`difference()`] compares
//! two runs by what happened in each node, and `spread` tells where they part. A message that was
//! lost, and a fault, are told where they are in a node's rows; they have no sender in the
//! past.

mod chosen;
mod difference;
mod in_memory;
mod past;
mod picture;
mod spread;
mod story;
pub mod text;

pub use chosen::{Chosen, Failure, RunFolder, WhyError, choose, open_run};
pub use difference::{Difference, NodeDifference, Parting, difference};
pub use in_memory::indices_of_past;
pub use past::{Past, PastStep, Target, TargetPlace};
pub use picture::{Cone, ConeArrow, ConeMark, ConePanel, cone, panel};
pub use story::{Change, Counted, Item, Kind, Story};
