#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# How many requests awaitd-local makes durable and accepts a second, with a
# model that does nothing, and how far that is from what its store can take:
# the same rows, written by nothing else, as many in a transaction as there
# are clients. Both rounds of a pair run one after the other on the same disk;
# the figures are medians of ROUNDS. What is accepted is run meanwhile. Signing is the client's work: burst takes
# a part of the machine, too.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
: "${COUNT=20000}" "${CLIENTS=64}" "${ROUNDS=3}"
[ -z "${SHORT-}" ] || COUNT=500 ROUNDS=1
support=$abs_top_builddir/tests/support
local_log=warn

median() {
	sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}
figure() { # FILE NAME
	sed -n "s/.*\b$2=\([0-9]*\).*/\1/p" "$1"
}

round=0
while [ $round -lt "$ROUNDS" ]; do
	round=$((round + 1))
	local_start
	"$support/burst" nothing "$COUNT" "$CLIENTS" \
	    >"$tmp/places" 2>"$tmp/burst"
	echo "# accept: $(cat "$tmp/burst")"
	is "$(figure "$tmp/burst" accepted)" "$COUNT" 'all are accepted'
	figure "$tmp/burst" per_s >>"$tmp/accept"
	local_kill
	rm -rf "$tmp/data"
	mkdir "$tmp/store$round"
	"$support/dbbench" "$tmp/store$round" "$COUNT" "$CLIENTS" >"$tmp/store"
	echo "# store: $(cat "$tmp/store")"
	figure "$tmp/store" per_s >>"$tmp/stores"
	rm -rf "$tmp/store$round"
done
accept=$(median <"$tmp/accept")
store=$(median <"$tmp/stores")
echo "bench-local: accepted_per_s=$accept store_per_s=$store" \
    "ratio=$(awk "BEGIN { printf \"%.2f\", $accept / $store }") clients=$CLIENTS"
