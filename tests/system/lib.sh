# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034
# What every system test begins with: a clean environment, a folder of its
# own, the real programs, and TAP. Waiting is for a condition, with a bound.
#
#	. "${abs_top_srcdir:?}/tests/system/lib.sh"
#	local_start
#	run invoke -e cat "$tmp/in"
#	is "$status" 0 'a sentence'
#	done_testing

set -u
: "${abs_top_srcdir:?}" "${abs_top_builddir:?}"

for name in $(env | sed -n 's/^\([A-Za-z0-9_]*\)=.*/\1/p'); do
	case $name in
	AWS_* | AWAITD_* | *_proxy | *_PROXY | XDG_* | NO_COLOR)
		unset "$name"
		;;
	esac
done
export LC_ALL=C.UTF-8 TZ=UTC
umask 022
# make check-secrets: all that is ever logged.
if [ -n "${CHECK_SECRETS-}" ]; then
	export AWAITD_LOG_LEVEL=debug
fi

awaitd=$abs_top_builddir/awaitd
awaitd_local=$abs_top_builddir/awaitd-local
models=$abs_top_srcdir/tests/system/models
rawcall=$abs_top_builddir/tests/support/rawcall

tmp=$(mktemp -d)
export HOME="$tmp/home"
mkdir "$HOME"
local_pid=
pids=
tests=0
failed=0

# --- TAP ---------------------------------------------------------------------

diag() {
	printf '%s\n' "$*" | cut -c 1-600 | head -n 20 | cat -v | sed 's/^/# /'
}

report() { # 0|1 NAME
	tests=$((tests + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tests - $2"
		echo "ok $2" >>"$tmp/reports"
		return 0
	fi
	failed=$((failed + 1))
	echo "not ok $tests - $2"
	echo "not ok $2" >>"$tmp/reports"
	return 1
}

ok() { # NAME COMMAND...: the command succeeds
	ok_name=$1
	shift
	if "$@" >"$tmp/ok.out"; then
		report 0 "$ok_name"
	else
		report 1 "$ok_name" || diag "failed: $*"
	fi
}

is() { # GOT WANTED NAME
	if [ "$1" = "$2" ]; then
		report 0 "$3"
	else
		report 1 "$3" || diag "got:    $1
wanted: $2
stderr: $(tail -n 5 "$tmp/err" 2>/dev/null)"
	fi
}

like() { # TEXT PATTERN NAME; a pattern of case
	# shellcheck disable=SC2254
	case $1 in
	$2)
		report 0 "$3"
		;;
	*)
		report 1 "$3" || diag "got:    $1
wanted: $2"
		;;
	esac
}

same() { # FILE FILE NAME
	if cmp -s "$1" "$2"; then
		report 0 "$3"
	else
		report 1 "$3" || diag "$(cmp "$1" "$2" 2>&1)"
	fi
}

