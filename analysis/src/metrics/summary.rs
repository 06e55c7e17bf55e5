//! `summary.csv`: one line per run and node, one column per metric.
//!
//! `run,case,node`, then the metrics in the order of the tables: the fixed ones
//! that any node has, then the columns of the behaviors and the counts of their own events,
//! in the order of their first node. A cell is empty if the node has no such metric, or if nothing was
//! measured; for an external program only the messages to it that were lost are
//! measured. The same numbers are the same bytes.
//!
//! Beside it, `samples.csv` has the samples behind the percentiles: one line per run, node
//! and family that has samples (`histogram/text.rs` defines their form).

use std::path::Path;
use std::sync::Arc;

use super::{NodeMetrics, Value, definitions, metric_names};
use crate::log::quoting::push_text;
use crate::log::tables::{SAMPLES_COLUMNS, SUMMARY_COLUMNS};
use crate::log::{LogError, Problem, RunSchema};

/// The metric columns of a summary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SummaryColumns {
    names: Vec<String>,
}

impl SummaryColumns {
    /// For runs of these schemas; one schema if all runs have the same nodes.
    pub fn new<'a>(schemas: impl IntoIterator<Item = &'a RunSchema>) -> SummaryColumns {
        let mut found: Vec<String> = Vec::new();
        for schema in schemas {
            for first in schema.shapes().first {
                let node = &schema.nodes[first];
                for name in metric_names(&node.columns, &node.events, node.driving) {
                    if !found.contains(&name) {
                        found.push(name);
                    }
                }
            }
        }
        let place = |name: &String| {
            let fixed = definitions().position(|definition| definition.name == name);
            fixed.unwrap_or(usize::MAX)
        };
        // The sort is stable: the behaviors' columns keep their order.
        found.sort_by_key(place);
        SummaryColumns { names: found }
    }

    /// Their names, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Appends the header.
    pub fn header(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(SUMMARY_COLUMNS.join(",").as_bytes());
        for name in &self.names {
            out.push(b',');
            push_text(out, name);
        }
        out.push(b'\n');
    }

    /// Appends a line for each node of a run.
    ///
    /// # Panics
    /// If a node is not in the schema.
    pub fn rows(
        &self,
        run: u64,
        case: &str,
        schema: &RunSchema,
        metrics: &[NodeMetrics],
        out: &mut Vec<u8>,
    ) {
        // Nodes of a group have the same metrics: the indices are found once.
        let mut places: Vec<Option<usize>> = Vec::new();
        let mut placed: Option<&NodeMetrics> = None;
        // Whether the node has all metrics of the table, in its order.
        let mut in_order = false;
        let mut values: Vec<Option<Value>> = Vec::new();
        let begin = begin_of(run, case);
        for node in metrics {
            if placed.is_none_or(|placed| !Arc::ptr_eq(&placed.names, &node.names)) {
                let place = |name| node.names.iter().position(|own| own == name);
                places = self.names.iter().map(place).collect();
                in_order = places.iter().copied().eq((0..node.names.len()).map(Some));
                placed = Some(node);
            }
            out.extend_from_slice(&begin);
            push_text(out, &schema.nodes[node.node as usize].name);
            let mut cell = |value: Option<Value>| {
                out.push(b',');
                if let Some(value) = value {
                    value.push(out);
                }
            };
            if in_order {
                node.values.iter().for_each(cell);
            } else {
                values.clear();
                values.extend(node.values.iter());
                for place in &places {
                    cell(place.and_then(|place| values[place]));
                }
            }
            out.push(b'\n');
        }
    }
}

/// The header of `samples.csv`.
pub fn samples_header() -> String {
    SAMPLES_COLUMNS.join(",") + "\n"
}

/// Appends the lines of a run to a `samples.csv`.
///
/// # Panics
/// If a node is not in the schema.
pub fn push_samples(
    run: u64,
    case: &str,
    schema: &RunSchema,
    metrics: &[NodeMetrics],
    out: &mut Vec<u8>,
) {
    let mut begin = begin_of(run, case);
    let of_run = begin.len();
    for node in metrics {
        begin.truncate(of_run);
        push_text(&mut begin, &schema.nodes[node.node as usize].name);
        for (family, samples) in node.samples.families() {
            out.extend_from_slice(&begin);
            // Words, numbers and stars: nothing to quote.
            for cell in [family, samples] {
                out.push(b',');
                out.extend_from_slice(cell.as_bytes());
            }
            out.push(b'\n');
        }
    }
}

/// The first cells of each line of a run, up to the node.
fn begin_of(run: u64, case: &str) -> Vec<u8> {
    let mut begin = format!("{run},").into_bytes();
    push_text(&mut begin, case);
    begin.push(b',');
    begin
}

/// A summary, read back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// The metric columns.
    pub columns: SummaryColumns,
    /// The lines, in the order of the file.
    pub rows: Vec<SummaryRow>,
}

