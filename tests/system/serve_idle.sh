#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Waiting costs no disk: while jobs wait, not a byte of the state is written,
# however often is looked. "make campaign-idle" does it with 1,000 for a minute.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
jobs=${JOBS-100}
time=${TIME-5}
local_start
cat >"$tmp/serve.conf" <<END
[endpoint slow]
poll_start = 500ms
poll_max = 2s
END
serve_log=debug
serve_start
i=0
while [ "$i" -lt "$jobs" ]; do
	i=$((i + 1))
	printf 'next\nurl = "http://awaitd/v1/jobs"\nunix-socket = "%s"\n' "$socket"
	printf 'request = POST\nheader = "Awaitd-Endpoint: slow"\n'
	printf 'data = "%s"\noutput = /dev/null\nsilent\n' "$i"
done | sed 1d >"$tmp/curl.conf"
curl --no-progress-meter -K "$tmp/curl.conf"
# shellcheck disable=SC2317 # by wait_until
pending() {
	[ "$(count "$tmp/serve.err" ' from=queued to=pending')" -eq "$jobs" ]
}
ok "$jobs jobs wait" wait_until 60 pending

written() { # every file of the state: name, size, time, and its bytes
	for file in "$AWAITD_STATE"/serve.db*; do
		stat -c '%n %s %y %z' "$file"
		sha256sum <"$file"
	done
}
heads() {
	count "$tmp/local.log" ' http: method=HEAD '
}
written >"$tmp/before"
looks=$(heads)
sleep "$time"
looks=$(($(heads) - looks))
written >"$tmp/after"
same "$tmp/before" "$tmp/after" "no byte was written in $time s"
ok 'although each was looked for' test "$looks" -ge "$jobs"
echo "# jobs=$jobs seconds=$time looks=$looks bytes_written=0"
: >"$tmp/go"
serve_stop
is "$serve_status" 0 'the service ends well'
done_testing
