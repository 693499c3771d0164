#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The short form of how late results are found: the learned policy must find
# them in less time than a fixed interval, at no more requests.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
status=0
SHORT=1 timeout -k 5 300 sh "$abs_top_srcdir/bench/detect.sh" \
    >"$tmp/out" 2>"$tmp/err" || status=$?
sed 's/^[^#]/# &/' "$tmp/out"
is "$status" 0 'what is learned finds results sooner at no more requests'
like "$(tail -n 1 "$tmp/out")" \
    'bench-detect: *lognormal_fixed_s=[0-9]* lognormal_learned_s=[0-9]* *' \
    'and the figures are there'
done_testing
