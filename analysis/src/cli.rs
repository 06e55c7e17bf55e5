//! The arguments and the output of the `analysis` command.

mod guess;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use base::harmless;
use clap::{Parser, Subcommand};

use crate::foreign::{Format, format_of, import};
use crate::report::{Built, Demands, Error, build_all};
use crate::results::{Verdict, described};

/// Builds the report of a results folder again from its CSV files, or of the
/// logs of another program. Several results: parts of one plan (of --shard, --case,
/// --run) are merged into the whole, results of different plans are compared.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "analysis",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub struct Args {
    /// Results folders, or with --format or --map the logs of another program: files, or
    /// folders with files
    #[arg(required = true, value_name = "RESULTS")]
    pub paths: Vec<PathBuf>,

    /// Folder for report.md, report.html and plots/, and for merged results
    /// (default: the results folder, if there is one; of logs of another program the
    /// current folder, which gets summary.csv and all other tables, too)
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// Read the logs of another program as this file says. `analysis guess FILE...`
    /// proposes one
    #[arg(long, value_name = "FILE", conflicts_with_all = ["map", "merge"])]
    pub format: Option<PathBuf>,

    /// Read the logs of another program: CSV with a header, a file per node. Gives the
    /// meaning of their columns: `time=t_ms:ms,event=kind,queue=backlog,clock=lamport`
    #[arg(long, value_name = "NAME=COLUMN,..", conflicts_with = "merge")]
    pub map: Option<String>,

    /// What a word of the logs means: `"Sent both=send*2"`, `GOT=receive`, `hello=ignore`.
    /// Can be repeated
    #[arg(long, value_name = "WORD=EVENT")]
    pub event: Vec<String>,

    /// A file with `[[property]]` and `[[check]]` that the logs of another program are
    /// judged by, as in a scenario
    #[arg(long, value_name = "FILE")]
    pub properties: Option<PathBuf>,

    #[command(flatten)]
    /// What is asked of the results.
    pub demands: DemandArgs,

    /// Other things than a report.
    #[command(subcommand)]
    pub other: Option<Other>,
}

/// Other things than a report.
#[derive(Clone, Debug, Subcommand)]
pub enum Other {
    /// Proposes how the logs of another program are read: a small file for --format, that
    /// says what it is unsure of
    Guess(guess::GuessArgs),
}

/// What is asked of results, besides the report.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct DemandArgs {
    /// Write the results of the runs as JUnit XML, and what is expected over runs
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,

    /// Accept that runs are missing
    #[arg(long, conflicts_with = "fail_on_missing")]
    pub partial: bool,

    /// If runs of the plan are missing, exit with 4 (the default)
    #[arg(long)]
    pub fail_on_missing: bool,

    /// Put the rows of the diagram into report.html, however many (default: up to 1 MiB; more
    /// are in data/)
    #[arg(long)]
    pub one_file: bool,

    /// Compare with these results, also if they are of the same plan; RESULTS:3 is run 3 alone.
    /// Can be repeated
    #[arg(
        long,
        value_name = "RESULTS",
        requires = "out",
        conflicts_with = "merge"
    )]
    pub compare: Vec<PathBuf>,

    /// Write runs, metrics, verdicts and records into a SQLite database, too
    #[arg(long, value_name = "FILE", conflicts_with = "compare")]
    pub sqlite: Option<PathBuf>,

    /// The author's notes, a Markdown file, in place of those of the results
    #[arg(long, value_name = "FILE")]
    pub notes: Option<PathBuf>,

    /// Merge parts into --out DIR also if there is only one
    #[arg(long, requires = "out")]
    pub merge: bool,
}

impl DemandArgs {
    /// The demands for [`build_all`].
    pub fn demands(&self) -> Demands<'_> {
        Demands {
            partial: self.partial,
            merge: self.merge,
            junit: self.junit.as_deref(),
            one_file: self.one_file,
            notes: self.notes.as_deref(),
            compare: &self.compare,
            sqlite: self.sqlite.as_deref(),
            printed: None,
        }
    }
}

/// Builds the report that the arguments ask for. `command` is the command line, the name
/// of the program first.
///
/// # Errors
/// The results or logs cannot be read, or the report cannot be written.
pub fn run(args: &Args, command: &[String]) -> Result<Built, Error> {
    let Some(format) = format(args)? else {
        return build_all(&args.paths, args.out.as_deref(), args.demands.demands());
    };
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from("."));
    import(&args.paths, &format, command, &out)?;
    build_all(&[out], None, args.demands.demands())
}

/// How the logs of another program are read; `None` if the paths are results of ours.
fn format(args: &Args) -> Result<Option<Format>, Error> {
    let properties = args.properties.as_deref().map(read).transpose()?;
    let properties = properties
        .as_ref()
        .map(|(file, text)| (file.as_str(), text.as_str()));
    if let Some(path) = &args.format {
        let (file, text) = read(path)?;
        let format = Format::parse(&file, &text, &args.event, properties);
        return format.map(Some).map_err(Error::mistakes);
    }
    match &args.map {
        Some(mapping) => format_of(mapping, &args.event, properties).map(Some),
        None if args.event.is_empty() && args.properties.is_none() => Ok(None),
        None => Err(Error::foreign(
            "--event and --properties are for the logs of another program: give --format or --map, too",
        )),
    }
}

/// The name and the text of a file.
fn read(path: &Path) -> Result<(String, String), Error> {
    let text = std::fs::read_to_string(path).map_err(Error::read(path))?;
    Ok((path.display().to_string(), text))
}

/// The whole command: parses, runs, prints. Exits with 2 if the input is wrong, else as
/// [`Built::exit_code`] says.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let command: Vec<OsString> = args.into_iter().collect();
    let args = match Args::try_parse_from(&command) {
        Ok(args) => args,
        Err(error) => {
            // Help and version are not errors: clap has the stream and the code.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    if let Some(Other::Guess(args)) = &args.other {
        return guess::main(args);
    }
    let command = command.iter().map(|it| it.to_string_lossy().into_owned());
    match run(&args, &command.collect::<Vec<_>>()) {
        Ok(built) => {
            print(&built, args.demands.partial);
            ExitCode::from(built.exit_code(args.demands.partial))
        }
        Err(error) => refuse(&error),
    }
}

/// Says what is wrong.
fn refuse(error: &Error) -> ExitCode {
    let text = format!("error: {error}");
    eprintln!("{}", harmless::lines(&text));
    ExitCode::from(2)
}

/// Prints what is wrong with the results, and where the report is.
fn print(built: &Built, partial: bool) {
    for warning in &built.outputs.warnings {
        eprintln!("warning: {}", harmless::lines(warning));
    }
    for results in &built.results {
        let prefix = results.prefix();
        if let Some(text) = results.standing.missing_text(partial) {
            let level = if partial { "warning" } else { "error" };
            eprintln!("{level}: {prefix}{text}");
        }
        for (case, judgement) in &results.standing.over_runs {
            if judgement.verdict != Verdict::Passed {
                eprintln!("{prefix}over the runs of {case}: {}", described(judgement));
            }
        }
        print!("{}", results.failures());
    }
    if let Some(merged) = &built.merged {
        println!("merged: {}", merged.folder.display());
    }
    if let Some(database) = &built.database {
        println!("sqlite: {}", database.file.display());
    }
    println!("report: {}", built.outputs.html.display());
    println!("        {}", built.outputs.markdown.display());
}
