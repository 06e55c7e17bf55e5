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
if [ -n "$shards" ]; then
    # What failed is missing, which the merge says.
    printf '%s\n' "$shards" |
        parallel --will-cite --sshloginfile hosts --workdir "$dir" "$@" sh shard.sh || true
fi
sh merge.sh
