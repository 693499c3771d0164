#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A large input and a large result through a service and through a command that
# works by itself, from and to awaitd-local; then once more each, with a relay
# between them and S3 that breaks connections in the middle, both ways. Then the
# result goes to targets of each kind: a webhook with a signature, which takes
# a copy on disk first, and one without, to which it is streamed; a command; a
# folder; a unix socket, streamed. Hashes must be equal, awaitd must stay within 64 MiB of memory, and
# nothing may hold up its loop for more than 50 ms (LOOP_MAX_MS), or, in the
# short form, which has a busy machine, for half of the time that a delivery
# takes.
#
# MEGABYTES (1000), CUTS (5, of each way and form), SEED, SHORT=1 (64 MB),
# ONLY_TARGETS=1 (their part alone). Needs six times MEGABYTES of TMPDIR.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
: "${MEGABYTES=1000}" "${CUTS=5}" "${PATIENCE=900}"
[ -z "${SHORT-}" ] || MEGABYTES=64 CUTS=3 PATIENCE=90
: "${SEED=$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')}"
rss_max_kib=65536
: "${LOOP_MAX_MS=50}"
size=$((MEGABYTES * 1000000))
rss_kib=0
equal=0
bad=0
local_log=info

stop_it() {
	echo "large: $1 (seed=$SEED)" >&2
	[ ! -s "$tmp/serve.err" ] || tail -n 10 "$tmp/serve.err" >&2
	exit 2
}

