#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each fault of awaitd-local by its name: asked for by a script and while it
# runs, seen by a client that checks nothing, and lived through by awaitd.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
command -v curl >/dev/null || skip_all 'no curl'
endpoint apart cat
sed -i '/^\[endpoint apart\]/,$s|s3://bucket/|s3://apart/|' "$tmp/local.conf"
endpoint more "sh \"$models/large.sh\" 300000"
cat >>"$tmp/local.conf" <<END
[local]
faults = $tmp/script
[admin]
listen = unix:$tmp/admin
END
cat >"$tmp/script" <<END
# The first invocation of one endpoint.
throttle operation=InvokeEndpointAsync endpoint=words

error-before key=script/* status=504 # behind a proxy
END
printf '[endpoint apart]\npoll_start = 50ms\npoll_max = 200ms\n' \
    >>"$HOME/.config/awaitd/awaitd.conf"
printf '[endpoint more]\npoll_start = 50ms\npoll_max = 200ms\n' \
    >>"$HOME/.config/awaitd/awaitd.conf"
local_start
cd "$tmp" || exit 1
printf 'abcdefghijklmnopqrstuvwxyz' >letters
bytes 5000 in
invoke=/endpoints/cat/async-invocations

admin() { # METHOD PATH [CURL OPTION...]: sets code and told
	admin_method=$1
	admin_path=$2
	shift 2
	code=$(curl -sS --max-time 60 --unix-socket "$tmp/admin" \
	    -X "$admin_method" -o "$tmp/told" -w '%{http_code}' "$@" \
	    "http://local$admin_path" 2>"$tmp/err")
	told=$(cat "$tmp/told")
}

# fault LINE...: instead of all before; sets id to that of the last
fault() {
	admin DELETE /faults
	printf '%s\n' "$@" >"$tmp/lines"
	admin POST /faults --data-binary "@$tmp/lines"
	[ "$code" = 201 ] || {
		echo "Bail out! no such fault: $* ($told)"
		exit 1
	}
	id=$(tail -n 1 "$tmp/told")
}

taken() { # how often the last one was, and a look at the log
	admin GET /faults
	sed -n "s/.* # id=$id taken=//p" "$tmp/told"
}

metric() { # NAME ENDPOINT
	admin GET /metrics
	sed -n "s/^$1{EndpointName=\"$2\"[^}]*} //p" "$tmp/told"
}

raw() { # ARGUMENT...: sets got, answer_type, body, and rc of the client
	rc=0
	timeout 60 "$rawcall" "$@" >answer 2>raw.err || rc=$?
	cat raw.err >>all.err
	got=$(head -n 1 answer)
	answer_type=$(sed -n 's/^x-amzn-errortype: //Ip' answer | head -n 1)
	body=$(sed '1,/^$/d' answer)
}

header() { # NAME: of the answer
	sed -n "s/^$1: //Ip" answer | head -n 1
}

s3() { # NAME "STATUS CODE" ARGUMENT...
	s3_name=$1
	s3_want=$2
	shift 2
	raw "$@"
	is "$got $(printf %s "$body" | sed -n 's/.*<Code>\([^<]*\).*/\1/p')" \
	    "$s3_want" "$s3_name"
}

broken() { # NAME ARGUMENT...: no whole answer comes
	broken_name=$1
	shift
	raw "$@"
	like "$rc $got $(cat raw.err)" '2  rawcall: no answer: *' "$broken_name"
}

# --- by a script ---
raw POST /endpoints/words/async-invocations @letters
is "$got $answer_type $body" \
    '400 ThrottlingException {"message":"Rate exceeded"}' \
    'a script has the first invocation throttled'
raw POST /endpoints/words/async-invocations @letters
is "$got" 202 'and not the second'
s3 'it can say with which status something fails' '504 InternalError' \
    PUT /bucket/script/a @letters
admin GET /faults
like "$told" 'throttle count=1 operation=InvokeEndpointAsync endpoint=words # id=1 taken=1
error-before status=504 count=1 key=script/\* # id=2 taken=1' \
    'what it asked for can be looked at'
