#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# How long the service's loop is held up by an input of SIZE_MB on its way, and
# how long that takes: see tests/system/serve_files.sh. Needs seven times
# SIZE_MB below TMPDIR.
set -eu
: "${SIZE_MB=1024}" "${PATIENCE=120}"
[ -z "${SHORT-}" ] || SIZE_MB=100
# A slow figure is no failure.
export SIZE_MB PATIENCE BLOCK_MAX_MS=1000000000
out=$(mktemp)
trap 'rm -f "$out"' EXIT
trap 'exit 1' HUP INT TERM
sh "${abs_top_srcdir:?}/tests/system/serve_files.sh" | tee "$out"
failed=$(grep -c '^not ok' "$out" || :)
echo "bench-api-files: $(sed -n 's/^# \(block_max_ms=.*\)/\1/p' "$out")"
[ "$failed" -eq 0 ] && grep -q '^1\.\.' "$out"
