#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a look costs: CPU time (user and system) of a signed HEAD for a key that
# is not there, over kept connections on loopback, with all of awaitd below the
# engine; and what a job costs that waits. In the same run, in turns: libcurl on
# libevent by the book (tests/support/plaincurl.c), and the AWS SDK for
# JavaScript. Server and client have a processor each; medians are told.
#   saturated: LOOKS looks, 64 at a time
#   at 1,000/s: due looks gathered in ticks of TICK_MS
#   memory: the service with so many jobs that wait, against the same
#     service with one; RSS, all included. JavaScript: waitUntilObjectExists.
# Slow figures fail nothing, but awaitd at twice the cost of plain libcurl does.
#   ROUNDS=N LOOKS=N TICK_MS=N JOBS='10000 100000' JS_WAITERS=N
. "${abs_top_srcdir:?}/tests/system/lib.sh"
: "${ROUNDS=7}" "${LOOKS=20000}" "${TICK_MS=50}" "${JS_WAITERS=10000}"
: "${JOBS=10000 100000}"
[ -z "${SHORT-}" ] || ROUNDS=3 LOOKS=4000 JOBS='1000 2000'
support=$abs_top_builddir/tests/support
peer_cpu=
our_cpu=
if [ "$(nproc)" -gt 1 ] && taskset -c 0 true 2>/dev/null; then
	peer_cpu='taskset -c 0' our_cpu='taskset -c 1'
fi

# --- the other side ---

mkfifo "$tmp/stdin"
# shellcheck disable=SC2086 # words
$peer_cpu "$support/nokeys" <"$tmp/stdin" >"$tmp/port" &
pids="$pids $!"
exec 3>"$tmp/stdin"
wait_until 10 test -s "$tmp/port" || {
	echo 'Bail out! nokeys does not start'
	exit 1
}
port=$(cat "$tmp/port")
export AWS_ENDPOINT_URL="http://127.0.0.1:$port"

# --- CPU time ---

value() { # NAME FILE
	tr ' ' '\n' <"$2" | sed -n "s/^$1=//p"
}

measure() { # NAME PROGRAM COUNT [PER-SECOND TICK-MS]
	name=$1
	program=$2
	count=$3
	shift 3
	# shellcheck disable=SC2086 # words
	if $our_cpu timeout 60 "$support/$program" 127.0.0.1 "$port" "$count" \
	    64 "$@" >"$tmp/one" 2>"$tmp/err"; then
		value us "$tmp/one" >>"$tmp/$name.us"
	else
		report 1 "$name: every look is answered 404" ||
		    diag "$(cat "$tmp/one" "$tmp/err")"
	fi
}

median() { # FILE
	[ -s "$1" ] || {
		echo none
		return
	}
	sort -n "$1" | awk '{ v[NR] = $1 }
	    END { print v[int((NR + 1) / 2)] }'
}

round=0
while [ "$round" -lt "$ROUNDS" ]; do
	round=$((round + 1))
	measure awaitd pollbench "$LOOKS"
	measure curl plaincurl "$LOOKS"
	measure awaitd_1000 pollbench 2000 1000 "$TICK_MS"
	[ -n "${SHORT-}" ] || measure curl_1000 plaincurl 2000 1000 "$TICK_MS"
done
awaitd_us=$(median "$tmp/awaitd.us")
curl_us=$(median "$tmp/curl.us")
awaitd_1000_us=$(median "$tmp/awaitd_1000.us")
ratio=$(awk -v a="$awaitd_us" -v c="$curl_us" 'BEGIN { printf "%.2f", a / c }')
for name in awaitd curl awaitd_1000 curl_1000; do
	[ ! -e "$tmp/$name.us" ] ||
	    echo "# $name: $(tr '\n' ' ' <"$tmp/$name.us")"
done
ok 'a look of awaitd costs less than two of plain libcurl' \
    awk -v r="$ratio" 'BEGIN { exit !(r > 0 && r < 2) }'

# --- JavaScript ---

aws_js_us=none
js_bytes=none
no_js=
if [ -n "${SHORT-}" ]; then
	no_js='the short form'
elif ! command -v node >/dev/null || ! command -v npm >/dev/null; then
	no_js='no node and npm (apt install nodejs npm)'
else
	mkdir "$tmp/js"
	cp "$abs_top_srcdir"/tests/interop/package.json \
	    "$abs_top_srcdir"/tests/interop/package-lock.json \
	    "$abs_top_srcdir"/bench/poll.mjs "$tmp/js"
	(cd "$tmp/js" && timeout 90 npm ci --ignore-scripts --no-audit \
	    --no-fund --prefer-offline) >"$tmp/npm.log" 2>&1 ||
	    no_js="npm ci gets no packages: $(tail -n 1 "$tmp/npm.log")"
fi
if [ -n "$no_js" ]; then
	skip 'the AWS SDK for JavaScript' "$no_js"
else
	# shellcheck disable=SC2086 # words
	ok 'the AWS SDK for JavaScript looks as well' $our_cpu timeout 60 \
	    node --no-warnings --expose-gc "$tmp/js/poll.mjs" "$JS_WAITERS"
	echo "# JavaScript: $(cat "$tmp/ok.out")"
	aws_js_us=$(value aws_js_us "$tmp/ok.out")
	js_bytes=$(value js_bytes_per_job "$tmp/ok.out")
fi

# --- memory ---

cat >"$tmp/serve.conf" <<END
[endpoint waiting]
region = us-east-1
poll_start = 1h
poll_max = 1h
END

rss_with() { # JOBS: sets rss in KiB
	rm -rf "$AWAITD_STATE"
	mkdir -m 700 "$AWAITD_STATE"
	"$support/fillstore" "$AWAITD_STATE/serve.db" "$1" waiting
	serve_start
	is "$(sed -n 's/.*taken_up=\([0-9]*\).*/\1/p' "$tmp/serve.err")" "$1" \
	    "$1 jobs wait"
	rss=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) .*/\1/p' \
	    "/proc/$serve_pid/status")
	serve_stop
}

rss_with 1
empty=$rss
per_job=
for n in $JOBS; do
	rss_with "$n"
	per_job="$per_job $(((rss - empty) * 1024 / n))"
	echo "# $n jobs: $rss KiB, $empty KiB with one"
done

status=0
(done_testing) || status=1
echo "bench-poll: awaitd_us=$awaitd_us curl_us=$curl_us ratio=$ratio" \
    "awaitd_1000_us=$awaitd_1000_us aws_js_us=$aws_js_us" \
    "bytes_per_job_10k=$(echo "$per_job" | awk '{ print $1 }')" \
    "bytes_per_job_100k=$(echo "$per_job" | awk '{ print $2 }')" \
    "js_bytes_per_job=$js_bytes"
exit "$status"
