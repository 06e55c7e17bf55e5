#!/bin/sh
# Runs one shard: sh shard.sh NUMBER. In a job array, the number of the task is added to NUMBER.
# A shard that was interrupted goes on where it was.
#SBATCH --job-name=@NAME@
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=@JOBS@
#SBATCH --requeue
#SBATCH --open-mode=append
@LIMITS@set -eu
[ -f plan.sh ] || { echo "shard.sh: start it in the folder that it is in" >&2; exit 2; }
case ${1:-}${SLURM_ARRAY_TASK_ID:-} in
'' | *[!0-9]*)
    echo "shard.sh: which shard? for example: sh shard.sh 1; all of them: sh submit.sh" >&2
    exit 2
    ;;
esac
. ./plan.sh
mkdir -p shards
run_shard "$((${1:-0} + ${SLURM_ARRAY_TASK_ID:-0}))"
