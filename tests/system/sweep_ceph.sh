#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Many jobs whose results lie in Ceph, found by listings: the requests are
# counted in the gateway's own log. A gateway that hangs in between, and a user
# who may not list. JOBS=N sets how many; 5,000 where INTEROP is set.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
. "${abs_top_srcdir:?}/tests/support/ceph.sh"
. "${abs_top_srcdir:?}/tests/support/s3cases.sh"
command -v jq >"$tmp/which" || skip_all 'no jq'
ceph_missing && skip_all "$ceph_missing"
jobs=${JOBS-${INTEROP:+5000}}
jobs=${jobs:-400}
ceph_start
secret_place "$tmp/local.conf" "$tmp/owner.key" "$tmp/reader.key" "$tmp/raw"
raw 200 PUT "/$bucket"
printf '%s' '{"Version":"2012-10-17","Statement":[{"Effect":"Allow",' \
    '"Principal":{"AWS":["arn:aws:iam:::user/reader"]},' \
    "\"Action\":[\"s3:GetObject\"],\"Resource\":[\"arn:aws:s3:::$bucket/*\"]}]}" \
    >"$tmp/policy"
raw 204 PUT "/$bucket?policy=" "@$tmp/policy"

printf %s "$AWS_SECRET_ACCESS_KEY" >"$tmp/owner.key"
owner=$AWS_ACCESS_KEY_ID
ceph_as reader
printf %s "$AWS_SECRET_ACCESS_KEY" >"$tmp/reader.key"
reader=$AWS_ACCESS_KEY_ID
ceph_as owner
chmod 600 "$tmp/owner.key" "$tmp/reader.key"
cat >>"$tmp/local.conf" <<END
[endpoint many]
command = sleep 0.2
max_concurrent_invocations_per_instance = 32
s3_output_path = s3://$bucket/out
[user owner]
access_key = $owner
secret_key_file = $tmp/owner.key
[user reader]
access_key = $reader
secret_key_file = $tmp/reader.key
[s3]
endpoint = $ceph_url
access_key = $owner
secret_key_file = $tmp/owner.key
END
export MAX_CONCURRENT=32
local_log=info local_start
export AWS_ENDPOINT_URL_S3="$ceph_url"
cat >"$tmp/serve.conf" <<END
[metrics]
listen = 127.0.0.1:0
[endpoint many]
output_path = s3://$bucket/out
END

submit() { # N: one curl, many requests over kept connections
	awk -v n="$1" -v socket="$socket" 'BEGIN {
		for (i = 0; i < n; i++) {
			if (i)
				print "next"
			printf "url = \"http://awaitd/v1/jobs\"\n"
			printf "unix-socket = \"%s\"\n", socket
			print "request = POST"
			print "header = \"Awaitd-Endpoint: many\""
			print "header = \"Content-Type: text/plain\""
			printf "data = \"job %d\"\n", i
			print "output = /dev/null"
			print "write-out = \"%{http_code}\\n\""
			print "silent"
		}
	}' >"$tmp/curl.conf"
	curl --no-progress-meter --parallel --parallel-max 32 \
	    -K "$tmp/curl.conf" >"$tmp/codes" 2>"$tmp/curl.err"
	is "$(sort "$tmp/codes" | uniq -c | tr -s ' ')" " $1 201" \
	    "$1 jobs are taken"
}
metric() { # NAME{LABELS}
	curl -sS --max-time 20 "http://$metrics/metrics" |
	    awk -v name="$1" '$1 == name { print $2 }'
}
# shellcheck disable=SC2317 # by wait_until
done_jobs() {
	[ "$(metric 'awaitd_jobs_done_total{outcome="ok"}')" -ge "$1" ]
}
where_metrics() {
	metrics=$(sed -n 's/.*metrics are at \([0-9.:]*\).*/\1/p' \
	    "$tmp/serve.err" | tail -n 1)
}
asked() { # REGEX: requests in the gateway's log, but for the other side's
	cat "$ceph"/run/*.log | grep -cE "beast: .*\"$1" || :
}

# --- found by listings ---
serve_start
where_metrics
submit "$jobs"
ceph_hang
sleep 1
ceph_go_on
ok 'all are done' wait_until "${PATIENCE-240}" done_jobs "$jobs"
# The gateway writes its log behind its answers.
# shellcheck disable=SC2317 # by wait_until
all_logged() {
	lists=$(asked "GET /${bucket}[?/]+[^ ]*list-type=2")
	[ "$lists" = "$(metric 'awaitd_bucket_requests_total{kind="list"}')" ]
}
wait_until 20 all_logged
lists=$(asked "GET /${bucket}[?/]+[^ ]*list-type=2")
heads=$(asked "HEAD /$bucket/out/")
gets=$(asked "GET /$bucket/out/")
ok 'there were listings' test "$lists" -ge 1
ok 'a look each, and few more' test "$((heads + gets))" -le "$((jobs * 2))"
is "$(metric 'awaitd_bucket_requests_total{kind="list"}')" "$lists" \
    'the metrics count as many listings as the gateway'
ok 'listings found most' \
    test "$(metric awaitd_listed_jobs_total)" -ge "$((jobs / 2))"
echo "# requests=$((lists + heads + gets)) lists=$lists heads=$heads" \
    "gets=$gets jobs=$jobs"
serve_stop
is "$serve_status" 0 'the service ends well'

# --- who may not list ---
ceph_as reader
serve_start
where_metrics
submit 200
ok 'who may not list: all are done' wait_until 120 done_jobs 200
is "$(metric awaitd_listings_denied_total)" 1 'one listing was denied'
is "$(count "$tmp/serve.err" 'results cannot be listed.*s3:ListBucket')" 1 \
    'that is said once, with what would help'
serve_stop
ceph_stop
done_testing
