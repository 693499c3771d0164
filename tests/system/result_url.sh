#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A result's address for those who have no credentials, by itself and from a
# service; and jobs whose inputs and results have awkward keys.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
cat >>"$tmp/local.conf" <<'END'
[endpoint awkward]
command = cat
s3_output_path = s3://bucket/o ut+%2B/.././
s3_failure_path = s3://bucket/failed
END
local_start

# Who has the address, and nothing else.
fetch() { # URL
	code=$(curl -sS --path-as-is -o "$tmp/got" -w '%{http_code}' "$1" \
	    2>>"$tmp/all.err")
}

# --- awkward keys ---
bytes 5000 "$tmp/in"
run invoke -e awkward --set 'endpoint awkward.inline=never' \
    --input-prefix 's3://bucket/i n+%2F//./x/../' --json --output "$tmp/result" \
    "$tmp/in"
is "$status" 0 'keys of blanks, +, %, // and .. are what they are'
same "$tmp/result" "$tmp/in" 'and the bytes, too'
job=$(jq -r .job "$tmp/out")
ok 'the input lies under its own name' \
    has "$tmp/local.log" 'method=PUT path="?/bucket/i%20n%2B%252F//./x/../'

# --- by itself ---
run result --url "$job"
is "$status" 0 'a URL instead of the bytes'
url=$(cat "$tmp/out")
like "$url" "http://127.0.0.1:$port/bucket/o%20ut%2B%252B/.././*[?]X-Amz-*" \
    'alone on stdout'
like "$err" '*until 2*Z whoever has this address can read the result*' \
    'and a warning on stderr'
like "$url" '*&X-Amz-Expires=3600&*' 'an hour unless told otherwise'
fetch "$url"
is "$code" 200 'it needs no credentials'
same "$tmp/got" "$tmp/in" 'and gives the bytes'
fetch "$(printf %s "$url" | sed s/=3600/=3601/)"
is "$code" 403 'changed it gives nothing'
run result --url=90s --json "$job"
is "$(jq -r '.job + " " + (.valid_s | tostring)' "$tmp/out")" "$job 90" \
    'a time may be given'
fetch "$(jq -r .url "$tmp/out")"
is "$code" 200 'and that one works, too'
# shellcheck disable=SC2031
AWS_CREDENTIAL_EXPIRATION=$(date -u -d '+20 minutes' +%Y-%m-%dT%H:%M:%SZ)
export AWS_CREDENTIAL_EXPIRATION
run result --url --json "$job"
unset AWS_CREDENTIAL_EXPIRATION
valid=$(jq -r .valid_s "$tmp/out")
ok 'credentials that end before cut the time' \
    test "$valid" -gt 1140 -a "$valid" -le 1200
like "$err" "*the credentials end then: it holds $valid s, not 3600*" \
    'and that is said'
for wrong in 0 1500ms 8d x ''; do
	run result "--url=$wrong" "$job"
	is "$status" 2 "--url=$wrong is refused"
done
run result --url -o "$tmp/file" "$job"
is "$status" 2 'the bytes and the address are not given at once'
run invoke -e mute "$tmp/in"
mute_job=$(job_of "$err")
run result --url "$mute_job"
is "$status" 3 'a job that failed has none'
is "$(cat "$tmp/out")" '' 'and nothing is printed'

# --- from a service ---
: >"$tmp/serve.conf"
serve_start
run invoke -e cat --json "$tmp/in"
job=$(jq -r .job "$tmp/out")
run result --url=60s "$job"
is "$status" 0 'a service gives one, too'
fetch "$(cat "$tmp/out")"
same "$tmp/got" "$tmp/in" 'with the bytes'
api GET "/v1/jobs/$job/result-url?expires=61"
is "$code $(jq -r .valid_s "$tmp/out")" '200 61' 'its API does'
ok 'for nobody to keep' grep -qi '^cache-control: no-store' "$tmp/head"
for wrong in 0 604801 x; do
	api GET "/v1/jobs/$job/result-url?expires=$wrong"
	is "$code $(jq -r .code "$tmp/out")" '400 bad_parameter' \
	    "expires=$wrong is refused"
done
api GET "/v1/jobs/0000000000000000000000000x/result-url"
is "$code" 404 'a job that is not there has none'
place=$("$awaitd" show --json "$job" | jq -r .result.location)
"$rawcall" DELETE "/${place#s3://}" >"$tmp/answer"
api GET "/v1/jobs/$job/result-url"
is "$code $(jq -r .code "$tmp/out")" '502 bad_gateway' \
    'a result that is gone has none'
ok 'and no signature is logged' \
    sh -c "! grep -qi 'X-Amz-Signature' '$tmp/serve.err'"
serve_stop
done_testing
