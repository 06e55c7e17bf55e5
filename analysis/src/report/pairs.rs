//! Cases that draw the same numbers, compared in pairs: repetition by repetition against the
//! baseline.
//!
//! Two runs are a pair if they have the same seed: then all their random streams are the
//! same. So pairs are found whatever the order of the runs, and after a merge of shards. A
//! run counts once, with the mean over its nodes; what an expectation says of some nodes is
//! compared for these. `words` has the sentences, `tables` the tables.

mod tables;
mod words;

pub(super) use words::{interval, p_value};

use std::collections::{BTreeMap, BTreeSet};

use super::Section;
use super::cases;
use super::folder::Folder;
use super::measured::Measured;
use super::questions::{head, scale};
use crate::expect::selects;
use crate::results::SharedStreams;
use crate::statistics::{CONFIDENCE, Paired, compare_pairs, holm};

/// What is compared: a metric, of all nodes or of some.
struct Quantity {
    metric: usize,
    /// A selector, and of each node whether it is selected.
    nodes: Option<(String, Vec<bool>)>,
}

/// The runs of a case by seed: the number of the run, and its value of each quantity.
type RunsBySeed = BTreeMap<u64, (u64, Vec<Option<f64>>)>;

/// The difference of a quantity between a case and the baseline.
struct Comparison {
    /// An index into [`Pairs::quantities`].
    quantity: usize,
    /// An index into [`Pairs::cases`].
    case: usize,
    found: Paired,
    /// The p-value after the correction for all comparisons.
    p: f64,
}

impl Comparison {
    /// Whether the two differ.
    fn differs(&self) -> bool {
        self.p <= 1.0 - CONFIDENCE
    }

    /// Whether they are the same in each pair.
    fn is_same(&self) -> bool {
        self.found.mean == 0.0 && self.found.deviation == 0.0
    }
}

/// All comparisons of the cases with a baseline.
struct Pairs {
    baseline: String,
    /// The names of the other cases, and the number of runs that each has in common with the
    /// baseline.
    cases: Vec<(String, u64)>,
    /// The heads of what is compared, with the unit.
    quantities: Vec<String>,
    comparisons: Vec<Comparison>,
    /// Repetitions that not all cases have.
    incomplete: u64,
    /// What the cases do not share.
    unshared: Vec<String>,
    /// A row for each pair: the case, its run, the run of the baseline, the differences.
    each: Vec<(usize, u64, u64, Vec<Option<f64>>)>,
}

/// The section; `None` if the cases draw numbers of their own, or there is only one.
pub(super) fn section(folder: &Folder, measured: &Measured) -> Option<Section> {
    let manifest = &folder.manifest;
    let pairing = manifest.pairing.as_ref()?;
    if manifest.cases.len() < 2 {
        return None;
    }
    let pairs = compare(folder, measured, &pairing.baseline);
    Some(Section {
        id: "pairs".to_owned(),
        title: "How do the cases differ?".to_owned(),
        observations: words::observations(&pairs),
        tables: tables::tables(&pairs),
        definitions: definitions(),
        ..Section::default()
    })
}

fn compare(folder: &Folder, measured: &Measured, baseline: &str) -> Pairs {
    let mut quantities = quantities(folder, measured);
    let mut runs = runs_by_seed(folder, measured, &quantities);
    keep_what_varies(&mut quantities, &mut runs);
    let there = runs.remove(baseline).unwrap_or_default();
    let mut pairs = Pairs {
        baseline: baseline.to_owned(),
        cases: Vec::new(),
        quantities: quantities
            .iter()
            .map(|it| match &it.nodes {
                Some((nodes, _)) => format!("{} of {nodes}", head(measured, it.metric)),
                None => head(measured, it.metric),
            })
            .collect(),
        comparisons: Vec::new(),
        incomplete: incomplete(&there, runs.values()),
        unshared: unshared(folder, baseline),
        each: Vec::new(),
    };
    let order = folder.manifest.cases.iter().map(|it| it.id.as_str());
    for id in order.filter(|id| *id != baseline) {
        if let Some(here) = runs.get(id) {
            pairs.add(id, &there, here);
        }
    }
    let p_values: Vec<f64> = pairs.comparisons.iter().map(|it| it.p).collect();
    for (comparison, adjusted) in pairs.comparisons.iter_mut().zip(holm(&p_values)) {
        comparison.p = adjusted;
    }
    pairs
}

