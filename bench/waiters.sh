#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# How soon who waits is told: JOBS jobs of awaitd-local, and CLIENTS clients at
# once, half of them with a connection for each job (GET ?wait=), half with one
# stream of events (tests/support/crowd.c). Fails where anybody is told later
# than LATE_MS behind the job's end, twice, or never.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
: "${JOBS=10000}" "${CLIENTS=1000}" "${LATE_MS=1000}"
[ -z "${SHORT-}" ] || JOBS=1000 CLIENTS=200
local_log=warn
local_start
cat >"$tmp/serve.conf" <<END
[api]
listen = unix:$socket
max_connections = $((JOBS + CLIENTS + 64))
[endpoint nothing]
input_prefix = s3://bucket/in
output_path = s3://bucket/out
poll_start = 200ms
poll_max = 2s
END
serve_start
ticks() { # of the service's processor time
	sed 's/^.*) //' "/proc/$serve_pid/stat" | awk '{ print $12 + $13 }'
}
before=$(ticks)
began=$(date +%s%3N)
status=0
timeout 540 "$abs_top_builddir/tests/support/crowd" "$socket" nothing \
    "$JOBS" "$CLIENTS" --late="$LATE_MS" >"$tmp/figures" || status=$?
took=$(($(date +%s%3N) - began))
cpu=$(($(ticks) - before))
rss=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$serve_pid/status")
echo "# took_ms=$took jobs_per_s=$((JOBS * 1000 / took))" \
    "cpu_us_per_job=$((cpu * 1000000 / $(getconf CLK_TCK) / JOBS))" \
    "peak_mib=$((rss / 1024))"
is "$status" 0 'each is told in time, and once'
serve_stop
is "$serve_status" 0 'and the service stops'
status=0
[ "$failed" -eq 0 ] || status=1
echo "1..$tests"
cat "$tmp/figures"
exit "$status"