ok 'what is taken is in the log' has local.log \
    ' info fault: fault=throttle id=1 operation=InvokeEndpointAsync endpoint=words left=0'
ok 'and with the request that it struck' has local.log \
    ' http: method=PUT path=/bucket/script/a status=504 .* operation=PutObject bucket=bucket key=script/a fault=error-before'
printf 'hang\nthroddle\n' >wrong
status=0
"$awaitd_local" --data "$tmp/other" --listen 127.0.0.1:0 \
    --faults "$tmp/wrong" 2>err || status=$?
cat err >>all.err
is "$status" 2 'a script with a wrong line is refused at the start'
like "$(cat err)" "*$tmp/wrong: line 2: there is no fault 'throddle'*mean 'throttle'?" \
    'by its line'

# One that takes as long as awaitd's patience runs beside the others.
fault 'hang operation=HeadObject bucket=apart'
start hang invoke -e apart --log-level debug in
hang_pid=$pid
wait_until 30 has local.log 'fault=hang' || diag 'nothing hangs'

# --- before and after the work ---
fault 'throttle bucket=bucket'
s3 'S3 says SlowDown' '503 SlowDown' PUT /bucket/a @letters
s3 'and did nothing' '404 NoSuchKey' GET /bucket/a
fault 'error-before bucket=bucket' 'error-before status=503 endpoint=cat'
s3 'error-before' '500 InternalError' PUT /bucket/a @letters
s3 'did nothing' '404 NoSuchKey' GET /bucket/a
before=$(metric awaitd_local_requests_accepted_total cat)
raw POST $invoke @letters
like "$got $answer_type" '503 ServiceUnavailable' 'of an invocation, as 503'
is "$(metric awaitd_local_requests_accepted_total cat)" "$before" \
    'it was not accepted'
fault 'error-after bucket=bucket' 'error-after endpoint=cat'
s3 'error-after' '500 InternalError' PUT /bucket/a @letters
s3 'did it' '200 ' GET /bucket/a
raw POST $invoke @letters
is "$got $answer_type" '500 InternalFailure' 'of an invocation'
is "$(metric awaitd_local_requests_accepted_total cat)" $((before + 1)) \
    'it was accepted'
fault 'drop-reply bucket=bucket' 'drop-reply endpoint=cat'
broken 'drop-reply: the connection breaks' PUT /bucket/b @letters
like "$(cat raw.err)" '*reset*' 'by a reset'
s3 'behind what was done' '200 ' GET /bucket/b
is "$body" "$(cat letters)" 'whole'
raw POST $invoke "X-Amzn-SageMaker-Filename: a.b.c" @letters
is "$got $answer_type" '400 ValidationError' 'what was refused is not dropped'
raw POST $invoke --unsigned @letters
is "$got $answer_type" '403 MissingAuthenticationTokenException' \
    'nor what nobody signed'
broken 'but the next that is good' POST $invoke @letters
is "$(metric awaitd_local_requests_accepted_total cat)" $((before + 2)) \
    'which was accepted'

# --- bodies ---
fault 'truncate bytes=7 bucket=bucket key=*' 'truncate bytes=20 operation=ListObjectsV2'
raw HEAD /bucket/a
is "$got $(header content-length)" '200 26' 'HEAD has nothing to truncate'
broken 'truncate: an object breaks off' GET /bucket/a
s3 'once' '200 ' GET /bucket/a
broken 'a listing, too' GET '/bucket?list-type=2'
fault 'truncate bytes=26 operation=GetObject'
s3 'one that is not longer comes whole' '200 ' GET /bucket/a
fault 'drip bytes=5 ms=50 operation=GetObject'
began=$(date +%s%N)
s3 'drip: an object comes in the end' '200 ' GET /bucket/a
is "$body" "$(cat letters)" 'whole'
ok 'after its time' test $(($(date +%s%N) - began)) -ge 250000000
is "$(taken)" 1 'that was the fault'

