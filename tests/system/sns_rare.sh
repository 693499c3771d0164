#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What SNS posts rarely: the end of a subscription that anybody could end, which
# is an alarm, and messages of raw delivery, which nobody signed.
# shellcheck disable=SC2317 # what ok and wait_until call
. "${abs_top_srcdir:?}/tests/system/lib.sh"
cd "$tmp" || exit 1
command -v openssl >/dev/null || skip_all 'no openssl'

endpoint told cat "success_topic = $topics:good"
endpoint raw cat "success_topic = $topics:raw"
cat >>local.conf <<END
[endpoint silent]
command = sh -c 'echo no such luck >&2; exit 3'
s3_output_path = s3://bucket/out
error_topic = $topics:raw
END
hook_secret secret
hook_start jobs --secret-file secret
jobs_port=$hook_port
hook_start hook
local_start
conf() { # PORT LINE...: of [sns]
	cat >serve.conf <<-END
		[metrics]
		listen = 127.0.0.1:0
		[webhook hook]
		url = http://127.0.0.1:$jobs_port/
		allow_networks = 127.0.0.0/8
		secret_file = $tmp/secret
	END
	for name in told raw silent; do
		printf '%s\n' "[endpoint $name]" 'output_path = s3://bucket/out' \
		    'poll_interval = 1h' 'deliver = webhook hook'
	done >>serve.conf
	printf '%s\n' '[sns]' "listen = 127.0.0.1:$1" \
	    "topic = $topics:good, $topics:raw" >>serve.conf
	shift
	printf '%s\n' "$@" >>serve.conf
}
delivered() { # JOB
	has jobs.hooks "$1"
}
arn_of() { # TOPIC: of its first subscription
	sns "Action=ListSubscriptionsByTopic&TopicArn=$topics:$1"
	grep -o "$topics:$1:[0-9a-f-]*" answer | head -n 1
}
printf x >in

# --- somebody ends it ---
# It was confirmed by its link, and then the address became awaitd's.
ok 'a subscription is confirmed without a signature' subscribe good
hook_stop "$hook_pid"
conf "$hook_port" 'path = /good'
serve_start
sns_ready
run submit -e told in
ok 'and works' wait_until 20 delivered "$(cat out)"
is "$(metric awaitd_sns_alarms_total)" 0 'all is well'
arn=$(arn_of good)
confirmed=$(count local.log 'ConfirmSubscription')
"$rawcall" GET "/?Action=Unsubscribe&SubscriptionArn=$arn" --unsigned >answer
like "$(cat answer)" '200*' 'anybody can end it'
ok 'the end is an alarm' wait_until 20 has serve.err \
    " error sns: .*somebody ended the subscription to $topics:good"
ok 'with what can be done' has serve.err "'aws sns subscribe'"
is "$(sns_metric unsubscribed) $(metric awaitd_sns_alarms_total)" '1 1' \
    'and is counted'
is "$(sns_metric confirmed) $(count local.log 'ConfirmSubscription')" \
    "0 $confirmed" 'nothing that it holds was asked for'
is "$(arn_of good)" '' 'so it stays ended'
serve_stop

# --- raw ---
(
	umask 077
	echo 'sns:a long password' >user
	printf 'user = "sns:a long password"\n' >user.curl
)
secret 'a long password'
secret_place "$tmp/user" "$tmp/user.curl"
hook_start hook
subscribe raw
sns "Action=SetSubscriptionAttributes&SubscriptionArn=$(arn_of raw)&AttributeName=RawMessageDelivery&AttributeValue=true"
conf 0 'raw = accept' "user_file = $tmp/user"
serve_start
sns_ready
# What it posts there, with the password that an URL would hold.
carried() { # JOB: sets id and letter
	run submit -e "$1" in
	job=$(cat out)
	wait_until 20 came "$job" || return 1
	grep "$job" hook.hooks | jq -r .body >letter
	id=$(cat /proc/sys/kernel/random/uuid)
}
post() { # TOPIC [CURL OPTION...]: sets code
	post_topic=$1
	shift
	code=$(curl -sS --max-time 20 -o out -w '%{http_code}' "$@" \
	    -H 'x-amz-sns-rawdelivery: true' -H "x-amz-sns-message-id: $id" \
	    -H 'x-amz-sns-message-type: Notification' \
	    -H "x-amz-sns-topic-arn: $topics:$post_topic" \
	    --data-binary @letter "http://127.0.0.1:$sns_port/sns" 2>err)
}
looked() { # JOB: how often its result was asked for
	count local.log " http: method=HEAD .*$1-1"
}
ok 'a result is told of in raw words' carried raw
is "$(jq -r .invocationStatus letter)" Completed 'which have no envelope'
post raw
is "$code $(sns_metric unauthorized)" '401 1' 'who has no password is nobody'
post other --config user.curl
is "$code" 403 'nor is another topic'
is "$(looked "$job")" 0 'nothing was looked for'
post raw --config user.curl
is "$code" 200 'with the password it is taken'
ok 'and the result is delivered at once' wait_until 20 delivered "$job"
before=$(looked "$job")
post raw --config user.curl
is "$code $(sns_metric copy) $(looked "$job")" "200 1 $before" \
    'a copy is known for one'
ok 'a failure is told of, too' carried silent
is "$(jq -r .invocationStatus letter)" Failed 'in such words'
post raw --config user.curl
is "$code" 200 'it is taken'
is_looked_for() {
	[ "$(looked "$job")" -ge 1 ]
}
ok 'it is a reason to look' wait_until 20 is_looked_for
run show "$job"
like "$(cat out)" '*pending*' 'and is not believed'
is "$(sns_metric taken) $(sns_metric malformed)" '2 0' 'all are counted'
serve_stop
is "$serve_status" 0 'it ends well'
done_testing
