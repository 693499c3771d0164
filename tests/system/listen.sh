#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# awaitd listen: what it believes, prints and answers; and the handlers and
# one-liners of contrib/ and awaitd-handlers(7).
. "${abs_top_srcdir:?}/tests/system/lib.sh"
cd "$tmp" || exit 1
command -v curl >/dev/null || skip_all 'no curl'
command -v openssl >/dev/null || skip_all 'no openssl'

umask 077
printf 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n' >hook.secret
umask 022
id=msg_01hz4k9p3w7x5v2q8r6t0y1n3b
body='{"type":"inference.completed","timestamp":"2026-11-22T08:00:00.000Z",'
body=$body'"data":{"job":"01hz4k9p3w7x5v2q8r6t0y1n3b","endpoint":"ocr",'
body=$body'"result":"page one\npage \u001b[2Jtwo"}}'

# start ARGUMENT...: listen in the background; sets pid and port.
start() {
	rm -f port out
	"$awaitd" listen --listen 127.0.0.1:0 --port-file port "$@" \
	    >out 2>err &
	pid=$!
	pids="$pids $pid"
	wait_until 20 test -s port || {
		echo 'Bail out! awaitd listen does not start'
		diag "$(cat err)"
		exit 1
	}
	port=$(cat port)
}

# Sets status to that of the command, which ends by itself or by a signal.
await_end() {
	wait_until 20 over "$pid" || kill -KILL "$pid"
	status=0
	wait "$pid" || status=$?
	cat err >>all.err
}

# Has the receiver a connection? By the table of TCP, state 01.
# shellcheck disable=SC2317 # by wait_until
connected() {
	awk -v port="$(printf ':%04X' "$port")" \
	    'index($2, port) && $4 == "01" { n++ } END { exit !n }' /proc/net/tcp
}

