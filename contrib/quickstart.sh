#!/bin/sh
# From a bare Debian 12 to a real model's result of a real document: installs
# what is missing, builds awaitd in build/, starts an endpoint of its own with
# Tesseract behind it, and has a scanned page read: first by a command that
# waits for it, then by a service that tells a webhook and a local command. No
# AWS account is needed, nothing leaves this machine, and only the build stays.
set -eu

cd "$(dirname "$0")/.."
tmp=$(mktemp -d)
pids=''

clean_up() {
	for pid in $pids; do
		kill "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
	rm -rf "$tmp"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' HUP TERM

say() {
	printf '\n%s\n' "$*"
}

# quietly WHAT COMMAND...: the output is shown only if it fails.
quietly() {
	what=$1
	shift
	if ! "$@" >"$tmp/step.log" 2>&1 </dev/null; then
		cat "$tmp/step.log" >&2
		echo "quickstart: $what failed" >&2
		exit 1
	fi
}

# wait_for NAME PID LOG COMMAND...: until the command succeeds; NAME must live.
wait_for() {
	what=$1 pid=$2 log=$3
	shift 3
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		if [ "$tries" -gt 600 ] || ! kill -0 "$pid" 2>/dev/null; then
			cat "$log" >&2
			echo "quickstart: $what: not as it should be" >&2
			exit 1
		fi
		sleep 0.1
	done
}

build() {
	quietly autogen ./autogen.sh
	mkdir -p build
	(cd build && quietly configure ../configure -q)
	quietly make make -s -C build -j"$(nproc)" awaitd awaitd-local
}

start_endpoint() {
	build/awaitd-local --listen 127.0.0.1:0 --port-file "$tmp/port" \
	    --data "$tmp/data" --endpoint ocr \
	    --model 'tesseract stdin stdout -l eng' \
	    >"$tmp/local.log" 2>&1 </dev/null &
	pids="$pids $!"
	wait_for awaitd-local "$!" "$tmp/local.log" test -s "$tmp/port"
}

start_receiver() {
	(umask 077 && printf 'whsec_%s\n' "$(head -c 24 /dev/urandom | base64)" \
	    >"$tmp/secret")
	build/awaitd listen --listen 127.0.0.1:0 --port-file "$tmp/hook-port" \
	    --secret-file "$tmp/secret" --count 1 \
	    >"$tmp/hook.txt" 2>"$tmp/hook.log" </dev/null &
	receiver=$!
	pids="$pids $receiver"
	wait_for 'awaitd listen' "$receiver" "$tmp/hook.log" \
	    test -s "$tmp/hook-port"
}

start_service() {
	mkdir "$tmp/pages"
	cat >"$tmp/awaitd.conf" <<END
[endpoint ocr]
deliver = webhook app, exec save

[webhook app]
url = http://127.0.0.1:$(cat "$tmp/hook-port")/awaitd
allow_networks = 127.0.0.0/8
secret_file = $tmp/secret

[exec save]
command = "$PWD/contrib/handlers/save-result" "$tmp/pages"
END
	build/awaitd serve --config "$tmp/awaitd.conf" 2>"$tmp/serve.log" \
	    </dev/null &
	pids="$pids $!"
	wait_for 'awaitd serve' "$!" "$tmp/serve.log" \
	    test -S "$AWAITD_STATE/awaitd.sock"
}

# The receiver ends when it has its one webhook.
delivered() {
	! kill -0 "$receiver" 2>/dev/null && [ -n "$(ls "$tmp/pages")" ]
}

say '1. Install what is missing (contrib/packages)'
contrib/install-packages build quickstart

say '2. Build awaitd and awaitd-local'
build

say '3. Start an endpoint of our own, "ocr", with Tesseract as its model'
start_endpoint
url=http://127.0.0.1:$(cat "$tmp/port")
echo "awaitd-local listens at $url"

say '4. awaitd invoke -e ocr -t image/png contrib/page/page.png'
unset AWS_PROFILE AWS_SESSION_TOKEN AWAITD_CONFIG AWAITD_SERVER
export AWS_ENDPOINT_URL="$url" AWS_REGION=us-east-1
export AWS_ACCESS_KEY_ID=awaitd-local
export AWS_SECRET_ACCESS_KEY=awaitd-local-demo-secret-key
export AWAITD_STATE="$tmp/state"
build/awaitd invoke -e ocr -t image/png contrib/page/page.png \
    >"$tmp/page.txt"
echo
cat "$tmp/page.txt"

say '5. awaitd serve, with a webhook and a local command to tell'
start_receiver
start_service
serve_pid=$!
cat "$tmp/awaitd.conf"

say '6. The same page over the API: POST /v1/jobs'
curl -sS --unix-socket "$AWAITD_STATE/awaitd.sock" http://awaitd/v1/jobs \
    -H 'Awaitd-Endpoint: ocr' -H 'Content-Type: image/png' \
    --data-binary @contrib/page/page.png | head -c 300
echo ' ...'
wait_for 'the delivery' "$serve_pid" "$tmp/serve.log" delivered

say '7. What arrived at awaitd listen'
cat "$tmp/hook.txt"
grep -q "^verified  *yes" "$tmp/hook.txt" || {
	echo "quickstart: the webhook was not verified" >&2
	exit 1
}

say '8. What the local command was run with'
wc -w "$tmp"/pages/*

say "9. The worker's log, a line for each change of state"
cut -d ' ' -f 2- "$tmp/serve.log" | grep -E ' to=' | cut -c 1-140

cat <<'END'

What happened: awaitd wrote the job down, sent the page with InvokeEndpointAsync
(signed, as to AWS), looked in S3 until the result was there, and copied it out.
awaitd-local took the request, ran the model, and served the S3 part. Then the
same as a service: one request over HTTP, and when the result was there a signed
webhook and a command, each attempt written down before it was made.

Try next:
  build/awaitd help                       the commands
  build/awaitd check my-endpoint          what can be tried with your own keys
  build/awaitd-local --help               an endpoint of your own, with any model
  README.md                               the same against AWS, and as a service
END
