#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# awaitd test: one trial delivery to a target, what is told of it, and that
# nothing else comes of it.
# shellcheck disable=SC2317 # by wait_until
. "${abs_top_srcdir:?}/tests/system/lib.sh"
cd "$tmp" || exit 1
local_start
hook_secret secret
hook_start hook --secret-file secret
hook=$hook_pid
port=$hook_port
hook_start busy --status 503
busy_port=$hook_port
hook_start gone --status 410
gone_port=$hook_port
hook_start ill
ill_port=$hook_port
hook_stop "$hook_pid"
mkdir kept
cat >long <<END
#!/bin/sh
echo "\$\$" >>'$tmp/pids'
exec sleep 120
END
chmod +x long
secret header-canary
secret_place "$tmp/fields"
umask 077
echo 'Authorization: Bearer header-canary' >fields
cat >serve.conf <<END
[awaitd]
stop_timeout = 1s
[endpoint cat]
poll_start = 50ms
poll_max = 200ms
[webhook hook]
url = http://127.0.0.1:$port/path
allow_networks = 127.0.0.0/8
secret_file = $tmp/secret
header_file = $tmp/fields
timeout = 1s
breaker_failures = 1
[webhook raw]
url = http://127.0.0.1:$port/
allow_networks = 127.0.0.0/8
secret_file = $tmp/secret
payload = raw
[webhook busy]
url = http://127.0.0.1:$busy_port/
allow_networks = 127.0.0.0/8
breaker_failures = 1
[webhook gone]
url = http://127.0.0.1:$gone_port/
allow_networks = 127.0.0.0/8
[webhook ill]
url = http://127.0.0.1:$ill_port/
allow_networks = 127.0.0.0/8
schedule = none
breaker_failures = 1
breaker_max = 1h
[webhook inside]
url = https://localhost:$port/
[exec says]
command = sh -c 'echo "\$AWAITD_ENDPOINT \$AWAITD_EVENT"; cat; exit 75'
[exec long]
command = $tmp/long
[exec short]
command = sleep 60
timeout = 1s
[dir kept]
path = $tmp/kept
[callback]
allow = 127.0.0.1
allow_networks = 127.0.0.0/8
END
run test 'webhook hook'
is "$status" 1 'without a service there is nobody who would send it'
like "$err" "*awaitd serve*" 'and what to do'
serve_start

target() { # NAME QUERY
	"$awaitd" targets --json | jq -r "select(.target == \"$1\") | $2"
}
fact() { # KEY: of what was printed
	sed -n "s/^ *$1  *//p" out
}

# --- it is taken ---
run test 'webhook hook'
is "$status $err" '0 ' 'a receiver takes a trial'
is "$(fact verdict) $(fact outcome) $(fact status)" 'ok: delivered ok 204' \
    'which is told'
ok 'with what went' has out '^  webhook-signature: \*\*\*$'
ok '... and what came' has out '^answer$'
is "$(jq -r '.verified, .type, .attempt' hook.hooks | tr '\n' ' ')" \
    'true inference.completed 1 ' 'it is genuine'
is "$(jq -r .id hook.hooks) $(jq -r .body hook.hooks | jq -r .data.job)" \
    "$(fact delivery) $(fact job)" 'with the ids that are told'
is "$(jq -r .body hook.hooks | jq -r .data.endpoint)" awaitd-test \
    'and can be told from others'
is "$(grep -c header-canary out)" 0 'what is secret is masked'
run test --failed 'webhook hook' --json
is "$status $(jq -r '.verdict, .event, .outcome' out | tr '\n' ' ')" \
    '0 ok inference.failed ok ' 'one of a failure, as JSON'
is "$(tail -n 1 hook.hooks | jq -r .body | jq -r .data.error.code)" model \
    'which the receiver reads'
is "$(jq -r .id hook.hooks | sort -u | wc -l)" 2 'under an id of its own'
is "$(jq -r '.request_headers[] | select(.name == "webhook-id").value' out)" \
    "$(tail -n 1 hook.hooks | jq -r .id)" 'that stands in its header'
run test 'webhook raw'
is "$status $(tail -n 1 hook.hooks | jq -r '"\(.verified) \(.body)"')" \
    '0 true {"message":"a trial by awaitd test"}' \
    'payload = raw: the bytes alone'
run test 'dir kept'
is "$status" 0 'a folder takes one'
is "$(cat kept/*.out)" '{"message":"a trial by awaitd test"}' 'as a file'