impl Pairs {
    /// Adds the comparisons of a case.
    fn add(&mut self, id: &str, there: &RunsBySeed, here: &RunsBySeed) {
        let case = self.cases.len();
        let both: Vec<_> = there
            .iter()
            .filter_map(|(seed, one)| Some((one, here.get(seed)?)))
            .collect();
        self.cases.push((id.to_owned(), both.len() as u64));
        for quantity in 0..self.quantities.len() {
            let values = both
                .iter()
                .filter_map(|(one, other)| Some((one.1[quantity]?, other.1[quantity]?)));
            let (one, other): (Vec<f64>, Vec<f64>) = values.unzip();
            if let Some(found) = compare_pairs(&one, &other) {
                self.comparisons.push(Comparison {
                    quantity,
                    case,
                    p: found.p,
                    found,
                });
            }
        }
        let mut each: Vec<_> = both
            .into_iter()
            .map(|(one, other)| {
                let differences = one.1.iter().zip(&other.1);
                let differences = differences.map(|(one, other)| Some((*other)? - (*one)?));
                (case, other.0, one.0, differences.collect())
            })
            .collect();
        each.sort_by_key(|it: &(usize, u64, u64, _)| it.1);
        self.each.extend(each);
    }
}

/// What is compared: what expectations name, then what the table of the cases shows.
fn quantities(folder: &Folder, measured: &Measured) -> Vec<Quantity> {
    let manifest = &folder.manifest;
    let numbered = manifest.groups.iter().filter(|group| group.numbered);
    let numbered: BTreeSet<&str> = numbered.map(|group| group.name.as_str()).collect();
    let mut quantities: Vec<Quantity> = Vec::new();
    for expectation in &manifest.expectations {
        let Some(metric) = measured.metric(&expectation.metric) else {
            continue;
        };
        let known = |it: &Quantity| {
            let nodes = it.nodes.as_ref().map(|it| &it.0);
            (it.metric, nodes) == (metric, expectation.nodes.as_ref())
        };
        if quantities.iter().any(known) {
            continue;
        }
        let select = |selector: &String| {
            let nodes = measured.nodes.iter();
            let selected = nodes.map(|node| selects(selector, node, &numbered));
            (selector.clone(), selected.collect())
        };
        quantities.push(Quantity {
            metric,
            nodes: expectation.nodes.as_ref().map(select),
        });
    }
    for metric in cases::metrics(measured) {
        if quantities.iter().all(|it| it.metric != metric) {
            quantities.push(Quantity {
                metric,
                nodes: None,
            });
        }
    }
    quantities
}

/// The values of each run, by case and seed.
fn runs_by_seed<'a>(
    folder: &'a Folder,
    measured: &'a Measured,
    quantities: &[Quantity],
) -> BTreeMap<&'a str, RunsBySeed> {
    let seeds: BTreeMap<u64, u64> = folder.runs.iter().map(|it| (it.run, it.seed)).collect();
    let factors = quantities.iter().map(|it| scale(measured, it.metric));
    let factors: Vec<f64> = factors.collect();
    let mut runs: BTreeMap<&str, RunsBySeed> = BTreeMap::new();
    let mut row = 0;
    // The rows of a run follow one another.
    for of_run in measured
        .rows
        .chunk_by(|a, b| (a.case, a.run) == (b.case, b.run))
    {
        let (run, case) = (of_run[0].run, of_run[0].case);
        let mut sums = vec![(0.0, 0_u64); quantities.len()];
        for about in of_run {
            for ((sum, quantity), factor) in sums.iter_mut().zip(quantities).zip(&factors) {
                let nodes = quantity.nodes.as_ref();
                let is_selected = nodes.is_none_or(|(_, nodes)| nodes[about.node]);
                let value = measured.value(row, quantity.metric);
                if let Some(value) = value.filter(|_| is_selected) {
                    sum.0 += value * factor;
                    sum.1 += 1;
                }
            }
            row += 1;
        }
        if let Some(&seed) = seeds.get(&run) {
            let mean = |(sum, count): &(f64, u64)| (*count > 0).then(|| sum / *count as f64);
            let values = sums.iter().map(mean).collect();
            let of_case = runs.entry(&measured.cases[case]).or_default();
            of_case.insert(seed, (run, values));
        }
    }
    runs
}

