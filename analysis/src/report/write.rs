//! Writes the files of a report, each whole or not at all.
//!
//! The rows of the diagram's runs are written first, each run to a file in `data/`. If all of
//! them are small, or one file is asked for, they are then copied into `report.html`.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::diagram::{DiagramRun, RunLogs};
use super::{Error, Report, place};
use crate::log::RunLog;
use crate::notes::{Found, Picture};
use crate::render::rows::RowScript;
use crate::render::{html, markdown, plot};

/// The folder of the rows of runs.
const DATA: &str = "data";
/// Maximum size of the rows in the page `[bytes]`. More of them would make a page slow that
/// is only read; in files of their own they are loaded when their run is shown.
const INSIDE: u64 = 1 << 20;

/// The files that were written, with the warnings and key sentences.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outputs {
    /// `report.md`.
    pub markdown: PathBuf,
    /// `report.html`.
    pub html: PathBuf,
    /// `plots/*.svg`.
    pub plots: Vec<PathBuf>,
    /// Warnings that the reader needs first.
    pub warnings: Vec<String>,
    /// The key observations, the most important first.
    pub key: Vec<String>,
}

/// The rows of a run, as a script that the page loads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunScript {
    /// The number of the run.
    pub run: u64,
    /// Its file, relative to the page; `None` if it is inside the page.
    pub file: Option<String>,
    /// Its size `[bytes]`.
    pub bytes: u64,
}

/// What is asked of a report.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// Whether `report.html` needs no other file.
    pub one_file: bool,
    /// The notes, in place of those of the results.
    pub notes: Option<Found>,
    /// The file for the page as it is printed.
    pub printed: Option<PathBuf>,
}

/// Renders a report and writes it into `out`, without a diagram.
///
/// # Errors
/// The folder or a file cannot be written, or holds something else.
pub fn write(report: &Report, out: &Path) -> Result<Outputs, Error> {
    write_with(report, None, out, &Wanted::default())
}

/// Renders a report and writes it into `out`. Everything is rendered before an older report
/// is touched; each file is written beside its place and renamed; `report.md` and
/// `report.html` come last. So an older report stays readable after a failure. `logs` are
/// those of the runs in the diagram; with `one_file`, `report.html` needs no other file,
/// however large.
///
/// # Errors
/// The folder or a file cannot be written, or holds something else; a log cannot be read.
pub(super) fn write_with(
    report: &Report,
    logs: Option<&dyn RunLogs>,
    out: &Path,
    wanted: &Wanted,
) -> Result<Outputs, Error> {
    let one_file = wanted.one_file;
    let figures = || report.sections.iter().flat_map(|section| &section.figures);
    let plots: Vec<(PathBuf, String)> = figures()
        .map(|figure| {
            let file = out.join("plots").join(format!("{}.svg", figure.stem));
            (file, plot::standalone(figure))
        })
        .collect();
    let files: Vec<PathBuf> = plots.iter().map(|(file, _)| file.clone()).collect();
    let pictures: Vec<(PathBuf, &Picture)> = report
        .notes
        .iter()
        .flat_map(|notes| notes.pictures.iter().enumerate())
        .map(|(at, picture)| (out.join("plots").join(picture.file(at + 1)), picture))
        .collect();
    let runs = match (&report.diagram, logs) {
        (Some(diagram), Some(_)) => &diagram.runs[..],
        _ => &[],
    };
    let data: Vec<PathBuf> = runs
        .iter()
        .map(|run| out.join(data_file(run.run)))
        .collect();
    let of_notes = pictures.iter().map(|(file, _)| file);
    let occupied: Vec<PathBuf> = files.iter().chain(&data).chain(of_notes).cloned().collect();
    place::check(&report.plan, out, &occupied)?;
    make_folder(out)?;
    if !plots.is_empty() || !pictures.is_empty() {
        make_folder(&out.join("plots"))?;
    }
    let mut partials = Partials::default();
    for (run, file) in runs.iter().zip(&data) {
        make_folder(&out.join(DATA))?;
        let partial = partials.add(file);
        if let Some(logs) = logs {
            write_rows(run, logs.open(run.run)?, &partial)?;
        }
    }
    let sizes = partials.sizes()?;
    let inside = one_file || sizes.iter().sum::<u64>() <= INSIDE;
    let scripts: Vec<RunScript> = runs
        .iter()
        .zip(&sizes)
        .map(|(run, &bytes)| RunScript {
            run: run.run,
            file: (!inside).then(|| data_file(run.run)),
            bytes,
        })
        .collect();
    let (markdown, html) = (
        markdown::render(report),
        html::render_with(report, &scripts),
    );
    let html = place::marked(&html, &report.plan);
    if let Some(file) = &wanted.printed {
        replace(file, |to| to.write_all(html::printed(report).as_bytes()))?;
    }
    let outputs = Outputs {
        markdown: out.join("report.md"),
        html: out.join("report.html"),
        plots: files,
        warnings: report.warnings.clone(),
        key: report.key.clone(),
    };
    for (file, text) in &plots {
        replace(file, |to| to.write_all(text.as_bytes()))?;
    }
    for (file, picture) in &pictures {
        replace(file, |to| to.write_all(&picture.bytes()))?;
    }
    if !inside {
        partials.rename()?;
    }
    replace(&outputs.markdown, |to| to.write_all(markdown.as_bytes()))?;
    replace(&outputs.html, |to| {
        let (before, after) = html.split_once(html::ROWS).unwrap_or((&html, ""));
        to.write_all(before.as_bytes())?;
        for partial in partials.files.iter().filter(|_| inside) {
            to.write_all(b"<script>\n")?;
            io::copy(&mut File::open(partial)?, to)?;
            to.write_all(b"</script>\n")?;
        }
        to.write_all(after.as_bytes())
    })?;
    partials.remove();
    remove_older(out, if inside { &[] } else { &data });
    Ok(outputs)
}

