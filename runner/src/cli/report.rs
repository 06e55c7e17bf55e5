//! `runner report`: builds the report again from results.

use crate::cli::arguments::ReportOptions;
use crate::cli::terminal::Terminal;
use crate::cli::{Exit, print};

/// Builds it and says where it is.
///
/// # Errors
///
/// When standard output cannot be written.
pub fn report(options: &ReportOptions) -> anyhow::Result<Exit> {
    let terminal = Terminal::new(options.color.color);
    let [results] = &options.results[..] else {
        terminal.error("takes one folder of results: comparing and merging is not supported yet");
        return Ok(Exit::BadInput);
    };
    match analysis::report::build(results, options.out.as_deref().unwrap_or(results)) {
        Ok(outputs) => {
            print(&format!("report: {}\n", outputs.html.display()))?;
            Ok(Exit::Passed)
        }
        Err(error) => {
            terminal.error(&error.to_string());
            Ok(Exit::BadInput)
        }
    }
}
