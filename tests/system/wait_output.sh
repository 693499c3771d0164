#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# awaitd wait --output: the result of a request that somebody else made.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
command -v curl >/dev/null || skip_all 'no curl'
cat >>"$tmp/local.conf" <<END
[admin]
listen = unix:$tmp/admin
END
local_start
"$rawcall" PUT /bucket >"$tmp/answer"

# somebody ENDPOINT FILE: submits it; sets output and failure
somebody() {
	"$rawcall" PUT /bucket/in "@$2" >"$tmp/answer"
	"$rawcall" POST "/endpoints/$1/async-invocations" \
	    'x-amzn-sagemaker-inputlocation: s3://bucket/in' >"$tmp/answer"
	output=$(answered outputlocation)
	failure=$(answered failurelocation)
}
answered() { # HEADER
	sed -n "s/^x-amzn-sagemaker-$1: *//Ip" "$tmp/answer" | tr -d '\r'
}
fault() { # LINE: instead of all before
	curl -sS --unix-socket "$tmp/admin" -X DELETE http://local/faults
	[ -z "$1" ] || curl -sS --unix-socket "$tmp/admin" \
	    --data-binary "$1" http://local/faults >"$tmp/told"
}
sent=0 # by somebody
submits_nothing() { # NAME
	is "$(accepted)" "$sent" "$1"
}

# --- either outcome ---
bytes 300000 "$tmp/in"
somebody cat "$tmp/in"
sent=1
run wait -e cat --output "$output" --failure "$failure"
is "$status" 0 'a result that somebody submitted for'
same "$tmp/out" "$tmp/in" '... its bytes untouched'
is "$(wc -l <"$tmp/err")" 1 '... and one line on stderr'
run wait -e cat --output "$output" --failure "$failure" -o "$tmp/file"
is "$status:$(wc -c <"$tmp/out")" 0:0 '-o FILE takes it'
same "$tmp/file" "$tmp/in" '... whole'
run wait --json --output "$output" --failure "$failure"
is "$(jq -r '.outcome + " " + .endpoint + " " + .result.location' "$tmp/out")" \
    "ok - $output" '--json tells of it'
job=$(jq -r .job "$tmp/out")
run result "$job"
same "$tmp/out" "$tmp/in" 'awaitd result writes it again'
run show "$job"
like "$(cat "$tmp/out")" '*not known: submitted by somebody else*' \
    'show says whose request it was'

printf 'retry_failed = transient\n' >>"$HOME/.config/awaitd/awaitd.conf"
somebody words "$tmp/in"
sent=2
run wait -e words --output "$output" --failure "$failure"
is "$status" 3 'a failure ends it, too'
like "$err" '*failed (model)*first line of woe*' '... in the words of the model'
is "$(wc -c <"$tmp/out")" 0 '... and there is no result'
job=$(job_of "$err")
run retry "$job"
is "$status" 1 'it cannot be asked for again'
like "$err" "*request of job $job was somebody else's: nothing is submitted*" \
    '... as is said'
run wait --timeout 600ms --poll-interval 100ms --output "$output"
is "$status" 4 'without --failure nobody can see it'
like "$err" '*without --failure a failed inference cannot be told from*' \
    '... which is a warning'

# --- not yet ---
echo slow >"$tmp/in"
somebody slow "$tmp/in"
sent=3
before=$(states)
run wait -e slow --timeout 0 --output "$output" --failure "$failure"
is "$status" 4 '--timeout 0 looks once'
like "$err" '*not ready in time*The same command looks again.*' \
    '... and says what to do'
is "$(states)" "$before" '... and leaves nothing behind'
run wait -e slow --max-attempts 2 --output "$output" --failure "$failure"
is "$status" 4 '--max-attempts looks so often'
run wait -e slow --timeout 400ms --output "$output" --failure "$failure"
is "$status" 4 'a time-out ends it'
job=$(job_of "$err")
like "$err" "*'awaitd wait $job' takes it up.*" '... and names the job'

# --- taken up ---
start first wait -e slow --output "$output" --failure "$failure"
first=$pid
# shellcheck disable=SC2317 # by wait_until
another() {
	second_job=$("$awaitd" list --json --newest --limit 1 | jq -r .job)
	[ -n "$second_job" ] && [ "$second_job" != "$job" ]
}
ok 'a wait is a job while it lasts' wait_until 20 another
kill -KILL "$first"
wait "$first" 2>/dev/null
start second wait "$second_job"
second=$pid
: >"$tmp/go"
finish second "$second"
is "$status" 0 'killed, it is taken up'
same "$tmp/second.out" "$tmp/in" '... with the result'
run wait "$job"
is "$status" 0 'so is the one that timed out'
same "$tmp/out" "$tmp/in" '... with the same'
submits_nothing 'for all of that nothing was submitted'

