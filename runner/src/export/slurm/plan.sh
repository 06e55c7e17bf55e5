# What is run, for the scripts beside this file. Written by `runner export slurm`.
RUNNER=${RUNNER:-@RUNNER@}

# Runs a shard. What an interrupted one has finished is kept.
run_shard() {
    exec "$RUNNER" run --quiet --no-report --resume@SHARED@ --jobs "${SLURM_CPUS_PER_TASK:-@JOBS@}" \
        --shard "$1/@SHARDS@" --out "shards/$1"@OPTIONS@ \
        @SCENARIO@
}

# Prints the shards that miss runs or have damaged ones, a line for each job array: a number
# that is added to its tasks, and the tasks.
missing_shards() {
    "$RUNNER" export slurm --missing --shards @SHARDS@ --out . --max-array-size @ARRAY_SIZE@@AT_ONCE@@OPTIONS@ \
        @SCENARIO@
}

# Sets `dir` to this folder. A name may end with a newline, which `$(...)` takes away.
here() {
    dir=$(pwd -P && echo .)
    dir=${dir%??}
}

submit_begins() {
    here
    mkdir -p logs
    jobs=
}

# Submits a job array: a number that is added to its tasks, the tasks, options for sbatch.
submit_array() {
    added=$1
    tasks=$2
    shift 2
    job=$(sbatch --parsable --chdir="$dir" --output=logs/%A_%a.log --array="$tasks" "$@" \
        shard.sh "$added" </dev/null) || submit_fails
    jobs=$jobs:${job%%;*}
    echo "shards: job ${job%%;*}"
}

# Submits the merge, which begins when all arrays have ended, in whatever way.
submit_ends() {
    job=$(sbatch --parsable --chdir="$dir" --output=logs/merge_%j.log \
        ${jobs:+"--dependency=afterany$jobs"} "$@" merge.sh </dev/null) || submit_fails
    echo "merge: job ${job%%;*}, into merged/latest; its output: logs/merge_${job%%;*}.log"
}

submit_fails() {
    if [ -n "$jobs" ]; then
        echo "sbatch failed; already submitted: scancel$(printf '%s' "$jobs" | tr ':' ' ') cancels it" >&2
    fi
    exit 1
}
