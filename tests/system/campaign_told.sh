#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The short form of a campaign: kill -9 while SNS tells of jobs, and the judge.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
status=0
SHORT=1 timeout -k 5 300 sh "$abs_top_srcdir/tests/campaign/told.sh" \
    >"$tmp/out" 2>"$tmp/err" || status=$?
sed 's/^[^#]/# &/' "$tmp/out"
is "$status" 0 'whatever was answered is on disk, and all else comes again'
line=$(tail -n 1 "$tmp/out")
like "$line" 'told: kills=15 *unkept=0 * lost=0 unrecorded=0 *' \
    'and the judge says so'
done_testing
