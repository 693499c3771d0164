#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The long form of tests/system/sns_hostile.sh: CONNS connections to [sns]
# listen that only hold on, for SECONDS_SLOW, from 250 addresses, each made anew
# as it ends; meanwhile SNS is to be answered within two seconds.
set -u
: "${abs_top_srcdir:?}" "${abs_top_builddir:?}"
export CONNS="${CONNS-1000}" SECONDS_SLOW="${SECONDS_SLOW-60}"
export GENUINE="${GENUINE-300}"
out=$(mktemp)
trap 'rm -f "$out"' EXIT
trap 'exit 1' HUP INT TERM
status=0
sh "$abs_top_srcdir/tests/system/sns_hostile.sh" >"$out" || status=$?
cat "$out"
figures() { # REGEX: the last line that has it
	grep -E "$1" "$out" | tail -n 1
}
echo "slow: $(figures '^http_cases=') $(figures '^oversize=')" \
    "$(figures '^loris_conns=') $(figures '^beside ' | sed 's/^beside //')"
exit "$status"
