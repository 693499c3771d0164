#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Ceph's gateway says 503 SlowDown of its own accord: for a while it may do one
# request at a time, and many jobs are looked at. The requests are counted in
# its own log. JOBS=N sets how many; 2,000 where INTEROP is set.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
. "${abs_top_srcdir:?}/tests/support/ceph.sh"
. "${abs_top_srcdir:?}/tests/support/s3cases.sh"
. "${abs_top_srcdir:?}/tests/support/ceph_jobs.sh"
ceph_missing && skip_all "$ceph_missing"
jobs=${JOBS-${INTEROP:+2000}}
jobs=${jobs:-300}
top=800
ceph_start
raw 200 PUT "/$bucket"
ceph_results
# They begin as they may, and end when they are told to.
cat >"$tmp/model" <<END
echo "\$AWAITD_INFERENCE_ID" >>"$tmp/began"
tries=2000
until [ -e "$tmp/go" ]; do
	tries=\$((tries - 1))
	[ "\$tries" -gt 0 ] || exit 1
	sleep 0.2
done
exec cat
END
endpoint many "sh \"$tmp/model\"" 'max_concurrent_invocations_per_instance = 8'
local_log=info local_start
export AWS_ENDPOINT_URL_S3="$ceph_url"
cat >"$tmp/serve.conf" <<END
[awaitd]
bucket_requests_per_second = $top
[metrics]
listen = 127.0.0.1:0
[endpoint many]
poll_interval = 1s
sweep = never
END

# shellcheck disable=SC2317 # by wait_until
looked() { # N: looks
	[ "$(metric 'awaitd_bucket_requests_total{kind="head"}')" -ge "$1" ]
}
rate() {
	metric awaitd_bucket_requests_per_second
}
# shellcheck disable=SC2317 # by wait_until
slower_than() {
	[ "$(rate)" -lt "$1" ]
}
# shellcheck disable=SC2317 # by wait_until
faster_than() {
	[ "$(rate)" -gt "$1" ]
}
ended() { # jobs, however
	curl -sS --max-time 20 "http://127.0.0.1:$metrics_port/metrics" |
	    awk '/^awaitd_jobs_done_total/ { n += $2 } END { print n + 0 }'
}

# --- it has room ---
serve_start
where_metrics
submit_many "$jobs" many
ok 'all are looked at' wait_until 60 looked "$((jobs * 2))"
is "$(metric awaitd_bucket_slow_downs_total) $(rate)" "0 $top" \
    'while the gateway has room, nothing is slowed down'

# --- it has none ---
ceph_at_once 1
ok 'it has none: the rate falls' wait_until 60 slower_than "$((top / 4))"
is "$(ended)" 0 'and no job ends for it'
touch "$tmp/go"
ok 'results are found meanwhile' wait_until 60 done_jobs 10
slow=$(rate)

# --- it has room again ---
ceph_at_once 1024
ok 'it has room again: the rate rises' \
    wait_until 60 faster_than "$((slow + top / 20))"
ok 'all are done' wait_until "${PATIENCE-120}" done_jobs "$jobs"
is "$(ended)" "$jobs" 'each of them well'
is "$(metric awaitd_looks_waiting)" 0 'no look waits'

# --- as the gateway counted ---
# It writes its log behind its answers.
# shellcheck disable=SC2317 # by wait_until
all_logged() {
	[ "$(asked "HEAD /$bucket/")" -ge \
	    "$(metric 'awaitd_bucket_requests_total{kind="head"}')" ]
}
wait_until 20 all_logged
refused=$(asked "(HEAD|GET) [^\"]*\" 503 ")
looks=$(asked "HEAD /$bucket/")
is "$(metric 'awaitd_bucket_requests_total{kind="head"}')" "$looks" \
    'as many looks as the gateway counted'
is "$(metric awaitd_bucket_slow_downs_total)" "$refused" \
    'each 503 of its log was heard, and no other'
is "$(awk -v bucket="$bucket" '
	match($0, "\"HEAD /" bucket "/out/[^ ]*") {
	    last[substr($0, RSTART, RLENGTH)] = $0 }
	END { for (place in last) n += last[place] ~ /" 200 /; print n + 0 }' \
    "$ceph/run/client.rgw.log")" "$jobs" \
    'no look is lost: the last one of each place found it'
serve_stop
is "$serve_status" 0 'the service ends well'
is "$(grep -c . "$tmp/began") $(sort -u "$tmp/began" | grep -c .)" \
    "$jobs $jobs" 'each ran once'
grep -o ' job=[0-9a-z]* from=.* to=done outcome=ok ' "$tmp/serve.log" \
    >"$tmp/ends"
is "$(grep -c . "$tmp/ends") $(sort -u "$tmp/ends" | grep -c .)" \
    "$jobs $jobs" 'each ended once'

# --- as the log has it ---
grep 'this is too fast' "$tmp/serve.log" >"$tmp/halved"
halved=$(grep -c . "$tmp/halved")
sed -n 's/.*requests_per_second=//p' "$tmp/halved" >"$tmp/rates"
is "$(head -n 1 "$tmp/rates")" "$((top / 2))" 'it is halved at first'
# What halves it again comes a second later, when it has risen a little.
is "$(awk 'NR > 1 && 2 * $1 <= last { print last, "->", $1 } { last = $1 }' \
    "$tmp/rates")" '' 'and once for the looks that were under way'
ok 'not once for each look' test "$refused" -gt "$((halved * 2))"
is "$(count "$tmp/serve.log" ' warn .*(too fast|503)')" 1 \
    'one warning tells of it'
echo "# jobs=$jobs looks=$looks refused=$refused halved=$halved slowest=$slow"
ceph_stop
done_testing
