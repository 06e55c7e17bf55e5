//! A report as PDF: a browser of the kind of Chromium prints the page.
//!
//! The browser gets the page as it is printed, which has no scripts and no rows, so that the
//! size of the results does not matter. Its profile is in a temporary folder. It has a time
//! limit, and it ends with everything that it has started, also if the runner is killed.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use os::keeper;

use crate::own_folder::OwnFolder;

/// The variable that names the browser.
const VARIABLE: &str = "RUNNER_CHROMIUM";

/// Browsers that print in this way, the most likely first.
const BROWSERS: [&str; 8] = [
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
    "chrome",
    "brave-browser",
    "microsoft-edge",
    "microsoft-edge-stable",
];

/// How long the browser may take. A report of 100,000 rows of tables takes some ten seconds on
/// a slow machine.
const LIMIT: Duration = Duration::from_secs(120);

/// How much of what the browser said an error shows [bytes].
const SAID: usize = 600;

/// Why there is no PDF.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// No browser was found.
    #[error(
        "--pdf: no browser to print with: none of {} is on the PATH\n  install one (`apt install chromium`), or set {VARIABLE} to its path; or open {} in any browser and print it there",
        BROWSERS.join(", "), page.display()
    )]
    NoBrowser {
        /// The report.
        page: PathBuf,
    },
    /// The browser does not start.
    #[error("--pdf: {} cannot be started: {source}\n  set {VARIABLE} to the path of Chromium or a browser of its kind", browser.display())]
    Start {
        /// The browser.
        browser: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The browser took too long.
    #[error("--pdf: {} was not done after {} s, and was ended\n  {said}", browser.display(), LIMIT.as_secs())]
    TooLong {
        /// The browser.
        browser: PathBuf,
        /// What it said.
        said: String,
    },
    /// The browser wrote no PDF.
    #[error("--pdf: {} wrote no PDF ({ended})\n  {said}", browser.display())]
    Nothing {
        /// The browser.
        browser: PathBuf,
        /// How it ended.
        ended: String,
        /// What it said.
        said: String,
    },
    /// A file cannot be written.
    #[error("--pdf: {}: cannot be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
}

/// A temporary folder for a page, and for the browser that prints it.
#[derive(Debug)]
pub struct Printer {
    folder: OwnFolder,
    browser: PathBuf,
}

impl Printer {
    /// A printer; the browser is looked for now, before any work. `page` is where the report
    /// will be.
    ///
    /// # Errors
    ///
    /// There is no browser, or no temporary folder.
    pub fn new(page: &Path) -> Result<Printer, PdfError> {
        let browser = browser().ok_or_else(|| PdfError::NoBrowser {
            page: page.to_owned(),
        })?;
        let folder = OwnFolder::new("runner-pdf-");
        let folder = folder.map_err(|source| PdfError::Write {
            path: env::temp_dir(),
            source,
        })?;
        Ok(Printer { folder, browser })
    }

    /// The file for the page that is printed.
    pub fn page(&self) -> PathBuf {
        self.folder.path().join("report.html")
    }

    /// Prints the page into `pdf`.
    ///
    /// # Errors
    ///
    /// The browser does not do it, or the file cannot be written.
    pub fn print(&self, pdf: &Path) -> Result<(), PdfError> {
        let made = self.folder.path().join("report.pdf");
        // In a container, a user may lack the rights for a sandbox. The page is our own, and
        // has no scripts.
        let is_root = fs::metadata(self.folder.path()).is_ok_and(|it| it.uid() == 0);
        let done = match self.attempt(&made, !is_root) {
            Err(PdfError::Nothing { said, .. }) if said.contains("sandbox") && !is_root => {
                self.attempt(&made, false)
            }
            done => done,
        };
        done?;
        let write = |source| PdfError::Write {
            path: pdf.to_owned(),
            source,
        };
        if let Some(parent) = pdf.parent().filter(|it| !it.as_os_str().is_empty()) {
            fs::create_dir_all(parent).map_err(write)?;
        }
        // The temporary folder may be on another disk: copied beside its place, then renamed.
        let mut beside = pdf.as_os_str().to_owned();
        beside.push(".partial");
        let copied = fs::copy(&made, &beside).and_then(|_| fs::rename(&beside, pdf));
        copied.map_err(|error| {
            // The first error is reported.
            let _ = fs::remove_file(&beside);
            write(error)
        })
    }

    fn attempt(&self, made: &Path, sandbox: bool) -> Result<(), PdfError> {
        let browser = || self.browser.clone();
        let start = |source| PdfError::Start {
            browser: browser(),
            source,
        };
        let said = self.folder.path().join("said");
        let output = File::create(&said).map_err(start)?;
        let (mut command, seat) = keeper::command(&self.browser).map_err(start)?;
        command
            .args([
                "--headless",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-extensions",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--no-first-run",
                "--no-default-browser-check",
                "--no-pdf-header-footer",
            ])
            .arg(with_path(
                "--user-data-dir=",
                &self.folder.path().join("profile"),
            ))
            .arg(with_path("--print-to-pdf=", made))
            // Nothing is written into the home of the user.
            .env("HOME", self.folder.path())
            .stdin(Stdio::null())
            .stdout(output.try_clone().map_err(start)?)
            .stderr(output);
        if !sandbox {
            command.arg("--no-sandbox");
        }
        command.arg(address(&self.page()));
        let mut kept = keeper::start(command, seat).map_err(start)?;
        let in_time = kept.wait_until(Instant::now() + LIMIT).map_err(start)?;
        let ended = kept.end().map_err(start)?;
        let said = || last_of(&fs::read(&said).unwrap_or_default());
        if in_time.is_none() {
            return Err(PdfError::TooLong {
                browser: browser(),
                said: said(),
            });
        }
        let is_pdf = fs::read(made).is_ok_and(|bytes| bytes.starts_with(b"%PDF"));
        match is_pdf {
            true => Ok(()),
            false => Err(PdfError::Nothing {
                browser: browser(),
                ended: ended.to_string(),
                said: said(),
            }),
        }
    }
}

/// The browser that the user names, else the first that is on the `PATH`.
fn browser() -> Option<PathBuf> {
    if let Some(named) = env::var_os(VARIABLE).filter(|it| !it.is_empty()) {
        return Some(PathBuf::from(named));
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let found = BROWSERS
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    found.into_iter().find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|it| it.is_file() && it.mode() & 0o111 != 0)
}

fn with_path(option: &str, path: &Path) -> OsString {
    let mut all = OsString::from(option);
    all.push(path);
    all
}

/// The address of a file.
fn address(file: &Path) -> String {
    let mut address = String::from("file://");
    for &byte in file.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' | b'~' => {
                address.push(char::from(byte));
            }
            _ => address.push_str(&format!("%{byte:02X}")),
        }
    }
    address
}

/// The end of what a browser said.
fn last_of(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(&said[said.len().saturating_sub(SAID)..]);
    match text.trim() {
        "" => "it said nothing".to_owned(),
        text => format!("it said: {text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_file_has_its_special_characters_escaped() {
        assert_eq!(
            address(Path::new("/tmp/a b#1%.html")),
            "file:///tmp/a%20b%231%25.html"
        );
    }
}
