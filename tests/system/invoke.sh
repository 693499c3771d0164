#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# awaitd invoke: the way to a result, to a failure, and out of a wait.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
local_start
echo 'hello, world' >"$tmp/in"

# --- a result ---
run invoke -e cat "$tmp/in"
is "$status" 0 'a result is exit status 0'
same "$tmp/out" "$tmp/in" 'the result is on stdout, and nothing else'
like "$err" 'awaitd: job 0* ok: 13 bytes in *' 'stderr names the job and the size'
is "$(wc -l <"$tmp/err")" 1 'that is one line'
job=$(job_of "$err")
ok 'the job keeps its state file' test -s "$AWAITD_STATE/$job.db"
run result "$job"
same "$tmp/out" "$tmp/in" 'awaitd result gives it again'
run wait "$job"
same "$tmp/out" "$tmp/in" 'and so does awaitd wait'
run invoke -q -e cat "$tmp/in"
is "$status:$err" 0: '--quiet says nothing'
run invoke --json -e cat "$tmp/in"
is "$(jq -r '.outcome, .result.size' "$tmp/out" | paste -sd,)" ok,13 \
    '--json tells of the job in one object'
run invoke --json -o "$tmp/res" -e cat "$tmp/in"
is "$(jq -r .outcome "$tmp/out")" ok '--json and -o go together'
same "$tmp/res" "$tmp/in" 'and the file has the result'

# --- a failing model ---
run invoke -e words "$tmp/in"
is "$status" 3 'a failing model is exit status 3'
ok 'and nothing is on stdout' test ! -s "$tmp/out"
like "$err" 'awaitd: job 0* failed (model): first line of woe*' \
    "the model's own words are on stderr"
is "$(sed -n 2p "$tmp/err")" \
    "$(printf '  \\x1b[31msecond\\x07 line\ttab \\xff\\xc2\\x9b end')" \
    'every line of them, and control bytes made harmless'
is "$(LC_ALL=C tr -d '\n\t -~' <"$tmp/err" | wc -c)" 0 'no other byte remains'
job=$(job_of "$err")
for what in wait result; do
	run "$what" "$job"
	is "$status" 3 "awaitd $what says so, too"
	ok "with nothing on stdout" test ! -s "$tmp/out"
done
run invoke --json -e words "$tmp/in"
is "$status" 3 '--json does not change the status'
ok 'the words are in the JSON, which parses' \
    sh -c "jq -e '.error | startswith(\"first line of woe\n\")' '$tmp/out' >'$tmp/jq'"
run invoke -o "$tmp/none" -e words "$tmp/in"
is "$status" 3 'a failure with -o is exit status 3'
is "$(find "$tmp" -name 'none*' | wc -l)" 0 'and no file appears'
run invoke -e mute "$tmp/in"
is "$status" 3 'a model may fail and say nothing'
like "$err" '*failed (model): *status 1*' 'then somebody else does'
run invoke -e nosuch "$tmp/in"
is "$status" 3 'an endpoint that is not there refuses'
like "$err" '*refused*ValidationError: Endpoint nosuch*' "in AWS's words"

# --- out of a wait, and back ---
begin() { # how many runs began
	wait_until 20 has "$tmp/began" . "$1"
}
run invoke --timeout 0 -e slow "$tmp/in"
is "$status" 4 '--timeout 0 looks once'
like "$err" "awaitd: not ready in time. The job goes on: 'awaitd wait 0*' takes it up." \
    'and says how the job is taken up'
first=$(job_of "$err")
run invoke --timeout 700ms -e slow "$tmp/in"
is "$status" 4 '--timeout ends a wait'
ok 'with nothing on stdout' test ! -s "$tmp/out"
second=$(job_of "$err")
run invoke --max-attempts 3 -e slow "$tmp/in"
is "$status" 4 '--max-attempts ends a wait'
like "$err" 'awaitd: not ready after as many looks. The job goes on: *' \
    'and says so'
third=$(job_of "$err")
is "$("$awaitd" show --json "$third" | jq -r .state)" pending 'the job is pending'
run result "$third"
is "$status" 4 'awaitd result does not wait'
like "$err" "awaitd: job $third is pending. 'awaitd wait $third' waits for it." \
    'and says who does'
run invoke -o "$tmp/late" --timeout 100ms -e slow "$tmp/in"
is "$status" 4 '--timeout with -o'
is "$(find "$tmp" -name 'late*' | wc -l)" 0 'leaves no file'

start int invoke -e slow "$tmp/in"
begin 5
kill -INT "$pid"
finish int "$pid"
is "$status" 130 'SIGINT is exit status 130'
like "$err" "awaitd: interrupted. The job goes on: 'awaitd wait 0*' takes it up." \
    'with the way back'
fifth=$(job_of "$err")
start term invoke -e slow "$tmp/in"
begin 6
kill -TERM "$pid"
finish term "$pid"
is "$status" 143 'SIGTERM is exit status 143'
like "$err" "*The job goes on: 'awaitd wait 0*" 'with the way back'

run wait --timeout 0 "$first"
is "$status" 4 'awaitd wait --timeout 0 looks once'
run wait --max-attempts 2 "$first"
is "$status" 4 'awaitd wait --max-attempts'
run wait --any --timeout 300ms "$first" "$second"
is "$status" 4 'awaitd wait --any waits for one'
sent=$(accepted)
: >"$tmp/go"
for job in "$first" "$second" "$third" "$fifth"; do
	run wait "$job"
	is "$status" 0 'awaitd wait gets what went on'
	same "$tmp/out" "$tmp/in" 'with its bytes'
done
run wait "$first" "$second"
is "$status" 0 'awaitd wait takes several'
is "$(count "$tmp/err" ' ok: ')" 2 'and tells of each'
ok 'but gives no bytes' test ! -s "$tmp/out"
is "$(accepted)" "$sent" 'nothing was sent a second time'
done_testing
