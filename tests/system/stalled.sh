#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A disk without room, as a user meets it: what each command and the log say,
# what a stop does meanwhile, and what the next start makes of it. And what is
# said of a row that somebody changed.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
export BADIO_CONTROL="$tmp/control" BADIO_LOG="$tmp/badio"
# gcc's sanitizers want to be the first library of all.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0"
cat >"$tmp/awaitd" <<END
#!/bin/sh
exec env LD_PRELOAD="$abs_top_builddir/tests/support/badio.so" "$awaitd" "\$@"
END
chmod +x "$tmp/awaitd"
disk() { # HOW it fails
	echo "$1" >"$tmp/control.new"
	mv "$tmp/control.new" "$BADIO_CONTROL"
}
serve_behind_disk() {
	plain=$awaitd
	awaitd=$tmp/awaitd
	serve_start
	awaitd=$plain
}

local_start
hook_start hook
cat >"$tmp/serve.conf" <<END
[endpoint slow]
poll_start = 50ms
poll_max = 100ms
deliver = webhook hook
[webhook hook]
url = http://127.0.0.1:$hook_port/
allow_networks = 127.0.0.0/8
END
echo hello >"$tmp/in"
disk none
serve_behind_disk
run submit -e slow "$tmp/in"
job=$(job_of "$(cat "$tmp/out")")

# --- no room ---
disk 'write every 1 ENOSPC'
run submit -e slow "$tmp/in"
is "$status" 1 'no room for a job is an error'
run submit -e slow "$tmp/in"
like "$err" '*nothing can be written now:*make some, at least 16 MiB;*' \
    'each refusal says what is wrong, and how much room is wanted'
api POST /v1/jobs -H 'Awaitd-Endpoint: slow' --data-binary hello
is "$code $(jq -r .code "$tmp/out")" '507 no_space' 'so does the API'
api GET /readyz
is "$code" 503 'the service is not ready'
like "$(jq -r .detail "$tmp/out")" 'nothing can be written now: *' \
    'and says why'
run list --json
is "$status $(wc -l <"$tmp/out")" '0 1' 'what is there is listed'

# Its result is there, and cannot be written. Who has an answer of the one and
# then of the other knows that the first was read.
: >"$tmp/go"
# shellcheck disable=SC2317 # by wait_until
result_read() {
	has "$tmp/local.log" 'method=GET .*-1.out status=200'
}
wait_until 30 result_read
"$rawcall" HEAD /bucket/none >"$tmp/answer"
api GET /healthz
api GET /healthz
serve_stop
is "$serve_status" 0 'a stop meanwhile is no failure'
is "$(count "$tmp/serve.log" ' api: .*path=/readyz')" 0 \
    'who asks whether it is ready fills no log'
ok 'the log says that something was not written' \
    has "$tmp/serve.log" ' warn serve: .*changes could not be written any more'

disk none
serve_start
run wait "$job"
is "$status" 0 'the next service ends the job'
# shellcheck disable=SC2317 # by wait_until
delivered() {
	has "$tmp/hook.hooks" "$job"
}
ok 'and delivers it' wait_until 30 delivered

# --- a row that somebody changed ---
delivery=$(jq -r .id "$tmp/hook.hooks" | head -n 1)
serve_stop
if ! command -v sqlite3 >/dev/null; then
	skip 'a changed row' 'sqlite3 is not installed'
	done_testing
fi
sqlite3 "$AWAITD_STATE/serve.db" "UPDATE delivery SET target = 'exec evil'"
serve_start
for command in deliveries replay cancel; do
	run "$command" "$delivery"
	is "$status $(printf '%s\n' "$err" | grep -o "$delivery" | wc -l)" \
	    '1 1' "$command says once of which delivery"
done
serve_stop
version=$(sqlite3 "$AWAITD_STATE/serve.db" "PRAGMA user_version")
sqlite3 "$AWAITD_STATE/serve.db" "PRAGMA user_version = $((version + 1))"
run serve --config "$tmp/serve.conf"
is "$status" 1 'a file of a newer version is an error'
like "$err" "*schema version $((version + 1))*A newer awaitd wrote it*" \
    'that says what to do'
done_testing
