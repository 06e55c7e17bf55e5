//! The text of rows, character by character.

use super::super::record::{EventId, NodeSchema};
use super::*;

fn column(name: &str, kind: ColumnKind) -> ColumnSchema {
    ColumnSchema {
        name: name.to_owned(),
        kind,
        docs: String::new(),
    }
}

fn node(name: &str, columns: Vec<ColumnSchema>) -> NodeSchema {
    NodeSchema {
        name: name.to_owned(),
        columns: columns.into(),
        events: vec!["internal".to_owned()].into(),
        program: false,
        driving: Default::default(),
    }
}

fn row(node: u32, event: EventId, peer: u32, message: u64) -> Row {
    Row {
        time_ns: 1_500_000_000,
        step: 12,
        node,
        event,
        peer,
        message,
        bytes: 8,
        queue: 100,
    }
}

fn text(out: &[u8]) -> String {
    String::from_utf8(out.to_vec()).unwrap()
}

/// A text that begins with the header.
fn begun(format: &LogFormat, columns: &[ColumnSchema]) -> LogText {
    let mut header = Vec::new();
    format.header(columns, &mut header);
    LogText::with_limit(header, 1)
}

#[test]
fn a_node_log_reads_like_this() {
    let clock = vec![column("clock", ColumnKind::U64)];
    let schema = RunSchema {
        nodes: vec![node("machine-1", clock.clone()), node("machine-2", clock)],
        external_peers: vec!["a name that is too long for the table".to_owned()],
    };
    let mut format = LogFormat::new(&schema, Layout::PerNode);
    let mut out = begun(&format, &schema.nodes[0].columns);
    let columns = Columns {
        present: 1,
        cells: &[u64::MAX],
        texts: &[],
    };
    format.row(&row(0, EventId::SEND, 1, 7), &columns, &mut out);
    format.row(
        &row(0, EventId::own(0), NO_PEER, 0),
        &Columns::default(),
        &mut out,
    );
    format.row(
        &row(0, EventId::RECEIVE, 2, 1),
        &Columns::default(),
        &mut out,
    );
    format.push_external_peer("tcp://[::1]:5,6");
    format.row(
        &row(0, EventId::RECEIVE, 3, 1),
        &Columns::default(),
        &mut out,
    );
    assert_eq!(
        text(out.as_slice()),
        "time_ns,step,event,peer,message,bytes,queue,clock\n\
         1500000000,12,send,machine-2,7,8,100,18446744073709551615\n\
         1500000000,12,internal,,,,100,\n\
         1500000000,12,receive,a name that is too long for the table,1,8,100,\n\
         1500000000,12,receive,\"tcp://[::1]:5,6\",1,8,100,\n"
    );
}

#[test]
fn a_combined_log_has_the_columns_of_all_nodes() {
    let schema = RunSchema {
        nodes: vec![
            node("a", vec![column("x", ColumnKind::I64)]),
            node(
                "b",
                vec![column("y", ColumnKind::Bool), column("x", ColumnKind::F64)],
            ),
        ],
        external_peers: vec![],
    };
    let mut format = LogFormat::new(&schema, Layout::Combined);
    let mut out = begun(&format, &[]);
    let minus_3 = [-3i64 as u64];
    let a = Columns {
        present: 1,
        cells: &minus_3,
        texts: &[],
    };
    format.row(&row(0, EventId::TICK, NO_PEER, 0), &a, &mut out);
    let cells = [1, 0.5f64.to_bits()];
    let b = Columns {
        present: 3,
        cells: &cells,
        texts: &[],
    };
    format.row(&row(1, EventId::TICK, NO_PEER, 0), &b, &mut out);
    assert_eq!(
        text(out.as_slice()),
        "time_ns,node,step,event,peer,message,bytes,queue,x,y\n\
         1500000000,a,12,tick,,,,100,-3,\n\
         1500000000,b,12,tick,,,,100,0.5,true\n"
    );
}

