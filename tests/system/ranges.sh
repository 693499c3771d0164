#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A result in parts: curl that goes on where it broke off, and awaitd, whose
# connection to the service is cut in the middle.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
local_start
token=correct-horse-battery-staple
(umask 077 && echo "$token" >"$tmp/token")
secret "$token"
secret_place "$tmp/token"
cat >"$tmp/serve.conf" <<END
[api]
listen = unix:$socket, 127.0.0.1:0
token_file = $tmp/token
[endpoint cat]
poll_start = 50ms
poll_max = 200ms
input_prefix = s3://bucket/in
END
serve_start
bytes 5000000 "$tmp/in"
api POST /v1/jobs -H 'Awaitd-Endpoint: cat' -T "$tmp/in"
job=$(jq -r .job "$tmp/out")
path=/v1/jobs/$job/result
api GET "/v1/jobs/$job?wait=60"
is "$(jq -r .outcome "$tmp/out")" ok 'there is a result'
etag=$(jq -r .result.etag "$tmp/out")

# --- curl ---
parts() { # how many S3 was asked for
	count "$tmp/local.log" 'method=GET path=/bucket/out/.* status=206'
}
go_on() { # [CURL OPTION...]: sets status and code
	status=0
	code=$(curl -sS --max-time 60 --unix-socket "$socket" -C - \
	    -o "$tmp/part" -w '%{http_code}' "$@" "http://awaitd$path" \
	    2>"$tmp/err") || status=$?
}
head -c 2000000 "$tmp/in" >"$tmp/part"
go_on
is "$status $code" '0 206' 'curl goes on'
same "$tmp/part" "$tmp/in" 'and has the whole'
is "$(parts)" 1 'of which S3 gave the rest alone'
head -c 2000000 "$tmp/in" >"$tmp/part"
go_on -H "If-Range: $etag"
same "$tmp/part" "$tmp/in" 'under its ETag, too'
go_on
is "$code" 416 'there is nothing behind the end'
same "$tmp/part" "$tmp/in" 'and nothing is spoilt'
api GET "$path" -r 10-19 -H 'If-Range: "another"'
is "$code" 200 'of another version there is no part'
same "$tmp/out" "$tmp/in" 'but all of this one'
api GET "$path" -r 0-9,20-29
is "$code" 200 'several parts are the whole'

# --- awaitd, whose connection breaks ---
"$abs_top_builddir/tests/support/cutter" \
    "$(sed -n 's/.*the API is at 127[^ "]*:\([0-9]*\)".*/\1/p' "$tmp/serve.err")" \
    "$tmp/cutter.port" "$tmp/cuts" 1 0 1000 2000 3 500000 1500000 \
    2>"$tmp/cutter.err" &
pids="$pids $!"
wait_until 20 test -s "$tmp/cutter.port"
before=$(parts)
run result --server "http://127.0.0.1:$(cat "$tmp/cutter.port")" \
    --token-file "$tmp/token" -o "$tmp/whole" "$job"
is "$status" 0 'awaitd goes on'
is "$(wc -l <"$tmp/cuts")" 3 'where its connection was cut'
like "$err" '*going on at byte*' 'and says so'
same "$tmp/whole" "$tmp/in" 'and has the whole'
is "$(parts)" "$((before + 3))" 'of which S3 gave the rest alone'

# --- and whose service dies ---
mkfifo "$tmp/fifo"
start late wait --server "$socket" -o "$tmp/fifo" "$job"
waiter=$pid
{
	head -c 1000000
	: >"$tmp/begun"
	wait_until 60 test -e "$tmp/back"
	cat
} <"$tmp/fifo" >"$tmp/piped" &
reader=$!
pids="$pids $reader"
wait_until 30 test -e "$tmp/begun"
serve_kill
serve_start
: >"$tmp/back"
finish late "$waiter"
is "$status" 0 'a service that dies and is back is asked for the rest'
wait "$reader"
same "$tmp/piped" "$tmp/in" 'and what was written is the whole'
like "$err" '*going on at byte*' 'once'
serve_stop
done_testing
