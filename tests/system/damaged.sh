#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Rows that are not what was written: nothing is delivered from them, whoever
# asks for them is told so, and nobody else is held up.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
command -v sqlite3 >/dev/null || skip_all 'no sqlite3'
local_start

cat >"$tmp/handler" <<END
#!/bin/sh
echo "\$AWAITD_JOB" >>'$tmp/handled'
[ -e '$tmp/well' ]
END
chmod +x "$tmp/handler"
cat >"$tmp/serve.conf" <<END
[metrics]
listen = 127.0.0.1:0
[endpoint cat]
poll_start = 50ms
poll_max = 100ms
deliver = exec handle
[exec handle]
command = '$tmp/handler'
schedule = 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s, 1s
END

# shellcheck disable=SC2317 # by wait_until
failed_once() {
	api GET "/v1/deliveries?job=$job"
	[ "$(jq '.deliveries[0].attempts // 0' "$tmp/out")" -ge 1 ]
}

post() { # sets job and delivery; its first attempt has failed
	api POST /v1/jobs -H 'Awaitd-Endpoint: cat' --data-binary hello
	job=$(jq -r .job "$tmp/out")
	wait_until 20 failed_once
	delivery=$(jq -r '.deliveries[0].delivery' "$tmp/out")
}

serve_start
post
broken_job=$job
post
broken=$delivery
post
sound=$delivery
serve_stop
before=$(wc -l <"$tmp/handled")
sqlite3 "$AWAITD_STATE/serve.db" \
    "UPDATE job SET accept = 'x' WHERE id = '$broken_job';
    UPDATE delivery SET attempts = attempts + 1 WHERE id = '$broken'"
: >"$tmp/well"
serve_start
# shellcheck disable=SC2317 # by wait_until
delivered() {
	api GET "/v1/deliveries/$sound"
	[ "$(jq -r .state "$tmp/out")" = delivered ]
}
ok 'a sound delivery is made beside damaged ones' wait_until 30 delivered
# shellcheck disable=SC2317 # by wait_until
alarmed() {
	has "$tmp/serve.err" "error.*$1"
}
ok 'there is an alarm for the delivery' wait_until 20 alarmed "$broken"
api GET "/v1/deliveries/$broken"
is "$code $(jq -r .code "$tmp/out")" '500 damaged' 'the API says what it is'
ok 'and what that means' test -n "$(jq -r .hint "$tmp/out")"
run deliveries "$broken"
is "$status" 1 'awaitd deliveries says so, too'
like "$err" "awaitd: delivery $broken *is not what was written*" 'with words'
api GET "/v1/jobs/$broken_job"
is "$code $(jq -r .code "$tmp/out")" '500 damaged' 'a job is told of like that'
run show "$broken_job"
is "$status" 1 'by awaitd show, too'
run list
is "$status" 0 'lists leave it out'
ok 'of three there are two' test "$(grep -c '^0' "$tmp/out")" -le 2
metrics=http://$(sed -n \
    's/.*metrics are at \(127[0-9.:]*\).*/\1/p' "$tmp/serve.err")/metrics
# shellcheck disable=SC2317 # by wait_until
counted() {
	curl -sS --max-time 20 -o "$tmp/metrics" "$metrics" 2>"$tmp/err"
	grep -q '^awaitd_store_damaged_rows [2-9]$' "$tmp/metrics"
}
ok 'metrics count them' wait_until 10 counted
api GET /readyz
is "$code" 200 'and the service takes jobs'
is "$(($(wc -l <"$tmp/handled") - before))" 1 'one was delivered'
serve_stop
is "$serve_status" 0 'the service ends well'
serve_start
is "$(count "$tmp/serve.err" ' error store')" 0 'and the rows are told of only once'
serve_stop

# --- files of commands that work by themselves ---
# shellcheck disable=SC2034 # of lib.sh
jobs_by_itself() { # sets job: handed in, its state left behind
	rm -f "$tmp/go"
	run submit --server none -e slow "$tmp/in"
	job=$(cat "$tmp/out")
}
echo words >"$tmp/in"
jobs_by_itself
"$abs_top_builddir/tests/support/reseal" "$AWAITD_STATE/$job.db" \
    'UPDATE job_state SET owner = NULL'
: >"$tmp/go"
run wait --server none "$job"
same "$tmp/out" "$tmp/in" 'what an older version left is taken over'
jobs_by_itself
sqlite3 "$AWAITD_STATE/$job.db" 'UPDATE job_state SET deadline_at = 1'
run wait --server none "$job"
is "$status" 1 'nobody waits for a job whose rows are damaged'
like "$err" "*$job*is not what was written*" 'and it is told why'
done_testing
