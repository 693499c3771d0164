#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The Tesseract container behind awaitd-local, started by it when there is
# something to read: two pages at once in one container and in two of them, a
# broken image, and nothing left when it stops.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
[ -x "$abs_top_builddir/awaitd-ocr" ] || skip_all 'configured without tesseract'
page=$abs_top_srcdir/contrib/page/page.png

# served NAME LINE...: an endpoint of containers with two workers
served() {
	served_name=$1
	shift
	{
		echo "[endpoint $served_name]"
		echo "serve = \"$abs_top_builddir/awaitd-ocr\" --port {port} --workers 2"
		echo "s3_output_path = s3://bucket/$served_name"
		echo "s3_failure_path = s3://bucket/$served_name-failed"
		printf '%s\n' "$@"
	} >>"$tmp/local.conf"
	printf '[endpoint %s]\npoll_start = 50ms\npoll_max = 200ms\n' \
	    "$served_name" >>"$HOME/.config/awaitd/awaitd.conf"
}
served one 'max_concurrent_invocations_per_instance = 2' \
    "error_topic = $topics:unread"
served two 'min_instances = 2' 'max_instances = 2'
hook_start hook
local_start
ok 'somebody hears of what cannot be read' subscribe unread

# many NAME: eight pages at the same time; sets read, how many were.
many() {
	many_pids=
	for n in 1 2 3 4 5 6 7 8; do
		start "$1-$n" invoke -e "$1" -t image/png -o "$tmp/$1-$n" \
		    "$page"
		many_pids="$many_pids $pid"
	done
	read=0
	n=1
	for pid in $many_pids; do
		finish "$1-$n" "$pid"
		[ "$status" -eq 0 ] && read=$((read + 1))
		n=$((n + 1))
	done
}

lines_of() { # ENDPOINT PATTERN: of what its containers log
	grep -E "endpoint=$1 .*line=" "$tmp/local.log" | grep -cE -- "$2" || :
}

is "$(lines_of one msg=ready)" 0 'nothing is started before anybody asks'
run invoke -e one -t image/png "$page"
is "$status" 0 'a page is read by a container'
for words in 'THE HARBOUR BOOK' 'written down before it leaves' \
    'No captain is paid twice' 'holds is seen by looking'; do
	ok "\"$words\" stands in the result" grep -q "$words" "$tmp/out"
done
cp "$tmp/out" "$tmp/page"
is "$(lines_of one msg=ready)" 1 'by the one that was started for it'

many one
is "$read" 8 'eight pages are read'
is "$(cat "$tmp"/one-[1-8] | sort -u)" "$(sort -u "$tmp/page")" \
    'all with the same text'
is "$(lines_of one msg=ready)" 1 'still by that one'
is "$(($(lines_of one 'status=200 .*running=2') > 0))" 1 \
    'two pages ran in it at the same time'

ok 'two containers are kept for another endpoint' wait_until 60 \
    has "$tmp/local.log" 'endpoint=two .*state=in-service' 2
many two
is "$read" 8 'eight pages are read with one at a time in each'
is "$(lines_of two 'status=200 .*running=2')" 0 'none had two of them'
is "$(grep -E 'endpoint=two .*status=200' "$tmp/local.log" |
    grep -oE 'instance=[^ ]*' | sort -u | wc -l)" 2 'and both of them read'

printf '\211PNG\r\n\032\nand no more' >"$tmp/broken.png"
run invoke -e one -t image/png "$tmp/broken.png"
is "$status" 3 'a broken picture is exit status 3'
like "$err" 'awaitd: job *failed (model): *no sound header*' \
    'with the words of the model'
is "$(wc -c <"$tmp/out")" 0 'and nothing on stdout'
failure=$("$awaitd" show --json "$(job_of "$err")" |
    jq -r '.submissions[0].failure_location')
"$rawcall" GET "/${failure#s3://}" >"$tmp/failure" 2>&1
ok 'its failure object is what the model answered' grep -qE \
    '^.?{"code":400,"type":"BadRequestException","message":"page 1: .*"}$' \
    "$tmp/failure"
wait_until 30 came 'invocationStatus.*Failed'
line=$(grep 'invocationStatus.*Failed' "$tmp/hook.hooks")
like "$line" "*Received client error (400) from model*failureLocation*$failure*" \
    'and its failure is announced, with the place of that'
run invoke -e one -t text/plain "$tmp/page"
is "$status" 3 'a text is no picture'
like "$err" '*failed (model): *no model for this Content-Type*' 'and told so'
run invoke -e one -t image/png "$page"
is "$status" 0 'after that it reads on'
is "$(lines_of one msg=ready)" 1 'and is the same as ever'

pgrep -f "^$abs_top_builddir/awaitd-ocr " >"$tmp/before" || :
is "$(wc -l <"$tmp/before")" 3 'three containers run'
local_stop
is "$local_status" 0 'awaitd-local ends'
# shellcheck disable=SC2317 # by wait_until
none_left() {
	! pgrep -f "^$abs_top_builddir/awaitd-ocr " >/dev/null
}
ok 'and its containers with it' wait_until 60 none_left
done_testing
