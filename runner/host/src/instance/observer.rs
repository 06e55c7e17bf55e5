//! What observes callbacks: the progress page, and spans for tracing.
//!
//! Most runs have no observer, so that a callback costs one branch more and no more.

use std::sync::Arc;

use runner_abi as abi;
use tracing::span::EnteredSpan;
use tracing::{Level, span_enabled, trace, trace_span};

use crate::progress_page::ProgressPage;
use base::callback::Callback;
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
        if os::fork_mark::is_copy() {
            // The callback has forked, and returned in both processes.
            os::exit::at_once(3);
        }
        if let Some(page) = self.page {
            page.leave();
        }
        if self.spans.is_some() {
            trace!(target: "host", status, "returned");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Mutex, PoisonError};

    use super::*;
    use analysis_log::Columns;
    use base::random::{Random, Streams};
    use engine::behaviors::{Behaviors, Call, CallError};
    use engine::run::Run;
    use engine::sink::NoSink;
    use model::roster::Roster;
    use model::{Group, Timing};
    use tracing::subscriber::with_default;

    struct NoBehavior;

    impl Behaviors for NoBehavior {
        fn create<S: Sink>(
            &mut self,
            _: u32,
            _: Random,
            _: &mut World<S>,
        ) -> Result<(), CallError> {
            Ok(())
        }

        fn call<S: Sink>(
            &mut self,
            _: u32,
            _: Call<'_>,
            _: &mut World<S>,
        ) -> Result<(), CallError> {
            Ok(())
        }

        fn columns(&self, _: u32) -> Columns<'_> {
            Columns::default()
        }
    }

    fn run() -> Run<NoBehavior, NoSink> {
        let group = Group {
            name: "server".to_owned(),
            count: 2,
            numbered: true,
            behavior: None,
            config: String::new(),
            timing: Timing::EventDriven,
            start_at: Default::default(),
            rng_id: None,
            inbox_limit: None,
            clock: None,
            state: None,
            listen: Vec::new(),
            stdin: None,
            program: None,
            ids: None,
        };
        let streams = Streams::new(1, "default", 1);
        Run::new(
            Roster::new(&[group]),
            &[],
            None,
            streams,
            NoBehavior,
            NoSink,
        )
    }

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            lines.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_traced_callback_names_its_node_callback_time_and_step() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(Level::TRACE)
            .with_ansi(false)
            .without_time()
            .with_writer(move || writer.clone())
            .finish();
        let mut run = run();
        run.advance(SimTime(1_250_000_000));
        with_default(subscriber, || {
            let observer = Observer::new(None).expect("the run is traced");
            let observed = observer.enter(Callback::Message, 1, &run.world);
            observed.leave(abi::OK);
            trace!(target: "host", "outside");
        });
        let lines = lines.0.lock().unwrap();
        let lines: Vec<&str> = std::str::from_utf8(&lines).unwrap().lines().collect();
        let expected = [
            "TRACE node{name=\"server-2\"}:callback{name=\"message\" time=1.25 s step=0}: \
             host: returned status=0",
            "TRACE host: outside",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_run_that_nothing_observes_has_no_observer() {
        with_default(tracing::subscriber::NoSubscriber::default(), || {
            assert!(Observer::new(None).is_none());
        });
        let page = Arc::new(ProgressPage::create().unwrap());
        let observer = Observer::new(Some(page.clone())).unwrap();
        let run = run();
        let observed = observer.enter(Callback::Tick, 1, &run.world);
        assert_eq!(page.read().callback, Some(Callback::Tick));
        observed.leave(abi::OK);
        assert_eq!(page.read().callback, None);
    }
}
