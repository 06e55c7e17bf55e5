//! The reporter of `--live`: a view on the whole terminal, in a thread of its own, from the
//! beginning of a plan to its end.

use std::sync::mpsc::Receiver;
use std::thread::{self, JoinHandle};

use debug::live::{Item, ToView, channel};
use debug::sweep::Ended;
use debug::view::style::Style;
use debug::watch::watch;

use super::console::{Console, hold, release};
use super::{Context, Event, Reporter, ReporterError};
use analysis::results::failures_of;

/// Passes events on to a view.
#[derive(Debug)]
pub struct Live {
    console: Console,
    view: ToView,
    items: Option<Receiver<Item>>,
    thread: Option<JoinHandle<Receiver<Item>>>,
}

impl Live {
    /// Before the first plan.
    pub fn new(console: Console) -> Live {
        let (view, items) = channel();
        Live {
            console,
            view,
            items: Some(items),
            thread: None,
        }
    }

    /// The way to the view, for runs.
    pub fn view(&self) -> ToView {
        self.view.clone()
    }

    fn open(&mut self) {
        let Some(items) = self.items.take() else {
            return;
        };
        let color = self.console.has_color_out();
        hold();
        self.thread = Some(thread::spawn(move || {
            if let Err(error) = watch(&items, Style { color }, &os::signals::interrupt) {
                tracing::warn!("the view has ended: {error}");
                // The runs go on, and what they tell is dropped.
                while !matches!(items.recv(), Ok(Item::End) | Err(_)) {}
            }
            items
        }));
    }

    fn close(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.view.tell(Item::End);
            self.items = thread.join().ok();
            os::terminal::restore();
            release();
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.close();
    }
}

impl Reporter for Live {
    fn event(&mut self, context: &Context<'_>, event: &Event<'_>) -> Result<(), ReporterError> {
        let plan = context.plan;
        match *event {
            Event::PlanBegins => {
                self.open();
                let runs = u64::from(plan.loaded.scenario.runs);
                let cases = plan.cases.iter().map(|case| (case.id.clone(), runs));
                self.view.tell(Item::Plan {
                    name: plan.loaded.scenario.name.clone(),
                    cases: cases.collect(),
                });
            }
            Event::Scheduled { runs, .. } => self.view.tell(Item::Scheduled(runs as u64)),
            Event::RunEnded(result) => {
                let failures = failures_of(result.errors(), &result.judgements);
                let named = failures.into_iter().map(|(identity, _)| {
                    let text = format!("{}: {}", identity.subject, identity.message);
                    text.trim_end_matches(": ").to_owned()
                });
                self.view.tell(Item::RunEnded(Ended {
                    run: result.spec.number,
                    case: result.spec.case,
                    wall_s: result.row.wall_s,
                    failures: named.collect(),
                }));
            }
            Event::PlanEnded { .. } => self.close(),
            _ => {}
        }
        Ok(())
    }
}
