#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Many jobs through the worker: all delivered, none twice, and the log, the
# metrics and `awaitd list` agree. "make campaign-many" does it with 10,000.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
jobs=${JOBS-500}
export MAX_CONCURRENT=8
sed -i 's/^command = true$/&\nmax_concurrent_invocations_per_instance = 16/' "$tmp/local.conf"
local_start
hook_secret "$tmp/secret"
hook_start hook --secret-file "$tmp/secret"
cat >"$tmp/serve.conf" <<END
[metrics]
listen = 127.0.0.1:0
[endpoint nothing]
poll_start = 200ms
poll_max = 2s
deliver = webhook hook
[webhook hook]
url = http://127.0.0.1:$hook_port/
allow_networks = 127.0.0.0/8
secret_file = $tmp/secret
max_in_flight = 32
END
serve_start
where_metrics

began=$(date +%s)
submit_many "$jobs" nothing

# shellcheck disable=SC2317 # by wait_until
all_delivered() {
	[ "$(metric 'awaitd_deliveries_ended_total{state="delivered"}')" = "$jobs" ]
}
ok 'all are delivered' wait_until "${PATIENCE-120}" all_delivered
ended=$(date +%s)

is "$(wc -l <"$tmp/hook.hooks")" "$jobs" 'the receiver got as many'
is "$(jq -r .id "$tmp/hook.hooks" | sort -u | wc -l)" "$jobs" 'none twice'
is "$(jq -r .verified "$tmp/hook.hooks" | sort | uniq -c | tr -s ' ')" \
    " $jobs true" 'all verified'
is "$(accepted)" "$jobs" 'each was submitted once'
is "$(metric awaitd_jobs_submitted_total)" "$jobs" 'the metrics count the jobs'
is "$(metric 'awaitd_jobs_done_total{outcome="ok"}')" "$jobs" 'and their ends'
is "$(count "$tmp/serve.err" ' from=pending to=done outcome=ok')" "$jobs" \
    'the log has a line for the end of each'
is "$(count "$tmp/serve.err" 'delivery=.* from=waiting to=delivered')" \
    "$jobs" 'and for each delivery'
"$awaitd" list --json >"$tmp/list"
is "$(jq -r 'select(.outcome == "ok") | .job' "$tmp/list" | sort -u | wc -l)" \
    "$jobs" 'awaitd list has them all'
"$awaitd" deliveries --json --state delivered >"$tmp/list"
is "$(jq -r .delivery "$tmp/list" | sort -u | wc -l)" "$jobs" \
    'awaitd deliveries, too'
is "$(metric awaitd_deliveries_waiting)" 0 'nothing waits'
rss=$(awk '/^VmHWM/ { print $2 }' "/proc/$serve_pid/status")
serve_stop
is "$serve_status" 0 'the service ends well'
echo "# jobs=$jobs seconds=$((ended - began)) peak_kib=$rss"
done_testing
