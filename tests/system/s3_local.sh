#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every verb of S3 and keys of every kind, against awaitd-local: what
# s3_ceph.sh asks of another's server. And what none of those others has:
# checksums that the store computes and tells.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
. "${abs_top_srcdir:?}/tests/support/s3cases.sh"
command -v jq >"$tmp/which" || skip_all 'no jq'
local_start
raw 200 PUT "/$bucket"

cases_verbs
cases_absent ''
cases_keys
cases_presigned
cases_large "${LARGE:-64}"
cases_clock
cases_refused

# --- checksums ---
head_of() { # KEY: the fields that awaitd-local tells of it
	"$rawcall" HEAD "/$bucket/$1" 'x-amz-checksum-mode: ENABLED' |
	    tr -d '\r'
}
printf 'Hello world' >"$tmp/hello"
probe put "s3://$bucket/hello" "$tmp/hello"
is "$(said ok)" true 'a checksum goes along, and is right'
like "$(head_of hello)" '*[cC][rR][cC]64[nN][vV][mM][eE]: OOJZ0D8xKts=*' \
    'it is the one that others compute'
raw 200 PUT "/$bucket/other" 'x-amz-checksum-sha256: ZOyIygCyaOW6GjVnihtTFtIS9PNmskdyMlNKiuyjfzw=' \
    "@$tmp/hello"
probe get "s3://$bucket/other" "$tmp/got"
is "$(said ok)" true 'that of another algorithm is looked at, too'

AWS_RESPONSE_CHECKSUM_VALIDATION=when_required \
    probe get "s3://$bucket/hello" "$tmp/got"
is "$(said ok)" true 'nobody need look at them'
AWS_REQUEST_CHECKSUM_CALCULATION=when_required \
    probe put "s3://$bucket/plain" "$tmp/hello"
is "$(said ok)" true 'or send one'
AWS_REQUEST_CHECKSUM_CALCULATION=sometimes \
    probe put "s3://$bucket/plain" "$tmp/hello"
like "$(cat "$tmp/said" "$tmp/err")" '*AWS_REQUEST_CHECKSUM_CALCULATION*' \
    'a word that is none is named'
done_testing
