#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Whatever is sent to the API that should not be is named in a problem, and
# nothing of it is kept; meanwhile others are answered at once.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
support=$abs_top_builddir/tests/support
cat >"$tmp/serve.conf" <<END
[endpoint cat]
input_prefix = s3://bucket/in
END
# Nobody is there whom a job could reach; none may be made.
export AWS_ENDPOINT_URL=http://127.0.0.1:1
serve_start

# A file goes a little after the answer.
# shellcheck disable=SC2317 # by wait_until
no_input() {
	[ -z "$(find "$AWAITD_STATE" -name '*.input')" ]
}
nothing_is_left() { # NAME
	api GET '/v1/jobs?limit=1'
	wait_until 20 no_input
	is "$(jq -c .jobs "$tmp/out") $(find "$AWAITD_STATE" -name '*.input')" \
	    '[] ' "$1"
}

# The next to try: STATUS CODE NAME, the body in $tmp/body.
refused() {
	api POST /v1/jobs -H 'Content-Type: application/json' \
	    --data-binary "@$tmp/body"
	is "$code $(jq -r .code "$tmp/out") $(tr -d '\r' <"$tmp/head" |
	    sed -n 's/^Content-Type: //Ip')" \
	    "$1 $2 application/problem+json" "$3"
}
json() { # TEXT
	printf '%s' "$1" >"$tmp/body"
}

# --- bodies ---
"$support/apiprobe" "$socket" "${PROBE-8}" >"$tmp/probe" &
probe=$!
json '{"endpoint":"cat","body":'
refused 400 bad_json 'broken JSON'
json ''
refused 400 bad_json 'no JSON at all'
json '{"endpoint":"cat","body":"x"} {}'
refused 400 bad_json 'something behind it'
json '{"endpoint":"cat","body":"x","body":"y"}'
refused 400 bad_json 'a member twice'
printf '{"endpoint":"cat","body":"\377\376"}' >"$tmp/body"
refused 400 bad_json 'bytes that are not UTF-8'
printf '{"endpoint":"cat","body":"a\000b"}' >"$tmp/body"
refused 400 bad_json 'a NUL'
head -c 200000 /dev/zero | tr '\0' '[' >"$tmp/body"
refused 400 bad_json 'arrays 200,000 deep'
head -c 200000 /dev/zero | tr '\0' '{' >"$tmp/body"
refused 400 bad_json 'objects that never begin'
awk 'BEGIN { printf "{"; for (i = 0; i < 20000; i++) printf "\"k%d\":0,", i
	print "\"endpoint\":\"cat\"}" }' >"$tmp/body"
refused 400 unknown_member '20,000 members that are none'
awk 'BEGIN { printf "{\"endpoint\":\"cat\",\"body\":\"x\",\"deliver\":["
	for (i = 0; i < 20000; i++) printf "\"t%d\",", i
	print "\"t\"]}" }' >"$tmp/body"
refused 400 bad_member '20,000 targets that are none'
awk 'BEGIN { printf "{\"endpoint\":\"cat\",\"body\":\"x\",\"deliver\":[["
	for (i = 0; i < 100000; i++) printf "0,"
	print "0]]}" }' >"$tmp/body"
refused 400 bad_member 'targets of the wrong type'
head -c 262145 /dev/zero | tr '\0' ' ' >"$tmp/body"
refused 413 too_large 'a byte more than 256 KiB'
head -c 30000000 /dev/zero >"$tmp/body"
refused 413 too_large 'thirty million bytes'
json '{"endpoint":"cat","bdoy":"x"}'
refused 400 unknown_member 'a member with a slip'
is "$(jq -r .hint "$tmp/out")" 'Did you mean "body"?' 'and what was meant'
for value in 1 null true '[]' '{}' '""' '"\u0007"'; do
	json "{\"endpoint\":$value,\"body\":\"x\"}"
	refused 400 bad_member "an endpoint that is $value"
done
for value in '"60"' -1 1.5 1e99 null '[60]'; do
	json "{\"endpoint\":\"cat\",\"body\":\"x\",\"request_ttl_s\":$value}"
	refused 400 bad_member "a time that is $value"
done
json '{"endpoint":"cat","input_location":"file:///etc/passwd"}'
refused 422 invalid_request 'a location that is none'
json '{"endpoint":"../../x","body":"x"}'
refused 422 invalid_request 'an endpoint that climbs'
nothing_is_left 'nothing of that is stored'

