#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What an operator sees of attempts: what they met in one word, how long they
# took, what went and came; and no secret of theirs, wherever it is kept.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
local_start

hook_secret "$tmp/key"
token=planted-token-of-header-file-0123456789
secret "$token"
secret_place "$tmp/fields"
(umask 077 && printf 'Authorization: Bearer %s\nX-Tenant: %s\n' \
    "$token" "$token" >"$tmp/fields")
hook_start busy --status 503
cat >"$tmp/serve.conf" <<END
[endpoint cat]
poll_start = 50ms
poll_max = 100ms
[webhook busy]
url = http://127.0.0.1:$hook_port/in
allow_networks = 127.0.0.0/8
secret_file = $tmp/key
header_file = $tmp/fields
schedule = 50ms
breaker_failures = 0
[webhook nobody]
url = http://127.0.0.1:1/in
allow_networks = 127.0.0.0/8
schedule = 1h
breaker_failures = 0
[exec tool]
command = sh -c 'exit 3'
schedule = 50ms
END

post() { # TARGET
	api POST /v1/jobs -H 'Awaitd-Endpoint: cat' -H "Awaitd-Deliver: $1" \
	    --data-binary hello
	jq -r .job "$tmp/out"
}

listed() { # OPTION...: how many
	"$awaitd" attempts --json "$@" 2>"$tmp/err" | wc -l
}

# shellcheck disable=SC2317 # by wait_until
ended_are() { # N OPTION...
	ended_n=$1
	shift
	[ "$(listed --outcome failed "$@")" -eq "$ended_n" ]
}

serve_start
post 'webhook busy' >/dev/null
post 'webhook nobody' >/dev/null
exec_job=$(post 'exec tool')
ok 'each attempt is listed' wait_until 60 ended_are 5

# --- classes ---
is "$(listed --class status)" 2 'an answer that is no yes is one class'
is "$(listed --class connect)" 1 'nobody there is another'
is "$(listed --class exit)" 2 'an exit status another'
is "$(listed --class dns)" 0 'and what was not met is not there'

# --- filters ---
is "$(listed --target 'webhook busy')" 2 'they are found by target'
is "$(listed --job "$exec_job")" 2 'by job'
is "$(listed --status 503)" 2 'by status of HTTP'
is "$(listed --status 3)" 2 'by exit status'
is "$(listed --since 1h)" 5 'since a span ago'
is "$(listed --until 1h)" 0 'and until one'
is "$(listed --limit 2)" 2 'as many as are wanted'
is "$("$awaitd" attempts --json | jq -r '.delivery + "." + (.n | tostring)')" \
    "$("$awaitd" attempts --json --newest |
	jq -r '.delivery + "." + (.n | tostring)' | tac)" 'in both orders'

# --- one delivery, one attempt ---
delivery=$("$awaitd" deliveries --json --target 'webhook busy' |
    jq -r .delivery)
run attempts "$delivery"
is "$status" 0 'those of one delivery are a table'
like "$(cat "$tmp/out")" "*$delivery*2*webhook busy*failed*status*503*" \
    'with what each met'
run attempts "$delivery" 2
like "$(cat "$tmp/out")" '*class*status*request*webhook-id*answer*' \
    'one by itself has the header fields'
like "$(cat "$tmp/out")" '*Authorization: \*\*\**X-Tenant: \*\*\**' \
    'the values that header_file has are masked'
like "$(cat "$tmp/out")" '*webhook-signature: \*\*\**' 'and the signature'
run attempts --json "$delivery" 1
is "$(jq -r '[.request_headers[] | select(.name == "webhook-id") | .value] |
    join(" ")' "$tmp/out")" "$delivery" 'as JSON, too'
is "$(jq -r '(.latency_ms >= 0), .class' "$tmp/out" | tr '\n' ' ')" \
    'true status ' 'with latency and class'
run attempts --json --target 'webhook busy'
is "$(jq -s '[.[] | has("request_headers")] | any' "$tmp/out")" false \
    'the list has them only on request'
run attempts --json --headers --target 'webhook busy'
is "$(jq -s '[.[] | has("request_headers")] | all' "$tmp/out")" true \
    'and then of each'
nobody=$("$awaitd" attempts --json --class connect)
ok 'of one that waits the next attempt is told' \
    test "$(printf '%s' "$nobody" | jq -r 'has("next_attempt_at")')" = true
run deliveries "$delivery"
like "$(cat "$tmp/out")" '*attempt 1*milliseconds*class*status*' \
    'a delivery tells class and latency of each'
ok 'and the log has the class' has "$tmp/serve.err" 'class=status'

# --- wrong words ---
wrong() { # PATTERN WORDS...
	wrong_pattern=$1
	shift
	run "$@"
	is "$status" 2 "a wrong use: $*"
	like "$err" "$wrong_pattern" 'is told as such'
}
wrong '*it is one of dns, connect*' attempts --class dsn
wrong '*no delivery id*' attempts x
wrong '*number*' attempts "$delivery" x
wrong '*--headers needs --json*' attempts --headers
wrong '*for the list*' attempts --outcome ok "$delivery" 1
run attempts "$delivery" 9
is "$status" 6 'one that is not there is not found'
stranger=msg_01jd2k3m4n5p6q7r8s9t0v1w2x
for words in "attempts $stranger" "attempts --json $stranger" \
    "deliveries $stranger" "replay $stranger" "cancel $stranger"; do
	# shellcheck disable=SC2086
	run $words
	like "$status:$err" \
	    "6:awaitd: delivery $stranger: *'awaitd deliveries' lists *" \
	    "a delivery that nobody knows: $words"
done

# --- nothing secret is kept ---
serve_stop
is "$(sqlite3 "$AWAITD_STATE/serve.db" "SELECT count(*) FROM attempt
    WHERE request_headers LIKE '%$token%'")" 0 'no secret is in the store'
is "$(sqlite3 "$AWAITD_STATE/serve.db" "SELECT count(*) FROM attempt
    WHERE request_headers LIKE '%webhook-signature: ***%'")" 2 \
    'but that there was one'

done_testing
