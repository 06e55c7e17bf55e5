//! The runner agrees with a second, independent model of the lab: a plain loop over a
//! sorted list of ticks, written from the rules of `plugins/clock/README.md`, with other
//! random numbers. Both must give the same distributions.
//!
//! They are compared by a two-sample Kolmogorov-Smirnov test (Smirnov, "Table for
//! Estimating the Goodness of Fit of Empirical Distributions", 1948). All seeds are
//! fixed, so the result of the test is always the same.

use std::collections::VecDeque;

use crate::harness::Lab;

/// Ticks per second.
const RATES: [u64; 3] = [1, 3, 6];
/// Length of a run `[s]`.
const DURATION: u64 = 60;
/// Faces of the die.
const FACES: u64 = 10;
/// Runs of the model and of the runner.
const RUNS: (u64, usize) = (1000, 300);

/// The results of the slowest machine in one run.
#[derive(Clone, Copy, Debug)]
struct Slowest {
    clock_final: f64,
    jump_mean: f64,
    queue_max: f64,
}

/// Marsaglia's xorshift64 ("Xorshift RNGs", 2003), whose low bits are not used.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, faces: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) % faces + 1
    }
}

#[derive(Default)]
struct Machine {
    clock: u64,
    inbox: VecDeque<u64>,
    /// The clock after each step.
    history: Vec<u64>,
    queue_max: usize,
}

/// One run of the model.
fn model(seed: u64, faces: u64) -> Slowest {
    let mut dice = Dice(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1);
    for _ in 0..20 {
        dice.roll(faces);
    }
    // Tick k is at floor(k x 10^9 / rate); machines that tick at one instant do so in order.
    let mut ticks: Vec<(u64, usize)> = Vec::new();
    for (machine, rate) in RATES.into_iter().enumerate() {
        ticks.extend((1..=rate * DURATION).map(|k| (k * 1_000_000_000 / rate, machine)));
    }
    ticks.sort_unstable();
    let mut machines: [Machine; 3] = Default::default();
    for (_, me) in ticks {
        let (next, after) = ((me + 1) % 3, (me + 2) % 3);
        let mut to: &[usize] = &[];
        let (one, other, both) = ([next], [after], [next, after]);
        let machine = &mut machines[me];
        if let Some(received) = machine.inbox.pop_front() {
            machine.clock = machine.clock.max(received) + 1;
            machine.queue_max = machine.queue_max.max(machine.inbox.len());
        } else {
            machine.clock += 1;
            match dice.roll(faces) {
                1 => to = &one,
                2 => to = &other,
                3 => to = &both,
                _ => {}
            }
        }
        let clock = machine.clock;
        machine.history.push(clock);
        for &machine in to {
            machines[machine].inbox.push_back(clock);
        }
    }
    let slowest = &machines[0];
    let jumps: Vec<u64> = slowest.history.windows(2).map(|it| it[1] - it[0]).collect();
    Slowest {
        clock_final: slowest.clock as f64,
        jump_mean: jumps.iter().sum::<u64>() as f64 / jumps.len() as f64,
        queue_max: slowest.queue_max as f64,
    }
}

/// The same results from the runner's summary.
fn runner() -> Vec<Slowest> {
    let mut scenario = format!("name = \"rates\"\nduration = \"{DURATION}s\"\nseed = 2026\n");
    for (name, rate) in ["slow", "middle", "fast"].into_iter().zip(RATES) {
        scenario += &format!(
            "[nodes.{name}]\nbehavior = \"clock.machine\"\ntick_rate = {rate}\n\
             config.faces = {FACES}\n"
        );
    }
    let lab = Lab::with(&scenario);
    lab.run_into("out", &["--runs", &RUNS.1.to_string(), "--log", "off"]);
    let slow = lab.table("out/summary.csv").only("node", "slow");
    let columns = ["clock_final", "clock_jump_mean", "queue_max"].map(|name| slow.numbers(name));
    let [finals, jumps, queues] = columns;
    let zipped = finals.into_iter().zip(jumps).zip(queues);
    let runs: Vec<Slowest> = zipped
        .map(|((clock_final, jump_mean), queue_max)| Slowest {
            clock_final,
            jump_mean,
            queue_max,
        })
        .collect();
    assert_eq!(runs.len(), RUNS.1);
    runs
}

/// The greatest distance between two empirical distributions.
fn distance(mut a: Vec<f64>, mut b: Vec<f64>) -> f64 {
    a.sort_by(f64::total_cmp);
    b.sort_by(f64::total_cmp);
    let share = |sorted: &[f64], value: f64| {
        sorted.partition_point(|it| *it <= value) as f64 / sorted.len() as f64
    };
    let distances = a
        .iter()
        .chain(&b)
        .map(|&it| (share(&a, it) - share(&b, it)).abs());
    distances.fold(0.0, f64::max)
}

/// The distance that two samples of one distribution exceed once in a thousand.
fn limit(n: usize, m: usize) -> f64 {
    let (n, m) = (n as f64, m as f64);
    (-(0.0005f64.ln()) / 2.0).sqrt() * ((n + m) / (n * m)).sqrt()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn share_within(values: &[f64], low: f64, high: f64) -> f64 {
    let within = values.iter().filter(|it| (low..=high).contains(*it));
    within.count() as f64 / values.len() as f64
}

#[test]
fn the_runner_agrees_with_an_independent_model_of_the_lab() {
    let model: Vec<Slowest> = (1..=RUNS.0).map(|seed| model(seed, FACES)).collect();
    let runner = runner();
    let limit = limit(RUNS.0 as usize, RUNS.1);
    let metrics = |it: &Slowest| [it.clock_final, it.jump_mean, it.queue_max];
    for index in 0..3 {
        let samples = |runs: &[Slowest]| runs.iter().map(|it| metrics(it)[index]).collect();
        let found = distance(samples(&model), samples(&runner));
        assert!(found < limit, "metric {index}: {found}, limit {limit}");
    }
    for runs in [&model, &runner] {
        let finals: Vec<f64> = runs.iter().map(|it| it.clock_final).collect();
        let queues: Vec<f64> = runs.iter().map(|it| it.queue_max).collect();
        let jumps: Vec<f64> = runs.iter().map(|it| it.jump_mean).collect();
        assert!((mean(&finals) - 238.0).abs() < 4.0, "{}", mean(&finals));
        assert!((mean(&jumps) - 4.0).abs() < 0.1, "{}", mean(&jumps));
        assert!((mean(&queues) - 30.0).abs() < 2.0, "{}", mean(&queues));
        let share = share_within(&finals, 191.0, 290.0);
        assert!((0.92..=0.98).contains(&share), "{share}");
        let share = share_within(&queues, 16.0, 45.0);
        assert!(share > 0.92, "{share}");
    }
}

#[test]
fn the_comparison_tells_other_rules_apart() {
    // With nine faces, machines send about a tenth more messages.
    let finals = |faces: u64, seeds: std::ops::Range<u64>| -> Vec<f64> {
        seeds.map(|seed| model(seed, faces).queue_max).collect()
    };
    let limit = limit(RUNS.0 as usize, RUNS.1);
    let lab = finals(FACES, 1..1001);
    assert!(distance(lab.clone(), finals(FACES, 2000..2300)) < limit);
    assert!(distance(lab.clone(), finals(FACES - 1, 2000..2300)) > limit);
    assert!(distance(lab, finals(FACES + 1, 2000..2300)) > limit);
}
