#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Two awaitd-local, one of them the other S3 of the other: inputs come from
# there, results go there, and whatever dies in between, each is there once.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
cd "$tmp" || exit 1

# --- the other S3 ---
other_port=
printf '[local]\nfaults = drip\n[bucket bucket]\n' >other.conf
# An input that takes five seconds, longer than an idle container lives.
echo 'drip bytes=1 ms=500 operation=GetObject key=in/slow count=0' >drip
# shellcheck disable=SC2317 # by wait_until
other_decided() {
	[ -s other.port ] || gone "$other_pid"
}
other_start() {
	rm -f other.port
	until [ -s other.port ]; do
		"$awaitd_local" -c other.conf --data other \
		    --listen "127.0.0.1:${other_port:-0}" \
		    --port-file other.port --log-level debug 2>>local.other.log &
		other_pid=$!
		wait_until 30 other_decided && [ -s other.port ] && break
		if ! tail -n 3 local.other.log | grep -q 'in use'; then
			echo 'Bail out! the other awaitd-local does not start'
			diag "$(tail -n 15 local.other.log)"
			exit 1
		fi
		sleep 0.5
	done
	pids="$pids $other_pid"
	other_port=$(cat other.port)
	other="http://127.0.0.1:$other_port"
	export AWS_ENDPOINT_URL_S3="$other"
}
other_kill() {
	kill -KILL "$other_pid"
	wait "$other_pid" 2>/dev/null
}
there() { # ARGUMENT...: a request to the other S3
	AWS_ENDPOINT_URL="$other" "$rawcall" "$@"
}
objects() { # PREFIX: how many keys lie there
	there GET "/bucket?list-type=2&prefix=$1" | grep -o '<Key>' | wc -l
}
# shellcheck disable=SC2317 # by wait_until
has_objects() { # PREFIX N
	[ "$(objects "$1")" -ge "$2" ]
}
kept() { # how many results lie on this side
	find data/objects -type f ! -name '*.new' | wc -l
}
# shellcheck disable=SC2317 # by wait_until
keeps() {
	[ "$(kept)" -eq "$1" ]
}
ran() { # how often a model was run
	if [ -e ran ]; then wc -l <ran; else echo 0; fi
}
# shellcheck disable=SC2317 # by wait_until
is_answered() { # PATH
	there HEAD "$1" | head -n 1 | grep -q '^200'
}

cat >model.sh <<END
echo x >>'$tmp/ran'
exec cat
END
endpoint count "sh \"$tmp/model.sh\"" 'max_concurrent_invocations_per_instance = 4'
cat >>local.conf <<'END'
[endpoint lost]
command = cat
s3_output_path = s3://nobucket/out
END
cat >>local.conf <<END
[endpoint idle]
serve = "$abs_top_builddir/tests/support/testcontainer" --journal "$tmp/journal"
scale_in_after = 1s
s3_output_path = s3://bucket/out
END
other_start
cat >>local.conf <<END
[s3]
endpoint = $other
region = us-east-1
access_key = awaitd-local
secret_key = awaitd-local-demo-secret-key
END
local_start

# --- there and back ---
printf 'hello' >in
run invoke -e cat in
is "$status:$(cat out)" '0:hello' 'a result is there for who asks there'
is "$(objects out/)" 1 'once'
is "$("$rawcall" GET '/bucket?list-type=2' | grep -o '<Key>' | wc -l)" 0 \
    'and not here'
is "$(kept)" 0 'where nothing is kept of it'
run invoke -e mute in
is "$status:$(objects failed/)" '3:1' 'a failure goes there, too'
there PUT /bucket/in/one @in >/dev/null
"$rawcall" POST /endpoints/count/async-invocations \
    'X-Amzn-SageMaker-InputLocation: s3://bucket/in/one' \
    'X-Amzn-SageMaker-Filename: named.txt' >answer
ok 'an input is read from there' wait_until 30 is_answered /bucket/out/named.txt
is "$(there GET /bucket/out/named.txt | tail -n 1)" hello 'whole'
"$rawcall" POST /endpoints/count/async-invocations \
    'X-Amzn-SageMaker-InputLocation: s3://bucket/in/none' >answer
ok 'a missing one is a failure' wait_until 30 has_objects failed/ 2
is "$(ran)" 1 'and no model runs for it'


# --- an input that comes slowly ---
printf 'echo 12345' >in.slow
there PUT /bucket/in/slow @in.slow >/dev/null
"$rawcall" POST /endpoints/idle/async-invocations \
    'X-Amzn-SageMaker-InputLocation: s3://bucket/in/slow' \
    'X-Amzn-SageMaker-Filename: slow.txt' >answer
ok 'an input that comes slowly reaches its container' \
    wait_until 60 is_answered /bucket/out/slow.txt
is "$(grep -c ' start ' journal)" 1 'which waits for it'

# --- a bucket that is missing ---
"$rawcall" POST /endpoints/lost/async-invocations \
    'X-Amzn-SageMaker-Filename: found.txt' @in >answer
ok 'a missing bucket is told, with what to do' \
    wait_until 30 has local.log 'NoSuchBucket.*hint="Make the bucket there'
is "$(kept)" 1 'the result is kept'
run invoke -e cat in
is "$status" 0 'those of other buckets go on'
there PUT /nobucket >/dev/null
ok 'with the bucket it is there' wait_until 60 is_answered /nobucket/out/found.txt
ok 'and not here any more' wait_until 30 keeps 0
is "$(count local.log 'results are uploaded again.*nobucket')" 1 'which is told'

# --- the other side away, this one killed ---
before=$(objects out/)
rm -f ran
other_kill
i=0
while [ $i -lt 12 ]; do
	i=$((i + 1))
	"$rawcall" POST /endpoints/count/async-invocations @in >/dev/null
done
ok 'what cannot be uploaded is kept' wait_until 60 keeps 12
is "$(count local.log 'results cannot be uploaded.*bucket=bucket')" 1 \
    'and told once'
local_kill
local_start
other_start
ok 'all of it is there in the end' wait_until 90 has_objects out/ $((before + 12))
ok 'nothing is kept' wait_until 30 keeps 0
is "$(objects out/):$(ran)" "$((before + 12)):12" \
    'each once, and no model ran again'

# --- 64 MB, in bounded memory, and the other side killed on the way ---
bytes 64000000 large
there PUT /bucket/in/large @large >/dev/null
peak() {
	sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$local_pid/status"
}
"$rawcall" POST /endpoints/count/async-invocations \
    'X-Amzn-SageMaker-InputLocation: s3://bucket/in/large' \
    'X-Amzn-SageMaker-Filename: large.bin' >answer
wait_until 60 keeps 1 || :
other_kill
other_start
ok 'a large result is there' wait_until 90 is_answered /bucket/out/large.bin
curl -sS --max-time 60 --aws-sigv4 aws:amz:us-east-1:s3 \
    -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' \
    -u "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" -o large.back \
    "$other/bucket/out/large.bin"
same large large.back 'the very same bytes'
ok 'and nothing of it stays here' wait_until 30 keeps 0
if sanitized; then
	skip 'in bounded memory' 'sanitizers need their own'
else
	ok "in bounded memory: $(peak) kB" [ "$(peak)" -lt 48000 ]
fi
is "$(find data/tmp -type f | wc -l)" 0 'and no file of it'
is "$(count local.log 'lost+found')" 0 'no file was lost'
done_testing
