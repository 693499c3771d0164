#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kill -9 at the worst moments: nothing is lost, nothing runs twice.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
local_start
bytes 5000 "$tmp/in"

newest() { # the job that is not done
	"$awaitd" list --json | jq -r 'select(.state != "done") | .job' |
	    tail -n 1
}

runs() { # how often the model began
	count "$tmp/began" .
}

# --- awaitd, in the midst of a wait ---
start one invoke -e slow "$tmp/in"
wait_until 20 has "$tmp/began" .
kill -KILL "$pid"
finish one "$pid"
is "$status" 137 'awaitd is killed while it waits'
job=$(newest)
ok 'the job is known' test -n "$job"
: >"$tmp/go"
run wait "$job"
is "$status" 0 'awaitd wait takes it up'
same "$tmp/out" "$tmp/in" 'and gets the result'
is "$(accepted),$(runs)" 1,1 'of one submission and one run'

# --- awaitd, after the result came ---
run wait "$job"
same "$tmp/out" "$tmp/in" 'the result can be had again'

# --- between submission and acceptance, the place of the result known ---
rm -f "$tmp/go" "$tmp/began"
: >"$tmp/began"
doubtful() { # NAME ARGUMENT...: killed with its request unanswered
	kill -STOP "$local_pid"
	start doubt invoke -e slow --log-level debug "$@" "$tmp/in"
	wait_until 20 has "$tmp/doubt.err" 'sending submission 1'
	wait_until 20 unread
	kill -KILL "$pid"
	finish doubt "$pid"
	job=$(newest)
}
# shellcheck disable=SC2317 # by wait_until
unread() { # bytes wait at the server's port
	awk -v port="$(printf ':%04X' "$port")" '
	index($2, port) && $5 !~ /:00000000$/ { found = 1 }
	END { exit !found }' /proc/net/tcp
}
doubtful --output-path s3://bucket/out
is "$("$awaitd" show --json "$job" | jq -r '.submissions[0].fate')" open \
    'awaitd is killed before it hears of the acceptance'
kill -CONT "$local_pid"
: >"$tmp/go"
wait_until 20 has "$tmp/local.log" 'state=completed' 2
run wait -v "$job"
is "$status" 0 'the doubt is resolved by looking'
same "$tmp/out" "$tmp/in" 'with the result of the first submission'
like "$err" '*in_doubt=yes*' 'and the log says that there was one'
is "$(accepted),$(runs)" 2,1 'one submission, one run'
is "$("$awaitd" show --json "$job" | jq '.submissions | length')" 1 \
    'and the job has no other'

# --- the same, looked for while the model is still at it ---
rm -f "$tmp/go" "$tmp/began"
: >"$tmp/began"
doubtful --output-path s3://bucket/out
kill -CONT "$local_pid"
start look wait "$job"
wait_until 20 has "$tmp/began" .
run wait --timeout 300ms "$job"
is "$status" 4 'in doubt, it waits'
: >"$tmp/go"
finish look "$pid"
is "$status" 0 'until the result is there'
is "$(accepted),$(runs)" 3,1 'still one submission, one run'

# --- not known: after the grace another submission ---
rm -f "$tmp/began"
: >"$tmp/began"
doubtful
kill -CONT "$local_pid"
run wait --set 'endpoint slow.doubt_grace=1s' "$job"
is "$status" 0 'without output_path another submission is made'
same "$tmp/out" "$tmp/in" 'and its result is right'
is "$("$awaitd" show --json "$job" | jq -c '[.submissions[].fate]')" \
    '["in-doubt","accepted"]' 'the journal has both'

# --- before anything was sent ---
before=$(accepted)
local_stop
start none invoke -v -e cat "$tmp/in"
wait_until 20 has "$tmp/none.err" 'retry_ms='
kill -KILL "$pid"
finish none "$pid"
job=$(newest)
local_start
run wait "$job"
is "$status" 0 'killed with no server there, taken up with one'
is "$(($(accepted) - before))" 1 'one submission'
is "$("$awaitd" show --json "$job" | jq '.submissions | length')" 1 \
    'under the first number: nothing can have been accepted before'

# --- a server that goes and comes back while somebody waits ---
rm -f "$tmp/go"
start long invoke -e slow "$tmp/in"
wait_until 20 has "$tmp/began" . 2
local_kill
wait_until 20 has "$tmp/long.err" 'refused|reset|closed|connect'
: >"$tmp/go"
local_start
finish long "$pid"
is "$status" 0 'a wait outlives the server'
same "$tmp/long.out" "$tmp/in" 'and ends with the result'

# --- a signal while the state file is being written ---
i=0
wrong=
while [ $i -lt 12 ]; do
	i=$((i + 1))
	# Of the run before: it would say that this one has begun.
	rm -f "$tmp/sig.err"
	start sig invoke --log-level debug -e cat "$tmp/in"
	wait_until 20 has "$tmp/sig.err" 'to=queued|submission 1'
	kill -TERM "$pid"
	finish sig "$pid"
	case $status in
	0 | 143) ;;
	*) wrong="$wrong $status $(tail -n 2 "$tmp/sig.err")" ;;
	esac
done
is "$wrong" '' 'a dozen signals at any moment: the result or status 143'
done_testing
