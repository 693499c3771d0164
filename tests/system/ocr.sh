#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The quickstart's main job: a real model, a real page, both ways it can go.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
command -v tesseract >/dev/null || skip_all 'no tesseract'
cat >>"$tmp/local.conf" <<'END'

[endpoint ocr]
command = tesseract stdin stdout -l eng
max_concurrent_invocations_per_instance = 2
s3_output_path = s3://bucket/ocr
s3_failure_path = s3://bucket/ocr-failures
END
local_start
page=$abs_top_srcdir/contrib/page/page.png

run invoke -e ocr -t image/png "$page"
is "$status" 0 'a page is read'
for words in 'THE HARBOUR BOOK' 'written down before it leaves' \
    'No captain is paid twice' 'holds is seen by looking'; do
	ok "\"$words\" stands in the result" grep -q "$words" "$tmp/out"
done

start one invoke -e ocr -o "$tmp/one" "$page"
one=$pid
start two invoke -e ocr -o "$tmp/two" "$page"
finish two "$pid"
is "$status" 0 'of two at once the one is read'
finish one "$one"
is "$status" 0 'and the other'
same "$tmp/one" "$tmp/two" 'with the same text'

printf '\211PNG\r\n\032\nand no more' >"$tmp/broken.png"
run invoke -e ocr -t image/png "$tmp/broken.png"
is "$status" 3 'a broken picture is exit status 3'
like "$err" 'awaitd: job *failed (model): *' 'with the words of the model'
is "$(wc -c <"$tmp/out")" 0 'and nothing on stdout'
done_testing
