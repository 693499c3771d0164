#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A service that is treated badly: told to stop while it still starts, told to
# read its configuration again and again, and in the middle of a request; and
# handlers that do not end by themselves.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
# Memory that was freed is not kept to be looked at.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=1"
local_start

cat >"$tmp/stubborn" <<END
#!/bin/sh
trap '' TERM
sleep 300 &
echo "\$\$ \$!" >'$tmp/handling'
wait
wait
END
cat >"$tmp/endless" <<END
#!/bin/sh
sleep 300 &
echo "\$\$ \$!" >'$tmp/handling'
wait
END
chmod +x "$tmp/stubborn" "$tmp/endless"
cat >"$tmp/base.conf" <<END
[awaitd]
stop_timeout = 1s
[endpoint cat]
poll_start = 50ms
poll_max = 100ms
[exec true]
command = true
[exec stubborn]
command = '$tmp/stubborn'
timeout = 1s
schedule = 1h
[exec endless]
command = '$tmp/endless'
timeout = 1h
schedule = 1h
END
# As the base has it, and what is given.
configure() {
	{
		cat "$tmp/base.conf"
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$tmp/serve.conf"
}

reload() {
	reloads=$(count "$tmp/serve.err" ' msg="reloaded ')
	kill -HUP "$serve_pid"
	wait_until 20 has "$tmp/serve.err" ' msg="reloaded ' $((reloads + 1))
}

post() { # TARGET: sets job
	api POST /v1/jobs -H 'Awaitd-Endpoint: cat' -H "Awaitd-Deliver: $1" \
	    --data-binary hello
	is "$code" 201 "a job for $1 is taken"
	job=$(jq -r .job "$tmp/out")
}

# shellcheck disable=SC2317 # by wait_until
delivery_is() { # JQ FILTER
	api GET "/v1/deliveries?job=$job"
	[ "$(jq ".deliveries[0] | $1" "$tmp/out")" = true ]
}

open_files() {
	find "/proc/$serve_pid/fd" -mindepth 1 -maxdepth 1 | wc -l
}

resident_kb() {
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$serve_pid/status"
}

# shellcheck disable=SC2317 # by wait_until
all_gone() { # PID...
	for all_pid; do
		gone "$all_pid" || return 1
	done
}

# --- configurations come and go ---
configure
serve_start
post 'exec true'
ok 'it is delivered' wait_until 20 delivery_is '.state == "delivered"'
files=$(open_files)
i=0
while [ "$i" -lt 60 ] && reload; do
	i=$((i + 1))
done
before=$(resident_kb)
i=0
while [ "$i" -lt 150 ] && reload; do
	i=$((i + 1))
done
is "$i" 150 'it is read again 150 times'
ok "memory does not grow with that: $before kB, $(resident_kb) kB" \
    test "$(resident_kb)" -lt $((before + 1500))
i=0
while [ "$i" -lt 500 ]; do
	kill -HUP "$serve_pid"
	i=$((i + 1))
done
post 'exec true'
ok 'a storm of them hurts nobody' wait_until 20 \
    delivery_is '.state == "delivered"'
# shellcheck disable=SC2317 # by wait_until
as_many_files() {
	[ "$(open_files)" -eq "$files" ]
}
ok "no descriptor is left over: $files" wait_until 20 as_many_files

# --- a configuration changes in the middle of a request ---
configure '[endpoint twist]' 'inline = never' 'input_prefix = s3://bucket/in'
reload
{
	printf 'begun '
	wait_until 20 test -e "$tmp/go-on"
	printf 'and ended'
} | curl -sS --max-time 30 --unix-socket "$socket" -o "$tmp/twist" \
    -w '%{http_code}' -T - -X POST -H 'Awaitd-Endpoint: twist' \
    http://awaitd/v1/jobs >"$tmp/twist.code" 2>"$tmp/twist.err" &
twist_pid=$!
pids="$pids $twist_pid"
# shellcheck disable=SC2317 # by wait_until
is_spooling() {
	[ "$(find "$AWAITD_STATE" -name '*.input' -size +0 | wc -l)" -eq 1 ]
}
ok 'an input is on its way to a file' wait_until 20 is_spooling
configure
reload
: >"$tmp/go-on"
wait "$twist_pid"
is "$(cat "$tmp/twist.code")" 422 'that has no way any more is refused'
api GET /readyz
is "$code" 200 'and nothing breaks'

# --- what does not end by itself is ended ---
post 'exec stubborn'
ok 'a handler that ignores its time-out is ended' wait_until 20 \
    delivery_is '.attempts == 1 and (.note // "" | test("time-out"))'
# shellcheck disable=SC2046 # two numbers
ok 'with what it started' wait_until 5 all_gone $(cat "$tmp/handling")
rm "$tmp/handling"
post 'exec endless'
ok 'another one runs' wait_until 20 test -s "$tmp/handling"
serve_stop
is "$serve_status" 0 'a stop does not wait for it for ever'
# shellcheck disable=SC2046
ok 'nor leave it behind' wait_until 5 all_gone $(cat "$tmp/handling")
rm "$tmp/handling"
serve_start
ok 'it is run again' wait_until 20 test -s "$tmp/handling"
api GET "/v1/deliveries/$(api GET "/v1/deliveries?job=$job" &&
    jq -r '.deliveries[0].delivery' "$tmp/out")"
