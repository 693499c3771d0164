#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Notifications of awaitd-local that are lost, doubled, late and out of order:
# each job ends and is delivered once. A failure that leaves no object is
# believed, over a crash before and behind the commit, too; and whatever was
# answered with 200 is a row.
# shellcheck disable=SC2317 # what ok and wait_until call
. "${abs_top_srcdir:?}/tests/system/lib.sh"
cd "$tmp" || exit 1
command -v openssl >/dev/null || skip_all 'no openssl'
command -v sqlite3 >/dev/null || skip_all 'no sqlite3'
JOBS=40
db=$AWAITD_STATE/serve.db

endpoint told cat "success_topic = $topics:good" "error_topic = $topics:bad"
cat >>local.conf <<END
[endpoint silent]
command = sh -c 'echo no such luck >&2; exit 3'
s3_output_path = s3://bucket/out
error_topic = $topics:bad
END
# About a third is lost, some of the others are not as they should be.
i=0
while [ $i -lt $((JOBS / 3)) ]; do
	echo "lose-notification endpoint=told after=$((i * 2))"
	echo "double-notification endpoint=told after=$((i * 3))"
	echo "delay-notification ms=1500 endpoint=told after=$((i * 4))"
	echo "reorder-notification endpoint=told after=$((i * 5))"
	i=$((i + 1))
done >faults
sed -i "s|^\[local\]|&\nfaults = $tmp/faults|" local.conf
grep -q '^faults' local.conf ||
    printf '[local]\nfaults = %s\n' "$tmp/faults" >>local.conf
hook_secret secret
hook_start jobs --secret-file secret
local_start

sns_port=0
conf() {
	cat >serve.conf <<-END
		[metrics]
		listen = 127.0.0.1:0
		[webhook hook]
		url = http://127.0.0.1:$hook_port/
		allow_networks = 127.0.0.0/8
		secret_file = $tmp/secret
		[endpoint told]
		output_path = s3://bucket/out
		poll_start = 4s
		poll_max = 4s
		deliver = webhook hook
		[endpoint silent]
		poll_start = 1h
		poll_max = 1h
		deliver = webhook hook
		[sns]
		listen = 127.0.0.1:$sns_port
		topic = $topics:good, $topics:bad
	END
}
# Later ones at the port that is subscribed.
begin() {
	conf
	serve_start
	sns_port=$(sed -n \
	    's/.*SNS may post to http:..127.0.0.1:\([0-9]*\)\/.*/\1/p' serve.err)
	metrics=$(sed -n 's/.*metrics are at [^ ]*:\([0-9]*\)".*/\1/p' serve.err)
}
subscribe_us() { # TOPIC
	sns "Action=Subscribe&TopicArn=$topics:$1&Protocol=http&Endpoint=http%3A%2F%2F127.0.0.1%3A$sns_port%2Fsns"
	wait_until 20 has serve.err "subscription confirmed.* topic=$topics:$1 "
}
taken() { # VERDICT
	curl -sS --max-time 20 "http://127.0.0.1:$metrics/metrics" |
	    awk -v v="result=\"$1\"" '/^awaitd_notifications_total{source="sns"/ &&
		index($1, v) { print $2 }'
}
rows() { # TABLE: of a service that has ended
	sqlite3 "$db" "SELECT count(*) FROM $1"
}
lost() {
	grep -c 'fault=lose-notification' local.log
}

begin
ok 'a topic is subscribed to' subscribe_us good
ok 'and another' subscribe_us bad

# --- lost, doubled, late, out of order ---
i=0
while [ $i -lt $JOBS ]; do
	printf 'input %s' $i >in
	run submit -e told in
	cat out >>ids
	i=$((i + 1))
done
# Lines of those jobs in a file, each job once.
each_once() { # FILE
	while read -r job; do
		grep -c "$job" "$1"
	done <ids | grep -cx 1
}
all_delivered() {
	[ "$(wc -l <jobs.hooks)" -ge "$JOBS" ]
}
ok 'each job is delivered' wait_until 60 all_delivered
# What comes late finds them done.
all_came() {
	[ $(($(taken taken) + $(taken unknown) + $(lost))) -ge "$JOBS" ]
}
ok 'what was not lost has come' wait_until 30 all_came
is "$(wc -l <jobs.hooks) $(each_once jobs.hooks)" "$JOBS $JOBS" 'once'
is "$(grep -c 'outcome=ok' serve.err)" $JOBS 'each ended once, well'
ok 'some were lost' [ "$(lost)" -ge $((JOBS / 4)) ]
ok 'and some came twice' [ "$(taken copy)" -ge 1 ]
diag "taken=$(taken taken) copy=$(taken copy) lost=$(lost)"
seen=$(taken taken)
is "$(taken unknown) $(taken senseless) $(taken failed)" '0 0 0' \
    'none was a stranger'
serve_stop
is "$(rows notice)" "$seen" 'there is a row of each that was taken'

# --- a failure that leaves no object ---
begin
run submit -e silent in
job=$(cat out)
failed() { # JOB
	has serve.err "job=$1 .*to=done outcome=failed.*ClientError"
}
ok 'it is believed' wait_until 30 failed "$job"
run show "$job"
like "$(cat out)" '*failed*ClientError*' 'with its reason'
serve_stop

# --- where the process dies ---
dies() {
	gone "$serve_pid"
}
die_at() { # POINT: with one job whose failure is told; sets job
	: >note
	awaitd_was=$awaitd
	awaitd=$abs_top_builddir/awaitd-crash
	AWAITD_CRASH_AT="$1:1" AWAITD_CRASH_NOTE="$tmp/note"
	export AWAITD_CRASH_AT AWAITD_CRASH_NOTE
	begin
	unset AWAITD_CRASH_AT AWAITD_CRASH_NOTE
	awaitd=$awaitd_was
	run submit -e silent in
	job=$(cat out)
	wait_until 30 dies
	wait "$serve_pid" 2>/dev/null
	serve_over
	cp "$db" look.db
	[ ! -e "$db-wal" ] || cp "$db-wal" look.db-wal
	[ "$(cat note)" = "$1" ]
}
told_rows() {
	sqlite3 look.db "SELECT (SELECT count(*) FROM told t JOIN job j
	    ON j.seq = t.seq WHERE j.id = '$job')"
	rm -f look.db look.db-wal look.db-shm
}
ok 'before the commit' die_at C14
is "$(told_rows)" 0 'nothing is there'
begin
ok 'it comes again, and is believed' wait_until 60 failed "$job"
is "$(taken taken)" 1 'as the first'
serve_stop
ok 'behind the commit, before 200' die_at C15
is "$(told_rows)" 1 'what it told is there'
begin
ok 'it is believed at once' wait_until 10 failed "$job"
copy_came() {
	[ "$(taken copy)" = 1 ]
}
ok 'what comes again is a copy' wait_until 60 copy_came
is "$(taken taken)" 0 'and nothing else'
serve_stop
is "$(wc -l <jobs.hooks)" $((JOBS + 3)) 'all were delivered once'
is "$serve_status" 0 'the service ends well'
done_testing
