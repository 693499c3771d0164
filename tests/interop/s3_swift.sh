#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# OpenStack Swift's S3 API: every verb, keys of every kind, clocks, regions.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
. "${abs_top_srcdir:?}/tests/support/swift.sh"
. "${abs_top_srcdir:?}/tests/support/s3cases.sh"
command -v jq >"$tmp/which" || skip_all 'no jq'
swift_missing && skip_all "$swift_missing"
swift_start
raw 200 PUT "/$bucket"

cases_verbs
# shellcheck disable=SC2317 # by gap
written_over() {
	[ "$(said ok)" = true ]
}
cases_absent 'it has no If-None-Match for PUT (501), and is asked without' \
    written_over
cases_keys
cases_presigned
cases_parts
cases_large "${LARGE:-256}"
cases_clock
cases_refused

cases_region
AWS_REGION=eu-west-7 probe head "s3://$bucket/clock"
gap 'another region, and HEAD is the first to say so: followed' \
    'its 400 has no x-amz-bucket-region, and a HEAD has no words' \
    [ "$(said ok status)" = 'false 400' ]
probe head "s3://$bucket/clock" --owner=123456789012
gap "somebody else's bucket, where an owner is expected: refused" \
    'it does not read x-amz-expected-bucket-owner' [ "$(said ok)" = true ]

swift_as reader
probe get "s3://$bucket/clock" "$tmp/got"
is "$(said ok code class remote)" 'false auth auth AccessDenied' \
    'a reader without rights: refused'
probe head "s3://$bucket/nothing"
is "$(said ok class status)" 'false ambiguous 403' \
    'a reader without rights, what is not there: 403'
swift_as tester

cases_end Swift
swift_stop
done_testing
