#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# How long the service's loop is held up, as its clients see it: beside some
# that drip, break off and send nonsense, for HOSTILE_S seconds, and beside
# JOBS small POSTs over CLIENTS connections. The jobs are real: awaitd-local
# has a part of the machine, too.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
: "${JOBS=10000}" "${HOSTILE_S=20}" "${CLIENTS=32}"
[ -z "${SHORT-}" ] || JOBS=500 HOSTILE_S=3
support=$abs_top_builddir/tests/support
local_start
cat >"$tmp/serve.conf" <<END
[endpoint nothing]
input_prefix = s3://bucket/in
poll_start = 1s
END
serve_start

block_max_ms=0
p99_ms=0
probe_start() {
	"$support/apiprobe" "$socket" 3600 >"$tmp/probe" &
	probe=$!
	pids="$pids $probe"
}
probe_stop() { # NAME
	kill -TERM "$probe"
	wait "$probe"
	echo "# $1: $(cat "$tmp/probe")"
	is "$(sed -n 's/.*failed=\([0-9]*\).*/\1/p' "$tmp/probe")" 0 \
	    "$1: everybody is answered"
	block_max_ms=$(larger "$block_max_ms" max_ms)
	p99_ms=$(larger "$p99_ms" p99_ms)
}
larger() { # FIGURE NAME
	sed -n "s/.*$2=\([0-9.]*\).*/\1/p" "$tmp/probe" |
	    awk -v a="$1" '{ print (a + 0 > $1 + 0 ? a : $1) }'
}

# --- beside some that mean it ---
{
	printf 'POST /v1/jobs HTTP/1.1\r\nHost: a\r\nAwaitd-Endpoint: nothing\r\n'
	printf 'Content-Length: 900000\r\n\r\n'
	head -c 300000 /dev/zero
} >"$tmp/part"
head -c 200000 /dev/zero | tr '\0' '[' >"$tmp/nonsense"
probe_start
"$support/hostile" "$socket" drip head 120 "$HOSTILE_S" >"$tmp/heads" &
heads=$!
"$support/hostile" "$socket" drip body 120 "$HOSTILE_S" >"$tmp/bodies" &
bodies=$!
pids="$pids $heads $bodies"
until gone "$heads" && gone "$bodies"; do
	"$support/hostile" "$socket" drop "$tmp/part" 100
	api POST /v1/jobs -H 'Content-Type: application/json' \
	    --data-binary "@$tmp/nonsense"
	[ "$code" = 400 ] || break
done
is "$code" 400 'nonsense is refused'
wait "$heads"
wait "$bodies"
probe_stop hostile

# --- beside many ---
many_jobs "$JOBS" nothing >"$tmp/curl.conf"
probe_start
began=$(date +%s%3N)
timeout 600 curl --no-progress-meter --parallel --parallel-max "$CLIENTS" \
    -K "$tmp/curl.conf" >"$tmp/codes" 2>"$tmp/curl.err"
took=$(($(date +%s%3N) - began))
probe_stop posts
is "$(sort "$tmp/codes" | uniq -c | tr -s ' ')" " $JOBS 201" 'all are taken'
serve_stop
is "$serve_status" 0 'the service ends well'

local_stop
status=0
(done_testing) || status=1
echo "bench-api: block_max_ms=$block_max_ms p99_ms=$p99_ms" \
    "posts_per_s=$((JOBS * 1000 / (took + 1)))"
exit "$status"
