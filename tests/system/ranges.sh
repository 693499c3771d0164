#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A result in parts: curl that goes on where it broke off.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
local_start
cat >"$tmp/serve.conf" <<END
[endpoint cat]
poll_start = 50ms
poll_max = 200ms
input_prefix = s3://bucket/in
END
serve_start
bytes 5000000 "$tmp/in"
api POST /v1/jobs -H 'Awaitd-Endpoint: cat' -T "$tmp/in"
job=$(jq -r .job "$tmp/out")
path=/v1/jobs/$job/result
api GET "/v1/jobs/$job?wait=60"
is "$(jq -r .outcome "$tmp/out")" ok 'there is a result'
etag=$(jq -r .result.etag "$tmp/out")

# --- curl ---
parts() { # how many S3 was asked for
	count "$tmp/local.log" 'method=GET path=/bucket/out/.* status=206'
}
go_on() { # [CURL OPTION...]: sets status and code
	status=0
	code=$(curl -sS --max-time 60 --unix-socket "$socket" -C - \
	    -o "$tmp/part" -w '%{http_code}' "$@" "http://awaitd$path" \
	    2>"$tmp/err") || status=$?
}
head -c 2000000 "$tmp/in" >"$tmp/part"
go_on
is "$status $code" '0 206' 'curl goes on'
same "$tmp/part" "$tmp/in" 'and has the whole'
is "$(parts)" 1 'of which S3 gave the rest alone'
head -c 2000000 "$tmp/in" >"$tmp/part"
go_on -H "If-Range: $etag"
same "$tmp/part" "$tmp/in" 'under its ETag, too'
go_on
is "$code" 416 'there is nothing behind the end'
same "$tmp/part" "$tmp/in" 'and nothing is spoilt'
api GET "$path" -r 10-19 -H 'If-Range: "another"'
is "$code" 200 'of another version there is no part'
same "$tmp/out" "$tmp/in" 'but all of this one'
api GET "$path" -r 0-9,20-29
is "$code" 200 'several parts are the whole'

serve_stop
done_testing
