"""M/M/1 at a load of 0.95 with `warmup = "auto"`: in 100 experiments, seeds 1 to 100, of 20
runs with 50,000 services each, the 95 % intervals of the mean over runs hold the truth in at
least 90: 18.05 waiting over time, and 19 left behind by a departing item."""
import csv, subprocess, sys, tempfile, time

# 97.5 % quantiles of Student's t by the number of runs with a warm-up.
T = {20: 2.0930, 19: 2.1009, 18: 2.1098, 17: 2.1199, 16: 2.1314, 15: 2.1448}
TRUTH = {"queue_time_mean": 18.05, "queue_mean": 19.0}
held = dict.fromkeys(TRUTH, 0)
means = {metric: [] for metric in TRUTH}
unknown = cut = 0
began = time.monotonic()
for seed in range(1, 101):
    with tempfile.TemporaryDirectory() as folder:
        out = f"{folder}/out"
        subprocess.run(
            [sys.argv[1], "scenarios/queue-mm1-steady.toml", "--case", "load=0.95*",
             "--seed", str(seed), "--log", "off", "--no-report", "--quiet", "--out", out],
            check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(f"{out}/runs.csv") as file:
            cuts = [row["warmup_s"] for row in csv.DictReader(file)]
        with open(f"{out}/summary.csv") as file:
            rows = [row for row in csv.DictReader(file) if row["node"] == "consumer"]
    assert len(rows) == len(cuts) == 20, (seed, len(rows))
    unknown += cuts.count("")
    cut += sum(text not in ("", "0") for text in cuts)
    for metric, truth in TRUTH.items():
        values = [float(row[metric]) for row in rows if row[metric]]
        mean = sum(values) / len(values)
        spread = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
        half = T[len(values)] * (spread / len(values)) ** 0.5
        held[metric] += mean - half <= truth <= mean + half
        means[metric].append(mean)
for metric, truth in TRUTH.items():
    mean = sum(means[metric]) / len(means[metric])
    print(f"{metric}: {truth} is in {held[metric]} of 100 intervals; mean of the means {mean:.3f}")
print(f"of 2000 runs, {cut} left out a beginning and {unknown} are unknown; "
      f"{time.monotonic() - began:.0f} s")
assert all(count >= 90 for count in held.values()), held
