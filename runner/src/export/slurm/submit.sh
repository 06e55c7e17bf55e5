#!/bin/sh
# Submits all shards, and the merge after them. Its options are passed to sbatch:
# sh submit.sh --partition=long --account=physics
set -eu
case $0 in
*/*) CDPATH='' cd -- "${0%/*}/" ;;
esac
. ./plan.sh
submit_begins
@ARRAYS@submit_ends "$@"
