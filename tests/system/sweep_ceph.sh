#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Many jobs whose results lie in Ceph, found by listings: the requests are
# counted in the gateway's own log. A gateway that hangs in between, and a user
# who may not list. JOBS=N sets how many; 5,000 where INTEROP is set.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
. "${abs_top_srcdir:?}/tests/support/ceph.sh"
. "${abs_top_srcdir:?}/tests/support/s3cases.sh"
. "${abs_top_srcdir:?}/tests/support/ceph_jobs.sh"
command -v jq >"$tmp/which" || skip_all 'no jq'
ceph_missing && skip_all "$ceph_missing"
jobs=${JOBS-${INTEROP:+5000}}
jobs=${jobs:-400}
ceph_start
raw 200 PUT "/$bucket"
printf '%s' '{"Version":"2012-10-17","Statement":[{"Effect":"Allow",' \
    '"Principal":{"AWS":["arn:aws:iam:::user/reader"]},' \
    "\"Action\":[\"s3:GetObject\"],\"Resource\":[\"arn:aws:s3:::$bucket/*\"]}]}" \
    >"$tmp/policy"
raw 204 PUT "/$bucket?policy=" "@$tmp/policy"

ceph_results
ceph_as reader
printf %s "$AWS_SECRET_ACCESS_KEY" >"$tmp/reader.key"
reader=$AWS_ACCESS_KEY_ID
ceph_as owner
chmod 600 "$tmp/reader.key"
secret_place "$tmp/reader.key"
cat >>"$tmp/local.conf" <<END
[endpoint many]
command = sleep 0.2
max_concurrent_invocations_per_instance = 32
s3_output_path = s3://$bucket/out
[user reader]
access_key = $reader
secret_key_file = $tmp/reader.key
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

# --- found by listings ---
serve_start
where_metrics
submit_many "$jobs" many
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
submit_many 200 many
ok 'who may not list: all are done' wait_until 120 done_jobs 200
is "$(metric awaitd_listings_denied_total)" 1 'one listing was denied'
is "$(count "$tmp/serve.err" 'results cannot be listed.*s3:ListBucket')" 1 \
    'that is said once, with what would help'
serve_stop
ceph_stop
done_testing
