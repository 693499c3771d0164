#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each row of the crash-point table, 30 times: the process dies there, at the
# n-th passage, with one job under way; it is started again, and what became of
# that job is what the table says. Each point has a world of its own; all go at
# the same time, since most of it is waiting. In those of C14 and C15 nobody is
# looked for by the schedule: SNS tells of each end, with what awaitd-local
# signs by, and again until it is answered 200.
#   SHORT=1: each point once.  TRIALS=N  POINTS="C4 C10"  SEED=N
#   PATIENCE=SECONDS, of each trial  KEEP=FOLDER
# shellcheck disable=SC2034 # for the library
campaign=crashpoints
: "${POINTS=C1 C2 C3 C4 C5 C6 C7 C8 C9 C10 C11 C12 C13 C14 C15 C16 C17 C18 C19}"
: "${PATIENCE:=60}"
if [ -n "${SHORT-}" ]; then : "${TRIALS=1}"; else : "${TRIALS=30}"; fi

# --- all worlds --------------------------------------------------------------

if [ "${1-}" != --world ]; then
	. "${abs_top_srcdir:?}/tests/campaign/lib.sh"
	echo "# crashpoints: seed=$SEED trials=$TRIALS points: $POINTS"
	for point in $POINTS; do
		SEED=$SEED TRIALS=$TRIALS PATIENCE=$PATIENCE timeout -k 10 -s TERM 900 \
		    sh "$0" --world "$point" >"$tmp/$point.out" 2>&1 &
		pids="$pids $!"
	done
	worlds=$pids
	# A world cleans up when it is asked to end.
	trap 'kill $worlds 2>/dev/null; wait $worlds; campaign_clean_up' EXIT
	points=0 runs=0 wrong=0
	for point in $POINTS; do
		wait "${worlds%% *}" 2>/dev/null
		worlds=${worlds#* }
	done
	# shellcheck disable=SC2086 # a list
	wait
	worlds=
	for point in $POINTS; do
		sed 's/^[^#]/# &/' "$tmp/$point.out"
		set -- "$(sed -n "s/^$point: trials=\([0-9]*\) .*/\1/p" \
		    "$tmp/$point.out")" "$(sed -n \
		    "s/^$point: .* wrong=\([0-9]*\)\$/\1/p" "$tmp/$point.out")"
		# What does not come to an end is wrong as a whole.
		points=$((points + 1))
		runs=$((runs + ${1:-0}))
		wrong=$((wrong + ${2:-$TRIALS}))
	done
	echo "crashpoints: points=$points runs=$runs wrong=$wrong"
	[ "$wrong" -eq 0 ] && [ "$runs" -eq $((points * TRIALS)) ]
	exit
fi

# --- one world ---------------------------------------------------------------

point=$2
. "${abs_top_srcdir:?}/tests/campaign/lib.sh"
[ -z "${KEEP-}" ] || KEEP=$KEEP/$point
awaitd_serve=${AWAITD:-$abs_top_builddir/awaitd-crash}
export AWAITD_CRASH_NOTE="$tmp/note"
: >"$tmp/victims.tsv"

# runs, submissions, copies at least and at most, attempts, interrupted.
row='1 1 1 1 1 0'
case $point in
C4) row='1 2 1 1 1 0' ;;
C10) row='1 1 1 1 2 1' ;;
C11 | C12) row='1 1 2 2 2 1' ;;
# Nobody sees the half of a file, or of two.
C18 | C19) row='1 1 1 1 2 1' ;;
# The first handler may have been killed with its parent, or go on.
C16) row='1 1 1 2 2 1' ;;
# A kill before it is as any other: the judge looks at all of them.
C17) row='NULL NULL NULL NULL NULL NULL' ;;
esac

