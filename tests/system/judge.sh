#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The judge of the campaigns finds what it is to find: one thing at a time is
# made wrong in copies of the ledgers and the database of a run that was well,
# and each rule of judge.sql and crashpoints.sql says so.
# shellcheck disable=SC2016,SC2034 # of awk, for the library
campaign=judge
. "${abs_top_srcdir:?}/tests/campaign/lib.sh"
command -v sqlite3 >/dev/null || skip_all 'no sqlite3'

peer_start --result-min=5 --result-max=20
world_conf 'doubt_grace = 300ms'
spawn
submit 4 2
submitted 120
run_to_the_end 120
status=0
judge well || status=$?
sed 's/^[^#]/# &/' "$tmp/judged"
is "$status" 0 'of a run that was well it says nothing'

T='	'
job=$(sed -n 1p "$ledger/submitted.tsv" | cut -f 3)
other=$(sed -n 2p "$ledger/submitted.tsv" | cut -f 3)
hook=$(awk -v job="$job" '$6 == job { print $2 }' "$ledger/hooks.tsv")
seq="(SELECT seq FROM job WHERE id = '$job')"
shipped="(SELECT seq FROM delivery WHERE job = $seq)"

# Copies that are as they were; sets $planted.
fresh() {
	rm -rf "$tmp/planted"
	cp -r "$ledger" "$tmp/planted"
	cp "$db" "$tmp/planted.db"
}
# The trigger says that DONE is final; bits that flip do not ask it.
change() { # SQL
	sqlite3 -bail "$tmp/planted.db" 'DROP TRIGGER IF EXISTS done_is_final' \
	    "$1" || is changed 'not changed' "$1"
}
edit() { # LEDGER AWK-PROGRAM: with $job, $other and $hook in it
	awk -F "$T" -v OFS="$T" -v job="$job" -v other="$other" \
	    -v hook="$hook" "$2" "$ledger/$1.tsv" >"$tmp/planted/$1.tsv"
	! cmp -s "$ledger/$1.tsv" "$tmp/planted/$1.tsv" ||
	    is changed 'not changed' "$1: $2"
}
# The first column of the message is its kind; its end is not looked at.
finds() { # MESSAGE WHAT
	judged=0
	sh "$abs_top_srcdir/tests/campaign/judge.sh" planted "$tmp/planted" \
	    "$tmp/planted.db" >"$tmp/judged" 2>"$tmp/err" || judged=$?
	like "$judged $(grep -F "# $1" "$tmp/judged" | head -n 1)" "1 # $1*" \
	    "it finds $2"
	fresh
}
counts() { # FIGURE=N WHAT: figures that are for the campaign to judge
	sh "$abs_top_srcdir/tests/campaign/judge.sh" planted "$tmp/planted" \
	    "$tmp/planted.db" >"$tmp/judged" 2>"$tmp/err" || :
	like "$(sed -n 1p "$tmp/judged") " "* $1 *" "it counts $2"
	fresh
}
fresh

# --- lost --------------------------------------------------------------------

change "DELETE FROM job WHERE id = '$job'"
finds "lost: $job" 'an acknowledged job that is not there'
change "UPDATE job_state SET state = 1 WHERE seq = $seq"
finds "lost: $job" 'one that did not end'
change "DELETE FROM job_state WHERE seq = $seq"
finds "lost: $job" 'one without a state'
change "DELETE FROM delivery WHERE job = $seq"
finds "lost: $job" 'one that is announced to nobody'
change "UPDATE delivery SET state = 0 WHERE job = $seq"
finds "lost: $job" 'one whose delivery waits'
change "UPDATE delivery SET state = 2 WHERE job = $seq"
finds "lost: $job" 'one whose delivery was given up'
edit hooks '$2 != hook'
finds "lost: $job" 'one that nobody took, whatever the database says'
edit hooks '$2 == hook { $5 = 500 } 1'
finds "lost: $job" 'one that the receiver refused'

# --- unrecorded, duplicates --------------------------------------------------

change "DELETE FROM attempt WHERE delivery = $shipped"
finds "unrecorded: copy $hook 1" 'a copy without an attempt'
edit hooks '$2 == hook { $3 = 2 } 1'
finds "unrecorded: copy $hook 2" 'a copy of another attempt'
edit hooks '$2 == hook { $2 = "msg_x" } 1'
finds 'unrecorded: copy msg_x' 'a copy of no delivery'
edit hooks '$2 == hook { print } 1'
finds "unrecorded: copy $hook 1" 'two copies of one attempt'
change "DELETE FROM submission WHERE seq = $seq"
finds "unrecorded: request $job-1" 'a request without an intent'

