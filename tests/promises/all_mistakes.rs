//! Every mistake is reported at once, whatever stage finds it: the parser, the reader of
//! keys, the names of nodes, the matrix, the plugins and their configs, the command line.
//! A mistake that one stage finds does not hide those of the others.

use crate::harness::Lab;

/// A scenario with mistakes of several stages.
struct Mixed {
    name: &'static str,
    text: &'static str,
    /// What is reported.
    told: &'static [&'static str],
    /// What only follows from a mistake, and is not reported.
    not_told: &'static [&'static str],
}

const CONFIG: &str = "unknown key `facs`";
const METRIC: &str = "`queue_mx` is no metric";

const MIXED: [Mixed; 27] = [
    Mixed {
        name: "a wrong rate, and a typo in the config of the same group",
        text: "duration = \"1s\"\n[nodes.a]\nbehavior = \"clock.machine\"\ntick_rate = 0\nconfig = { facs = 10 }\n",
        told: &["`tick_rate` is 0", CONFIG],
        not_told: &[],
    },
    Mixed {
        name: "keys of timing that contradict, a config, a metric",
        text: "duration = \"1s\"\n[nodes.a]\nbehavior = \"clock.machine\"\ntick_rate = 1\nservice_time = \"1s\"\nconfig = { facs = 10 }\n[[expect]]\nmetric = \"queue_mx\"\nat_most = 1\n",
        told: &["contradict each other", CONFIG, METRIC],
        not_told: &["does nothing on a tick"],
    },
    Mixed {
        name: "a link to nobody, and a metric that nobody has",
        text: "duration = \"1s\"\n[nodes.a]\nbehavior = \"clock.machine\"\ntick_rate = 1\n[[links]]\nfrom = \"a\"\nto = \"b\"\n[[expect]]\nmetric = \"queue_mx\"\nat_most = 1\n",
        told: &["names unknown node `b`", METRIC],
        not_told: &[],
    },
    Mixed {
        name: "a wrong loss, and a metric that nobody has",
        text: "duration = \"1s\"\n[nodes.a]\ncount = 2\nbehavior = \"clock.machine\"\ntick_rate = 1\n[[links]]\nbetween = [\"a\", \"a\"]\nloss = 2\n[[expect]]\nmetric = \"queue_mx\"\nnodes = \"a\"\nat_most = 1\n",
        told: &["`loss` is 2", METRIC],
        not_told: &[],
    },
    Mixed {
        name: "a plugin that is missing, a config and a metric of another group, a check",
        text: "duration = \"1s\"\n[nodes.a]\nbehavior = \"nowhere.machine\"\n[nodes.b]\nbehavior = \"clock.machine\"\ntick_rate = 1\nconfig = { facs = 10 }\n[[expect]]\nmetric = \"queue_mx\"\nnodes = \"b\"\nat_most = 1\n[[check]]\ncheck = \"clock.lampord\"\n",
        told: &[
            "there is no plugin `nowhere`",
            CONFIG,
            METRIC,
            "has no check `lampord`",
        ],
        not_told: &[],
    },
    Mixed {
        name: "a metric that may belong to the plugin that is missing",
        text: "[nodes.a]\nbehavior = \"nowhere.machine\"\n[nodes.b]\nbehavior = \"clock.machine\"\n[[expect]]\nmetric = \"queue_mx\"\nat_most = 1\n",
        told: &["there is no plugin `nowhere`"],
        not_told: &[METRIC],
    },
    Mixed {
        name: "a behavior that is missing, and a typo in another group",
        text: "duration = \"1s\"\n[nodes.a]\nbehavior = \"clock.machin\"\n[nodes.b]\nbehavior = \"clock.machine\"\ntick_rate = 1\nconfig = { facs = 10 }\n",
        told: &["has no behavior `machin`", CONFIG],
        not_told: &[],
    },
    Mixed {
        name: "a plugin that does not load, and a typo in another group",
        text: "duration = \"1s\"\n[nodes.a]\nbehavior = \"no_entry.any\"\n[nodes.b]\nbehavior = \"clock.machine\"\ntick_rate = 1\nconfig = { facs = 10 }\n",
        told: &["libno_entry.so", CONFIG],
        not_told: &[],
    },
    Mixed {
        name: "a plugin that does not load, and a wrong rate",
        text: "duration = \"1s\"\n[nodes.a]\nbehavior = \"no_entry.any\"\n[nodes.b]\nbehavior = \"clock.machine\"\ntick_rate = -1\n",
        told: &["libno_entry.so", "`tick_rate` is -1"],
        not_told: &[],
    },
    Mixed {
        name: "an axis of no key, a wrong value of another axis, a config",
        text: "duration = \"1s\"\n[nodes.a]\nbehavior = \"clock.machine\"\ntick_rate = 1\nconfig = { facs = 10 }\n[matrix.axes.x]\npath = \"nodes.b.count\"\nvalues = [1, 2]\n[matrix.axes.rate]\npath = \"nodes.a.tick_rate\"\nvalues = [1, 0]\n",
        told: &["axis `x`: `nodes` has no `b`", "`tick_rate` is 0", CONFIG],
        not_told: &[],
    },
    Mixed {
        name: "an axis of no key, unknown axes in `zip` and `exclude`, a metric",
        text: "duration = \"1s\"\n[nodes.a]\nbehavior = \"clock.machine\"\ntick_rate = 1\n[[expect]]\nmetric = \"queue_mx\"\nat_most = 1\n[matrix]\nzip = [[\"x\", \"y\"]]\nexclude = [{ z = 1 }, { x = 1 }]\n[matrix.axes.x]\npath = \"nodes.b.count\"\nvalues = [1, 2]\n",
        told: &[
            "axis `x`: `nodes` has no `b`",
            "`zip` names unknown axis `y`",
            "`exclude` names unknown axis `z`",
            METRIC,
        ],
        not_told: &["unknown axis `x`"],
    },
    Mixed {
        name: "an unknown key beside the config, and a typo in it",
        text: "duration = \"1s\"\n[nodes.a]\nbehavior = \"clock.machine\"\ntick_rte = 1\nconfig = { facs = 10 }\n",
        told: &["unknown key `tick_rte`", CONFIG],
        not_told: &[],
    },
    Mixed {
        name: "a config under an unknown key lacks nothing",
        text: "duration = \"1s\"\n[nodes.a]\nbehavior = \"misbehaving.panics\"\ntick_rate = 1\nconfg = { in = \"tick\" }\n[[expect]]\nmetric = \"queue_mx\"\nat_most = 1\n",
        told: &["unknown key `confg`", METRIC],
        not_told: &["`in`"],
    },
    Mixed {
        name: "a group with a wrong rate, and a typo in a group that extends it",
        text: "duration = \"1s\"\n[nodes.a]\nbehavior = \"clock.machine\"\ntick_rate = 0\n[nodes.b]\nextends = \"a\"\nconfig = { facs = 10 }\n",
        told: &["`tick_rate` is 0", CONFIG],
        not_told: &[],
    },
    Mixed {
        name: "a group that extends nobody, and a typo in its config",
        text: "duration = \"1s\"\n[nodes.a]\nextends = \"b\"\nbehavior = \"misbehaving.panics\"\nconfig = { at = \"x\" }\n",
        told: &["`extends` names unknown group `b`", "found text \"x\""],
        not_told: &["`in`"],
    },
    Mixed {
        name: "an expectation without a bound, of a metric that nobody has",
        text: "duration = \"1s\"\n[nodes.a]\nbehavior = \"clock.machine\"\ntick_rate = 1\n[[expect]]\nmetric = \"queue_mx\"\n[[expect]]\nmetric = \"queue_max\"\nnodes = \"b\"\nat_most = \"1s\"\n",
        told: &[
            "no bound",
            METRIC,
            "names unknown node `b`",
            "is not a time",
        ],
        not_told: &[],
    },
    Mixed {
        name: "a check with an unknown key, and a typo in its config",
        text: "duration = \"1s\"\n[nodes.a]\nbehavior = \"clock.machine\"\ntick_rate = 1\n[[check]]\ncheck = \"misbehaving.judges\"\nnodes = \"a\"\nconfig = { verdict = \"passes\", pancs_at = 1 }\n[[check]]\ncheck = \"misbehaving.judges\"\nconfg = { verdict = \"passes\" }\n",
        told: &[
            "unknown key `nodes`",
            "unknown key `pancs_at`",
            "unknown key `confg`",
        ],
        not_told: &["missing"],
    },
    Mixed {
        name: "a check whose config is wrong, and that does not exist",
        text: "duration = \"1s\"\n[nodes.a]\nbehavior = \"clock.machine\"\ntick_rate = 1\n[[check]]\ncheck = \"clock.lampord\"\nconfig = 3\n",
        told: &["`config` is 3", "has no check `lampord`"],
        not_told: &[],
    },
    Mixed {
        name: "a line that is not TOML, and a typo in a config elsewhere",
        text: "duration = \n\ntitle = \"broken\"\n\n[nodes.a]\nbehavior = \"clock.machine\"\n\nconfig = { facs = 10 }\n\n[nodes.b]\nbehavior = \"nowhere.machine\"\n",
        told: &["not TOML", CONFIG, "there is no plugin `nowhere`"],
        not_told: &["there is no `duration`"],
    },
    Mixed {
        name: "a fault at no time, between nodes that no link links, one of which is wrong",
        text: "duration = \"1s\"\n[nodes.a]\nbehavior = \"clock.machine\"\ntick_rate = 1\n[nodes.b]\nbehavior = \"clock.machine\"\ntick_rate = 1\n[nodes.c]\nbehavior = \"clock.machine\"\ntick_rate = 1\n[[links]]\nfrom = \"a\"\nto = \"b\"\nloss = 2\n[[faults]]\nat = \"soon\"\nlink = { from = \"a\", to = \"c\", loss = 1 }\n",
        told: &[
            "`loss` is 2",
            "`at` is \"soon\"",
            "between nodes that have no link",
        ],
        not_told: &[],
    },
    Mixed {
        name: "a link between nobody, whose settings do not fit",
        text: "duration = \"1s\"\n[nodes.a]\nbehavior = \"clock.machine\"\ntick_rate = 1\n[[links]]\nfrom = \"a\"\nto = \"b\"\nqueue_limit = 3\n",
        told: &[
            "names unknown node `b`",
            "`queue_limit` without `bandwidth`",
        ],
        not_told: &[],
    },
    Mixed {
        name: "ticks without an end, notes that are not there, a config, a metric",
        text: "notes = \"gone.md\"\n[nodes.a]\nbehavior = \"clock.machine\"\ntick_rate = 1\nconfig = { facs = 10 }\n[[expect]]\nmetric = \"queue_mx\"\nat_most = 1\n",
        told: &["there is no `duration`", "gone.md", CONFIG, METRIC],
        not_told: &[],
    },
    Mixed {
        name: "labels and exclusions that are wrong, each of them",
        text: "duration = \"1s\"\n[nodes.a]\nbehavior = \"clock.machine\"\ntick_rate = 1\nconfig = { facs = 10 }\n[matrix]\nzip = [[\"x\"], [1, 2]]\nexclude = [{}, 3]\n[matrix.axes.x]\npath = \"nodes.a.count\"\nvalues = [1, 2]\nlabels = [\"a b\", 3]\n",
        told: &[
            "at least two axes",
            "`zip` is 1",
            "`zip` is 2",
            "the exclusion is empty",
            "`exclude` is 3",
            "`labels` is \"a b\"",
            "`labels` is 3",
            CONFIG,
        ],
        not_told: &[],
    },
    Mixed {
        name: "an `until` whose nodes, metric and bounds are wrong",
        text: "duration = \"1s\"\n[nodes.a]\nbehavior = \"clock.machine\"\ntick_rate = 1\n[until]\nmetric = \"queue_mx\"\nnodes = \"b\"\nhalf_width = \"200%\"\nat_least = 20\nat_most = 10\n",
        told: &[
            "names unknown node `b`",
            METRIC,
            "more than 0 % and at most 100 %",
            "`at_least` is 20 and `at_most` is 10",
        ],
        not_told: &[],
    },
    Mixed {
        name: "an expectation whose nodes and metric are wrong, another with two bounds and no share",
        text: "duration = \"1s\"\n[nodes.a]\nbehavior = \"clock.machine\"\ntick_rate = 1\n[[expect]]\nmetric = \"queue_mx\"\nnodes = \"b\"\nat_most = 1\n[[expect]]\nmetric = \"queue_max\"\nat_most = 1\nequals = \"3s\"\nover = \"fraction\"\n[[expect]]\nmetric = \"queue_max\"\nover = \"men\"\n",
        told: &[
            "names unknown node `b`",
            METRIC,
            "needs `share`",
            "`at_most` and `equals` in one expectation",
            "is not a time",
            "`over` is \"men\"",
            "no bound",
        ],
        not_told: &[],
    },
    Mixed {
        name: "a property with a wrong key for each type error in its expressions",
        text: "duration = \"1s\"\n[nodes.a]\nbehavior = \"clock.machine\"\ntick_rate = 1\n[[property]]\nname = \"one\"\nalways = \"clok > 1\"\nwithin = \"1s\"\n[[property]]\nname = \"\"\nnever = \"clock > 1s\"\n[[property]]\nname = \"three\"\nleads_to = [\"event == 3\", \"queue >\"]\nwithin = \"soon\"\n[[property]]\nname = \"four\"\nalways = \"quee > 1\"\nsometimes = \"steq > 1\"\n[[property]]\nname = \"five\"\nnodes = \"b\"\nalways = \"clokk > 1\"\n[[property]]\nname = \"six\"\nglobal = \"yes\"\nalways = \"count(nodes, clock > 1) == 1\"\n[[property]]\nname = \"seven\"\nglobal = \"no\"\nalways = \"tme > 1s\"\n",
        told: &[
            "no column `clok`",
            "`within` has no meaning with `always`",
            "`name` is \"\"",
            "`within` is \"soon\"",
            "`quee`",
            "`steq`",
            "`always` and `sometimes` in one property",
            "`b`",
            "`clokk`",
            "`global` is \"yes\"",
            "no column `tme`",
        ],
        not_told: &["`count`"],
    },
    Mixed {
        name: "a fault of two kinds, a partition whose `cut` is wrong, a property named like a check",
        text: "duration = \"1s\"\n[nodes.a]\ncount = 2\nbehavior = \"clock.machine\"\ntick_rate = 1\n[[faults]]\nat = \"0s\"\ncrash = [\"b\"]\npause = [\"c\"]\n[[faults]]\nat = \"0s\"\npartition = [[\"d\"], [\"a-1\"]]\ncut = 3\n[[check]]\ncheck = \"clock.lamport\"\nconfig = 3\n[[property]]\nname = \"clock.lamport\"\nalways = \"step >= 0\"\n",
        told: &[
            "unknown node `b`",
            "unknown node `c`",
            "both a `crash` and a `pause`",
            "unknown node `d`",
            "`cut` is 3",
            "`config` is 3",
            "the name of the check `clock.lamport`",
        ],
        not_told: &[],
    },
];

