#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Several jobs, several runs at once, and what the exit status says.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
local_start

# --- eight runs in one folder ---
i=0
all=
while [ $i -lt 8 ]; do
	i=$((i + 1))
	bytes $((i * 1000)) "$tmp/in.$i"
	start "run.$i" invoke -e cat "$tmp/in.$i"
	all="$all $pid"
done
i=0
for pid in $all; do
	i=$((i + 1))
	finish "run.$i" "$pid"
	is "$status" 0 "run $i of eight is ok"
	same "$tmp/run.$i.out" "$tmp/in.$i" 'with its own result'
	is "$(wc -l <"$tmp/run.$i.err")" 1 'and one line on stderr'
done
is "$(states)" 8 'eight state files are left'
is "$(jobs_listed)" 8 'awaitd list has all eight'
is "$(accepted)" 8 'each was sent once'

# --- a job that a live run holds ---
echo 'slow input' >"$tmp/in"
start live invoke -e slow "$tmp/in"
live=$pid
wait_until 20 has "$tmp/began" .
job=$("$awaitd" list --json | jq -r 'select(.state != "done") | .job')
ok 'list shows the job of a live run' test -n "$job"
run show "$job"
is "$status" 0 'show tells of it'
like "$(cat "$tmp/out")" '*state *pending*' 'and where it stands'
run show --json "$job"
is "$(jq -r .state "$tmp/out")" pending 'in JSON, too'
run wait --timeout 0 "$job"
is "$status" 4 'a second run may look'
run result "$job"
is "$status" 4 'or ask for the result'
start second wait "$job"
second=$pid
start third wait -o "$tmp/third" "$job"
third=$pid
run wait --timeout 600ms "$job"
is "$status" 4 'or wait for a while'
: >"$tmp/go"
finish live "$live"
same "$tmp/live.out" "$tmp/in" 'the run that holds the job gets the result'
finish second "$second"
is "$status" 0 'the one that watches gets it'
same "$tmp/second.out" "$tmp/in" 'too'
finish third "$third"
same "$tmp/third" "$tmp/in" 'and so does another one'
is "$(accepted)" 9 'for one submission'
is "$(find "$AWAITD_STATE" -name '*copy*' | wc -l)" 0 'no copy of a state file is left'

# --- the run that holds the job is killed: whoever watches carries it on ---
rm "$tmp/go"
start live invoke -e slow "$tmp/in"
live=$pid
wait_until 20 has "$tmp/began" . 2
job=$("$awaitd" list --json | jq -r 'select(.state != "done") | .job')
start heir wait -v "$job"
heir=$pid
wait_until 20 has "$tmp/heir.err" 'is carried by another run'
kill -KILL "$live"
: >"$tmp/go"
finish heir "$heir"
is "$status" 0 'a watching run outlives the one it watched'
same "$tmp/heir.out" "$tmp/in" 'and gets the result'
is "$(accepted)" 10 'without another submission'

# --- several jobs ---
rm "$tmp/go"
good=$("$awaitd" submit -e cat "$tmp/in")
bad=$("$awaitd" submit -e words "$tmp/in")
late=$("$awaitd" submit -e slow "$tmp/in")
run wait "$good" "$bad"
is "$status" 3 'of several, the worst status counts'
is "$(wc -l <"$tmp/out")" 0 'and no bytes are written'
run wait --json "$good" "$bad"
is "$(jq -r .outcome "$tmp/out" | paste -sd,)" ok,failed \
    '--json gives a line for each, in the order they were named'
run wait --any "$good" "$late"
is "$status" 0 '--any ends with the first'
run wait --any "$bad" "$late"
is "$status" 3 'whose outcome is the status'
run wait --timeout 300ms "$good" "$late"
is "$status" 4 'a time-out with one of two done'
like "$err" "*not ready in time*awaitd wait *" 'says so'
: >"$tmp/go"
run wait --all "$good" "$late"
is "$status" 0 '--all waits for each'
run wait "$late" "$late"
is "$status" 0 'a job named twice is one'
same "$tmp/out" "$tmp/in" 'whose result is written'

# --- what is no job ---
for what in wait show result; do
	run "$what" 01jd2k3m4n5p6q7r8s9t0v1w2x
	is "$status" 6 "$what of an unknown job is exit status 6"
	like "$err" 'awaitd: there is no job 01jd2k3m4n5p6q7r8s9t0v1w2x in *' \
	    'and names it'
	for id in nonsense '' ../../etc/passwd 01JD2K3M4N5P6Q7R8S9T0V1W2X \
	    81jd2k3m4n5p6q7r8s9t0v1w2x "$good.db"; do
		run "$what" "$id"
		is "$status:$(wc -l <"$tmp/err")" 2:1 "$what \"$id\" is exit status 2"
	done
	run "$what"
	is "$status" 2 "$what of nothing is exit status 2"