# second OUTCOME STATUS: an attempt before that which left a copy
second() {
		edit hooks '$2 == hook { print; $3 = 2 } 1'
	change "INSERT INTO attempt SELECT delivery, 2, outcome, replay,
	    started_at, ended_at, status, note, response, error_class,
	    request_headers, response_headers, sum
	    FROM attempt WHERE delivery = $shipped;
	    UPDATE attempt SET outcome = $1, status = $2
	    WHERE delivery = $shipped AND n = 1"
}
second 1 200
finds "duplicates: $hook copies=2" 'two copies of which both were heard of'
second 2 500
finds "duplicates: $hook copies=2" 'a copy behind one that was refused'
for how in '3 -1' '2 -1'; do
	# shellcheck disable=SC2086 # two words
	second $how
	judged=0
	sh "$abs_top_srcdir/tests/campaign/judge.sh" planted "$tmp/planted" \
	    "$tmp/planted.db" >"$tmp/judged" || judged=$?
	is "$judged" 0 "a copy behind an attempt that ended so is right: $how"
	fresh
done
second 3 -1
counts 'interrupted=1' 'interrupted attempts'
second 2 -1
counts 'unanswered=1' 'attempts without an answer'
second 3 -1
counts 'duplicates=1' 'copies beyond the first'
# A copy whose answer was dropped is one, too.
second 1 200
edit hooks '$2 == hook { print; $3 = 2; $5 = "dropped" } 1'
finds "duplicates: $hook copies=2" 'a copy whose answer was dropped'

# --- runs --------------------------------------------------------------------

edit runs 'index($3, job) { print } 1'
finds "extra_runs: $job runs=2 recorded=1" 'a run beyond what was submitted'
edit runs 'index($3, job) { print; $3 = job "-2" } 1'
finds "extra_runs: $job runs=2 recorded=1" 'whichever name it has'
edit runs 'index($3, job) { $1 = 1000; $2 = 2000; print
	$1 = 1999; $2 = 3000 } 1'
counts 'overlap=1' 'runs of one job at the same time'
edit runs 'index($3, job) { $1 = 1000; $2 = 2000; print
	$1 = 2000; $2 = 3000 } 1'
counts 'overlap=0' 'none where one follows the other'
edit accepted 'index($2, job) { object = $3 } object { $3 = object } 1'
finds 'mismatches: two runs write ' 'two requests that write one object'
change "CREATE TEMP TABLE s AS SELECT * FROM submission WHERE seq = $seq;
    UPDATE s SET n = 2, inference_id = '$job-2', fate = 4;
    INSERT INTO submission SELECT * FROM s"
cp "$tmp/planted.db" "$tmp/twice.db"
finds "mismatches: two submissions of $job write $job-1.out" \
    'two submissions of one name'
cp "$tmp/twice.db" "$tmp/planted.db"
counts 'resubmissions=1' 'submissions beyond the first'
cp "$tmp/twice.db" "$tmp/planted.db"
counts 'doubts=1' 'those in doubt'

# --- bytes and names ---------------------------------------------------------

edit hooks '$2 == hook { print; $2 = "msg_x" } 1'
finds "mismatches: ids of one event of $job" 'an event with two ids'
edit hooks '$2 == hook { print; $3 = 2; $4 = "0" } 1'
finds "mismatches: bodies of $hook" 'an id with two bodies'
edit hooks '$2 == hook { $4 = "0" } 1'
finds "mismatches: body of $hook is not the journal's" \
    'a body that was never written down'
edit hooks '$2 == hook { $6 = other } 1'
finds "mismatches: job of $hook" 'an event of another job'
edit accepted 'index($2, job) { $4 = "0" } 1'
finds "mismatches: input of $job-1" 'an input that is not what was submitted'
edit submitted '$3 == job { print; $5 = "0" } 1'
finds "mismatches: one job, several inputs or keys: $job" \
    'a job that was acknowledged for two inputs'
edit submitted '$3 == job { print; $2 = "key-x" } 1'
finds "mismatches: one job, several inputs or keys: $job" \
    'a job that was acknowledged for two keys'
