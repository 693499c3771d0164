#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The example containers by themselves, as any platform would use them: what
# they answer, what they refuse, many at once, and how they end.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
command -v curl >/dev/null || skip_all 'no curl'
summary=$abs_top_builddir/awaitd-summary
ocr=$abs_top_builddir/awaitd-ocr
repage=$abs_top_builddir/tests/support/repage
page=$abs_top_srcdir/contrib/page/page.png
bad_request='{"code":400,"type":"BadRequestException","message":'

# contain NAME PROGRAM [OPTION...]: sets pid, url and log.
contain() {
	log=$tmp/local-$1.log
	contain_port=$tmp/$1.port
	shift
	rm -f "$contain_port"
	"$@" --port 0 --port-file "$contain_port" 2>>"$log" &
	pid=$!
	pids="$pids $pid"
	wait_until 30 test -s "$contain_port" || {
		echo 'Bail out! the container does not start'
		diag "$(cat "$log")"
		exit 1
	}
	url=http://127.0.0.1:$(cat "$contain_port")
}

# ask PATH [CURL OPTION...]: body in $tmp/out and $body, status in $code.
ask() {
	ask_path=$1
	shift
	code=$(curl -sS --max-time 90 -o "$tmp/out" -D "$tmp/head" \
	    -w '%{http_code}' -H 'Content-Type:' "$@" "$url$ask_path" \
	    2>"$tmp/err")
	body=$(head -c 500 "$tmp/out" | tr '\0\f' '@@')
}

invoke() { # FILE [CURL OPTION...]
	invoke_file=$1
	shift
	ask /invocations --data-binary "@$invoke_file" "$@"
}

refuses() { # FILE MESSAGE-PATTERN NAME
	invoke "$1"
	like "$code $body" "400 $bad_request\"$2\"}" "$3"
}

# --- what both have in common, shown with one --------------------------------

contain summary "$summary" --workers 2 --queue 64 --max-payload 64KiB
text=$abs_top_srcdir/contrib/page/page.txt

ask /ping
is "$code $(wc -c <"$tmp/out")" '200 0' 'a ping is 200 with nothing in it'
ok 'and has a length' grep -qi '^content-length: 0' "$tmp/head"
invoke "$text" -H 'X-Amzn-SageMaker-Custom-Attributes: sentences=2'
is "$code $(wc -l <"$tmp/out")" '200 2' 'a text is summed up in two sentences'
ok 'its type is named' grep -qi '^content-type: text/plain; charset=utf-8' \
    "$tmp/head"
ok 'its length too' grep -qi "^content-length: $(wc -c <"$tmp/out")" "$tmp/head"
is "$(wc -c <"$tmp/head" | awk '{ print ($1 < 4096) }')" 1 \
    'and the fields of the answer are few'
invoke "$text" -H 'Content-Type: text/plain'
is "$code $(wc -l <"$tmp/out")" '200 3' 'without an attribute in three'

invoke "$text" -H 'X-Amzn-SageMaker-Custom-Attributes: sentences=many'
like "$code $body" "400 $bad_request\"sentences=*" 'a wrong attribute is 400'
printf 'caf\351' >"$tmp/latin"
refuses "$tmp/latin" 'the text is not UTF-8' 'Latin-1 is 400'
: >"$tmp/empty"
refuses "$tmp/empty" 'the payload is empty' 'nothing at all is 400'
invoke "$text" -H 'Content-Type: image/png'
like "$code $body" '415 {"code":415,*' 'another type is 415'
invoke "$text" -H 'Transfer-Encoding: chunked'
like "$code $body" '411 {"code":411,*' 'a payload without a length is 411'
bytes 65537 "$tmp/large"
invoke "$tmp/large"
like "$code $body" '413 {"code":413,*' 'a payload that is too large is 413'
ask /invocations
like "$code $body" '405 {"code":405,*' 'GET /invocations is 405'
ask /
like "$code $body" '404 {"code":404,*' 'another path is 404'
ask /ping -H "X-Large: $(head -c 20000 /dev/zero | tr '\0' x)"
like "$code $body" '431 {"code":431,*' 'a head that is too large is 431'

curl -sSZ --parallel-immediate --parallel-max 64 --max-time 90 \
    -o "$tmp/many-#1" -w '%{http_code}\n' --data-binary "@$text" \
    -H 'Content-Type:' "$url/invocations?[1-64]" >"$tmp/codes" 2>"$tmp/err"
is "$(sort "$tmp/codes" | uniq -c | tr -s ' ')" ' 64 200' \
    '64 requests at once are answered'
is "$(cat "$tmp"/many-* | sort | uniq -c | awk '{ print $1 }' | sort -u)" 64 \
    'all alike'
is "$(count "$log" ' running=([3-9]|[0-9][0-9])')" 0 \
    'and no more than two ran at once'

