//! The peak memory of a run, measured in a child process.

use std::process::Command;

use anyhow::Context;
use engine::sink::NoSink;

use crate::model::{Plugin, Size};

/// The option that makes this executable the child.
pub const CHILD: &str = "--memory-of";

/// Peak memory of a run above that of the process before it, per node `[bytes]`.
pub fn per_node(size: &Size) -> anyhow::Result<f64> {
    let output = Command::new(std::env::current_exe()?)
        .args([CHILD, &size.nodes.to_string(), &size.seconds.to_string()])
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let bytes: u64 = text.trim().parse().with_context(|| {
        format!(
            "the process that measures memory failed ({}): {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        )
    })?;
    Ok(bytes as f64 / f64::from(size.nodes))
}

/// The child process: runs once, and prints by how much its peak grew `[bytes]`.
pub fn child(nodes: u32, seconds: u64) -> anyhow::Result<()> {
    let size = Size {
        nodes,
        seconds,
        runs: 1,
        latency: None,
    };
    let plugin = Plugin::load()?;
    let before = peak_bytes()?;
    let mut run = plugin.prepare(&size, 1, NoSink);
    let outcome = run.go(&std::sync::atomic::AtomicBool::new(false));
    let after = peak_bytes()?;
    anyhow::ensure!(
        outcome.reason == engine::run::EndReason::Duration,
        "the run ended otherwise: {:?}",
        outcome.reason
    );
    println!("{}", after - before);
    Ok(())
}

/// `VmHWM`: the most memory that this process has had so far `[bytes]`.
fn peak_bytes() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")
        .context("peak memory is read from /proc, which Linux has")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .context("/proc/self/status has no VmHWM")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib << 10)
}
