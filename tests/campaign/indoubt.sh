#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Requests that were accepted and whose answers were lost: 30 % of 2,000 are
# reset, cut, garbage, a gateway's or never answered. Part "allow" may run the
# model twice, for each submission that it writes down; part "avoid" (200 jobs,
# of some of which nothing arrived) may not have two runs alive at the same
# time, so it waits until the first request is dead: two minutes.
#   SHORT=1: 150 and 40 jobs, none of which has to wait.  SEED=N
#   PATIENCE=SECONDS KEEP=FOLDER
# shellcheck disable=SC2034 # for the library
campaign=indoubt

# --- both parts --------------------------------------------------------------

if [ "${1-}" != --part ]; then
	. "${abs_top_srcdir:?}/tests/campaign/lib.sh"
	echo "# indoubt: seed=$SEED"
	parts_status=0
	begin() { # PART
		SEED=$SEED timeout -k 10 -s TERM 900 \
		    sh "$0" --part "$1" >"$tmp/$1.out" 2>&1 &
	}
	begin allow
	allow_pid=$!
	begin avoid
	avoid_pid=$!
	# A part cleans up when it is asked to end.
	trap 'kill $allow_pid $avoid_pid 2>/dev/null; wait; campaign_clean_up' EXIT
	wait "$allow_pid" || parts_status=1
	wait "$avoid_pid" || parts_status=1
	trap campaign_clean_up EXIT
	sed 's/^[^#]/# &/' "$tmp/allow.out" "$tmp/avoid.out"
	of() { # PART FIGURE
		sed -n "s/^$1:.* $2=\([0-9]*\).*/\1/p" "$tmp/$1.out"
	}
	echo "indoubt: jobs=$(of allow jobs) doubts=$(of allow doubts)" \
	    "extra_runs=$(of allow extra_runs)" \
	    "resubmissions=$(of allow resubmissions) lost=$(of allow lost)" \
	    "overlap=$(of allow overlap) avoid_jobs=$(of avoid jobs)" \
	    "avoid_doubts=$(of avoid doubts)" \
	    "avoid_resubmissions=$(of avoid resubmissions)" \
	    "avoid_lost=$(of avoid lost) avoid_overlap=$(of avoid overlap)"
	exit "$parts_status"
fi

# --- one part ----------------------------------------------------------------

part=$2
. "${abs_top_srcdir:?}/tests/campaign/lib.sh"
[ -z "${KEEP-}" ] || KEEP=$KEEP/$part
if [ "$part" = allow ]; then
	jobs=${short:+150}
	jobs=${jobs:-2000}
	hang=${short:+0}
	# Most results come within the grace, some do not.
	peer_start --result-min=5 --result-max=100 --slow=0.04 \
	    --slow-max=1500 --lose=0.3 --refuse=0.03 --reset=0.02 \
	    --hang-max="${hang:-10}"
	world_conf 'doubt_grace = 200ms' 'request_ttl = 60' \
	    'invocation_timeout = 1'
else
	jobs=${short:+40}
	jobs=${jobs:-200}
	nothing=${short:+0}
	# Results come long after the grace of others, and within the wait.
	peer_start --result-min=500 --result-max=1000 --lose=0.3 \
	    --refuse="${nothing:-0.03}" --reset="${nothing:-0.03}"
	world_conf 'doubt_grace = 50ms' 'duplicates = avoid' \
	    'request_ttl = 60' 'invocation_timeout = 1'
fi
spawn
submit "$jobs" 32
submitted "${PATIENCE:=600}"
run_to_the_end "$PATIENCE"
status=0
judge "$part" || status=$?
sanitizer_silent || status=1
[ "$serve_status" -eq 0 ] || status=1
[ "$(figure strays)" = 0 ] || status=1
if [ "$part" = avoid ]; then
	[ "$(figure overlap)" = 0 ] || status=1
fi
# Or nothing was tried.
[ "$(figure doubts)" -gt 0 ] || status=1
[ -n "$short" ] || [ "$(figure resubmissions)" -gt 0 ] || status=1
sed -n 1p "$tmp/judged"
exit "$status"
