#!/bin/sh
# From a bare Debian 12 to a real model's result of a real document: installs
# what is missing, builds awaitd in build/, starts an endpoint of its own with
# Tesseract behind it, and has a scanned page read. No AWS account is needed,
# nothing leaves this machine, and only the build stays.
set -eu

cd "$(dirname "$0")/.."
tmp=$(mktemp -d)
server=''

clean_up() {
	if [ -n "$server" ]; then
		kill "$server" 2>/dev/null || :
		wait "$server" 2>/dev/null || :
	fi
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
	server=$!
	tries=0
	while [ ! -s "$tmp/port" ]; do
		tries=$((tries + 1))
		if [ "$tries" -gt 100 ] || ! kill -0 "$server" 2>/dev/null; then
			cat "$tmp/local.log" >&2
			echo "quickstart: awaitd-local did not start" >&2
			exit 1
		fi
		sleep 0.1
	done
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
unset AWS_PROFILE AWS_SESSION_TOKEN AWAITD_CONFIG
AWS_ENDPOINT_URL=$url AWS_REGION=us-east-1 \
    AWS_ACCESS_KEY_ID=awaitd-local \
    AWS_SECRET_ACCESS_KEY=awaitd-local-demo-secret-key \
    AWAITD_STATE=$tmp/state \
    build/awaitd invoke -e ocr -t image/png contrib/page/page.png \
    >"$tmp/page.txt"
echo
cat "$tmp/page.txt"

cat <<'END'

What happened: awaitd wrote the job down, sent the page with InvokeEndpointAsync
(signed, as to AWS), looked in S3 until the result was there, and copied it out.
awaitd-local took the request, ran the model, and served the S3 part.

Try next:
  build/awaitd help                       the commands
  build/awaitd-local --help               an endpoint of your own, with any model
  README.md                               the same against AWS
END
