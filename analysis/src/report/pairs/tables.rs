//! The tables of a comparison in pairs.

use super::words::{interval, p_value};
use super::{Comparison, Pairs};
use crate::render::number::{count, decimals, fixed, whole};
use crate::report::table::{Align, Table};

/// Maximum number of rows of a table.
const MAX_ROWS: usize = 60;

pub(super) fn tables(pairs: &Pairs) -> Vec<Table> {
    if pairs.comparisons.is_empty() {
        return Vec::new();
    }
    vec![differences(pairs), each(pairs)]
}

/// The number of decimals for the differences of a quantity.
pub(super) fn places(pairs: &Pairs, quantity: usize) -> usize {
    let of = pairs.comparisons.iter();
    let of = of.filter(|it| it.quantity == quantity);
    decimals(of.flat_map(|it| [it.found.mean, it.found.deviation]))
}

/// A row for each metric and case.
fn differences(pairs: &Pairs) -> Table {
    let mut table = Table::new(
        format!("Differences to {}", pairs.baseline),
        [
            ("metric", Align::Code),
            ("case", Align::Left),
            ("pairs", Align::Right),
            ("mean difference", Align::Right),
            ("sd", Align::Right),
            ("interval of the difference", Align::Right),
            ("p", Align::Right),
            ("the case is", Align::Left),
            ("variance ratio", Align::Right),
            ("as exact as", Align::Right),
        ],
    );
    let differ = pairs.comparisons.iter().filter(|it| it.differs()).count() as u64;
    table.finding = match pairs.comparisons.len() as u64 {
        1 if differ == 1 => "The two differ.".to_owned(),
        1 => "The pairs do not tell the two apart.".to_owned(),
        all => format!(
            "{} of {} comparisons show a difference (p at most 0.05 after the correction for all of them).",
            whole(differ),
            whole(all)
        ),
    };
    let mut shown: Vec<&Comparison> = pairs.comparisons.iter().collect();
    if shown.len() > MAX_ROWS {
        shown.sort_by(|a, b| a.p.total_cmp(&b.p));
        shown.truncate(MAX_ROWS);
        table.note = format!(
            "{MAX_ROWS} of {} are shown, those with the smallest p.",
            count(pairs.comparisons.len() as u64, "comparison")
        );
    }
    shown.sort_by_key(|it| (it.quantity, it.case));
    let mut last = None;
    for it in shown {
        let places = places(pairs, it.quantity);
        let head = match last == Some(it.quantity) {
            true => String::new(),
            false => pairs.quantities[it.quantity].clone(),
        };
        last = Some(it.quantity);
        let found = &it.found;
        table.rows.push(vec![
            head,
            pairs.cases[it.case].0.clone(),
            whole(found.pairs),
            fixed(found.mean, places),
            fixed(found.deviation, places),
            interval(found, places),
            p_value(it.p),
            match (it.is_same(), it.differs(), found.mean > 0.0) {
                (true, _, _) => "the same",
                (_, false, _) => "not told apart",
                (_, true, true) => "higher",
                (_, true, false) => "lower",
            }
            .to_owned(),
            found
                .variance_ratio
                .map_or("–".to_owned(), |it| fixed(it, decimals([it]).min(1))),
            found
                .as_exact_as()
                .map_or("–".to_owned(), |runs| count(runs, "run")),
        ]);
    }
    table
}

/// A row for each pair.
fn each(pairs: &Pairs) -> Table {
    let mut table = Table::new(
        "Pair by pair",
        [
            ("case", Align::Left),
            ("run", Align::Right),
            ("baseline run", Align::Right),
        ],
    );
    table.folded = true;
    if let Some(quantity) = pairs.quantities.first() {
        let known = pairs.each.iter().filter_map(|it| it.3[0]);
        let known: Vec<f64> = known.collect();
        let number =
            |which: fn(&f64) -> bool| whole(known.iter().copied().filter(which).count() as u64);
        table.finding = format!(
            "{quantity} is higher than in {} in {} of {}, lower in {} and equal in {}.",
            pairs.baseline,
            number(|it| *it > 0.0),
            count(known.len() as u64, "pair"),
            number(|it| *it < 0.0),
            number(|it| *it == 0.0),
        );
    }
    let heads = pairs.quantities.iter();
    let heads: Vec<(&str, Align)> = heads.map(|it| (it.as_str(), Align::Right)).collect();
    table.columns.extend(Table::new("", heads).columns);
    if pairs.each.len() > MAX_ROWS {
        table.note = format!(
            "{MAX_ROWS} of {} are shown, the first ones; the values of all runs are in summary.csv.",
            count(pairs.each.len() as u64, "pair")
        );
    }
    let shown = &pairs.each[..pairs.each.len().min(MAX_ROWS)];
    let places: Vec<usize> = (0..pairs.quantities.len())
        .map(|quantity| decimals(shown.iter().filter_map(|it| it.3[quantity])))
        .collect();
    let mut last = None;
    for (case, run, baseline, differences) in shown {
        let name = match last == Some(case) {
            true => String::new(),
            false => pairs.cases[*case].0.clone(),
        };
        last = Some(case);
        let cells = differences.iter().zip(&places);
        let cells = cells.map(|(it, &places)| it.map_or("–".to_owned(), |it| fixed(it, places)));
        let row = [name, whole(*run), whole(*baseline)];
        table.rows.push(row.into_iter().chain(cells).collect());
    }
    table
}