#[test]
fn numbers_of_every_length_are_written_in_full() {
    let mut value = 1u64;
    let mut bytes = [0; 40];
    let mut line = Line {
        bytes: &mut bytes,
        len: 0,
    };
    for _ in 0..20 {
        for value in [value - 1, value, value.wrapping_mul(9)] {
            line.len = 0;
            line.number(value);
            assert_eq!(&line.bytes[..line.len], format!("{value},").as_bytes());
        }
        value = value.wrapping_mul(10);
    }
    line.len = 0;
    line.number(u64::MAX);
    assert_eq!(&line.bytes[..line.len], format!("{},", u64::MAX).as_bytes());
}

#[test]
fn many_and_wide_columns_do_not_overflow_the_line() {
    let columns: Vec<_> = (0..63)
        .map(|index| column(&format!("c{index}"), ColumnKind::I64))
        .collect();
    let schema = RunSchema {
        nodes: vec![node("a", columns)],
        external_peers: vec![],
    };
    let mut format = LogFormat::new(&schema, Layout::PerNode);
    let widest = Row {
        time_ns: u64::MAX,
        step: u64::MAX,
        message: u64::MAX,
        bytes: u64::MAX,
        queue: u64::MAX,
        ..row(0, EventId::DISCONNECT, 0, 1)
    };
    let cells = [i64::MIN as u64; 63];
    let columns = Columns {
        present: u64::MAX,
        cells: &cells,
        texts: &[],
    };
    let mut out = LogText::default();
    format.row(&widest, &columns, &mut out);
    let out = text(out.as_slice());
    assert_eq!(out.matches("-9223372036854775808").count(), 63);
    assert_eq!(out.matches("18446744073709551615").count(), 5);
}

#[test]
fn texts_and_floats_are_as_documented() {
    for (value, expected) in [
        ("plain", "plain"),
        ("", "\"\""),
        ("say \"hi\", twice\n", "\"say \"\"hi\"\", twice\n\""),
    ] {
        let mut out = Vec::new();
        push_text(&mut out, value);
        assert_eq!(text(&out), expected);
    }
    for (value, expected) in [
        (0.1, "0.1"),
        (-0.0, "-0"),
        (3.0, "3"),
        (1e300, "1e300"),
        (5e-324, "5e-324"),
        (f64::NAN, "NaN"),
        (f64::NEG_INFINITY, "-inf"),
    ] {
        let mut bytes = [0; CELL_ROOM];
        let mut line = Line {
            bytes: &mut bytes,
            len: 0,
        };
        line.real(value);
        assert_eq!(text(&line.bytes[..line.len]), format!("{expected},"));
    }
}

#[test]
fn long_texts_and_names_between_numbers_have_room() {
    let kinds = [
        ColumnKind::U64,
        ColumnKind::Text,
        ColumnKind::F64,
        ColumnKind::Text,
    ];
    let columns = kinds.into_iter().zip(["a", "b", "c", "d"]);
    let columns = columns.map(|(kind, name)| column(name, kind)).collect();
    let long = "long name, ".repeat(40);
    let schema = RunSchema {
        nodes: vec![node(&long, columns)],
        external_peers: vec![long.clone()],
    };
    for layout in [Layout::PerNode, Layout::Combined] {
        let mut format = LogFormat::new(&schema, layout);
        let texts = ["x\"".repeat(3000), "y".repeat(5)];
        let cells = [u64::MAX, 0, f64::MIN_POSITIVE.to_bits(), 1];
        let columns = Columns {
            present: 15,
            cells: &cells,
            texts: &texts,
        };
        let mut out = LogText::default();
        for _ in 0..3 {
            format.row(&row(0, EventId::SEND, 1, 7), &columns, &mut out);
        }
        let name = format!("\"{long}\",");
        let own = if layout == Layout::Combined {
            &*name
        } else {
            ""
        };
        let first = format!("\"{}\"", "x\"\"".repeat(3000));
        let line = format!(
            "1500000000,{own}12,send,{name}7,8,100,{},{first},2.2250738585072014e-308,yyyyy\n",
            u64::MAX
        );
        assert_eq!(text(out.as_slice()), line.repeat(3));
    }
}
