#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# 100 times the power goes, 50 to 300 ms after the start, while 12,000 jobs go
# through: the state folder is on an ext4 file system of its own, which the
# shutdown ioctl ends without writing anything more (tests/support/fsdown). The
# journal is replayed, the database checked, and the service goes on; then one
# run to the end. SHORT=1: 4 times, 200 jobs. Needs root and a loop device, or
# says that it is skipped.
#   SEED=N CUTS=N JOBS=N KEEP=FOLDER AWAITD=PROGRAM
#
# Whatever was acknowledged or left while the ioctl worked is ambiguous, even
# for a plain fsync: it is judged where it is on disk, and left out where not.
# shellcheck disable=SC2034 # for the library
campaign=power
. "${abs_top_srcdir:?}/tests/campaign/lib.sh"
. "$abs_top_srcdir/tests/campaign/disks.sh"
if [ -n "$short" ]; then
	: "${CUTS=4}" "${JOBS=200}"
else
	: "${CUTS=100}" "${JOBS=12000}"
fi
echo "# power: seed=$SEED cuts=$CUTS jobs=$JOBS"
awaitd_serve=${AWAITD-$awaitd}

disk_ext4 128M
peer_start --result-min=5 --result-max=60 --answer-max=4 --hook-max=6
world_conf 'doubt_grace = 400ms'
for ledger_name in submitted accepted hooks runs; do
	: >>"$ledger/$ledger_name.tsv"
	: >"$tmp/racing.$ledger_name"
done

# Jobs are let in as cuts go by, so that no run is without work.
gate=$tmp/gate
echo "$((JOBS / 20))" >"$gate"
submit "$JOBS" 16 --gate="$gate"

size_of() {
	wc -c <"$ledger/$1.tsv"
}

# What was sent before the end may still lie in the sockets of the peer: who has
# an answer of it twice knows that it has read all of that.
peer_has_read_all() {
	for turn in 1 2; do
		curl -s -o "$tmp/turn.$turn" --max-time 20 "$AWS_ENDPOINT_URL/"
	done
}

# What a ledger got from the moment before the cut on: "from to" in bytes.
cut_power() {
	cut=$("$support/fsdown" "$AWAITD_STATE" "$ledger/submitted.tsv" \
	    "$ledger/accepted.tsv" "$ledger/runs.tsv" "$ledger/hooks.tsv") ||
	    no_disk 'this file system has no shutdown'
	kill_it
	disk_away
	peer_has_read_all
	# shellcheck disable=SC2086 # it is several words
	set -- $cut
	shift 2
	for ledger_name in submitted accepted runs hooks; do
		echo "${1#*=} $(size_of "$ledger_name")" \
		    >>"$tmp/racing.$ledger_name"
		shift
	done
}

integrity_bad=0
check_integrity() {
	[ -s "$db" ] || return 0
	cp "$db" "$tmp/check.db"
	[ ! -e "$db-wal" ] || cp "$db-wal" "$tmp/check.db-wal"
	found=$(sqlite3 "$tmp/check.db" 'PRAGMA integrity_check' 2>&1)
	rm -f "$tmp"/check.db*
	[ "$found" != ok ] || return 0
	integrity_bad=$((integrity_bad + 1))
	echo "# after cut $cuts: $found" | head -n 3
}

cuts=0
dice "$CUTS" 50 300 >"$tmp/dice"
while read -r ms; do
	spawn
	sleep "$(printf '0.%03d' "$ms")"
	gone "$serve_pid" && stop_it 'awaitd ended by itself'
	cuts=$((cuts + 1))
	cut_power
	disk_again || stop_it "the file system is broken: $(cat "$tmp/mount.err")"
	check_integrity
	echo "$((JOBS / 20 + JOBS * cuts / CUTS))" >"$gate"
	[ $((cuts % (CUTS / 10 + 1))) -ne 0 ] || note_done
done <"$tmp/dice"
echo "$JOBS" >"$gate"

