#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a service tells its targets of each outcome: the event, the bytes, the
# environment; what each answer makes of a delivery; replays.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
cd "$tmp" || exit 1
local_start
hook_secret secret
hook_start good --secret-file secret
good=$hook_pid
good_port=$hook_port
hook_start plain
plain_port=$hook_port
hook_start bad --status 503
bad_port=$hook_port
hook_start gone --status 410
mkdir saved
cat >told <<END
#!/bin/sh
# Each attempt in a file of its own, and an answer that nobody can keep.
env | grep -v -e '^PWD=' -e '^SHLVL=' -e '^_=' | sort \
    >'$tmp/env.'"\$AWAITD_OUTCOME"
cat >'$tmp/stdin.'"\$AWAITD_OUTCOME"
printf 'kept\033[31m\n'
head -c 30000000 /dev/zero >&2
END
cat >long <<END
#!/bin/sh
echo "\$\$" >>'$tmp/pids'
exec sleep 120
END
chmod +x told long
# It has the password of a proxy.
umask 077
cat >serve.conf <<END
[endpoint cat]
poll_start = 50ms
poll_max = 200ms
deliver = webhook good, exec told, exec save
[endpoint words]
poll_start = 50ms
poll_max = 200ms
deliver = webhook good, exec told
[webhook good]
url = http://127.0.0.1:$good_port/
allow_networks = 127.0.0.0/8
secret_file = $tmp/secret
[webhook small]
url = http://127.0.0.1:$plain_port/
allow_networks = 127.0.0.0/8
inline_max = 4
[webhook bad]
url = http://127.0.0.1:$bad_port/
allow_networks = 127.0.0.0/8
schedule = 50ms, 50ms
[webhook gone]
url = http://127.0.0.1:$hook_port/
allow_networks = 127.0.0.0/8
[webhook inside]
url = https://localhost:$hook_port/
schedule = none
[webhook proxied]
url = https://receiver.invalid/
proxy = http://me:proxy-canary@127.0.0.1:9
schedule = none
[exec told]
command = $tmp/told
[exec save]
command = "$abs_top_srcdir/contrib/handlers/save-result" '$tmp/saved'
[exec event]
command = sh -c 'cat >"\$0"' '$tmp/event.json'
payload = event
[exec long]
command = $tmp/long
schedule = 100ms
[exec short]
command = sh -c 'echo out of luck; exit 75'
timeout = 5s
schedule = none
END
unset LANG USER TMPDIR
export AWS_SESSION_TOKEN='' SECRET=shown
serve_start

post() { # ENDPOINT TEXT [CURL OPTION...]: sets job
	post_endpoint=$1
	post_text=$2
	shift 2
	api POST /v1/jobs -H "Awaitd-Endpoint: $post_endpoint" \
	    -H 'Content-Type: text/plain' --data-binary "$post_text" "$@"
	job=$(jq -r .job out)
}

# shellcheck disable=SC2317 # by wait_until
all_are() { # STATE N: so many deliveries of the job
	api GET "/v1/deliveries?job=$job&state=$1"
	[ "$(jq '.deliveries | length' out)" -eq "$2" ]
}

delivery() { # QUERY: of the job's one delivery, its attempts included
	api GET "/v1/deliveries?job=$job"
	api GET "/v1/deliveries/$(jq -r '.deliveries[0].delivery' out)"
	jq -r "$1" out
}

# --- a job that is ok ---
post cat 'hello é' -H 'Awaitd-Custom-Attributes: tenant=7'
is "$code" 201 'a job is taken'
ok 'three targets take it' wait_until 30 all_are delivered 3
api GET "/v1/jobs/$job"
cp out job.json
is "$(jq -r '.verified, .attempt, .replay, .type' good.hooks | tr '\n' ' ')" \
    'true 1 false inference.completed ' 'the webhook is genuine'
jq -r .body good.hooks >body
is "$(jq -cr '[.type, .timestamp == .data.completed_at, .data.job,
    .data.endpoint, .data.outcome, .data.size, .data.custom_attributes,
    .data.result]' body)" \
    "[\"inference.completed\",true,\"$job\",\"cat\",\"ok\",8,\"tenant=7\",\"hello é\"]" \
    'with the event'
is "$(jq -r .data.output_location body)" \
    "$(jq -r .result.location job.json)" 'the place of the result'
is "$(jq -r .data.sha256 body)" \
    "$(printf 'hello é' | sha256sum | cut -d ' ' -f 1)" 'and its digest'
is "$(jq -r .id good.hooks)" "$(api GET "/v1/deliveries?job=$job" &&
    jq -r '.deliveries[] | select(.target == "webhook good") | .delivery' out)" \
    "its id is the delivery's"
printf 'hello é' >want
same stdin.ok want 'a handler reads the bytes'
same "saved/$job.out" want 'save-result has them, too'
sed -n 's/^|  \*\(AWAITD_[A-Z0-9_]*\)\*$/\1/p' \
    "$abs_top_srcdir/doc/awaitd-handlers.7.scd" | sort >names
printf '%s\n' HOME LC_ALL PATH TZ >>names
is "$(cut -d = -f 1 env.ok)" "$(cat names)" \
    'its environment is the one that the page names, and no credentials'
is "$(grep -E '^AWAITD_(JOB|OUTCOME|EVENT|CUSTOM_ATTRIBUTES|SIZE|SHA256)=' \
    env.ok)" "AWAITD_CUSTOM_ATTRIBUTES=tenant=7
