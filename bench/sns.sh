#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a notification costs: CPU time (user and system) of the service for one
# that is read, verified and on disk before its 200, over kept connections on
# loopback, and how many it takes in a second. Each has another id, and tells of
# one of JOBS jobs that are done; all are signed beforehand. In the same run, in
# turns: a server of node that checks with npm's sns-validator and keeps
# nothing. Service and sender have a processor each; medians are told.
# Slow figures fail nothing, but awaitd at the cost of sns-validator does.
#   ROUNDS=N MESSAGES=N CONNECTIONS=N JOBS=N
. "${abs_top_srcdir:?}/tests/system/lib.sh"
: "${ROUNDS=5}" "${MESSAGES=20000}" "${CONNECTIONS=32}" "${JOBS=200}"
[ -z "${SHORT-}" ] || ROUNDS=3 MESSAGES=2000 JOBS=20
support=$abs_top_builddir/tests/support
peer_cpu='' our_cpu=''
if [ "$(nproc)" -gt 1 ] && taskset -c 0 true 2>/dev/null; then
	peer_cpu='taskset -c 0' our_cpu='taskset -c 1'
fi
cd "$tmp" || exit 1

# --- a service, and jobs that are done ---
endpoint told cat "success_topic = $topics:good"
local_log=info
local_start
cat >serve.conf <<END
[metrics]
listen = 127.0.0.1:0
[sns]
listen = 127.0.0.1:0
topic = $topics:good
[endpoint cat]
poll_start = 50ms
poll_max = 100ms
END
printf '#!/bin/sh\nexec %s %s "$@"\n' "$our_cpu" "$awaitd" >pinned
chmod +x pinned
awaitd=$tmp/pinned serve_start
sns_ready
mkdir inputs
i=0
while [ "$i" -lt "$JOBS" ]; do
	i=$((i + 1))
	echo "$i" >"inputs/$i"
done
# shellcheck disable=SC2086 # files
run submit -e cat inputs/*
cp out job.ids
while read -r job; do
	run wait "$job"
done <job.ids
sed 's/$/-1/' job.ids >inferences
is "$(wc -l <inferences | tr -d ' ')" "$JOBS" "$JOBS jobs are done"

# --- CPU time ---
cpu_ms() { # PID
	awk -v hz="$(getconf CLK_TCK)" \
	    '{ sub(/.*\) /, ""); print ($12 + $13) * 1000 / hz }' "/proc/$1/stat"
}
measure() { # NAME PID PORT CERTURL
	before=$(cpu_ms "$2")
	# shellcheck disable=SC2086 # words
	INFERENCES=$tmp/inferences $peer_cpu "$support/snspeer" load "$3" \
	    data/sns.key "$4" "$topics:good" "$MESSAGES" "$CONNECTIONS" >one
	after=$(cpu_ms "$2")
	if grep -q "ok=$MESSAGES " one; then
		sed -n 's/.*per_s=//p' one >>"$1.per_s"
		echo "$before $after" | awk -v n="$MESSAGES" \
		    '{ printf "%.1f\n", ($2 - $1) * 1000 / n }' >>"$1.us"
	else
		report 1 "$1: every notification is answered 200" ||
		    diag "$(cat one)"
	fi
}
median() { # FILE
	[ -s "$1" ] || {
		echo none
		return
	}
	sort -n "$1" | awk '{ v[NR] = $1 }
	    END { printf "%.0f\n", v[int((NR + 1) / 2)] }'
}

# --- sns-validator ---
no_js=
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
	no_js='no node and npm (apt install nodejs npm)'
else
	mkdir js
	cp "$abs_top_srcdir/bench/sns.mjs" js
	version=$(jq -r '.dependencies["sns-validator"]' \
	    "$abs_top_srcdir/tests/interop/package.json")
	(cd js && timeout 60 npm install --no-save --ignore-scripts --no-audit \
	    --no-fund --prefer-offline "sns-validator@$version") >npm.log \
	    2>&1 || no_js="npm gets no sns-validator: $(tail -n 1 npm.log)"
fi
if [ -z "$no_js" ]; then
	# shellcheck disable=SC2086 # words
	SNS_PEM=data/sns.pem $our_cpu node js/sns.mjs >js.port 2>js.err &
	js_pid=$!
	pids="$pids $js_pid"
	wait_until 20 test -s js.port || no_js="node: $(tail -n 1 js.err)"
fi

round=0
while [ "$round" -lt "$ROUNDS" ]; do
	round=$((round + 1))
	measure awaitd "$serve_pid" "$sns_port" "$(sns_certificate)"
	[ -n "$no_js" ] || measure validator "$js_pid" "$(cat js.port)" \
	    "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-$(
		printf %032d 0).pem"
done
awaitd_us=$(median awaitd.us)
awaitd_per_s=$(median awaitd.per_s)
validator_us=$(median validator.us)
ratio=none
for name in awaitd.us awaitd.per_s validator.us validator.per_s; do
	[ ! -e "$name" ] || echo "# $name: $(tr '\n' ' ' <"$name")"
done
is "$(sns_metric taken)" "$((ROUNDS * MESSAGES))" 'all of them were kept'
if [ -n "$no_js" ]; then
	skip 'sns-validator' "$no_js"
else
	ratio=$(awk -v a="$awaitd_us" -v v="$validator_us" \
	    'BEGIN { printf "%.2f", a / v }')
	ok 'one costs less than sns-validator takes without a store' \
	    awk -v r="$ratio" 'BEGIN { exit !(r > 0 && r < 1) }'
fi
serve_stop
status=0
(done_testing) || status=1
echo "bench-sns: awaitd_us=$awaitd_us awaitd_per_s=$awaitd_per_s" \
    "validator_us=$validator_us ratio=$ratio"
exit "$status"