spawn
submitted 120
run_to_the_end 240

# --- what can be judged ---

# racing NAME: the lines that were written while a power cut was under way
racing() {
	awk -v spans="$tmp/racing.$1" 'BEGIN {
		while ((getline line < spans) > 0) {
			split(line, f, " ")
			from[n] = f[1]
			to[n++] = f[2]
		}
	}
	{
		while (i < n && at >= to[i])
			i++
		if (i < n && at >= from[i])
			print
		at += length($0) + 1
	}' "$ledger/$1.tsv"
}

# Of those lines, what the database does not have, or has for another: an
# intent that is younger than the request was written again, under the same n.
cat >"$tmp/ambiguous.sql" <<END
.mode tabs
CREATE TABLE submitted (ms, key, job, status, input_sha);
CREATE TABLE accepted (ms, id, object, input_sha, answer);
CREATE TABLE runs (begin_ms, end_ms, id, object, result_sha);
CREATE TABLE hooks (ms, id, attempt, body_sha, status, job, inference_id,
	type, result_sha);
CREATE TEMP TABLE seen AS SELECT * FROM hooks;
.import '$ledger/hooks.tsv' seen
.import '$tmp/raced.submitted' submitted
.import '$tmp/raced.accepted' accepted
.import '$tmp/raced.runs' runs
.import '$tmp/raced.hooks' hooks
ATTACH '$db' AS db;
.output '$tmp/ambiguous.submitted'
SELECT * FROM submitted WHERE job NOT IN (SELECT id FROM db.job);
.output '$tmp/ambiguous.accepted'
SELECT * FROM accepted a WHERE NOT EXISTS (SELECT 1 FROM db.submission u
	WHERE u.inference_id = a.id AND u.intent_at <= CAST(a.ms AS INTEGER));
.output '$tmp/ambiguous.runs'
SELECT * FROM runs r WHERE NOT EXISTS (SELECT 1 FROM db.submission u
	WHERE u.inference_id = r.id
	AND u.intent_at <= CAST(r.begin_ms AS INTEGER));
.output '$tmp/ambiguous.hooks'
SELECT * FROM hooks h WHERE NOT EXISTS (SELECT 1 FROM db.attempt a
	JOIN db.delivery d ON d.seq = a.delivery
	WHERE d.id = h.id AND a.n = CAST(h.attempt AS INTEGER))
OR (SELECT count(*) FROM seen s
	WHERE s.id = h.id AND s.attempt = h.attempt) > 1;
END
ambiguous=0
for ledger_name in submitted accepted runs hooks; do
	racing "$ledger_name" >"$tmp/raced.$ledger_name"
done
sqlite3 <"$tmp/ambiguous.sql" || stop_it 'the database cannot be read'
mkdir "$tmp/judged_ledger"
cp "$ledger"/*.tsv "$tmp/judged_ledger"
for ledger_name in submitted accepted runs hooks; do
	ambiguous=$((ambiguous + $(wc -l <"$tmp/ambiguous.$ledger_name")))
	[ ! -s "$tmp/ambiguous.$ledger_name" ] ||
	    grep -vxFf "$tmp/ambiguous.$ledger_name" \
		"$ledger/$ledger_name.tsv" \
		>"$tmp/judged_ledger/$ledger_name.tsv"
done
ledger=$tmp/judged_ledger

status=0
judge power "cuts=$cuts" "seed=$SEED" || status=$?
sanitizer_silent || status=1
[ "$integrity_bad" -eq 0 ] && [ "$serve_status" -eq 0 ] || status=1
echo "# $(sed -n '1p' "$tmp/judged") ambiguous=$ambiguous of" \
    "$(cat "$tmp"/raced.* | wc -l) that raced a cut"
echo "power: cuts=$cuts acked=$(figure jobs) lost=$(figure lost)" \
    "unrecorded=$(figure unrecorded) integrity_bad=$integrity_bad" \
    "seed=$SEED"
exit "$status"