AWAITD_EVENT=inference.completed
AWAITD_JOB=$job
AWAITD_OUTCOME=ok
AWAITD_SHA256=$(sha256sum <want | cut -d ' ' -f 1)
AWAITD_SIZE=8" 'with its facts'
api GET "/v1/deliveries?job=$job&target=exec%20told"
api GET "/v1/deliveries/$(jq -r '.deliveries[0].delivery' out)"
like "$(jq -r '.log[0].response' out)" 'kept \[31m *' \
    'what it said is kept, and harmless'
is "$(jq -r '.log[0].response | length' out)" 4096 'and no more than 4 KiB'

# --- a job that failed ---
: >good.hooks
post words 'x'
ok 'a failure is delivered, too' wait_until 30 all_are delivered 2
is "$(jq -r '.verified, .type' good.hooks | tr '\n' ' ')" \
    'true inference.failed ' 'as such'
is "$(jq -r .body good.hooks | jq -cr '[.data.outcome, .data.error.code,
    (.data.failure_location | startswith("s3://bucket/failed/")),
    .data.output_location, .data.result]')" \
    '["failed","model",true,null,null]' 'with its place'
like "$(jq -r .body good.hooks | jq -r .data.error.message)" \
    'first line of woe*' "and the model's words"
like "$(cat stdin.failed)" 'first line of woe*' 'which a handler reads'
like "$(grep -e ^AWAITD_ERROR_CODE -e ^AWAITD_CONTENT_TYPE env.failed)" \
    'AWAITD_CONTENT_TYPE=text/plain; charset=utf-8
AWAITD_ERROR_CODE=model' 'and knows of'

# --- the size of what is inline ---
post cat 'hello' -H 'Awaitd-Deliver: webhook small, exec event'
ok 'a result above inline_max is delivered' wait_until 30 all_are delivered 2
is "$(jq -r .body plain.hooks | jq -cr '[.data.size, .data.result,
    (.data.output_location | length) > 0]')" '[5,null,true]' 'by its place'
is "$(jq -r .verified plain.hooks)" null 'a receiver without a secret says so'
is "$(jq -r .data.job event.json)" "$job" 'a handler may have the event'
is "$(jq -r .data.result event.json)" hello 'with a result that is small enough'

# --- answers ---
post cat x -H 'Awaitd-Deliver: webhook gone'
ok '410 ends a delivery' wait_until 20 all_are dead 1
is "$(delivery '.attempts, .log[0].status, .log[0].note' | tr '\n' '|')" \
    '1|410|answered 410: it wants no more of this|' 'at once'
post cat x -H 'Awaitd-Deliver: webhook bad'
ok '503 ends it when the schedule does' wait_until 20 all_are dead 1
is "$(delivery '[.log[] | .status] | join(" ")')" '503 503 503' \
    'after each of its attempts'
is "$(jq -r '"\(.id) \(.attempt)"' bad.hooks | tail -n 3 | cut -d ' ' -f 2 |
    tr '\n' ' ')" '1 2 3 ' 'which the receiver can tell apart'
is "$(jq -r '"\(.id) \(.sha256)"' bad.hooks | sort -u | wc -l)" 1 \
    'by that alone'
post cat x -H 'Awaitd-Deliver: exec short'
ok 'a handler that fails is tried no more' wait_until 20 all_are dead 1
is "$(delivery '.log[0] | .status, .note, .response' | tr '\n' '|')" \
    '75|exit status 75|out of luck |' 'and the journal says why'

# --- replay ---
: >good.hooks
post cat again -H 'Awaitd-Deliver: webhook good'
ok 'a webhook' wait_until 20 all_are delivered 1
id=$(delivery .delivery)
run replay "$id"
is "$status" 0 'can be asked for again'
ok 'and comes' wait_until 20 has good.hooks . 2
is "$(jq -r '"\(.id) \(.verified) \(.attempt) \(.replay)"' good.hooks)" \
    "$id true 1 false
$id true 2 true" 'under its id, and says so'
is "$(jq -r .body good.hooks | sort -u | wc -l)" 1 'with the same bytes'

# --- where a webhook may not go, and where nobody sees it going ---
post cat x -H 'Awaitd-Deliver: webhook inside'
ok 'a receiver that may not be reached' wait_until 20 all_are dead 1
like "$(delivery '.log[0].note')" \
    'the address * is refused: loopback, and not in allow_networks' \
    '... and why'
is "$(grep -c '.webhook proxied. goes through the proxy http://127.0.0.1:9:' \
    serve.err)" 1 'the log says which target has a proxy'
is "$(grep -c proxy-canary serve.err)" 0 'and not its password'
run config -c serve.conf
is "$(grep -c proxy-canary out)" 0 'nor does the configuration that is shown'
ok 'which names it' has out '^# proxy = http://[*]*@127.0.0.1:9'

# --- a handler does not outlive the service ---
post cat x -H 'Awaitd-Deliver: exec long'
ok 'a handler runs' wait_until 20 has pids .
first=$(head -n 1 pids)
serve_kill
ok 'after kill -9 it is gone' wait_until 20 gone "$first"
serve_start
ok 'before another runs' wait_until 30 has pids . 2
second=$(tail -n 1 pids)
ok 'which lives' kill -0 "$second"
hook_stop "$good"
sed -i 's/^\[exec long\]/[awaitd]\nstop_timeout = 1s\n&/' serve.conf
kill -HUP "$serve_pid"
wait_until 20 has serve.err 'reloaded'
serve_stop
is "$serve_status" 0 'the service ends'
ok 'and ends it' wait_until 20 gone "$second"

done_testing
