#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# 1,000 times kill -9 at a random moment, 5 to 120 ms after the start, while
# 12,000 jobs go through; then one run to the end. SHORT=1: 30 times, 400 jobs.
#   SEED=N KILLS=N JOBS=N PATIENCE=SECONDS KEEP=FOLDER
# shellcheck disable=SC2034,SC2209 # for the library
campaign=kill
. "${abs_top_srcdir:?}/tests/campaign/lib.sh"
if [ -n "$short" ]; then
	: "${KILLS=30}" "${JOBS=400}"
else
	: "${KILLS=1000}" "${JOBS=12000}"
fi
echo "# kill: seed=$SEED kills=$KILLS jobs=$JOBS"

peer_start --result-min=5 --result-max=60 --answer-max=4 --hook-max=6 \
    --hook-fail=0.02 --hook-drop=0.01 --refuse=0.01
world_conf 'doubt_grace = 400ms'

# As many jobs are let in as kills are over, so that no run is without work.
gate=$tmp/gate
echo "$((JOBS / 20))" >"$gate"
submit "$JOBS" 16 --gate="$gate"

kills=0
dice "$KILLS" 5 120 >"$tmp/dice"
while read -r ms; do
	spawn
	sleep "$(printf '0.%03d' "$ms")"
	gone "$serve_pid" && stop_it 'awaitd ended by itself'
	kill_it
	kills=$((kills + 1))
	echo "$((JOBS / 20 + JOBS * kills / KILLS))" >"$gate"
	[ $((kills % (KILLS / 10 + 1))) -ne 0 ] || note_done
done <"$tmp/dice"
echo "$JOBS" >"$gate"

spawn
submitted "${PATIENCE:=240}"
run_to_the_end "$PATIENCE"
status=0
judge kill "kills=$kills" "seed=$SEED" || status=$?
sanitizer_silent || status=1
[ "$serve_status" -eq 0 ] || status=1
[ "$(figure strays)" = 0 ] || status=1
tail -n 1 "$tmp/submitter.err" | sed 's/^/# submitter: /'
sed -n '1p' "$tmp/judged"
exit "$status"
