#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Events of the real service: read with curl, over restarts and kills with
# Last-Event-ID, by filters; deliveries; what is not there any more.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
local_start
hook_start hook
hook_secret "$tmp/key"
cat >"$tmp/serve.conf" <<END
[api]
listen = unix:$socket
[metrics]
listen = 127.0.0.1:0
[endpoint cat]
poll_start = 50ms
poll_max = 200ms
[endpoint mute]
poll_start = 50ms
poll_max = 200ms
[webhook good]
url = http://127.0.0.1:$hook_port/
secret_file = $tmp/key
allow_networks = 127.0.0.0/8
[webhook nobody]
url = http://127.0.0.1:9/
secret_file = $tmp/key
allow_networks = 127.0.0.0/8
schedule = 50ms
breaker_failures = 0
END

# reader NAME QUERY [CURL OPTION...]: to $tmp/NAME.ev; sets pid.
reader() {
	reader_name=$1
	reader_query=$2
	shift 2
	curl -sSN --unix-socket "$socket" "$@" \
	    "http://awaitd/v1/events$reader_query" \
	    >>"$tmp/$reader_name.ev" 2>"$tmp/$reader_name.curl" &
	pid=$!
	pids="$pids $pid"
}
# For so long as nothing more comes; to $tmp/out.
read_now() { # QUERY [CURL OPTION...]
	read_query=$1
	shift
	curl -sSN --max-time 2 --unix-socket "$socket" "$@" \
	    "http://awaitd/v1/events$read_query" >"$tmp/out" 2>/dev/null
}
data() { # FILE: what it tells, a JSON a line
	sed -n 's/^data: //p' "$1"
}
last_id() { # FILE
	sed -n 's/^id: //p' "$1" | tail -n 1
}
# Both are called by wait_until.
# shellcheck disable=SC2317
began() { # NAME
	has "$tmp/$1.ev" '^retry: '
}
# shellcheck disable=SC2317
done_in() { # NAME N
	has "$tmp/$1.ev" '^event: job.done' "$2"
}
submit() { # N [OPTION...]
	submit_n=$1
	shift
	while [ "$submit_n" -gt 0 ]; do
		echo "input $submit_n" >"$tmp/in"
		run submit -e cat "$@" "$tmp/in"
		[ "$status" -eq 0 ] || diag "$err"
		submit_n=$((submit_n - 1))
	done
}

# --- from now on ---
serve_start
echo 'input 0' >"$tmp/in"
run invoke -e cat "$tmp/in"
reader all ''
first=$pid
ok 'a stream begins' wait_until 20 began all
submit 1 --tag red --tag blue
ok 'and tells of a job' wait_until 30 done_in all 1
is "$(data "$tmp/all.ev" | jq -r '[.type, .state, .outcome // "-"] | join(" ")')" \
    'job.queued queued -
job.accepted pending -
job.done done ok' 'each of its moves, and nothing from before'
is "$(data "$tmp/all.ev" | jq -r .tags[] | sort -u | tr '\n' ' ')" 'blue red ' \
    'with its tags'
job=$(data "$tmp/all.ev" | jq -r .job | sort -u)
like "$job" '0?????????????????????????' 'and its id'
is "$(sed -n 's/^id: //p' "$tmp/all.ev" | tail -n +2)" \
    "$(data "$tmp/all.ev" | jq .seq)" 'the ids of the events are their numbers'
like "$(tr -d '\r' <"$tmp/all.ev" | head -n 1)" 'retry: *' 'a client is told when to come back'

# --- a restart, in good order ---
serve_stop
is "$serve_status" 0 'a service with a listener stops'
wait_until 10 gone "$first"
status=0
wait "$first" || status=$?
is "$status" 0 'its stream ends in good order'
serve_start
submit 2
before=$(last_id "$tmp/all.ev")
reader all '' -H "Last-Event-ID: $before"
ok 'who comes back gets what it missed' wait_until 30 done_in all 3
submit 1
ok 'and what follows' wait_until 30 done_in all 4

# --- a kill, in the middle of it ---
submit_background() {
	n=0
	while [ "$n" -lt 30 ]; do
		n=$((n + 1))
		curl -sf --max-time 5 --unix-socket "$socket" -o /dev/null \
		    -H 'Awaitd-Endpoint: cat' -H "Idempotency-Key: k$n" \
		    -d "job $n" http://awaitd/v1/jobs || n=$((n - 1))
		sleep 0.05
	done
	: >"$tmp/submitted"
}
submit_background &
pids="$pids $!"
for round in 1 2 3; do
	wait_until 30 done_in all $((4 + round * 3))
	serve_kill
	wait_until 10 gone "$pid"
	serve_start
	reader all '' -H "Last-Event-ID: $(last_id "$tmp/all.ev")"
done
ok 'all was submitted' wait_until 60 test -e "$tmp/submitted"
ok 'each job is told of over three kills' wait_until 60 done_in all 34
is "$(data "$tmp/all.ev" | jq .seq | sort | uniq -d)" '' 'nothing twice'
is "$(data "$tmp/all.ev" | jq .seq | sort -n)" \
    "$(data "$tmp/all.ev" | jq .seq)" 'in their order'
is "$(data "$tmp/all.ev" | jq -r 'select(.type=="job.done").job' | sort)" \
    "$("$awaitd" list --json | jq -r .job | sort | tail -n +2)" \
    'and no job but those that there are'
read_now '?after=0'
is "$(data "$tmp/out" | tail -n +4)" "$(data "$tmp/all.ev")" \
    'the log says the same from its beginning'
