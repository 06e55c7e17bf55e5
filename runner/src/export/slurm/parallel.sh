#!/bin/sh
# Without Slurm: runs the shards that miss runs by GNU parallel, on the machines in the file
# `hosts`, over ssh; then merges. Started again, it does what is missing. Its options are passed to
# parallel. All machines must have this folder, the runner and the scenario at the same paths.
set -eu
case $0 in
*/*) CDPATH='' cd -- "${0%/*}/" ;;
esac
. ./plan.sh
unset SLURM_ARRAY_TASK_ID
here
# On another machine, parallel starts each job by the shell that `SHELL` names there. If it names
# none, parallel does nothing, says nothing, and ends with code 0.
export PARALLEL_SHELL=/bin/sh

# Sets `shards` to the numbers of the shards that miss runs.
list_shards() {
    arrays=$(missing_shards)
    # `1000 1-3,7` stands for the shards 1001, 1002, 1003 and 1007.
    shards=$(
        printf '%s\n' "$arrays" | while read -r added tasks; do
            for range in $(printf '%s' "${tasks%%%*}" | tr ',' ' '); do
                task=${range%-*}
                while [ "$task" -le "${range#*-}" ]; do
                    echo "$((added + task))"
                    task=$((task + 1))
                done
            done
        done
    )
}

# A machine that fails at once takes most of the shards. So what is missing is run again, until a
# second round in a row has finished no shard: the last shard may have been on such a machine.
list_shards
code=0
useless=0
again=
while [ -n "$shards" ] && [ "$useless" -lt 2 ] && [ "$code" -le 101 ]; do
    if [ -n "$again" ]; then
        echo "parallel.sh: again, for what is missing: shards" $shards >&2
    fi
    again=yes
    before=$shards
    code=0
    printf '%s\n' "$shards" |
        parallel --will-cite --sshloginfile hosts --workdir "$dir" "$@" sh shard.sh || code=$?
    list_shards
    if [ "$shards" = "$before" ]; then useless=$((useless + 1)); else useless=0; fi
done
if [ -n "$shards" ]; then
    # Up to 101, the code of parallel is the number of jobs that failed.
    echo "parallel.sh: parallel ended with code $code; these shards still miss runs:" $shards >&2
    echo "  does each machine in \`hosts\` have the runner, this folder, and a temporary folder that can be written (TMPDIR)?" >&2
fi
sh merge.sh
