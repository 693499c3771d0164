#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The API of the real service, asked with curl: jobs in both forms, results,
# keys over a kill, who may ask over the socket and over TCP, metrics.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
local_start
(umask 077 && echo 'a-token-for-the-tests' >"$tmp/token")
secret a-token-for-the-tests
secret_place "$tmp/token"
cat >"$tmp/serve.conf" <<END
[api]
listen = unix:$socket, 127.0.0.1:0
token_file = $tmp/token
max_connections = 256
[metrics]
listen = 127.0.0.1:0
[endpoint cat]
poll_start = 50ms
poll_max = 200ms
input_prefix = s3://bucket/in
[endpoint mute]
poll_start = 50ms
poll_max = 200ms
[endpoint slow]
poll_start = 50ms
poll_max = 200ms
END
serve_start

told() { # WHAT: where the log says that it is
	sed -n "s/.*$1 at \\([0-9.]*:[0-9]*\\).*/\\1/p" "$tmp/serve.err" | tail -n 1
}
field() { # NAME: of the last head
	tr -d '\r' <"$tmp/head" | sed -n "s/^$1: //Ip"
}
member() { # FILTER: of the last body
	jq -r "$1" "$tmp/out"
}

# --- jobs in both forms ---
api POST /v1/jobs -H 'Content-Type: application/json' \
    -H 'X-Request-Id: mine-1' -d '{"endpoint":"cat","body":"a body"}'
is "$code" 201 'a job in JSON is taken'
job=$(member .job)
is "$(field Location)" "/v1/jobs/$job" 'with its place'
is "$(field X-Request-Id)" mine-1 'under the id of the request'
ok 'which the log has' has "$tmp/serve.err" "api: request=mine-1 .*job=$job"
api GET "/v1/jobs/$job?wait=60"
is "$(member '[.state, .outcome] | join(" ")')" 'done ok' 'it can be waited for'
api GET "/v1/jobs/$job/result"
is "$(cat "$tmp/out")" 'a body' 'and is what the model wrote'
is "$(field Content-Disposition)" "attachment; filename=\"$job.out\"" \
    'as an attachment'

bytes 5000000 "$tmp/big"
api POST /v1/jobs -H 'Awaitd-Endpoint: cat' \
    -H 'Content-Type: application/x-bytes' -T "$tmp/big"
is "$code" 201 'an input of any size is taken'
job=$(member .job)
is "$(member .request.input_size)" 5000000 'with its size'
is "$(member .request.content_type)" application/x-bytes 'and its type'
api GET "/v1/jobs/$job?wait=60&until=accepted"
ok 'acceptance can be waited for' test "$(member .state)" != queued
api GET "/v1/jobs/$job?wait=60"
is "$(member .outcome)" ok 'it goes through'
is "$(find "$AWAITD_STATE" -name '*.input' | wc -l)" 0 \
    'and its file went with the upload'
api GET "/v1/jobs/$job/result"
same "$tmp/out" "$tmp/big" 'the result is byte for byte the same'

# --- what fails, again; what is given up ---
api POST /v1/jobs -H 'Awaitd-Endpoint: mute' -d 'x'
job=$(member .job)
api GET "/v1/jobs/$job?wait=60"
is "$(member .outcome)" failed 'a model that fails'
api GET "/v1/jobs/$job/result"
is "$code $(member .code)" '409 no_result' 'leaves no result'
api POST "/v1/jobs/$job/retry"
is "$code $(member .retry_of)" "201 $job" 'and can be asked again'
api POST /v1/jobs -H 'Awaitd-Endpoint: slow' -d 'x'
job=$(member .job)
api POST "/v1/jobs/$job/cancel"
is "$code $(member .outcome)" '200 cancelled' 'a job is given up'
ok 'awaitd lists them all' test "$("$awaitd" list --json | wc -l)" -eq 5

# --- keys ---
api POST /v1/jobs -H 'Awaitd-Endpoint: slow' -H 'Idempotency-Key: k' -d 'once'
is "$code" 201 'a job under a key'
job=$(member .job)
serve_kill
serve_start
api POST /v1/jobs -H 'Awaitd-Endpoint: slow' -H 'Idempotency-Key: k' -d 'once'
is "$code $(member .job)" "200 $job" 'is the same behind a kill'
api POST /v1/jobs -H 'Awaitd-Endpoint: slow' -H 'Idempotency-Key: k' -d 'else'
is "$code $(member .code)" '409 idempotency_key_reused' 'and no other'

