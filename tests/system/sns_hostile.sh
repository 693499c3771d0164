#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Whoever finds the address that SNS posts to: requests that two readers could
# read differently, more than can be meant, connections that only hold on, and
# certificates that nobody has. Meanwhile SNS is answered. CONNS=1000 and
# SECONDS_SLOW=60 are the long form.
# shellcheck disable=SC2317 # what ok and wait_until call
. "${abs_top_srcdir:?}/tests/system/lib.sh"
cd "$tmp" || exit 1
support=$abs_top_builddir/tests/support
conns=${CONNS-300} slow=${SECONDS_SLOW-14} genuine=${GENUINE-50}

endpoint told cat "success_topic = $topics:good"
local_start
cat >serve.conf <<END
[metrics]
listen = 127.0.0.1:0
[endpoint told]
output_path = s3://bucket/out
poll_start = 1h
poll_max = 1h
[sns]
listen = 127.0.0.1:0
topic = $topics:good
END
serve_start
sns_ready
cert=$(sns_certificate)

rss() { # in kB
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$serve_pid/status"
}
genuine() { # COUNT EVERY_MS
	"$support/snspeer" post "$sns_port" data/sns.key "$cert" \
	    "$topics:good" "$1" "$2"
}

genuine 20 1 >out
cat out
like "$(cat out)" 'genuine=20 ok=20 *' 'SNS is answered'

# --- requests that are none ---
"$support/snsflood" "$sns_port" cases >tried
tail -n 5 tried
like "$(tail -n 1 tried)" 'http_cases=* smuggled=0 wrong=0' \
    'no malformed request is served, nor one behind it'
ok 'of more than 200' test "$(sed -n 's/^http_cases=\([0-9]*\).*/\1/p' tried)" \
    -gt 200
is "$(sns_metric taken)$(sns_metric copy)$(sns_metric forged)" "$(
    sns_metric taken)00" 'none of them came as far as a signature'

# --- too much ---
before=$(rss)
"$support/snsflood" "$sns_port" oversize >large
grown=$(($(rss) - before))
echo "$(cat large) rss_delta_mb=$((grown / 1024))"
like "$(tail -n 1 large)" 'oversize=14 wrong=0 *' 'what is too much is refused'
sanitized || ok 'in little memory' test "$grown" -le 5120
before=$(rss)

# --- slowly ---
"$support/snsflood" "$sns_port" slow "$conns" "$slow" >flood &
flood=$!
sleep 2 # they are many by then
genuine "$genuine" 150 >out
echo "beside $(cat out)"
ok 'beside them SNS is answered within two seconds' test "$(
    sed -n "s/^genuine=$genuine ok=$genuine p99_ms=.* max_ms=//p" out)" -le 2000
ok 'there are never more than 256' test "$(
    metric awaitd_sns_connections)" -le 256
wait "$flood"
cat flood
# Ten seconds, and what a busy machine adds; without an end it would be $slow.
ok 'nobody holds on for longer than ten seconds' test "$(
    sed -n 's/.*max_conn_life_s=\([0-9]*\).*/\1/p' flood)" -le 12
none_open() {
	[ "$(metric awaitd_sns_connections)" -eq 0 ]
}
ok 'and then all are gone' wait_until 20 none_open
grown=$(($(rss) - before))
echo "# behind them rss_delta_mb=$((grown / 1024))"
genuine 20 1 >out
like "$(cat out)" 'genuine=20 ok=20 *' 'SNS is answered as before'
serve_stop
is "$serve_status" 0 'the service ends well'

# --- certificates that are made up, behind a restart ---
flood_names() { # till kill "$flood"
	"$support/snspeer" post "$sns_port" data/sns.key \
	    "$AWS_ENDPOINT_URL/SimpleNotificationService-*.pem" \
	    "$topics:good" 100000 2 >/dev/null &
	flood=$!
	wait_until 20 used_up || report 1 'there is a flood'
}
used_up() {
	[ "$(sns_metric unchecked)" -ge 20 ]
}
end_flood() {
	kill "$flood"
	wait "$flood" 2>/dev/null
}
serve_start
sns_ready
flood_names
genuine 20 20 >out
like "$(cat out)" 'genuine=20 ok=20 *' \
    'a certificate that served before waits for none of them'
end_flood
serve_stop

# --- the same where no certificate is known ---
AWAITD_STATE=$tmp/other
serve_start
sns_ready
printf x >in
run submit -e told in
echo "$(cat out)-1" >names
flood_names
genuine 5 1 >out
like "$(tail -n 1 out)" 'genuine=5 ok=0 *' 'a stranger waits with them'
INFERENCES=names genuine 1 1 >out
like "$(cat out)" 'genuine=1 ok=1 *' 'who names a job that waits does not'
genuine 5 1 >out
like "$(tail -n 1 out)" 'genuine=5 ok=5 *' 'nor does then anybody else'
end_flood
serve_stop
is "$serve_status" 0 'the service ends well again'
done_testing
