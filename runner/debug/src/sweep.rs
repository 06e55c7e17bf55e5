//! Many runs at once, as they end: how many are done and how many failed, per case with an
//! interval, which were slow, which failures there are.

use std::collections::BTreeMap;

use analysis::statistics::proportion_interval;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use crate::live::Item;
use crate::view::pane;
use crate::view::style::Style;

/// A run that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// Its number.
    pub run: u32,
    /// The index of its case.
    pub case: usize,
    /// How long it took by the wall clock `[s]`.
    pub wall_s: f64,
    /// Why it failed: each failure, without times and numbers. Empty if it did not.
    pub failures: Vec<String>,
}

/// The runs of a plan, so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sweep {
    name: String,
    scheduled: u64,
    cases: Vec<Case>,
    /// The slowest runs, the slowest first.
    slowest: Vec<(u32, f64)>,
    /// Each distinct failure: how many runs have it, and the first of them.
    failures: BTreeMap<String, (u64, u32)>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Case {
    id: String,
    runs: u64,
    done: u64,
    failed: u64,
}

/// The most slow runs that are shown. Arbitrary.
const SLOWEST: usize = 10;

/// The confidence of the intervals.
const CONFIDENCE: f64 = 0.95;

impl Sweep {
    /// Before the first run. The cases have an id and a number of runs.
    pub fn new(name: String, cases: Vec<(String, u64)>) -> Sweep {
        let case = |(id, runs)| Case {
            id,
            runs,
            ..Case::default()
        };
        Sweep {
            name,
            cases: cases.into_iter().map(case).collect(),
            ..Sweep::default()
        }
    }

    /// Takes what is told about runs.
    pub fn take(&mut self, item: Item) {
        match item {
            Item::Plan { name, cases } => *self = Sweep::new(name, cases),
            Item::Scheduled(runs) => self.schedule(runs),
            Item::RunEnded(ended) => self.add(&ended),
            Item::Begins(_) | Item::Recorded(_) | Item::End => {}
        }
    }

    /// So many more runs are to be done.
    pub fn schedule(&mut self, runs: u64) {
        self.scheduled += runs;
    }

    /// A run has ended.
    pub fn add(&mut self, ended: &Ended) {
        if let Some(case) = self.cases.get_mut(ended.case) {
            case.done += 1;
            case.failed += u64::from(!ended.failures.is_empty());
        }
        let after = self.slowest.partition_point(|it| it.1 >= ended.wall_s);
        self.slowest.insert(after, (ended.run, ended.wall_s));
        self.slowest.truncate(SLOWEST);
        for failure in &ended.failures {
            let known = self.failures.entry(failure.clone());
            let (count, first) = known.or_insert((0, ended.run));
            *count += 1;
            *first = (*first).min(ended.run);
        }
    }

    /// Number of runs that have ended, and of those that failed.
    pub fn counts(&self) -> (u64, u64) {
        let sum = |of: fn(&Case) -> u64| self.cases.iter().map(of).sum();
        (sum(|case| case.done), sum(|case| case.failed))
    }

