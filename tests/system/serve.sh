#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A service's life: start, a second one, reload, what it forgets, its end; and
# results that are too large to be kept.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
local_start
hook_secret "$tmp/secret"
mkdir "$tmp/handled"
cat >"$tmp/handler" <<END
#!/bin/sh
cat >"$tmp/handled/\$AWAITD_JOB"
END
cat >"$tmp/slow-handler" <<END
#!/bin/sh
: >'$tmp/handling'
sleep 1.5
cat >/dev/null
END
chmod +x "$tmp/handler" "$tmp/slow-handler"
cat >"$tmp/base.conf" <<END
[awaitd]
stop_timeout = 10s
retention = 60s
[metrics]
listen = 127.0.0.1:0
[endpoint cat]
input_prefix = s3://bucket/in
poll_start = 50ms
poll_max = 200ms
deliver = exec handle
[exec handle]
command = $tmp/handler
schedule = 100ms, 100ms
[exec slow]
command = $tmp/slow-handler
[exec gone]
command = $tmp/handler
schedule = 2s
END
cp "$tmp/base.conf" "$tmp/serve.conf"

# shellcheck disable=SC2317 # by wait_until
ended() { # JOB N: so many of its deliveries ended
	api GET "/v1/deliveries?job=$1"
	[ "$(jq '[.deliveries[] | select(.state != "waiting")] | length' \
	    "$tmp/out")" -eq "$2" ]
}

post() { # FILE [CURL OPTION...]: sets job
	post_file=$1
	shift
	api POST /v1/jobs -H 'Awaitd-Endpoint: cat' --data-binary "@$post_file" \
	    "$@"
	job=$(jq -r .job "$tmp/out")
}

# --- start ---
serve_start
is "$(stat -c %a "$socket")" 600 'the socket is for its owner'
api GET /healthz
is "$code" 200 'it is alive'
api GET /readyz
is "$code" 200 'and ready'
run serve --config "$tmp/serve.conf"
is "$status" 1 'a second service of the same state is refused'
like "$err" 'awaitd: another service has *serve.db. *' 'with the reason'
ok 'and the first lives on' api GET /readyz
is "$code" 200 'on its socket'

# --- bytes, of every size ---
: >"$tmp/empty"
bytes 65536 "$tmp/kept"
bytes 65537 "$tmp/fetched"
bytes 3000000 "$tmp/large"
for name in empty kept fetched large; do
	post "$tmp/$name" -H 'Content-Type: application/octet-stream'
	is "$code" 201 "$name input is taken"
	ok "$name is delivered" wait_until 30 ended "$job" 1
	same "$tmp/handled/$job" "$tmp/$name" "$name: the handler got its bytes"
	api GET "/v1/jobs/$job/result"
	same "$tmp/out" "$tmp/$name" "$name: and so does whoever asks"
done
is "$(find "$AWAITD_STATE" -name '*.input' -o -name '*.spool' | wc -l)" 0 \
    'nothing is left in the folder'

# --- a large result that changed ---
chmod -x "$tmp/handler"
post "$tmp/fetched" -H 'Awaitd-Deliver: exec gone'
# shellcheck disable=SC2317 # by wait_until
tried() {
	api GET "/v1/deliveries?job=$job"
	[ "$(jq '.deliveries[0].attempts // 0' "$tmp/out")" -ge 1 ]
}
ok 'a handler that cannot be run is tried' wait_until 20 tried
is "$(jq -r '.deliveries[0].state' "$tmp/out")" waiting 'and will be again'
chmod +x "$tmp/handler"
run show --json "$job"
location=$(jq -r .result.location "$tmp/out")
"$rawcall" PUT "/${location#s3://}" "@$tmp/kept" >"$tmp/raw" 2>&1 || diag "$(cat "$tmp/raw")"
ok 'its result is overwritten meanwhile' wait_until 20 ended "$job" 1
is "$(jq -r '.deliveries[0].state' "$tmp/out")" dead \
    'what changed is not delivered'
like "$(jq -r '.deliveries[0].note' "$tmp/out")" '*changed after*' \
    'and the journal says so'
ok 'the handler never saw it' test ! -e "$tmp/handled/$job"

# --- reload ---
sed 's|^\[exec handle\]|[exec other]\ncommand = true\n&|' \
    "$tmp/base.conf" >"$tmp/serve.conf"
kill -HUP "$serve_pid"
ok 'a new file is read' wait_until 20 has "$tmp/serve.err" 'reloaded'
post "$tmp/kept" -H 'Awaitd-Deliver: exec other'
is "$code" 201 'and its target is known'
ok 'and works' wait_until 20 ended "$job" 1
echo 'nonsense = 1' >>"$tmp/serve.conf"
kill -HUP "$serve_pid"
ok 'a bad one is refused' wait_until 20 has "$tmp/serve.err" \
    'the old configuration stays.*unknown key'
post "$tmp/kept" -H 'Awaitd-Deliver: exec other'
is "$code" 201 'and changes nothing'
ok 'and the target is still there' wait_until 20 ended "$job" 1
sed 's|^listen = .*|listen = 127.0.0.1:1|' "$tmp/base.conf" >"$tmp/serve.conf"
kill -HUP "$serve_pid"
ok 'what cannot be changed so is named' wait_until 20 has "$tmp/serve.err" \
    'metrics.* listen changed: that needs a restart'
cp "$tmp/base.conf" "$tmp/serve.conf"

# --- a target goes, and comes back ---
printf '[exec other]\ncommand = false\nschedule = 2s\n' >>"$tmp/serve.conf"
kill -HUP "$serve_pid"
wait_until 20 has "$tmp/serve.err" 'reloaded' 3
post "$tmp/kept" -H 'Awaitd-Deliver: exec other'
wait_until 20 tried
cp "$tmp/base.conf" "$tmp/serve.conf"
kill -HUP "$serve_pid"
ok 'deliveries of a target that went wait' wait_until 20 has "$tmp/serve.err" \
    'deliveries wait for \[exec other\]'
