//! A proposal for a table or for JSON: what each column is, by its name and by what its
//! cells hold.

use std::collections::{BTreeMap, BTreeSet};

use super::super::rows::{flag, whole};
use super::super::stamp::Form;
use super::super::words::{understood, words};
use super::draft::{Draft, Node};
use super::look::Cells;
use super::roles::{Role, by_name, unit_in};
use super::time::{Look, look_of};

/// Maximum number of words for events. More are no words for events.
const MAX_WORDS: usize = 40;

/// A column.
struct Column<'c> {
    name: String,
    index: usize,
    cells: &'c Cells,
    role: Option<Role>,
    look: Option<&'static Look>,
}

impl<'c> Column<'c> {
    /// Its cells that are not empty.
    fn filled(&self) -> impl Iterator<Item = &'c str> + Clone {
        let index = self.index;
        let all = self
            .cells
            .rows
            .iter()
            .map(move |(_, row)| row[index].as_str());
        all.filter(|it| !it.is_empty())
    }

    fn words(&self) -> BTreeSet<&'c str> {
        self.filled().take(5_000).collect()
    }

    fn is_whole(&self) -> bool {
        self.filled().next().is_some() && self.filled().all(|it| whole(it).is_some())
    }

    /// In how many of the steps from row to row of a file the number rises, falls, or
    /// stays.
    fn moves(&self) -> (usize, usize, usize) {
        let (mut rises, mut falls, mut stays) = (0, 0, 0);
        let mut last: Option<(usize, u64)> = None;
        for (file, row) in &self.cells.rows {
            let Some(number) = whole(&row[self.index]) else {
                continue;
            };
            if let Some((other, before)) = last
                && other == *file
            {
                match number.cmp(&before) {
                    std::cmp::Ordering::Greater => rises += 1,
                    std::cmp::Ordering::Less => falls += 1,
                    std::cmp::Ordering::Equal => stays += 1,
                }
            }
            last = Some((*file, number));
        }
        (rises, falls, stays)
    }

    fn is_flag(&self) -> bool {
        let words = self.words();
        !words.is_empty()
            && words.len() <= 2
            && words.iter().all(|it| flag(it).is_some_and(|it| it <= 1))
    }
}

/// Proposes what the columns are. `separator` is that of a table.
pub fn propose(separator: Option<&str>, labels: bool, mut cells: Cells) -> Draft {
    let mut draft = Draft {
        lines: if separator.is_some() { "table" } else { "json" },
        separator: separator.unwrap_or_default().to_owned(),
        labels,
        ..Draft::default()
    };
    let mut has_header = !cells.names.is_empty();
    if !has_header {
        has_header = take_header(&mut cells);
    }
    let width = cells.rows.first().map_or(0, |it| it.1.len());
    let named = has_header || labels;
    if !named {
        cells.names = (1..=width).map(|index| format!("column {index}")).collect();
    }
    draft.decimal_comma = separator != Some(",") && decimal_comma(&cells);
    let mut columns: Vec<Column<'_>> = (0..width)
        .map(|index| {
            let column = Column {
                name: cells.names[index].clone(),
                index,
                cells: &cells,
                role: named.then(|| by_name(&cells.names[index])).flatten(),
                look: None,
            };
            let look = look_of(column.filled());
            Column { look, ..column }
        })
        .collect();
    correct(&mut columns);
    let has_flags = flags(&mut columns, &mut draft);
    time(&mut columns, &mut draft);
    if !has_flags {
        event(&mut columns, &mut draft);
    }
    numbers(&mut columns, &mut draft, named);
    node(&mut columns, &mut draft);
    read(&columns, &mut draft);
    if labels && cells.names.iter().any(|it| it.starts_with("column ")) {
        draft.columns = Some(cells.names.clone());
    }
    if separator.is_some() && !named {
        let own = columns.iter().map(|column| match column.role {
            Some(role) => role.name().to_owned(),
            None => column.name.replace(' ', "_"),
        });
        let names: Vec<String> = own.collect();
        let rename = |name: &mut String| {
            if let Some(column) = columns.iter().find(|it| it.name == *name) {
                name.clone_from(&names[column.index]);
            }
        };
        draft.time.iter_mut().for_each(rename);
        draft.read.iter_mut().for_each(|it| rename(&mut it.1));
        draft.unread.iter_mut().for_each(rename);
        if let Node::Column(name) = &mut draft.node {
            rename(name);
        }
        draft.run.iter_mut().for_each(rename);
        draft.columns = Some(names);
        let shown: Vec<&str> = cells
            .rows
            .first()
            .map(|it| it.1.iter().map(String::as_str).collect())
            .unwrap_or_default();
        draft.unsure.push(format!(
            "there is no header; the columns are named by what they hold. The first row: {}",
            shown.join(" / ")
        ));
    }
    draft
}

