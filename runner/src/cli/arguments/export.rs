//! The options of `runner export`.

use clap::{Args, Subcommand};

/// Options of `export`.
#[derive(Args, Debug)]
pub struct ExportOptions {
    /// What is written.
    #[command(subcommand)]
    pub kind: ExportKind,
}

/// What is written.
#[derive(Debug, Subcommand)]
pub enum ExportKind {}
