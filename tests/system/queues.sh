#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Doorbells from queues, with real programs: jobs that are looked at every ten
# minutes only are done as soon as their message is there; what cannot be
# written down is not deleted; what was received and not deleted comes again.
# shellcheck disable=SC2317 # what ok and wait_until call
. "${abs_top_srcdir:?}/tests/system/lib.sh"
cd "$tmp" || exit 1
export BADIO_CONTROL="$tmp/control" BADIO_LOG="$tmp/badio"
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0"
cat >behind-disk <<END
#!/bin/sh
exec env LD_PRELOAD="$abs_top_builddir/tests/support/badio.so" "$awaitd" "\$@"
END
chmod +x behind-disk
disk() { # HOW it fails
	echo "$1" >control.new
	mv control.new "$BADIO_CONTROL"
}

arn=arn:aws:sqs:us-east-1:123456789012
queues='wrapped raw events fanned'
cat >local.conf <<END
[admin]
listen = unix:$tmp/admin

[queue wrapped]
topic = $topics:wrapped
visibility_timeout = 3s
[queue raw]
topic = $topics:raw
raw = yes
visibility_timeout = 3s
[queue events]
visibility_timeout = 3s
[queue fanned]
topic = $topics:objects
visibility_timeout = 3s
[queue plain]
visibility_timeout = 1s

[bucket direct]
event_target = $arn:events
event_prefix = out/
[bucket through]
event_target = $topics:objects

[endpoint wrapped]
command = cat
s3_output_path = s3://bucket/wrapped
success_topic = $topics:wrapped
[endpoint raw]
command = cat
s3_output_path = s3://bucket/raw
success_topic = $topics:raw
[endpoint events]
command = cat
s3_output_path = s3://direct/out
[endpoint fanned]
command = cat
s3_output_path = s3://through/out
[endpoint broken]
command = false
s3_output_path = s3://bucket/broken
error_topic = $topics:wrapped
[endpoint doubted]
command = false
s3_output_path = s3://bucket/doubted
error_topic = $topics:raw
END
local_start

# sqs ACTION JSON: a signed call; the answer in $tmp/answer, its body in $body.
sqs() {
	printf %s "$2" >ask
	"$rawcall" POST / --service=sqs "X-Amz-Target: AmazonSQS.$1" \
	    'Content-Type: application/x-amz-json-1.0' @ask >answer || :
	body=$(tail -n 1 answer)
}

url() { # QUEUE
	echo "http://127.0.0.1:$port/123456789012/$1"
}

left() { # QUEUE: how many messages are there, in sight or not
	sqs GetQueueAttributes \
	    "{\"QueueUrl\":\"$(url "$1")\",\"AttributeNames\":[\"All\"]}"
	echo "$body" | jq '[.Attributes |
	    .ApproximateNumberOfMessages,
	    .ApproximateNumberOfMessagesNotVisible,
	    .ApproximateNumberOfMessagesDelayed | tonumber] | add'
}

empty() { # QUEUE
	[ "$(left "$1")" = 0 ]
}

faults() { # METHOD [LINE]
	curl -sS --unix-socket "$tmp/admin" -X "$1" ${2:+--data-binary "$2"} \
	    http://localhost/faults >/dev/null
}

# Nothing is looked at but for a doorbell.
config() { # QUEUE...
	echo '[sqs]'
	printf 'queue_url = '
	for name; do
		printf '%s%s' "$comma" "$(url "$name")"
		comma=', '
	done
	echo
	printf '[sns]\ntopic = %s, %s\n' "$topics:wrapped" "$topics:raw"
	for name in $queues broken doubted; do
		printf '[endpoint %s]\npoll_start = 10m\npoll_max = 10m\n' \
		    "$name"
	done
}
comma=
# shellcheck disable=SC2086
config $queues >serve.conf
disk none
plain=$awaitd
awaitd=$tmp/behind-disk
serve_start
awaitd=$plain

submit() { # ENDPOINT: sets job
	echo "hello $1" >in
	run submit -e "$1" in
	job=$(job_of "$(cat out)")
}

is_done() { # JOB
	[ "$("$awaitd" show --json "$1" 2>/dev/null | jq -r .state)" = 'done' ]
}

# --- each way of a notification ---
for name in $queues; do
	submit "$name"
	ok "$name: a doorbell finds the result" wait_until 30 is_done "$job"
	run result "$job"
	is "$(cat out)" "hello $name" "$name: and it is that"
done
for name in $queues; do
	ok "$name: nothing is left in the queue" wait_until 30 empty "$name"
done

