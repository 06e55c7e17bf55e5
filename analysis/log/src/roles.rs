//! What each cell of a log is: a standard column, a column of the behavior, or a
//! cell that is not read. The header decides, or the mapping of the columns of
//! another program.

use std::path::Path;

use super::cursor::Role;
use super::error::{self, LogError, Problem};
use super::mapping::Mapping;
use super::survey;
use super::writer::{Layout, STANDARD_COLUMNS};

/// The roles of the standard columns, in the order of [`STANDARD_COLUMNS`].
const STANDARD: [Role; 7] = [
    Role::Time,
    Role::Step,
    Role::Event,
    Role::Peer,
    Role::Message,
    Role::Bytes,
    Role::Queue,
];

/// What each cell of a file is.
pub(super) fn roles(
    path: &Path,
    header: &[String],
    mapping: Option<&Mapping>,
) -> Result<Vec<Role>, LogError> {
    let roles = match mapping {
        Some(mapping) => mapped(header, mapping),
        None => standard(header),
    };
    roles.map_err(|problem| LogError {
        path: path.to_owned(),
        line: 1,
        problem,
    })
}

fn standard(header: &[String]) -> Result<Vec<Role>, Problem> {
    let mut roles = STANDARD.to_vec();
    match survey::layout(header) {
        Some(Layout::Combined) => roles.insert(1, Role::Node),
        Some(Layout::PerNode) => {}
        None => {
            return Err(Problem::ForeignHeader {
                found: error::shown(header.join(",").as_bytes()),
                expected: STANDARD_COLUMNS.join(","),
            });
        }
    }
    let own = header.len() - roles.len();
    roles.extend((0..own).map(Role::Column));
    Ok(roles)
}

fn mapped(header: &[String], mapping: &Mapping) -> Result<Vec<Role>, Problem> {
    let mut roles = vec![Role::Other; header.len()];
    let mut own = 0;
    for (name, column) in mapping.columns() {
        let role = match STANDARD_COLUMNS.iter().position(|known| *known == name) {
            Some(index) => STANDARD[index],
            None => {
                own += 1;
                Role::Column(own - 1)
            }
        };
        let index = header.iter().position(|known| known.trim() == column);
        match index.map(|index| &mut roles[index]) {
            Some(free @ Role::Other) => *free = role,
            Some(_) => {
                return Err(Problem::ColumnTwice {
                    column: column.to_owned(),
                });
            }
            None => {
                return Err(Problem::NoSuchColumn {
                    role: name.trim_end_matches("_ns").to_owned(),
                    name: column.to_owned(),
                    columns: header.to_vec(),
                });
            }
        }
    }
    Ok(roles)
}
