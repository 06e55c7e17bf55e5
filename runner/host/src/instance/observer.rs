//! What observes callbacks: the progress page, and spans for tracing.
//!
//! Most runs have no observer, so that a callback costs one branch more and no more.

use std::sync::Arc;

use runner_abi as abi;
use tracing::span::EnteredSpan;
use tracing::{Level, span_enabled, trace, trace_span};

use crate::callback::Callback;
use crate::progress_page::ProgressPage;
use base::time::SimTime;
use engine::sink::Sink;
use engine::world::World;

/// What observes the callbacks of a run.
#[derive(Debug)]
pub(super) struct Observer {
    page: Option<Arc<ProgressPage>>,
    /// Whether callbacks are traced.
    traced: bool,
}

/// A callback under observation.
pub(super) struct Observed<'a> {
    page: Option<&'a ProgressPage>,
    spans: Option<Spans>,
}

/// The spans of a callback; the inner one is left first.
struct Spans {
    _callback: EnteredSpan,
    _node: EnteredSpan,
}

impl Observer {
    /// The observer of a run that begins now; none if nothing observes it. Whether
    /// callbacks are traced is decided here, once.
    pub fn new(page: Option<Arc<ProgressPage>>) -> Option<Observer> {
        let traced = span_enabled!(target: "host", Level::TRACE, "callback");
        (traced || page.is_some()).then_some(Observer { page, traced })
    }

    /// A callback begins.
    #[cold]
    pub fn enter<S: Sink>(&self, callback: Callback, node: u32, world: &World<S>) -> Observed<'_> {
        let progress = world.progress(node);
        if let Some(page) = &self.page {
            page.enter(callback, node, progress);
        }
        let spans = self.traced.then(|| {
            let name = world.roster().name(node).unwrap_or_default();
            let node = trace_span!(target: "host", "node", name).entered();
            let time = SimTime(progress.time_ns);
            let (name, step) = (callback.name(), progress.step);
            let callback = trace_span!(target: "host", "callback", name, %time, step).entered();
            Spans {
                _callback: callback,
                _node: node,
            }
        });
        Observed {
            page: self.page.as_deref(),
            spans,
        }
    }
}

impl Observed<'_> {
    /// The callback has returned.
    #[cold]
    pub fn leave(self, status: abi::Status) {
        if let Some(page) = self.page {
            page.leave();
        }
        if self.spans.is_some() {
            trace!(target: "host", status, "returned");
        }
    }
}