# --- a failure that leaves no object ---
outcome() { # JOB
	"$awaitd" show --json "$1" | jq -r '.state + " " + .outcome'
}
submit doubted
doubted=$job
submit broken
ok 'a failure is believed that SNS has signed' wait_until 30 is_done "$job"
is "$(outcome "$job")" 'done failed' 'and ends its job'
ok 'one that nobody signed was taken' wait_until 30 empty raw
is "$(outcome "$doubted")" 'pending none' 'and is not believed'

# --- nothing can be written ---
disk 'write every 1 ENOSPC'
run submit -e raw in
ok 'the store stalls' wait_until 30 has serve.err 'no new jobs are taken'
sqs SendMessage "{\"QueueUrl\":\"$(url raw)\",\"MessageBody\":\"{\\\"eventSource\\\":\\\"aws:sagemaker\\\",\\\"eventName\\\":\\\"InferenceResult\\\",\\\"invocationStatus\\\":\\\"Completed\\\",\\\"inferenceId\\\":\\\"$job-1\\\"}\"}"
sleep 3
is "$(left raw)" 1 'what cannot be written down is not deleted'
disk none
ok 'and is worked off when it can' wait_until 60 empty raw

# --- killed before it was deleted ---
faults POST 'error-before operation=DeleteMessageBatch count=0'
submit wrapped
ok 'a job is done although its message cannot be deleted' \
    wait_until 30 is_done "$job"
ok 'which is said' wait_until 30 has serve.err 'DeleteMessageBatch'
serve_kill
is "$(left wrapped)" 1 'the message is still there'
faults DELETE
serve_start
ok 'it comes again, and goes' wait_until 60 empty wrapped
is "$("$awaitd" list --json | jq -r .job | grep -c "$job")" 1 \
    'the job is there once'

# --- what is not ours ---
sqs SendMessage \
    "{\"QueueUrl\":\"$(url raw)\",\"MessageBody\":\"good morning\"}"
ok 'what makes no sense is told' wait_until 30 has serve.err 'makes no sense'
is "$(left raw)" 1 'and left in the queue'
sqs PurgeQueue "{\"QueueUrl\":\"$(url raw)\"}"

# --- a flood ---
awk -v url="$(url events)" 'BEGIN {
	for (b = 0; b < 200; b++) {
		s = "{\"QueueUrl\":\"" url "\",\"Entries\":["
		for (i = 0; i < 10; i++)
			s = s (i ? "," : "") "{\"Id\":\"" i \
			    "\",\"MessageBody\":\"{\\\"Records\\\":[{" \
			    "\\\"eventVersion\\\":\\\"2.1\\\"," \
			    "\\\"eventSource\\\":\\\"aws:s3\\\"," \
			    "\\\"eventName\\\":\\\"ObjectCreated:Put\\\"," \
			    "\\\"s3\\\":{\\\"bucket\\\":{\\\"name\\\":" \
			    "\\\"direct\\\"},\\\"object\\\":{\\\"key\\\":" \
			    "\\\"out/" b "-" i "\\\"}}}]}\"}"
		print s "]}"
	}
}' >flood
serve_stop
while read -r line; do
	sqs SendMessageBatch "$line"
done <flood
is "$(left events)" 2000 'there are 2000 messages'
serve_start
began=$(date +%s)
ok 'a flood is worked off' wait_until 60 empty events
diag "2000 messages in $(($(date +%s) - began)) s or less"
submit events
ok 'and who comes behind it is found' wait_until 30 is_done "$job"
serve_stop
is "$serve_status" 0 'the service ends as it should'

# --- a queue that is not there ---
comma=
config none >serve.conf
serve_start
ok 'a queue that is not there is told' \
    wait_until 30 has serve.err 'QueueDoesNotExist.*hint='
sleep 3
is "$(count serve.err 'QueueDoesNotExist')" 1 'once'
sqs CreateQueue '{"QueueName":"none"}'
ok 'and that it answers again' wait_until 60 has serve.err 'answers again'
serve_stop

# --- awaitd-local dies ---
sqs SendMessage "{\"QueueUrl\":\"$(url plain)\",\"MessageBody\":\"one\"}"
sqs SendMessage "{\"QueueUrl\":\"$(url plain)\",\"MessageBody\":\"two\"}"
receive() { # sets body
	sqs ReceiveMessage "{\"QueueUrl\":\"$(url plain)\",\"WaitTimeSeconds\":20,\"MessageSystemAttributeNames\":[\"All\"]}"
}
receive
sqs DeleteMessage "{\"QueueUrl\":\"$(url plain)\",\"ReceiptHandle\":$(echo "$body" |
    jq '.Messages[0].ReceiptHandle')}"
receive
local_kill
local_start
receive
is "$(echo "$body" | jq -r '.Messages[0] | .Body + " " +
    .Attributes.ApproximateReceiveCount')" 'two 2' \
    'what a kill -9 found received comes again'
is "$(left plain)" 1 'and what was deleted does not'
done_testing