# --- who may ask ---
tcp=$(told 'the API is')
by_tcp() { # CURL OPTION...: the status
	curl -sS --max-time 20 -o "$tmp/out" -w '%{http_code}' "$@"
}
is "$(by_tcp "http://$tcp/v1/jobs")" 401 'TCP wants a token'
is "$(by_tcp "http://$tcp/healthz")" 200 'but not for its health'
is "$(by_tcp -H 'Authorization: Bearer a-token-for-the-tests' \
    "http://$tcp/v1/jobs")" 200 'and takes the right one'
is "$(grep -c 'a-token-for-the-tests' "$tmp/serve.err")" 0 \
    'which no line of the log has'

# Behind a '#' is what nobody is sent: 70 times the same.
curl -sS --max-time 30 --parallel --parallel-immediate --parallel-max 70 \
    -o "$tmp/out" -w '%{http_code}\n' \
    -H 'Authorization: Bearer a-token-for-the-tests' \
    "http://$tcp/v1/jobs/$job?wait=3#[1-70]" >"$tmp/codes" 2>"$tmp/err"
is "$(sort "$tmp/codes" | uniq -c | awk '{ print $2 "x" $1 }' | paste -sd' ')" \
    '200x64 503x6' 'one address has 64 connections at most'

# --- metrics ---
metrics=$(told 'metrics are')
curl -sS --max-time 20 "http://$metrics/metrics" >"$tmp/metrics"
ok 'metrics are counted' has "$tmp/metrics" \
    '^awaitd_api_requests_total\{code="401"\} 1$'
ok 'and describe what is under way' has "$tmp/metrics" \
    '^awaitd_jobs\{state="(queued|pending)"\} 1$'
is "$(by_tcp "http://$metrics/v1/jobs")" 404 'their address is not the API'
api GET /metrics
is "$code" 404 'nor the other way round'

# --- the end ---
curl -sSv --max-time 60 --unix-socket "$socket" \
    "http://awaitd/v1/jobs/$job?wait=60" >"$tmp/waited" 2>"$tmp/curl.err" &
waiting=$!
wait_until 20 has "$tmp/curl.err" '^> GET'
# What was sent before this is read before it.
api GET /healthz
serve_stop
is "$serve_status" 0 'the service ends well'
wait "$waiting"
is "$(jq -r .job "$tmp/waited")" "$job" 'who waited was answered first'

# --- files that hold no token ---
no_token() { # NAME: what $tmp/token is
	status=0
	timeout -s KILL 10 "$awaitd" serve --config "$tmp/serve.conf" \
	    </dev/null 2>"$tmp/err" || status=$?
	cat "$tmp/err" >>"$tmp/all.err"
	is "$status" 2 "$1 holds no token"
	like "$(cat "$tmp/err")" '*token_file*' 'and is named'
}
(umask 077 && printf 'a-token-for-the-t\0ests\n' >"$tmp/token")
no_token 'a file with a NUL'
(umask 077 && echo 'fifteen-letters' >"$tmp/token")
no_token 'what could be guessed'
rm "$tmp/token"
mkfifo -m 600 "$tmp/token"
no_token 'a pipe'

# --- another user ---
if [ "$(id -u)" -eq 0 ] && command -v setpriv >"$tmp/which"; then
	open=$(mktemp -d)
	chmod 755 "$open"
	socket=$open/awaitd.sock
	cat >"$tmp/serve.conf" <<-END
		[api]
		listen = unix:$socket
		users = 64001
	END
	serve_start
	as() { # UID: the status and the code
		setpriv --reuid="$1" --regid="$1" --clear-groups \
		    curl -sS --max-time 20 --unix-socket "$socket" \
		    http://awaitd/v1/jobs >"$tmp/out"
		jq -r '"\(.status // 200) \(.code // "jobs")"' "$tmp/out"
	}
	is "$(as 64001)" '200 jobs' 'a user that is named may ask'
	is "$(as 64002)" '403 forbidden' 'and another not'
	serve_stop
	rm -rf "$open"
else
	skip 'other users' 'needs root and setpriv'
fi
: >"$tmp/go"
done_testing
