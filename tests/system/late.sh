#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A result that came after its job had expired: what people see of it, and how
# they get it. The job is put into that state by hand; that it comes about by
# itself is told in tests/flow/test_late.c.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
local_start
printf '[endpoint cat]\npoll_start = 50ms\npoll_max = 100ms\n' >"$tmp/serve.conf"
serve_start
bytes 3000 "$tmp/in"
api POST /v1/jobs -H 'Awaitd-Endpoint: cat' --data-binary "@$tmp/in"
job=$(jq -r .job "$tmp/out")
# shellcheck disable=SC2317 # by wait_until
ended() {
	api GET "/v1/jobs/$job"
	[ "$(jq -r .state "$tmp/out")" = 'done' ]
}
ok 'a job ends' wait_until 20 ended
run result --late "$job"
like "$status:$err" '1:awaitd: no result of job * came late. It is ok*' \
    'what came in time did not come late'
serve_stop
ok 'it is made one whose result was late' \
    "$abs_top_builddir/tests/support/reseal" "$AWAITD_STATE/serve.db" "
DROP TRIGGER done_is_final;
INSERT INTO late_result (seq, late_at, late_location, late_etag, late_type,
    late_size, sum)
SELECT seq, completed_at + 60000, result_location, result_etag, 'text/late',
    result_size, 0 FROM job_state;
UPDATE job_state SET outcome = 3, result_location = NULL, result_etag = NULL,
    result_type = NULL, result_size = 0, result_sha256 = NULL,
    error_code = 'deadline'"
serve_start
run show "$job"
like "$(cat "$tmp/out")" '*outcome*expired*late result*text/late*3000*' \
    'awaitd show tells of it'
run show --json "$job"
is "$(jq -r '.outcome, .late.content_type, .late.size' "$tmp/out" |
    tr '\n' ' ')" 'expired text/late 3000 ' 'so does its JSON'
run result "$job"
is "$status" 5 'it is not the result of the job'
is "$(wc -c <"$tmp/out")" 0 'and is not given for that'
run result --late -o "$tmp/late" "$job"
is "$status" 0 'but to whoever asks for it'
same "$tmp/late" "$tmp/in" 'with its very bytes'
run result --late "$job"
same "$tmp/out" "$tmp/in" 'on standard output, too'
api GET "/v1/jobs/$job/result"
is "$code $(jq -r .code "$tmp/out")" '409 no_result' 'the API tells them apart'
api GET "/v1/jobs/$job/result?late=true"
same "$tmp/out" "$tmp/in" 'in the same way'
location=$(api GET "/v1/jobs/$job" && jq -r .late.location "$tmp/out")
"$rawcall" PUT "/${location#s3://}" "@$tmp/serve.conf" >"$tmp/raw" 2>&1
api GET "/v1/jobs/$job/result?late=true"
is "$code" 502 'another object in its place is not given'
run retry "$job"
is "$status" 0 'the job can be asked again'
serve_stop
done_testing
