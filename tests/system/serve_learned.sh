#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# An endpoint that puts its results elsewhere: the worker says so once, and
# remembers it over a kill, until the endpoint does as it is told again. And
# what show says while a look is under way.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
endpoint strange 'cat' 'names = ignored'
local_start
cat >"$tmp/serve.conf" <<END
[endpoint strange]
poll_start = 50ms
poll_max = 100ms
output_path = s3://bucket/out
END

# shellcheck disable=SC2317 # by wait_until
is_done() { # JOB
	api GET "/v1/jobs/$1"
	[ "$(jq -r '.state + .outcome' "$tmp/out")" = doneok ]
}

one() { # NAME
	api POST /v1/jobs -H 'Awaitd-Endpoint: strange' \
	    -H 'Content-Type: text/plain' --data-binary text
	ok "$1" wait_until 20 is_done "$(jq -r .job "$tmp/out")"
}

serve_start
one 'its result is taken from where it says'
one 'and so is the next one'
is "$(count "$tmp/serve.err" 'does not honour')" 1 'the worker says so once'
serve_kill
serve_start
one 'behind a kill, too'
is "$(count "$tmp/serve.err" 'does not honour')" 0 'and it says it no more'
serve_stop

# --- a look that hangs ---
local_stop
echo 'hang operation=HeadObject count=0' >"$tmp/faults"
sed -i "s|^\[endpoint cat\]|[local]\nfaults = $tmp/faults\n&|" "$tmp/local.conf"
local_start
serve_start
api POST /v1/jobs -H 'Awaitd-Endpoint: cat' -H 'Content-Type: text/plain' \
    --data-binary text
job=$(jq -r .job "$tmp/out")
ok 'a look hangs' wait_until 20 has "$tmp/local.log" \
    'operation=HeadObject .*fault=hang'
run show "$job"
like "$(tr -s ' \n' ' ' <"$tmp/out")" \
    '* next look now why then it is being looked at *' 'show says so'
serve_stop
done_testing