# --- hang ---
fault 'hang operation=PutObject'
"$rawcall" PUT /bucket/c @letters >/dev/null 2>&1 &
pid=$!
pids="$pids $pid"
ok 'hang is taken at the reply' wait_until 30 has local.log 'fault=hang .*PutObject'
s3 'what was asked for is done' '200 ' GET /bucket/c
ok 'and the client waits' kill -0 "$pid"
kill "$pid"
wait "$pid" 2>/dev/null

# --- what S3 tells ---
fault 'forbidden-for-missing count=4'
s3 'forbidden-for-missing' '403 AccessDenied' GET /bucket/none
s3 '... nor may anybody list' '403 AccessDenied' GET '/bucket?list-type=2'
raw HEAD /bucket/none
is "$got" 403 'also to HEAD'
s3 'what is there is there' '200 ' GET /bucket/a
s3 'a fourth time' '403 AccessDenied' GET /bucket/none
s3 'and no fifth' '404 NoSuchKey' GET /bucket/none
md5=$(md5sum <letters | cut -d ' ' -f 1)
fault 'wrong-etag count=3'
raw PUT /bucket/a @letters
put_tag=$(header etag)
raw HEAD /bucket/a
is "$(header etag)" "$put_tag" 'wrong-etag is the same for PUT and HEAD'
raw GET /bucket/a "If-Match: \"$md5\""
is "$got $(header etag)" "200 $put_tag" 'and GET, where the right one counts'
ok 'and is not that of the object' test "$put_tag" != "\"$md5\""
raw HEAD /bucket/a
is "$(header etag)" "\"$md5\"" 'which comes again'

# --- the clock ---
minutes_ahead() { # TIME
	echo $((($(date -d "$1" +%s) - $(date +%s) + 30) / 60))
}

fault 'clock-skew ms=3600000 count=3'
s3 'clock-skew: who is right is not believed' '403 RequestTimeTooSkewed' \
    GET /bucket/a
is "$(minutes_ahead "$(header date)")" 60 'the Date shows the hour'
is "$(minutes_ahead "$(printf %s "$body" |
    sed -n 's/.*<ServerTime>\([^<]*\).*/\1/p')")" 60 'and so does the error'
raw POST $invoke @letters
like "$got $answer_type $body" \
    '403 InvalidSignatureException *Signature expired*' 'by SageMaker, too'
raw GET /bucket/a --skew=3600
is "$got" 200 'who is wrong with it is believed'
ok 'Last-Modified stays' test "$(date -d "$(header last-modified)" +%s)" -le \
    "$(date +%s)"
s3 'then time is as before' '200 ' GET /bucket/a
fault 'clock-skew ms=-3600000 endpoint=cat'
raw POST $invoke @letters
like "$body" '*Signature not yet current*' 'it may be behind'

# --- whose turn it is ---
fault 'throttle after=1 count=2 operation=GetObject key=a'
for want in 200 503 503 200; do
	raw GET /bucket/b
	raw HEAD /bucket/a
	raw GET /bucket/a
	is "$got" "$want" 'after=1 and count=2 of one key'
done

# --- models and results ---
fault 'crash-model endpoint=cat'
raw POST $invoke @letters
is "$got" 202 'crash-model is not seen at once'
failure=$(header X-Amzn-SageMaker-FailureLocation)
# shellcheck disable=SC2317 # by wait_until
failed_there() {
	"$rawcall" GET "/${failure#s3://}" >/dev/null 2>&1
}
ok 'a failure comes' wait_until 30 failed_there
fault 'lose-result endpoint=cat'
raw POST $invoke @letters
# shellcheck disable=SC2317 # by wait_until
lost() {
	[ "$(metric ResponseUploadFailures cat)" = 1 ]
}
ok 'lose-result is a failed upload' wait_until 30 lost
place=$(header X-Amzn-SageMaker-OutputLocation)
failure=$(header X-Amzn-SageMaker-FailureLocation)
s3 'no output' '404 NoSuchKey' GET "/${place#s3://}"
s3 'and no failure' '404 NoSuchKey' GET "/${failure#s3://}"

