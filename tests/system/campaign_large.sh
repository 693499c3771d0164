#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The short form of a campaign: large transfers, cut in the middle.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
status=0
SHORT=1 timeout -k 5 300 sh "$abs_top_srcdir/tests/campaign/large.sh" \
    >"$tmp/out" 2>"$tmp/err" || status=$?
sed 's/^[^#]/# &/' "$tmp/out"
is "$status" 0 'large transfers survive being cut, in little memory'
like "$(tail -n 1 "$tmp/out")" 'large: bytes=64000000 * cuts=12 equal=4 bad=0 *' \
    'and all of them are equal'
like "$(tail -n 1 "$tmp/out")" '* sha_ok=5 *' \
    'so are those that go to targets'
done_testing
