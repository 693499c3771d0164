#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# 1,000 jobs wait for a minute: see tests/system/serve_idle.sh.
set -eu
: "${JOBS=1000}" "${TIME=60}"
[ -z "${SHORT-}" ] || JOBS=100 TIME=5
export JOBS TIME
out=$(mktemp)
trap 'rm -f "$out"' EXIT
trap 'exit 1' HUP INT TERM
sh "${abs_top_srcdir:?}/tests/system/serve_idle.sh" | tee "$out"
failed=$(grep -c '^not ok' "$out" || :)
echo "idle: $(sed -n 's/^# \(jobs=.*\)/\1/p' "$out") failed=$failed"
[ "$failed" -eq 0 ] && grep -q '^1\.\.' "$out"
