#!/bin/sh
# Submits the shards that miss runs or have damaged ones, and a merge after them. Finished runs
# are not done again. Its options are passed to sbatch, as those of submit.sh.
set -eu
case $0 in
*/*) CDPATH='' cd -- "${0%/*}/" ;;
esac
. ./plan.sh
arrays=$(missing_shards)
submit_begins
if [ -z "$arrays" ]; then
    echo "no runs are missing"
else
    while read -r added tasks; do
        submit_array "$added" "$tasks" "$@"
    done <<END
$arrays
END
fi
submit_ends "$@"