# The most memory that PID had, as long as it lives.
peak() { # PID
	now=$(sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' \
	    "/proc/$1/status" 2>/dev/null)
	[ "${now:-0}" -le "$rss_kib" ] || rss_kib=$now
}

# shellcheck disable=SC2317 # by wait_until
over_or_measured() {
	peak "$pid"
	gone "$pid"
}

# One job, whole; it is measured itself where it works by itself.
go() { # NAME OPTION...
	name=$1
	shift
	start invoke invoke -e cat -t a/b --quiet --timeout "${PATIENCE}s" \
	    -o "$tmp/result" "$@" "$tmp/in"
	before=$rss_kib
	wait_until "$PATIENCE" over_or_measured
	# A client of the service is not what is asked for.
	[ -z "$serve_pid" ] || rss_kib=$before
	finish invoke "$pid"
	if [ "$status" -eq 0 ] &&
	    [ "$(sha256sum <"$tmp/result")" = "$want" ]; then
		equal=$((equal + 1))
	else
		bad=$((bad + 1))
		echo "# $name: status=$status $(tail -n 3 "$tmp/invoke.err")"
	fi
	[ -z "$serve_pid" ] || peak "$serve_pid"
	rm -f "$tmp/result"
	echo "# $name: rss_kib=$rss_kib cuts=$(wc -l <"$tmp/cuts")"
}

# A relay before S3 that breaks CUTS uploads and CUTS downloads.
cutter_start() {
	rm -f "$tmp/cutter.port"
	"$abs_top_builddir/tests/support/cutter" "$port" "$tmp/cutter.port" \
	    "$tmp/cuts" "$SEED" \
	    "$CUTS" "$((size / 10))" "$((size * 9 / 10))" \
	    "$CUTS" "$((size / 20))" "$((size / 8))" 2>"$tmp/cutter.err" &
	cutter_pid=$!
	pids="$pids $cutter_pid"
	wait_until 20 test -s "$tmp/cutter.port" || stop_it 'cutter does not start'
	AWS_ENDPOINT_URL_S3=http://127.0.0.1:$(cat "$tmp/cutter.port")
	export AWS_ENDPOINT_URL_S3
}

cutter_stop() {
	kill "$cutter_pid"
	wait "$cutter_pid" 2>/dev/null
	unset AWS_ENDPOINT_URL_S3
}

by_service() { # NAME
	serve_start
	go "$1" --server "$socket"
	serve_stop
	[ "$serve_status" -eq 0 ] || bad=$((bad + 1))
}

by_itself() { # NAME
	go "$1" --server none --input-prefix s3://bucket/in
}

local_start
: >"$tmp/cuts"
cat >"$tmp/serve.conf" <<END
[endpoint cat]
input_prefix = s3://bucket/in
poll_start = 50ms
poll_max = 200ms
END
bytes "$size" "$tmp/in"
want=$(sha256sum <"$tmp/in")
[ -z "${ONLY_TARGETS-}" ] || CUTS=0
for cut in '' '-cut'; do
	[ -z "${ONLY_TARGETS-}" ] || break
	for form in service itself; do
		[ -z "$cut" ] || cutter_start
		"by_$form" "$form$cut"
		[ -z "$cut" ] || cutter_stop
		# What is not needed any more: the disk may be small.
		local_stop
		rm -rf "$tmp/data" "$AWAITD_STATE"
		local_start
	done
done

# --- to targets --------------------------------------------------------------

sha_ok=0
loop_max_ms=0
slow=0
figures=

targets() {
	bytes 32 "$tmp/key"
	(umask 077 && echo "whsec_$(base64 -w 0 "$tmp/key")" >"$tmp/secret")
	secret "$(cat "$tmp/secret")"
	mkdir "$tmp/results"
	cat >"$tmp/handle" <<-END
		#!/bin/sh
		set -- \$(sha256sum)
		echo "- \$AWAITD_SIZE \$1 1" >>"$tmp/handled"
		[ "\$AWAITD_SHA256" = "\$1" ]
	END
	chmod +x "$tmp/handle"
	"$abs_top_builddir/tests/support/sumhook" "$tmp/hook.port" \
	    "$tmp/handled" 2>"$tmp/hook.err" &
	pids="$pids $!"
	wait_until 20 test -s "$tmp/hook.port" || stop_it 'no receiver'
	"$abs_top_builddir/tests/support/sumhook" --unix "$tmp/reader" \
	    "$tmp/handled" 2>"$tmp/reader.err" &
	pids="$pids $!"
	wait_until 20 test -S "$tmp/reader" || stop_it 'no reader'
	cat >"$tmp/targets.conf" <<-END
		[webhook signed]
		url = http://127.0.0.1:$(cat "$tmp/hook.port")/
		allow_networks = 127.0.0.0/8
		payload = raw
		secret_file = $tmp/secret
		timeout = 300s
		[webhook streamed]
		url = http://127.0.0.1:$(cat "$tmp/hook.port")/
		allow_networks = 127.0.0.0/8
		payload = raw
		timeout = 300s
		[dir results]
		path = $tmp/results
		[unix reader]
		path = $tmp/reader
		payload = raw
		timeout = 60s
		[exec handle]
		command = $tmp/handle
		timeout = 300s
	END
}

# The memory and the longest hold-up from the input to its delivery.
deliver() { # FIGURE TARGET SIGNED [SPOOL_MAX]
	cat - "$tmp/targets.conf" >"$tmp/serve.conf" <<-END
		[awaitd]
		spool_max = ${4-4000000kB}
		[endpoint cat]
		input_prefix = s3://bucket/in
		poll_start = 50ms
		poll_max = 200ms
		deliver = $2
	END
	: >"$tmp/handled"
	serve_start
	"$abs_top_builddir/tests/support/apiprobe" "$socket" "$PATIENCE" \
	    >"$tmp/probe" &
	probe=$!
	pids="$pids $probe"
	run submit --server "$socket" -e cat "$tmp/in"
	wait_until "$PATIENCE" has "$tmp/serve.err" 'from=waiting to=' ||
		stop_it "no delivery to $2"
	kill -TERM "$probe"
	wait "$probe"
	held=$(sed -n 's/.*max_ms=\([0-9]*\).*/\1/p' "$tmp/probe")
	[ "$held" -le "$loop_max_ms" ] || loop_max_ms=$held
	ms=$(sed -n 's/.* attempt=.* ms=\([0-9]*\)$/\1/p' "$tmp/serve.err")
	[ "$held" -le "$LOOP_MAX_MS" ] ||
		{ [ -n "${SHORT-}" ] && [ $((held * 2)) -le "${ms:-0}" ]; } ||
		slow=$((slow + 1))
	rss_kib=0
	peak "$serve_pid"
	figures="$figures $1_rss_mb=$(((rss_kib + 1023) / 1024))"
	[ "$rss_kib" -le "$rss_kib_max" ] || rss_kib_max=$rss_kib
	echo "# $2: rss_kib=$rss_kib $(cat "$tmp/probe")" \
	    "$(grep 'attempt=' "$tmp/serve.err" | sed 's/.* result=/result=/')"
	find "$tmp/results" -type f -size "+$((size / 1024 - 1))k" |
	    while read -r file; do
		    echo "- $(stat -c %s "$file") $(sha256sum <"$file" |
			cut -d' ' -f1) 1" >>"$tmp/handled"
		    rm "$file"
	    done
	if has "$tmp/serve.err" 'from=waiting to=delivered' &&
	    [ "$(cat "$tmp/handled")" = "$3 $size ${want%% *} 1" ]; then
		sha_ok=$((sha_ok + 1))
	else
		bad=$((bad + 1))
		echo "# handled: $(cat "$tmp/handled")"
		grep from=waiting "$tmp/serve.err" | sed 's/^/# /'
	fi
	serve_stop
	[ "$serve_status" -eq 0 ] || bad=$((bad + 1))
	local_stop
	rm -rf "$tmp/data" "$AWAITD_STATE"
	local_start
}

rss_kib_max=$rss_kib
targets
deliver webhook_signed 'webhook signed' 1
# There is no room for it on disk.
deliver webhook_streamed 'webhook streamed' 0 1000kB
deliver exec 'exec handle' -
deliver dir 'dir results' -
deliver unix 'unix reader' 0 1000kB
rss_kib=$rss_kib_max
if ! sanitized && [ "$slow" -gt 0 ]; then
	echo "# $slow held up the loop"
	bad=$((bad + slow))
fi
local_stop
[ "$(wc -l <"$tmp/cuts")" -eq $((CUTS * 4)) ] || {
	echo "# $(sort "$tmp/cuts" | cut -d' ' -f1 | uniq -c | tr '\n' ' ')"
	bad=$((bad + 1))
}
if grep -qE 'Sanitizer|runtime error:' "$tmp"/*.err; then
	grep -hE -A 12 'Sanitizer|runtime error:' "$tmp"/*.err >&2
	bad=$((bad + 1))
elif ! sanitized && [ "$rss_kib" -gt "$rss_max_kib" ]; then
	bad=$((bad + 1))
fi
echo "large: bytes=$size rss_mib=$(((rss_kib + 1023) / 1024)) cuts=$(wc -l <"$tmp/cuts") equal=$equal bad=$bad$figures loop_max_ms=$loop_max_ms sha_ok=$sha_ok seed=$SEED"
[ "$bad" -eq 0 ]
