#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Stops of a service that has much to do: each comes to its end in time,
# leaves no attempt open and no process behind, and the next service finds
# nothing that was interrupted. With connections that hang, two services side
# by side, and a second signal.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
local_start
rounds=${STOPS:-9}

# Handlers of every kind: quick ones, one that takes longer than a stop waits,
# and one that ignores being told.
cat >"$tmp/quick" <<END
#!/bin/sh
echo "\$AWAITD_EVENT_ID" >>'$tmp/handled'
END
cat >"$tmp/long" <<END
#!/bin/sh
echo "\$\$" >>'$tmp/running'
[ -e '$tmp/leave' ] || sleep 300
END
cat >"$tmp/stubborn" <<END
#!/bin/sh
trap '' TERM INT HUP
echo "\$\$" >>'$tmp/running'
until [ -e '$tmp/leave' ]; do sleep 0.1; done
END
chmod +x "$tmp/quick" "$tmp/long" "$tmp/stubborn"
cat >"$tmp/serve.conf" <<END
[awaitd]
stop_timeout = 1s
[endpoint cat]
poll_start = 50ms
poll_max = 100ms
[exec quick]
command = '$tmp/quick'
max_in_flight = 4
[exec long]
command = '$tmp/long'
timeout = 1h
[exec stubborn]
command = '$tmp/stubborn'
timeout = 1h
END

post() { # TARGETS
	api POST /v1/jobs -H 'Awaitd-Endpoint: cat' -H "Awaitd-Deliver: $1" \
	    --data-binary hello
}

# shellcheck disable=SC2317 # by wait_until
nobody_runs() {
	while read -r runs_pid; do
		gone "$runs_pid" || return 1
	done <"$tmp/running"
}

# --- under load, again and again ---
: >"$tmp/running"
posted=0
bad=0
left=0
round=0
while [ "$round" -lt "$rounds" ]; do
	round=$((round + 1))
	serve_start
	# What the service before has left is told at once.
	left=$((left + $(count "$tmp/serve.err" 'awaitd ended while|in quarantine')))
	for i in 1 2 3; do
		post 'exec quick'
		[ "$code" -eq 201 ] && posted=$((posted + 1))
	done
	[ $((round % 3)) -ne 0 ] || {
		post 'exec long'
		[ "$code" -eq 201 ] && posted=$((posted + 1))
		post 'exec stubborn'
		[ "$code" -eq 201 ] && posted=$((posted + 1))
		began=$(wc -l <"$tmp/running")
		wait_until 20 has "$tmp/running" . $((began + 1))
	}
	serve_stop
	[ "$serve_status" -eq 0 ] || bad=$((bad + 1))
	nobody_runs || wait_until 5 nobody_runs || bad=$((bad + 1))
done
is "$bad" 0 "each of $rounds stops came to its end, with all that ran"
is "$left" 0 'and no service found an attempt that was cut short'
open=$(sqlite3 "$AWAITD_STATE/serve.db" \
    'SELECT count(*) FROM attempt WHERE outcome = 0' 2>"$tmp/sql.err")
is "$open" 0 'none is left open on disk'

# --- what was ended goes again, and says so ---
: >"$tmp/leave"
serve_start
# shellcheck disable=SC2317 # by wait_until
all_delivered() {
	api GET '/v1/deliveries?state=delivered&limit=1000'
	[ "$(jq '.deliveries | length' "$tmp/out")" -eq "$posted" ]
}
ok "all $posted are delivered in the end" wait_until 60 all_delivered
is "$(jq '[.deliveries[] | select(.interruptions > 0)] | length' "$tmp/out")" \
    0 'no stop counts as an interruption'
api GET '/v1/deliveries?target=exec+long&limit=1'
api GET "/v1/deliveries/$(jq -r '.deliveries[0].delivery' "$tmp/out")"
is "$(jq -r '.log[0].outcome' "$tmp/out")" interrupted 'the journal has it'
like "$(jq -r '.log[0].note' "$tmp/out")" '*a stop of awaitd*' 'and why'
is "$(sort "$tmp/handled" | uniq -d | wc -l)" 0 \
    'what was not cut short was handled once'

# --- connections that hang hold nothing up ---
sockets() {
	find "/proc/$serve_pid/fd" -lname 'socket:*' | wc -l
}
before=$(sockets)
# Requests that never end.
mkfifo "$tmp/endless"
exec 9<>"$tmp/endless"
for i in 1 2; do
	curl -sS --max-time 60 --unix-socket "$socket" telnet://awaitd \
	    <"$tmp/endless" >"$tmp/hang.$i" 2>&1 &
	pids="$pids $!"
done
printf 'POST /v1/jobs HTTP/1.1\r\nHost: h\r\nAwaitd-Endpoint: cat\r\n' >&9
# shellcheck disable=SC2317 # by wait_until
connected() { # N
	[ "$(sockets)" -ge "$1" ]
}
ok 'two ask for something and do not say what' \
    wait_until 20 connected $((before + 2))
serve_stop
is "$serve_status" 0 'a stop does not wait for those who hang'
exec 9>&-

# --- two side by side, and one that is told twice ---
mkdir "$tmp/other"
sed "s|^stop_timeout.*|stop_timeout = 30s\nstate = $tmp/other|" \
    "$tmp/serve.conf" >"$tmp/other.conf"
rm -f "$tmp/leave"
: >"$tmp/running"
serve_start
AWAITD_STATE='' "$awaitd" serve --config "$tmp/other.conf" --log-level info \
    </dev/null 2>"$tmp/other.err" &
other=$!
pids="$pids $other"
wait_until 30 has "$tmp/other.err" 'msg="?ready'
post 'exec stubborn'
curl -sS --max-time 20 --unix-socket "$tmp/other/awaitd.sock" -X POST \
    -o "$tmp/out" -H 'Awaitd-Endpoint: cat' \
    -H 'Awaitd-Deliver: exec stubborn' --data-binary hello \
    http://awaitd/v1/jobs 2>"$tmp/err"
ok 'handlers of both run' wait_until 20 has "$tmp/running" . 2
kill -TERM "$serve_pid" "$other"
ok 'both hear it' wait_until 10 has "$tmp/other.err" 'msg=stopping'
kill -TERM "$other"
status=0
wait_until 20 over "$other" || kill -KILL "$other"
wait "$other" || status=$?
is "$status" 0 'who is told twice does not wait for its time'
serve_stop
is "$serve_status" 0 'nor does one wait for the other'
is "$(sqlite3 "$tmp/other/serve.db" \
    'SELECT count(*) FROM attempt WHERE outcome = 0')" 0 \
    'and that one, too, leaves nothing open'
cat "$tmp/other.err" >>"$tmp/all.err"
wait_until 5 nobody_runs
done_testing
