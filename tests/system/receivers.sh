#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# contrib/receivers, each as its head says to run it: what they believe, what
# they refuse, that a copy is none; and what a service really sends them.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
cd "$tmp" || exit 1
command -v openssl >/dev/null || skip_all 'no openssl'
receivers=$abs_top_srcdir/contrib/receivers
id=msg_01hz4k9p3w7x5v2q8r6t0y1n3b
body='{"type":"inference.completed","data":{"text":"ü \u001b[2J"}}'
hook_secret old
hook_secret new

signature() { # SECRET-FILE ID TIMESTAMP: of standard input
	key=$(cut -c 7- "$1" | base64 -d | od -An -v -tx1 | tr -d ' \n')
	{ printf '%s.%s.' "$2" "$3"; cat; } |
	    openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary |
	    base64
}

# sent ID TIMESTAMP SIGNATURES BODY [CURL ARGUMENT...]: prints the status
sent() {
	sent_id=$1 sent_at=$2 sent_by=$3 sent_body=$4
	shift 4
	curl -s -m 20 -o answer -w '%{http_code}' -H "webhook-id: $sent_id" \
	    -H "webhook-timestamp: $sent_at" \
	    -H "webhook-signature: $sent_by" -H 'content-type: application/json' \
	    --data-binary "$sent_body" "$@" "http://127.0.0.1:$port/"
}

# signed ID BODY-FILE [TIMESTAMP]: v1, under the old secret
signed() {
	printf 'v1,%s' "$(signature old "$1" "${3:-$now}" <"$2")"
}

# --- one after the other -----------------------------------------------------

# shellcheck disable=SC2317 # by wait_until
listens() {
	has "$1.err" 'listening at|listening on'
}

# begin NAME COMMAND...: sets pid and port
begin() {
	begin_name=$1
	shift
	AWAITD_WEBHOOK_SECRET="$(cat new) $(cat old)" "$@" >"$begin_name.out" \
	    2>"$begin_name.err" </dev/null &
	pid=$!
	pids="$pids $pid"
	wait_until 20 listens "$begin_name" || {
		echo "Bail out! $begin_name does not start"
		diag "$(cat "$begin_name.err")"
		exit 1
	}
	port=$(sed -n 's/.*127\.0\.0\.1:\([0-9]*\).*/\1/p' "$begin_name.err" |
	    head -n 1)
}

end() {
	kill "$pid"
	wait "$pid" 2>/dev/null
}

