//! Tests of the engine with behaviors that are closures: no plugin, no file, no clock.

mod conservation;
mod faults;
mod late_starts;
mod links;
mod order;
mod runs;
mod standstill;
mod waiting;

use std::sync::atomic::AtomicBool;

use analysis_log::{Columns, EventId, Row};

use crate::behaviors::{Behaviors, Call, CallError};
use crate::run::{EndReason, Limits, Outcome, Run};
use crate::sink::Sink;
use crate::world::World;
use base::distribution::Distribution;
use base::random::{Random, Streams};
use base::time::{SimDuration, SimTime};
use model::roster::Roster;
use model::{BehaviorName, Group, Link, LinkRule, Loss, Order, TickRule, Timing};

const MS: u64 = 1_000_000;

/// What a node does.
enum Act {
    Send(u32, &'static [u8]),
    SetTimer(u64, u64),
    CancelTimer(u64),
    StopRun,
    Fail,
}

struct Closure<F>(F);

impl<F: FnMut(u32, Call<'_>, SimTime) -> Vec<Act>> Behaviors for Closure<F> {
    fn create<S: Sink>(&mut self, _: u32, _: Random, _: &mut World<S>) -> Result<(), CallError> {
        Ok(())
    }

    fn call<S: Sink>(
        &mut self,
        node: u32,
        call: Call<'_>,
        world: &mut World<S>,
    ) -> Result<(), CallError> {
        for act in (self.0)(node, call, world.now()) {
            match act {
                Act::Send(peer, bytes) => world.send(peer, bytes).expect("a link"),
                Act::SetTimer(tag, ns) => world.set_timer(tag, SimDuration(ns)),
                Act::CancelTimer(tag) => world.cancel_timer(tag),
                Act::StopRun => world.stop_run("enough"),
                Act::Fail => {
                    return Err(CallError {
                        panicked: false,
                        reason: "no more".to_owned(),
                    });
                }
            }
        }
        Ok(())
    }

    fn columns(&self, _: u32) -> Columns<'_> {
        Columns::default()
    }
}

#[derive(Default)]
struct Rows(Vec<Row>);

impl Sink for Rows {
    fn row(&mut self, row: &Row, _: &Columns<'_>) {
        self.0.push(*row);
    }

    fn print(&mut self, _: SimTime, _: u32, _: &str) {}
}

fn group(name: &str, count: u32, timing: Timing) -> Group {
    Group {
        name: name.to_owned(),
        count,
        numbered: true,
        behavior: Some(BehaviorName {
            plugin: "test".to_owned(),
            behavior: "closure".to_owned(),
        }),
        config: String::new(),
        timing,
        start_at: SimDuration::ZERO,
        rng_id: None,
        inbox_limit: None,
        clock: None,
        state: None,
        listen: Vec::new(),
        stdin: None,
        program: None,
        ids: None,
    }
}

fn clocked(rate: f64) -> Timing {
    Timing::Clocked {
        every: TickRule::Rate(Distribution::Constant(rate)),
        phase: None,
    }
}

fn server(span: Distribution) -> Timing {
    Timing::Server { service_time: span }
}

fn all_linked(count: u32, latency: Distribution, loss: f64, order: Order) -> Vec<LinkRule> {
    vec![LinkRule {
        from: std::iter::once(0..count).collect(),
        to: std::iter::once(0..count).collect(),
        both: true,
        link: Link {
            latency,
            loss: Loss::Independent(loss),
            order,
            ..Link::IDEAL
        },
    }]
}

struct Tried {
    outcome: Outcome,
    rows: Vec<Row>,
}

impl Tried {
    /// (time `[ms]`, node, message) of each row with this event.
    fn of(&self, event: EventId) -> Vec<(u64, u32, u64)> {
        self.rows
            .iter()
            .filter(|row| row.event == event)
            .map(|row| (row.time_ns / MS, row.node, row.message))
            .collect()
    }
}

fn run_with(
    groups: &[Group],
    rules: &[LinkRule],
    duration: Option<u64>,
    limits: Limits,
    behavior: impl FnMut(u32, Call<'_>, SimTime) -> Vec<Act>,
) -> Tried {
    let mut run = Run::new(
        Roster::new(groups),
        rules,
        duration.map(|ms| SimDuration(ms * MS)),
        Streams::new(1, "default", 1),
        Closure(behavior),
        Rows::default(),
    )
    .with_limits(limits);
    let outcome = run.go(&AtomicBool::new(false));
    Tried {
        outcome,
        rows: run.world.sink.0,
    }
}

fn run(
    groups: &[Group],
    rules: &[LinkRule],
    duration: Option<u64>,
    behavior: impl FnMut(u32, Call<'_>, SimTime) -> Vec<Act>,
) -> Tried {
    run_with(groups, rules, duration, Limits::default(), behavior)
}