/// Takes the header off; whether there is one.
fn take_header(cells: &mut Cells) -> bool {
    let Some((_, first)) = cells.rows.first() else {
        return false;
    };
    let is_name = |cell: &String| {
        let plain = cell.contains(|it: char| it.is_alphabetic());
        plain && whole(cell).is_none() && look_of([cell.as_str()].into_iter()).is_none()
    };
    let filled = first.iter().filter(|it| !it.is_empty()).count();
    let names = first.iter().filter(|it| is_name(it)).count();
    // A header has names alone, where the rows below have numbers.
    let below = cells.rows.iter().skip(1).take(50);
    let numbers = below
        .flat_map(|(_, row)| row)
        .any(|it| look_of([it.as_str()].into_iter()).is_some());
    let is_header = names == filled && names + 1 >= first.len() && names > 0 && numbers;
    if !is_header {
        return false;
    }
    let names: Vec<String> = first.clone();
    cells.rows.retain(|(_, row)| *row != names);
    cells.names = names;
    true
}

/// Whether numbers have a decimal comma.
fn decimal_comma(cells: &Cells) -> bool {
    let is_comma = |cell: &str| {
        cell.split_once(',').is_some_and(|(a, b)| {
            let digits = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
            digits(a) && digits(b)
        })
    };
    cells
        .rows
        .iter()
        .flat_map(|(_, row)| row)
        .any(|it| is_comma(it))
}

