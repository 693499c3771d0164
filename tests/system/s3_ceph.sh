#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Ceph's S3 gateway, and its STS: every verb, keys of every kind, sessions,
# clocks, a gateway that hangs, and a job whose input and result lie there.
# LARGE=MIB sets how large the large object is.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
. "${abs_top_srcdir:?}/tests/support/ceph.sh"
. "${abs_top_srcdir:?}/tests/support/s3cases.sh"
command -v jq >"$tmp/which" || skip_all 'no jq'
command -v openssl >"$tmp/which" || skip_all 'no openssl'
ceph_missing && skip_all "$ceph_missing"
ceph_start
raw 200 PUT "/$bucket"

cases_verbs
cases_absent ''
cases_keys
cases_presigned
cases_parts
cases_large "${LARGE:-256}"
cases_clock
cases_refused

# --- what Ceph does not look at ---
AWS_REGION=eu-west-7 probe head "s3://$bucket/clock"
gap 'another region than the bucket is in: followed' \
    'it takes every region for its own' [ "$(said ok)" = true ]
probe head "s3://$bucket/clock" --owner=123456789012
gap "somebody else's bucket, where an owner is expected: refused" \
    'it does not read x-amz-expected-bucket-owner' [ "$(said ok)" = true ]

# --- 403 and 404 ---
policy() { # ACTION RESOURCE: what the reader may do, and no more
	cat >"$tmp/policy" <<-END
		{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
		"Principal":{"AWS":["arn:aws:iam:::user/reader"]},
		"Action":["$1"],"Resource":["arn:aws:s3:::$bucket$2"]}]}
	END
	ceph_as owner
	raw 204 PUT "/$bucket?policy=" "@$tmp/policy"
	ceph_as reader
}
ceph_as reader
probe get "s3://$bucket/clock" "$tmp/got"
is "$(said ok code class remote)" 'false auth auth AccessDenied' \
    'a reader without rights: refused'
policy s3:GetObject '/*'
probe get "s3://$bucket/clock" "$tmp/got"
is "$(said ok)" true 'a reader who may read, what is there'
probe head "s3://$bucket/nothing"
is "$(said ok class status)" 'false ambiguous 403' \
    'a reader who may read and not list, what is not there: 403'
probe list "s3://$bucket"
is "$(said ok code remote)" 'false auth AccessDenied' \
    'a reader who may not list: refused'
policy s3:ListBucket ''
probe head "s3://$bucket/nothing"
is "$(said ok class status)" 'false not-found 404' \
    'a reader who may list, what is not there: 404'
ceph_as owner

# --- sessions ---
cat >"$tmp/config" <<END
[profile owner]
aws_access_key_id = $AWS_ACCESS_KEY_ID
aws_secret_access_key = $AWS_SECRET_ACCESS_KEY
[profile worker]
source_profile = owner
role_arn = arn:aws:iam:::role/worker
role_session_name = a-session
END
secret_place "$tmp/config" "$tmp/raw" "$tmp/secret.key"
as_worker() {
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	export AWS_CONFIG_FILE="$tmp/config" AWS_PROFILE=worker
}
as_owner() {
	unset AWS_CONFIG_FILE AWS_PROFILE
	ceph_as owner
}
as_worker
probe source
is "$(said ok session)" 'true true' 'a role, assumed by STS: a session'
probe put "s3://$bucket/session +%/é" "$tmp/in"
is "$(said ok)" true 'a session: put'
rm -f "$tmp/got"
probe get "s3://$bucket/session +%/é" "$tmp/got"
same "$tmp/in" "$tmp/got" 'a session: get, the same bytes'
probe list "s3://$bucket/session" --max-keys=1
is "$(said ok 'keys[0].key')" 'true session +%/é' 'a session: list'
probe presign "s3://$bucket/session +%/é"
fetch_url
is "$code" 200 'a session: a presigned URL'
ok 'a session: its URL holds no longer than itself' \
    test "$(said valid_s)" -le 300
as_owner

# The token is what its server encrypted with the key that we gave it: one
# whose time is over is made of a good one.
sts_cipher() {
	openssl enc -aes-128-cbc "$@" -iv "$(hex cephsageyudagreg)" \
	    -K "$(hex "$ceph_sts_key")"
}
hex() {
	printf %s "$1" | od -An -v -tx1 | tr -d ' \n'
}
# shellcheck disable=SC2317 # in what is exported
part() {
	sed -n "s/.*<$1>\(.*\)<\/$1>.*/\1/p" "$tmp/raw"
}
printf '%s' 'Version=2011-06-15&Action=AssumeRole&RoleSessionName=a-session' \
    '&DurationSeconds=900&RoleArn=arn%3Aaws%3Aiam%3A%3A%3Arole%2Fworker' \
    >"$tmp/form"
