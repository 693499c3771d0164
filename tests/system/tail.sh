#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# awaitd tail before servers that are not as awaitd is: events in every form,
# connections that end at once, another program's page; and readers that leave
# or take no more.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
command -v jq >"$tmp/which" || skip_all 'no jq'
command -v socat >"$tmp/which" || skip_all 'no socat'
cd "$tmp" || exit 1

# Each connection gets what is in the files just then, and is ended. It is
# noted: when it was, and which place it named. A probe asks nothing.
cat >answer.sh <<'END'
place=none asked=
while IFS= read -r line; do
	line=${line%?}
	[ -n "$line" ] || break
	asked=yes
	case $line in
	[Ll]ast-[Ee]vent-[Ii][Dd]:*) place=${line#*: } ;;
	esac
done
[ -n "$asked" ] || exit 0
echo "$(date +%s%3N) $place" >>places
cat top stream
END
answer_with() { # TYPE
	printf 'HTTP/1.1 200 OK\r\nContent-Type: %s\r\nConnection: close\r\n\r\n' \
	    "$1" >top
}
stream() { # FORMAT [ARGUMENT...]: what the next connection gets
	# shellcheck disable=SC2059
	printf "$@" >stream.new
	mv stream.new stream
	rm -f places
}
answer_with text/event-stream
socat UNIX-LISTEN:"$tmp/fake.sock",fork SYSTEM:'sh ./answer.sh' 2>socat.err &
pids="$pids $!"
wait_until 10 test -S fake.sock
fake=unix:$tmp/fake.sock
event() { # ID JOB [AT]: one, as awaitd writes it
	printf 'id: %s\ndata: {"type":"job.done","at":"%s","job":"%s"}\n\n' \
	    "$1" "${3-2026-03-04T05:06:07.000Z}" "$2"
}

# --- forms ---
stream '\357\273\277id: 7\r\ndata: {"type":"job.done",\r\ndata: "job":"a"}\r\n\r\ndata: {"type":"job.done","job":"b"}\r\rdata: {"type":"job.done","job":"c"}\n\n'
run tail --server "$fake" --json -n 3
is "$status:$(jq -r .job out | tr '\n' ' ')" '0:a b c ' \
    'events in each form that the standard allows'
is "$(wc -l <out)" 3 'are a line each'
stream 'id: 5\ndata: {"type":"job.done","job":"x\\u001b[31m\\u202ey"}\n\n'
run tail --server "$fake" -n 1
like "$(cat out)" '*job.done*x [[]31m   y' 'what a terminal would obey is blanked'

# --- connections that end at once ---
stream 'retry: 1\nid: 5\n\n'
start tail tail --server "$fake"
tail_pid=$pid
ok 'who is cut off comes back' wait_until 30 has places . 4
is "$(cut -d ' ' -f 2 places | sort | uniq -c | tr -s ' ' | tr '\n' ';')" \
    ' 3 5; 1 none;' 'with its place'
# shellcheck disable=SC2016 # of awk
ok 'later each time' awk 'NR > 1 { gap[NR] = $1 - last } { last = $1 }
    END { exit !(gap[2] >= 750 && gap[3] >= 1550 && gap[4] >= 3150) }' places
is "$(count tail.err .)" 4 'and says so twice, not each time'
event 6 a >stream.new
mv stream.new stream
ok 'an event shows that it is back' wait_until 30 has tail.out '  a'
is "$(tail -n +5 tail.err | head -n 1)" \
    'awaitd: the service is back: going on behind event 5' 'which is said'
kill -INT "$tail_pid"
finish tail "$tail_pid"
is "$status" 130 'an interrupt ends it while it waits'

stream 'data: {"type":"job.done","job":"a"}\n\n'
run tail --server "$fake" -n 2
is "$(tail -n 1 err)" 'awaitd: the service is back' \
    'one without ids has no place to go on behind'

# --- what is missing ---
{
	printf 'id: 1\ndata: {"type":"gap","reason":"pruned"}\n\n'
	event 2 old 2001-01-01T00:00:00.000Z
	event 3 new 2999-01-01T00:00:00.000Z
} >gaps
cp gaps stream
run tail --server "$fake" --since 1h -n 1
is "$(grep -c ' new$' out):$(grep -c missing err)" 1:0 \
    'what was forgotten before --since is not missed'
run tail --server "$fake" --since 1h -n 2
is "$(grep -c ' new$' out):$(grep -c missing err)" 2:1 \
    'what was forgotten while it was away is'

{
	event 3 new 2999-01-01T00:00:00.000Z
	printf 'id: 4\ndata: {"type":"gap","reason":"damaged"}\n\n'
	event 5 new 2999-01-01T00:00:00.000Z
} >gaps
cp gaps stream
run tail --server "$fake" --since 1h -n 2
is "$(grep -c ' new$' out):$(grep -c 'missing here: its row' err)" 2:1 \
    'and what is missing between two'

# --- another program ---
answer_with text/html
stream '<p>It works!\n'
run tail --server "$fake"
is "$status" 1 "another server's page is an error"
like "$err" "awaitd: $fake answers with no events*Is that address the service's own?" \
    'that says so, once'
answer_with text/event-stream

# --- readers ---
i=0
while [ "$i" -lt 5000 ]; do
	i=$((i + 1))
	event "$i" "job-$i"
done >stream
{
	status=0
	"$awaitd" tail --server "$fake" --json 2>err || status=$?
	echo "$status" >status
} | head -n 1 >out
is "$(cat status)" 1 'a reader that leaves ends it'
is "$(sed 1d err)" 'awaitd: write to stdout: Broken pipe' 'told once'
mkfifo full
exec 7<>full
"$awaitd" tail --server "$fake" --json >full 2>err &
pid=$!
pids="$pids $pid"
# shellcheck disable=SC2317 # by wait_until
stuck() {
	[ "$(sed -n 's/^wchar: //p' "/proc/$pid/io")" -ge 64000 ]
}
if [ -r "/proc/$pid/io" ]; then
	ok 'a reader that takes no more' wait_until 30 stuck
	kill -TERM "$pid"
	ok 'keeps no signal from ending it' wait_until 10 gone "$pid"
	ours "$pid" && kill -KILL "$pid"
	status=0
	wait "$pid" || status=$?
	is "$status" 143 'by its own status'
else
	skip 'a reader that takes no more' 'no /proc'
fi
exec 7>&-
run_unread config keys
is "$status:$err" '1:awaitd: write to stdout: Broken pipe' \
    'a list whose reader left is an error, told once'
if [ -w /dev/full ]; then
	status=0
	"$awaitd" config keys >/dev/full 2>err || status=$?
	is "$status:$(wc -l <err)" 1:1 'so is one that found no room'
fi

# --- a service's configuration ---
cat >top <<END
HTTP/1.1 200 OK
Content-Type: application/json
Connection: close

END
sed -i 's/$/\r/' top
stream '{"values":[{"section":"awaitd","key":"deployment","value":"a\\n[api]\\u001b[2J","source":"x\\ny","secret":false,"restart":false}]}'
run config show --running --server "$fake"
is "$status:$(cat out)" '0:[awaitd]
# x y
deployment = a [api] [2J' 'a value of a service stays in its line'

# --- and its jobs ---
job=01m84c3782a362srmd7d3n4tkn
at=2026-03-04T05:06:07.000Z
stream '{"job":"%s","endpoint":"dog","state":"done","outcome":"failed","created_at":"%s","completed_at":"%s","error_code":"refused","error":"ValidationError: Endpoint dog of account 1 not found.","request":{"region":"u\\u001b[2J\\ns"}}' \
    "$job" "$at" "$at"
run wait --server "$fake" "$job"
is "$status:$(printf '%s\n' "$err" | tail -n 1)" \
    "3:awaitd: check the endpoint's name and the region; the service at $fake asked in u [2J s" \
    'so does the region that it asked in'
done_testing
