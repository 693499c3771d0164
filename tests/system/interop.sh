#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# AWS's own JavaScript clients against a fresh awaitd-local: what they send
# is understood, and what they are answered they understand. And libraries of
# others that verify webhooks, against our driver.
set -eu
: "${abs_top_srcdir:?}" "${abs_top_builddir:?}"

skip() {
	echo "1..0 # SKIP $1"
	exit 0
}

command -v node >/dev/null || skip "no node (apt install nodejs)"
command -v npm >/dev/null || skip "no npm (apt install npm)"
[ "$(node -p 'process.versions.node.split(".")[0]')" -ge 18 ] ||
    skip "node is older than 18"

tmp=$(mktemp -d)
pid=
finish() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || :
	[ -z "$pid" ] || wait "$pid" 2>/dev/null || :
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

cp "$abs_top_srcdir"/tests/interop/package.json \
    "$abs_top_srcdir"/tests/interop/package-lock.json \
    "$abs_top_srcdir"/tests/interop/*.mjs "$tmp"
cp "$abs_top_srcdir/contrib/receivers/receiver.mjs" "$tmp/receiver.mjs"
export POSTHOOK="$abs_top_builddir/tests/support/posthook"
export AWAITD="$abs_top_builddir/awaitd"
export OPENAPI="$abs_top_srcdir/src/serve/openapi.json"
export AWAITD_LOCAL="$abs_top_builddir/awaitd-local"
export SNS_PEM="$tmp/data/sns.pem"
export SNSPROBE="$abs_top_builddir/tests/support/snsprobe"
(cd "$tmp" && npm ci --ignore-scripts --no-audit --no-fund --prefer-offline) \
    >"$tmp/npm.log" 2>&1 || skip "npm ci gets no packages: $(tail -n 1 "$tmp/npm.log")"

# The model says what it was told: a script, since no shell sees commands.
cat >"$tmp/env" <<'END'
#!/bin/sh
echo "$AWAITD_INFERENCE_ID|$AWAITD_ENDPOINT|$AWAITD_CONTENT_TYPE|$AWAITD_ACCEPT|$AWAITD_CUSTOM_ATTRIBUTES|$OMP_THREAD_LIMIT"
END
cat >"$tmp/fail" <<'END'
#!/bin/sh
echo out of luck >&2
exit 3
END
chmod +x "$tmp/env" "$tmp/fail"
cat >"$tmp/conf" <<END
[user reader]
access_key = reader
secret_key = reader-secret
list = no

[queue declared]
visibility_timeout = 45s
dead_letter_queue = declared-dead
max_receive_count = 3

[queue declared-dead]

[endpoint cat]
command = cat
max_concurrent_invocations_per_instance = 2
s3_output_path = s3://awaitd-local/cat/output
s3_failure_path = s3://awaitd-local/cat/failure/

[endpoint env]
command = "$tmp/env"
s3_output_path = s3://awaitd-local/env/output

[endpoint fail]
command = "$tmp/fail"
s3_output_path = s3://awaitd-local/fail/output
s3_failure_path = s3://awaitd-local/fail/failure

[endpoint slow]
command = sleep 30
s3_output_path = s3://awaitd-local/slow/output
s3_failure_path = s3://awaitd-local/slow/failure

[sns]
signing_cert_url = https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem

[endpoint told]
command = cat
s3_output_path = s3://awaitd-local/told/output
success_topic = arn:aws:sns:us-east-1:123456789012:good
include_inference_response_in = SUCCESS_NOTIFICATION_TOPIC

[endpoint untold]
command = "$tmp/fail"
s3_output_path = s3://awaitd-local/untold/output
s3_failure_path = s3://awaitd-local/untold/failure
error_topic = arn:aws:sns:us-east-1:123456789012:bad
END
"$abs_top_builddir/awaitd-local" -c "$tmp/conf" --data "$tmp/data" \
    --listen 127.0.0.1:0 --port-file "$tmp/port" 2>"$tmp/log" &
pid=$!
tries=0
while ! [ -s "$tmp/port" ]; do
	tries=$((tries + 1))
	if [ "$tries" -gt 200 ] || ! kill -0 "$pid" 2>/dev/null; then
		echo "Bail out! awaitd-local does not start"
		sed 's/^/# /' "$tmp/log"
		exit 1
	fi
	sleep 0.05
done
port=$(cat "$tmp/port")

# Two plans become one: numbers go up, "1..n" lines are added up.
for script in runtime s3 sns sqs webhook deliver gateway openapi; do
	node --no-warnings "$tmp/$script.mjs" "$port" 2>"$tmp/err" ||
	    sed 's/^/# /' "$tmp/err"
	kill -0 "$pid" 2>/dev/null || echo "not ok 0 - awaitd-local goes on"
done | awk '
/^1\.\.[0-9]+$/ { planned += substr($0, 4); next }
/^(not )?ok [0-9]+ - / {
	n++
	sub(/ok [0-9]+/, "ok " n)
}
{ print; fflush() }
END { print "1.." (planned > 0 ? planned : 1) }'
kill -TERM "$pid"
status=0
wait "$pid" || status=$?
pid=
if [ "$status" -ne 0 ]; then
	echo "Bail out! awaitd-local ended with status $status"
	sed 's/^/# /' "$tmp/log"
fi