done
run wait -o "$tmp/x" "$good" "$bad"
is "$status" 2 '-o takes one result'
run wait --any --all "$good"
is "$status" 2 '--any and --all exclude each other'
run wait --poll-interval 1ms "$good"
is "$status" 2 'nobody looks a thousand times a second'

# --- which are listed, without a service ---
run submit -e cat --tag first --tag all "$tmp/in"
first=$(cat "$tmp/out")
run submit -e cat --tag second --tag all "$tmp/in"
second=$(cat "$tmp/out")
run wait "$first" "$second"
run list --tag all --json
is "$(jq -r '.job + " " + .tags[1]' "$tmp/out" | paste -sd' ')" \
    "$first first $second second" 'a tag finds its jobs, the oldest first'
run list --newest --limit 1 --json
is "$(jq -r .job "$tmp/out")" "$second" 'the newest is one of all files'
run list --outcome failed --json
is "$(jq -r .outcome "$tmp/out" | sort -u)" failed 'an outcome finds its own'
run list --tag al
is "$status:$(cat "$tmp/out")" 0: 'a part of a tag finds none'
like "$err" "*no such jobs in $AWAITD_STATE*" 'which is said'
run list --tag all --until 1h
is "$(cat "$tmp/out")" '' 'nor was there one an hour ago'
run list --state gone
is "$status" 2 'a state that nothing has is refused'

# --- all that match, without a service ---
run submit -e words --tag redo "$tmp/in"
run submit -e words --tag redo "$tmp/in"
# shellcheck disable=SC2046
run wait $("$awaitd" list --tag redo --json | jq -r .job)
run retry --tag redo --dry-run
like "$err" '*2 jobs would be asked for again*' 'those of all files are counted'
run retry --tag redo
is "$status:$(grep -c . "$tmp/out")" 0:2 'and asked for again'
# shellcheck disable=SC2046
run wait $(cat "$tmp/out")
run retry --tag redo --dry-run
like "$err" '*2 jobs would be asked for again*' 'only what has no retry yet'
run retry --tag redo --again --dry-run
like "$err" '*4 jobs would be asked for again*' '--again: all of them'
run cancel --tag redo
is "$status" 0 'nothing is left to be given up'
like "$err" '*0 jobs are given up*' 'which is said'

# --- a folder with what does not belong there ---
echo 'no database' >"$AWAITD_STATE/01jd2k3m4n5p6q7r8s9t0v1w2x.db"
: >"$AWAITD_STATE/notes.db"
mkdir "$AWAITD_STATE/01jd2k3m4n5p6q7r8s9t0v1w2y.db"
run list
is "$status" 1 'a damaged state file is an error'
is "$(wc -l <"$tmp/err")" 2 'that is told of each'
is "$(count "$tmp/out" '^0.* done ')" 19 'and hides no job'
run wait "$good"
is "$status" 0 'nor stands it in the way'

# --- what comes next ---
if command -v script >"$tmp/which"; then
	typed() { # WORDS: as on a terminal, without the line of progress
		script -qec "$*" /dev/null </dev/null |
		    sed 's/.*\x1b\[K//; s/\r//g'
	}
	typed "'$awaitd' submit -e cat '$tmp/in'" >"$tmp/typed"
	id=$(job_of "$(cat "$tmp/typed")")
	is "$(cat "$tmp/typed")" "$id
awaitd: 'awaitd wait $id' awaits its result" \
	    'on a terminal it is said what awaits the result'
	typed "'$awaitd' submit -e cat '$tmp/in' '$tmp/in'" >"$tmp/typed"
	like "$(tail -n 1 "$tmp/typed")" \
	    "awaitd: 'awaitd wait JOB...' awaits the results of these 2" \
	    'and of several'
	is "$(wc -l <"$tmp/typed")" 3 'behind their ids'
	typed "'$awaitd' submit --quiet -e cat '$tmp/in'" >"$tmp/typed"
	is "$(wc -l <"$tmp/typed")" 1 'not with --quiet'
	typed "'$awaitd' submit --json -e cat '$tmp/in'" >"$tmp/typed"
	is "$(grep -vc '^{' "$tmp/typed")" 0 'nor beside JSON'
	typed "'$awaitd' submit -e cat '$tmp/in' | cat" >"$tmp/typed"
	is "$(grep -c awaits "$tmp/typed")" 0 'nor where a program reads the ids'
	typed "'$awaitd' submit -e cat '$tmp/in' 2>'$tmp/said'" >"$tmp/typed"
	is "$(cat "$tmp/said")" '' 'nor where no terminal would show it'
else
	skip 'what comes next' 'no script(1)'
fi
done_testing
