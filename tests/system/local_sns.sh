#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Notifications of real inferences: after their object, once each, signed by
# what anybody can fetch, and none is lost by kill -9.
# shellcheck disable=SC2317 # what ok and wait_until call
. "${abs_top_srcdir:?}/tests/system/lib.sh"
cd "$tmp" || exit 1
command -v openssl >/dev/null || skip_all 'no openssl'

endpoint told cat "success_topic = $topics:good" "error_topic = $topics:bad" \
    'max_concurrent_invocations_per_instance = 4' \
    'include_inference_response_in = SUCCESS_NOTIFICATION_TOPIC'
endpoint untold "sh -c 'echo broken >&2; exit 3'" \
    "success_topic = $topics:good" "error_topic = $topics:bad"
hook_start hook
local_start

# --- subscribing ---
ok 'a subscription is confirmed by its link' subscribe good
ok 'and one of another topic' subscribe bad

# --- results ---
i=0
missing=0
while [ $i -lt 10 ]; do
	i=$((i + 1))
	printf 'result %s' $i >in
	run submit -e told in
	job=$(cat out)
	wait_until 30 came 'invocationStatus.*Completed' $i ||
	    missing=$((missing + 1))
	place=$(grep -o 's3://bucket/out/[0-9A-Za-z_./-]*' "$tmp/hook.hooks" |
	    tail -n 1)
	"$rawcall" GET "/${place#s3://}" >answer || :
	{ grep -q '^200' answer && grep -q "result $i" answer; } ||
	    missing=$((missing + 1))
	run wait "$job"
	[ "$(cat out)" = "result $i" ] || missing=$((missing + 1))
done
is "$missing" 0 'whoever has a notification finds its object'
is "$(count "$tmp/hook.hooks" 'InferenceResult')" 10 'one came for each'
content=$(grep InferenceResult "$tmp/hook.hooks" | tail -n 1 |
    grep -o 'content[\\":]*[A-Za-z0-9+/=]*' | sed 's/^content[\\":]*//' |
    tail -n 1)
is "$(printf %s "$content" | base64 -d)" 'result 10' \
    'and it carries the response'

# --- a failure ---
run submit -e untold in
run wait "$(cat out)"
is "$status" 3 'the job fails'
wait_until 30 came 'invocationStatus.*Failed'
line=$(grep 'invocationStatus.*Failed' "$tmp/hook.hooks")
like "$line" '*failureReason*ClientError: *' 'the failure is announced'
like "$line" '*responseParameters*failureLocation*s3://bucket/failed/*' \
    'with its place'
like "$line" '*sns:*:bad*' 'to the topic of errors'

# --- the certificate ---
pem=$(grep -o '/SimpleNotificationService-[0-9a-f]*\.pem' "$tmp/hook.hooks" |
    sort -u)
"$rawcall" GET "$pem" --unsigned >answer
sed -n '/BEGIN/,/END/p' answer >cert.pem
ok 'the certificate that messages name is there' \
    openssl x509 -in cert.pem -noout
ok 'and is that of the folder' \
    sh -c 'openssl x509 -in cert.pem | cmp - data/sns.pem'
is "$(stat -c %a data/sns.key)" 600 'the key is private'

# --- what is announced ---
is "$(count "$tmp/hook.hooks" 'TestNotification')" 0 \
    'endpoints were announced before anybody was there'
endpoint third cat "success_topic = $topics:good"
local_stop
local_start
ok 'a new endpoint is announced' wait_until 30 came TestNotification
local_stop
local_start
run submit -e third in
ok 'and works' wait_until 30 came 'endpointName.*third'
is "$(count "$tmp/hook.hooks" 'TestNotification')" 1 'it was announced once'
is "$(grep -o '/SimpleNotificationService-[0-9a-f]*\.pem' \
    "$tmp/hook.hooks" | sort -u)" "$pem" 'the key was kept'

# --- kill -9 between publishing and delivering ---
# Nobody answers while the receiver is stopped: all that is published then is
# on its way when we are killed, or waits for its turn.
kill -STOP "$hook_pid"
before=$(count "$tmp/hook.hooks" 'InferenceResult')
i=0
while [ $i -lt 20 ]; do
	i=$((i + 1))
	printf 'killed %s' $i >in.$i
done
run submit -e told in.*
is "$status" 0 'twenty are accepted'
n=0
while read -r job; do
	run wait "$job"
	[ "$status" -eq 0 ] && n=$((n + 1))
done <<END
$(cat out)
END
is "$n" 20 'and end'
local_kill
kill -CONT "$hook_pid"
local_start
# shellcheck disable=SC2317 # by wait_until
all_told() {
	[ "$(grep InferenceResult "$tmp/hook.hooks" | tail -n +$((before + 1)) |
	    grep -o 'inferenceId[\\":]*[^\\"]*' | sort -u | wc -l)" -ge 20 ]
}
ok 'each is announced after the kill' wait_until 60 all_told
local_stop
is "$local_status" 0 'it stops as it should'
hook_stop "$hook_pid"
done_testing