/// One node in one run.
#[derive(Clone, Debug, PartialEq)]
pub struct SummaryRow {
    /// The run's number, from 1.
    pub run: u64,
    /// Its case.
    pub case: String,
    /// The node's name.
    pub node: String,
    /// By metric column.
    pub values: Vec<Option<Value>>,
}

impl Summary {
    /// Reads a `summary.csv` whole. Memory grows with its size.
    ///
    /// # Errors
    /// The file cannot be read, is cut off, or has a line that is not as described in
    /// this module.
    pub fn read(path: &Path) -> Result<Summary, LogError> {
        let bytes = std::fs::read(path).map_err(|error| LogError {
            path: path.to_owned(),
            line: 0,
            problem: Problem::Io(error),
        })?;
        Summary::parse(&bytes).map_err(|(line, problem)| LogError {
            path: path.to_owned(),
            line,
            problem,
        })
    }

    /// Reads the text of a summary. An error has its line.
    fn parse(bytes: &[u8]) -> Result<Summary, (u64, Problem)> {
        let last_line = bytes.iter().filter(|&&byte| byte == b'\n').count() as u64 + 1;
        if !bytes.is_empty() && !bytes.ends_with(b"\n") {
            let start = memchr::memrchr(b'\n', bytes).map_or(0, |end| end + 1);
            let found = crate::log::shown(&bytes[start..]);
            return Err((last_line, Problem::CutOff { found }));
        }
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(bytes);
        let mut record = csv::ByteRecord::new();
        let io = |error: csv::Error| (0, Problem::Io(error.into()));
        if !reader.read_byte_record(&mut record).map_err(io)? {
            return Err((1, Problem::NoHeader));
        }
        let header: Vec<String> = record
            .iter()
            .map(|cell| String::from_utf8_lossy(cell).into_owned())
            .collect();
        if !header
            .iter()
            .map(String::as_str)
            .take(3)
            .eq(SUMMARY_COLUMNS)
        {
            let found = crate::log::shown(header.join(",").as_bytes());
            let expected = SUMMARY_COLUMNS.join(",");
            return Err((1, Problem::ForeignHeader { found, expected }));
        }
        let mut rows = Vec::new();
        while reader.read_byte_record(&mut record).map_err(io)? {
            let line = record.position().map_or(0, csv::Position::line);
            let row = row(&header, &record).map_err(|problem| (line, problem))?;
            rows.push(row);
        }
        Ok(Summary {
            columns: SummaryColumns {
                names: header[SUMMARY_COLUMNS.len()..].to_vec(),
            },
            rows,
        })
    }
}

