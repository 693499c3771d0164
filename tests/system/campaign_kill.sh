#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The short form of a campaign: kill -9 at random moments, and the judge.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
status=0
SHORT=1 timeout -k 5 300 sh "$abs_top_srcdir/tests/campaign/kill.sh" \
    >"$tmp/out" 2>"$tmp/err" || status=$?
sed 's/^[^#]/# &/' "$tmp/out"
is "$status" 0 'after kills at random moments every promise holds'
line=$(tail -n 1 "$tmp/out")
like "$line" 'kill: kills=30 *lost=0 unrecorded=0 * mismatches=0 *' \
    'and the judge says so'
done_testing
