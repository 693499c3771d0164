#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Models that are containers, seen from a client: started from zero and ended
# again, replaced when they are ill, left alone where they are another's; and
# each failure in the words of the service.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
cd "$tmp" || exit 1
container=$abs_top_builddir/tests/support/testcontainer

# model NAME LINE...: an endpoint that is looked at often
model() {
	{
		echo "[endpoint $1]"
		echo "s3_output_path = s3://bucket/$1/out"
		echo "s3_failure_path = s3://bucket/$1/failed"
		printf '[endpoint %s]\npoll_start = 50ms\npoll_max = 200ms\n' \
		    "$1" >>"$HOME/.config/awaitd/awaitd.conf"
		shift
		printf '%s\n' "$@"
	} >>"$tmp/local.conf"
}

# A port where nobody listens, for the container that is not ours.
other_port=$(awk 'BEGIN { srand(); print 20000 + int(rand() * 10000) }')

model many "serve = $container --port {port} --journal $tmp/many.journal" \
    'max_concurrent_invocations_per_instance = 2' 'max_instances = 3' \
    'scale_in_after = 3s'
model one "serve = $container --journal $tmp/one.journal"
model broken "serve = $container --say 'no weights' --exit 7"
model ready "serve = $container --journal $tmp/ready.journal" \
    'min_instances = 1'
model late "serve = $container --healthy 0" 'startup_timeout = 1s'
model other "container = http://127.0.0.1:$other_port"
local_start

# logged TEXT [N]: so many lines of the models' parts
# shellcheck disable=SC2317 # by wait_until
logged() {
	has local.log " model: .*$1" "${2:-1}"
}

# pids of the containers that ever started for an endpoint
# shellcheck disable=SC2317
started() {
	awk '$2 == "start" { print $1 }' "$1.journal"
}

# shellcheck disable=SC2317 # by wait_until
all_gone() {
	for each in $(started "$1"); do
		gone "$each" || return 1
	done
}

# last_is REGEX: what the container `one` wrote down last
# shellcheck disable=SC2317
last_is() {
	tail -n 1 one.journal | grep -q " $1 "
}

# say WORD...: the payload, in the file `say`
say() {
	printf '%s' "$*" >say
}

# fails NAME TEXT WORD...: the request with this payload fails like that
fails() {
	fails_name=$1
	fails_text=$2
	shift 2
	say "$*"
	run invoke -e one --timeout 60s --invocation-timeout 20s say
	is "$status" 3 "$fails_name: exit 3"
	like "$err" "*$fails_text*" "$fails_name: in its words"
}

# --- one that is always there ---
ok 'min_instances are started without a request' \
    wait_until 30 logged 'endpoint=ready .*state=in-service'
is "$(count local.log 'state=starting')" 1 'and no others'

# --- from zero ---
printf 'hello container' >in
run invoke -e many in
is "$status" 0 'a request wakes the first container'
same out in 'which answers it'
is "$(count local.log 'endpoint=many .*state=starting')" 1 'one is enough'

# --- a burst ---
say 'sleep 400'
i=0
while [ $i -lt 24 ]; do
	i=$((i + 1))
	cp say "burst.$i"
done
run submit -e many burst.*
is "$status" 0 'a burst is accepted'
cp out ids
ok 'it starts as many as may be' \
    wait_until 30 logged 'endpoint=many .*state=in-service' 3
run submit -e many burst.?
is "$status" 0 'more are accepted when all of them are there'
cat out >>ids
wrong=0
while read -r job; do
	run wait "$job"
	[ "$(cat out)" = slept ] || wrong=$((wrong + 1))