/// Leaves out what is the same in all runs: nodes may differ in it, and cases do not.
fn keep_what_varies(quantities: &mut Vec<Quantity>, runs: &mut BTreeMap<&str, RunsBySeed>) {
    let mut kept = Vec::new();
    for quantity in 0..quantities.len() {
        let all = runs.values().flat_map(|it| it.values());
        let mut seen = all.filter_map(|(_, values)| values[quantity]);
        let first = seen.next();
        kept.push(seen.any(|value| Some(value) != first));
    }
    let mut varies = kept.iter();
    quantities.retain(|_| varies.next() == Some(&true));
    for (_, values) in runs.values_mut().flat_map(|it| it.values_mut()) {
        let mut varies = kept.iter();
        values.retain(|_| varies.next() == Some(&true));
    }
}

/// Number of repetitions of which a case has no run.
fn incomplete<'a>(there: &RunsBySeed, others: impl Iterator<Item = &'a RunsBySeed>) -> u64 {
    let others: Vec<&RunsBySeed> = others.collect();
    let all: BTreeSet<u64> = others
        .iter()
        .flat_map(|it| it.keys())
        .chain(there.keys())
        .copied()
        .collect();
    let everywhere =
        |seed: &&u64| there.contains_key(seed) && others.iter().all(|it| it.contains_key(seed));
    all.iter().filter(|seed| !everywhere(seed)).count() as u64
}

/// What the cases do not share with the baseline, in words.
fn unshared(folder: &Folder, baseline: &str) -> Vec<String> {
    let manifest = &folder.manifest;
    let names = |case: &str| -> Vec<_> {
        let groups = manifest.groups_of(case).iter();
        groups.map(|group| group.stream_names()).collect()
    };
    let there = names(baseline);
    let mut texts = Vec::new();
    for case in &manifest.cases {
        let shared = SharedStreams::of(&there, &names(&case.id));
        if !shared.is_whole() {
            texts.push(shared.text(baseline, &case.id));
        }
    }
    texts
}

fn definitions() -> Vec<(String, String)> {
    let of = |name: &str, text: String| (name.to_owned(), text);
    vec![
        of(
            "pair",
            "Two runs with the same seed: each node, link and fault that both cases have draws the same numbers (common random numbers). The difference is that of the case less that of the baseline; of each run the mean over its nodes counts.".to_owned(),
        ),
        of(
            "interval of the difference",
            "Of the mean difference, by Student's t, from 30 pairs on if the skewness of the differences is within Cochran's rule plus twice its standard error and hardly any are equal; near that limit it is up to 2.5 times as wide. Otherwise of the median difference, from order statistics, exact for every distribution. How often such an interval holds the true difference is in brackets; each interval does by itself.".to_owned(),
        ),
        of(
            "p",
            "The probability of pairs that differ at least as much if the cases do not: by the t test for a mean, by the sign test for a median. After Holm's step-down correction (1979) for all comparisons of this section. Cases are said to differ if p is at most 0.05.".to_owned(),
        ),
        of(
            "variance ratio",
            "The variance that the difference of unrelated runs would have (the sum of the variances of the two cases), by that of the pairs. So many times the pairs is the number of unpaired runs of each case with the same standard error.".to_owned(),
        ),
    ]
}