# --- it is not ---
run test 'webhook busy'
is "$status $(fact verdict)" '1 retry: a delivery would be tried again' \
    'a no is exit status 1'
like "$err" 'awaitd: target webhook busy did not take it: answered 503*' \
    'with the reason'
is "$(wc -l <busy.hooks)" 1 'and was sent once'
run test 'webhook gone'
is "$status $(fact verdict | cut -d : -f 1)" '1 gone' 'a 410'
is "$(target 'webhook gone' .state)" ok 'disables nothing'
run test 'webhook ill'
is "$status $(fact class)" '1 connect' 'nobody there'
like "$err" "*'awaitd check' looks at the way there*" 'and what to do'
run test 'webhook inside'
is "$status $(fact class)" '1 egress' 'nobody that may be reached'
like "$err" '*allow_networks*' 'and what to do'
kill -STOP "$hook"
run test 'webhook hook'
kill -CONT "$hook"
is "$status $(fact class)" '1 timeout' 'who says nothing has its timeout'
run test 'exec short'
is "$status $(fact class)" '1 timeout' 'so has a command'
run test 'exec says'
is "$status $(fact status)" '1 75' 'the status of a command is told'
is "$(fact response)" \
    'awaitd-test inference.completed {"message":"a trial by awaitd test"}' \
    'and what it said'
run test 'webhook hok'
is "$status" 6 'a name that there is not'
like "$err" '*Did you mean "webhook hook"?*' 'and what may be meant'
run test 'callback http://127.0.0.1:1'
is "$status" 1 'a host of callbacks has no URL of its own'
like "$err" '*callback_url*' 'and what to do'
run test 'webhook' hook
is "$status" 2 'two names are one that is not quoted'
like "$err" '*quote it*' 'and what to do'
api POST '/v1/targets/webhook%20hook/test?outcome=expired'
is "$code $(jq -r .code out)" '400 bad_parameter' 'there are two outcomes'
api POST '/v1/targets/webhook%20hook/test?failed=true'
is "$code $(jq -r .code out)" '400 bad_parameter' 'and one parameter'
api GET '/v1/targets/webhook%20hook/test'
is "$code" 405 'and one method'
api POST '/v1/targets/callback/test'
is "$code $(jq -r .code out)" '409 not_for_callbacks' \
    '[callback] itself is no target'

# --- nothing else came of all that ---
is "$("$awaitd" list --json | wc -l)" 0 'there is no job'
is "$("$awaitd" deliveries --json | wc -l)" 0 'no delivery'
is "$("$awaitd" attempts --json | wc -l)" 0 'no attempt'
is "$("$awaitd" targets --json | jq -r '[.state, .failures, .waiting,
    .last_ok_at, .last_error] | @csv' | sort -u)" '"ok",0,0,,' \
    'and of no target is anything told, breaker_failures = 1 or not'
is "$(count serve.err 'msg="a trial" result=')" 11 'but for a line of the log'

# --- where one wants it ---
printf hello >in
run submit -q -e cat --deliver='webhook ill' in
resting() {
	[ "$(target 'webhook ill' .state)" = resting ]
}
ok 'a target rests' wait_until 30 resting
start again listen --listen "127.0.0.1:$ill_port" --json
wait_until 20 has again.err 'listening at'
run test 'webhook ill'
is "$status" 0 'a trial reaches its receiver'
is "$(target 'webhook ill' '.state, .failures, .last_ok_at' | tr '\n' ' ')" \
    'resting 1 null ' 'and it goes on to rest'
run disable 'webhook hook'
run test 'webhook hook'
is "$status $(target 'webhook hook' .state)" '0 disabled' \
    'so does one that is disabled'

# --- called off ---
start trial test 'exec long'
ok 'a handler runs' wait_until 20 has pids .
kill -TERM "$pid"
ok 'and is ended' wait_until 20 gone "$(head -n 1 pids)"
ok 'when nobody waits for it any more, which the log tells' \
    wait_until 20 has serve.err 'target="exec long" msg="a trial was called off'
start trial test 'exec long'
ok 'another' wait_until 20 has pids . 2
serve_stop
is "$serve_status" 0 'does not hold up a stop for longer than stop_timeout'
ok 'and is ended by it' wait_until 20 gone "$(tail -n 1 pids)"
finish trial "$pid"
is "$status" 1 'which who waits for it hears'

done_testing
