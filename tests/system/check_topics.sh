#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# awaitd check: what it says of topics, and of our subscriptions to them.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
command -v openssl >/dev/null || skip_all 'no openssl'
cd "$tmp" || exit 1
hook_start hook
echo '[queue bell]' >>local.conf
local_start

row() { # CHECK [SUBJECT]: "status: detail", and the remedy behind "="
	jq -r --arg c "$1" --arg s "${2:-}" 'select(.check == $c and
	    (.subject | endswith($s))) | "\(.status): \(.detail)=\(.remedy)"' \
	    out
}
check() { # [LINE...]: of [sns], with a path of its own or not
	case "$*" in
	*'path = '*) path= ;;
	*) path='path = /good' ;;
	esac
	printf '%s\n' '[sns]' 'listen = 127.0.0.1:1' "$path" "$@" >c.conf
	run check -c c.conf --json
}

sns "Action=CreateTopic&Name=good"
sns "Action=CreateTopic&Name=bare"
sns "Action=CreateTopic&Name=mute"

check
is "$(jq -r .check out | grep -cE 'topic|subscription')" 0 \
    'where none is configured none is asked'

check "topic = $topics:good, $topics:none"
is "$status" 1 'a topic that is not there fails'
like "$(row topic :none)" \
    'fail: GetTopicAttributes: NotFound*=Create it, or correct topic in [[]sns].' \
    '... with what to do'
like "$(row subscription :none)" 'fail: *NotFound*' '... in both rows'
like "$(row topic :good)" \
    'warn: is there; signs with SHA-1*=*SignatureVersion to 2.' \
    'the version of signatures is told'
like "$(row subscription :good)" \
    "warn: none of its subscriptions is ours=Run: aws sns subscribe --region us-east-1 --protocol http --topic-arn $topics:good --notification-endpoint http://HOST:1/good (behind*" \
    'a subscription that is missing, and how it is made'
check "topic = $topics:good" 'certificate_file = c.pem' \
    'private_key_file = k.pem' 'user_file = user'
like "$(row subscription :good)" \
    "*--protocol https --topic-arn $topics:good --notification-endpoint https://USER:PASSWORD@HOST:1/good" \
    '... with TLS and a password'

check "topic = $topics:good" 'signature_version = 2'
is "$status" 1 'SHA-1 where it is refused fails'
like "$(row topic)" 'fail: *[[]sns] signature_version = 2 refuses*' '... and why'

sns "Action=SetTopicAttributes&TopicArn=$topics:good&AttributeName=SignatureVersion&AttributeValue=2"
check "topic = $topics:good"
is "$status $(row topic)" '0 ok: is there; signs with SHA-256=' \
    'a topic that is well'

# --- subscriptions ---
sns "Action=Subscribe&TopicArn=$topics:good&Protocol=http&Endpoint=http%3A%2F%2F127.0.0.1%3A$hook_port%2Fgood"
check "topic = $topics:good"
like "$(row subscription)" \
    "warn: http://127.0.0.1:$hook_port/good; it waits for its confirmation=Start awaitd serve*" \
    'one that is not confirmed'
ok 'it is confirmed by its link' subscribe good
arn=$(grep -o "$topics:good:[0-9a-f-]*" answer | head -n 1)
check "topic = $topics:good"
is "$status" 0 'what could be better fails nothing'
like "$(row subscription)" \
    "warn: http://127.0.0.1:$hook_port/good; confirmed; anybody who sees a message may end it; 3 retries in 1 m 00 s; no dead-letter queue=*" \
    'what is not well with one'
like "$(row subscription)" '*AuthenticateOnUnsubscribe*DeliveryPolicy*RedrivePolicy*' \
    '... and what helps'

sns "Action=SetSubscriptionAttributes&SubscriptionArn=$arn&AttributeName=DeliveryPolicy&AttributeValue=%7B%22healthyRetryPolicy%22%3A%7B%22numRetries%22%3A50%2C%22minDelayTarget%22%3A5%2C%22maxDelayTarget%22%3A120%7D%7D"
check "topic = $topics:good"
like "$(row subscription)" '*; 50 retries in * m * s; *' 'a longer policy'
is "$(row subscription | grep -c 'more retries')" 0 '... is long enough'

sns "Action=SetSubscriptionAttributes&SubscriptionArn=$arn&AttributeName=RawMessageDelivery&AttributeValue=true"
check "topic = $topics:good"
is "$status" 1 'raw delivery fails where it is refused'
like "$(row subscription)" '*delivers raw*=*RawMessageDelivery to false*' \
    '... and is told'

# Both ways.
sns "Action=Subscribe&TopicArn=$topics:good&Protocol=sqs&Endpoint=arn%3Aaws%3Asqs%3Aus-east-1%3A123456789012%3Abell"
check "topic = $topics:good" '[sqs]' \
    "queue_url = http://127.0.0.1:$port/123456789012/bell"
like "$(row subscription)" '*/good; confirmed; *' \
    'where a queue is subscribed, too, the address is told'
like "$(row subscription)" '*arn:aws:sqs:us-east-1:123456789012:bell; confirmed*' \
    '... and so is the queue'

# Of another path, and of another kind.
check "topic = $topics:good" 'path = /elsewhere'
like "$(row subscription)" 'warn: none of its subscriptions is ours=*' \
    'one that posts to another path is not ours'
printf '[sns]\ntopic = %s\n[sqs]\nqueue_url = http://127.0.0.1:%s/123456789012/q\n' \
    "$topics:good" "$port" >c.conf
run check -c c.conf --json
like "$(row subscription)" 'warn: *=Subscribe a queue of [[]sqs] queue_url*' \
    'without a listener it is a queue'
printf '[sns]\ntopic = %s\n' "$topics:good" >c.conf
run check -c c.conf --json
like "$(row subscription)" 'warn: nothing here takes messages=Set listen*' \
    'without both it is said'

# --- many ---
i=0
while [ $i -lt 105 ]; do
	i=$((i + 1))
	sns "Action=Subscribe&TopicArn=$topics:mute&Protocol=http&Endpoint=http%3A%2F%2F127.0.0.1%3A1%2F$i"
done
sns "Action=Subscribe&TopicArn=$topics:mute&Protocol=http&Endpoint=http%3A%2F%2F127.0.0.1%3A1%2Fzz%2Fgood"
check "topic = $topics:mute" 'path = /zz/good'
like "$(row subscription)" 'warn: http://127.0.0.1:1/zz/good; it waits for its confirmation=*' \
    'the second page is read, too'

# --- trouble ---
AWS_SECRET_ACCESS_KEY=wrong-secret-key-of-nobody run check -c c.conf --json
is "$status" 1 'a wrong key fails'
like "$(row topic)" 'fail: GetTopicAttributes: SignatureDoesNotMatch*' \
    '... and is told'

done_testing