# --- framing ---
raw() { # FORMAT: sent as it is; the answer in $tmp/out, its statuses in $got
	# shellcheck disable=SC2059 # it is one
	printf "$1" >"$tmp/bytes"
	"$support/hostile" "$socket" send "$tmp/bytes" >"$tmp/out"
	got=$(sed -n 's/^HTTP\/1.1 \([0-9]*\).*/\1/p' "$tmp/out" | tr '\n' ' ')
}
post='POST /v1/jobs HTTP/1.1\r\nHost: a\r\n'
text='Content-Type: application/json\r\n'
raw "$post${text}Content-Length: 10\r\n\r\n{\"endpoint\":\"cat\",\"body\":\"x\"}"
is "$got" '400 400 ' 'a body longer than it says is cut, and is no request'
raw "$post${text}Content-Length: 100\r\n\r\n{\"endpoint\":\"cat\",\"body\":\"x\"}"
is "$got" '400 ' 'a body shorter than it says is never whole'
raw "${post}Awaitd-Endpoint: cat\r\nContent-Length: 300000\r\n\r\nabc"
is "$got" '400 ' 'nor an input'
raw "${post}Awaitd-Endpoint: cat\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef"
is "$got" '400 ' 'chunks that are none'
raw "${post}Awaitd-Endpoint: cat\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"
is "$got" '400 ' 'two lengths'
is "$(sed '1,/^\r$/d' "$tmp/out" | jq -r .code)" bad_request 'as a problem'
raw "${post}Awaitd-Endpoint: cat\r\nAwaitd-Endpoint: cat\r\nContent-Length: 1\r\n\r\nx"
is "$got" '400 ' 'an endpoint twice'
{
	# shellcheck disable=SC2059 # it is one
	printf "${post}Awaitd-Endpoint: cat\r\nContent-Length: 900000\r\n\r\n"
	head -c 300000 /dev/zero
} >"$tmp/part"
"$support/hostile" "$socket" drop "$tmp/part" 100
ok 'a hundred that leave in the middle leave no file' wait_until 20 no_input
nothing_is_left 'and no job'

# --- how long the loop was held up ---
wait "$probe"
cat "$tmp/probe"
is "$(sed -n 's/.*failed=\([0-9]*\).*/\1/p' "$tmp/probe")" 0 \
    'everybody else was answered'
ok 'and soon' test "$(sed -n 's/.*max_ms=\([0-9]*\).*/\1/p' "$tmp/probe")" \
    -le "${BLOCK_MAX_MS-1000}"

# --- slowly ---
"$support/apiprobe" "$socket" 5 >"$tmp/probe" &
probe=$!
"$support/hostile" "$socket" drip head 120 60 >"$tmp/heads" &
heads=$!
"$support/hostile" "$socket" drip body 120 90 >"$tmp/bodies" &
bodies=$!
wait "$probe"
is "$(sed -n 's/.*failed=\([0-9]*\).*/\1/p' "$tmp/probe")" 0 \
    'beside 240 that drip others are answered'
wait "$heads"
cat "$tmp/heads"
like "$(cat "$tmp/heads")" '*timeout=120 *open=0*' \
    'whoever drips a head is told that it took too long'
wait "$bodies"
cat "$tmp/bodies"
like "$(cat "$tmp/bodies")" '*timeout=120 *open=0*' \
    'whoever drips a body, too'
nothing_is_left 'and nothing of it is kept'
serve_stop
is "$serve_status" 0 'the service ends well'

# --- a full disk ---
# shellcheck disable=SC2317 # by wait_until
taken() {
	api POST /v1/jobs -H 'Awaitd-Endpoint: cat' --data-binary "@$tmp/body"
	[ "$code" = 201 ]
}
mkdir "$tmp/full"
if [ "$(id -u)" -eq 0 ] &&
    mount -t tmpfs -o size=4m none "$tmp/full" 2>"$tmp/mount"; then
	export AWAITD_STATE="$tmp/full/state"
	socket=$AWAITD_STATE/awaitd.sock
	serve_start
	head -c 20000000 /dev/zero >"$tmp/body"
	api POST /v1/jobs -H 'Awaitd-Endpoint: cat' -T "$tmp/body"
	is "$code $(jq -r .code "$tmp/out")" '507 no_space' 'a full disk'
	nothing_is_left 'nothing is left of it'
	api POST /v1/jobs -H 'Awaitd-Endpoint: cat' -d x
	is "$code" 201 'and what fits is taken'
	# What it has still to write must not meet the full disk.
	api POST "/v1/jobs/$(jq -r .job "$tmp/out")/cancel"
	head -c 5m /dev/zero >"$tmp/full/fill" 2>"$tmp/mount"
	head -c 120000 /dev/zero >"$tmp/body"
	api POST /v1/jobs -H 'Awaitd-Endpoint: cat' --data-binary "@$tmp/body"
	is "$code $(jq -r .code "$tmp/out")" '507 no_space' \
	    'no room for a job'
	rm "$tmp/full/fill"
	api GET /v1/jobs
	is "$(jq '.jobs | length' "$tmp/out")" 1 'which is not there'
	# The store looks again by itself, every two seconds at the latest.
	ok 'until there is room again' wait_until 30 taken
	serve_stop
else
	skip 'a full disk' 'needs root and a mount'
fi
done_testing
