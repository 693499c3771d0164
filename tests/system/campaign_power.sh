#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The short form of a campaign: the power goes, and the judge.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
status=0
SHORT=1 timeout -k 5 300 sh "$abs_top_srcdir/tests/campaign/power.sh" \
    >"$tmp/out" 2>"$tmp/err" || status=$?
sed 's/^[^#]/# &/' "$tmp/out"
line=$(tail -n 1 "$tmp/out")
case $line in
'power: skipped'*)
	skip_all "${line#*skipped: }"
	;;
esac
is "$status" 0 'after power cuts every promise holds'
like "$line" 'power: cuts=4 *lost=0 unrecorded=0 integrity_bad=0 *' \
    'and the judge says so'
done_testing
