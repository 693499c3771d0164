#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# awaitd check: what it says of queues, and that nothing is taken from them.
# shellcheck disable=SC2317 # what ok and wait_until call
. "${abs_top_srcdir:?}/tests/system/lib.sh"
cd "$tmp" || exit 1
cat >local.conf <<END
[queue told]
topic = $topics:good
[queue alone]
END
local_start

row() { # CHECK [SUBJECT]: "status: detail", and the remedy behind "="
	jq -r --arg c "$1" --arg s "${2:-}" 'select(.check == $c and
	    (.subject | endswith($s))) | "\(.status): \(.detail)=\(.remedy)"' \
	    out
}
url() { # QUEUE
	echo "http://127.0.0.1:$port/123456789012/$1"
}
sqs() { # ACTION JSON: a signed call; the answer in $tmp/answer
	printf %s "$2" >ask
	"$rawcall" POST / --service=sqs "X-Amz-Target: AmazonSQS.$1" \
	    'Content-Type: application/x-amz-json-1.0' @ask >answer
	grep -q '^200' answer || diag "$(cat answer)"
}
attribute() { # QUEUE NAME VALUE
	sqs SetQueueAttributes "$(jq -cn --arg u "$(url "$1")" --arg n "$2" \
	    --arg v "$3" '{QueueUrl: $u, Attributes: {($n): $v}}')"
}
check() { # QUEUE...
	printf '[sns]\ntopic = %s\n[sqs]\nqueue_url = ' "$topics:good" >c.conf
	for name; do
		url "$name"
	done | paste -sd , >>c.conf
	run check -c c.conf --json
}

check told none
is "$status" 1 'a queue that is not there fails'
like "$(row queue /none)" \
    'fail: GetQueueAttributes: QueueDoesNotExist: *=Create it, or correct queue_url in [[]sqs].' \
    '... with what to do'
is "$(row subscription)" \
    'ok: arn:aws:sqs:us-east-1:123456789012:told; confirmed=' \
    'the topic tells one of our queues'
check alone
is "$status" 0 'what could be better fails nothing'
like "$(row subscription)" \
    'warn: none of its subscriptions is ours=Subscribe a queue*' \
    'the queue of somebody else is not ours'
like "$(row queue)" \
    'warn: may be asked; neither SNS nor S3 may send to it; no dead-letter queue=*aws:SourceArn*RedrivePolicy*' \
    'what a bare queue lacks'

policy() { # CONDITION
	jq -cn --argjson c "$1" '{Version: "2012-10-17", Statement: [{
	    Effect: "Allow", Principal: {Service: "sns.amazonaws.com"},
	    Action: "sqs:SendMessage",
	    Resource: "arn:aws:sqs:us-east-1:123456789012:told"} + $c]}'
}
attribute told Policy "$(policy '{}')"
attribute told RedrivePolicy \
    '{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:123456789012:alone","maxReceiveCount":"10"}'
attribute told VisibilityTimeout 3600
check told
is "$(row queue)" \
    'warn: may be asked; anybody may send to it; its visibility timeout is 3600 s=Add a condition to its policy, with the topic or bucket as aws:SourceArn: what comes from it is believed. Set VisibilityTimeout to 30 s or so: what was taken before a crash comes again only then.' \
    'whom it takes messages from, and when they come again'
attribute told Policy "$(policy \
    "{\"Condition\":{\"ArnEquals\":{\"aws:SourceArn\":\"$topics:good\"}}}")"
attribute told VisibilityTimeout 30

sns "Action=Publish&TopicArn=$topics:good&Message=kept"
# shellcheck disable=SC2317 # by wait_until
left() {
	sqs GetQueueAttributes "{\"QueueUrl\":\"$(url told)\",\"AttributeNames\":[\"All\"]}"
	[ "$(tail -n 1 answer |
	    jq -r .Attributes.ApproximateNumberOfMessages)" = 1 ]
}
ok 'a message waits' wait_until 30 left
check told
is "$status $(row queue)" '0 ok: may be asked=' 'a queue that is well'
ok 'and the message still waits' left

done_testing
