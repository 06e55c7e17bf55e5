//! The cases of a matrix: all combinations of the values of its axes, without those
//! that are excluded. The axes of a `zip` group vary together.

use std::collections::BTreeMap;

use super::super::document::{KeyValue, Value, ValueKind};
use super::super::reader::{Mistakes, listed};
use super::written::{Exclusion, MatrixFile};
use super::{Dimension, MAX_CASES};

/// One case: the index of the value of each axis.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Point(pub Vec<usize>);

/// The indices of axes that vary together; often a single axis.
type Walk = Vec<usize>;

/// Each value of each axis once, with the first values of the other axes: for a matrix
/// with mistakes, at most as many as the cases of one without.
pub fn each_value(axes: &[Dimension]) -> Vec<Point> {
    let first = Point(axes.iter().map(|_| 0).collect());
    let mut points = vec![first.clone()];
    for (axis, dimension) in axes.iter().enumerate() {
        for value in 1..dimension.values.len() {
            let mut point = first.clone();
            point.0[axis] = value;
            points.push(point);
        }
    }
    points.truncate(MAX_CASES as usize);
    points
}

/// The cases; the first axis varies slowest. `None` if there is a mistake, which is
/// reported; or if not all axes are sound, which has been reported.
pub fn points(
    file: &MatrixFile,
    axes: &[Dimension],
    all_sound: bool,
    mistakes: &Mistakes,
) -> Option<Vec<Point>> {
    let before = mistakes.count();
    let walks = walks(file, axes, mistakes);
    for walk in &walks {
        distinct(walk, axes, mistakes);
    }
    let varies = mistakes.count() == before;
    let exclusions: Vec<_> = file
        .exclude
        .iter()
        .map(|it| (it, excluded(it, file, axes, mistakes)))
        .collect();
    if !varies || !all_sound {
        return None;
    }
    let lengths: Vec<usize> = walks.iter().map(|it| axes[it[0]].values.len()).collect();
    let count = lengths
        .iter()
        .try_fold(1_u64, |product, &length| product.checked_mul(length as u64));
    let place = file.place?;
    if count.is_none_or(|count| count > MAX_CASES) {
        let count = count.map_or("more than 2^64".to_owned(), |count| count.to_string());
        let message = format!("the matrix has {count} cases, expected at most {MAX_CASES}");
        let help = "use fewer values, let axes vary together with `zip`, or split the file";
        mistakes.add_with_help(place, message, help);
        return None;
    }
    let mut points = product(&walks, &lengths, axes.len());
    exclude(&exclusions, &mut points, mistakes);
    if mistakes.count() > before {
        return None;
    }
    if points.is_empty() {
        mistakes.add(place, "the matrix excludes all of its cases");
        return None;
    }
    Some(points)
}

/// The groups of axes that vary together, in the order of their first axes.
fn walks(file: &MatrixFile, axes: &[Dimension], mistakes: &Mistakes) -> Vec<Walk> {
    let mut group_of: BTreeMap<usize, usize> = BTreeMap::new();
    for (group, zipped) in file.zip.iter().enumerate() {
        let mut first: Option<usize> = None;
        for (name, place) in &zipped.names {
            let Some(axis) = find(name, axes) else {
                if is_written(name, file) {
                    continue;
                }
                let message = format!("`zip` names unknown axis `{name}`");
                mistakes.add_with_help(*place, message, axes_here(name, axes));
                continue;
            };
            if group_of.insert(axis, group).is_some() {
                let message = format!("`zip` names axis `{name}` twice");
                mistakes.add(*place, message);
                continue;
            }
            let first = *first.get_or_insert(axis);
            let lengths = [first, axis].map(|it| axes[it].values.len());
            if lengths[0] != lengths[1] {
                let message = format!(
                    "axes of one `zip` group have the same number of values: `{}` has {}, `{name}` has {}",
                    axes[first].axis.name, lengths[0], lengths[1]
                );
                mistakes.add(*place, message);
            }
        }
    }
    let mut walks: Vec<Walk> = Vec::new();
    let mut place_of: BTreeMap<usize, usize> = BTreeMap::new();
    for axis in 0..axes.len() {
        match group_of.get(&axis) {
            None => walks.push(vec![axis]),
            Some(group) => match place_of.get(group) {
                Some(&at) => walks[at].push(axis),
                None => {
                    place_of.insert(*group, walks.len());
                    walks.push(vec![axis]);
                }
            },
        }
    }
    walks
}

fn find(name: &str, axes: &[Dimension]) -> Option<usize> {
    axes.iter().position(|it| it.axis.name == name)
}

/// Whether there is an axis with this name, sound or not.
fn is_written(name: &str, file: &MatrixFile) -> bool {
    file.axes.iter().any(|it| it.name == name)
}

fn axes_here(found: &str, axes: &[Dimension]) -> String {
    let names = axes.iter().map(|it| it.axis.name.as_str());
    format!("axes here: {}", listed(found, names))
}