raw 200 POST / --service=sts \
    'Content-Type: application/x-www-form-urlencoded' "@$tmp/form"
AWS_ACCESS_KEY_ID=$(part AccessKeyId)
AWS_SECRET_ACCESS_KEY=$(part SecretAccessKey)
AWS_SESSION_TOKEN=$(part SessionToken)
export AWS_SESSION_TOKEN
probe head "s3://$bucket/clock"
is "$(said ok)" true 'a session from the environment'
AWS_SECRET_ACCESS_KEY=wrong probe get "s3://$bucket/clock" "$tmp/got"
is "$(said ok code class)" 'false auth auth' 'a session, and a wrong secret: refused'
old=$(printf %s "$AWS_SESSION_TOKEN" | openssl base64 -d -A | sts_cipher -d |
    LC_ALL=C sed "s/$(date +%Y)-/2020-/" | sts_cipher -e | openssl base64 -A)
AWS_SESSION_TOKEN=$old probe get "s3://$bucket/clock" "$tmp/got"
is "$(said ok code class)" 'false auth auth' \
    'a session whose time is over: refused'
gap 'a session whose time is over: ExpiredToken' \
    'it says InvalidAccessKeyId' refused auth InvalidAccessKeyId 403
AWS_SESSION_TOKEN=garbled probe get "s3://$bucket/clock" "$tmp/got"
is "$(said ok code class)" 'false auth auth' 'a garbled token: refused'
like "$(said hint)" '?*' 'a garbled token: what to do'
as_owner

# --- a gateway that hangs ---
ceph_hang
"$s3probe" head "s3://$bucket/clock" >"$tmp/hung" 2>>"$tmp/all.err" &
hung=$!
pids="$pids $hung"
# shellcheck disable=SC2317 # by wait_until
asked() { # what the stopped gateway was sent waits in its socket
	awk -v at="$(echo "$ceph_host" | awk -F. '{
	    printf "%02X%02X%02X%02X:%04X", $4, $3, $2, $1, 7480 }')" '
	$2 == at && $4 == "01" && $5 !~ /:00000000$/ { found = 1 }
	END { exit !found }' /proc/net/tcp
}
wait_until 20 asked
ceph_go_on
wait "$hung"
is "$(jq .ok "$tmp/hung")" true 'a gateway that hangs and goes on: so does the call'

if [ -n "${INTEROP-}" ]; then
	ceph_hang
	probe head "s3://$bucket/clock"
	ceph_go_on
	is "$(said ok code retryable)" 'false timeout true' \
	    'a gateway that hangs for good: the call ends by its time-out'
	probe head "s3://$bucket/clock"
	is "$(said ok)" true 'a gateway that hung for good, and is back'
fi

# --- a job ---
printf %s "$AWS_SECRET_ACCESS_KEY" >"$tmp/secret.key"
chmod 600 "$tmp/secret.key"
cat >>"$tmp/local.conf" <<END
[user owner]
access_key = $AWS_ACCESS_KEY_ID
secret_key_file = $tmp/secret.key
[s3]
endpoint = $ceph_url
access_key = $AWS_ACCESS_KEY_ID
secret_key_file = $tmp/secret.key
END
sed -i "s|^\\[endpoint cat\\]|&\\ninput_prefix = s3://$bucket/inputs/a b|" \
    "$HOME/.config/awaitd/awaitd.conf"
local_start
export AWS_ENDPOINT_URL_S3="$ceph_url"
bytes 300000 "$tmp/in"
run invoke -e cat "$tmp/in"
same "$tmp/in" "$tmp/out" 'a job: its input and its result lie there'
probe list "s3://$bucket/inputs/a b/"
is "$(said 'keys | length' 'keys[0].size')" '1 300000' 'a job: the input was uploaded'
probe list "s3://$bucket/out/"
is "$(said 'keys | length' 'keys[0].size')" '1 300000' 'a job: the result was written'
run submit -e cat "$tmp/in"
job=$(job_of "$(cat "$tmp/out")")
run wait "$job"
run result "$job"
same "$tmp/in" "$tmp/out" 'a job: submitted, waited for, and its result read'
echo 'some words' >"$tmp/words"
run invoke -e words "$tmp/words"
is "$status" 3 'a job that fails: so it says'
run invoke -e slow --timeout 1s "$tmp/words"
is "$status" 4 'a result that does not come: the wait ends in time'
cases_end Ceph
ceph_stop
done_testing
