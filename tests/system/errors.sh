#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every error of the table in awaitd-api(7), provoked once in a real service, or
# named with the test that does. A code without a row here fails this test, as
# does one that the page lacks.
# shellcheck disable=SC2317 # called by wait_until
. "${abs_top_srcdir:?}/tests/system/lib.sh"
command -v socat >/dev/null || skip_all 'no socat'
page=$abs_top_srcdir/doc/awaitd-api.7.scd
cd "$tmp" || exit 1

# --- what the page has: "STATUS CODE", one a line ----------------------------

sed -n '/^# ERRORS/,/^# SEE ALSO/p' "$page" | awk '
/^\|  [0-9]/ { sub(/^\|  /, ""); status = $0; codes = ""; state = 1; next }
state == 1 && /^:  / { state = 2; codes = $0; next }
state == 2 && /^   / { codes = codes $0; next }
state == 2 {
	state = 0
	gsub(/[:\\*]/, "", codes)
	n = split(status, s, /, */)
	m = split(codes, c, /, */)
	for (i = 1; i <= n; i++)
		for (j = 1; j <= m; j++) {
			gsub(/ /, "", c[j])
			print s[i], c[j]
		}
}' | sort -u >documented
: >seen
ok 'the page has a table' has documented '^404 not_found$'

# --- a service with all that can be wrong ------------------------------------

local_start
umask 077
echo 'a-token-of-16-characters' >token
umask 022
secret_place "$tmp/token"
cat >hang.sh <<END
: >"$tmp/hangs"
exec sleep 60
END
hook_start hook --status 503
cat >serve.conf <<END
[awaitd]
stop_timeout = 1s
[api]
listen = unix:$socket, 127.0.0.1:0
token_file = $tmp/token
[endpoint slow]
poll_start = 50ms
poll_max = 200ms
[endpoint mute]
poll_start = 50ms
poll_max = 200ms
[endpoint cat]
poll_start = 50ms
poll_max = 200ms
[exec hang]
command = sh $tmp/hang.sh
[callback]
allow = 127.0.0.1
allow_networks = 127.0.0.0/8
schedule = none
END
serve_start
tcp=$(sed -n 's/.*API is at [^ ]*\(127[^" ]*\).*/\1/p' serve.err | head -n 1)
# Said to be on its way, and never comes.
(printf 'GET /v1/jobs HTTP/1.1\r\n'; sleep 20) |
    socat -t 20 - "UNIX-CONNECT:$socket" >late.out 2>/dev/null &
pids="$pids $!"

is_problem() { # STATUS CODE, of what api() or curl got
	is "$code $(jq -r .code "$tmp/out" 2>/dev/null)" "$1 $2" "$1 $2"
	echo "$1 $2" >>seen
	[ "$(jq -r '.status, .type, (.detail | length > 0)' "$tmp/out" |
	    tr '\n' ' ')" = "$1 about:blank true " ] ||
	    report 1 "$1 $2 is a whole problem" || diag "$(cat "$tmp/out")"
}

refused() { # STATUS CODE METHOD PATH [CURL OPTION...]
	refused_status=$1 refused_code=$2
	shift 2
	api "$@"
	is_problem "$refused_status" "$refused_code"
}

elsewhere() { # STATUS CODE FILE: it is provoked there
	ok "$1 $2: $3 has it" grep -q "\b$2\b" "$abs_top_srcdir/tests/$3"
	echo "$1 $2" >>seen
}

json='Content-Type: application/json'
post() { # ENDPOINT [CURL OPTION...]: sets job
	post_endpoint=$1
	shift
	api POST /v1/jobs -H "Awaitd-Endpoint: $post_endpoint" -d x "$@"
	job=$(jq -r .job "$tmp/out")
}
done_now() { # JOB
	api GET "/v1/jobs/$1?wait=30"
}

# --- requests ----------------------------------------------------------------

