#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# 300 times kill -9 at a random moment while SNS tells of 3,000 jobs, for whom
# the schedule would look in an hour: each message comes until it is answered
# 200, and what was so answered is on disk behind each kill. not_ok counts jobs
# that were given up: a kill cut off each of five requests. SHORT=1: 15 times,
# 200 jobs.
#   SEED=N KILLS=N JOBS=N PATIENCE=SECONDS KEEP=FOLDER
# shellcheck disable=SC2034 # for the library
campaign=told
. "${abs_top_srcdir:?}/tests/campaign/lib.sh"
if [ -n "$short" ]; then
	: "${KILLS=15}" "${JOBS=200}"
else
	: "${KILLS=300}" "${JOBS=3000}"
fi
echo "# told: seed=$SEED kills=$KILLS jobs=$JOBS"

sns_side
peer_start --result-min=5 --result-max=60 --answer-max=4 --hook-max=6 \
    --hook-fail=0.02 --hook-drop=0.01 --refuse=0.01
world_conf 'doubt_grace = 400ms'
told_conf
"$support/snspeer" follow "$tmp/serve.err" "$tmp/data/sns.key" "$certificate" \
    "$topic" "$ledger" 2>>"$tmp/sns.err" &
sns_pid=$!
pids="$pids $sns_pid"

# As many jobs are let in as kills are over, so that no run is without work.
gate=$tmp/gate
echo "$((JOBS / 20))" >"$gate"
submit "$JOBS" 16 --gate="$gate"

# unkept: answered with 200, and not on disk. unheard: on disk, and nobody was
# answered, so often as that was how it died.
kills=0 unkept=0 unheard=0
look_behind() {
	[ -e "$db" ] || return 0
	# Killed before it had a table, it can have answered nobody.
	if [ -z "$(look_into "SELECT 1 FROM sqlite_master
	    WHERE name = 'notice'")" ]; then
		set -- "$(grep -c '	200$' "$ledger/notices.tsv") 0"
	else
		set -- "$(compare_notices)"
	fi
	unkept=$((unkept + ${1% *}))
	[ "${1#* }" -eq 0 ] || unheard=$((unheard + 1))
}
dice "$KILLS" 60 400 >"$tmp/dice"
while read -r ms; do
	spawn
	sleep "$(printf '0.%03d' "$ms")"
	gone "$serve_pid" && stop_it 'awaitd ended by itself'
	kill_it
	kills=$((kills + 1))
	look_behind
	echo "$((JOBS / 20 + JOBS * kills / KILLS))" >"$gate"
	[ $((kills % (KILLS / 10 + 1))) -ne 0 ] || note_done
done <"$tmp/dice"
echo "$JOBS" >"$gate"

# Each run that there was is told of, be it needed or not.
# shellcheck disable=SC2317 # by wait_until
all_told() {
	[ "$(awk -F '\t' '$3 == 200 { print $2 }' "$ledger/notices.tsv" |
	    sort -u | wc -l)" -eq "$(wc -l <"$ledger/runs.tsv")" ]
}
spawn
submitted "${PATIENCE:=240}"
"$support/resting" "$socket" "$PATIENCE" 2>/dev/null
wait_until "$PATIENCE" all_told || unkept=$((unkept + 1))
run_to_the_end "$PATIENCE"
look_behind
status=0
judge told "kills=$kills" "seed=$SEED" \
    "told=$(cut -f 1 "$ledger/notices.tsv" | sort -u | wc -l)" \
    "unkept=$unkept" "unheard=$unheard" || status=$?
sanitizer_silent || status=1
! grep . "$tmp/sns.err" || status=1
[ "$serve_status" -eq 0 ] && [ "$unkept" -eq 0 ] || status=1
[ "$(figure strays)" = 0 ] || status=1
sed -n '1p' "$tmp/judged"
exit "$status"
