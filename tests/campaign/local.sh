#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A burst of 1,000 requests on containers that scale from zero, with kill -9 in
# the middle; then 1 GB through one of them. See tests/system/local_scale.sh
# and local_large.sh.
set -eu
: "${COUNT=1000}" "${MEGABYTES=1000}" "${KILLS=5}"
[ -z "${SHORT-}" ] || COUNT=200 MEGABYTES=64 KILLS=1
export COUNT MEGABYTES KILLS
out=$(mktemp)
trap 'rm -f "$out"' EXIT
trap 'exit 1' HUP INT TERM
failed=0
for part in scale large; do
	sh "${abs_top_srcdir:?}/tests/system/local_$part.sh" | tee "$out"
	failed=$((failed + $(grep -c '^not ok' "$out" || :)))
	grep -q '^1\.\.' "$out" || failed=$((failed + 1))
	sed -n "s/^# \($part: .*\)/\1/p" "$out" >>"$out.all"
done
echo "local: $(sed 's/^[a-z]*: //' "$out.all" | tr '\n' ' ')failed=$failed"
rm -f "$out.all"
[ "$failed" -eq 0 ]