kill -TERM "$pid"
status=0
wait "$pid" || status=$?
is "$status" 0 'SIGTERM ends it with 0'

# --- at work -----------------------------------------------------------------

# Six large texts have come in, one is worked on; sets curls.
work() {
	curls=
	for n in 1 2 3 4 5 6; do
		curl -sS --max-time 240 -o "$tmp/work-$n" -w '%{http_code}' \
		    --data-binary "@$tmp/book" -H 'Content-Type:' \
		    "$url/invocations" >"$tmp/code-$n" 2>>"$tmp/err" &
		curls="$curls $!"
	done
	pids="$pids $curls"
	wait_until 120 has "$log" ' bytes came, ' 6 || diag 'six are not there'
}

awk 'BEGIN {
	for (i = 0; i < 150000; i++)
		printf "Line %d of the harbour book tells of ship %d. ", i,
		    i * 7 % 1000
}' >"$tmp/book"
contain busy "$summary" --workers 1 --queue 5 --max-payload 16MiB \
    --log-level debug
work
ask /ping
is "$code" 200 'a ping is answered at work'
is "$(($(count "$log" ' status=200 ') < 6))" 1 'before the work is done'

contain term "$summary" --workers 1 --queue 5 --max-payload 16MiB \
    --log-level debug
work
kill -TERM "$pid"
status=0
# shellcheck disable=SC2086
wait $curls
wait "$pid" || status=$?
is "$status" 0 'SIGTERM at work ends it with 0'
is "$(cat "$tmp"/code-*)" 200200200200200200 'after all of that work'
is "$(cat "$tmp"/work-* | sort -u | wc -l)" 3 'which was done as ever'
ask /ping
is "$code" 000 'and then nobody is there'

# A payload that comes slowly has a place from its head on. The requests that
# ask whether it has may take the place just before it: then it comes anew.
contain full "$summary" --workers 1 --queue 0 --max-payload 16MiB
begin_late() {
	curl -sS --max-time 240 -o "$tmp/late" --limit-rate 32k \
	    -H 'Content-Type:' --data-binary "@$tmp/book" \
	    "$url/invocations" 2>>"$tmp/err" &
	late=$!
	pids="$pids $late"
}
# shellcheck disable=SC2317 # by wait_until
answers() { # CODE
	invoke "$text"
	[ "$code" = "$1" ]
}
# shellcheck disable=SC2317 # by wait_until
has_place() {
	kill -0 "$late" 2>/dev/null || begin_late
	answers 503 && kill -0 "$late" 2>/dev/null
}
begin_late
ok 'with all workers taken it is 503' wait_until 60 has_place
like "$body" '{"code":503,"type":"ServiceUnavailableException",*' 'in JSON'
ask /ping
is "$code" 200 'and a ping is answered'
kill "$late"
wait "$late" 2>/dev/null
ok 'who leaves gives the place back' wait_until 60 answers 200

# --- options -----------------------------------------------------------------

wrong() { # PATTERN NAME COMMAND...
	wrong_pattern=$1
	wrong_name=$2
	shift 2
	status=0
	timeout 60 "$@" >"$tmp/out" 2>"$tmp/err" || status=$?
	like "$status $(tail -n 1 "$tmp/err")" "$wrong_pattern" "$wrong_name"
	cat "$tmp/err" >>"$tmp/all.err"
}
wrong "2 awaitd-summary: --port: '70000' is no number from 0 to 65535" \
    'a wrong port is told' "$summary" --port 70000
wrong "2 awaitd-summary: SAGEMAKER_BIND_TO_PORT: 'x' is no *" \
    'in the environment too' env SAGEMAKER_BIND_TO_PORT=x "$summary"
wrong "2 awaitd-summary: --workers: '0' is no *" 'no workers are told' \
    "$summary" --workers 0
wrong "2 awaitd-summary: --max-payload: '2GiB' is no *" \
    'too large a payload is told' "$summary" --max-payload 2GiB
wrong "2 awaitd-summary: 'train' is no option*" 'another word than serve is told' \
    "$summary" train
wrong "1 awaitd-summary: *" 'a port that is taken is told' \
    "$summary" --port "${url##*:}" serve
wrong "1 awaitd-summary: *" 'also one from the environment' \
    env SAGEMAKER_BIND_TO_PORT="${url##*:}" "$summary"
wrong "2 awaitd-summary: --log-level: 'x' is no level" 'a wrong level is told' \
    "$summary" --log-level x
wrong '0 ' '--help is there' "$summary" --help
kill -TERM "$pid"
wait "$pid"
contain env env SAGEMAKER_BIND_TO_PORT=1 SAGEMAKER_MODEL_SERVER_WORKERS=3 \
    "$summary" serve
ok "SageMaker's variables are read, options win" grep -q ' workers=3$' "$log"

# --- Tesseract ---------------------------------------------------------------

