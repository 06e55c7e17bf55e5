//! What a behavior does wrong is told with its own name, even if it takes effect later, while
//! others act; and a panic when an instance is dropped is told and changes no run.

use crate::harness::Lab;

/// A client that sends messages of this size over UDP, beside nodes that act all the time.
fn over_udp(size: u32, latency: &str) -> Lab {
    Lab::with(&format!(
        "name = \"large\"\nduration = \"3s\"\ntime = \"real\"\n\
         [nodes.busy]\ncount = 2\nbehavior = \"clock.machine\"\ntick_rate = 500\n\
         [nodes.client]\nbehavior = \"echo.client\"\nconfig = {{ sizes = [{size}], stop = true }}\n\
         [nodes.server]\nbehavior = \"echo.server\"\n\
         [[links]]\nbetween = [\"client\", \"server\"]\ntransport = \"udp\"\n{latency}\
         [[links]]\nbetween = [\"busy\", \"busy\"]\n"
    ))
}

#[test]
fn a_message_too_large_for_udp_is_its_senders_error() {
    // With latency it leaves while another node acts.
    for latency in ["", "latency = \"60ms\"\n", "latency = \"7ms\"\n"] {
        for more in [&[][..], &["--processes"]] {
            let lab = over_udp(70_000, latency);
            let arguments = ["scenario.toml", "--no-report", "--out", "out"];
            let answer = lab.runner(&[&arguments[..], more].concat()).ends(3);
            answer.says(&[
                "node `client` failed in `send`",
                "sent 70000 bytes over a link with transport = \"udp\", where 65490 fit",
            ]);
        }
    }
}

#[test]
fn a_panic_when_an_instance_is_dropped_is_told_and_changes_no_run() {
    let lab = Lab::with(
        "name = \"drops\"\nduration = \"1s\"\nruns = 2\n\
         [nodes.one]\nbehavior = \"misbehaving.writes\"\n\
         config = { file = \"a\", panics_in_drop = true }\n\
         [nodes.two]\nbehavior = \"clock.machine\"\ntick_rate = 2\n",
    );
    for more in [&[][..], &["--isolate"]] {
        let out = format!("out{}", more.len());
        let arguments = ["scenario.toml", "--no-report", "--out", &out];
        let answer = lab.runner(&[&arguments[..], more].concat());
        assert_eq!(answer.code, Some(0), "{}", answer.err);
        let told = "`writes` panicked when it was dropped, which changes nothing in its run: \
                    told to panic when dropped";
        assert!(answer.err.contains(told), "{}", answer.err);
        assert_eq!(lab.table(&format!("{out}/runs.csv")).rows.len(), 2);
    }
}