# signature SECRET-FILE ID TIMESTAMP: of standard input, as the page says.
awk '
/^```/ {
	inside = !inside
	if (!inside && block ~ /^signature\(\)/)
		printf "%s", block
	block = ""
	next
}
inside { block = block $0 "\n" }' \
    "$abs_top_srcdir/doc/awaitd-handlers.7.scd" | sed 's/\\\\/\\/g' >page.sh
# shellcheck disable=SC1091
. ./page.sh

post() { # TIMESTAMP SIGNATURE BODY [CURL ARGUMENT...]; prints the status
	post_at=$1
	post_signature=$2
	post_body=$3
	shift 3
	curl -s -o answer -w '%{http_code}' -H "webhook-id: $id" \
	    -H "webhook-timestamp: $post_at" \
	    -H "webhook-signature: $post_signature" -H 'awaitd-attempt: 2' \
	    --data-binary "$post_body" "$@" "http://127.0.0.1:$port/any/path?x"
}

# --- verified ---
now=$(date +%s)
right="v1,$(printf %s "$body" | signature hook.secret "$id" "$now")"
start --secret-file hook.secret --count 7
is "$(post "$now" "v1a,xyz $right" "$body" -H 'awaitd-replay: 1')" 204 \
    'what openssl signed is taken'
is "$(wc -c <answer)" 0 'and answered without a word'
is "$(post "$now" "$right" "$body ")" 401 'one byte more is not'
is "$(cat answer)" 'the signature is wrong' 'and says why'
is "$(post "$((now - 400))" "$right" "$body")" 401 'an old one is not'
like "$(cat answer)" 'the timestamp is 40? s in the past' 'and says how old'
is "$(post "$now" "$right" "$body" -H 'webhook-id;')" 401 \
    'two ids are not believed'
is "$(curl -s -o answer -w '%{http_code}' -d x "http://127.0.0.1:$port/")" 401 \
    'nor is nothing'
is "$(curl -s -o answer -w '%{http_code}' "http://127.0.0.1:$port/")" 405 \
    'a GET is no webhook, and not counted'
head -c 1048577 /dev/zero >large
is "$(post "$now" "$right" @large)" 413 'nor is more than 1 MiB'
head -c 1048576 /dev/zero >large
is "$(post "$now" "v1,$(signature hook.secret "$id" "$now" <large)" @large)" 204 \
    '1 MiB is taken'
is "$(post "$now" "v1,$(printf '' | signature hook.secret "$id" "$now")" '')" 204 \
    'an empty one, too'
await_end
is "$status" 0 'after --count webhooks it ends'
is "$(count out '^webhook ')" 7 'and has printed as many'
is "$(count out '^verified  *yes$')" 3 'with what was verified'
is "$(count out '^verified  *no: ')" 4 'and what not'
like "$(sed -n '1,12p' out)" "webhook              $id
verified             yes
attempt              2
replay               yes
sent                 20??-*T*.000Z
bytes                ???
type                 inference.completed
job                  01hz4k9p3w7x5v2q8r6t0y1n3b
endpoint             ocr
content-type         application/x-www-form-urlencoded
    page one
    page \\\\x1b\\[2Jtwo" 'a block is for people, and harmless'
like "$(cat err)" "awaitd: listening at http://127.0.0.1:$port/*" \
    'it says where it is'

# --- keys of both kinds ---
openssl genpkey -algorithm ed25519 -out ed.pem 2>/dev/null
seed() { openssl pkey -in ed.pem -outform DER | tail -c 32; }
half() { openssl pkey -in ed.pem -pubout -outform DER | tail -c 32; }
umask 077
printf 'whsk_%s\n' "$({ seed; half; } | base64 -w 0)" >pair.secret
umask 022
printf 'whpk_%s\n' "$(half | base64 -w 0)" >half.public
secret "$(cut -c 6- pair.secret)"
secret_place "$PWD/pair.secret"
chmod 600 half.public
now=$(date +%s)
printf '%s.%s.%s' "$id" "$now" "$body" >message
v1a=v1a,$(openssl pkeyutl -sign -inkey ed.pem -rawin -in message | base64 -w 0)
right="v1,$(printf %s "$body" | signature hook.secret "$id" "$now")"
start --secret-file hook.secret --secret-file half.public --count 5 --json
is "$(post "$now" "$v1a" "$body" -H 'awaitd-job: j' -H 'ce-type: t' \
    -H 'Ce-Type: second' -H 'x-other: no')" 204 'ed25519, by the public half'
is "$(post "$now" "$right" "$body")" 204 'HMAC beside it'
is "$(post "$now" "$v1a" "$body ")" 401 'one byte more is not'
is "$(post "$now" "v1,${v1a#v1a,}" "$body")" 401 'nor is another version'
is "$(post "$((now + 1))" "$v1a" "$body")" 401 'nor is another time'
await_end
is "$(jq -c '.headers | del(."content-type")' out | head -n 1)" \
    '{"awaitd-job":"j","ce-type":"t"}' 'facts of the head are shown'
start --secret-file pair.secret --count 1
is "$(post "$now" "v1a,AAAA $v1a" "$body")" 204 'ed25519, by the whole key'
await_end

# --- one is enough ---
start --count 1
mkfifo slow
curl -s -o answer.slow -w '%{http_code}' -T - -X POST \
    "http://127.0.0.1:$port/" <slow >status.slow &
slow=$!
exec 8>slow
printf 'the first half' >&8
wait_until 20 connected
is "$(post "$now" x once)" 204 'the one that was asked for'
exec 8>&-
wait "$slow"
await_end
is "$(cat status.slow)" 503 'who comes behind the last is told to come again'
is "$(count out '^webhook ')" 1 'and is not printed'

# --- as JSON, without a secret ---
start --json --count 2 --status 503 --output hooks.json
is "$(post "$now" nonsense "$body")" 503 'any status can be asked for'
printf 'a\0\377' >bytes
is "$(post soon nonsense @bytes)" 503 'without a secret nothing is verified'
await_end
is "$status" 0 'it ends'
is "$(wc -l <hooks.json)" 2 'a line each, where --output says'
is "$(stat -c %a hooks.json)" 600 'which others cannot read'
is "$(wc -c <out)" 0 'and nothing on standard output'
is "$(jq -r 'select(.body) | "\(.id) \(.timestamp) \(.attempt) \(.replay)
\(.verified) \(.type)"' hooks.json)" "$id $now 2 false
null inference.completed" 'its members'
is "$(jq -j 'select(.body) | .body' hooks.json)" "$body" 'the body as it was'
jq -j 'select(.body_base64) | .body_base64' hooks.json | base64 -d >back
same back bytes 'bytes that are no text as base64'
is "$(jq -r 'select(.body_base64) | "\(.sha256) \(.timestamp)"' hooks.json)" \
    "$(sha256sum <bytes | cut -d ' ' -f 1) soon" 'and their digest'

# --- the end ---
for signal in INT TERM; do
	start
	is "$(post "$now" x "$body")" 204 "a webhook before SIG$signal"
	kill "-$signal" "$pid"
	await_end
	is "$status" 0 "SIG$signal is a good end"
done
if [ -w /dev/full ]; then
	start --output /dev/full
	is "$(post "$now" x "$body")" 500 'what cannot be printed was not taken'
	await_end
	is "$status" 1 'and ends it'
fi

# --- wrong ---
run listen --status 700
is "$status" 2 'no status of HTTP'
run listen --listen here
is "$status" 2 'no address'
like "$(cat err)" '*--listen here is no HOST:PORT*' 'and says so'
chmod 644 hook.secret
run listen --secret-file hook.secret
is "$status" 2 'a secret that others can read'
like "$(cat err)" '*chmod 600 hook.secret*' 'and says what to do'
like "$(cat err)" '*hook.secret can be read by others*' 'and why'
run listen --secret-file absent
like "$status:$(cat err)" '2:awaitd: --secret-file: open absent: No such file*' \
    'a missing secret, and the option'
run listen --output absent/file
like "$status:$(cat err)" '2:awaitd: --output absent/file: No such file*' \
    'an output in no folder'
run listen now
is "$status" 2 'an argument'

# --- contrib/handlers/save-result ---
save=$abs_top_srcdir/contrib/handlers/save-result
saved() { # JOB OUTCOME FOLDER: of standard input
	env -i PATH="$PATH" AWAITD_JOB="$1" AWAITD_OUTCOME="$2" \
	    AWAITD_EVENT="${event-}" sh "$save" "$3" >out 2>err
}
mkdir results
printf 'one\0two' >bytes
status=0
saved 01hz4k9p3w7x5v2q8r6t0y1n3b ok results <bytes || status=$?
is "$status" 0 'save-result takes a result'
same bytes results/01hz4k9p3w7x5v2q8r6t0y1n3b.out 'and writes it whole'
stat -c %Y.%i results/*.out >before
saved 01hz4k9p3w7x5v2q8r6t0y1n3b ok results <bytes || status=$?
is "$status" 0 'a second copy is taken, too'
stat -c %Y.%i results/*.out >after
same before after 'and changes nothing'
printf 'no page' | saved 01hz4k9p3w7x5v2q8r6t0y1n3c failed results || status=$?
is "$status $(cat results/01hz4k9p3w7x5v2q8r6t0y1n3c.failed)" '0 no page' \
    'a failure has a name of its own'
printf late >late
printf 'no time' | saved 01hz4k9p3w7x5v2q8r6t0y1n3e expired results || status=$?
event=inference.late
saved 01hz4k9p3w7x5v2q8r6t0y1n3e expired results <late || status=$?
event=
is "$status" 0 'a result that comes after the job expired is taken'
same late results/01hz4k9p3w7x5v2q8r6t0y1n3e.late 'and has a name of its own'
status=0
saved ../evil ok results <bytes || status=$?
is "$status" 2 'a job that is none is refused'
status=0
saved 01hz4k9p3w7x5v2q8r6t0y1n3d ok nowhere <bytes || status=$?
is "$status" 1 'a folder that is not there is tried again'
status=0
saved 01hz4k9p3w7x5v2q8r6t0y1n3d ok /dev/full <bytes || status=$?
is "$status" 1 'and what is no folder'
is "$(find results -name '.*' -type f | wc -l)" 0 'and leaves no scraps'

done_testing
