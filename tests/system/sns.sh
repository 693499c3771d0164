#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Notifications from awaitd-local's SNS, over http and https, to a service that
# would look for nothing by itself for an hour.
# shellcheck disable=SC2317 # what ok and wait_until call
. "${abs_top_srcdir:?}/tests/system/lib.sh"
cd "$tmp" || exit 1
command -v openssl >/dev/null || skip_all 'no openssl'
support=$abs_top_builddir/tests/support

# A CA of our own, and what it says of 127.0.0.1.
make_ca() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout ca.key -out ca.pem -days 2 -subj '/CN=the tests' 2>/dev/null
}
make_certificate() { # NAME
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout new.key -out new.csr -subj "/CN=$1" 2>/dev/null &&
	    echo 'subjectAltName = IP:127.0.0.1' >new.ext &&
	    openssl x509 -req -in new.csr -CA ca.pem -CAkey ca.key -days 1 \
		-extfile new.ext -out new.pem 2>/dev/null &&
	    chmod 600 new.key && mv new.pem server.pem && mv new.key server.key
}
make_ca
make_certificate first

endpoint told cat "success_topic = $topics:good" "error_topic = $topics:bad"
endpoint breaks false "success_topic = $topics:good" \
    "error_topic = $topics:bad"
printf '[local]\nca_file = %s\n' "$tmp/ca.pem" >>local.conf
hook_secret secret
hook_start jobs --secret-file secret
local_start
conf() { # LINE...: of [sns]
	cat >serve.conf <<-END
		[metrics]
		listen = 127.0.0.1:0
		[webhook hook]
		url = http://127.0.0.1:$hook_port/
		allow_networks = 127.0.0.0/8
		secret_file = $tmp/secret
		[endpoint told]
		output_path = s3://bucket/out
		poll_start = 1h
		poll_max = 1h
		deliver = webhook hook
		[endpoint breaks]
		poll_start = 1h
		poll_max = 1h
		deliver = webhook hook
		[sns]
		listen = 127.0.0.1:0
		topic = $topics:good, $topics:bad
	END
	[ $# -eq 0 ] || printf '%s\n' "$@" >>serve.conf
}
start_listening() {
	serve_start
	sns_ready
}
subscribe_us() { # PROTOCOL TOPIC
	sns "Action=Subscribe&TopicArn=$topics:$2&Protocol=$1&Endpoint=$1%3A%2F%2F127.0.0.1%3A$sns_port%2Fsns"
	wait_until 20 has serve.err "subscription confirmed.* topic=$topics:$2 "
}
delivered() { # JOB
	has jobs.hooks "$1"
}
# It is looked for in an hour, so that whoever ends it was told.
told() { # ENDPOINT
	run submit -e "$1" in
	job=$(cat out)
	wait_until 15 delivered "$job"
}
post() { # URL [CURL OPTION...]
	post_url=$1
	shift
	code=$(curl -sS --max-time 20 -o out -D answer.head -w '%{http_code}' "$@" \
	    "$post_url" 2>err)
}
printf x >in

# --- what is missing is said ---
begins() { # LINE WORDS NAME: of [sns]
	conf "$1"
	[ "$1" != '!topic' ] || sed -i '/^!topic\|^topic/d' serve.conf
	run serve --config serve.conf
	like "$status $err" "2 *$2*" "$3"
}
begins '!topic' 'no topic is believed' 'no topic'
begins 'raw = accept' 'raw messages are not signed' 'raw, and anybody'
begins "certificate_file = $tmp/server.pem" 'there is no private_key_file' \
    'half of what https needs'
chmod 644 server.key
begins "certificate_file = $tmp/server.pem
private_key_file = $tmp/server.key" "chmod 600 $tmp/server.key" \
    'a key that others can read'
chmod 600 server.key
begins "user_file = $tmp/nothing" 'user_file' 'a password that is not there'

# --- http ---
conf
start_listening
ok 'a subscription is confirmed by the service' subscribe_us http good
ok 'and one of another topic' subscribe_us http bad
sns "Action=ListSubscriptionsByTopic&TopicArn=$topics:good"
arn=$(grep -o "$topics:good:[0-9a-f-]*" answer | head -n 1)
like "$(cat serve.err)" "*subscription=$arn*" 'its ARN is in the log'
"$rawcall" GET "/?Action=Unsubscribe&SubscriptionArn=$arn" --unsigned >answer
like "$(cat answer)" '403*' 'nobody can end it by the UnsubscribeURL'
ok 'a result is delivered at once' told told
ok 'a failure, too' told breaks
run show "$job"
like "$(cat out)" '*failed*' 'as one'
is "$(sns_metric taken)" 2 'both notifications were taken'
is "$(sns_metric confirmed) $(metric awaitd_sns_alarms_total)" '2 0' \
    'both subscriptions are counted'
post "http://127.0.0.1:$sns_port/sns"
is "$code" 405 'only POST is taken'
post "http://127.0.0.1:$sns_port/sns" -d '{}'
is "$code" 400 'and only messages'

# --- whoever forges one ---
openssl genrsa -out forger.key 2048 2>/dev/null
"$support/snspeer" write forged forger.key "$(sns_certificate)" \
    "$topics:good" 1
post "http://127.0.0.1:$sns_port/sns" --data-binary @forged
is "$code $(cat out)" '403 forbidden' 'a forgery is told nothing'
has serve.err 'not to be believed.*signature' ||
    report 1 'but the log says why'
"$support/snspeer" write real data/sns.key "$(sns_certificate)" \
    "$topics:good" 1
post "http://127.0.0.1:$sns_port/sns" --data-binary @real
is "$code" 200 'the same from SNS is not'
post "http://127.0.0.1:$sns_port/sns" --data-binary @real \
    -H 'x-amz-sns-rawdelivery: true'
is "$code" 400 'raw delivery is refused'

# --- version 2, and never again 1 ---
sns "Action=SetTopicAttributes&TopicArn=$topics:good&AttributeName=SignatureVersion&AttributeValue=2"
ok 'version 2 is taken' told told
sns "Action=SetTopicAttributes&TopicArn=$topics:good&AttributeName=SignatureVersion&AttributeValue=1"
"$support/snspeer" write real data/sns.key "$(sns_certificate)" \
    "$topics:good" 2
head -n 1 real >first
tail -n 1 real >second
post "http://127.0.0.1:$sns_port/sns" --data-binary @first
is "$code" 403 'then not version 1 any more'
serve_stop
is "$serve_status" 0 'it ends well'
start_listening
post "http://127.0.0.1:$sns_port/sns" --data-binary @second
is "$code" 403 'nor behind a restart'
serve_stop

# --- https ---
(
	umask 077
	echo 'sns:a long password' >user
)
secret 'a long password'
secret_place "$tmp/user"
sns "Action=SetTopicAttributes&TopicArn=$topics:good&AttributeName=SignatureVersion&AttributeValue=2"
conf "certificate_file = $tmp/server.pem" "private_key_file = $tmp/server.key"
start_listening
ok 'https is subscribed, too' subscribe_us https good
ok 'and a result delivered at once' told told
url=https://127.0.0.1:$sns_port/sns
post "$url" --cacert ca.pem -d '{}'
is "$code" 400 'others see the certificate that is ours'
post "http://127.0.0.1:$sns_port/sns" -d '{}'
is "$code" 000 'plain http is not spoken there'
make_certificate second
ok 'a renewed one is taken' wait_until 30 has serve.err \
    'took the new certificate'
is "$(openssl s_client -connect "127.0.0.1:$sns_port" -CAfile ca.pem \
    </dev/null 2>/dev/null | openssl x509 -noout -subject |
    sed 's/.*= *//')" second 'without a restart'
ok 'and SNS goes on' told told
echo nothing >server.pem
ok 'what is none is told' wait_until 30 has serve.err \
    'the old certificate stays'
ok 'and changes nothing' told told
make_certificate third
serve_stop

# --- with a password ---
conf "user_file = $tmp/user"
start_listening
url=http://127.0.0.1:$sns_port/sns
post "$url" -d '{}'
is "$code $(tr -d '\r' <answer.head | sed -n 's/^WWW-Authenticate: \(Basic\).*/\1/p')" \
    '401 Basic' 'a password is asked for'
printf 'user = "sns:a long password"\n' >user.curl
secret_place "$tmp/user.curl"
post "$url" -d '{}' --config user.curl
is "$code" 400 'and taken'
serve_stop
is "$serve_status" 0 'it ends well'
hook_stop "$hook_pid"
done_testing
