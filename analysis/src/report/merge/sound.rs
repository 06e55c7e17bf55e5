//! Compares the files of the parts with the sums in their journals. A part may come from a
//! disk that lost something, or be written by runners on several machines. A damaged run is
//! an error also if another part has it undamaged: nothing is chosen silently.

use super::super::Error;
use super::super::folder::Folder;
use super::lines::Picks;
use crate::results::Journaled;

/// Maximum number of damaged runs that are named.
const NAMED: usize = 20;

/// Verifies the files of the runs that are merged.
///
/// # Errors
/// A part has a damaged run, or keeps two different results of a run.
pub fn verify(parts: &[Folder], picks: &Picks) -> Result<(), Error> {
    let journaled = parts
        .iter()
        .map(|part| Journaled::read(&part.path))
        .collect::<Result<Vec<Journaled>, _>>()
        .map_err(|(path, error)| Error::read(&path)(error))?;
    let (mut damages, mut count) = (Vec::new(), 0);
    for (&run, from) in &picks.0 {
        for &index in from {
            let (part, journaled) = (&parts[index], &journaled[index]);
            if let Some((one, other)) = journaled.conflict(run) {
                return Err(Error::Conflict {
                    run,
                    one,
                    other: other.to_owned(),
                    file: "a file of it".to_owned(),
                });
            }
            let at = part.runs.binary_search_by_key(&run, |row| row.run);
            let status = at.map(|at| part.runs[at].status);
            let Some(wrong) = status.ok().and_then(|it| journaled.damage(run, it)) else {
                continue;
            };
            count += 1;
            if damages.len() < NAMED {
                let path = part.path.display();
                damages.push(format!("{path}: run {run}: {wrong}"));
            }
        }
    }
    match count {
        0 => Ok(()),
        _ => Err(Error::Damaged { count, damages }),
    }
}