/// Reports values with the same name, which would give two cases the same id.
fn distinct(walk: &Walk, axes: &[Dimension], mistakes: &Mistakes) {
    let mut seen: BTreeMap<Vec<&str>, usize> = BTreeMap::new();
    let first = &axes[walk[0]];
    for index in 0..first.values.len() {
        let words = walk.iter().filter_map(|&axis| axes[axis].values.get(index));
        let words: Vec<&str> = words.map(|(_, it)| it.word.as_str()).collect();
        let named: Vec<String> = walk
            .iter()
            .zip(&words)
            .map(|(&axis, word)| format!("{}={word}", axes[axis].axis.name))
            .collect();
        let Some(before) = seen.insert(words, index) else {
            continue;
        };
        let place = first.values[index].0.place;
        let message = format!(
            "values {} and {} give two cases the same id: `{}`",
            before + 1,
            index + 1,
            named.join(",")
        );
        let help = "remove one of them, or give the axis `labels`";
        mistakes.add_with_help(place.written(), message, help);
    }
}

fn product(walks: &[Walk], lengths: &[usize], axes: usize) -> Vec<Point> {
    let mut points = Vec::new();
    let mut at = vec![0; walks.len()];
    loop {
        let mut point = vec![0; axes];
        for (walk, &index) in walks.iter().zip(&at) {
            for &axis in walk {
                point[axis] = index;
            }
        }
        points.push(Point(point));
        // The last walk varies fastest, as the last wheel of an odometer.
        let Some(turned) = (0..walks.len()).rfind(|&walk| at[walk] + 1 < lengths[walk]) else {
            return points;
        };
        at[turned] += 1;
        at[turned + 1..].fill(0);
    }
}

/// The axes of an exclusion, each with the indices of the values that it names.
type Excluded = Vec<(usize, Vec<usize>)>;

/// Removes the excluded cases. Reports an exclusion that excludes no case.
fn exclude(
    exclusions: &[(&Exclusion, Option<Excluded>)],
    points: &mut Vec<Point>,
    mistakes: &Mistakes,
) {
    let all = points.clone();
    for (exclusion, excluded) in exclusions {
        let Some(excluded) = excluded else {
            continue;
        };
        let hit = |point: &Point| {
            let mut each = excluded.iter();
            each.all(|(axis, values)| values.contains(&point.0[*axis]))
        };
        if !all.iter().any(hit) {
            let message = "the exclusion matches no case: no case has these values together";
            mistakes.add(exclusion.place, message);
        }
        points.retain(|point| !hit(point));
    }
}

/// The axes and values that an exclusion names; `None` if one is unknown or wrong.
fn excluded(
    exclusion: &Exclusion,
    file: &MatrixFile,
    axes: &[Dimension],
    mistakes: &Mistakes,
) -> Option<Excluded> {
    let mut found = Vec::new();
    let mut sound = true;
    for KeyValue { key, place, value } in &exclusion.values {
        let Some(axis) = find(key, axes) else {
            sound = false;
            if is_written(key, file) {
                continue;
            }
            let message = format!("`exclude` names unknown axis `{key}`");
            mistakes.add_with_help(*place, message, axes_here(key, axes));
            continue;
        };
        let values = axes[axis].values.iter().enumerate();
        let fits: Vec<usize> = values
            .filter(|(_, (own, named))| {
                let label = matches!(&value.kind, ValueKind::Text(text) if *text == named.word);
                label || equal(own, value)
            })
            .map(|(index, _)| index)
            .collect();
        if fits.is_empty() {
            sound = false;
            let words = axes[axis].values.iter().map(|(_, it)| it.word.as_str());
            let searched = match &value.kind {
                ValueKind::Text(text) => text.clone(),
                _ => String::new(),
            };
            let message = format!("axis `{key}` has no value {}", value.describe());
            let help = format!("values there: {}", listed(&searched, words));
            mistakes.add_with_help(value.place, message, help);
        }
        found.push((axis, fits));
    }
    sound.then_some(found)
}

/// Whether two values are equal; `1` and `1.0` are.
fn equal(one: &Value, other: &Value) -> bool {
    match (&one.kind, &other.kind) {
        (ValueKind::Text(one), ValueKind::Text(other)) => one == other,
        (ValueKind::Integer(Some(one)), ValueKind::Integer(Some(other))) => one == other,
        (ValueKind::Float(one), ValueKind::Float(other)) => one.nearest == other.nearest,
        (ValueKind::Integer(Some(whole)), ValueKind::Float(float))
        | (ValueKind::Float(float), ValueKind::Integer(Some(whole))) => {
            *whole as f64 == float.nearest
        }
        (ValueKind::Boolean(one), ValueKind::Boolean(other)) => one == other,
        (ValueKind::Datetime(one), ValueKind::Datetime(other)) => one == other,
        (ValueKind::Array(one), ValueKind::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| equal(a, b))
        }
        (ValueKind::Table(one), ValueKind::Table(other)) => {
            one.0.len() == other.0.len()
                && one.0.iter().all(|entry| {
                    let twin = other.get(&entry.key);
                    twin.is_some_and(|twin| equal(&entry.value, &twin.value))
                })
        }
        _ => false,
    }
}
