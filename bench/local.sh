#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# How many requests awaitd-local makes durable and accepts a second, and how
# far that is from what its store can take: the same rows, written by nothing
# else, as many in a transaction as there are clients. Once with a model that
# does nothing, so that each request runs a process and leaves an object
# meanwhile (accepted), once while all models wait (alone). The figures are
# medians of ROUNDS, each round of the three on the same disk, one after the
# other. Signing is the client's work: burst takes a part of the machine, too.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
: "${COUNT=20000}" "${CLIENTS=64}" "${ROUNDS=3}"
[ -z "${SHORT-}" ] || COUNT=500 ROUNDS=1
support=$abs_top_builddir/tests/support
local_log=warn

median() {
	sort -n "$tmp/$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}
per_s() {
	sed -n 's/.*\bper_s=\([0-9]*\).*/\1/p' "$tmp/figures"
}
accept() { # NAME ENDPOINT
	local_start
	"$support/burst" "$2" "$COUNT" "$CLIENTS" >"$tmp/places" 2>"$tmp/figures"
	is "$?" 0 "$1: all are accepted: $(cat "$tmp/figures")"
	per_s >>"$tmp/$1"
	local_kill
	rm -rf "$tmp/data"
}

round=0
while [ $round -lt "$ROUNDS" ]; do
	round=$((round + 1))
	accept alone slow
	accept accepted nothing
	mkdir "$tmp/data"
	"$support/dbbench" "$tmp/data" "$COUNT" "$CLIENTS" >"$tmp/figures"
	is "$?" 0 "store: all are written: $(cat "$tmp/figures")"
	per_s >>"$tmp/store"
	rm -rf "$tmp/data"
done
ratio() { # NAME
	awk -v a="$(median "$1")" -v b="$(median store)" \
	    'BEGIN { printf "%.2f", a / b }'
}
echo "bench-local: accepted_per_s=$(median accepted)" \
    "alone_per_s=$(median alone) store_per_s=$(median store)" \
    "accepted_of_store=$(ratio accepted) alone_of_store=$(ratio alone)" \
    "clients=$CLIENTS"
[ "$failed" -eq 0 ]
