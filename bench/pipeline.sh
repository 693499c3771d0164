#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Jobs from submit to delivered, every step on disk before the next one: what
# engine, store and deliveries take in one process with the other side a ledger
# in memory (tests/support/pipeline.c), at IN_FLIGHT jobs at a time; the same
# with the memory backend, as the floor. A slow figure fails nothing.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
: "${JOBS=20000}" "${IN_FLIGHT=256 1000}"
[ -z "${SHORT-}" ] || JOBS=2000 IN_FLIGHT=256
pipeline=$abs_top_builddir/tests/support/pipeline

figure() { # NAME FILE
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

status=0
(done_testing) || status=1
echo "bench-pipeline: jobs_per_s=$(figure jobs_per_s "$tmp/first")" \
    "commits_per_s=$(figure commits_per_s "$tmp/first")" \
    "step_p99_ms=$(figure step_p99_ms "$tmp/first")" \
    "memory_jobs_per_s=$(figure jobs_per_s "$tmp/memory")" \
    "cpu_us_per_job=$(figure cpu_us_per_job "$tmp/first")"
exit "$status"
