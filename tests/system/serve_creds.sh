#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A service whose credentials come from a source that is not there yet, that
# hangs, that gives out what soon ends; and commands that wait for theirs.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
support=$abs_top_builddir/tests/support
# How long the loop may be held up. A loop that waited for the source would be
# for two seconds. The machine is not ours alone: 50 ms hold where it is.
: "${BLOCK_MAX_MS=1000}"

for name in container process; do
	printf '[user %s]\naccess_key = ASIA%s\nsecret_key = secret-of-%s\n' \
	    "$name" "$(echo "$name" | tr '[:lower:]' '[:upper:]')" "$name"
	printf 'session_token = token-of-%s\n' "$name"
	secret "secret-of-$name" "token-of-$name"
done >>"$tmp/local.conf"
secret secret/of+base container-token pod-token-1 pod-token-2 web-token \
    web-rotated sso-access sso-refresh client-secret imds-token-1
secret_place "$tmp/give.sh" "$tmp/asked"
local_start

: >"$tmp/asked"
"$support/credpeer_main" --port-file "$tmp/peer.port" \
    --ledger "$tmp/asked" 2>>"$tmp/all.err" &
pids="$pids $!"
wait_until 20 test -s "$tmp/peer.port" || {
	echo 'Bail out! credpeer does not start'
	exit 1
}
peer=http://127.0.0.1:$(cat "$tmp/peer.port")

peer_is() { # set|fail/…
	curl -sS -f -X POST "$peer/admin/$1" >"$tmp/ok.out"
}

asked() { # how often the source was asked
	count "$tmp/asked" '^container '
}

probe_start() {
	"$support/apiprobe" "$socket" 600 >"$tmp/probe" &
	probe=$!
	pids="$pids $probe"
}

probe_stop() { # SENTENCE
	kill -TERM "$probe"
	wait "$probe"
	echo "# $(cat "$tmp/probe")"
	is "$(sed -n 's/.*failed=\([0-9]*\).*/\1/p' "$tmp/probe")" 0 \
	    "$1: everybody is answered"
	ok "$1: and soon" test \
	    "$(sed -n 's/.*max_ms=\([0-9]*\).*/\1/p' "$tmp/probe")" \
	    -le "$BLOCK_MAX_MS"
}

post() { # sets job
	api POST /v1/jobs -H 'Awaitd-Endpoint: cat' --data-binary hello
	is "$code" 201 "${1-a job is taken}"
	job=$(jq -r .job "$tmp/out")
}

# shellcheck disable=SC2317 # by wait_until
job_is() { # JQ FILTER
	api GET "/v1/jobs/$job"
	[ "$(jq "$1" "$tmp/out")" = true ]
}

unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
printf '[endpoint cat]\npoll_start = 50ms\npoll_max = 200ms\n' \
    >"$tmp/serve.conf"

# --- a source that is not there yet ---
export AWS_CONTAINER_CREDENTIALS_FULL_URI="$peer/v1/credentials" \
    AWS_CONTAINER_AUTHORIZATION_TOKEN=container-token
peer_is fail/container/503/1000
serve_start
ok 'the service starts and says what it lacks' \
    has "$tmp/serve.err" 'warn serve: .*jobs wait for credentials'
probe_start
post 'and takes a job'
wait_until 20 has "$tmp/asked" '^container ' 4
ok 'which waits, for nothing was sent' job_is '.state == "queued"'
is "$(requests)" 0 'to nobody'
peer_is fail/container/503/0
ok 'it goes on once they are there' wait_until 90 job_is '.outcome == "ok"'
is "$(count "$tmp/serve.err" ' warn ')" 1 'all of that was said once'
ok 'and that it is over' has "$tmp/serve.err" 'info aws: .*are there'
probe_stop 'a source that is not there yet'
serve_stop
is "$serve_status" 0 'it ends well'

# --- a source that hangs ---
peer_is set/life_s/15
serve_start
probe_start
post
ok 'with a set that ends soon it works' wait_until 20 job_is '.outcome == "ok"'
peer_is fail/container/hang/1000
before=$(asked)
ok 'the refresh begins before the end' \
    wait_until 20 sh -c "[ \"\$(grep -c '^container ' '$tmp/asked')\" -gt $before ] || {
	curl -sS --unix-socket '$socket' -X POST -H 'Awaitd-Endpoint: cat' \
	    --data-binary x http://awaitd/v1/jobs >/dev/null; sleep 0.3; false; }"
