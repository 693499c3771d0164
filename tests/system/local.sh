#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# awaitd-local when things go wrong: killed in the middle of its work, left by
# clients in the middle of theirs, configured wrongly. curl signs.
set -eu
: "${abs_top_builddir:?}"

command -v curl >/dev/null || { echo "1..0 # SKIP no curl"; exit 0; }

tmp=$(mktemp -d)
pid=
finish() {
	[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || :
	[ -z "$pid" ] || wait "$pid" 2>/dev/null || :
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

demo=awaitd-local:awaitd-local-demo-secret-key
n=0
ok() {
	n=$((n + 1))
	echo "ok $n - $1"
}
not_ok() {
	n=$((n + 1))
	echo "not ok $n - $1"
	sed 's/^/# /' "$tmp/log"
}

# eventually COMMAND...: whether it succeeds within 20 s.
eventually() {
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ "$tries" -lt 400 ] || return 1
		sleep 0.05
	done
}

start() {
	rm -f "$tmp/port"
	"$abs_top_builddir/awaitd-local" --data "$tmp/data" \
	    --listen 127.0.0.1:0 --port-file "$tmp/port" \
	    --endpoint ep --model "$tmp/model" \
	    --set 'endpoint ep.max_concurrent_invocations_per_instance=2' 2>>"$tmp/log" &
	pid=$!
	eventually test -s "$tmp/port" || {
		echo "Bail out! awaitd-local does not start"
		sed 's/^/# /' "$tmp/log"
		exit 1
	}
	url=http://127.0.0.1:$(cat "$tmp/port")
}

stop() {
	kill "-$1" "$pid"
	status=0
	wait "$pid" 2>/dev/null || status=$?
	pid=
}

# Without Content-Type of curl's own; the payload's hash is in the signature.
signed() {
	service=$1
	shift
	curl -sS --max-time 60 --user "${user:-$demo}" \
	    --aws-sigv4 "aws:amz:us-east-1:$service" "$@"
}
s3() {
	signed s3 -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' "$@"
}
# invoke BODY NAME: the status of an invocation whose output is called NAME.
invoke() {
	signed sagemaker -o "$tmp/answer" -w '%{http_code}' \
	    -H 'Content-Type: application/octet-stream' \
	    -H "X-Amzn-SageMaker-Filename: $2" --data-binary "$1" \
	    "$url/endpoints/ep/async-invocations"
}
status_of() {
	s3 -o /dev/null -w '%{http_code}' "$url/awaitd-local/$1"
}
present() {
	[ "$(status_of "$1")" = 200 ]
}
files() {
	find "$tmp/data/objects" -type f | wc -l
}

cat >"$tmp/model" <<'END'
#!/bin/sh
echo run >>"${0%/*}/runs"
sleep 0.2
exec cat
END
chmod +x "$tmp/model"
: >"$tmp/log"
echo 1..14

start
accepted=0
for i in 1 2 3 4 5 6; do
	[ "$(invoke "payload $i" "r$i")" != 202 ] || accepted=$((accepted + 1))
done
if [ "$accepted" -eq 6 ]; then
	ok "requests are accepted"
else
	not_ok "requests are accepted"
fi

# The first two are running now: their models have said so.
eventually test -s "$tmp/runs"
for _ in 1 2 3; do
	stop KILL
	start
done
right=0
for i in 1 2 3 4 5 6; do
	eventually present "ep/output/r$i" || :
	[ "$(s3 "$url/awaitd-local/ep/output/r$i")" != "payload $i" ] ||
	    right=$((right + 1))
done
if [ "$right" -eq 6 ]; then
	ok "every request accepted before a kill has its result"
else
	not_ok "every request accepted before a kill has its result: $right"
fi
if [ "$(files)" -eq 6 ]; then
	ok "each left one object and no other file"
else
	not_ok "each left one object and no other file: $(files)"
fi
if [ "$(wc -l <"$tmp/runs")" -gt 6 ]; then
	ok "what a kill interrupted was run again"
else
	not_ok "what a kill interrupted was run again"
fi

head -c 104857600 /dev/urandom >"$tmp/big"
s3 -o /dev/null -T "$tmp/big" "$url/awaitd-local/big"
s3 -o "$tmp/back" "$url/awaitd-local/big"
if cmp "$tmp/big" "$tmp/back"; then
	ok "100 MiB come back as they went in"
else
	not_ok "100 MiB come back as they went in"
fi

# A client that gives up: 100 MiB at 2 MiB a second, and one second.
before=$(files)
curl -sS --max-time 1 --limit-rate 2M -T "$tmp/big" -o /dev/null \
    -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' \
    --user "$demo" \
    --aws-sigv4 aws:amz:us-east-1:s3 "$url/awaitd-local/half" 2>/dev/null || :
same_files() {
	[ "$(files)" -eq "$before" ]
}
if eventually same_files && [ "$(status_of half)" = 404 ]; then
	ok "an upload that was given up leaves nothing"
else
	not_ok "an upload that was given up leaves nothing"
fi

right=$(status_of big)
wrong=$(user=awaitd-local:wrong status_of big)
none=$(curl -sS -o /dev/null -w '%{http_code}' "$url/awaitd-local/big")
if [ "$right $wrong $none" = "200 403 403" ]; then
	ok "a wrong secret and no signature are refused"
else
	not_ok "a wrong secret and no signature are refused"
fi

# The signature is right, the bytes are not those it speaks of.
other=$(printf other | sha256sum | cut -d ' ' -f 1)
echo changed >"$tmp/small"
code=$(signed s3 -H "x-amz-content-sha256: $other" -T "$tmp/small" \
    "$url/awaitd-local/changed")
case $code in
*XAmzContentSHA256Mismatch*) code=$(status_of changed) ;;
esac
if [ "$code" = 404 ]; then
	ok "bytes that are not the signed ones are refused"
