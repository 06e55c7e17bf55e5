//! What each cell of a log is: one of the columns that every log has, a column
//! of the behavior's own, or nothing that is read. Told by the header, or by the
//! mapping of another program's columns.

use std::path::Path;

use super::cursor::Role;
use super::error::{self, LogError, Problem};
use super::mapping::Mapping;
use super::survey;
use super::writer::STANDARD_COLUMNS;

/// What each cell of a file is.
pub(super) fn roles(
    path: &Path,
    header: &[String],
    mapping: Option<&Mapping>,
) -> Result<Vec<Role>, LogError> {
    let wrong = |problem| LogError {
        path: path.to_owned(),
        line: 1,
        problem,
    };
    const STANDARD: [Role; 7] = [
        Role::Time,
        Role::Step,
        Role::Event,
        Role::Peer,
        Role::Message,
        Role::Bytes,
        Role::Queue,
    ];
    if let Some(mapping) = mapping {
        let mut roles = vec![Role::Other; header.len()];
        let mut places = 0;
        for (name, column) in mapping.columns() {
            let role = match STANDARD_COLUMNS.iter().position(|own| *own == name) {
                Some(index) => STANDARD[index],
                None => {
                    places += 1;
                    Role::Column(places - 1)
                }
            };
            let index = header.iter().position(|own| own.trim() == column);
            match index.map(|index| &mut roles[index]) {
                Some(free @ Role::Other) => *free = role,
                Some(_) => {
                    // One column for two of ours: the first keeps it.
                    return Err(wrong(Problem::ColumnTwice {
                        column: column.to_owned(),
                    }));
                }
                None => {
                    return Err(wrong(Problem::NoSuchColumn {
                        role: name.trim_end_matches("_ns").to_owned(),
                        name: column.to_owned(),
                        columns: header.to_vec(),
                    }));
                }
            }
        }
        return Ok(roles);
    }
    let Some(combined) = survey::standard(header) else {
        return Err(wrong(Problem::ForeignHeader {
            found: error::shown(header.join(",").as_bytes()),
            expected: STANDARD_COLUMNS.join(","),
        }));
    };
    let mut roles = STANDARD.to_vec();
    if combined {
        roles.insert(1, Role::Node);
    }
    let count = header.len() - roles.len();
    roles.extend((0..count).map(Role::Column));
    Ok(roles)
}