post
ok 'while it hangs jobs go on with the old set' \
    wait_until 4 job_is '.outcome == "ok"'
sleep 6
served=$(accepted)
post
ok 'behind its end they wait' wait_until 2 job_is '.state == "queued"'
sleep 2
is "$(accepted)" "$served" 'and nothing is signed with it'
peer_is fail/container/hang/0
ok 'until the source is there again' wait_until 90 job_is '.outcome == "ok"'
probe_stop 'a source that hangs'
serve_stop
is "$serve_status" 0 'it ends well'
unset AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_CONTAINER_AUTHORIZATION_TOKEN

# --- a program that takes long, and a file that changes ---
mkdir -p "$HOME/.aws"
cat >"$tmp/give.sh" <<END
#!/bin/sh
echo \$\$ >>'$tmp/given'
while [ ! -e '$tmp/give' ]; do sleep 0.1; done
printf '{"Version": 1, "AccessKeyId": "ASIAPROCESS",'
printf ' "SecretAccessKey": "secret-of-process",'
printf ' "SessionToken": "token-of-process"}'
END
chmod +x "$tmp/give.sh"
printf '[default]\ncredential_process = %s\n' "$tmp/give.sh" \
    >"$HOME/.aws/config"
serve_start
ok 'a service does not wait for long' \
    has "$tmp/serve.err" 'jobs wait for credentials: they take long'
probe_start
post
: >"$tmp/give"
ok 'its jobs do' wait_until 20 job_is '.outcome == "ok"'
probe_stop 'a program that takes long'
echo '[default' >"$HOME/.aws/config"
sleep 1.1
post
ok 'a file that is broken changes nothing' \
    wait_until 20 job_is '.outcome == "ok"'
ok 'but is told' has "$tmp/serve.err" 'warn aws: .*credentials in use stay'
cat >"$HOME/.aws/config" <<END
[default]
aws_access_key_id = awaitd-local
aws_secret_access_key = awaitd-local-demo-secret-key
END
kill -HUP "$serve_pid"
wait_until 20 has "$tmp/serve.err" 'msg="?reloaded'
post
ok 'another source takes its place' wait_until 20 job_is '.outcome == "ok"'
is "$(wc -l <"$tmp/given" | tr -d ' ')" 1 'the program ran once'
serve_stop
is "$serve_status" 0 'it ends well'

# --- what is wrong for good ---
printf '[default]\ncredential_process = /nonexistent/program\n' \
    >"$HOME/.aws/config"
run serve --config "$tmp/serve.conf"
is "$status" 2 'what somebody has to change ends the service at once'
like "$err" '*/nonexistent/program*' 'and is named'
run invoke -e cat /dev/null
is "$status" 2 'and a command'
is "$(printf '%s\n' "$err" | wc -l)" 1 'in one line'

# --- commands ---
printf '[default]\ncredential_process = %s\n' "$tmp/give.sh" \
    >"$HOME/.aws/config"
rm -f "$tmp/give" "$tmp/given"
echo hello >"$tmp/in"
start int invoke -e cat "$tmp/in"
wait_until 20 test -s "$tmp/given"
kill -INT "$pid"
finish int "$pid"
is "$status" 130 'SIGINT ends the wait for credentials'
ok 'and the program that was to bring them' \
    wait_until 10 gone "$(tail -n 1 "$tmp/given")"
start wait invoke -e cat "$tmp/in"
wait_until 20 test -s "$tmp/given"
: >"$tmp/give"
finish wait "$pid"
is "$status" 0 'a command waits for its own'
same "$tmp/wait.out" "$tmp/in" 'and has its result'

run submit -e slow "$tmp/in"
is "$status" 0 'a job is under way'
id=$(cat "$tmp/out")
rm -f "$HOME/.aws/config"
run cancel "$id"
is "$status" 0 'to give it up nobody needs credentials'
run wait "$id"
is "$status" 2 'to wait for one they are needed' || cat "$tmp/err"

done_testing
