//! The clock machines.
