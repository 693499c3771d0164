#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The admin address of awaitd-local: where it listens, who may ask, what it
# shows, and that the rest is told what to do.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
command -v curl >/dev/null || skip_all 'no curl'
cp "$tmp/local.conf" "$tmp/plain.conf"
cd "$tmp" || exit 1
printf x >x

ask() { # METHOD URL [CURL OPTION...]: sets code and told
	ask_method=$1
	ask_url=$2
	shift 2
	code=$(curl -sS --max-time 60 -X "$ask_method" -o "$tmp/told" \
	    -D "$tmp/head" -w '%{http_code}' "$@" "$ask_url" 2>"$tmp/err")
	told=$(cat "$tmp/told")
}

# where KEY...: awaitd-local with these in [admin]; sets admin to its URL
where() {
	local_stop
	{
		cat "$tmp/plain.conf"
		echo '[admin]'
		printf '%s\n' "$@"
	} >"$tmp/local.conf"
	: >"$tmp/local.log"
	port=
	local_start
	admin=$(sed -n 's/.* admin: msg=listening address=//p' "$tmp/local.log")
}

metric() { # NAME-AND-LABELS
	ask GET "$admin/metrics"
	grep -F "$1 " told | sed 's/.* //'
}

# --- off ---
local_start
is "$(count local.log ' admin: ')" 0 'it is off until it is set'
local_stop

# --- on loopback ---
where 'listen = 127.0.0.1:0'
like "$admin" 'http://127.0.0.1:*' 'it says where it listens'
ask GET "$admin/healthz"
is "$code $told" '200 ok' 'it is well'
ask GET "$admin/metrics"
like "$code $(grep -i '^content-type:' head)" \
    '200 *text/plain; version=0.0.4*' 'metrics have their type'
is "$(metric 'awaitd_local_requests_accepted_total{EndpointName="cat"}')" 0 \
    'nothing was accepted'
