#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Results as files in a folder, and over unix sockets to the readers of
# awaitd-handlers(7): outcomes, replays, a reader that comes later, a large
# result, a full disk, a crash between the two files, a reload.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
command -v python3 >/dev/null || skip_all 'no python3'
cd "$tmp" || exit 1
local_start
mkdir kept events
page=$abs_top_srcdir/doc/awaitd-handlers.7.scd

example() { # FIRST LINE: of the page, as people read it
	awk -v first="$1" '$0 == "```" { inside = 0 }
	    $0 == first { inside = 1 } inside' "$page" | sed 's/\\\\/\\/g'
}
example 'import json, socketserver' |
    sed 's/print(facts\["id"\].*/print(json.dumps([facts, body[:99].decode(errors="replace")]), flush=True)/' \
	>reader.py
ok 'the page has a reader' test -s reader.py

cat >serve.conf <<END
[endpoint cat]
input_prefix = s3://bucket/in
poll_start = 50ms
poll_max = 200ms
deliver = dir keep, dir events, unix raw
[endpoint words]
poll_start = 50ms
poll_max = 200ms
deliver = dir keep, unix raw
[dir keep]
path = $tmp/kept
schedule = 200ms, 200ms, 200ms, 200ms, 200ms, 200ms, 200ms, 200ms
[dir events]
path = $tmp/events
payload = event
[unix raw]
path = $tmp/awaitd.sock
payload = raw
breaker_failures = 0
schedule = 200ms, 200ms, 200ms, 200ms, 200ms, 200ms, 200ms, 200ms, 200ms, 200ms, 200ms, 200ms, 200ms, 200ms, 200ms, 200ms
[unix other]
path = $tmp/other.sock
END

reader_start() {
	rm -f awaitd.sock
	python3 reader.py >>reader.out 2>>reader.err &
	reader_pid=$!
	pids="$pids $reader_pid"
	wait_until 20 test -S awaitd.sock
}

post() { # ENDPOINT DATA [CURL OPTION...]: sets job
	post_endpoint=$1
	post_data=$2
	shift 2
	api POST /v1/jobs -H "Awaitd-Endpoint: $post_endpoint" \
	    -H 'Content-Type: text/plain' --data-binary "$post_data" "$@"
	job=$(jq -r .job out)
}

# shellcheck disable=SC2317 # by wait_until
all_are() { # STATE N: so many deliveries of the job
	api GET "/v1/deliveries?job=$job&state=$1"
	[ "$(jq '.deliveries | length' out)" -eq "$2" ]
}

delivery() { # QUERY [TARGET]: of the job's one delivery to it
	api GET "/v1/deliveries?job=$job"
	api GET "/v1/deliveries/$(jq -r --arg t "${2-}" \
	    '[.deliveries[] | select($t == "" or .target == $t)][0].delivery' \
	    out)"
	jq -r "$1" out
}

# --- what can be seen before ---
run check -c serve.conf --json
is "$(jq -r 'select(.check == "dir") | "\(.subject) \(.status) \(.detail)"' out)" \
    "keep ok files can be made in $tmp/kept
events ok files can be made in $tmp/events" 'folders are looked at'
like "$(jq -r 'select(.check == "unix") | "\(.status) \(.detail)=\(.remedy)"' out |
    head -n 1)" "warn connect to $tmp/awaitd.sock: No such file*=Start the program*" \
    'and sockets that nobody listens at'
is "$(find kept events | wc -l)" 2 'without leaving anything'

# --- a job that is ok ---
reader_start
serve_start
post cat 'hello é' -H 'Awaitd-Custom-Attributes: tenant=7'
is "$code" 201 'a job is taken'
ok 'three targets take it' wait_until 30 all_are delivered 3
id=$(delivery .delivery 'dir keep')
name=$job.completed.${id#msg_}
printf 'hello é' >want
same "kept/$name.out" want 'the bytes are in the folder'
is "$(jq -cr '[.id, .type, .target, .payload, .size, .file, .sha256, .data.job,
    .data.outcome, .data.custom_attributes, .data.result]' "kept/$name.json")" \
    "[\"$id\",\"inference.completed\",\"dir keep\",\"raw\",8,\"$name.out\",\"$(
	sha256sum <want | cut -d ' ' -f 1)\",\"$job\",\"ok\",\"tenant=7\",null]" \
    'with their facts'
