#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the log says, and what nothing ever says.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
endpoint old "sh \"$models/slow.sh\" \"$tmp/go\" \"$tmp/began\"" \
    'max_concurrent_invocations_per_instance = 1'
printf '[endpoint old]\npoll_start = 50ms\npoll_max = 200ms\n' \
    >>"$HOME/.config/awaitd/awaitd.conf"
command -v jq >"$tmp/which" || skip_all 'no jq'
local_start
echo 'some input' >"$tmp/in"

moves() { # the changes of state, in order, as from>to:outcome
	jq -r 'select(.to) | "\(.from // "")>\(.to):\(.outcome // "")"' \
	    "$tmp/err" | paste -sd' '
}

json() { # ARGUMENT...: with a JSON log, each line of which must parse
	run "$@" -q -v --log-format json
	ok 'every line of the log is JSON' jq -e . "$tmp/err"
	is "$(jq -r 'select(.time and .level and .part | not)' "$tmp/err")" '' \
	    'with a time, a level and a part'
}

# --- one line per change of state, in order ---
json invoke -e cat "$tmp/in"
is "$(moves)" '>queued: queued>pending: pending>done:ok' 'a job that is ok'
is "$(jq -r .job "$tmp/err" | sort -u | wc -l)" 1 'of one job'
run invoke -v -e cat "$tmp/in"
is "$(count "$tmp/err" ' engine: job=0.* from=queued to=pending ')" 1 \
    'the same as text'
is "$(count "$tmp/err" ' from=pending to=done outcome=ok polls=[0-9]* cause=planned ms=')" 1 \
    'with the outcome, the polls and the time'
run invoke -v --log-format json -e words "$tmp/in"
grep '^{' "$tmp/err" >"$tmp/log"
cp "$tmp/log" "$tmp/err"
is "$(moves)" '>queued: queued>pending: pending>done:failed' 'a job that failed'
ok 'whose words are in the log, which parses' \
    jq -e 'select(.outcome == "failed").error | length > 40' "$tmp/err"
run invoke -v --log-format json -e nosuch "$tmp/in"
grep '^{' "$tmp/err" >"$tmp/log"
cp "$tmp/log" "$tmp/err"
is "$(moves)" '>queued: queued>done:failed' 'a job that was refused'

# --- expired: the deadline is in the state file, and it is moved there ---
if [ -x "$abs_top_builddir/tests/support/reseal" ]; then
	run invoke --timeout 0 --request-ttl 60 --invocation-timeout 1 -e old "$tmp/in"
	job=$(job_of "$err")
	"$abs_top_builddir/tests/support/reseal" "$AWAITD_STATE/$job.db" \
	    'UPDATE job_state SET deadline_at = 1, boot = 0'
	run wait -v --log-format json "$job"
	is "$status" 5 'a job past its deadline is exit status 5'
	like "$err" "*awaitd: job $job expired (deadline): *" 'with a word on why'
	grep '^{' "$tmp/err" >"$tmp/log"
	cp "$tmp/log" "$tmp/err"
	is "$(moves)" 'pending>done:expired' 'and one line in the log'
	run result "$job"
	is "$status" 5 'awaitd result says so, too'
else
	skip 'a job past its deadline' 'no reseal'
fi
: >"$tmp/go"

# --- without -v ---
run invoke -e cat "$tmp/in"
is "$(wc -l <"$tmp/err")" 1 'without -v nothing is logged of a job that is ok'
run invoke -e cat --log-level none -q "$tmp/in"
is "$err" '' '-q and no log: silence'

# --- secrets ---
secret=$AWS_SECRET_ACCESS_KEY
run config
cp "$tmp/out" "$tmp/said.config"
run invoke -e cat --log-level debug "$tmp/in"
ok 'the debug log has something to search' test "$(wc -l <"$tmp/err")" -ge 5
cp "$tmp/err" "$tmp/said.debug"
run show --json "$(job_of "$err")"
cp "$tmp/out" "$tmp/said.show"
export AWS_SESSION_TOKEN=IQoJb3JpZ2luX2VjEXAMPLETOKENthatNobodyShouldSee
run invoke -e cat --log-level debug --timeout 2s "$tmp/in"
cp "$tmp/err" "$tmp/said.token"
is "$status" 3 'a token that nobody knows is refused'
like "$err" '*security token*invalid*' "in AWS's words"
export AWS_SECRET_ACCESS_KEY='wrong/secret+that-is-long'
token=$AWS_SESSION_TOKEN
unset AWS_SESSION_TOKEN
run invoke -e cat --log-level debug --timeout 2s "$tmp/in"
cp "$tmp/err" "$tmp/said.wrong"
is "$status" 3 'a wrong secret is refused'
like "$err" '*signature*' 'with the reason'
for what in "$secret" "$token" 'wrong/secret+that-is-long' 'Signature=[0-9a-f]'; do
	is "$(grep -rlae "$what" "$tmp"/said.* "$tmp/state" "$tmp/local.log" \
	    "$tmp/all.err" | wc -l)" 0 \
	    "'$(printf %.8s "$what")...' is in no log, state file or output"
done
ok 'and the search finds what is there' \
    grep -rqa 'bucket/out' "$tmp/said.show" "$tmp/state"
ok 'state files are for their owner alone' \
    test "$(stat -c %a "$AWAITD_STATE"/*.db | sort -u)" = 600
is "$(stat -c %a "$AWAITD_STATE")" 700 'and so is their folder'
done_testing
