#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# 10,000 jobs through the worker: see tests/system/serve_many.sh.
set -eu
: "${JOBS=10000}" "${PATIENCE=900}"
[ -z "${SHORT-}" ] || JOBS=500
export JOBS PATIENCE
out=$(mktemp)
trap 'rm -f "$out"' EXIT
trap 'exit 1' HUP INT TERM
sh "${abs_top_srcdir:?}/tests/system/serve_many.sh" | tee "$out"
failed=$(grep -c '^not ok' "$out" || :)
echo "many: $(sed -n 's/^# \(jobs=.*\)/\1/p' "$out") failed=$failed"
[ "$failed" -eq 0 ] && grep -q '^1\.\.' "$out"
