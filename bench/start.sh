#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# How long the service needs from exec to "ready" while JOBS jobs wait, RUNS
# times, behind a clean end and behind a kill. The best of each is told, and
# the CPU time of the last: what else this machine does comes on top. The aim:
# 100,000 jobs in 1 s.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
: "${JOBS=100000}" "${RUNS=3}"
[ -z "${SHORT-}" ] || JOBS=2000 RUNS=1
export AWS_ENDPOINT_URL="http://127.0.0.1:9" # nobody; nothing is due, either
export AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=y AWS_REGION=us-east-1

cat >"$tmp/serve.conf" <<END
[endpoint waiting]
poll_start = 1h
poll_max = 1h
END
mkdir -m 700 "$AWAITD_STATE"
ok "$JOBS jobs are made" "$abs_top_builddir/tests/support/fillstore" \
    "$AWAITD_STATE/serve.db" "$JOBS" waiting

measure() { # sets ready_ms, cpu_ms and rss_kib
	begun=$(date +%s%3N)
	serve_start
	line=$(grep -E 'msg="?ready' "$tmp/serve.err")
	ready_ms=$(($(date -d "${line%% *}" +%s%3N) - begun))
	cpu_ms=$(awk -v hz="$(getconf CLK_TCK)" \
	    '{ printf "%d", ($14 + $15) * 1000 / hz }' "/proc/$serve_pid/stat")
	rss_kib=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) .*/\1/p' "/proc/$serve_pid/status")
	is "$(echo "$line" | sed 's/.*taken_up=\([0-9]*\).*/\1/')" "$JOBS" \
	    "all of them wait, after $ready_ms ms"
	is "$(grep -c adopted= "$tmp/serve.err" || :)" 0 'not a line for each'
}
least() { # A B
	if [ "$1" -eq 0 ] || [ "$2" -lt "$1" ]; then echo "$2"; else echo "$1"; fi
}

clean=0
killed=0
run=0
while [ "$run" -lt "$RUNS" ]; do
	run=$((run + 1))
	measure
	clean=$(least "$clean" "$ready_ms")
	serve_kill
	measure
	killed=$(least "$killed" "$ready_ms")
	serve_stop
	is "$serve_status" 0 'it ends well'
done
status=0
(done_testing) || status=1
echo "bench-start: jobs=$JOBS ready_ms=$clean rss_kib=$rss_kib" \
    "ready_after_kill_ms=$killed cpu_ms=$cpu_ms"
exit "$status"
