#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every case of tests/vectors/aws-settings.json, answered by awaitd's own code.
# doc/aws-settings.md shows the same as a table.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
. "$abs_top_srcdir/tests/support/aws_settings.sh"

credpeer_start
questions_make "$tmp/questions"
"$awsprobe" answer <"$tmp/questions" >"$tmp/answers" 2>>"$tmp/all.err"
verdict awaitd "$tmp/answers"
is "$(jq -r 'map(.name) | group_by(.)[] | select(length > 1)[0]' "$cases")" \
    '' 'no two cases have one name'
is "$(grep -cE 'secret/of|secret-of|token-of|sso-access|web-token' \
    "$tmp/answers" || :)" 0 'no answer has a secret in it'
done_testing
