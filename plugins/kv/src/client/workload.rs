//! The commands of a client: its script, then random commands.
//!
//! A random command draws its kind, then its key from the node's random stream, so two runs with
//! one seed send the same commands.

use super::zipf::Zipf;
use super::{ClientConfig, KeyDistribution};
use runner_sdk::Random;

/// The random commands of a config.
pub(super) struct Workload {
    keys: Keys,
}

enum Keys {
    Uniform(u64),
    Zipf(Zipf),
}

impl Workload {
    pub(super) fn new(config: &ClientConfig) -> Workload {
        let keys = match config.distribution {
            KeyDistribution::Uniform => Keys::Uniform(config.keys),
            KeyDistribution::Zipf => Keys::Zipf(Zipf::new(config.keys, config.exponent)),
        };
        Workload { keys }
    }

    /// Number of commands.
    pub(super) fn total(config: &ClientConfig) -> u64 {
        config.operations.saturating_add(config.script.len() as u64)
    }

    /// The command after the first `begun`, and the reply that the script expects; `None`
    /// after the last command.
    pub(super) fn next(
        &self,
        config: &ClientConfig,
        name: &str,
        begun: u64,
        random: &mut Random,
    ) -> Option<(Vec<u8>, Option<String>)> {
        let scripted = usize::try_from(begun)
            .ok()
            .and_then(|at| config.script.get(at));
        if let Some(step) = scripted {
            return Some((step.send.clone().into_bytes(), step.expect.clone()));
        }
        if begun >= Workload::total(config) {
            return None;
        }
        let kind = random.unit();
        let key = match &self.keys {
            Keys::Uniform(count) => random.uniform_int(1..=*count),
            Keys::Zipf(zipf) => zipf.sample(random),
        };
        let incremented = config.read_share + config.delete_share + config.increment_share;
        let message = if kind < config.read_share {
            format!("get key-{key}").into_bytes()
        } else if kind < config.read_share + config.delete_share {
            format!("delete key-{key}").into_bytes()
        } else if kind < incremented {
            format!("incr counter-{key}").into_bytes()
        } else {
            let begin = format!("set key-{key} ");
            let value = format!("{name}:{}", begun + 1);
            let size = value.len().max(config.value_size as usize);
            let mut message = [begin.as_bytes(), value.as_bytes()].concat();
            message.resize(begin.len() + size, b'.');
            message
        };
        Some((message, None))
    }
}
