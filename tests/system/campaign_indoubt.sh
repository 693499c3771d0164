#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The short form of a campaign: answers that were lost, under both policies.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
status=0
SHORT=1 timeout -k 5 300 sh "$abs_top_srcdir/tests/campaign/indoubt.sh" \
    >"$tmp/out" 2>"$tmp/err" || status=$?
sed 's/^[^#]/# &/' "$tmp/out"
is "$status" 0 'after lost answers every promise holds'
line=$(tail -n 1 "$tmp/out")
like "$line" 'indoubt: jobs=150 * lost=0 *' 'and the judge says so'
done_testing