skip() { # NAME REASON
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP $2"
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

# The last checks of each test: no sanitizer found anything in any program, and
# none of them wrote a secret.
done_testing() {
	local_stop
	secret_check
	if grep -qE 'Sanitizer|runtime error:' "$tmp/all.err" \
	    "$tmp"/local*.log 2>/dev/null; then
		report 1 'no sanitizer has anything to say' ||
		    diag "$(grep -hE -A 12 'Sanitizer|runtime error:' \
			"$tmp/all.err" "$tmp"/local*.log)"
	else
		report 0 'no sanitizer has anything to say'
	fi
	echo "1..$tests"
	exit "$((failed > 0))"
}

# shellcheck source=tests/support/secrets.sh
. "$abs_top_srcdir/tests/support/secrets.sh"

# --- the end, on every path --------------------------------------------------

# ours PID: it is a child of this shell. Once it has ended, its number is soon
# somebody else's: there are few numbers, and each test takes many.
ours() {
	grep -q "^PPid:[[:space:]]*$$\$" "/proc/$1/status" 2>/dev/null
}

end_ours() { # PID
	! ours "$1" || kill -TERM "$1"
}

kill_ours() { # PID...
	for ours_pid in "$@"; do
		ours "$ours_pid" || continue
		kill -CONT "$ours_pid" 2>/dev/null
		kill -KILL "$ours_pid" 2>/dev/null
		wait "$ours_pid" 2>/dev/null
	done
}

clean_up() {
	# shellcheck disable=SC2086 # a list
	kill_ours $pids $local_pid
	mountpoint -q "$tmp/full" 2>/dev/null && umount "$tmp/full"
	chmod -R u+rwX "$tmp" 2>/dev/null
	rm -rf "$tmp"
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

# --- waiting -----------------------------------------------------------------

wait_until() { # SECONDS COMMAND...
	wait_tries=$(($1 * 20))
	shift
	until "$@"; do
		wait_tries=$((wait_tries - 1))
		[ "$wait_tries" -gt 0 ] || return 1
		sleep 0.05
	done
}

# has FILE REGEX [N]: at least N lines match
has() {
	[ -e "$1" ] && [ "$(grep -cE -- "$2" "$1")" -ge "${3:-1}" ]
}

count() { # FILE REGEX
	grep -cE -- "$2" "$1" || :
}

over() { # PID, of a child: it ended
	! ours "$1" || gone "$1"
}

gone() { # PID, of anybody's: it ended, although nobody may have asked for its status
	! kill -0 "$1" 2>/dev/null ||
	    grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null
}

# --- awaitd-local ------------------------------------------------------------

# endpoint NAME COMMAND [LINE...]: more of these may follow in a test
endpoint() {
	{
		echo "[endpoint $1]"
		echo "command = $2"
		echo "s3_output_path = s3://bucket/out"
		echo "s3_failure_path = s3://bucket/failed"
		shift 2
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >>"$tmp/local.conf"
}

endpoint cat cat 'max_concurrent_invocations_per_instance = 8'
endpoint words "sh \"$models/words.sh\""
endpoint mute 'false'
endpoint slow "sh \"$models/slow.sh\" \"$tmp/go\" \"$tmp/began\"" \
    'max_concurrent_invocations_per_instance = 8'
endpoint nothing 'true'

# shellcheck disable=SC2317 # by wait_until
local_decided() {
	[ -s "$tmp/port" ] || over "$local_pid"
}

# The same folder and port again after a kill, so that a client finds it.
# Meanwhile somebody's connection may have the port for a moment.
local_start() {
	local_tries=0
	rm -f "$tmp/port"
	until [ -s "$tmp/port" ]; do
		"$awaitd_local" -c "$tmp/local.conf" --data "$tmp/data" \
		    --listen "127.0.0.1:${port:-0}" --port-file "$tmp/port" \
		    --log-level "${AWAITD_LOG_LEVEL:-${local_log:-debug}}" \
		    2>>"$tmp/local.log" &
		local_pid=$!
		wait_until 30 local_decided && [ -s "$tmp/port" ] && break
		local_tries=$((local_tries + 1))
		if [ "$local_tries" -gt 30 ] ||
		    ! tail -n 3 "$tmp/local.log" | grep -q 'in use'; then
			echo 'Bail out! awaitd-local does not start'
			diag "$(tail -n 15 "$tmp/local.log")"
			exit 1
		fi
		sleep 0.5
	done
	port=$(cat "$tmp/port")
	export AWS_ENDPOINT_URL="http://127.0.0.1:$port"
}

# Sets local_status.
local_stop() {
	[ -n "$local_pid" ] || return 0
	end_ours "$local_pid"
	local_status=0
	wait "$local_pid" || local_status=$?
	local_pid=
}

local_kill() {
	kill -KILL "$local_pid"
	wait "$local_pid" 2>/dev/null
	local_pid=
}

requests() { # how many of any kind were answered
	count "$tmp/local.log" ' http: '
}

accepted() { # how many inferences were accepted
	count "$tmp/local.log" ' http: method=POST path=/endpoints/.* status=202'
}

has_accepted() { # N: so many, or more
	[ "$(accepted)" -ge "$1" ]
}

uploads() {
	count "$tmp/local.log" ' http: method=PUT .* status=200'
}

# --- awaitd ------------------------------------------------------------------

export AWS_ACCESS_KEY_ID=awaitd-local
export AWS_SECRET_ACCESS_KEY=awaitd-local-demo-secret-key
secret "$AWS_SECRET_ACCESS_KEY" "$AWS_CONTAINER_AUTHORIZATION_TOKEN"
secret_place "$tmp/local.conf" "$HOME/.aws"
export AWS_REGION=us-east-1
export AWS_EC2_METADATA_DISABLED=true
export AWAITD_STATE="$tmp/state"

# Quick looks: what is tested is not the schedule.
mkdir -p "$HOME/.config/awaitd"
for name in cat words mute slow nothing; do
	printf '[endpoint %s]\npoll_start = 50ms\npoll_max = 200ms\n' "$name"
done >"$HOME/.config/awaitd/awaitd.conf"

# run ARGUMENT...: awaitd with stdout in $tmp/out, stderr in $tmp/err and
# $err, the exit status in $status.
run() {
	status=0
	timeout -k 5 90 "$awaitd" "$@" >"$tmp/out" 2>"$tmp/err" || status=$?
	cat "$tmp/err" >>"$tmp/all.err"
	err=$(cat "$tmp/err")
}

# run_unread ARGUMENT...: likewise, into a pipe whose reader has left.
run_unread() {
	[ -p "$tmp/left" ] || mkfifo "$tmp/left"
	exec 8<>"$tmp/left"
	exec 9>"$tmp/left"
	exec 8>&-
	status=0
	timeout -k 5 90 "$awaitd" "$@" >&9 2>"$tmp/err" || status=$?
	exec 9>&-
	cat "$tmp/err" >>"$tmp/all.err"
	err=$(cat "$tmp/err")
}

# start NAME ARGUMENT...: in the background, files $tmp/NAME.out and .err;
# sets pid.
start() {
	start_name=$1
	shift
	"$awaitd" "$@" </dev/null >"$tmp/$start_name.out" \
	    2>"$tmp/$start_name.err" &
	pid=$!
	pids="$pids $pid"
}

# finish NAME PID: sets status and err.
finish() {
	status=0
	wait_until 60 over "$2" || kill -KILL "$2"
	wait "$2" 2>/dev/null || status=$?
	cat "$tmp/$1.err" >>"$tmp/all.err"
	err=$(cat "$tmp/$1.err")
}

states() { # how many state files, and anything else, lie there
	find "$AWAITD_STATE" -type f 2>/dev/null | wc -l
}

jobs_listed() {
	"$awaitd" list --json 2>/dev/null | wc -l
}

job_of() { # the job id a message names
	printf '%s\n' "$1" | grep -oE '\b0[0-9a-z]{25}\b' | head -n 1
}

bytes() { # N FILE: N bytes that no text editor would write
	head -c "$1" /dev/urandom >"$2"
}

sanitized() { # are the programs built with AddressSanitizer?
	grep -q __asan_init "$awaitd"
}

# --- awaitd serve ------------------------------------------------------------

serve_pid=
socket=$AWAITD_STATE/awaitd.sock

# The service of $tmp/serve.conf, ready. AWAITD_STATE is its state too.
serve_start() {
	serve_begin && return
	echo 'Bail out! awaitd serve does not start'
	diag "$(cat "$tmp/serve.err")"
	exit 1
}

# shellcheck disable=SC2317 # by wait_until
serve_decided() {
	has "$tmp/serve.err" 'msg="?ready' || over "$serve_pid"
}

serve_begin() {
	: >"$tmp/serve.err"
	"$awaitd" serve --config "$tmp/serve.conf" \
	    --log-level "${AWAITD_LOG_LEVEL:-${serve_log:-info}}" \
	    </dev/null 2>>"$tmp/serve.err" &
	serve_pid=$!
	pids="$pids $serve_pid"
	wait_until 30 serve_decided && has "$tmp/serve.err" 'msg="?ready'
}

serve_over() {
	cat "$tmp/serve.err" >>"$tmp/serve.log"
	cat "$tmp/serve.err" >>"$tmp/all.err"
	serve_pid=
}

# Sets serve_status.
serve_stop() {
	[ -n "$serve_pid" ] || return 0
	end_ours "$serve_pid"
	serve_status=0
	wait_until 60 over "$serve_pid" || kill -KILL "$serve_pid"
	wait "$serve_pid" || serve_status=$?
	serve_over
}

serve_kill() {
	kill -KILL "$serve_pid"
	wait "$serve_pid" 2>/dev/null
	serve_over
}

# api METHOD PATH [CURL OPTION...]: body in $tmp/out, head in $tmp/head, the
# status in $code.
api() {
	api_method=$1
	api_path=$2
	shift 2
	code=$(curl -sS --max-time 60 --unix-socket "$socket" -X "$api_method" \
	    -o "$tmp/out" -D "$tmp/head" -w '%{http_code}' "$@" \
	    "http://awaitd$api_path" 2>"$tmp/err")
}

# hook_start NAME [OPTION...]: a receiver; sets hook_pid and hook_port. What it
# gets is a line of JSON each in $tmp/NAME.hooks.
hook_start() {
	hook_name=$1
	shift
	rm -f "$tmp/$hook_name.port"
	"$awaitd" listen --listen 127.0.0.1:0 --port-file "$tmp/$hook_name.port" \
	    --json "$@" </dev/null >>"$tmp/$hook_name.hooks" \
	    2>>"$tmp/$hook_name.err" &
	hook_pid=$!
	pids="$pids $hook_pid"
	wait_until 20 test -s "$tmp/$hook_name.port" || {
		echo 'Bail out! awaitd listen does not start'
		diag "$(cat "$tmp/$hook_name.err")"
		exit 1
	}
	hook_port=$(cat "$tmp/$hook_name.port")
}

hook_stop() { # PID
	end_ours "$1"
	wait "$1" 2>/dev/null
}

# A secret of the tests' own, and a private file for it.
hook_secret() { # FILE
	(
		umask 077
		printf 'whsec_%s\n' "$(head -c 24 /dev/urandom | base64)" >"$1"
	)
	secret "$(sed 's/^whsec_//' "$1")"
	secret_place "$(readlink -f "$1")"
}

# --- SNS of awaitd-local, with a receiver (hook_start hook) ---------------

topics=arn:aws:sns:us-east-1:123456789012

sns() { # QUERY: a signed call; the answer in $tmp/answer
	"$rawcall" GET "/?Version=2010-03-31&$1" --service=sns >"$tmp/answer"
	grep -q '^200' "$tmp/answer" || diag "$(cat "$tmp/answer")"
}
# What the receiver has: each message is a line, of which words are counted.
came() { # REGEX [N]
	has "$tmp/hook.hooks" "$1" "${2:-1}"
}
subscribe() { # TOPIC: the receiver, confirmed by the link that it gets
	sns "Action=Subscribe&TopicArn=$topics:$1&Protocol=http&Endpoint=http%3A%2F%2F127.0.0.1%3A$hook_port%2F$1"
	wait_until 30 came "SubscribeURL.*$topics:$1&Token"
	link=$(grep -o "/?Action=ConfirmSubscription&TopicArn=$topics:$1[^\"\\\\]*" \
	    "$tmp/hook.hooks" | tail -n 1)
	"$rawcall" GET "$link" --unsigned >"$tmp/answer"
	grep -q '^200' "$tmp/answer"
}

# --- what a service with [metrics] counts ---

where_metrics() { # sets metrics_port
	metrics_port=$(sed -n 's/.*metrics are at [^ ]*:\([0-9]*\)".*/\1/p' \
	    "$tmp/serve.err" | tail -n 1)
}
metric() { # NAME, with its labels
	curl -sS --max-time 20 "http://127.0.0.1:$metrics_port/metrics" |
	    awk -v name="$1" '$1 == name { print $2 }'
}

# --- a service that listens for SNS ($tmp/serve.conf has [sns], [metrics]) ---

sns_ready() { # sets sns_port and metrics_port
	sns_port=$(sed -n 's/.*SNS may post to https*:..[^ ]*:\([0-9]*\)\/.*/\1/p' \
	    "$tmp/serve.err" | tail -n 1)
	where_metrics
}
sns_metric() { # RESULT
	metric "awaitd_sns_requests_total{result=\"$1\"}"
}
sns_certificate() { # of awaitd-local: its URL
	echo "$AWS_ENDPOINT_URL/SimpleNotificationService-$(
	    sha256sum <"$tmp/data/sns.pem" | cut -c 1-32).pem"
}

# --- many jobs ---

many_jobs() { # N ENDPOINT: what curl -K takes, to go over kept connections
	awk -v n="$1" -v endpoint="$2" -v socket="$socket" 'BEGIN {
		for (i = 0; i < n; i++) {
			if (i)
				print "next"
			printf "url = \"http://awaitd/v1/jobs\"\n"
			printf "unix-socket = \"%s\"\n", socket
			print "request = POST"
			printf "header = \"Awaitd-Endpoint: %s\"\n", endpoint
			print "header = \"Content-Type: text/plain\""
			printf "data = \"job %d\"\n", i
			print "output = /dev/null"
			print "write-out = \"%{http_code}\\n\""
			print "silent"
		}
	}'
}

submit_many() { # N ENDPOINT
	many_jobs "$1" "$2" >"$tmp/curl.conf"
	curl --no-progress-meter --parallel --parallel-max 32 \
	    -K "$tmp/curl.conf" >"$tmp/codes" 2>"$tmp/curl.err"
	is "$(sort "$tmp/codes" | uniq -c | tr -s ' ')" " $1 201" \
	    "$1 jobs are taken"
}
