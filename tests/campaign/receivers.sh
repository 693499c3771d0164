#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Receivers that drip, hang or never read, beside good ones: how long it takes
# from the end of a job to a good one, alone and beside them, in one service.
# The good ones' p99 is to stay within 1.5 times. A round in which the machine
# did something else is done again, up to ROUNDS times; the best one is told.
# SHORT=1 runs beside other tests, which come and go: five times will do there,
# where who waits for a bad one waits for its time-out, a hundred times as long.
#   BAD=N  GOOD=N  JOBS=N (each to all good ones)  ROUNDS=N  PERCENT=150
. "${abs_top_srcdir:?}/tests/system/lib.sh"
: "${BAD=200}" "${GOOD=20}" "${JOBS=1000}" "${ROUNDS=3}" "${PERCENT=150}"
[ -z "${SHORT-}" ] || JOBS=120 PERCENT=500
receivers=$abs_top_builddir/tests/support/receivers
cd "$tmp" || exit 1
# 8 connections to each bad one, at both ends.
# shellcheck disable=SC3045 # every sh that we know has it
ulimit -n "$(ulimit -H -n)" 2>/dev/null || :
# shellcheck disable=SC3045
files=$(ulimit -n)
if [ "$files" != unlimited ] && [ "$files" -lt $((BAD * 10 + 500)) ]; then
	echo "# receivers: skipped, $files open files are too few"
	exit 77
fi
export MAX_CONCURRENT=8
local_log=warn
local_start

targets() { # KIND FROM TO: names, as deliver has them
	awk -v kind="$1" -v i="$2" -v to="$3" 'BEGIN {
		for (; i < to; i++)
			printf "%swebhook %s%d", n++ ? ", " : "", kind, i
	}'
}
configure() {
	{
		printf '[metrics]\nlisten = 127.0.0.1:0\n'
		printf '[endpoint cat]\npoll_start = 50ms\npoll_max = 100ms\n'
		awk '{
			printf "[webhook %s%d]\n", $1, n[$1]++
			printf "url = http://127.0.0.1:%d/\n", $2
			print "allow_networks = 127.0.0.0/8"
		}' ports
	} >serve.conf
}
post() { # N TARGETS: as fast as they are taken, one after the other
	post_left=$1
	while [ "$post_left" -gt 0 ]; do
		api POST /v1/jobs -H 'Awaitd-Endpoint: cat' \
		    -H "Awaitd-Deliver: $2" -H 'Content-Type: text/plain' \
		    --data-binary "$post_left"
		[ "$code" = 201 ] || diag "$(cat out)"
		post_left=$((post_left - 1))
	done
}
# shellcheck disable=SC2317 # by wait_until
under_way() { # N: attempts, at least
	[ "$(metric awaitd_delivery_attempts_in_flight)" -ge "$1" ]
}
# shellcheck disable=SC2317 # by wait_until
came() { # N
	[ "$(wc -l <times.log)" -ge "$1" ]
}
measure() { # what the good ones see; prints the p99
	: >times.log
	post "$JOBS" "$(targets good 0 "$GOOD")"
	wait_until 60 came $((JOBS * GOOD)) || return 1
	sort -n times.log | awk '{ v[NR] = $1 } END {
		i = int(NR * 0.99 + 0.5); print v[i ? i : 1] }'
}
round() { # sets alone and beside; fails where something did not come
	rm -rf "$AWAITD_STATE" ports
	: >times.log
	"$receivers" "$GOOD" "$BAD" ports times.log &
	receivers_pid=$!
	pids="$pids $receivers_pid"
	wait_until 20 test -s ports || return 1
	configure
	serve_start
	where_metrics
	# Both with connections that are there.
	post 5 "$(targets good 0 "$GOOD")"
	wait_until 60 came $((5 * GOOD)) || return 1
	alone=$(measure) || return 1
	round_from=0
	# 16 for each: eight go, and eight wait behind them.
	while [ "$round_from" -lt "$BAD" ]; do
		round_to=$((round_from + 50))
		[ "$round_to" -le "$BAD" ] || round_to=$BAD
		post 16 "$(targets bad "$round_from" "$round_to")"
		round_from=$round_to
	done
	wait_until 30 under_way $((BAD * 7)) || return 1
	beside=$(measure) || return 1
	kill -KILL "$receivers_pid"
	wait "$receivers_pid" 2>/dev/null
	serve_kill
}

rounds=0
best=
while [ "$rounds" -lt "$ROUNDS" ]; do
	rounds=$((rounds + 1))
	round || { diag "$(tail -n 5 serve.err)"; exit 1; }
	ratio=$(awk -v a="$alone" -v b="$beside" \
	    'BEGIN { printf "%.2f", b / (a > 0 ? a : 1) }')
	echo "# alone_p99_ms=$alone beside_p99_ms=$beside ratio=$ratio"
	if [ -z "$best" ] || [ "${ratio%.*}${ratio#*.}" -lt "$best" ]; then
		best=${ratio%.*}${ratio#*.}
		line="alone_p99_ms=$alone beside_p99_ms=$beside ratio=$ratio"
	fi
	[ "$best" -gt "$PERCENT" ] || break
done
echo "receivers: bad=$BAD good=$GOOD $line samples=$((JOBS * GOOD)) rounds=$rounds"
[ "$best" -le "$PERCENT" ]
