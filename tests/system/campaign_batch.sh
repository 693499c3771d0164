#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The short form of a campaign: a batch that is killed again and again.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
status=0
SHORT=1 timeout -k 5 300 sh "$abs_top_srcdir/tests/campaign/batch.sh" \
    >"$tmp/out" 2>"$tmp/err" || status=$?
sed 's/^[^#]/# &/' "$tmp/out"
is "$status" 0 'killed at random, a batch ends whole'
like "$(grep '^batch: mode=alone' "$tmp/out")" \
    '*inputs=300 kills=3 results=300 lines=300 wrong=0 submitted_twice=0 *' \
    'by itself: each input once, each result and line there'
like "$(grep '^batch: mode=service' "$tmp/out")" \
    '*inputs=300 kills=3 results=300 lines=300 wrong=0 submitted_twice=0 *' \
    'and with a service that is killed, too'
done_testing