is "$(jq -c '[.attempts, .interruptions, .log[0].outcome]' "$tmp/out")" \
    '[2,0,"interrupted"]' 'and the journal says why'
serve_kill
ok 'a service that is killed takes its handler along' wait_until 5 \
    all_gone "$(cut -d ' ' -f 1 "$tmp/handling")"
kill "$(cut -d ' ' -f 2 "$tmp/handling")" 2>/dev/null

# --- told to stop before it is ready ---
"$abs_top_builddir/tests/support/reseal" "$AWAITD_STATE/serve.db" '
WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 10000)
INSERT INTO job (id, created_at, endpoint, region, request_ttl_s,
    invocation_timeout_s, own_names, avoid_duplicates, retry_failed, input,
    input_size, input_spooled, sum, body)
SELECT substr(id, 1, 20) || printf("%06d", x), created_at, "cat", region, 0, 0,
    1, 0, 0, input, input_size, 0, 0, body FROM job, c
WHERE job.seq = (SELECT min(seq) FROM job);
INSERT INTO job_state (seq, state, outcome, owner, epoch, submitted_at,
    deadline_at, deadline_mono, boot, completed_at, result_size, subs, sum)
SELECT seq, 0, 0, "awaitd", 1, 0, created_at + 21600000, 0, 0, 0, 0, 0, 0
FROM job
WHERE seq NOT IN (SELECT seq FROM job_state)' || report 1 'rows are made'
local_stop
bad=0
early=0
for ms in 000 000 020 040 080 120 200 300; do
	: >"$tmp/serve.err"
	"$awaitd" serve --config "$tmp/serve.conf" --log-level debug \
	    </dev/null 2>>"$tmp/serve.err" &
	serve_pid=$!
	pids="$pids $serve_pid"
	# As soon as it hears of it; looked for without a pause.
	# Until it is awaitd, what the shell catches is caught.
	tries=5000
	until awk '/^Name:.awaitd$/ { is = 1 }
	    /^SigCgt:.*[4-7c-f]...$/ { hears = 1 }
	    END { exit !(is && hears) }' "/proc/$serve_pid/status" ||
	    [ "$tries" -eq 0 ]; do
		tries=$((tries - 1))
	done
	sleep "0.$ms"
	has "$tmp/serve.err" 'msg=ready' || early=$((early + 1))
	serve_stop
	[ "$serve_status" -eq 0 ] || bad=$((bad + 1))
done
is "$bad" 0 "whenever it is told to stop, it ends well ($early times early)"
ok 'also before it was ready' test "$early" -ge 1
done_testing