# What a handler gets goes into the ledger of the receiver.
cat >"$tmp/handler" <<END
#!/bin/sh
cat >'$tmp/event.'\$\$
printf '%s\t%s\t%s\t%s\t200\t%s\t%s\t%s\t%s\n' "\$(date +%s000)" \
    "\$AWAITD_EVENT_ID" "\$AWAITD_ATTEMPT" \
    "\$(sha256sum <'$tmp/event.'\$\$ | cut -d ' ' -f 1)" "\$AWAITD_JOB" \
    "\$AWAITD_INFERENCE_ID" "\$AWAITD_EVENT" \
    "\$(jq -j .data.result <'$tmp/event.'\$\$ | sha256sum | cut -d ' ' -f 1)" \
    >>'$ledger/hooks.tsv'
END
chmod +x "$tmp/handler"

case $point in
C14 | C15) sns_side ;;
esac
# A result that is looked for in doubt is not there at once, and in time.
case $point in
C5 | C6)
	peer_start --result-min=250 --result-max=300
	world_conf 'doubt_grace = 5s'
	;;
*)
	peer_start --result-min=5 --result-max=30
	world_conf 'doubt_grace = 300ms'
	;;
esac
case $point in
C3) echo 'inline = never' >>"$tmp/serve.conf" ;;
C16)
	sed -i 's/^deliver = .*/deliver = exec handle/' "$tmp/serve.conf"
	printf '%s\n' '[exec handle]' "command = '$tmp/handler'" \
	    'payload = event' 'schedule = 50ms, 50ms, 50ms' >>"$tmp/serve.conf"
	;;
C18 | C19)
	# In the first each delivery is one file, in the second two.
	mkdir "$tmp/kept"
	sed -i 's/^deliver = .*/deliver = dir keep/' "$tmp/serve.conf"
	printf '%s\n' '[dir keep]' "path = $tmp/kept" 'payload = event' \
	    'schedule = 50ms, 50ms, 50ms' >>"$tmp/serve.conf"
	[ "$point" = C18 ] || sed -i '/^\[dir/,$s/= event/= raw/' "$tmp/serve.conf"
	;;
C14 | C15) told_conf ;;
esac