# shellcheck disable=SC2317 # by wait_until
open_streams() { # N
	[ "$(metric awaitd_event_streams)" = "$1" ]
}
where_metrics
ok 'an open stream is counted' wait_until 20 open_streams 1
ok 'and what streams were told' test "$(metric awaitd_events_told_total)" -gt 0
is "$(metric awaitd_event_streams_cut_total)" 0 'none was cut off'
kill "$pid"
ok 'who left is not counted any more' wait_until 20 open_streams 0

# --- filters ---
read_now '?after=0&tag=red&type=job.done'
is "$(data "$tmp/out" | jq -r .job)" "$job" 'by tag and type'
read_now "?after=0&job=$job"
is "$(data "$tmp/out" | wc -l)" 3 'by job'
read_now '?after=0&endpoint=mute'
is "$(data "$tmp/out")" '' 'by endpoint'
api GET '/v1/events?type=job.dome'
is "$code $(jq -r .hint "$tmp/out")" '400 Did you mean "job.done"?' \
    'what is no type is refused'
api GET '/v1/events?after=yesterday'
is "$code" 400 'and what is no id'
code=$(curl -sSI --max-time 20 --unix-socket "$socket" -o "$tmp/out" \
    -w '%{http_code}' http://awaitd/v1/events)
is "$code" 200 'HEAD has an end'

# --- deliveries ---
run invoke -e cat --deliver='webhook good,webhook nobody' "$tmp/in"
job=$(job_of "$(cat "$tmp/out" "$tmp/err")")
reader hooks '?after=0&type=delivery.*'
ok 'deliveries are told' wait_until 30 \
    has "$tmp/hooks.ev" '^event: delivery.dead'
kill "$pid"
data "$tmp/hooks.ev" >"$tmp/told"
is "$(jq -r 'select(.target=="webhook good") |
    [.type, .state, .attempt, .status, .event] | join(" ")' "$tmp/told")" \
    'delivery.delivered delivered 1 204 inference.completed' \
    'what was delivered'
is "$(jq -r 'select(.target=="webhook nobody") |
    [.type, .state, .attempt] | join(" ")' "$tmp/told")" \
    'delivery.failed waiting 1
delivery.dead dead 2' 'what failed, and what is given up'
like "$(jq -r 'select(.type=="delivery.dead").note' "$tmp/told")" '?*' 'and why'
dead=$(jq -r 'select(.type=="delivery.dead").delivery' "$tmp/told")
run replay "$dead"
reader replayed "?after=0&type=delivery.replayed,delivery.dead&target=webhook+nobody"
ok 'a replay is told, and its end' wait_until 30 \
    has "$tmp/replayed.ev" '^event: delivery.dead' 2
kill "$pid"
is "$(data "$tmp/replayed.ev" | jq -r .type | sed -n 2p)" delivery.replayed \
    'in their order'

# --- awaitd tail ---
run tail --after 0 --limit 3 --json --type 'job.*'
is "$status $(jq -r .type "$tmp/out" | tr '\n' ' ')" \
    '0 job.queued job.accepted job.done ' 'tail prints events, and ends'
run tail --after 0 -n 1 --type delivery.delivered
like "$(cat "$tmp/out")" \
    "20??-??-??T??:??:??.???Z  delivery.delivered  $job  cat *webhook good attempt 1 status 204" \
    'for people in a line each'
run tail --since 1h -n 1 --type job.done --tag red
like "$(cat "$tmp/out")" '*Z  job.done *cat *ok' 'from a time on'
start tail tail --json --type job.done
tail_pid=$pid
until [ -s "$tmp/tail.out" ] || gone "$tail_pid"; do submit 1; done
first=$(wc -l <"$tmp/tail.out")
serve_kill
ok 'tail says that the service is gone' wait_until 20 \
    has "$tmp/tail.err" 'broke off: waiting for it'
serve_start
submit 2
ok 'and goes on when it is back' wait_until 30 \
    has "$tmp/tail.out" job.done $((first + 2))
ok 'which it says' has "$tmp/tail.err" 'back: going on behind event [0-9]'
is "$(jq .seq "$tmp/tail.out" | sort | uniq -d)" '' 'with nothing twice'
kill -INT "$tail_pid"
finish tail "$tail_pid"
is "$status" 130 'an interrupt ends it'
is "$(count "$tmp/tail.err" .)" 3 'quietly'
run tail --type job.dome
is "$status" 2 'what the service refuses is refused'
like "$err" '*Did you mean "job.done"*' 'with its words'

# --- what is not there ---
read_now '?after=5'
is "$(data "$tmp/out" | head -n 1 | jq -r '[.type, .reason] | join(" ")')" \
    'gap pruned' 'what is gone is told'
is "$(data "$tmp/out" | head -n 1 | jq .first)" \
    "$(data "$tmp/out" | sed -n 2p | jq .seq)" 'with what there is instead'
read_now '?after=9000000000000'
is "$(data "$tmp/out" | head -n 1 | jq -r '[.type, .reason] | join(" ")')" \
    'gap unknown' 'and a place that the log never had'
before=$(last_id "$tmp/all.ev")
serve_stop
rm -rf "$AWAITD_STATE"
serve_start
submit 1
read_now '' -H "Last-Event-ID: $before"
is "$(data "$tmp/out" | jq -r .type | head -n 1)" gap \
    'a new state folder is noticed by who knew another one'
is "$(data "$tmp/out" | sed -n 2p | jq -r .type)" job.queued \
    'and all of it is told'
serve_stop
run tail
is "$status" 1 'without a service there is nothing to follow'
like "$err" "*awaitd serve*" 'and it says how to start one'
done_testing
