#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Disks that fail while 4,000 jobs go through, each at a random moment:
#   full       20 times the file system has no room, really (a tmpfs of its own)
#   readonly   all writes fail with EROFS: a file system that is written to
#              cannot be made read-only, but by its own errors
#   eio        each N-th write, or one in a hundred, or half of one, fails
#   fsync      fdatasync fails, and what was not synced is lost
# The last three by tests/support/badio in front of libc. New jobs are refused
# (507, 503), nothing that was acknowledged is lost, and it goes on by itself
# within 10 s; after fsync it ends with a message instead. SHORT=1: few of each.
# Needs root, for the tmpfs, or says that it is skipped.
#   SEED=N JOBS=N FULL=N READONLY=N EIO=N FSYNC=N KEEP=FOLDER AWAITD=PROGRAM
# shellcheck disable=SC2034 # for the library
campaign=disk
. "${abs_top_srcdir:?}/tests/campaign/lib.sh"
. "$abs_top_srcdir/tests/campaign/disks.sh"
if [ -n "$short" ]; then
	: "${JOBS=300}" "${FULL=3}" "${READONLY=1}" "${EIO=3}" "${FSYNC=1}"
else
	: "${JOBS=4000}" "${FULL=20}" "${READONLY=10}" "${EIO=20}" "${FSYNC=10}"
fi
echo "# disk: seed=$SEED jobs=$JOBS full=$FULL readonly=$READONLY eio=$EIO" \
    "fsync=$FSYNC"
rounds=$((FULL + READONLY + EIO + FSYNC))

disk_tmpfs 64M
peer_start --result-min=5 --result-max=200 --answer-max=4 --hook-max=6
world_conf 'doubt_grace = 400ms'

# The service behind a disk of ours; its number stays that of the process.
export BADIO_CONTROL="$tmp/control" BADIO_LOG="$tmp/badio" BADIO_FORGET=1 \
    BADIO_SEED="$SEED"
# gcc's sanitizers want to be the first library of all.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0"
cat >"$tmp/awaitd" <<END
#!/bin/sh
exec env LD_PRELOAD="$support/badio.so" "${AWAITD-$awaitd}" "\$@"
END
chmod +x "$tmp/awaitd"
awaitd_serve=$tmp/awaitd
serve_log=info

: >"$BADIO_LOG"
wrong=0 crashes=0 resume_ms_max=0 refuse_ms_max=0 went_on=0 round=0 probes=0
complain() {
	wrong=$((wrong + 1))
	echo "# $what $round: $*"
}

disk_fails() { # HOW
	echo "$1" >"$tmp/control.new"
	mv "$tmp/control.new" "$BADIO_CONTROL"
}

# shellcheck disable=SC2317 # by wait_until
serve_ready() {
	gone "$serve_pid" || {
		api GET '/v1/jobs?limit=1' && [ "$code" = 200 ]
	}
}

serve_again() {
	spawn
	wait_until 30 serve_ready || stop_it 'awaitd is not ready'
	! gone "$serve_pid" || stop_it 'awaitd does not start'
}

now_ms() {
	date +%s%3N
}

# A job of our own, asked for once: sets code. What is acknowledged counts.
probe() {
	probes=$((probes + 1))
	printf 'probe %s' "$probes" >"$tmp/probe.in"
	api POST /v1/jobs -H 'Awaitd-Endpoint: peer' \
	    -H 'Content-Type: text/plain' -H "Idempotency-Key: probe-$probes" \
	    --data-binary "@$tmp/probe.in"
	[ "$code" = 201 ] || return 0
	printf '%s\tprobe-%s\t%s\t201\t%s\n' "$(now_ms)" "$probes" \
	    "$(jq -r .job "$tmp/out")" \
	    "$(sha256sum <"$tmp/probe.in" | cut -d ' ' -f 1)" \
	    >>"$ledger/submitted.tsv"
}

# shellcheck disable=SC2317 # by wait_until
refused() { # CODE
	probe
	[ "$code" = "$1" ] || [ "$code" = 000 ] || gone "$serve_pid"
}

# At first there may be room left in files that are there.
must_refuse() { # CODE
	began=$(now_ms)
	wait_until 20 refused "$1"
	took=$(($(now_ms) - began))
	[ "$code" = "$1" ] || complain "answered $code, not $1"
	[ "$took" -le "$refuse_ms_max" ] || {
		refuse_ms_max=$took
		echo "# $what $round: refused after $took ms"
	}
}

alive() {
	! gone "$serve_pid" || {
		ended=0
		wait "$serve_pid" || ended=$?
		serve_pid=
		crashes=$((crashes + 1))
		complain "awaitd ended: status $ended:" \
		    "$(tail -n 2 "$tmp/serve.err")"
		serve_again
		return 1
	}
}