"$rawcall" POST /endpoints/cat/async-invocations @x >answer
"$rawcall" POST /endpoints/mute/async-invocations @x >answer
labels=',VariantName="AllTraffic"}'
# shellcheck disable=SC2317 # by wait_until
processed() {
	[ "$(metric "InvocationsProcesssed{EndpointName=\"$1\"$labels")" = "$2" ]
}
ok 'an invocation is counted' wait_until 30 processed cat 1
ok 'and one that fails' wait_until 30 processed mute 1
is "$(metric "InvocationFailures{EndpointName=\"mute\"$labels")" 1 'as that'
is "$(metric "InvocationFailures{EndpointName=\"cat\"$labels")" 0 'and only that'
is "$(metric "Invocation5XXErrors{EndpointName=\"mute\"$labels")" 1 'by 5xx'
is "$(metric "ModelLatency_count{EndpointName=\"cat\"$labels")" 1 'with its time'
ok 'in microseconds' test \
    "$(metric "ModelLatency_sum{EndpointName=\"cat\"$labels")" -gt 0
is "$(metric "TotalProcessingTime_count{EndpointName=\"cat\"$labels")" 1 'in all'

# --- a backlog ---
for i in 1 2 3 4 5 6 7 8 9 10; do
	"$rawcall" POST /endpoints/slow/async-invocations @x >"answer$i"
done
slow='{EndpointName="slow"}'
# shellcheck disable=SC2317 # by wait_until
running() {
	[ "$(metric 'awaitd_local_requests{EndpointName="slow",state="running"}')" = "$1" ]
}
ok 'eight of ten run' wait_until 30 running 8
is "$(metric "ApproximateBacklogSize$slow")" 10 'the backlog is all ten'
is "$(metric "ApproximateBacklogSizePerInstance$slow")" 10 'of one instance'
is "$(metric "HasBacklogWithoutCapacity$slow")" 0 'a command has capacity'
age=$(metric "ApproximateAgeOfOldestRequest$slow")
# shellcheck disable=SC2317 # by wait_until
older() {
	awk -v a="$1" -v b="$(metric "ApproximateAgeOfOldestRequest$slow")" \
	    'BEGIN { exit !(b > a) }'
}
ok 'the oldest grows older' wait_until 30 older "$age"
touch go
# shellcheck disable=SC2317 # by wait_until
empty() {
	[ "$(metric "ApproximateBacklogSize$slow")" = 0 ]
}
ok 'and all end' wait_until 60 empty
is "$(metric "ApproximateAgeOfOldestRequest$slow")" 0 'with nothing old'

# --- who may not ask ---
ask POST "$admin/faults" -H 'Origin: http://127.0.0.1' -d hang
is "$code" 403 'a page in a browser may not ask'
ask POST "$admin/faults" -H 'Host: rebound.example' -d hang
is "$code" 403 'nor one by another name'
like "$told" '*names another machine*Ask for 127.0.0.1*' 'and is told why'
ask POST "$admin/faults" -d throddle
like "$code $told" "400 line 1: there is no fault 'throddle'*mean 'throttle'?" \
    'a wrong line is told'
ask PUT "$admin/faults" -d hang
like "$code $(grep -i '^allow:' head)" '405 *GET, HEAD, POST, DELETE*' \
    'a wrong method is told'
ask GET "$admin/nothing"
is "$code" 404 'so is a wrong path'
ask GET "$admin/faults"
is "$code $told" '200 ' 'none of them left a fault'
ask GET "$AWS_ENDPOINT_URL/metrics"
is "$code" 403 'and the address of the APIs shows nothing'

# --- hostile ---
head -c 300000 /dev/zero | tr '\0' '#' >large
ask POST "$admin/faults" --data-binary @large
is "$code" 413 'a body has its limit'
yes hang | head -n 257 >many
ask POST "$admin/faults" --data-binary @many
like "$code $told" '400 line 257: there are 256 faults already*' \
    'and so have faults'
ask GET "$admin/faults"
is "$told" '' 'of which none is left then'

# --- a token ---
printf '0123456789abcdef\n' >token
secret 0123456789abcdef
secret_place "$tmp/token"
where 'listen = 127.0.0.1:0' "token_file = $tmp/token"
ask GET "$admin/metrics"
is "$code" 401 'without the token nothing is shown'
ask POST "$admin/faults" -H 'Authorization: Bearer 0123456789abcdeF' -d hang
is "$code" 401 'nor with another'
ask GET "$admin/healthz"
is "$code" 200 'but that it is well'
ask POST "$admin/faults" -H 'Authorization: Bearer 0123456789abcdef' -d hang
is "$code" 201 'with it, it is'
is "$(count local.log 0123456789abcde)" 0 'and it stands in no log'

# --- a socket ---
where "listen = unix:$tmp/admin.sock"
ask GET http://any/healthz --unix-socket "$tmp/admin.sock"
is "$code" 200 'a UNIX socket will do'
is "$(stat -c %a "$tmp/admin.sock")" 600 'for its user'
local_stop
ok 'and goes with its server' test ! -e "$tmp/admin.sock"

# --- what cannot be ---
refused() { # NAME PATTERN KEY...
	refused_name=$1
	refused_pattern=$2
	shift 2
	{
		cat plain.conf
		echo '[admin]'
		printf '%s\n' "$@"
	} >local.conf
	status=0
	"$awaitd_local" -c local.conf --data "$tmp/data" \
	    --listen 127.0.0.1:0 2>err || status=$?
	cat err >>all.err
	like "$status $(tail -n 1 err)" "$refused_pattern" "$refused_name"
}
refused 'others need a token' '2 *can be reached from other machines*' \
    'listen = 0.0.0.0:0'
refused 'a token is long' '2 *too short*' 'listen = 127.0.0.1:0' \
    "token_file = $tmp/x"
: >"$tmp/file"
refused 'a file is no socket' '2 *[[]admin[]] listen*' "listen = unix:$tmp/file"
ok 'and stays' test -e "$tmp/file"
done_testing