#[test]
fn a_mistake_of_one_stage_hides_none_of_another() {
    for mixed in MIXED {
        let lab = Lab::with(mixed.text);
        let answer = lab.runner(&["check", "scenario.toml"]);
        assert_eq!(answer.code, Some(2), "{}: {}", mixed.name, answer.err);
        for told in mixed.told {
            let times = answer.err.matches(told).count();
            assert!(
                times >= 1,
                "{}: no {told:?} in:\n{}",
                mixed.name,
                answer.err
            );
        }
        for not_told in mixed.not_told {
            assert!(
                !answer.err.contains(not_told),
                "{}: {not_told:?} in:\n{}",
                mixed.name,
                answer.err
            );
        }
    }
}

#[test]
fn a_mistake_is_reported_once_though_groups_share_it() {
    let lab = Lab::with(
        "duration = \"1s\"\n[nodes.a]\nbehavior = \"clock.machine\"\ntick_rate = 0\n\
         config = { facs = 10 }\n[nodes.b]\nextends = \"a\"\n[nodes.c]\nextends = \"b\"\n",
    );
    let answer = lab.runner(&["check", "scenario.toml"]).ends(2);
    assert_eq!(answer.err.matches(CONFIG).count(), 1, "{}", answer.err);
}

const TYPO: &str = "duration = \"1s\"\n[nodes.a]\nbehavior = \"clock.machine\"\ntick_rate = 1\n\
                    config = { facs = 10 }\n";