# --- awaitd ---
# lived NAME ACCEPTED ARGUMENT...: exit 0, the result, and so many acceptances
lived() {
	lived_name=$1
	lived_want=$2
	shift 2
	lived_before=$(accepted)
	run invoke -e cat --set 'endpoint cat.doubt_grace=2s' "$@" in
	is "$status $(($(accepted) - lived_before))" "0 $lived_want" \
	    "$lived_name: exit 0, accepted $lived_want"
	same out in 'with the result'
	is "$(taken)" "${want_taken:-1}" 'that was the fault'
}

fault 'throttle endpoint=cat'
lived throttle 1
fault 'error-before endpoint=cat'
lived error-before 1
fault 'drop-reply endpoint=cat'
lived 'drop-reply, where the result can be looked for' 1 \
    --output-path s3://bucket/out
like "$err" '*may have been accepted: looking for its result*' 'and it says so'
fault 'error-after endpoint=cat'
before=$(metric awaitd_local_requests_accepted_total cat)
lived error-after 0 --output-path s3://bucket/out
is "$(metric awaitd_local_requests_accepted_total cat)" $((before + 1)) \
    'error-after was one acceptance, answered 500'
fault 'drop-reply endpoint=cat'
lived 'drop-reply, where it cannot' 2
want_taken=2
fault 'truncate bytes=1000 count=2 operation=GetObject bucket=bucket'
lived truncate 1
like "$err" '*going on at byte 1000*going on at byte 2000*' 'piece by piece'
fault 'drop-reply count=2 operation=GetObject bucket=bucket'
lived 'drop-reply of the result' 1
fault 'throttle count=2 operation=HeadObject bucket=bucket'
lived 'throttle of looks' 1
want_taken=1
fault 'drip bytes=2000 ms=200 operation=GetObject bucket=bucket'
lived drip 1

fault 'forbidden-for-missing count=0'
: >go
rm go
start dark invoke -e slow --log-level debug in
wait_until 30 has local.log 'fault=forbidden-for-missing.*HeadObject' 2 ||
    diag 'nothing was forbidden'
touch go
finish dark "$pid"
is "$status" 0 'forbidden-for-missing: awaitd does not give up'
same dark.out in 'and has the result'
like "$err" '*not there yet, or it may not be read*' 'and explains'

fault 'wrong-etag operation=GetObject bucket=bucket'
run invoke -e cat in
is "$status" 1 'wrong-etag: another version is no result'
ok 'nothing of it is taken' test ! -s out
like "$err" '*changed after the result was noted*awaitd result*' \
    'and it says so'
run result "$(job_of "$err")"
is "$status" 0 'awaitd result tries again'
same out in 'and has it'

fault 'clock-skew ms=7200000 endpoint=cat'
run invoke -e cat in
is "$status" 0 'clock-skew: nothing was accepted, so the job goes once more'
like "$err" '*clock of 127.0.0.1*7*s ahead of*Set this machine*clock right*' \
    'and what to do is said'

fault 'clock-skew ms=-7200000 endpoint=cat count=0'
run invoke --quiet -e cat in
is "$status" 0 "clock-skew: the service's own clock is signed with"
like "$err" '*s behind this machine*' 'and that is said, with --quiet, too'
is "$(printf '%s\n' "$err" | grep -c 'Signature')" 0 'and no refusal'
fault 'clock-skew ms=1 endpoint=cat'

fault 'crash-model endpoint=cat'
run invoke -e cat in
is "$status" 3 'crash-model: the job has failed'
like "$err" '*failed (model)*signal 9*' 'with the words of awaitd-local'

# --- the one that hung ---
finish hang "$hang_pid"
is "$status" 0 'hang: awaitd asks again when its patience is over'
same hang.out in 'and has the result'
ok 'once it gave up' has hang.err 'HeadObject.*(timed out|time)'
done_testing