printf '[exec other]\ncommand = true\n' >>"$tmp/serve.conf"
kill -HUP "$serve_pid"
ok 'and go on when it is back' wait_until 20 ended "$job" 1
is "$(jq -r '.deliveries[0].state' "$tmp/out")" delivered 'to it'
cp "$tmp/base.conf" "$tmp/serve.conf"

# --- a graceful end lets attempts come to theirs ---
post "$tmp/kept" -H 'Awaitd-Deliver: exec slow'
wait_until 20 test -e "$tmp/handling"
slow=$job
run deliveries --target 'exec slow'
like "$(cat "$tmp/out")" '*exec slow *waiting * 1  now*' \
    'what is under way is attempted now'
serve_stop
is "$serve_status" 0 'it ends well'
ok 'and takes its socket along' test ! -e "$socket"
serve_start
ok 'the attempt under way was brought to its end' ended "$slow" 1
api GET "/v1/deliveries?job=$slow"
is "$(jq -r '.deliveries[0] | .state, .attempts' "$tmp/out" | tr '\n' ' ')" \
    'delivered 1 ' 'once'
serve_stop

# --- what is past its retention goes ---
jobs_kept() {
	sqlite3 "$AWAITD_STATE/serve.db" 'SELECT count(*) FROM job'
}
ok 'there are jobs' test "$(jobs_kept)" -ge 5
"$abs_top_builddir/tests/support/reseal" "$AWAITD_STATE/serve.db" 'DROP TRIGGER done_is_final;
    UPDATE job_state SET completed_at = completed_at - 61000'
serve_start
ok 'what ended a minute ago is forgotten' wait_until 20 has "$tmp/serve.err" \
    'forgot [0-9]+ jobs'
serve_stop
is "$(jobs_kept)" 0 'with all that belongs to it'
is "$(sqlite3 "$AWAITD_STATE/serve.db" 'SELECT count(*) FROM delivery')" 0 \
    'deliveries, too'

# --- after a kill the socket of the dead is no obstacle ---
serve_start
serve_kill
ok 'a killed service leaves its socket' test -S "$socket"
run list
is "$status" 0 'commands go on without it'
serve_start
api GET /readyz
is "$code" 200 'and the next service takes it over'
serve_stop

# --- TCP wants a token ---
printf '[api]\nlisten = 127.0.0.1:0\n' >"$tmp/serve.conf"
run serve --config "$tmp/serve.conf"
is "$status" 2 'TCP without a token is refused'
like "$err" '*token_file*' 'with the remedy'
echo "[api]
listen = 127.0.0.1:0, unix:$tmp/other.sock
token_file = $tmp/token" >"$tmp/serve.conf"
(umask 077 && echo a-token-of-some-length >"$tmp/token")
chmod 644 "$tmp/token"
run serve --config "$tmp/serve.conf"
is "$status" 2 'a token that everybody can read is refused'
chmod 600 "$tmp/token"
serve_start
url=http://$(sed -n 's/.*the API is at \(127[0-9.:]*\).*/\1/p' "$tmp/serve.err")
# shellcheck disable=SC2317 # by is
tcp() { # PATH [CURL OPTION...]
	tcp_path=$1
	shift
	curl -sS --max-time 20 -o "$tmp/out" -w '%{http_code}' "$@" "$url$tcp_path"
}
is "$(tcp /v1/jobs)" 401 'no token, no answer'
is "$(tcp /v1/jobs -H 'Authorization: Bearer a-token-of-some-lengti')" 401 \
    'nor with a wrong one'
is "$(tcp /v1/jobs -H 'Authorization: Bearer a-token-of-some-length')" 200 \
    'the right one is let in'
is "$(tcp /healthz)" 200 'health needs none'
ok 'the other socket is there' test -S "$tmp/other.sock"
ok 'and the default one is not' test ! -e "$socket"
ok 'the token is nowhere in the log' test \
    "$(count "$tmp/serve.err" a-token-of)" -eq 0
serve_stop

# --- what the log is like, from the start and from a reload on ---
cp "$tmp/base.conf" "$tmp/serve.conf"
start own serve --config "$tmp/serve.conf" --log-format json
ok 'a service tells changes of state unasked, in the form that is asked for' \
    wait_until 20 has "$tmp/own.err" '^\{.*"level":"info".*"msg":"ready"'
sed -i 's/^\[awaitd\]/&\nlog_level = debug/' "$tmp/serve.conf"
printf '[api]\nusers = root\nlisten = unix:/x\n' >>"$tmp/serve.conf"
kill -HUP "$pid"
ok 'all that needs a restart is named' wait_until 20 has "$tmp/own.err" \
    '"[^"]*\[api\] listen, \[api\] users[^"]* changed: that needs a restart'
kill -HUP "$pid"
ok 'each time' wait_until 20 has "$tmp/own.err" 'needs a restart' 2
api GET /v1/jobs
ok 'the new log level holds at once' wait_until 20 has "$tmp/own.err" \
    '"level":"debug"'
sed -i "s|^log_level.*|log_level = warn|" "$tmp/serve.conf"
kill -HUP "$pid"
wait_until 20 has "$tmp/own.err" 'needs a restart' 3
before=$(wc -l <"$tmp/own.err")
kill -TERM "$pid"
finish own "$pid"
is "$(wc -l <"$tmp/own.err")" "$before" 'and silence, too'
run serve --server "$socket"
like "$status:$err" '2:awaitd: --server *is for those who ask a service*' \
    'what only clients need is refused'
done_testing