#[test]
fn a_wrong_option_does_not_hide_the_mistakes_of_the_file() {
    for command in ["check", "run", "list"] {
        let lab = Lab::with(TYPO);
        lab.runner(&[
            command,
            "scenario.toml",
            "--set",
            "x",
            "--set",
            "nodes.a.count=-1",
        ])
        .ends(2)
        .says(&["--set x: there is no `=`", "nodes.a.count=-1", CONFIG]);
    }
}

#[test]
fn a_folder_without_scenarios_does_not_hide_the_mistakes_of_a_file() {
    let lab = Lab::with(TYPO);
    std::fs::create_dir(lab.path("empty")).unwrap();
    lab.runner(&["check", "empty", "scenario.toml", "gone.toml"])
        .ends(2)
        .says(&["empty: holds no scenario file", CONFIG, "gone.toml: "]);
}

#[test]
fn a_plugin_that_does_not_load_is_exit_code_3_only_if_nothing_else_is_wrong() {
    let lab = Lab::with("[nodes.a]\nbehavior = \"no_entry.any\"\n");
    lab.write("typo.toml", TYPO);
    lab.runner(&["check", "scenario.toml"])
        .ends(3)
        .says(&["libno_entry.so"]);
    let answer = lab
        .runner(&["check", "scenario.toml", "typo.toml", "scenario.toml"])
        .ends(2)
        .says(&["libno_entry.so", CONFIG]);
    assert_eq!(answer.err.matches("error: ").count(), 1, "{}", answer.err);
}
