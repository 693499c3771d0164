#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Jobs from submit to delivered, every step on disk before the next one.
#   in one process: engine, store and deliveries with the other side a ledger in
#     memory (tests/support/pipeline.c), at IN_FLIGHT jobs at a time; the same
#     with the memory backend, as the floor
#   whole: awaitd serve between a submitter and a peer, over sockets; the three
#     share the processors
# A slow figure fails nothing; a job that is not delivered once does.
#   JOBS=N IN_FLIGHT='N N' WHOLE_JOBS=N
# shellcheck disable=SC2034 # for the library
campaign=pipeline
. "${abs_top_srcdir:?}/tests/campaign/lib.sh"
: "${JOBS=20000}" "${IN_FLIGHT=256 1000}" "${WHOLE_JOBS=5000}"
[ -z "$short" ] || JOBS=2000 IN_FLIGHT=256 WHOLE_JOBS=500
pipeline=$support/pipeline

value() { # NAME FILE
	tr ' ' '\n' <"$2" | sed -n "s/^$1=//p"
}

measure() { # BACKEND IN-FLIGHT
	rm -rf "$tmp/db"
	mkdir "$tmp/db"
	ok "$1, $2 in flight: each job is delivered once" \
	    timeout 300 "$pipeline" "$tmp/db" "$JOBS" "$2" "$1"
	cp "$tmp/ok.out" "$tmp/$1"
	echo "# $(cat "$tmp/$1")"
}

echo "# the database is on $(stat -f -c %T "$tmp"), $(nproc) processors"
first=
for n in $IN_FLIGHT; do
	measure sqlite "$n"
	[ -n "$first" ] || cp "$tmp/sqlite" "$tmp/first"
	first=${first:-$n}
done
measure memory "$first"

# --- whole ---

peer_start --result-min=1 --result-max=1
hooks_in_flight=256
world_conf 'doubt_grace = 30s'
serve_log=info
spawn
wait_until 30 test -S "$socket" || stop_it 'awaitd does not start'
ticks() { # of the service's processor time
	sed 's/^.*) //' "/proc/$serve_pid/stat" | awk '{ print $12 + $13 }'
}
before=$(ticks)
began=$(date +%s%3N)
submit "$WHOLE_JOBS" 256
# shellcheck disable=SC2317 # by wait_until
all_delivered() {
	[ -e "$ledger/hooks.tsv" ] &&
	    [ "$(wc -l <"$ledger/hooks.tsv")" -ge "$WHOLE_JOBS" ]
}
ok 'whole: all are delivered' wait_until 240 all_delivered
took=$(($(date +%s%3N) - began))
cpu=$(($(ticks) - before))
submitted 60
run_to_the_end 60
ok 'whole: the judge has nothing to say' judge pipeline
whole_per_s=$((WHOLE_JOBS * 1000 / took))
echo "# whole: jobs=$WHOLE_JOBS jobs_per_s=$whole_per_s cpu_us_per_job=$((\
    cpu * 1000000 / $(getconf CLK_TCK) / WHOLE_JOBS))"

status=0
[ "$failed" -eq 0 ] || status=1
echo "1..$tests"
echo "bench-pipeline: jobs_per_s=$(value jobs_per_s "$tmp/first")" \
    "commits_per_s=$(value commits_per_s "$tmp/first")" \
    "step_p99_ms=$(value step_p99_ms "$tmp/first")" \
    "memory_jobs_per_s=$(value jobs_per_s "$tmp/memory")" \
    "whole_jobs_per_s=$whole_per_s" \
    "cpu_us_per_job=$(value cpu_us_per_job "$tmp/first")"
exit "$status"
