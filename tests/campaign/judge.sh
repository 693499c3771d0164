#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# judge.sh NAME LEDGERS DATABASE [KEY=VALUE...]
# Reads what submitter and peer wrote into the folder LEDGERS and a database
# that nobody has open, and prints "NAME: KEY=VALUE… figures". What is wrong
# follows in lines that begin with '#'. LEDGERS/done.tsv, where it is there, has
# jobs that were DONE at some time: job, outcome, completed_at, location. SQL in
# the file $JUDGE_MORE has its lines behind the first.
# Exit status 1: a promise is broken; 2: nothing could be judged.
set -eu
: "${abs_top_srcdir:?}"
name=$1 ledgers=$2 database=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM

for table in submitted accepted runs hooks 'done'; do
	[ -e "$ledgers/$table.tsv" ] || : >"$ledgers/$table.tsv"
done
# A copy: judging changes nothing, not even by a checkpoint.
cp "$database" "$work/db"
[ ! -e "$database-wal" ] || cp "$database-wal" "$work/db-wal"

cat >"$work/script" <<END
.bail on
.mode tabs
CREATE TABLE submitted (ms, key, job, status, input_sha);
CREATE TABLE accepted (ms, inference_id, object, input_sha, answer);
CREATE TABLE runs (begin_ms, end_ms, inference_id, object, result_sha);
CREATE TABLE hooks (ms, webhook_id, attempt, body_sha, status, job,
	inference_id, type, result_sha);
CREATE TABLE done_before (job, outcome, completed_at, result_location);
.import '$ledgers/submitted.tsv' submitted
.import '$ledgers/accepted.tsv' accepted
.import '$ledgers/runs.tsv' runs
.import '$ledgers/hooks.tsv' hooks
.import '$ledgers/done.tsv' done_before
ATTACH '$work/db' AS db;
.mode list
SELECT 'integrity=' || integrity_check FROM pragma_integrity_check LIMIT 1;
.read '$abs_top_srcdir/tests/campaign/judge.sql'
END
[ -z "${JUDGE_MORE-}" ] || echo ".read '$JUDGE_MORE'" >>"$work/script"
sqlite3 "$work/judge" <"$work/script" >"$work/out" || {
	echo "$name: the judge cannot read it" >&2
	exit 2
}
figures=$(grep '^jobs=' "$work/out")
echo "$name: $*${1:+ }$figures"
sed '/^jobs=/d; /^integrity=ok$/d' "$work/out"
! grep -q '^#' "$work/out" && grep -qx 'integrity=ok' "$work/out"