# --- with a service there ---
cp "$HOME/.config/awaitd/awaitd.conf" "$tmp/serve.conf"
serve_start
run wait -e slow --output "$output" --failure "$failure"
is "$status" 0 'a service does not stand in the way'
same "$tmp/out" "$tmp/in" '... of the result'
run wait --server "unix:$socket" --output "$output"
is "$status" 2 'but has no part in it'
serve_stop
submits_nothing '... and submitted nothing'

# --- refusals ---
rm "$tmp/go"
somebody slow "$tmp/in"
sent=4
fault 'forbidden-for-missing count=1000'
run wait -e slow --timeout 1s --output "$output" --failure "$failure"
is "$status" 4 'a 403 for what is not there yet is waited out'
like "$err" '*not there yet, or it may not be read*s3:ListBucket*' \
    '... and the permission named that would tell'
start hidden wait -e slow --output "$output" --failure "$failure"
hidden=$pid
ok '... which a longer wait says, too' \
    wait_until 20 has "$tmp/hidden.err" s3:ListBucket
: >"$tmp/go"
finish hidden "$hidden"
is "$status" 0 '... and the result is taken when it comes'
same "$tmp/hidden.out" "$tmp/in" '... as it is'
fault ''
run wait --output s3://no-such-bucket/a.out --failure "$failure"
is "$status" 6 'a bucket that is not there is exit status 6'
like "$err" '*s3://no-such-bucket/a.out: there is no such bucket*' '... at once'
before=$(states)
run wait --output "$output" --failure s3://no-such-bucket/a.out
is "$status:$(states)" "6:$before" '... that of the failure, too'

# --- odd names ---
bytes 3000 "$tmp/odd"
put() { # ENCODED KEY
	"$rawcall" PUT "/bucket/$1" "@$tmp/odd" >"$tmp/answer"
}
odd() { # KEY ENCODED
	put "$2"
	run wait --output "s3://bucket/$1" --failure s3://bucket/none
	is "$status" 0 "the key '$1'"
	same "$tmp/out" "$tmp/odd" '... is read as it is'
}
odd 'with blank .out' with%20blank%20.out
odd 'plus+plus.out' plus%2Bplus.out
odd 'per%cent%2F.out' per%25cent%252F.out
odd 'ä/日本.out' %C3%A4/%E6%97%A5%E6%9C%AC.out
odd 'what?a=b&c#d' what%3Fa%3Db%26c%23d
run wait --output https://bucket.s3.us-east-1.amazonaws.com/per%25cent%252F.out \
    --failure https://s3.us-east-1.amazonaws.com/bucket/none
same "$tmp/out" "$tmp/odd" 'an address names the same'
like "$err" '*ok: 3000 bytes*' '... object'

# --- a large one, whose transfer breaks ---
bytes 20000000 "$tmp/large"
"$rawcall" PUT /bucket/large "@$tmp/large" >"$tmp/answer"
fault 'truncate bytes=5000000 count=3 operation=GetObject key=large'
run wait --output s3://bucket/large --failure s3://bucket/none -o "$tmp/got"
is "$status" 0 'a transfer that breaks is resumed'
same "$tmp/got" "$tmp/large" '... byte for byte'
fault ''

# --- what makes no sense ---
refused() { # PATTERN ARGUMENT...
	refused_words=$1
	shift
	run wait "$@"
	is "$status" 2 "wait $*"
	like "$err" "awaitd: $refused_words" '... is refused with words'
}
refused '*is a second --output*' --output s3://bucket/a --output s3://bucket/b
refused 'both the job * and --output *' --output s3://bucket/a "$job"
refused '--failure goes with --output*' --failure s3://bucket/a "$job"
refused '--endpoint goes with --output*' -e cat "$job"
refused '--any is for jobs*' --any --output s3://bucket/a
refused '*name the same object*' --output s3://bucket/a --failure s3://bucket/a
refused '--output: *names no object*' --output s3://bucket
refused '--output: *no address of an S3 object*' \
    --output https://example.com/bucket/a
refused '--failure: *does not begin with s3://*' --output s3://bucket/a \
    --failure failed.out
run wait --output "$tmp/as-before" "$job"
is "$status" 0 'a file may be named by --output, as everywhere'
same "$tmp/as-before" "$tmp/in" '... and takes the result'
unset AWS_REGION
run wait --output s3://bucket/large
is "$status" 2 'a region is needed'
run wait --region us-east-1 --output s3://bucket/with%20blank --timeout 0
is "$status" 4 '--region names it'
run wait --output https://bucket.s3.us-east-1.amazonaws.com/plus%2Bplus.out
is "$status" 0 'or an address does'
export AWS_REGION=us-east-1

submits_nothing 'in the end somebody alone has submitted'
done_testing
