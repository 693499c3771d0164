#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kill -9 of the worker: while a job waits, between two attempts, while a
# handler runs, while a webhook has no answer. Everything is delivered, every
# copy has one id and one body, and the journal explains each.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
local_start
hook_secret "$tmp/secret"

# A handler that says when it began, and waits for leave.
cat >"$tmp/handler" <<END
#!/bin/sh
echo "\$AWAITD_EVENT_ID \$AWAITD_ATTEMPT \$(sha256sum | cut -d ' ' -f 1)" \
    >>'$tmp/handled'
until [ -e '$tmp/leave' ]; do sleep 0.05; done
END
chmod +x "$tmp/handler"

# A port that nobody listens at yet.
hook_start probe
hook_stop "$hook_pid"

configure() {
	cat >"$tmp/serve.conf" <<END
[endpoint slow]
poll_start = 50ms
poll_max = 100ms
deliver = webhook hook, exec handle
[endpoint cat]
poll_start = 50ms
poll_max = 100ms
deliver = webhook hook
[webhook hook]
url = http://127.0.0.1:$hook_port/in
allow_networks = 127.0.0.0/8
secret_file = $tmp/secret
schedule = 500ms, 500ms, 500ms, 1s, 1s, 2s, 2s, 2s, 2s, 2s, 2s, 2s
breaker_failures = 0
[exec handle]
command = '$tmp/handler'
schedule = 500ms, 500ms, 500ms
END
}
configure

post() { # ENDPOINT TEXT: sets job
	api POST /v1/jobs -H "Awaitd-Endpoint: $1" -H 'Content-Type: text/plain' \
	    --data-binary "$2"
	is "$code" 201 "a job for $1 is taken"
	job=$(jq -r .job "$tmp/out")
}

# shellcheck disable=SC2317 # by wait_until
state_of() { # JOB STATE
	api GET "/v1/jobs/$1"
	[ "$(jq -r .state "$tmp/out")" = "$2" ]
}

# shellcheck disable=SC2317 # by wait_until
all_delivered() { # JOB N
	api GET "/v1/deliveries?job=$1&state=delivered"
	[ "$(jq '.deliveries | length' "$tmp/out")" -eq "$2" ]
}

delivery_of() { # JOB TARGET
	api GET "/v1/deliveries?job=$1"
	jq -r ".deliveries[] | select(.target == \"$2\") | .delivery" "$tmp/out"
}

outcomes() { # DELIVERY: of its attempts, in order
	api GET "/v1/deliveries/$1"
	jq -r '[.log[].outcome] | join(" ")' "$tmp/out"
}

# --- while a job waits ---
serve_start
post slow waiting
waiting=$job
wait_until 20 state_of "$waiting" pending
wait_until 20 has "$tmp/began" .
serve_kill
: >"$tmp/go"
serve_start
ok 'after a kill in the wait the job ends' wait_until 30 state_of "$waiting" 'done'
is "$(accepted)" 1 'with one submission'

# --- while a handler runs, and between two attempts of the webhook ---
ok 'its handler begins' wait_until 20 has "$tmp/handled" .
hook=$(delivery_of "$waiting" 'webhook hook')
handle=$(delivery_of "$waiting" 'exec handle')
# shellcheck disable=SC2317 # by wait_until
refused() { # N attempts failed
	api GET "/v1/deliveries/$hook"
	[ "$(jq '[.log[] | select(.outcome == "failed")] | length' \
	    "$tmp/out")" -ge "$1" ]
}
ok 'the webhook finds nobody' wait_until 20 refused 1
serve_kill
rm -f "$tmp/leave"
serve_start
ok 'after a kill in the handler it runs again' wait_until 20 has "$tmp/handled" . 2
: >"$tmp/leave"
hook_start hook --secret-file "$tmp/secret" --listen "127.0.0.1:$hook_port"
ok 'everything is delivered' wait_until 60 all_delivered "$waiting" 2
is "$(cut -d ' ' -f 1,3 "$tmp/handled" | sort -u | wc -l)" 1 \
    'both runs of the handler had one id and the same bytes'
is "$(cut -d ' ' -f 3 "$tmp/handled" | sort -u)" \
    "$(printf waiting | sha256sum | cut -d ' ' -f 1)" 'those of the result'
is "$(outcomes "$handle")" 'interrupted ok' \
    'and the journal has both: one was cut short'
like "$(outcomes "$hook")" 'failed*ok' 'the webhook came after its failures'
is "$(jq -r .id "$tmp/hook.hooks" | sort | uniq -c | awk '{ print $1 }')" 1 \
    'once'
is "$(jq -r .verified "$tmp/hook.hooks" | sort -u)" true 'and verified'

# --- while a webhook has no answer: it may have arrived ---
: >"$tmp/hook.hooks"
kill -STOP "$hook_pid"
post cat unanswered
unanswered=$job
wait_until 20 state_of "$unanswered" 'done'
hook=$(delivery_of "$unanswered" 'webhook hook')
# shellcheck disable=SC2317 # by wait_until
sent() { # its bytes wait at the receiver
	awk -v port="$(printf ':%04X' "$hook_port")" '
	index($2, port) && $5 !~ /:00000000$/ { found = 1 }
	END { exit !found }' /proc/net/tcp
}
ok 'a webhook is under way' wait_until 20 sent
serve_kill
kill -CONT "$hook_pid"
serve_start
ok 'after a kill it goes again' wait_until 30 all_delivered "$unanswered" 1
is "$(outcomes "$hook")" 'interrupted ok' 'the journal says why'
wait_until 20 has "$tmp/hook.hooks" . 2
is "$(jq -r .id "$tmp/hook.hooks" | sort -u)" "$hook" \
    'the receiver saw one id'
is "$(jq -r .sha256 "$tmp/hook.hooks" | sort -u | wc -l)" 1 'and one body'
is "$(jq -r .attempt "$tmp/hook.hooks" | sort -n | tr '\n' ' ')" '1 2 ' \
    'of the two attempts that the journal has'

# --- a kill right behind a request, heard or not: the client asks again ---
curl -sS --max-time 20 --unix-socket "$socket" -X POST -o "$tmp/lost" \
    -H 'Awaitd-Endpoint: cat' -H 'Idempotency-Key: once-only' \
    --data-binary again http://awaitd/v1/jobs 2>/dev/null &
lost=$!
pids="$pids $lost"
# shellcheck disable=SC2317 # by wait_until
stored() {
	[ "$("$awaitd" list --json 2>/dev/null | wc -l)" -ge 3 ]
}
wait_until 20 stored
serve_kill
wait "$lost"
serve_start
api POST /v1/jobs -H 'Awaitd-Endpoint: cat' -H 'Idempotency-Key: once-only' \
    --data-binary again
is "$code" 200 'a request that is repeated after a crash finds its job'
api GET /v1/jobs
is "$(jq '.jobs | length' "$tmp/out")" 3 'and makes no other'
serve_stop
is "$serve_status" 0 'the service ends well'
done_testing
