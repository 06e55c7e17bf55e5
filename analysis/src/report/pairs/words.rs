//! What a comparison in pairs says, in sentences that its numbers decide.

use super::tables::places;
use super::{Comparison, Pairs};
use crate::render::number::{count, fixed, percent, short, whole};
use crate::statistics::paired::pairs_to_tell;
use crate::statistics::{CONFIDENCE, DifferenceOf, Paired};

/// Maximum number of sentences of a kind, and of names in one.
const SHOWN: usize = 8;

pub(super) fn observations(pairs: &Pairs) -> Vec<String> {
    let mut sentences = Vec::new();
    if pairs.comparisons.is_empty() {
        sentences.push(nothing(pairs));
    } else {
        sentences.extend(differ(pairs));
        sentences.extend(not_told_apart(pairs));
        sentences.extend(same(pairs));
        sentences.push(tests(pairs));
        sentences.extend(saved(pairs));
    }
    if pairs.incomplete > 0 && !pairs.cases.is_empty() {
        let of = count(pairs.incomplete, "repetition");
        sentences.push(format!(
            "Not all cases have a complete run of {of}; a run without its counterpart is left out."
        ));
    }
    if let [first, rest @ ..] = &pairs.unshared[..] {
        let more = match rest.len() {
            0 => String::new(),
            more => format!(
                " {} have other nodes, too.",
                count(more as u64, "more case")
            ),
        };
        sentences.push(format!(
            "Not all nodes are paired: {first}. Nodes of the same name, and links between them, draw the same numbers.{more}"
        ));
    }
    sentences
}

/// Why nothing is compared.
fn nothing(pairs: &Pairs) -> String {
    let baseline = &pairs.baseline;
    if pairs.quantities.is_empty() {
        return "No metric differs between the runs, so there is nothing to compare.".to_owned();
    }
    match pairs.cases.iter().map(|it| it.1).max() {
        None | Some(0) => format!(
            "Nothing is compared in pairs: no case has a complete run of the same repetition as the baseline, {baseline}."
        ),
        Some(2..) => {
            "Nothing is compared in pairs: no metric was measured in two pairs.".to_owned()
        }
        Some(1) => format!(
            "Nothing is compared in pairs: there is one repetition, and two are the least. `runs` in the scenario, or --runs, sets their number; {} would tell a difference.",
            count(
                pairs_to_tell(pairs.quantities.len() * pairs.cases.len()),
                "run"
            )
        ),
    }
}

/// The differences that the pairs show.
fn differ(pairs: &Pairs) -> Vec<String> {
    let found: Vec<&Comparison> = of(pairs, |it| it.differs());
    let mut sentences: Vec<String> = found
        .iter()
        .take(SHOWN)
        .map(|it| difference(pairs, it))
        .collect();
    if found.len() > SHOWN {
        let more = count((found.len() - SHOWN) as u64, "more difference");
        sentences.push(format!("The table has {more}."));
    }
    sentences
}

fn of(pairs: &Pairs, which: impl Fn(&Comparison) -> bool) -> Vec<&Comparison> {
    let mut found: Vec<&Comparison> = pairs.comparisons.iter().filter(|it| which(it)).collect();
    found.sort_by_key(|it| (it.quantity, it.case));
    found
}

/// `latency_mean [ms] is lower in service=7ms than in service=8ms: by 8 in the mean of 20
/// pairs (95 % interval -9 … -7, p < 0.001).`
fn difference(pairs: &Pairs, it: &Comparison) -> String {
    let (size, what, low, high, holds) = match it.found.interval {
        DifferenceOf::Mean(of) => (it.found.mean, "mean", of.low, of.high, CONFIDENCE),
        DifferenceOf::Median(of) => (of.median, "median", of.low, of.high, of.coverage),
    };
    let places = places(pairs, it.quantity);
    format!(
        "{} is {} in {} than in {}: by {} in the {what} of {} ({} % interval {} … {}, p {}).",
        pairs.quantities[it.quantity],
        if size > 0.0 { "higher" } else { "lower" },
        pairs.cases[it.case].0,
        pairs.baseline,
        fixed(size.abs(), places),
        count(it.found.pairs, "pair"),
        percent(holds),
        fixed(low, places),
        fixed(high, places),
        match p_value(it.p) {
            p if p.starts_with('<') => p,
            p => format!("= {p}"),
        },
    )
}

/// `-9.1 … -7.2 (mean, 95 %)`.
pub(in crate::report) fn interval(found: &Paired, places: usize) -> String {
    let (low, high, of) = match found.interval {
        DifferenceOf::Mean(it) => (it.low, it.high, "mean, 95 %".to_owned()),
        DifferenceOf::Median(it) => {
            let of = format!("median, {} %", percent(it.coverage));
            (it.low, it.high, of)
        }
    };
    format!("{} … {} ({of})", fixed(low, places), fixed(high, places))
}