/// Corrects what a name says by what the cells hold: a column of words is no clock.
fn correct(columns: &mut [Column<'_>]) {
    for column in columns.iter_mut() {
        let fits = match column.role {
            Some(Role::Clock | Role::ReceivedClock | Role::Bytes) => {
                column.is_whole() || column.filled().next().is_none()
            }
            Some(Role::Queue) => {
                column.is_whole()
                    || column.filled().any(|it| it.starts_with('['))
                    || column.filled().next().is_none()
            }
            Some(Role::Time) => column.look.is_some(),
            Some(Role::Event) => column.look.is_none() || column.words().len() <= MAX_WORDS,
            _ => true,
        };
        if !fits {
            column.role = None;
        }
    }
    // `Logical Clock` and `System Time`, `clock` and `timestamp`: one of each is enough.
    for role in [Role::Clock, Role::Queue, Role::ReceivedClock] {
        let mut have = columns
            .iter_mut()
            .filter(|it| it.role == Some(role))
            .skip(1);
        have.by_ref().for_each(|it| it.role = None);
    }
}

/// Columns that are 1 if something happened.
fn flags(columns: &mut [Column<'_>], draft: &mut Draft) -> bool {
    let what = |column: &Column<'_>| {
        let is_event = understood(&column.name).filter(|_| column.is_flag());
        is_event.map(|it| it.to_string())
    };
    let found: Vec<(usize, String)> = columns
        .iter()
        .filter_map(|it| Some((it.index, what(it)?)))
        .collect();
    if found.len() < 2 {
        return false;
    }
    for (index, event) in found {
        columns[index].role = Some(Role::Event);
        draft.flags.push((columns[index].name.clone(), event));
    }
    true
}

fn time(columns: &mut [Column<'_>], draft: &mut Draft) {
    let score = |column: &Column<'_>| -> i32 {
        let Some(look) = column.look else {
            return 0;
        };
        let named = match column.role {
            Some(Role::Time) => 20,
            None => 0,
            Some(_) => return 0,
        };
        let (_, falls, _) = column.moves();
        let fraction = column.filled().any(|it| it.contains(['.', ',']));
        let held = match (look.sure, fraction, falls) {
            (true, ..) => 40,
            (false, true, _) => 10,
            (false, false, 0) => 5,
            _ => 0,
        };
        named + held
    };
    let best = columns
        .iter()
        .map(|it| (score(it), it.index))
        .max_by_key(|it| (it.0, usize::MAX - it.1));
    let Some((1.., index)) = best else {
        draft.unsure.push("no column looks like a time".to_owned());
        draft.forms = vec!["s".to_owned()];
        return;
    };
    // A date in one column, the time of day in another.
    let joined = [index.wrapping_sub(1), index + 1]
        .into_iter()
        .find_map(|other| {
            let date = columns.get(other)?;
            let pair = [date.index.min(index), date.index.max(index)];
            let mut rows = columns[0]
                .cells
                .rows
                .iter()
                .map(|(_, row)| format!("{} {}", row[pair[0]], row[pair[1]]));
            let texts: Vec<String> = rows
                .by_ref()
                .take(500)
                .filter(|it| !it.trim().is_empty())
                .collect();
            let alone = columns[index].look?;
            let look = look_of(texts.iter().map(String::as_str)).filter(|it| it.sure)?;
            (alone.pattern != look.pattern).then_some((pair, look, texts))
        });
    match joined {
        Some((pair, look, texts)) => {
            for place in pair {
                columns[place].role = Some(Role::Time);
                draft.time.push(columns[place].name.clone());
            }
            draft.forms = forms(
                look,
                texts.iter().map(String::as_str),
                "",
                draft.decimal_comma,
            );
        }
        None => {
            columns[index].role = Some(Role::Time);
            let column = &columns[index];
            draft.time.push(column.name.clone());
            if let Some(look) = column.look {
                draft.forms = forms(look, column.filled(), &column.name, draft.decimal_comma);
                unit(look, column, draft);
            }
        }
    }
    // Other columns with a time are none of the clock.
    for column in columns.iter_mut() {
        if column.role == Some(Role::Time) && !draft.time.contains(&column.name) {
            column.role = None;
        }
    }
}

/// The unit of numbers that could be of any.
fn unit(look: &Look, column: &Column<'_>, draft: &mut Draft) {
    if look.sure {
        return;
    }
    if let Some(unit) = unit_in(&column.name) {
        draft.forms = vec![unit.to_owned()];
        return;
    }
    let fraction = column.filled().any(|it| it.contains(['.', ',']));
    // Whole numbers that rise by tens and more from row to row are milliseconds.
    let numbers: Vec<f64> = column
        .filled()
        .filter_map(|it| it.replace(',', ".").parse().ok())
        .collect();
    let (least, most) = numbers
        .iter()
        .fold((f64::MAX, 0.0_f64), |(a, b), &it| (a.min(it), b.max(it)));
    let gap = (most - least) / numbers.len().max(1) as f64;
    let unit = match (fraction, gap) {
        (true, _) => "s",
        (false, ..20.0) => "s",
        (false, ..20_000.0) => "ms",
        (false, ..20_000_000.0) => "us",
        _ => "ns",
    };
    draft.forms = vec![unit.to_owned()];
    let shown = column.filled().next().unwrap_or_default();
    draft.unsure.push(format!(
        "the unit of `{}` (`{shown}`, ..) is taken to be {unit}: [time] form",
        column.name
    ));
}

/// The forms of a look that read all of these texts, or the first.
pub fn forms<'a>(
    look: &Look,
    texts: impl Iterator<Item = &'a str> + Clone,
    name: &str,
    comma: bool,
) -> Vec<String> {
    let reads = |form: &&&str| {
        let form = Form::parse(form);
        form.is_ok_and(|form| texts.clone().all(|text| form.read(text, comma).is_some()))
    };
    let unit = unit_in(name);
    let all: Vec<String> = look
        .forms
        .iter()
        .filter(reads)
        .map(|it| (*it).to_owned())
        .collect();
    match (unit, all.is_empty()) {
        (Some(unit), _) if !look.sure => vec![unit.to_owned()],
        (_, true) => look.forms.iter().map(|it| (*it).to_owned()).collect(),
        _ => all,
    }
}

