#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A handler that kills the service: its delivery goes behind the others, then
# alone, with an alarm; nobody else is held up; people see it and end it.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
local_start

cat >"$tmp/poison" <<END
#!/bin/sh
echo "\$AWAITD_ATTEMPT" >>'$tmp/poisoned'
above() { sed -n 's/^PPid:[^0-9]*//p' "/proc/\$1/status"; }
# Its parent watches over it, and so does the parent of that.
[ -e '$tmp/harmless' ] || kill -9 "\$(above "\$(above \$PPID)")"
END
cat >"$tmp/good" <<END
#!/bin/sh
echo "\$AWAITD_JOB" >>'$tmp/handled'
END
chmod +x "$tmp/poison" "$tmp/good"
cat >"$tmp/serve.conf" <<END
[metrics]
listen = 127.0.0.1:0
[endpoint cat]
poll_start = 50ms
poll_max = 100ms
[exec poison]
command = '$tmp/poison'
[exec good]
command = '$tmp/good'
END

post() { # TARGET: sets job
	api POST /v1/jobs -H 'Awaitd-Endpoint: cat' -H "Awaitd-Deliver: $1" \
	    --data-binary hello
	job=$(jq -r .job "$tmp/out")
}

# shellcheck disable=SC2317 # by ok
# The one that died is waited for, and another one started, as systemd does.
again() {
	wait_until 30 gone "$serve_pid" || return 1
	wait "$serve_pid" 2>/dev/null
	serve_over
	serve_start
}

serve_start
post 'exec poison'
poisoned=$job
for n in 1 2 3; do
	ok "it dies of attempt $n, and is started again" again
done
is "$(tail -n 1 "$tmp/poisoned")" 3 'after three attempts of it'
like "$(cat "$tmp/serve.err")" "*error*$poisoned*in quarantine*awaitd cancel*" \
    'there is an alarm, with what to do'
is "$(count "$tmp/serve.log" 'in quarantine')" 0 'which there was not before'
delivery=$("$awaitd" deliveries --json | jq -r \
    'select(.quarantined) | .delivery')
run deliveries
like "$(cat "$tmp/out")" "*$delivery*quarantined*" 'the list shows it'
metrics=http://$(sed -n \
    's/.*metrics are at \(127[0-9.:]*\).*/\1/p' "$tmp/serve.err")/metrics
curl -sS --max-time 20 -o "$tmp/metrics" "$metrics" 2>"$tmp/err"
ok 'metrics count it' grep -q '^awaitd_deliveries_quarantined 1$' "$tmp/metrics"

# --- the others go on ---
# shellcheck disable=SC2317 # by wait_until
handled() {
	has "$tmp/handled" "$job"
}
post 'exec good'
ok 'another target is served meanwhile' wait_until 20 handled
ok 'it is not dropped: it is attempted again' again
is "$(tail -n 1 "$tmp/poisoned")" 4 'and again that is the end'
is "$(count "$tmp/serve.err" 'in quarantine')" 0 'the alarm is given once'
post 'exec good'
ok 'and nobody else waits for it' wait_until 20 handled
is "$(sort "$tmp/handled" | uniq -d | wc -l)" 0 'or is handled twice'

# --- by hand ---
run cancel "$delivery"
is "$status" 0 'it can be given up'
run deliveries --json "$delivery"
is "$(jq -r '.state, .note' "$tmp/out" | tr '\n' ';')" \
    'dead;given up on request;' 'and is dead then'
is "$(jq -r '[.log[].outcome] | join(" ")' "$tmp/out")" \
    'interrupted interrupted interrupted interrupted' \
    'the journal has all that was tried'
: >"$tmp/harmless"
run replay "$delivery"
is "$status" 0 'when the handler is mended it is replayed'
# shellcheck disable=SC2317 # by wait_until
delivered() {
	api GET "/v1/deliveries/$delivery"
	[ "$(jq -r .state "$tmp/out")" = delivered ]
}
ok 'and delivered' wait_until 20 delivered
is "$(jq .attempts "$tmp/out")" 5 'at the fifth attempt'
run cancel "$delivery"
like "$status:$err" '1:awaitd: delivery *ended before: delivered*' \
    'what is delivered cannot be given up'
serve_stop
is "$serve_status" 0 'the service ends well'
done_testing
