#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The short form of a campaign: each crash point once, and what became of its job.
# All that have a name in base/crash.h.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
status=0
SHORT=1 timeout -k 5 300 sh "$abs_top_srcdir/tests/campaign/crashpoints.sh" \
    >"$tmp/out" 2>"$tmp/err" || status=$?
sed 's/^[^#]/# &/' "$tmp/out"
is "$status" 0 'at every named point a crash leads to what its table says'
line=$(tail -n 1 "$tmp/out")
points=$(grep -c '^ \* C[0-9]' "$abs_top_srcdir/src/base/crash.h")
is "$line" "crashpoints: points=$points runs=$points wrong=0" \
    'and the judge says so'
done_testing
