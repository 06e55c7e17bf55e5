//! What a released seed means: for one scenario of each plugin, a hash of all node logs,
//! and one of `summary.csv`. The hashes of the logs stay. A new column of a behavior
//! changes them (`unanswered` and `unmet` of kv and chat, `rejected`, `offered` and `refused` of lottery did), and nothing else may. Those
//! of `summary.csv` change if a metric is added or defined anew.

use xxhash_rust::xxh3::Xxh3;

use crate::harness::Lab;

/// Name, scenario, hash of the logs, hash of `summary.csv`.
const GOLDEN: [(&str, &str, u64, u64); 6] = [
    ("clock", CLOCK, 0xb929_711e_ea52_1b68, 0x5b43_9581_2e37_2cb9),
    ("echo", ECHO, 0x357b_d994_8b5d_6230, 0x3a96_b19d_2997_e76a),
    ("kv", KV, 0x7f98_015e_eec4_c6f3, 0x4074_afd7_6dd9_0f35),
    (
        "lottery",
        LOTTERY,
        0x5301_67df_6bd1_6065,
        0xf5b8_8852_2631_517b,
    ),
    (
        "traffic",
        TRAFFIC,
        0xb222_bf9d_e134_286e,
        0x513f_9041_cc9f_bf05,
    ),
    ("chat", CHAT, 0xfe5d_9589_7bde_acb6, 0x28ab_8ad2_77a2_beb3),
];

/// Every stream of a node and of a link: rates, phases, offset, drift, latency,
/// loss, duplication, corruption; and those of faults.
const CLOCK: &str = r#"
name = "golden-clock"
runs = 2
duration = "20s"
seed = 262
[nodes.machine]
count = 3
behavior = "clock.machine"
tick_rate = { uniform_int = [1, 6] }
tick_phase = { uniform = ["0s", "1s"] }
offset = { normal = { mean = "1ms", std = "2ms" } }
drift = { uniform = [-50, 50] }
[[links]]
between = ["machine", "machine"]
latency = { exponential = { mean = "100ms" } }
loss = 0.05
duplicate = 0.05
corrupt = 0.05
order = "any"
[[faults]]
at = "8s"
for = "4s"
link = { from = "machine", to = "machine", latency = { pareto = { min = "1ms", shape = 2 } }, loss = 0.3, duplicate = 0.2, corrupt = 0.2 }
[[faults]]
at = "10s"
for = "2s"
crash = ["machine-3"]
[[faults]]
at = "14s"
for = "3s"
tick_rate = { nodes = ["machine-1"], to = { uniform_int = [7, 9] } }
[[faults]]
at = "14s"
for = "3s"
drift = { nodes = ["machine-2"], ppm = { uniform = [-500, 500] } }
"#;

const ECHO: &str = r#"
name = "golden-echo"
runs = 2
duration = "5s"
seed = 262
[nodes.producer]
behavior = "echo.producer"
config = { interval = { exponential = { mean = "10ms" } }, count = 200, print = false }
[nodes.consumer]
behavior = "echo.consumer"
config = { print = false }
service_time = { lognormal = { median = "8ms", sigma = 0.5 } }
[[links]]
from = "producer"
to = "consumer"
latency = { choice = ["1ms", "2ms", "5ms"] }
"#;

const KV: &str = r#"
name = "golden-kv"
runs = 2
duration = "1m"
seed = 262
[nodes.client]
count = 4
behavior = "kv.client"
[nodes.client.config]
operations = 50
keys = 20
distribution = "zipf"
read_share = 0.7
delete_share = 0.05
think = { exponential = { mean = "30ms" } }
[nodes.server]
behavior = "kv.server"
service_time = { exponential = { mean = "1ms" } }
[[links]]
between = ["client", "server"]
latency = { uniform_int = ["1ms", "4ms"] }
"#;

const LOTTERY: &str = r#"
name = "golden-lottery"
runs = 2
seed = 262
[nodes.central]
behavior = "lottery.central"
service_time = { exponential = { mean = "1ms" } }
[nodes.agency]
behavior = "lottery.agency"
[nodes.agency.config]
agency = 1
bet = { first_name = "Santiago Lionel", last_name = "Lorca", document = 30904465, birthdate = 1999-03-17, number = 7574 }
[[links]]
between = ["agency", "central"]
latency = { normal = { mean = "10ms", std = "3ms" } }
"#;

const TRAFFIC: &str = r#"
name = "golden-traffic"
runs = 2
duration = "790s"
seed = 262
[nodes.controller]
behavior = "traffic.controller"
[nodes.east_west]
behavior = "traffic.light"
[nodes.north_south]
behavior = "traffic.light"
[nodes.button]
behavior = "traffic.button"
config = { gap = { exponential = { mean = "60s" } } }
[[links]]
between = ["controller", "*"]
latency = { pareto = { min = "1ms", shape = 1.5 } }
"#;

const CHAT: &str = r#"
name = "golden-chat"
runs = 2
duration = "20s"
seed = 262
[nodes.server]
behavior = "chat.server"
[nodes.user]
count = 10
behavior = "chat.client"
[nodes.user.config]
actions = 20
think = { exponential = { mean = "500ms" } }
away = { exponential = { mean = "1s" } }
size = { lognormal = { median = 40, sigma = 1 } }
[[links]]
between = ["user", "server"]
latency = { lognormal = { median = "20ms", sigma = 0.5 } }
"#;

#[test]
fn released_seeds_keep_their_bytes() {
    let mut changed = Vec::new();
    for (plugin, scenario, logs, summary) in GOLDEN {
        let found = hashes(scenario);
        for (what, found, expected) in [("logs", found.0, logs), ("summary", found.1, summary)] {
            if found != expected {
                changed.push(format!(
                    "{plugin} {what}: {found:#018x}, was {expected:#018x}"
                ));
            }
        }
    }
    assert!(
        changed.is_empty(),
        "the meaning of released seeds changed: old scenarios give other results now\n{}",
        changed.join("\n")
    );
}

/// Hashes (XXH3, 64 bit) of names and bytes: of all logs, and of `summary.csv`.
fn hashes(scenario: &str) -> (u64, u64) {
    let lab = Lab::with(scenario);
    lab.run_into("out", &[]);
    let (mut logs, mut summary) = (Xxh3::new(), Xxh3::new());
    let mut count = 0;
    for (name, bytes) in lab.files("out") {
        let hash = match &*name {
            "summary.csv" => &mut summary,
            log if log.starts_with("runs/") => {
                count += 1;
                &mut logs
            }
            _ => continue,
        };
        hash.update(name.as_bytes());
        hash.update(&(bytes.len() as u64).to_le_bytes());
        hash.update(&bytes);
    }
    assert!(count >= 4, "{count} logs of two runs");
    (logs.digest(), summary.digest())
}
