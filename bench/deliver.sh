#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a signed webhook of 1 kB costs, CPU time (user and system) each, with its
# journal: the real engine, its store on disk and the HTTP client, 64 at a time
# over kept connections to a receiver in a process of its own
# (tests/support/deliverbench.c). In the same run, in turns: what the store alone
# costs, and npm's undici, which signs and keeps nothing. Medians are told. Slow
# figures fail nothing; a delivery that is not delivered at its first attempt
# does.
#   ROUNDS=N COUNT=N
. "${abs_top_srcdir:?}/tests/system/lib.sh"
: "${ROUNDS=5}" "${COUNT=20000}"
[ -z "${SHORT-}" ] || ROUNDS=1 COUNT=2000
bench=$abs_top_builddir/tests/support/deliverbench
peer_cpu=
js_cpu=
if [ "$(nproc)" -gt 1 ] && taskset -c 0 true 2>/dev/null; then
	peer_cpu='taskset -c 0' js_cpu='taskset -c 1'
fi

value() { # NAME FILE
	tr ' ' '\n' <"$2" | sed -n "s/^$1=//p"
}

median() { # FILE
	[ -s "$1" ] || {
		echo none
		return
	}
	sort -n "$1" | awk '{ v[NR] = $1 }
	    END { printf "%.0f\n", v[int((NR + 1) / 2)] }'
}

measure() { # NAME COMMAND…
	name=$1
	shift
	rm -rf "$tmp/db"
	mkdir -m 700 "$tmp/db"
	if timeout 120 "$@" >"$tmp/one" 2>"$tmp/err"; then
		value us "$tmp/one" >>"$tmp/$name.us"
		value per_s "$tmp/one" >>"$tmp/$name.per_s"
	else
		report 1 "$name: all are delivered" ||
		    diag "$(cat "$tmp/one" "$tmp/err")"
	fi
}

mkfifo "$tmp/stdin"
# shellcheck disable=SC2086 # words
$peer_cpu "$bench" receiver <"$tmp/stdin" >"$tmp/port" &
pids="$pids $!"
exec 3>"$tmp/stdin"
wait_until 10 test -s "$tmp/port" || {
	echo 'Bail out! the receiver does not start'
	exit 1
}
port=$(cat "$tmp/port")

no_js=
if [ -n "${SHORT-}" ]; then
	no_js='the short form'
elif ! command -v node >/dev/null || ! command -v npm >/dev/null; then
	no_js='no node and npm (apt install nodejs npm)'
else
	cp -R "$abs_top_srcdir/bench/undici" "$tmp/js"
	chmod -R u+w "$tmp/js"
	(cd "$tmp/js" && timeout 90 npm ci --ignore-scripts --no-audit \
	    --no-fund --prefer-offline) >"$tmp/npm.log" 2>&1 ||
	    no_js="npm ci gets no packages: $(tail -n 1 "$tmp/npm.log")"
fi

echo "# the database is on $(stat -f -c %T "$tmp"), $(nproc) processors"
round=0
while [ "$round" -lt "$ROUNDS" ]; do
	round=$((round + 1))
	measure awaitd "$bench" send "$tmp/db" "$port" "$COUNT"
	measure store "$bench" store "$tmp/db" - "$COUNT"
	# shellcheck disable=SC2086 # words
	[ -n "$no_js" ] ||
	    measure undici $js_cpu node "$tmp/js/deliver.mjs" "$port" "$COUNT"
done
for name in awaitd store undici; do
	[ ! -e "$tmp/$name.us" ] ||
	    echo "# $name: us $(tr '\n' ' ' <"$tmp/$name.us")" \
	        "per_s $(tr '\n' ' ' <"$tmp/$name.per_s")"
done
ok 'webhooks are delivered' test -s "$tmp/awaitd.us"
if [ -n "$no_js" ]; then
	skip undici "$no_js"
else
	ok 'undici sends as well' test -s "$tmp/undici.us"
fi
awaitd_us=$(median "$tmp/awaitd.us")
undici_us=$(median "$tmp/undici.us")
ratio=none
[ "$undici_us" = none ] || ratio=$(awk -v a="$awaitd_us" -v u="$undici_us" \
    'BEGIN { printf "%.2f", a / u }')
status=0
(done_testing) || status=1
echo "bench-deliver: awaitd_us=$awaitd_us" \
    "awaitd_per_s=$(median "$tmp/awaitd.per_s") undici_us=$undici_us" \
    "ratio=$ratio store_us=$(median "$tmp/store.us")"
exit "$status"