/// One line of a summary.
fn row(header: &[String], record: &csv::ByteRecord) -> Result<SummaryRow, Problem> {
    if record.len() != header.len() {
        return Err(Problem::CellCount {
            found: record.len(),
            expected: header.len(),
        });
    }
    let wrong = |index: usize, expected| Problem::Cell {
        column: header[index].clone(),
        found: crate::log::shown(&record[index]),
        expected,
    };
    let text = |index: usize| {
        let cell = std::str::from_utf8(&record[index]);
        cell.map_err(|_| wrong(index, "UTF-8 text"))
    };
    let value = |index: usize| match text(index)? {
        "" => Ok(None),
        cell => match Value::parse(cell) {
            Some(value) => Ok(Some(value)),
            None => Err(wrong(index, "a number")),
        },
    };
    Ok(SummaryRow {
        run: text(0)?
            .parse()
            .map_err(|_| wrong(0, "a whole number of 1 or more"))?,
        case: text(1)?.to_owned(),
        node: text(2)?.to_owned(),
        values: (SUMMARY_COLUMNS.len()..header.len())
            .map(value)
            .collect::<Result<_, _>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{
        ColumnKind, ColumnSchema, Columns, EventId, NO_PEER, NodeSchema, Occupancy, Row,
    };
    use crate::metrics::RunMetrics;

    fn schema() -> RunSchema {
        let column = |name: &str, kind| ColumnSchema {
            name: name.to_owned(),
            kind,
            docs: String::new(),
        };
        let node = |name: &str, columns: Vec<ColumnSchema>| NodeSchema {
            name: name.to_owned(),
            columns: columns.into(),
            events: Default::default(),
            program: false,
            driving: Default::default(),
        };
        RunSchema {
            nodes: vec![
                node(
                    "lamp",
                    vec![
                        column("colour", ColumnKind::Text),
                        column("load", ColumnKind::F64),
                    ],
                ),
                node("m-1", vec![column("clock", ColumnKind::U64)]),
            ],
            external_peers: vec![],
        }
    }

    fn written() -> (Vec<u8>, Vec<NodeMetrics>) {
        let schema = schema();
        let mut metrics = RunMetrics::new(&schema);
        for (step, cells) in [(1, [0, 0.5f64.to_bits()]), (2, [0, 0.25f64.to_bits()])] {
            let row = Row {
                time_ns: step,
                step,
                node: 0,
                event: EventId::TICK,
                peer: NO_PEER,
                message: 0,
                bytes: 0,
                queue: 1,
            };
            let columns = Columns {
                present: 2,
                cells: &cells,
                texts: &[],
            };
            metrics.row(&row, &columns);
        }
        metrics.occupied(&[Occupancy {
            waited: 2_000_000_000,
            ..Occupancy::default()
        }]);
        let metrics = metrics.finish(2_000_000_000);
        let columns = SummaryColumns::new([&schema]);
        let mut out = Vec::new();
        columns.header(&mut out);
        columns.rows(1, "faces=5,a=\"b\"", &schema, &metrics, &mut out);
        (out, metrics)
    }

    #[test]
    fn a_summary_has_fixed_metrics_first_and_empty_cells_for_what_is_missing() {
        let (out, _) = written();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "run,case,node,clock_final,clock_jump_mean,clock_jump_p50,clock_jump_p90,\
             clock_jump_p95,clock_jump_p99,clock_jump_p999,clock_jump_max,clock_gap_total,\
             clock_drift_final,clock_drift_max,queue_mean,queue_p50,queue_p90,queue_p95,\
             queue_p99,queue_p999,queue_max,queue_time_mean,queue_final,latency_mean,\
             latency_p50,latency_p90,latency_p95,latency_p99,latency_p999,latency_max,received,sent,dropped,bytes_sent,messages_per_s,steps,\
             steps_per_s,load_mean,load_min,load_max,load_final\n\
             1,\"faces=5,a=\"\"b\"\"\",lamp,,,,,,,,,,,,,,,,,,,1,1,,,,,,,,0,0,0,0,0,2,1,0.375,0.25,0.5,0.25\n\
             1,\"faces=5,a=\"\"b\"\"\",m-1,,,,,,,,,,,,,,,,,,,0,,,,,,,,,0,0,0,0,0,0,0,,,,\n"
        );
    }

    #[test]
    fn of_a_program_only_what_was_lost_on_the_way_to_it_is_known() {
        let mut schema = schema();
        schema.nodes[1].columns = Default::default();
        schema.nodes[1].program = true;
        let line = |drops: u64| {
            let mut metrics = RunMetrics::new(&schema);
            for number in 1..=drops {
                let row = Row {
                    time_ns: number,
                    step: 0,
                    node: 1,
                    event: EventId::DROP,
                    peer: 0,
                    message: number,
                    bytes: 5,
                    queue: 0,
                };
                metrics.row(&row, &Columns::default());
            }
            let columns = SummaryColumns::new([&schema]);
            let mut out = Vec::new();
            columns.rows(
                1,
                "default",
                &schema,
                &metrics.finish(1_000_000_000),
                &mut out,
            );
            let out = String::from_utf8(out).unwrap();
            out.lines().nth(1).unwrap().to_owned()
        };
        assert_eq!(line(0), format!("1,default,m-1{}", ",".repeat(27)));
        let known = line(2)
            .split(',')
            .skip(3)
            .filter(|cell| !cell.is_empty())
            .count();
        assert_eq!((known, line(2).contains(",2,")), (1, true));
    }

    #[test]
    fn a_summary_reads_back() {
        let (out, metrics) = written();
        let summary = Summary::parse(&out).unwrap();
        assert_eq!(summary.columns, SummaryColumns::new([&schema()]));
        assert_eq!(summary.rows.len(), 2);
        assert_eq!(summary.rows[0].case, "faces=5,a=\"b\"");
        for (row, node) in summary.rows.iter().zip(&metrics) {
            for (name, value) in summary.columns.names().iter().zip(&row.values) {
                let text = |value: &Option<Value>| value.map(|value| value.to_string());
                assert_eq!(text(value), text(&node.get(name)), "{name}");
            }
        }
    }

    #[test]
    fn a_damaged_summary_says_where() {
        let error = |text: &str| {
            let (line, problem) = Summary::parse(text.as_bytes()).unwrap_err();
            format!("{line}: {problem}")
        };
        let head = "run,case,node,sent\n1,a,n,5\n";
        for (text, expected) in [
            ("", "1: the file is empty"),
            (
                "a,b\n1,2\n",
                "1: expected the header `run,case,node`, found `a,b`",
            ),
            (&format!("{head}2,a,n\n"), "3: 3 cells, expected 4"),
            (
                &format!("{head}2,a,n,x\n"),
                "3: column `sent`: found `x`, expected a number",
            ),
            (&format!("{head}-2,a,n,1\n"), "3: column `run`: found `-2`"),
            (
                &format!("{head}2,a,n,1"),
                "3: the last line is cut off: `2,a,n,1`",
            ),
        ] {
            let found = error(text);
            assert!(found.starts_with(expected), "{found}");
        }
    }
}
