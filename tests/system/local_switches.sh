#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What SageMaker's documents leave open, an endpoint decides by a key: what
# becomes of the names that a caller asks for, and how long a backlog may be.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
endpoint plain false
endpoint follow false 'failure_names = follow'
endpoint ignored false 'names = ignored' 'failure_names = follow'
endpoint brief "sh \"$models/slow.sh\" \"$tmp/go\" \"$tmp/began\"" \
    'max_backlog = 2'
local_start

# invoke ENDPOINT HEADER...: sets code, output and failure
invoke() {
	name=$1
	shift
	"$rawcall" POST "/endpoints/$name/async-invocations" "$@" "@$tmp/in" \
	    >"$tmp/answer"
	code=$(head -n 1 "$tmp/answer")
	output=$(place Output)
	failure=$(place Failure)
}
place() { # Output|Failure
	sed -n "s/^X-Amzn-SageMaker-$1Location: //Ip" "$tmp/answer" | tr -d '\r'
}
# shellcheck disable=SC2317 # by wait_until
there() { # s3://BUCKET/KEY
	"$rawcall" HEAD "/${1#s3://}" | head -n 1 | grep -q '^200'
}
echo payload >"$tmp/in"
set -- 'X-Amzn-SageMaker-Filename: page-7.txt' \
    'X-Amzn-SageMaker-S3OutputPathExtension: team/a'

invoke plain "$@"
is "$code $output" '202 s3://bucket/out/team/a/page-7.txt' \
    'the names that are asked for are the output'\''s'
like "$failure" 's3://bucket/failed/????????-????-????-????-????????????-error.out' \
    'a failure has a name of its own'
ok 'under which it is found' wait_until 30 there "$failure"

invoke follow "$@"
is "$code $output" '202 s3://bucket/out/team/a/page-7.txt' \
    'the same with failure_names = follow'
is "$failure" 's3://bucket/failed/team/a/page-7.txt-error.out' \
    'where a failure follows'
ok 'and is found' wait_until 30 there "$failure"
invoke follow
like "$failure" 's3://bucket/failed/????????-????-????-????-????????????-error.out' \
    'without names there is nothing to follow'

invoke ignored "$@"
like "$code $output" '202 s3://bucket/out/????????-????-????-????-????????????.out' \
    'with names = ignored they are not used'
like "$failure" 's3://bucket/failed/????????-????-????-????-????????????-error.out' \
    'nor for a failure'
invoke ignored 'X-Amzn-SageMaker-Filename: a.b.c'
is "$code" 400 'but they are checked'

invoke brief
is "$code" 202 'a first request is taken'
invoke brief
is "$code" 202 'and a second'
invoke brief
is "$code" 400 'one more than max_backlog is not'
like "$(cat "$tmp/answer")" '*x-amzn-ErrorType: ThrottlingException*Rate exceeded*' \
    'but throttled'
: >"$tmp/go"
# shellcheck disable=SC2317 # by wait_until
is_taken() {
	invoke brief
	[ "$code" = 202 ]
}
ok 'when they have ended there is room again' wait_until 30 is_taken
done_testing