fn event(columns: &mut [Column<'_>], draft: &mut Draft) {
    let score = |column: &Column<'_>| -> usize {
        if !matches!(column.role, None | Some(Role::Event))
            || column.look.is_some() && column.role.is_none()
        {
            return 0;
        }
        let words = column.words();
        let known = words.iter().filter(|it| understood(it).is_some()).count();
        let named = if column.role == Some(Role::Event) {
            2
        } else {
            0
        };
        // A few words of a language that is not known here.
        let few = usize::from(words.len() <= 12 && words.len() * 3 <= column.filled().count());
        match words.len() {
            0 => 0,
            all => named + few + known * 10 / all + usize::from(known > 0) * 5,
        }
    };
    let best = columns
        .iter()
        .map(|it| (score(it), it.index))
        .max_by_key(|it| (it.0, usize::MAX - it.1));
    let Some((1.., index)) = best else {
        draft.unsure.push(
            "no column looks like the word for an event: each row is taken as a step".to_owned(),
        );
        return;
    };
    for column in columns.iter_mut() {
        if column.role == Some(Role::Event) && column.index != index {
            column.role = None;
        }
    }
    columns[index].role = Some(Role::Event);
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for word in columns[index].filled() {
        *counts.entry(word.to_owned()).or_default() += 1;
    }
    events(counts, draft);
}

/// What each word means.
pub fn events(counts: BTreeMap<String, u64>, draft: &mut Draft) {
    if counts.len() > MAX_WORDS {
        // Sentences: each is understood by its first words when it is read.
        let some: Vec<&String> = counts.keys().take(3).collect();
        draft.unsure.push(format!(
            "`event` has {} different texts, understood by their first words: {}",
            counts.len(),
            some.iter()
                .map(|it| format!("`{it}`"))
                .collect::<Vec<_>>()
                .join(", ")
        ));
        return;
    }
    for (word, count) in counts {
        let what = match understood(&word) {
            Some(what) => what.to_string(),
            None => {
                let own: Vec<String> = words(&word).take(4).collect();
                // A number for a kind of event.
                let own = match own.is_empty() {
                    true => own_name(&format!("event {word}")),
                    false => own.join("-"),
                };
                draft.unsure.push(format!("the word `{word}` for an event ({count} times) is none that is known; it is taken as a step of its own, `{own}`"));
                own
            }
        };
        if what.contains("*others") {
            draft.unsure.push(format!(
                "`{word}` is taken as one message to each other node"
            ));
        }
        draft.events.push((word, what, count));
    }
}