refused 400 bad_request 'G(T' /v1/jobs
refused 400 bad_json POST /v1/jobs -H "$json" -d '{'
refused 400 unknown_member POST /v1/jobs -H "$json" -d '{"endpoin": "cat"}'
refused 400 bad_member POST /v1/jobs -H "$json" -d '{"endpoint": 7}'
refused 400 bad_parameter GET '/v1/jobs?limit=0'
refused 400 no_filter POST /v1/deliveries/replay
refused 404 not_found GET /v1/jobs/01jd2k3m4n5p6q7r8s9t0v1w2x
refused 405 method_not_allowed DELETE /v1/jobs
head -c 300000 /dev/zero | tr '\0' x >large
refused 413 too_large POST /v1/jobs -H "$json" -d @large
refused 414 too_large GET "/$(head -c 17000 large)"
refused 431 too_large GET /v1/jobs -H "X-Large: $(head -c 17000 large)"
refused 415 unsupported_media_type POST /v1/jobs -H 'Content-Type: text/plain' \
    -d x
refused 422 invalid_request POST /v1/jobs -H 'Awaitd-Endpoint: cat' \
    -H 'Content-Type: text/plain' -d @large
code=$(curl -sS -o out -w '%{http_code}' "http://$tcp/v1/jobs")
is_problem 401 unauthorized

# --- jobs --------------------------------------------------------------------

post cat -H 'Idempotency-Key: one'
ok_job=$job
refused 409 idempotency_key_reused POST /v1/jobs -H 'Awaitd-Endpoint: cat' \
    -H 'Idempotency-Key: one' -d y
post slow
refused 409 not_done GET "/v1/jobs/$job/result"
post mute
done_now "$job"
refused 409 no_result GET "/v1/jobs/$job/result"
done_now "$ok_job"
refused 409 'done' POST "/v1/jobs/$ok_job/cancel"
refused 409 ok POST "/v1/jobs/$ok_job/retry"
refused 416 range_not_satisfiable GET "/v1/jobs/$ok_job/result" \
    -H 'Range: bytes=99-'
api GET "/v1/jobs/$ok_job"
"$rawcall" DELETE "$(jq -r .result.location out | sed 's|^s3:/||')" >answer
refused 502 bad_gateway GET "/v1/jobs/$ok_job/result"

# --- deliveries and targets --------------------------------------------------

post cat -H 'Awaitd-Deliver: exec hang'
wait_until 30 test -e hangs
api GET "/v1/deliveries?job=$job"
refused 409 under_way POST \
    "/v1/deliveries/$(jq -r '.deliveries[0].delivery' out)/cancel"
post cat -H "Awaitd-Callback-Url: http://127.0.0.1:$hook_port/"
done_now "$job"
host_is_known() {
	api GET /v1/targets
	grep -q 'callback http' out
}
wait_until 30 host_is_known
refused 409 not_for_callbacks POST "/v1/targets/$(jq -r '.targets[].target |
    select(startswith("callback")) | @uri' out)/disable"

# --- what takes time, and what other tests have ------------------------------

wait_until 30 test -s late.out
sed '1,/^.$/d' late.out >out
code=$(head -n 1 late.out | cut -d ' ' -f 2)
is_problem 408 timeout

elsewhere 403 forbidden system/api.sh
elsewhere 409 input_gone unit/test_api.c
elsewhere 410 job_forgotten unit/test_api_trouble.c
elsewhere 422 bad_configuration system/reload.sh
elsewhere 500 damaged system/damaged.sh
elsewhere 503 unavailable unit/test_api_trouble.c
elsewhere 507 no_space system/stalled.sh
elsewhere 500 internal unit/test_api_internal.c

# --- a configuration that one answer cannot show -----------------------------

serve_stop
# Each value is shown with its source, and each section has dozens.
awk 'BEGIN {
	for (i = 0; i < 8000; i++)
		printf "[endpoint e%d]\npoll_max = 1s\n", i
}' >>serve.conf
serve_start
refused 422 too_large GET /v1/config
like "$(jq -r .hint out)" '*one section*' 'it says what to ask for instead'
api GET '/v1/config?section=endpoint%20e7999'
is "$code" 200 'which is answered'

sort -u seen >provoked
is "$(comm -13 provoked documented)" '' 'no error of the page is left out'
is "$(comm -23 provoked documented)" '' 'and none is missing there'
serve_stop
done_testing
