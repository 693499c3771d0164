#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The short form of what a look costs: nothing here fails for being slow, but
# for costing twice what plain libcurl does, or for looks that go wrong.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
if sanitized; then
	skip_all 'a sanitizer is what would be measured'
fi
status=0
SHORT=1 timeout -k 5 120 sh "$abs_top_srcdir/bench/poll.sh" \
    >"$tmp/out" 2>"$tmp/err" || status=$?
sed 's/^[^#]/# &/' "$tmp/out"
is "$status" 0 'a look costs less than two of plain libcurl'
like "$(tail -n 1 "$tmp/out")" \
    'bench-poll: awaitd_us=[0-9]* curl_us=[0-9]* ratio=[0-9]* awaitd_1000_us=[0-9]* *_10k=[0-9]* *_100k=[0-9]*' \
    'and the figures are there'
done_testing
