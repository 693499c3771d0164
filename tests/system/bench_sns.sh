#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The short form of what a notification costs: nothing here fails for being
# slow, but for costing what sns-validator does, or for notifications lost.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
if sanitized; then
	skip_all 'a sanitizer is what would be measured'
fi
status=0
SHORT=1 timeout -k 5 170 sh "$abs_top_srcdir/bench/sns.sh" \
    >"$tmp/out" 2>"$tmp/err" || status=$?
sed 's/^[^#]/# &/' "$tmp/out"
is "$status" 0 'a notification costs less than sns-validator takes'
like "$(tail -n 1 "$tmp/out")" \
    'bench-sns: awaitd_us=[0-9]* awaitd_per_s=[0-9]* validator_us=* ratio=*' \
    'and the figures are there'
done_testing