is "$(find kept -type f | wc -l)" 2 'and nothing else'
is "$(jq -r '.data.result, .data.job' events/*.json | tr '\n' ' ')" \
    "hello é $job " 'an event is one file'
is "$(jq -cr '[.[0].type, .[0].target, .[0].attempt, .[0].replay,
    .[0].data.job, .[1]]' reader.out)" \
    "[\"inference.completed\",\"unix raw\",1,false,\"$job\",\"hello é\"]" \
    'a reader got facts and bytes'
is "$(cat reader.err)" '' 'and had no trouble'
run check -c serve.conf --json
is "$(jq -r 'select(.check == "unix").status' out | tr '\n' ' ')" 'ok warn ' \
    'check sees who listens'

# --- replays ---
touch -d '2001-01-01' kept/*
run replay "$id"
is "$status" 0 'a folder can be asked for again'
ok '... and has it' wait_until 20 all_are delivered 3
is "$(delivery '.log | map(.response) | join(", ")' 'dir keep')" \
    "$name.json, it was there already" 'already'
is "$(find kept -type f -newermt 2002-01-01 | wc -l)" 0 'nothing was written over'
run replay "$(delivery .delivery 'unix raw')"
ok 'a reader gets its copy' wait_until 20 has reader.out 'hello' 2
is "$(jq -cr '[.[0].id, .[0].attempt, .[0].replay]' reader.out | tail -n 1)" \
    "[\"$(delivery .delivery 'unix raw')\",2,true]" 'which says so'
is "$(jq -r .[0].sha256 reader.out | sort -u | wc -l)" 1 'with the same bytes'

# --- a job that failed ---
post words x
ok 'a failure is delivered' wait_until 30 all_are delivered 2
like "$(cat kept/"$job".failed.*.out)" 'first line of woe*' "with the model's words"
is "$(jq -r '.data.error.code, .type' kept/"$job".failed.*.json | tr '\n' ' ')" \
    'model inference.failed ' 'and what they are'

# --- what is there ---
post cat one -H 'Awaitd-Deliver: dir keep'
ok 'a third' wait_until 30 all_are delivered 1
id=$(delivery .delivery)
printf 'somebody else' >"kept/$job.completed.${id#msg_}.out"
run replay "$id"
ok 'what has other bytes is not written over' \
    wait_until 30 all_are dead 1
like "$(delivery .note)" '*is there in*something else*' 'but named'
is "$(cat "kept/$job.completed.${id#msg_}.out")" 'somebody else' 'and left alone'

# --- a reader that comes later, and one in C ---
kill "$reader_pid"
wait "$reader_pid" 2>/dev/null
post cat later -H 'Awaitd-Deliver: unix raw'
# shellcheck disable=SC2317 # by wait_until
was_tried() {
	[ "$(delivery '.attempts // 0')" -ge 2 ]
}
ok 'where nobody listens it is tried again' wait_until 30 was_tried
like "$(delivery '.log[0].note')" 'connect to *awaitd.sock: *' 'which is said'
if command -v "${CC:-cc}" >/dev/null; then
	rm -f awaitd.sock
	{
		example '#include <stdio.h>'
		cat <<END
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
int
main(void)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(sa.sun_path, "awaitd.sock");
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == -1 ||
	    listen(fd, 8) == -1)
		return 1;
	for (;;) {
		serve(accept(fd, NULL, NULL));
		fflush(stdout);
	}
}
END
	} >reader.c
	ok 'the page has one in C' "${CC:-cc}" -Wall -Wextra -Werror -o reader_c \
	    reader.c
	./reader_c >reader_c.out &
	reader_pid=$!
	pids="$pids $reader_pid"
	ok 'and taken when it is there' wait_until 30 all_are delivered 1
	like "$(tail -n 1 reader_c.out)" '{"id":"msg_*}later' 'with all of it'
	printf '%s' "$(head -c 2000000 /dev/zero | tr '\0' x)" >two
	post cat @two -H 'Awaitd-Deliver: unix raw'
	ok 'a reader may refuse before it reads' wait_until 30 all_are dead 1
	is "$(delivery '.log[0] | .note, .response' | tr '\n' '|')" \
	    'said DEAD: it wants no more of this|too large for me|' 'with a word'
	kill "$reader_pid"
	wait "$reader_pid" 2>/dev/null
	reader_start
else
	skip 'a reader in C' 'no compiler'
	reader_start
	ok 'and taken when it is there' wait_until 30 all_are delivered 1
fi

# --- a large result ---
bytes 64000000 large
post cat @large -H 'Awaitd-Deliver: dir keep, unix raw'
ok 'a large result is delivered' wait_until 60 all_are delivered 2
same "$(ls kept/"$job".completed.*.out)" large 'whole'
is "$(jq -r '[.sha256, .data.sha256] | unique[]' kept/"$job".completed.*.json)" \
    "$(sha256sum <large | cut -d ' ' -f 1)" 'with its digest'
rm -f large kept/"$job".*
if sanitized; then
	skip 'in little memory' 'sanitizers take more'
else
	peak=$(awk '/^VmHWM/ { print $2 }' "/proc/$serve_pid/status")
	ok "in little memory: $peak kB" test "$peak" -lt 65536
fi

# --- a reload ---
cp serve.conf good.conf
sed -i "s|$tmp/events|$tmp/missing|" serve.conf
kill -HUP "$serve_pid"
ok 'a folder that is missing is no configuration' \
    wait_until 20 has serve.err 'missing: No such file'
post cat still -H 'Awaitd-Deliver: dir events'
ok 'and the old one goes on' wait_until 30 all_are delivered 1
mkdir missing
kill -HUP "$serve_pid"
ok 'one that is there' wait_until 20 has serve.err 'reloaded'
post cat there -H 'Awaitd-Deliver: dir events'
ok 'takes what comes' wait_until 30 all_are delivered 1
is "$(jq -r .data.result missing/*.json)" there 'from now on'
serve_stop
is "$serve_status" 0 'the service ends'

# --- a disk that is full ---
if [ "$(id -u)" -eq 0 ] && mkdir full &&
    mount -t tmpfs -o size=512k tmpfs full 2>/dev/null; then
	sed "s|$tmp/kept|$tmp/full|" good.conf >serve.conf
	serve_start
	head -c 300000 /dev/urandom >full/ballast
	head -c 300000 /dev/urandom >some
	post cat @some -H 'Awaitd-Deliver: dir keep'
	ok 'where there is no room it is tried again' wait_until 30 was_tried
	like "$(delivery '.log[0].note')" \
	    'write * in */full: No space left*Make room there*' 'which is said'
	is "$(find full -type f)" full/ballast 'and nothing is left there'
	rm full/ballast
	ok 'with room it is delivered' wait_until 30 all_are delivered 1
	same "$(ls full/"$job".*.out)" some 'whole'
	serve_stop
	umount full
else
	skip 'a full disk' 'not root'
fi

# --- a crash between the two files ---
cp good.conf serve.conf
awaitd=$abs_top_builddir/awaitd-crash
export AWAITD_CRASH_AT=C19:1
serve_start
unset AWAITD_CRASH_AT
post cat crash -H 'Awaitd-Deliver: dir keep'
ok 'it dies behind the bytes' wait_until 30 gone "$serve_pid"
wait "$serve_pid" 2>/dev/null
serve_over
ok '... which are there' test -f kept/"$job".completed.*.out
ok '... and no facts' test ! -e kept/"$job".completed.*.json
serve_start
ok 'the next process delivers it' wait_until 30 all_are delivered 1
is "$(delivery '.attempts, .log[0].outcome' | tr '\n' ' ')" '2 interrupted ' \
    'again'
is "$(jq -r .data.job kept/"$job".completed.*.json)" "$job" 'and has both'
is "$(find kept -name '.*' -type f | wc -l)" 0 'and nothing is left over'
serve_stop

done_testing