if [ -x "$ocr" ]; then
	[ -x "$repage" ] || ! echo 'Bail out! no tests/support/repage' || exit 1
else
	skip 'the Tesseract container' 'configured without tesseract'
	done_testing
fi

wrong "1 awaitd-ocr: tesseract cannot load the language 'xx'" \
    'a language that is not there is told' env OCR_LANGUAGE=xx "$ocr"

contain ocr "$ocr" --workers 2 --queue 8
invoke "$page" -H 'Content-Type: image/png'
is "$code" 200 'a page is read'
for words in 'THE HARBOUR BOOK' 'holds is seen by looking'; do
	ok "\"$words\" stands there" grep -q "$words" "$tmp/out"
done
cp "$tmp/out" "$tmp/page"
ok 'no engine has threads of its own' \
    grep -qz '^OMP_THREAD_LIMIT=1$' "/proc/$pid/environ"

invoke "$page" -H 'Accept: application/json'
is "$code $(jq -r .pages "$tmp/out")" '200 1' 'or as JSON'
jq -j .text "$tmp/out" >"$tmp/text"
same "$tmp/text" "$tmp/page" 'with the same text'
ok 'and how sure it is' jq -e '.confidence > 80 and .confidence <= 100' \
    "$tmp/out"
invoke "$page" -H 'Accept: text/plain, application/json;q=0.5'
same "$tmp/out" "$tmp/page" 'the first type that is named wins'

"$repage" "$page" "$tmp/re"
for form in jpg pgm; do
	invoke "$tmp/re.$form"
	ok "it reads .$form" grep -q 'THE HARBOUR BOOK' "$tmp/out"
done
invoke "$tmp/re.tif"
is "$(tr -cd '\f' <"$tmp/out" | wc -c)" 1 'two pages are parted by a form feed'
is "$(grep -c 'THE HARBOUR BOOK' "$tmp/out")" 2 'and both are read'

printf '%s\n' "$page" /etc/passwd >"$tmp/list"
refuses "$tmp/list" 'the payload is no PNG, JPEG, TIFF or PNM image' \
    'a list of files is not followed'
printf '\211PNG\r\n\032\nand no more' >"$tmp/bad"
refuses "$tmp/bad" 'page 1: the image has no sound header*' \
    'a PNG without a header is told'
for n in 1 8 11 12; do
	head -c "$n" "$page" >"$tmp/bad"
	refuses "$tmp/bad" '*' "and one of $n bytes"
done
head -c 20000 "$page" >"$tmp/bad"
refuses "$tmp/bad" 'page 1: the image is broken: *png*' \
    'a PNG that was cut is told'
for form in jpg pgm; do
	head -c 20000 "$tmp/re.$form" >"$tmp/bad"
	refuses "$tmp/bad" 'page 1: the image is broken*' ".$form too"
done
head -c "$(($(wc -c <"$tmp/re.tif") * 3 / 4))" "$tmp/re.tif" >"$tmp/bad"
refuses "$tmp/bad" 'page [12]: *' '.tif too'
printf 'GIF89a\1\0\1\0\200\0\0' >"$tmp/bad"
refuses "$tmp/bad" 'the payload is no PNG*' 'a GIF is not taken'

# 32000 x 32000 of nothing: 4 GB if anybody decoded it.
{
	printf '\211PNG\r\n\032\n\0\0\0\015IHDR\0\0\175\0\0\0\175\0\010\0\0\0\0'
	printf '\0\0\0\0\0\0\0\0IDAT\0\0\0\0\0\0\0\0IEND'
} >"$tmp/bomb"
refuses "$tmp/bomb" 'page 1: an image of 32000 x 32000 is too large' \
    'a bomb is told by its header'
printf 'P5\n30000 30000\n255\n' >"$tmp/bomb"
refuses "$tmp/bomb" 'page 1: an image of 30000 x 30000 is too large' \
    'also as PNM'
is "$(awk '/^VmHWM/ { print ($2 < 2000000) }' "/proc/$pid/status")" 1 \
    'and took no memory'

curl -sSZ --parallel-immediate --parallel-max 8 --max-time 240 \
    -o "$tmp/pages-#1" -w '%{http_code}\n' --data-binary "@$page" \
    -H 'Content-Type: image/png' "$url/invocations?[1-8]" >"$tmp/codes" \
    2>"$tmp/err"
is "$(sort "$tmp/codes" | uniq -c | tr -s ' ')" ' 8 200' 'eight pages at once'
is "$(cat "$tmp"/pages-* | sort -u)" "$(sort -u "$tmp/page")" \
    'all read as the first'
ok 'two ran at the same time' has "$log" ' status=200 .* running=2'
is "$(count "$log" ' running=([3-9]|[0-9][0-9])')" 0 'and never three'
kill -TERM "$pid"
status=0
wait "$pid" || status=$?
is "$status" 0 'SIGTERM ends it with 0'
done_testing
