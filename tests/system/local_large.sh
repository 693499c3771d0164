#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A large payload through a command and through a container, in and out, in
# bounded memory. MEGABYTES=1000 is what SageMaker takes at the most.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
: "${MEGABYTES=64}"
support=$abs_top_builddir/tests/support
cat >>"$tmp/local.conf" <<END
[endpoint container]
serve = "$support/testcontainer"
s3_output_path = s3://bucket/out
s3_failure_path = s3://bucket/failed
END
local_log=info
local_start
peak() { # PID
	sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$1/status"
}

head -c "$((MEGABYTES * 1000000))" /dev/urandom >"$tmp/large"
for model in cat container; do
	run invoke -e $model --input-prefix s3://bucket/in --timeout 300s \
	    -o "$tmp/result" "$tmp/large"
	is "$status" 0 "$MEGABYTES MB go through $model"
	same "$tmp/result" "$tmp/large" 'and come back as they were'
	rm -f "$tmp/result"
done
local_peak=$(peak "$local_pid")
echo "# large: large_mb=$MEGABYTES peak_kib=$local_peak"
if sanitized; then
	skip '64 MB of memory' 'AddressSanitizer needs more'
else
	ok "awaitd-local needs less than 64 MB ($local_peak kB)" \
	    test "$local_peak" -le 65536
fi
local_stop
is "$local_status" 0 'it stops well'
done_testing