# What whoever looks for facts in a folder finds is the receiver's ledger: a copy
# is none, as nothing changes.
ledger_of_folder() {
	for facts in "$tmp"/kept/*.json; do
		id=${facts%.json}
		bytes=$id.out
		id=msg_${id##*.}
		result=$bytes
		if [ ! -e "$bytes" ]; then
			bytes=$facts
			result=$tmp/result
			jq -j .data.result "$facts" >"$result"
		fi
		printf '%s\t%s\t%s\t%s\t200\t%s\t%s\t%s\t%s\n' \
		    "$(date +%s000)" "$id" \
		    "$(look_into "SELECT max(n) FROM attempt, delivery d
			WHERE delivery = d.seq AND d.id = '$id'")" \
		    "$(sha256sum <"$bytes" | cut -d ' ' -f 1)" \
		    "$(jq -r .data.job "$facts")" \
		    "$(jq -r .data.inference_id "$facts")" \
		    "$(jq -r .type "$facts")" \
		    "$(sha256sum <"$result" | cut -d ' ' -f 1)" \
		    >>"$ledger/hooks.tsv"
	done
}

# died: with SIGKILL, at the place, and nobody else sent it
# shellcheck disable=SC2317 # by wait_until
dead() {
	gone "$serve_pid"
}
see_it_die() {
	died=no
	wait_until 60 dead || { kill_it; return; }
	died_status=0
	wait "$serve_pid" 2>/dev/null || died_status=$?
	serve_pid=
	[ "$died_status" -eq 137 ] && [ "$(cat "$tmp/note")" = "$point" ] &&
	    died=yes
}

# One job under way, behind n - 1 that are over.
trial() { # NUMBER N
	: >"$tmp/note"
	AWAITD_CRASH_AT="$point:$2"
	export AWAITD_CRASH_AT
	spawn
	unset AWAITD_CRASH_AT
	if [ "$2" -gt 1 ]; then
		submit $(($2 - 1)) 4 --prefix="before-$1"
		submitted "$PATIENCE"
		"$support/resting" "$socket" "$PATIENCE" || return 1
	fi
	submit 1 1 --prefix="victim-$1"
	see_it_die
	printf '%s\t%s\t%s\n' "$1:$2" "victim-$1-0" "$died" >>"$tmp/victims.tsv"
	spawn
	submitted "$PATIENCE"
	"$support/resting" "$socket" "$PATIENCE" || return 1
	[ -n "$serve_pid" ] && kill_it
	return 0
}

# --- C14 and C15: notifications ----------------------------------------------

# shellcheck disable=SC2317 # by wait_until
listens_anew() {
	[ "$(grep -c 'SNS may post to' "$tmp/serve.err")" -gt "$listening" ]
}
spawn_listening() {
	listening=$(grep -c 'SNS may post to' "$tmp/serve.err")
	spawn
	wait_until "$PATIENCE" listens_anew || stop_it "$point: nobody listens"
	sns_ready
}

# shellcheck disable=SC2317 # by wait_until
has_run() { # INFERENCE: its result is there
	awk -F '\t' -v id="$1" -v now="$(date +%s%3N)" \
	    '$3 == id && $2 + 20 < now { n++ } END { exit !n }' "$ledger/runs.tsv"
}
# Writes what SNS tells of a job, and sets letter and message.
write_letter() { # KEY
	inference=$(awk -F '\t' -v key="$1" '$2 == key { print $3 "-1"; exit }' \
	    "$ledger/submitted.tsv")
	wait_until "$PATIENCE" has_run "$inference" || return 1
	letter=$tmp/letter.$1
	echo "$inference" >"$tmp/inference"
	INFERENCES="$tmp/inference" "$support/snspeer" write "$letter" \
	    "$tmp/data/sns.key" "$certificate" "$topic" 1 || return 1
	message=$(jq -r .MessageId "$letter")
}
# What SNS hears; 000 where there is no answer.
post_letter() {
	answered=$(curl -sS --max-time 20 -o "$tmp/answer" -w '%{http_code}' \
	    --data-binary @"$letter" "http://127.0.0.1:$sns_port/sns" \
	    2>"$tmp/curl.err")
	printf '%s\t%s\t%s\n' "$message" "$inference" "$answered" \
	    >>"$ledger/notices.tsv"
	[ "$answered" = 200 ]
}
# As trial(), told by SNS. At the death the last was not answered, and only at
# C15 it is on disk. It comes again, is taken for what it is, and then all are.
told_trial() { # NUMBER N
	: >"$tmp/note"
	AWAITD_CRASH_AT="$point:$2"
	export AWAITD_CRASH_AT
	spawn_listening
	unset AWAITD_CRASH_AT
	told=0
	while [ $((told += 1)) -lt "$2" ]; do
		submit 1 1 --prefix="before-$1-$told"
		submitted "$PATIENCE"
		write_letter "before-$1-$told-0" && post_letter || return 1
		"$support/resting" "$socket" "$PATIENCE" || return 1
	done
	submit 1 1 --prefix="victim-$1"
	submitted "$PATIENCE"
	write_letter "victim-$1-0" || return 1
	post_letter || :
	see_it_die
	case "$point $answered $(compare_notices)" in
	'C14 000 0 0') again=taken ;;
	'C15 000 0 1') again=copy ;;
	*) died=half again= ;;
	esac
	spawn_listening
	post_letter && [ "$(sns_metric "$again")" = 1 ] || died=refused
	"$support/resting" "$socket" "$PATIENCE" || return 1
	[ -n "$serve_pid" ] && kill_it
	[ "$(compare_notices)" = '0 0' ] || died=forgotten
	printf '%s\t%s\t%s\n' "$1:$2" "victim-$1-0" "$died" >>"$tmp/victims.tsv"
}

# --- C17: the migration ------------------------------------------------------

# The tables of the database as version 2 had them, with what is in them. Ran
# while nobody has it open.
downgrade() {
	rm -f "$tmp/old.db" "$tmp/new.db" "$tmp/new.db-wal"
	cp "$db" "$tmp/new.db"
	[ ! -e "$db-wal" ] || cp "$db-wal" "$tmp/new.db-wal"
	for table in job job_state submission delivery delivery_body attempt; do
		echo "SELECT 'INSERT INTO $table (' || group_concat(o.name, ', ')
		|| ') SELECT ' || group_concat(o.name, ', ')
		|| ' FROM new.$table;' FROM pragma_table_info('$table') o
		WHERE o.name IN (SELECT name
			FROM pragma_table_info('$table', 'new'));"
	done >"$tmp/columns.sql"
	{
		cat "$abs_top_srcdir/tests/campaign/schema_v2.sql"
		echo 'PRAGMA application_id = 1635214452;'
		echo 'PRAGMA user_version = 2;'
	} | sqlite3 "$tmp/old.db" &&
	    sqlite3 "$tmp/old.db" "ATTACH '$tmp/new.db' AS new" \
		".read '$tmp/columns.sql'" >"$tmp/copy.sql" &&
	    sqlite3 -bail "$tmp/old.db" "ATTACH '$tmp/new.db' AS new" \
		'BEGIN' ".read '$tmp/copy.sql'" 'COMMIT' || return 1
	rm -f "$db-wal" "$db-shm"
	mv "$tmp/old.db" "$db"
}

# Jobs in all states, a file of the older version, a death on the way to the
# newer: the file is as it was, and the next start brings all of it over.
migration() { # NUMBER PASSAGE
	spawn
	submit 8 4 --prefix="before-$1"
	submitted "$PATIENCE"
	kill_it
	downgrade || stop_it "$point: no older file can be made"
	before=$(look_into 'SELECT count(*) || sum(state) FROM job_state')
	: >"$tmp/note"
	AWAITD_CRASH_AT="$point:$2"
	export AWAITD_CRASH_AT
	spawn
	unset AWAITD_CRASH_AT
	see_it_die
	[ "$(look_into 'PRAGMA user_version')" = 2 ] &&
	    [ "$(look_into 'SELECT count(*) || sum(state) FROM job_state')" = \
		"$before" ] || died=half
	printf '%s\t%s\t%s\n' "$1:$2" "before-$1-0" "$died" \
	    >>"$tmp/victims.tsv"
	spawn
	"$support/resting" "$socket" "$PATIENCE" || return 1
	kill_it
}

# --- all trials --------------------------------------------------------------

one=trial passages=4
case $point in
C14 | C15) one=told_trial ;;
esac
# One for each step from version 2 (store/sqlite_migrate.c).
[ "$point" != C17 ] || one=migration passages=12
i=0
dice "$TRIALS" 1 "$passages" >"$tmp/dice"
while read -r n; do
	i=$((i + 1))
	"$one" "$i" "$n" || stop_it "$point: trial $i does not end"
done <"$tmp/dice"
spawn
"$support/resting" "$socket" "$PATIENCE"
stop_serve
case $point in
C18 | C19) ledger_of_folder ;;
esac

cat >"$tmp/script" <<END
CREATE TABLE victims (trial, key, died);
CREATE TABLE expected (runs, submissions, copies_min, copies_max, attempts,
	interrupted);
INSERT INTO expected VALUES ($(echo "$row" | sed 's/ /, /g'));
.mode tabs
.import '$tmp/victims.tsv' victims
.mode list
.read '$abs_top_srcdir/tests/campaign/crashpoints.sql'
END
export JUDGE_MORE="$tmp/script"
judge "$point" || :
line=$(sed -n 's/^trials=/&/p' "$tmp/judged")
# A promise that is broken for any job is not the outcome of the table either.
[ "$judged" -eq 0 ] && [ "$(figure strays)" = 0 ] && [ "$serve_status" -eq 0 ] &&
    sanitizer_silent ||
    line="trials=$TRIALS wrong=$TRIALS"
sed -n '1s/^/# /p' "$tmp/judged"
echo "$point: $line"
