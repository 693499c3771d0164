#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The short form of what a webhook costs: nothing here fails for being slow, but
# for webhooks that do not arrive at their first attempt.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
if sanitized; then
	skip_all 'a sanitizer is what would be measured'
fi
status=0
SHORT=1 timeout -k 5 120 sh "$abs_top_srcdir/bench/deliver.sh" \
    >"$tmp/out" 2>"$tmp/err" || status=$?
sed 's/^[^#]/# &/' "$tmp/out"
is "$status" 0 'webhooks are delivered with their journal'
like "$(tail -n 1 "$tmp/out")" \
    'bench-deliver: awaitd_us=[0-9]* awaitd_per_s=[0-9]* undici_us=none ratio=none store_us=[0-9]*' \
    'and the figures are there'
done_testing
