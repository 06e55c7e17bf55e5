//! Which files are the logs of a run, which nodes they belong to, and what the
//! columns hold if no manifest says so.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::RunLog;
use super::assemble::{LogFile, assemble};
use crate::cursor::Role;
use crate::error::{LogError, Problem};
use crate::mapping::Mapping;
use crate::record::{ColumnKind, ColumnSchema, NodeSchema, RunSchema};
use crate::roles::roles;
use crate::survey::{self, Survey};
use crate::tables::files::{COMBINED_FILE, log_file};
use crate::writer::Layout;

impl RunLog {
    /// Opens the logs in a run's folder: `events.csv`, or a `NODE.csv` for each node.
    ///
    /// With the schema of the manifest, the headers must agree with it. Without a
    /// schema, the nodes are the files with the header of a log, in natural order
    /// (`n-2` before `n-10`), and each file is read twice: the first time to find
    /// what the columns hold.
    ///
    /// # Errors
    /// There is no log, a log cannot be read, or it has another header.
    pub fn open(folder: &Path, schema: Option<&RunSchema>) -> Result<RunLog, LogError> {
        let combined = folder.join(COMBINED_FILE);
        if combined.exists() && layout(&combined)? == Some(Layout::Combined) {
            return match schema {
                Some(schema) => known(vec![LogFile::new(combined, 0)], schema),
                None => RunLog::open_files(&[combined], None),
            };
        }
        match schema {
            Some(schema) => {
                let nodes = schema.nodes.iter().zip(0..);
                let file = |(node, index): (&NodeSchema, u32)| {
                    LogFile::new(folder.join(log_file(&node.name)), index)
                };
                let files: Vec<LogFile> = nodes.map(file).collect();
                match files.iter().any(|file| file.path.exists()) {
                    true => known(files, schema),
                    false => Err(LogError::of(folder, Problem::NoLogs)),
                }
            }
            None => RunLog::open_files(&node_logs(folder)?, None),
        }
    }

    /// Opens logs by their paths. Each file is a node with the name of the file,
    /// unless it is a combined log. With a mapping, the files are the logs of
    /// another program; time 0 is then the earliest row of all of them.
    ///
    /// # Errors
    /// A file cannot be read, its header is not that of a log, or it lacks a mapped
    /// column.
    pub fn open_files(files: &[PathBuf], mapping: Option<&Mapping>) -> Result<RunLog, LogError> {
        let mut survey = Survey::new(mapping);
        let mut nodes: Vec<NodeSchema> = Vec::new();
        let mut opened = Vec::new();
        let mut known: Vec<Arc<[ColumnSchema]>> = Vec::new();
        for path in files {
            let header = survey::header_of(path, mapping.is_some())?;
            let roles = roles(path, &header, mapping)?;
            let kinds = survey.file(path)?;
            let columns = shared(own_columns(&header, &roles, &kinds, mapping), &mut known);
            let first = nodes.len() as u32;
            let names = match roles.contains(&Role::Node) {
                true => std::mem::take(&mut survey.nodes),
                false => vec![stem(path)],
            };
            nodes.extend(names.into_iter().map(|name| NodeSchema {
                name,
                columns: Arc::clone(&columns),
                events: Arc::default(),
                program: false,
                driving: Default::default(),
            }));
            opened.push(LogFile::new(path.clone(), first));
        }
        let events: Arc<[String]> = survey.own_events.into();
        for node in &mut nodes {
            node.events = Arc::clone(&events);
        }
        let schema = RunSchema {
            nodes,
            external_peers: Vec::new(),
        };
        let mapping = mapping.map(|mapping| (mapping.clone(), survey.first_ns));
        assemble(opened, schema, mapping, Some(survey.events))
    }
}

fn known(files: Vec<LogFile>, schema: &RunSchema) -> Result<RunLog, LogError> {
    assemble(files, schema.clone(), None, None)
}

/// The layout of a file; `None` if it is no log of ours.
fn layout(path: &Path) -> Result<Option<Layout>, LogError> {
    Ok(survey::layout(&survey::header_of(path, false)?))
}

/// The node logs in a folder, in natural order. Behaviors may write other CSV files
/// into the folder.
fn node_logs(folder: &Path) -> Result<Vec<PathBuf>, LogError> {
    let io_error = |error| LogError::of(folder, Problem::Io(error));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io_error)? {
        let path = entry.map_err(io_error)?.path();
        if path.extension().is_some_and(|extension| extension == "csv")
            && let Ok(Some(Layout::PerNode)) = layout(&path)
        {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(LogError::of(folder, Problem::NoLogs));
    }
    files.sort_by_cached_key(|path| natural(&stem(path)));
    Ok(files)
}

/// The columns of a behavior in a file, in the order of their indices.
fn own_columns(
    header: &[String],
    roles: &[Role],
    kinds: &[ColumnKind],
    mapping: Option<&Mapping>,
) -> Vec<ColumnSchema> {
    let mut columns = Vec::new();
    for ((name, role), &kind) in header.iter().zip(roles).zip(kinds) {
        if let Role::Column(index) = *role {
            let name = match mapping {
                Some(mapping) => mapping.own_columns().nth(index).unwrap_or_default(),
                None => name,
            };
            let column = ColumnSchema {
                name: name.to_owned(),
                kind,
                docs: String::new(),
            };
            columns.push((index, column));
        }
    }
    columns.sort_by_key(|&(index, _)| index);
    columns.into_iter().map(|(_, column)| column).collect()
}

/// The columns, in one allocation for all files that have the same.
fn shared(columns: Vec<ColumnSchema>, known: &mut Vec<Arc<[ColumnSchema]>>) -> Arc<[ColumnSchema]> {
    if let Some(same) = known.iter().find(|known| ***known == *columns) {
        return Arc::clone(same);
    }
    let columns: Arc<[ColumnSchema]> = columns.into();
    known.push(Arc::clone(&columns));
    columns
}

/// The name of the node that a log belongs to.
fn stem(path: &Path) -> String {
    path.file_stem()
        .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}

/// A sort key that takes runs of digits as numbers.
fn natural(name: &str) -> Vec<(String, u64)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let text = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        let digits = rest[text..]
            .find(|c: char| !c.is_ascii_digit())
            .map_or(rest.len(), |length| text + length);
        let number = rest[text..digits].parse().unwrap_or(u64::MAX);
        parts.push((rest[..text].to_owned(), number));
        rest = &rest[digits..];
    }
    parts
}
