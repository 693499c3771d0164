#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Large results under spool_max: given up where they are larger, sent once it is
# more; and streamed where no file is needed, also between S3 and a receiver
# that breaks.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
size=3000000
local_log=info
local_start
bytes "$size" "$tmp/in"
want=$(sha256sum <"$tmp/in" | cut -d' ' -f1)
cat >"$tmp/handle" <<END
#!/bin/sh
sha256sum | cut -d' ' -f1 >>'$tmp/handled'
END
chmod +x "$tmp/handle"
"$abs_top_builddir/tests/support/sumhook" "$tmp/hook.port" "$tmp/hooked" \
    2>"$tmp/hook.err" &
pids="$pids $!"
wait_until 20 test -s "$tmp/hook.port"

conf() { # SPOOL_MAX
	cat >"$tmp/serve.conf" <<-END
		[awaitd]
		spool_max = $1
		[metrics]
		listen = 127.0.0.1:0
		[endpoint cat]
		input_prefix = s3://bucket/in
		poll_start = 50ms
		poll_max = 100ms
		[exec handle]
		command = '$tmp/handle'
		[webhook streamed]
		url = http://127.0.0.1:$(cat "$tmp/hook.port")/
		allow_networks = 127.0.0.0/8
		payload = raw
	END
}

submit() { # TARGET
	api POST /v1/jobs -H 'Awaitd-Endpoint: cat' -H 'Content-Type: a/b' \
	    -H "Awaitd-Deliver: $1" -T "$tmp/in"
}

metric() { # NAME
	curl -sS --max-time 20 "http://127.0.0.1:$metrics_port/metrics" |
	    sed -n "s/^$1 //p"
}

conf 1000kB
serve_start
where_metrics
is "$(metric awaitd_spool_max)" 1000000 'the limit is in the metrics'
submit 'exec handle'
is "$code" 201 'a large job is taken'
ok 'its result has no room, ever' wait_until 30 has "$tmp/serve.err" \
    'to=dead .*spool_max'
ok 'the handler was not called' test ! -e "$tmp/handled"
delivery=$("$awaitd" deliveries --json | jq -r .delivery)

submit 'webhook streamed'
ok 'a webhook without a secret gets one that large' \
    wait_until 30 has "$tmp/serve.err" 'to=delivered'
is "$(cat "$tmp/hooked")" "0 $size $want 1" 'as it is'

conf 100000kB
kill -HUP "$serve_pid"
ok 'there may be more' wait_until 20 has "$tmp/serve.err" reloaded
is "$(metric awaitd_spool_max)" 100000000 'the metrics say so'
run replay "$delivery"
is "$status" 0 'it is asked for once more'
ok 'and delivered' wait_until 30 has "$tmp/serve.err" 'to=delivered' 2
is "$(cat "$tmp/handled")" "$want" 'as it is'
is "$(metric awaitd_spool_bytes)" 0 'what it took on disk is given back'
serve_stop
is "$serve_status" 0 'the service ends well'

# --- S3 breaks off in the middle ---------------------------------------------

"$abs_top_builddir/tests/support/cutter" "$port" "$tmp/cutter.port" \
    "$tmp/cuts" 1 0 1000 2000 4 300000 700000 2>"$tmp/cutter.err" &
pids="$pids $!"
wait_until 20 test -s "$tmp/cutter.port"
AWS_ENDPOINT_URL_S3=http://127.0.0.1:$(cat "$tmp/cutter.port")
export AWS_ENDPOINT_URL_S3
: >"$tmp/hooked"
conf 1000kB
serve_start
submit 'webhook streamed'
ok 'a stream whose source breaks off is delivered' \
    wait_until 60 has "$tmp/serve.err" 'to=delivered'
is "$(tail -n 1 "$tmp/hooked")" "0 $size $want 1" 'as it is'
is "$(wc -l <"$tmp/hooked")" 1 'in one request'
is "$(wc -l <"$tmp/cuts")" 4 'of which four pieces broke off'
serve_stop
done_testing
