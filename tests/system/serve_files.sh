#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A large input through the worker: taken, uploaded, delivered by reference,
# fetched, and another one broken off; meanwhile others are answered at once.
# "make bench-api-files" does it with 1 GiB. Takes seven times SIZE_MB of
# TMPDIR.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
size=$((${SIZE_MB-100} * 1048576))
patience=${PATIENCE-60}
local_start
cat >"$tmp/serve.conf" <<END
[endpoint cat]
input_prefix = s3://bucket/in
poll_start = 50ms
poll_max = 200ms
deliver = exec keep
[exec keep]
command = sh -c "cat >'$tmp/kept' && mv '$tmp/kept' '$tmp/delivered'"
END
serve_start
bytes "$size" "$tmp/in"

probe_start() {
	"$abs_top_builddir/tests/support/apiprobe" "$socket" 3600 \
	    >"$tmp/probe" &
	probe=$!
	pids="$pids $probe"
	began=$(date +%s%3N)
}

# How long it took and how long others waited meanwhile; the next one begins.
block_max_ms=0
figures=
phase() { # NAME
	took=$(($(date +%s%3N) - began))
	kill -TERM "$probe"
	wait "$probe"
	figures="$figures $1_ms=$took"
	longest=$(sed -n 's/.*max_ms=\([0-9]*\).*/\1/p' "$tmp/probe")
	[ "$longest" -le "$block_max_ms" ] || block_max_ms=$longest
	echo "# $1: ms=$took $(cat "$tmp/probe")"
	is "$(sed -n 's/.*failed=\([0-9]*\).*/\1/p' "$tmp/probe")" 0 \
	    "$1: everybody else is answered"
	ok "$1: and soon" test "$longest" -le "${BLOCK_MAX_MS-1000}"
	probe_start
}

# shellcheck disable=SC2317 # by wait_until
no_input() {
	[ -z "$(find "$AWAITD_STATE" -name '*.input')" ]
}

probe_start
code=$(curl -sS --max-time "$patience" --unix-socket "$socket" -X POST \
    -H 'Awaitd-Endpoint: cat' -H 'Content-Type: a/b' -T "$tmp/in" \
    -o "$tmp/out" -w '%{http_code}' http://awaitd/v1/jobs)
job=$(jq -r .job "$tmp/out")
is "$code" 201 'the input is taken'
phase upload

ok 'it goes to S3' \
    wait_until "$patience" has "$tmp/serve.err" 'from=queued to=pending'
ok 'and is not kept' wait_until 20 no_input
phase s3

ok 'the result is delivered' wait_until "$patience" \
    has "$tmp/serve.err" 'delivery=.* to=delivered'
same "$tmp/delivered" "$tmp/in" 'as it is'
rm "$tmp/delivered"
phase deliver

code=$(curl -sS --max-time "$patience" --unix-socket "$socket" \
    -o "$tmp/result" -w '%{http_code}' "http://awaitd/v1/jobs/$job/result")
is "$code" 200 'the result is fetched'
phase result
same "$tmp/result" "$tmp/in" 'as it is, too'
rm "$tmp/result"

# All comes but the last byte.
truncate -s -1 "$tmp/in"
# shellcheck disable=SC2317 # by wait_until
all_but_one() {
	[ -n "$(find "$AWAITD_STATE" -name '*.input' -size "$((size - 1))c")" ]
}
curl -sS --max-time "$patience" --unix-socket "$socket" -X POST \
    -H 'Awaitd-Endpoint: cat' -H "Content-Length: $size" \
    -T "$tmp/in" -o "$tmp/out" http://awaitd/v1/jobs 2>"$tmp/err" &
upload=$!
pids="$pids $upload"
ok 'another one comes' wait_until "$patience" all_but_one
kill "$upload"
ok 'and leaves nothing when it breaks off' wait_until 20 no_input
phase abort
kill "$probe"

serve_stop
is "$serve_status" 0 'the service ends well'
echo "# block_max_ms=$block_max_ms$figures size_mb=$((size / 1048576))"
done_testing
