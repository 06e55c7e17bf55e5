//! What a behavior does wrong is told with its own name, even if it takes effect later, while
//! others act.

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
                "sent 70000 bytes over a link with transport = \"udp\", where 65482 fit",
            ]);
        }
    }
}