/// Clock and queue where names do not say them.
fn numbers(columns: &mut [Column<'_>], draft: &mut Draft, named: bool) {
    let has = |columns: &[Column<'_>], role| columns.iter().any(|it| it.role == Some(role));
    let free = |column: &Column<'_>| column.role.is_none() && column.is_whole();
    if !has(columns, Role::Clock) {
        let rising = |column: &&Column<'_>| {
            let (rises, falls, stays) = column.moves();
            free(column) && rises > 0 && falls == 0 && rises >= 4 * stays
        };
        // The clock rises by more than one where a message came; a number of rows does not.
        let jumps = |column: &&Column<'_>| {
            let words = column.filled().filter_map(whole);
            let most = words.clone().max().unwrap_or(0);
            (most > words.count() as u64, usize::MAX - column.index)
        };
        let found: Vec<usize> = columns.iter().filter(rising).map(|it| it.index).collect();
        if let Some(index) = columns
            .iter()
            .filter(rising)
            .max_by_key(jumps)
            .map(|it| it.index)
        {
            columns[index].role = Some(Role::Clock);
            let others = if found.len() > 1 {
                " (others rise, too)"
            } else {
                ""
            };
            let name = &columns[index].name;
            draft.unsure.push(format!(
                "`{name}` is taken as the logical clock: its numbers never fall{others}"
            ));
        }
    }
    if !has(columns, Role::Queue) && !named {
        let moving = |column: &&Column<'_>| {
            let (rises, falls, _) = column.moves();
            let few = column
                .filled()
                .filter_map(whole)
                .max()
                .is_some_and(|it| it < 100_000);
            free(column) && (rises > 0 && falls > 0 || column.words().len() == 1) && few
        };
        let found = columns
            .iter()
            .filter(moving)
            .max_by_key(|it| it.words().len())
            .map(|it| it.index);
        if let Some(index) = found {
            columns[index].role = Some(Role::Queue);
            let name = &columns[index].name;
            draft.unsure.push(format!(
                "`{name}` is taken as the length of the queue: its numbers rise and fall"
            ));
        }
    }
}

/// A column with the node, if a file has rows of several.
fn node(columns: &mut [Column<'_>], draft: &mut Draft) {
    for role in [Role::Node, Role::Run] {
        let several = |column: &&Column<'_>| {
            let mut by_file: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
            for (file, row) in &column.cells.rows {
                by_file.entry(*file).or_default().insert(&row[column.index]);
            }
            column.role == Some(role)
                && by_file.values().any(|it| it.len() > 1)
                && column.words().len() <= 1_000
                && column.filled().count() == column.cells.rows.len()
        };
        let found = columns
            .iter()
            .find(several)
            .map(|it| (it.index, it.name.clone()));
        for column in columns.iter_mut() {
            if column.role == Some(role) && found.as_ref().is_none_or(|it| it.0 != column.index) {
                column.role = None;
            }
        }
        match (found, role) {
            (Some((_, name)), Role::Node) => draft.node = Node::Column(name),
            (Some((_, name)), _) => draft.run = Some(name),
            (None, _) => {}
        }
    }
}

/// The other columns.
fn read(columns: &[Column<'_>], draft: &mut Draft) {
    let mut taken: BTreeSet<String> = ["time", "node", "run", "step", "message"]
        .map(str::to_owned)
        .into();
    for column in columns {
        let role = column.role;
        if matches!(role, Some(Role::Time | Role::Node | Role::Run))
            || !draft.flags.is_empty() && role == Some(Role::Event)
        {
            continue;
        }
        if column.filled().next().is_none() && role.is_none() {
            draft.unread.push(column.name.clone());
            continue;
        }
        let own = match role {
            Some(role) => role.name().to_owned(),
            None => own_name(&column.name),
        };
        if own.is_empty() || !taken.insert(own.clone()) {
            draft.unread.push(column.name.clone());
            continue;
        }
        let first = column.filled().next().unwrap_or_default();
        let shown: String = first
            .chars()
            .take(30)
            .filter(|it| !it.is_control())
            .collect();
        draft
            .read
            .push((own, column.name.clone(), format!("such as {shown}")));
    }
}

/// A name of ours for a column.
pub fn own_name(name: &str) -> String {
    let parts: Vec<String> = name
        .split(|it: char| !it.is_ascii_alphanumeric())
        .filter(|it| !it.is_empty())
        .map(str::to_lowercase)
        .collect();
    match parts.join("_") {
        own if [
            "queue", "event", "peer", "bytes", "clock", "latency", "sent", "received", "dropped",
        ]
        .contains(&own.as_str()) =>
        {
            format!("{own}_logged")
        }
        own => own.chars().take(40).collect(),
    }
}