# It takes jobs again by itself. Ten seconds are the promise; longer than
# thirty nobody waits.
resumes() {
	began=$(now_ms)
	while alive; do
		probe
		[ "$code" != 201 ] || break
		if [ $(($(now_ms) - began)) -gt 30000 ]; then
			complain "it does not resume: $code $(cat "$tmp/out")"
			kill_it
			serve_again
			return
		fi
		sleep 0.05
	done
	took=$(($(now_ms) - began))
	[ "$took" -le "$resume_ms_max" ] || {
		resume_ms_max=$took
		echo "# $what $round: resumed after $took ms"
	}
	[ "$took" -le 10000 ] || complain "it resumed after $took ms"
}

# One after the other; the gate lets in what is due by then.
next_round() { # WHAT
	what=$1
	round=$((round + 1))
	echo "$((JOBS * round / (rounds + 1)))" >"$gate"
	read -r pause <&3
	sleep "$(printf '0.%03d' "$pause")"
}

gate=$tmp/gate
echo "$((JOBS / (rounds + 1)))" >"$gate"
dice "$rounds" 20 400 >"$tmp/dice"
exec 3<"$tmp/dice"
disk_fails none
serve_again
submit "$JOBS" 16 --gate="$gate"

# --- no room ---
full=0
while [ "$full" -lt "$FULL" ]; do
	next_round full
	full=$((full + 1))
	head -c 1G /dev/zero >"$AWAITD_STATE/filler" 2>/dev/null
	must_refuse 507
	# What was begun comes to its end, although no job is let in: that
	# takes less than the reserve has.
	if "$support/resting" "$socket" 20 2>"$tmp/resting.err"; then
		went_on=$((went_on + 1))
	else
		complain "what was begun does not end: $(cat "$tmp/resting.err")"
	fi
	alive
	rm -f "$AWAITD_STATE/filler"
	resumes
done

# --- read-only ---
readonly_n=0
while [ "$readonly_n" -lt "$READONLY" ]; do
	next_round readonly
	readonly_n=$((readonly_n + 1))
	disk_fails 'write every 1 EROFS'
	must_refuse 503
	alive
	disk_fails none
	resumes
done

# --- writes that fail ---
eio=0
while [ "$eio" -lt "$EIO" ]; do
	next_round eio
	eio=$((eio + 1))
	case $((eio % 4)) in
	0) disk_fails 'write share 0.01' ;;
	1) disk_fails 'write every 7' ;;
	2) disk_fails 'torn every 5' ;;
	3) disk_fails 'write every 1' ;;
	esac
	sleep 1
	alive
	disk_fails none
	resumes
done
eio_failed=$(grep -cE '^(write|torn) .*Input' "$BADIO_LOG")

# --- syncs that fail ---
fsync=0
while [ "$fsync" -lt "$FSYNC" ]; do
	next_round fsync
	fsync=$((fsync + 1))
	: >"$tmp/serve.err"
	disk_fails "sync every $((1 + fsync % 3))"
	# There may be nothing to sync just then.
	probe
	if wait_until 20 gone "$serve_pid"; then
		ended=0
		wait "$serve_pid" || ended=$?
		serve_pid=
		if [ "$ended" -eq 0 ] || [ "$ended" -ge 128 ]; then
			crashes=$((crashes + 1))
			complain "ended with status $ended"
		fi
		grep -qE 'level=error.*(sync|disk)|error.*(sync|disk)' \
		    "$tmp/serve.err" || complain "it says nothing of the" \
		    "disk: $(tail -n 1 "$tmp/serve.err")"
	else
		complain 'awaitd goes on after a sync that failed'
		kill_it
	fi
	disk_fails none
	serve_again
done
fsync_failed=$(grep -c '^sync ' "$BADIO_LOG")
exec 3<&-

# --- the end ---
echo "$JOBS" >"$gate"
submitted 120
run_to_the_end 240
what=end
[ "$serve_status" -eq 0 ] || complain "awaitd ended with $serve_status"
sanitizer_silent || complain 'a sanitizer has something to say'
# The judge asks for a journal of each copy; a process that ended by itself
# behind a failed sync leaves attempts open, as a kill does.
status=0
judge disk "seed=$SEED" || status=$?
false_acks=$(sqlite3 "$db" ".mode tabs" \
    "CREATE TEMP TABLE acked (ms, key, job, status, sha)" \
    ".import '$ledger/submitted.tsv' acked" \
    "SELECT count(*) FROM acked WHERE job NOT IN (SELECT id FROM job)")
[ "$wrong" -eq 0 ] && [ "$false_acks" -eq 0 ] || status=1
echo "# $(sed -n '1p' "$tmp/judged") writes_failed=$eio_failed" \
    "syncs_failed=$fsync_failed went_on=$went_on refuse_ms_max=$refuse_ms_max probes=$probes wrong=$wrong"
echo "disk: full=$full readonly=$readonly_n eio=$eio fsync=$fsync" \
    "false_acks=$false_acks crashes=$crashes resume_ms_max=$resume_ms_max" \
    "lost=$(figure lost) seed=$SEED"
[ "$status" -eq 0 ] || keep
exit "$status"
