#!/bin/sh
# Merges all shards that have begun into merged/1, merged/2 and so on; merged/latest is the newest.
# The exit code is that of `runner report`: 4 if runs are missing.
#SBATCH --job-name=@NAME@-merge
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --requeue
#SBATCH --open-mode=append
set -eu
[ -f plan.sh ] || { echo "merge.sh: start it in the folder that it is in" >&2; exit 2; }
. ./plan.sh
set --
for part in shards/*; do
    if [ -e "$part/manifest.json" ]; then set -- "$@" "$part"; fi
done
if [ "$#" = 0 ]; then
    echo "merge.sh: no shard has begun; see logs/, then: sh resubmit.sh" >&2
    exit 4
fi
mkdir -p merged
number=1
# Another merge may look for a number at the same time: `mkdir` gives it to one of them.
until mkdir "merged/$number" 2>/dev/null; do
    if ! [ -e "merged/$number" ]; then
        mkdir "merged/$number"
    fi
    number=$((number + 1))
done
code=0
"$RUNNER" report "$@" --merge --out "merged/$number" || code=$?
case $code in
0 | 1 | 3 | 4)
    rm -f merged/latest
    ln -s "$number" merged/latest
    ;;
*)
    rmdir "merged/$number" 2>/dev/null || true
    ;;
esac
if [ "$code" = 4 ]; then
    echo "merge.sh: if runs are missing: sh resubmit.sh; without Slurm: sh parallel.sh" >&2
fi
exit "$code"
