#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The short form of how soon who waits is told; and that what a wait is answered
# with, which does not come from the store, is what the store has.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
status=0
SHORT=1 LATE_MS=$(sanitized && echo 10000 || echo 1000) \
    timeout -k 5 200 sh "$abs_top_srcdir/bench/waiters.sh" \
    >"$tmp/out" 2>"$tmp/err" || status=$?
sed 's/^[^#]/# &/' "$tmp/out"
is "$status" 0 'all who wait are told in time'
like "$(tail -n 1 "$tmp/out")" \
    'waiters: clients=200 jobs=1000 told=1000 late=0 twice=0 strange=0 connections=[0-9]* p50_ms=* p99_ms=* max_ms=*' \
    'and the figures are there'

local_start
hook_secret "$tmp/key"
cat >"$tmp/serve.conf" <<END
[api]
listen = unix:$socket
[endpoint slow]
poll_start = 50ms
poll_max = 200ms
deliver = webhook gone
[webhook gone]
url = http://127.0.0.1:9/
allow_networks = 127.0.0.0/8
secret_file = $tmp/key
schedule = 1h
END
serve_start
api POST /v1/jobs -H 'Awaitd-Endpoint: slow' -H 'Awaitd-Tags: a, b' -d in
job=$(jq -r .job "$tmp/out")
curl -sS --max-time 60 --unix-socket "$socket" \
    "http://awaitd/v1/jobs/$job?wait=60" >"$tmp/waited" &
waiter=$!
pids="$pids $waiter"
wait_until 20 test -e "$tmp/began"
: >"$tmp/go"
wait "$waiter"
api GET "/v1/jobs/$job"
# What an attempt did since then is news.
bare='del(.deliveries[] | .due_at, .attempts, .note, .error_class)'
is "$(jq -c "$bare" "$tmp/waited")" "$(jq -c "$bare" "$tmp/out")" \
    'who waited is told what the store has'
is "$(jq -r '[.state, .outcome, (.deliveries | length)] | join(" ")' \
    "$tmp/waited")" 'done ok 1' 'all of it'
serve_stop
done_testing