/// `< 0.001`, `0.012`, `0.31`, `1`.
pub(in crate::report) fn p_value(p: f64) -> String {
    match p {
        p if p < 0.001 => "< 0.001".to_owned(),
        p if p < 0.1 => format!("{p:.3}"),
        p if p < 1.0 => format!("{p:.2}"),
        _ => "1".to_owned(),
    }
}

/// The differences that may be chance.
fn not_told_apart(pairs: &Pairs) -> Option<String> {
    let open = of(pairs, |it| !it.differs() && !it.is_same());
    if open.is_empty() {
        return None;
    }
    let most = open.iter().map(|it| it.found.pairs).max().unwrap_or(0);
    let needed = pairs_to_tell(pairs.comparisons.len());
    let more = match most < needed {
        true => format!(
            " {} cannot tell one of so many comparisons; about {needed} can.",
            count(most, "pair")
        ),
        false => String::new(),
    };
    Some(format!(
        "Differences to {} that may be chance: {}.{more}",
        pairs.baseline,
        named(pairs, &open)
    ))
}

/// What is the same in each pair.
fn same(pairs: &Pairs) -> Option<String> {
    let same = of(pairs, Comparison::is_same);
    let all = same.len() == pairs.comparisons.len();
    match (same.is_empty(), all) {
        (true, _) => None,
        (_, true) => Some(format!(
            "Everything that was compared is the same as in {} in each pair.",
            pairs.baseline
        )),
        _ => Some(format!(
            "The same as in {} in each pair: {}.",
            pairs.baseline,
            named(pairs, &same)
        )),
    }
}

/// `queue_max (service=7ms, service=6ms), latency_mean (service=7ms)`.
fn named(pairs: &Pairs, comparisons: &[&Comparison]) -> String {
    let groups = comparisons.chunk_by(|a, b| a.quantity == b.quantity);
    let names = groups.map(|group| {
        let mut cases: Vec<&str> = group
            .iter()
            .take(SHOWN)
            .map(|it| pairs.cases[it.case].0.as_str())
            .collect();
        let more = format!("{} more", group.len().saturating_sub(SHOWN));
        if group.len() > SHOWN {
            cases.push(&more);
        }
        format!(
            "{} ({})",
            pairs.quantities[group[0].quantity],
            cases.join("; ")
        )
    });
    names.collect::<Vec<String>>().join(", ")
}

/// The number of tests, and what p-values are corrected for.
fn tests(pairs: &Pairs) -> String {
    let number = pairs.comparisons.len();
    match number {
        1 => "One comparison was made, so its p-value needs no correction.".to_owned(),
        _ => format!(
            "{} comparisons were made ({}; {} against {}). The p-values are corrected for all of them (Holm): the chance that any difference is said to be one and is none is at most 5 %.",
            whole(number as u64),
            count(pairs.quantities.len() as u64, "metric"),
            count(pairs.cases.len() as u64, "case"),
            pairs.baseline,
        ),
    }
}

/// How many runs the pairing saved, by metric.
fn saved(pairs: &Pairs) -> Vec<String> {
    let mut sentences = Vec::new();
    for (quantity, head) in pairs.quantities.iter().enumerate() {
        let compared = pairs.comparisons.iter();
        let known = compared.filter(|it| it.quantity == quantity);
        let known = known.filter_map(|it| Some((it.found.variance_ratio?, it)));
        let known: Vec<(f64, &Comparison)> = known.collect();
        let by_ratio = |a: &&(f64, &Comparison), b: &&(f64, &Comparison)| a.0.total_cmp(&b.0);
        let (Some(least), Some(most)) =
            (known.iter().min_by(by_ratio), known.iter().max_by(by_ratio))
        else {
            continue;
        };
        let of = |it: &(f64, &Comparison)| match pairs.cases.len() {
            1 => String::new(),
            _ => format!(" for {}", pairs.cases[it.1.case].0),
        };
        if least.0 < 1.0 {
            sentences.push(format!(
                "Pairing did not help everywhere: the differences of {head}{} vary {} times as much as those of unrelated runs would, so its runs do not follow those of the baseline.",
                of(least),
                short(1.0 / least.0)
            ));
        }
        if most.0 >= 1.0 {
            let runs = most.1.found.as_exact_as().unwrap_or(0);
            let pair_count = most.1.found.pairs;
            let range = match known.len() > 1 && least.0 >= 1.0 {
                true => format!(" (least{}: {} times)", of(least), short(least.0)),
                false => String::new(),
            };
            sentences.push(format!(
                "Pairing made the variance of the difference of {head} {} times smaller{}{range}: {} are as exact as about {} of each case, which saves {}.",
                short(most.0),
                of(most),
                count(pair_count, "pair"),
                count(runs, "unpaired run"),
                whole(runs.saturating_sub(pair_count)),
            ));
        }
    }
    sentences.truncate(SHOWN);
    sentences
}
