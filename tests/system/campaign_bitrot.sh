#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The short form of a campaign: a database with one bit that is other.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
status=0
SHORT=1 timeout -k 5 300 sh "$abs_top_srcdir/tests/campaign/bitrot.sh" \
    >"$tmp/out" 2>"$tmp/err" || status=$?
sed 's/^[^#]/# &/' "$tmp/out"
line=$(tail -n 1 "$tmp/out")
is "$status" 0 'a bit that is other is found, or changes nothing'
like "$line" 'bitrot: *wrong_bytes=0 crashes=0 *' 'and the judge says so'
done_testing