done <ids
is "$wrong" 0 'each request gets its result'
most=$(awk '$2 == "begin" { n[$1]++; all++ }
	$2 == "worked" { n[$1]--; all-- }
	n[$1] > one { one = n[$1] }
	all > both { both = all }
	END { print one ":" both }' many.journal)
is "$most" 2:6 'two at once in each of three, and never more'
ok 'idle ones are ended, down to none' wait_until 60 all_gone many
ok 'and the log says so' \
    wait_until 10 logged 'endpoint=many .*state=gone' 3
is "$(count local.log 'endpoint=many .*state=draining')" 0 \
    'none of them while it worked'
run invoke -e many in
is "$status" 0 'the next request wakes one again'

# --- failures, each in the words of the service ---
fails 'the container says no' '{"code":422}' 'status 422 {"code":422}'
fails 'it says nothing' \
    'ClientError: Received server error (500) from model. See the SageMaker' \
    'status 500'
fails 'a refusal without words' \
    'ClientError: Received client error (400) from model. See the SageMaker' \
    'status 400'
fails 'chunks' \
    'did not specify the required Content-Length header' 'chunked'
fails 'no length' \
    'did not specify the required Content-Length header' 'nolength'
fails 'large headers' \
    'has headers with length greater than 4096 bytes' 'headers 5000'
fails 'a broken connection' 'Received server error (0) from model' 'abort'
fails 'half an answer' 'Received server error (0) from model' 'part'
is "$(count local.log 'endpoint=one .*state=starting')" 1 \
    'none of that costs the container'
fails 'a container that exits' 'Received server error (0) from model' 'exit 9'
ok 'its end is told' \
    logged 'endpoint=one .*state=gone .*it exited with status 9'

say 'sleep 600000'
run invoke -e one --timeout 60s --invocation-timeout 1s say
is "$status" 3 'a time-out is a failure'
like "$err" '*Your invocation timed out while waiting for a response*' \
    'in its words'
ok 'its container is replaced' \
    logged 'endpoint=one .*state=stopping .*a time-out'
run invoke -e one in
is "$status" 0 'and the next request is answered'

# --- ill ---
say 'deafen 600000'
run invoke -e one --timeout 90s say
is "$status" 3 'what runs in a container that answers no pings fails'
like "$err" '*Received server error (0) from model*' 'as a server error'
ok 'the log has words of its own for it' has local.log \
    ' endpoint: .*state=failed .* why="the model gave no answer"'
ok 'it was found unhealthy' logged 'endpoint=one .*state=unhealthy'
run invoke -e one in
is "$status" 0 'and replaced'

# --- starts that come to nothing ---
run submit -e broken in
ok 'a start that fails is tried again' \
    wait_until 60 logged 'endpoint=broken .*state=gone' 3
ok 'the log tells why' logged \
    'endpoint=broken .*exited with status 7" last="no weights"'
ok 'each try later than the one before' logged 'endpoint=broken .*tries=2 '
run submit -e late in
ok 'one that never gets ready is ended' wait_until 60 logged \
    'endpoint=late .*state=unhealthy .*no good answer to /ping within 1000 ms'
is "$(count local.log ' endpoint=(broken|late) state=(failed|completed)')" 0 \
    'the requests wait'

# --- somebody else's container ---
run submit -e other in
job=$(cat out)
ok 'a container that is not there is waited for' \
    wait_until 30 logged 'instance=http.* state=unhealthy'
PORT=$other_port "$container" 2>other.err &
other=$!
pids="$pids $other"
run wait --timeout 60s "$job"
is "$status" 0 'and used when it is'
same out in 'it answers'
say 'status 503 {"busy":true}'
run invoke -e other say
is "$status" 3 'its failure is one'
like "$err" '*{"busy":true}*' 'in its words'
ok 'of which the log tells the status' has local.log \
    ' endpoint: .*state=failed .* why="the model answered [0-9]*"'

# --- a stop ---
say 'sleep 3000'
run submit -e one say
job=$(cat out)
ok 'a request is at work' wait_until 30 last_is begin
local_stop
is "$local_status" 0 'a stop ends in peace'
ok 'a container may end what it runs' last_is '\(worked\|end\)'
ok 'no container of ours is left' all_gone one
ok 'nor one that was idle' all_gone ready
ok 'another is left alone' kill -0 "$other"

# --- kill -9 ---
: >one.journal
local_start
run wait --timeout 60s "$job"
is "$status:$(cat out)" 0:slept 'what it ended is there'
is "$(wc -c <one.journal)" 0 'and was not run again'
say 'sleep 1000'
run submit -e one say
job=$(cat out)
wait_until 30 has one.journal begin
local_kill
ok 'containers die with us' wait_until 20 all_gone one
local_start
run wait --timeout 60s "$job"
is "$status:$(cat out)" 0:slept 'what was cut off is run again'

done_testing
