#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A receiver of awaitd's webhooks in the shell: verifies with openssl, takes
# each event once, answers. It handles one request, which is its standard input;
# whatever starts a program for each connection can serve it:
#
#	export AWAITD_WEBHOOK_SECRET="$(cat hook.secret)"
#	socat -T 30 TCP-LISTEN:8787,bind=127.0.0.1,reuseaddr,fork EXEC:./receiver.sh
#
# Several secrets, while one takes the place of another, with blanks between.
# Events that came are remembered in AWAITD_SEEN, a folder (./seen). Appends a
# line for each event that is new to its file "events": id, content type, bytes.
set -u
export LC_ALL=C
umask 077
body_max=1048576
tolerance=300
seen=${AWAITD_SEEN:-seen}
cr=$(printf '\r')
mkdir -p "$seen" || exit 1
body=$(mktemp) || exit 1
trap 'rm -f "$body"' EXIT
trap 'exit 1' HUP INT TERM

answer() { # STATUS TEXT; and that is the end
	printf 'HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s' \
	    "$1" "${#2}" "$2"
	exit 0
}

# What this receiver is there for. A 2xx answer says that it is done, or safe.
take() { # ID CONTENT-TYPE FILE
	printf '%s %s %d\n' "$1" "$2" "$(wc -c <"$3")" >>"$seen/events"
}

# mac HEX-KEY: of standard input, as base64.
mac() {
	openssl dgst -sha256 -mac HMAC -macopt "hexkey:$1" -binary |
	    openssl base64 -A
}

# same A B: nobody learns from the time that it takes how much of them is.
same() {
	once=$(openssl rand -hex 32)
	[ "$(printf %s "$1" | mac "$once")" = "$(printf %s "$2" | mac "$once")" ]
}

is_number() { # TEXT DIGITS: at most so many
	case $1 in
	'' | *[!0-9]* | 0?*) return 1 ;;
	esac
	[ "${#1}" -le "$2" ]
}

# believed: is one of the signatures right under one of the secrets?
believed() {
	set -f
	for secret in $AWAITD_WEBHOOK_SECRET; do
		key=$(printf '%s' "${secret#whsec_}" | openssl base64 -d -A |
		    od -An -v -tx1 | tr -d ' \n')
		right=v1,$({ printf '%s.%s.' "$id" "$at"; cat "$body"; } |
		    mac "$key")
		for signature in $signatures; do
			same "$signature" "$right" && return 0
		done
	done
	return 1
}

# --- the request ---
id='' at='' signatures='' type='' length='' lines=0
IFS=' ' read -r method _ || exit 0
while IFS= read -r line && line=${line%"$cr"} && [ -n "$line" ]; do
	lines=$((lines + 1))
	[ "$lines" -le 100 ] || answer '431 Too Many Fields' 'too many fields'
	name=$(printf %s "${line%%:*}" | tr '[:upper:]' '[:lower:]')
	value=${line#*:}
	value=${value# }
	case $name in
	webhook-id) id=$value ;;
	webhook-timestamp) at=$value ;;
	webhook-signature) signatures=$value ;;
	content-type) type=$value ;;
	content-length) length=$value ;;
	esac
done
[ "$method" = POST ] || answer '405 Method Not Allowed' 'a webhook is a POST'
is_number "$length" 12 || answer '411 Length Required' 'there is no length'
[ "$length" -le "$body_max" ] || answer '413 Content Too Large' 'too large'
# The bytes as they came: a signature is over nothing else.
head -c "$length" >"$body"
[ "$(wc -c <"$body")" -eq "$length" ] || answer '400 Bad Request' 'cut short'

# --- is it to be believed? ---
# An id becomes the name of a file.
case $id in
'' | *[!A-Za-z0-9_-]*) answer '401 Unauthorized' 'not signed' ;;
esac
is_number "$at" 12 || answer '401 Unauthorized' 'not signed'
age=$(($(date +%s) - at))
if [ "$age" -gt "$tolerance" ] || [ "$age" -lt "-$tolerance" ]; then
	answer '401 Unauthorized' 'too old, or from the future'
fi
believed || answer '401 Unauthorized' 'no signature is right'

# --- once ---
# Of two copies at the same time one waits; what was not taken comes again.
exec 9>"$seen/lock"
flock 9
if ! [ -e "$seen/$id" ]; then
	take "$id" "$type" "$body" || answer '500 Internal Server Error' 'not taken'
	: >"$seen/$id"
fi
answer '204 No Content' ''