edit submitted '$3 == job { print; $3 = other } 1'
finds 'mismatches: one key, several jobs: key-' 'a key with two jobs'
edit hooks '$2 == hook { $9 = "0" } 1'
finds "mismatches: result of $job" 'a result that the model did not make'
edit hooks '$6 == other { id = $7; sum = $9 }
$2 == hook { mine = $0 } $6 != job { print }
END { $0 = mine; $7 = id; $9 = sum; print }'
finds "mismatches: result of $job" 'the result of another job'

# --- what is final -----------------------------------------------------------

sqlite3 -separator "$T" "$db" "SELECT j.id, s.outcome, s.completed_at,
    coalesce(s.result_location, '') FROM job j
    JOIN job_state s ON s.seq = j.seq" >"$ledger/done.tsv"
fresh
counts 'reopened=0' 'nothing where what was done is as it was'
for to in '$2 = 2' '$3++' '$4 = $4 "x"'; do
	edit 'done' "\$1 == job { $to } 1"
	finds "reopened: $job" "what was done otherwise: $to"
done
change "UPDATE job_state SET state = 0 WHERE seq = $seq"
finds "reopened: $job" 'what was done and is not'
change "DELETE FROM job WHERE id = '$job'"
finds "reopened: $job" 'what was done and is gone'

# --- figures, the file, the crash points -------------------------------------

edit submitted '$3 != job'
counts 'strays=1' 'jobs that nobody was told of'
change "UPDATE job_state SET outcome = 2 WHERE seq = $seq"
counts 'not_ok=1' 'jobs that did not succeed'
change "UPDATE attempt SET outcome = 0 WHERE delivery = $shipped"
counts 'open=1' 'attempts that have no end'

# A page that holds rows, with its header broken.
page=$(sqlite3 "$db" "SELECT rootpage FROM sqlite_schema
    WHERE name = 'job_by_end'")
size=$(sqlite3 "$db" 'PRAGMA page_size')
printf '\377\377\377' | dd of="$tmp/planted.db" bs=1 conv=notrunc \
    seek=$(((page - 1) * size + 3)) 2>/dev/null
judged=0
sh "$abs_top_srcdir/tests/campaign/judge.sh" planted "$tmp/planted" \
    "$tmp/planted.db" >"$tmp/judged" 2>"$tmp/err" || judged=$?
ok 'a file that is broken is not well' test "$judged" -ne 0
fresh

victim() { # DIED RUNS SUBMISSIONS COPIES_MIN COPIES_MAX ATTEMPTS INTERRUPTED
	printf '1:1\t%s\t%s\n' "$(awk -F "$T" -v job="$job" \
	    '$3 == job { print $2 }' "$ledger/submitted.tsv")" "$1" \
	    >"$tmp/victims.tsv"
	shift
	cat >"$tmp/more" <<END
CREATE TABLE victims (trial, key, died);
CREATE TABLE expected (runs, submissions, copies_min, copies_max, attempts,
	interrupted);
INSERT INTO expected VALUES ($(echo "$*" | sed 's/ /, /g'));
.mode tabs
.import '$tmp/victims.tsv' victims
.mode list
.read '$abs_top_srcdir/tests/campaign/crashpoints.sql'
END
	JUDGE_MORE="$tmp/more" sh "$abs_top_srcdir/tests/campaign/judge.sh" \
	    planted "$tmp/planted" "$tmp/planted.db" >"$tmp/judged" 2>"$tmp/err"
	sed -n 's/^trials=1 //p' "$tmp/judged"
}
is "$(victim yes 1 1 1 1 1 0)" 'wrong=0' 'a trial that went by the table'
is "$(victim no 1 1 1 1 1 0)" 'wrong=1' 'nobody died'
is "$(victim yes 2 1 1 1 1 0)" 'wrong=1' 'another number of runs'
is "$(victim yes 1 2 1 1 1 0)" 'wrong=1' 'of submissions'
is "$(victim yes 1 1 2 2 1 0)" 'wrong=1' 'too few copies'
is "$(victim yes 1 1 0 0 1 0)" 'wrong=1' 'too many'
is "$(victim yes 1 1 1 1 2 0)" 'wrong=1' 'another number of attempts'
is "$(victim yes 1 1 1 1 1 1)" 'wrong=1' 'of interruptions'
edit submitted '$3 == job { next } 1'
is "$(victim yes 1 1 1 1 1 0)" 'wrong=1' 'a job that was never acknowledged'
done_testing
