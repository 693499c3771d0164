#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# No secret leaves a program: not to a handler or a model, by its environment,
# its arguments or a descriptor; not to others of this machine by /proc; not
# into a core. And the search that ends each test finds what there is to find.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
command -v curl >"$tmp/which" || skip_all 'no curl'
cd "$tmp" || exit 1

# --- the search ---
planted='planted/secret+key=0123456789~é'
secret "$planted"
is "$(secret_found)" '' 'what was not written is not found'
planted_in() { # NAME: leak.err, written by some program
	is "$(secret_found)" "$tmp/leak.err" "the search finds $1"
	rm leak.err
}
echo "key=$planted" >leak.err
planted_in 'a secret as it is'
printf 'x:%s' "$planted" | base64 -w 0 >leak.err
planted_in 'a secret in base64'
printf 'user:%s!' "$planted" | base64 -w 0 >leak.err
planted_in 'a secret in base64, one byte on'
printf '{"k":"%s"}' "$planted" | base64 -w 0 >leak.err
planted_in 'a secret in base64, two bytes on'
printf '%s' "$planted" | od -An -v -tx1 | tr -d ' \n' >leak.err
planted_in 'a secret in hex'
echo 'k=planted%2Fsecret%2Bkey%3D0123456789~%C3%A9' >leak.err
planted_in 'a secret with its bytes encoded'
echo 'k=planted%2fsecret%2bkey%3d0123456789~%c3%a9' >leak.err
planted_in 'a secret with its bytes encoded in lower case'
echo "GET /?X-Amz-Signature=$(printf %064d 0)" >leak.err
planted_in 'a signed URL'
echo "$planted" >leak.err
secret_place "$tmp/leak.err"
is "$(secret_found)" '' 'but not where it belongs'
rm leak.err

# --- handlers and models ---
# What a child can see of itself and its parent: each in a file by its NAME.
mkdir seen
cat >look <<'END'
#!/bin/sh
# A shell that is busy has descriptors of its own.
(ls -l "/proc/$$/fd" >"SEEN/$1.fds")
{
	tr '\0' '\n' <"/proc/$$/environ"
	tr '\0' '\n' <"/proc/$$/cmdline"
} >"SEEN/$1.part"
mv "SEEN/$1.part" "SEEN/$1"
cat
END
sed -i "s|SEEN|$tmp/seen|g" look
chmod +x look
endpoint looks "\"$tmp/look\" model"
hook_secret hook.key
(umask 077 && echo 'a-planted-token-of-the-api' >api.token)
secret a-planted-token-of-the-api
secret_place "$tmp/api.token"
local_start
cat >serve.conf <<END
[awaitd]
log_level = debug
[api]
listen = 127.0.0.1:0
token_file = $tmp/api.token
[endpoint looks]
poll_start = 50ms
poll_max = 200ms
deliver = exec look, webhook hook
[webhook hook]
url = http://127.0.0.1:9/
allow_networks = 127.0.0.0/8
secret_file = $tmp/hook.key
schedule = 50ms
[exec look]
command = "$tmp/look" handler
END
serve_log=debug
serve_start
code=$(curl -sS -o out -w '%{http_code}' -H 'Awaitd-Endpoint: looks' \
    -H 'Authorization: Bearer a-planted-token-of-the-api' \
    -H 'Content-Type: text/plain' --data-binary hello \
    "http://$(grep -oE '127.0.0.1:[0-9]+' serve.err | head -n 1)/v1/jobs")
is "$code" 201 'a job with a handler'
for who in model handler; do
	ok "the $who was run" wait_until 30 test -s "seen/$who"
	ok "the $who has an environment" grep -q '^PATH=' "seen/$who"
	is "$(grep -cE '^(AWS_|AWAITD_COREDUMP)' "seen/$who")" 0 \
	    "the $who has no variable of AWS"
	is "$(grep ' -> ' "seen/$who.fds" | grep -vE ' [012] -> |/look$')" '' \
	    "the $who has no descriptor but its own three"
	is "$(grep -c ' -> ' "seen/$who.fds" | awk '{ print ($1 >= 3) }')" 1 \
	    "the $who has those three"
done

# --- the service itself ---
is "$(tr '\0' ' ' <"/proc/$serve_pid/cmdline" | grep -cFf secret.values)" 0 \
    'its arguments hold none'
if [ "$(id -u)" -eq 0 ]; then
	ok 'its environment holds one, so that there is something to hide' \
	    grep -qaF "$AWS_SECRET_ACCESS_KEY" "/proc/$serve_pid/environ"
fi
serve_stop

# --- the memory of what dies, and of what lives ---
# A user without rights: another one where we are root.
other=
if [ "$(id -u)" -eq 0 ] && command -v setpriv >which; then
	other='setpriv --reuid=65534 --regid=65534 --clear-groups'
	chmod 755 "$tmp"
fi
# lives NAME VARIABLE=VALUE COMMAND...: in a folder NAME, till it made "port"
lives() {
	mkdir -m 777 "$1"
	cp hook.key "$1/key"
	chmod 600 "$1/key"
	[ -z "$other" ] || chown 65534 "$1/key"
	secret_place "$tmp/$1/key"
	lives_name=$1
	lives_variable=$2
	shift 2
	# shellcheck disable=SC2086 # words
	(
		cd "$lives_name" || exit 1
		# shellcheck disable=SC3045 # dash and bash have it
		ulimit -c unlimited 2>/dev/null
		exec $other env "$lives_variable" HOME="$tmp/$lives_name" "$@"
	) </dev/null >"$lives_name.out" 2>"$lives_name.err" &
	pid=$!
	pids="$pids $pid"
	wait_until 20 test -s "$lives_name/port" || diag "$(cat "$lives_name.err")"
}
lives_awaitd() { # NAME VARIABLE=VALUE
	lives "$@" "$awaitd" listen --listen 127.0.0.1:0 --port-file port \
	    --secret-file key
}
# shellcheck disable=SC2086 # words
reads() { # FILE: of /proc, as the same user
	$other head -c 1 "/proc/$pid/$1" >byte 2>/dev/null && [ -s byte ]
}
dies() {
	kill -ABRT "$pid"
	wait "$pid" 2>/dev/null
}
cores_in() { # FOLDER
	find "$1" -type f -name '*core*' | wc -l
}

# closed NAME: what lives there shows nothing, and leaves nothing
closed() {
	for file in environ maps; do
		is "$(reads "$file"; echo $?)" 1 \
		    "$1: a process of the same user does not read its $file"
	done
	ok "$1: but what it is doing is no secret" reads cmdline
	dies
	is "$(cores_in "$1")" 0 "$1: it leaves no core"
}
lives_awaitd awaitd X=
closed awaitd
lives local X= "$awaitd_local" --data data --listen 127.0.0.1:0 \
    --port-file port --endpoint cat --model cat
closed local
lives_awaitd open AWAITD_COREDUMP=1
ok 'with AWAITD_COREDUMP=1 its environment can be read' reads environ
dies
secret "$AWS_SECRET_ACCESS_KEY"
pattern=$(cat /proc/sys/kernel/core_pattern)
case $pattern in
'|'* | */*)
	skip 'and it leaves a core' "cores go elsewhere: $pattern"
	;;
*)
	if sanitized; then
		skip 'and it leaves a core' 'sanitizers switch cores off'
	else
		is "$(cores_in open)" 1 'and it leaves a core'
		is "$(secret_found | grep -c "^$tmp/open/.*core")" 1 \
		    'which has the secrets'
	fi
	;;
esac

rm -rf open
done_testing