# judge NAME EVENTS: what every receiver has to do; EVENTS has its lines.
judge() {
	name=$1
	now=$(date +%s)
	printf %s "$body" >body
	size=$(wc -c <body)
	right=$(signed "$id" body)
	is "$(sent "$id" "$now" "v1a,xyz v1,AAAA $right v2,x" "$body")" 204 \
	    "$name: one right signature of several is enough"
	is "$(sent "$id" "$now" "$right" "$body")" 204 "$name: a copy is taken"
	is "$(sent "${id}x" "$now" \
	    "v1,$(signature new "${id}x" "$now" <body)" "$body")" 204 \
	    "$name: the other secret is good, too"
	is "$(sent "$id" "$now" "$right" "$body ")" 401 "$name: one byte more"
	is "$(sent "${id}y" "$now" "$right" "$body")" 401 "$name: another id"
	is "$(sent "$id" "$((now + 1))" "$right" "$body")" 401 \
	    "$name: another timestamp"
	is "$(sent "$id" "$now" "v2${right#v1}" "$body")" 401 \
	    "$name: another version"
	is "$(sent "$id" "$now" 'v1,' "$body")" 401 "$name: an empty signature"
	for at in $((now - 310)) $((now + 310)); do
		is "$(sent "$id" "$at" "$(signed "$id" body "$at")" "$body")" 401 \
		    "$name: genuine, and not fresh"
	done
	for at in 0 "-$now" "0$now" "$now.0" soon '99999999999999999999'; do
		is "$(sent "$id" "$at" "$(signed "$id" body "$at")" "$body")" 401 \
		    "$name: $at is no time"
	done
	is "$(curl -s -m 20 -o answer -w '%{http_code}' -d "$body" \
	    "http://127.0.0.1:$port/")" 401 "$name: not signed at all"
	is "$(curl -s -m 20 -o answer -w '%{http_code}' \
	    "http://127.0.0.1:$port/")" 405 "$name: a GET"
	head -c 1048577 /dev/zero >large
	# An early answer is one although not all was sent.
	is "$(sent "$id" "$now" "$(signed "$id" large)" @large)" 413 \
	    "$name: more than 1 MiB"
	head -c 1048576 /dev/urandom >large
	is "$(sent large "$now" "$(signed large large)" @large)" 204 \
	    "$name: any bytes up to there"
	is "$(sent empty "$now" "$(signed empty /dev/null)" '')" 204 \
	    "$name: an empty body"
	is "$(cat "$2")" "$id application/json $size
${id}x application/json $size
large application/json 1048576
empty application/json 0" "$name: each event once, nothing else"
}

# deliver NAME EVENTS: a real one, and its replay.
deliver() {
	serve_port=$port
	cat >serve.conf <<-END
	[endpoint cat]
	poll_start = 50ms
	poll_max = 200ms
	deliver = webhook one
	[webhook one]
	url = http://127.0.0.1:$serve_port/
	secret_file = $tmp/old
	allow_networks = 127.0.0.0/8
	END
	lines=$(wc -l <"$2")
	serve_start
	printf hello >in
	run invoke -e cat in --deliver
	is "$status" 0 "$1: a service has a result"
	wait_until 20 has "$2" '^msg_.* [3-9][0-9][0-9]$' || :
	is "$(($(wc -l <"$2") - lines))" 1 "$1: and it is taken"
	delivery=$(tail -n 1 "$2" | cut -d ' ' -f 1)
	run replay "$delivery"
	is "$status" 0 "$1: its replay"
	wait_until 20 twice
	is "$(($(wc -l <"$2") - lines))" 1 "$1: is a copy"
	serve_stop
}

# shellcheck disable=SC2317 # by wait_until
twice() {
	"$awaitd" deliveries --json "$delivery" >delivery.json &&
	    jq -e '.state == "delivered" and (.attempts | length) == 2' \
	        delivery.json >/dev/null
}

local_start

if ! command -v node >/dev/null; then
	skip node 'no node'
else
	begin node node "$receivers/receiver.mjs" 0
	judge node node.out
	deliver node node.out
	end
fi

if ! command -v python3 >/dev/null; then
	skip python 'no python3'
else
	begin python python3 "$receivers/receiver.py" 0
	judge python python.out
	deliver python python.out
	end
fi

read -r compile <<END
$(sed -n 's/^ \*	\(cc .*\)/\1/p' "$receivers/receiver.c")
END
cp "$receivers/receiver.c" .
# shellcheck disable=SC2086 # as its head says, and strictly
ok "c: ${compile}" ${compile%% *} -std=gnu11 -Wall -Wextra -Werror \
    ${compile#* }
begin c ./receiver 0
judge c c.out
deliver c c.out
end

if ! command -v socat >/dev/null; then
	skip shell 'no socat'
else
	socat=$(sed -n 's/^#	\(socat .*\)/\1/p' "$receivers/receiver.sh")
	like "$socat" 'socat -T 30 TCP-LISTEN:8787,*EXEC:./receiver.sh' \
	    'shell: as its head says'
	cp "$receivers/receiver.sh" .
	export AWAITD_SEEN="$tmp/shell.seen"
	socat=$(printf %s "$socat" | sed 's/:8787,/:0,/')
	# shellcheck disable=SC2086
	begin shell ${socat%% *} -d -d ${socat#* }
	judge shell shell.seen/events
	deliver shell shell.seen/events
	end
fi

done_testing
