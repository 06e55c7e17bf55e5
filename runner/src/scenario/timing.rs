//! The timing keys of a group, of which some exclude others, become one
//! [`Timing`].

use super::reader::{Mistakes, Written};
use super::resolved::{TickRule, Timing};
use super::source::Place;
use super::written::TimingKeys;
use base::distribution::Distribution;

impl TimingKeys {
    /// Removes timing keys of the file that contradict an override, so that `--set
    /// nodes.machine.service_time=1s` makes a clocked node a server.
    pub fn settle_overrides(&mut self) {
        let overridden = |key: &Option<Written<Distribution>>| {
            key.as_ref().is_some_and(|it| it.place.overrides())
        };
        let rate = overridden(&self.tick_rate);
        let interval = overridden(&self.tick_interval);
        let service = overridden(&self.service_time);
        if !(rate || interval || service) {
            return;
        }
        for (key, keep) in [
            (&mut self.tick_rate, rate),
            (&mut self.tick_interval, interval),
            (&mut self.service_time, service),
        ] {
            if !keep {
                *key = None;
            }
        }
        if service && !overridden(&self.tick_phase) {
            self.tick_phase = None;
        }
    }

    /// The place of the key that sets the ticks; `None` if the nodes do not tick.
    pub fn tick_place(&self) -> Option<Place> {
        let tick = self.tick_rate.as_ref().or(self.tick_interval.as_ref());
        tick.map(|it| it.key)
    }

    /// Reports keys that contradict one another.
    pub fn check(&self, mistakes: &Mistakes) {
        let tick = [
            ("tick_rate", &self.tick_rate),
            ("tick_interval", &self.tick_interval),
        ];
        let [rate, interval] = tick.map(|(_, key)| key.as_ref());
        if let (Some(rate), Some(interval)) = (rate, interval) {
            mistakes.add_with_help(
                rate.key.max(interval.key),
                "`tick_rate` and `tick_interval` both set how often a node ticks",
                "keep one of them",
            );
        }
        let clocked = tick.into_iter().find(|(_, key)| key.is_some());
        match (&self.service_time, clocked) {
            (Some(service), Some((name, Some(tick)))) => mistakes.add_with_help(
                service.key.max(tick.key),
                format!("`service_time` and `{name}` contradict each other"),
                "a node does one step per tick, or it is a server that takes a time per message",
            ),
            _ if clocked.is_some() => {}
            _ => {
                if let Some(phase) = &self.tick_phase {
                    mistakes.add_with_help(
                        phase.key,
                        "`tick_phase` without `tick_rate` or `tick_interval`",
                        "a group that extends another takes all timing keys, or sets all of them",
                    );
                }
            }
        }
    }

    /// The timing; `None` if a value is wrong.
    pub fn timing(&self) -> Option<Timing> {
        let value = |key: &Option<Written<Distribution>>| match key {
            Some(written) => written.value.clone().map(Some),
            None => Some(None),
        };
        let rate = value(&self.tick_rate)?.map(TickRule::Rate);
        let interval = value(&self.tick_interval)?.map(TickRule::Interval);
        let phase = value(&self.tick_phase)?;
        let service = value(&self.service_time)?;
        Some(match (rate.or(interval), service) {
            (Some(every), _) => Timing::Clocked { every, phase },
            (None, Some(service_time)) => Timing::Server { service_time },
            (None, None) => Timing::EventDriven,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::scenario::{Override, TickRule, Timing, load_text};
    use base::distribution::Distribution;

    fn timing(keys: &str, option: &str) -> Timing {
        let text = format!("duration = \"1s\"\n[nodes.a]\nbehavior = \"a.b\"\n{keys}");
        let option = Override::parse(option).unwrap();
        let loaded = load_text("a.toml", &text, &[option]).unwrap();
        loaded.scenario.groups[0].timing.clone()
    }

    #[test]
    fn an_overridden_timing_drops_the_files() {
        let server = Timing::Server {
            service_time: Distribution::Constant(1e9),
        };
        let ticks = "tick_rate = 3\ntick_phase = \"1s\"\n";
        assert_eq!(timing(ticks, "nodes.a.service_time=1s"), server);
        let clocked = Timing::Clocked {
            every: TickRule::Rate(Distribution::Constant(4.0)),
            phase: None,
        };
        let service = "service_time = \"1s\"\n";
        assert_eq!(timing(service, "nodes.a.tick_rate=4"), clocked);
    }

    #[test]
    fn an_overridden_tick_keeps_the_files_phase() {
        let clocked = Timing::Clocked {
            every: TickRule::Interval(Distribution::Constant(2e9)),
            phase: Some(Distribution::Constant(1e9)),
        };
        let ticks = "tick_rate = 3\ntick_phase = \"1s\"\n";
        assert_eq!(timing(ticks, "nodes.a.tick_interval=2s"), clocked);
    }
}
