//! Runs that keep their records: as metrics, for a check, or for properties. Logs are in
//! `logs.rs`.

use std::sync::Arc;

use analysis::log::{Columns, NodeSchema, Row, RunSchema};
use analysis::metrics::RunMetrics;
use analysis::properties::expression::{Expression, Group, Scope, Shape};
use analysis::properties::{Claim, Properties, Property, PropertyRule};
use analysis::results::Verdict;
use base::time::SimTime;
use engine::sink::Sink;
use host::check::Description;
use runner::judge::checks::Checks;
use runner::plan::BoundCheck;

use crate::model::{Plugin, Size};

/// Computes metrics as the run goes.
pub struct Metrics {
    metrics: RunMetrics,
    rows: u64,
}

impl Metrics {
    /// For a run of these nodes.
    pub fn new(schema: &RunSchema) -> Metrics {
        Metrics {
            metrics: RunMetrics::new(schema),
            rows: 0,
        }
    }

    /// Number of rows so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }
}

impl Sink for Metrics {
    #[inline]
    fn row(&mut self, row: &Row, columns: &Columns<'_>) {
        self.rows += 1;
        self.metrics.row(row, columns);
    }

    fn print(&mut self, _: SimTime, _: u32, _: &str) {}
}

/// Computes metrics, and checks every record with `clock.lamport`.
pub struct MetricsAndCheck {
    metrics: Metrics,
    checks: Checks,
}

impl MetricsAndCheck {
    /// For a run of these nodes.
    pub fn new(schema: &Arc<RunSchema>, check: &BoundCheck) -> MetricsAndCheck {
        let nodes = schema.nodes.len() as u32;
        let description = Description::new(schema, [("clock.machine".to_owned(), nodes)]);
        let checks = std::slice::from_ref(check);
        MetricsAndCheck {
            metrics: Metrics::new(schema),
            checks: Checks::begin(checks, &Arc::new(description), schema, None),
        }
    }

    /// The verdict.
    ///
    /// # Panics
    /// If the clock condition does not hold.
    pub fn finish(self) {
        let judgements = self.checks.finish().expect("the check does its work");
        assert_eq!(judgements[0].verdict, Verdict::Passed, "{judgements:?}");
    }
}

impl Sink for MetricsAndCheck {
    #[inline]
    fn row(&mut self, row: &Row, columns: &Columns<'_>) {
        self.metrics.row(row, columns);
        self.checks.row(row, columns);
    }

    fn print(&mut self, _: SimTime, _: u32, _: &str) {}
}

/// Five properties of clock machines, as people write them.
const PROPERTIES: [&str; 5] = [
    "clock > last(clock)",
    "clock - last(clock) <= 1000000",
    "queue <= 1000000",
    "event == 'internal' implies message == 0 or not has(message)",
    "event in ['send', 'receive'] implies message > 0 and bytes == 8",
];

/// Computes metrics, and judges [`PROPERTIES`] on every record.
pub struct MetricsAndProperties {
    metrics: Metrics,
    properties: Properties,
}

impl MetricsAndProperties {
    /// For a run of these nodes.
    pub fn new(schema: &Arc<RunSchema>, properties: &[Arc<Property>]) -> MetricsAndProperties {
        MetricsAndProperties {
            metrics: Metrics::new(schema),
            properties: Properties::begin(properties, schema),
        }
    }

    /// The verdicts.
    ///
    /// # Panics
    /// If one does not hold.
    pub fn finish(self) {
        for it in self.properties.finish(u64::MAX, |_, _, _| String::new()) {
            assert_eq!(it.verdict, Verdict::Passed, "{it:?}");
        }
    }
}

/// The five properties, for machines of this schema.
pub fn properties(schema: &RunSchema) -> Vec<Arc<Property>> {
    let node = &schema.nodes[0];
    let scope = Scope {
        groups: vec![Group {
            name: "machine".to_owned(),
            numbered: true,
            nodes: 0..schema.nodes.len() as u32,
            shape: Some(Shape {
                columns: node.columns.clone(),
                events: node.events.clone(),
                program: false,
            }),
        }],
        ..Scope::default()
    };
    let property = |text: &&str| {
        let expression = Expression::parse(text).expect("an expression");
        let rule = PropertyRule {
            name: (*text).to_owned(),
            nodes: None,
            global: false,
            claim: Claim::Always(expression),
        };
        let property = Property::new(rule, &scope).expect("its names are right");
        Arc::new(property.expect("all nodes are known"))
    };
    PROPERTIES.iter().map(property).collect()
}

impl Sink for MetricsAndProperties {
    #[inline]
    fn row(&mut self, row: &Row, columns: &Columns<'_>) {
        self.metrics.row(row, columns);
        self.properties.row(row, columns);
    }

    fn print(&mut self, _: SimTime, _: u32, _: &str) {}
}

/// The names behind the numbers of a run's records.
pub fn schema(plugin: &Plugin, size: &Size) -> RunSchema {
    let behavior = plugin.config().behavior();
    let node = |index| NodeSchema {
        name: Size::name(index),
        columns: behavior.columns.clone(),
        events: behavior.events.clone(),
        program: false,
        driving: Default::default(),
    };
    RunSchema {
        nodes: (0..size.nodes).map(node).collect(),
        external_peers: Vec::new(),
    }
}
