//! Writes generated bets as CSV: the bets that an agency with `generate` hands in, as a file
//! for `file` or for your own program. The same arguments give the same bets.
//!
//!     cargo run -p lottery --example bets -- COUNT [AGENCY [SEED]] > agency-1.csv

use lottery::generate::Bets;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize| match arguments.get(index) {
        None => Ok(1),
        Some(text) => text.parse::<u64>(),
    };
    let numbers = (number(0), number(1), number(2));
    let (1..=3, (Ok(count), Ok(agency), Ok(seed))) = (arguments.len(), numbers) else {
        eprintln!("expected COUNT [AGENCY [SEED]], whole numbers");
        return ExitCode::from(2);
    };
    match write(Bets::new(count, seed, &agency.to_string())) {
        // A closed pipe is not an error: its reader has read enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            eprintln!("cannot write the bets: {error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

fn write(bets: Bets) -> io::Result<()> {
    let mut lines = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(BufWriter::new(io::stdout().lock()));
    for bet in bets {
        lines.write_record(&bet)?;
    }
    lines
        .into_inner()
        .map_err(|error| error.into_error())?
        .flush()
}
