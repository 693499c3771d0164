#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Who is told of a job: targets that want to hear of successes or of failures
# alone, a URL that the submission names, and by reference.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
cd "$tmp" || exit 1
command -v curl >/dev/null || skip_all 'no curl'
local_start
hook_secret secret
hook_start back --secret-file secret
back_port=$hook_port
cat >keep <<END
#!/bin/sh
printf '%s %s %s\n' "\$1" "\$AWAITD_EVENT" "\$AWAITD_TRACEPARENT" >>'$tmp/kept'
cat >'$tmp/kept.'"\$1"
END
chmod +x keep

serve_conf() { # HOST: the one that may be called back
	cat >serve.conf <<END
[endpoint cat]
poll_start = 50ms
poll_max = 200ms
deliver = exec good on success, exec bad on failure
[endpoint words]
poll_start = 50ms
poll_max = 200ms
deliver = exec good on success, exec bad on failure, exec all
[endpoint slow]
poll_start = 50ms
poll_max = 200ms
[callback]
allow = $1
allow_networks = 127.0.0.0/8
secret_file = $tmp/secret
[exec good]
command = $tmp/keep good
[exec bad]
command = $tmp/keep bad
[exec all]
command = $tmp/keep all
[exec link]
command = $tmp/keep link
payload = reference
url_valid = 10m
END
}
serve_conf 127.0.0.1
serve_start
printf hello >in

# shellcheck disable=SC2317 # by wait_until
all_are() { # STATE N: so many deliveries of the job
	api GET "/v1/deliveries?job=$job&state=$1"
	[ "$(jq '.deliveries | length' out)" -eq "$2" ]
}

# --- a URL of the submission's own ---
trace=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
export TRACEPARENT="$trace"
run submit -e cat --callback "http://127.0.0.1:$back_port/told?token=x" in
unset TRACEPARENT
is "$status" 0 'a submission names a URL'
job=$(cat out)
ok 'which is told, as the target for successes is' \
    wait_until 30 all_are delivered 2
is "$(jq -r '.deliveries[].target' out | sort | tr '\n' ' ')" "callback http://127.0.0.1:$back_port exec good " \
    'under the name of its host'
is "$(jq -r '.verified, .type' back.hooks | tr '\n' ' ')" \
    'true inference.completed ' 'and signed'
is "$(cat kept)" "good inference.completed $trace" \
    'the trace goes along, and nobody else hears of it'
run show "$job"
like "$(cat out)" "*http://127.0.0.1:$back_port/told*" 'show tells of the URL'
is "$(count out token)" 0 'but not what is behind its question mark'
run show --json "$job"
is "$(jq -r .callback_url out) $(jq -r .traceparent out)" \
    "http://127.0.0.1:$back_port/told $trace" 'nor does JSON'

run submit -e cat --callback http://127.0.0.2/ in
is "$status" 2 'another host is refused'
like "$err" '*127.0.0.2*[callback]*' 'and the remedy is named'
run submit -e cat --callback http://user:secret@127.0.0.1/ in
is "$status" 2 'and so is a URL with a password'
like "$err" '*callback*' 'by its name'
is "$(count err secret)" 0 'which nobody repeats'
run --server none submit -e cat --callback http://127.0.0.1/ in
is "$status" 2 'without a service there are no callbacks'

# --- who hears of which end ---
: >kept
run submit -e words in
job=$(cat out)
ok 'a failure is told' wait_until 30 all_are delivered 2
is "$(cut -d ' ' -f 1-2 kept | sort)" 'all inference.failed
bad inference.failed' 'to those who want it'
run submit -e words --deliver='exec good on success, exec all on failure' in
job=$(cat out)
ok 'a submission may say who hears of what' wait_until 30 all_are delivered 1
is "$(jq -r '.deliveries[0].target' out)" 'exec all' 'and that is so'
run submit -e cat --deliver='exec good on ok' in
is "$status" 2 'what is no route is refused'
run invoke -e cat in
is "$(cat out)" hello 'an invoke has its result'
: >kept
run invoke -e cat --deliver=none --callback "http://127.0.0.1:$back_port/" in
is "$status" 0 'and may have it told by a callback'
ok 'which it is' wait_until 20 has back.hooks . 2
run retry "$job"
is "$status" 0 'what failed is asked for again'
job=$(cat out)
ok 'and told to the same' wait_until 30 all_are delivered 1

# --- by reference ---
run submit -e cat --deliver='exec link' in
job=$(cat out)
ok 'a target may have a URL' wait_until 30 all_are delivered 1
is "$(jq -c '[.data.size, .data.result]' kept.link)" '[5,null]' \
    'instead of the result'
curl -sS --max-time 20 -o got "$(jq -r .data.result_url kept.link)"
same got in 'which gives it to whoever has it'
ok 'and says until when' jq -e '.data.result_url_expires_at >
    .data.completed_at' kept.link
is "$(count serve.err X-Amz-Signature)" 0 'the log has none of it'

# --- a reload that forbids the host ---
: >back.hooks
run submit -e slow --callback "http://127.0.0.1:$back_port/" in
job=$(cat out)
serve_conf other.example.com
kill -HUP "$serve_pid"
ok 'the configuration is read again' wait_until 20 has serve.err reloaded
: >go
ok 'a callback that is forbidden meanwhile' wait_until 30 all_are waiting 1
is "$(jq -r '.deliveries[0].attempts' out)" 0 'waits without an attempt'
serve_conf 127.0.0.1
kill -HUP "$serve_pid"
ok 'until it is allowed again' wait_until 30 all_are delivered 1
is "$(jq -r '.deliveries[0].attempts' out)" 1 'and goes at once'
is "$(wc -l <back.hooks)" 1 'just once'
serve_stop
is "$serve_status" 0 'the service ends'

# --- what check says ---
cat >check.conf <<END
[callback]
allow = app.example.com
payload = reference
url_valid = 7d
END
run check --config check.conf --json
is "$(jq -r 'select(.check == "callback") | "\(.status) \(.subject)"' out)" \
    'ok app.example.com' 'check tells of callbacks'
is "$(jq -r 'select(.check == "result urls") | "\(.status) \(.subject)"' out)" \
    'ok callback' 'and of what URLs are signed with'
printf '[callback]\nallow = *\nsecret_file = nowhere\n' >check.conf
run check --config check.conf --json
is "$(jq -r 'select(.check == "callback") | .status' out)" fail \
    'a secret that is not there is found'

done_testing
