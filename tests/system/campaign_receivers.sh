#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The short form of a campaign: 200 bad receivers beside 20 good ones.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
status=0
SHORT=1 timeout -k 5 280 sh "$abs_top_srcdir/tests/campaign/receivers.sh" \
    >"$tmp/out" 2>"$tmp/err" || status=$?
sed 's/^[^#]/# &/' "$tmp/out"
if [ "$status" -eq 77 ]; then
	skip_all 'too few open files are allowed'
fi
is "$status" 0 'receivers that hang keep nobody else waiting'
like "$(tail -n 1 "$tmp/out")" 'receivers: bad=200 good=20 alone_p99_ms=*' \
    'of 200, beside 20'
done_testing