    /// Draws it.
    pub fn draw(&self, frame: &mut Frame<'_>, seconds: f64, style: Style) {
        let [title, bar, cases, below, last] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(1),
            Constraint::Fill(3),
            Constraint::Fill(2),
            Constraint::Length(1),
        ])
        .areas(frame.area());
        let (done, failed) = self.counts();
        let rate = if seconds > 0.0 {
            done as f64 / seconds
        } else {
            0.0
        };
        let head = format!(
            " {} | {done} of {} runs, {failed} failed | {rate:.1} runs/s, {seconds:.0} s",
            self.name, self.scheduled
        );
        frame.render_widget(Paragraph::new(Line::styled(head, style.title())), title);
        self.draw_bar(frame, bar, style);
        self.draw_cases(frame, cases, style);
        let [failures, slowest] =
            Layout::horizontal([Constraint::Fill(2), Constraint::Fill(1)]).areas(below);
        self.draw_failures(frame, failures, style);
        self.draw_slowest(frame, slowest, style);
        frame.render_widget(Paragraph::new("q, ctrl-c: end the runs"), last);
    }

    fn draw_bar(&self, frame: &mut Frame<'_>, area: Rect, style: Style) {
        let (done, _) = self.counts();
        let width = u64::from(area.width);
        let full = (done * width)
            .checked_div(self.scheduled)
            .unwrap_or(0)
            .min(width);
        let text = "#".repeat(full as usize) + &".".repeat((width - full) as usize);
        frame.render_widget(Paragraph::new(Line::styled(text, style.dim())), area);
    }

    fn draw_cases(&self, frame: &mut Frame<'_>, area: Rect, style: Style) {
        let waiting = self.cases.iter().filter(|case| case.done == 0).count();
        let title = format!("cases ({}, {waiting} not begun)", self.cases.len());
        let inner = pane(frame, area, &title, false, style);
        let height = usize::from(inner.height);
        // The first case that is not done, and those around it.
        let open = self.cases.iter().position(|case| case.done < case.runs);
        let open = open.unwrap_or(self.cases.len());
        let first = crate::view::first_shown(open, self.cases.len(), height);
        let shown = self.cases.iter().skip(first).take(height);
        let lines = shown.map(|case| {
            let rate = match case.done {
                0 => "not begun".to_owned(),
                done => {
                    let (low, high) = proportion_interval(case.failed, done, CONFIDENCE);
                    let share = 100.0 * case.failed as f64 / done as f64;
                    let (low, high) = (100.0 * low, 100.0 * high);
                    format!("{share:.1} % failed [{low:.1}, {high:.1}]")
                }
            };
            let text = format!("{:>6}/{:<6} {rate:<30} {}", case.done, case.runs, case.id);
            match case.failed {
                0 => Line::raw(text),
                _ => Line::styled(text, style.bad()),
            }
        });
        frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()), inner);
    }

    fn draw_failures(&self, frame: &mut Frame<'_>, area: Rect, style: Style) {
        let title = format!("failures ({})", self.failures.len());
        let inner = pane(frame, area, &title, false, style);
        let mut all: Vec<_> = self.failures.iter().collect();
        all.sort_by_key(|(_, (count, first))| (std::cmp::Reverse(*count), *first));
        let lines = all.into_iter().take(usize::from(inner.height));
        let lines = lines.map(|(text, (count, first))| {
            Line::raw(format!(
                "{count} runs, first {first}: {}",
                base::harmless::line(text)
            ))
        });
        frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()), inner);
    }

    fn draw_slowest(&self, frame: &mut Frame<'_>, area: Rect, style: Style) {
        let inner = pane(frame, area, "slowest", false, style);
        let shown = self.slowest.iter().take(usize::from(inner.height));
        let lines =
            shown.map(|(run, wall_s)| Line::raw(format!("run {run}: {:.1} ms", wall_s * 1e3)));
        frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()), inner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    fn ended(run: u32, case: usize, wall_s: f64, failures: &[&str]) -> Ended {
        Ended {
            run,
            case,
            wall_s,
            failures: failures.iter().map(|it| (*it).to_owned()).collect(),
        }
    }

    fn screen(sweep: &Sweep, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let style = Style { color: false };
        terminal
            .draw(|frame| sweep.draw(frame, 2.0, style))
            .unwrap();
        terminal.backend().to_string()
    }

    #[test]
    fn runs_are_counted_by_case_and_failure_with_an_interval() {
        let cases = vec![("a=1".to_owned(), 4), ("a=2".to_owned(), 4)];
        let mut sweep = Sweep::new("demo".to_owned(), cases);
        sweep.schedule(8);
        sweep.add(&ended(1, 0, 0.5, &[]));
        sweep.add(&ended(3, 0, 0.1, &["check x", "check y"]));
        sweep.add(&ended(2, 0, 0.9, &["check x"]));
        assert_eq!(sweep.counts(), (3, 2));
        let shown = screen(&sweep, 100, 24);
        let (low, high) = proportion_interval(2, 3, 0.95);
        for text in [
            "demo | 3 of 8 runs, 2 failed | 1.5 runs/s".to_owned(),
            format!("66.7 % failed [{:.1}, {:.1}]", 100.0 * low, 100.0 * high),
            "cases (2, 1 not begun)".to_owned(),
            "2 runs, first 2: check x".to_owned(),
            "1 runs, first 3: check y".to_owned(),
        ] {
            assert!(shown.contains(&text), "{text}: {shown}");
        }
        let at = |text: &str| {
            shown
                .find(text)
                .unwrap_or_else(|| panic!("{text}: {shown}"))
        };
        assert!(at("run 2: 900.0 ms") < at("run 1: 500.0 ms"));
        screen(&sweep, 5, 2);
    }
}