/// The file of a run's rows, relative to the page.
fn data_file(run: u64) -> String {
    format!("{DATA}/run-{run:04}.js")
}

/// Writes the rows of a run. A run that did not reach its end may have a damaged log: what
/// can be read of it is written.
fn write_rows(run: &DiagramRun, mut log: RunLog, file: &Path) -> Result<(), Error> {
    let to = File::create(file).map_err(Error::write(file))?;
    let schema = log.schema().clone();
    let script = RowScript::begin(BufWriter::new(to), run.run, run, &schema);
    let mut script = script.map_err(Error::write(file))?;
    let broken = loop {
        match log.next() {
            Ok(Some((row, columns))) => script.row(&row, columns).map_err(Error::write(file))?,
            Ok(None) => break None,
            Err(error) if run.verdict == "failed" => break Some(error.to_string()),
            Err(error) => return Err(error.into()),
        }
    };
    let external = &log.schema().external_peers;
    script
        .finish(external, broken.as_deref())
        .map_err(Error::write(file))
}

/// Files that were written beside their places. Those that are left are removed.
#[derive(Default)]
struct Partials {
    places: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

impl Partials {
    fn add(&mut self, place: &Path) -> PathBuf {
        self.places.push(place.to_owned());
        self.files.push(beside(place));
        beside(place)
    }

    fn sizes(&self) -> Result<Vec<u64>, Error> {
        let size = |file: &PathBuf| Ok(fs::metadata(file).map_err(Error::read(file))?.len());
        self.files.iter().map(size).collect()
    }

    fn rename(&mut self) -> Result<(), Error> {
        for (file, place) in self.files.drain(..).zip(&self.places) {
            fs::rename(&file, place).map_err(Error::write(place))?;
        }
        Ok(())
    }

    fn remove(&mut self) {
        for file in self.files.drain(..) {
            // What cannot be removed is in nobody's way.
            let _ = fs::remove_file(file);
        }
    }
}

impl Drop for Partials {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Removes the rows of runs that an older report of the same plan had, and this one has not.
fn remove_older(out: &Path, kept: &[PathBuf]) {
    let folder = out.join(DATA);
    for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let number = name
            .to_str()
            .and_then(|it| it.strip_prefix("run-")?.strip_suffix(".js"));
        let ours = number.is_some_and(|it| it.bytes().all(|byte| byte.is_ascii_digit()));
        if ours && !kept.contains(&entry.path()) {
            let _ = fs::remove_file(entry.path());
        }
    }
    // Only an empty folder is removed.
    let _ = fs::remove_dir(&folder);
}

fn make_folder(folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(Error::write(folder))
}

fn beside(file: &Path) -> PathBuf {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".partial");
    PathBuf::from(beside)
}

/// Writes a file beside its place and moves it there.
fn replace(
    file: &Path,
    content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), Error> {
    let beside = beside(file);
    let written = File::create(&beside).and_then(|to| {
        let mut to = BufWriter::new(to);
        content(&mut to)?;
        to.flush()?;
        fs::rename(&beside, file)
    });
    written.map_err(|source| {
        // The first error is reported; an error here is ignored.
        let _ = fs::remove_file(&beside);
        Error::write(file)(source)
    })
}