else
	not_ok "bytes that are not the signed ones are refused: $code"
fi

before=$(files)
for i in 1 2 3; do
	printf %s "version $i" >"$tmp/small"
	s3 -T "$tmp/small" "$url/awaitd-local/small"
done
if [ "$(s3 "$url/awaitd-local/small")" = 'version 3' ] &&
    [ "$(files)" -eq $((before + 1)) ]; then
	ok "what is overwritten takes no space"
else
	not_ok "what is overwritten takes no space: $(files) after $before"
fi

if "$abs_top_builddir/awaitd-local" --data "$tmp/data" \
    --listen 127.0.0.1:0 2>"$tmp/second"; then
	not_ok "a second one keeps out of the folder"
elif grep -q 'another awaitd-local uses' "$tmp/second"; then
	ok "a second one keeps out of the folder"
else
	not_ok "a second one keeps out of the folder"
fi

invoke 'on the way' last >/dev/null
stop TERM
if [ "$status" -eq 0 ]; then
	ok "SIGTERM ends it with status 0"
else
	not_ok "SIGTERM ends it with status 0: $status"
fi
start
if eventually present ep/output/last; then
	ok "what SIGTERM interrupted was run again"
else
	not_ok "what SIGTERM interrupted was run again"
fi
stop TERM

# What a crash left of an upload is swept.
: >"$tmp/data/objects/ab/abcdef"
start
if [ -e "$tmp/data/objects/ab/abcdef" ]; then
	not_ok "files without an object are swept at start"
else
	ok "files without an object are swept at start"
fi
stop TERM

printf '[local]\nlisten = 0.0.0.0:0\n' >"$tmp/conf"
status=0
"$abs_top_builddir/awaitd-local" -c "$tmp/conf" --data "$tmp/other" \
    2>"$tmp/refusal" || status=$?
if [ "$status" -eq 2 ] && grep -q allow_remote "$tmp/refusal" &&
    [ "$(wc -l <"$tmp/refusal")" -eq 1 ] && ! [ -e "$tmp/other" ]; then
	ok "it refuses an address that others can reach"
else
	not_ok "it refuses an address that others can reach"
fi
