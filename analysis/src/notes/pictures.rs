//! The pictures of notes: read when a plan begins, and kept as text, so that the report is one
//! file and is the same wherever it is built.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use pulldown_cmark::{Event, Parser, Tag};
use serde::{Deserialize, Serialize};

use super::placed::OPTIONS;

/// Maximum size of a picture [bytes]: a large screenshot or a photo of a whiteboard.
const ONE: u64 = 4 << 20;
/// Maximum size of all pictures [bytes]. They are in the manifest and in the page.
const ALL: u64 = 16 << 20;

/// A picture of the notes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// Its path as the notes write it.
    pub path: String,
    /// Its type: `image/png`.
    pub media: String,
    /// Its bytes, in base64.
    pub data: String,
}

impl Picture {
    /// The picture as an address that needs no other file.
    pub(crate) fn inside(&self) -> String {
        format!("data:{};base64,{}", self.media, self.data)
    }

    /// The bytes; none if the manifest was damaged.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        BASE64_STANDARD.decode(&self.data).unwrap_or_default()
    }

    /// The name of its file in `plots/`, the picture being the one of this number.
    pub(crate) fn file(&self, number: usize) -> String {
        let path = self.path.replace('\\', "/");
        let name = path.rsplit('/').next().unwrap_or_default();
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let plain = stem.chars().map(|c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => c,
            _ => '-',
        });
        let plain: String = plain.take(40).collect();
        let end = ENDS.iter().find(|(media, _)| *media == self.media);
        format!("notes-{number}-{plain}.{}", end.map_or("png", |it| it.1))
    }
}

/// The types of pictures that browsers show, and the end of a file's name.
const ENDS: [(&str, &str); 5] = [
    ("image/png", "png"),
    ("image/jpeg", "jpg"),
    ("image/gif", "gif"),
    ("image/webp", "webp"),
    ("image/svg+xml", "svg"),
];

/// The type of a picture by its first bytes; `None` if it is no picture that browsers show.
fn media(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some("image/png");
    }
    if bytes.starts_with(b"\xff\xd8\xff") {
        return Some("image/jpeg");
    }
    if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        return Some("image/gif");
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Some("image/webp");
    }
    let text = std::str::from_utf8(bytes)
        .ok()?
        .trim_start_matches('\u{feff}');
    let is_svg = text.trim_start().starts_with('<') && text.contains("<svg");
    is_svg.then_some("image/svg+xml")
}

/// Whether the address of a picture is not the path of a file: of the network, or inside.
pub(crate) fn is_elsewhere(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let named = ["http:", "https:", "data:", "file:", "ftp:", "//"];
    named.iter().any(|it| lower.starts_with(it))
}

/// The addresses of the pictures that a text shows, each once.
pub fn paths(text: &str) -> Vec<String> {
    let (mut seen, mut paths) = (BTreeSet::new(), Vec::new());
    for event in Parser::new_ext(text, OPTIONS) {
        if let Event::Start(Tag::Image { dest_url, .. }) = event
            && !dest_url.is_empty()
            && seen.insert(dest_url.to_string())
        {
            paths.push(dest_url.into_string());
        }
    }
    paths
}

/// Reads the pictures that a text shows, from the first of the folders that has the file.
/// Returns them with what is wrong with others.
pub(super) fn gather(text: &str, folders: &[PathBuf]) -> (Vec<Picture>, Vec<String>) {
    let (mut pictures, mut problems) = (Vec::<Picture>::new(), Vec::new());
    let mut all = 0;
    for path in paths(text) {
        if path.to_ascii_lowercase().starts_with("data:") {
            continue;
        }
        if is_elsewhere(&path) {
            problems.push(format!(
                "the picture `{path}` is not a file beside the notes; a report asks no network, so it has a link instead"
            ));
            continue;
        }
        match read(&path, folders, &mut all) {
            Ok(picture) => pictures.push(picture),
            Err(why) => problems.push(format!("the picture `{path}` {why}")),
        }
    }
    (pictures, problems)
}

/// Reads a picture. `all` is the size of all pictures so far [bytes].
fn read(path: &str, folders: &[PathBuf], all: &mut u64) -> Result<Picture, String> {
    let file = folders
        .iter()
        .flat_map(|folder| [folder.join(path), folder.join(unescaped(path))])
        .find(|file| file.is_file())
        .ok_or("is not a file beside the notes or the scenario")?;
    let broken = |error: std::io::Error| format!("cannot be read: {error}");
    let open = std::fs::File::open(&file).map_err(broken)?;
    let mut bytes = Vec::new();
    open.take(ONE + 1).read_to_end(&mut bytes).map_err(broken)?;
    let size = bytes.len() as u64;
    if size > ONE {
        return Err(format!("is larger than {} MiB; save it smaller", ONE >> 20));
    }
    if *all + size > ALL {
        return Err(format!(
            "does not fit: all pictures of the notes take at most {} MiB; save them smaller",
            ALL >> 20
        ));
    }
    let media = media(&bytes).ok_or("is not PNG, JPEG, GIF, WebP or SVG")?;
    *all += size;
    Ok(Picture {
        path: path.to_owned(),
        media: media.to_owned(),
        data: BASE64_STANDARD.encode(bytes),
    })
}

/// A path without its escapes: `my%20clocks.png` is `my clocks.png`.
fn unescaped(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).and_then(|it| std::str::from_utf8(it).ok());
        let byte = hex.and_then(|it| u8::from_str_radix(it, 16).ok());
        match (first, byte) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";

    #[test]
    fn pictures_are_found_beside_the_notes_then_beside_the_scenario() {
        let folder = tempfile::tempdir().unwrap();
        let notes = folder.path().join("notes");
        std::fs::create_dir(&notes).unwrap();
        std::fs::write(notes.join("my clocks.png"), PNG).unwrap();
        std::fs::write(folder.path().join("a.svg"), "<?xml version=\"1.0\"?><svg/>").unwrap();
        std::fs::write(folder.path().join("a.png"), "no picture").unwrap();
        let text = "![one](my%20clocks.png) ![two](a.svg) ![again](a.svg)\n\n\
                    ![no](a.png) ![gone](b.png) ![far](https://example.org/x.png) ![d](data:image/png;base64,AA)";
        let (found, problems) = gather(text, &[notes, folder.path().to_owned()]);
        let kinds: Vec<_> = found.iter().map(|it| (&*it.path, &*it.media)).collect();
        let expected = [("my%20clocks.png", "image/png"), ("a.svg", "image/svg+xml")];
        assert_eq!(kinds, expected);
        assert_eq!(found[0].bytes(), PNG);
        assert_eq!(found[0].file(1), "notes-1-my-20clocks.png");
        assert_eq!(
            problems,
            [
                "the picture `a.png` is not PNG, JPEG, GIF, WebP or SVG",
                "the picture `b.png` is not a file beside the notes or the scenario",
                "the picture `https://example.org/x.png` is not a file beside the notes; a report asks no network, so it has a link instead",
            ]
        );
    }

    #[test]
    fn a_picture_that_is_too_large_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let mut large = PNG.to_vec();
        large.resize(ONE as usize + 1, 0);
        std::fs::write(folder.path().join("a.png"), &large).unwrap();
        let (found, problems) = gather("![a](a.png)", &[folder.path().to_owned()]);
        assert_eq!(found, []);
        assert_eq!(
            problems,
            ["the picture `a.png` is larger than 4 MiB; save it smaller"]
        );
    }
}
