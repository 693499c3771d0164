#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a new run removes of the old ones, and what it must not touch.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
reseal=$abs_top_builddir/tests/support/reseal
local_start
state=$AWAITD_STATE

# A finished job whose file name, and so its beginning, is years old.
# old_run ID ENDED_AT
old_run() {
	run invoke -e cat "$tmp/in"
	set -- "$1" "$2" "$("$awaitd" list --json | tail -n 1 | jq -r .job)"
	"$reseal" "$state/$3.db" "DROP TRIGGER done_is_final;
	    UPDATE job SET id = '$1';
	    UPDATE job_state SET completed_at = $2" 2>"$tmp/sql.err"
	mv "$state/$3.db" "$state/$1.db"
}

now=$(date +%s)000
past=00000000010000000000000000
recent=00000000020000000000000000
waiting=00000000030000000000000000
held=00000000040000000000000000
empty=00000000050000000000000000

echo text >"$tmp/in"
old_run $recent "$now"
old_run $waiting 1000
"$reseal" "$state/$waiting.db" \
    'UPDATE job_state SET state = 1, outcome = 0, completed_at = 0'
# Somebody carries this one.
old_run $held 1000
flock --no-fork "$state/$held.db" sleep 60 &
pids="$pids $!"
wait_until 10 sh -c "! flock -n '$state/$held.db' true"
old_run $past 1000
: >"$state/$empty.db"
touch -d '2 days ago' "$state/$past.input"
touch "$state/$recent.input"
mkdir "$state/$past.db.copy-abcdef"
touch "$state/$past.db.copy-abcdef/copy.db"
touch -d '2 days ago' "$state/$past.db.copy-abcdef"
echo mine >"$state/notes.db"
touch -d '2 days ago' "$state/notes.db"

run list
is "$status" 0 'the list can be read'
run invoke -e cat "$tmp/in"
is "$status" 0 'a new run is ok'
ok 'a run that ended before the retention is gone' test ! -e "$state/$past.db"
ok 'one that began before it and ended within stays' \
    test -e "$state/$recent.db"
ok 'one that is not done stays' test -e "$state/$waiting.db"
ok 'one that somebody holds stays' test -e "$state/$held.db"
ok 'one that died before its first job is gone' test ! -e "$state/$empty.db"
ok 'an old copy of standard input is gone' test ! -e "$state/$past.input"
ok 'a young one stays' test -e "$state/$recent.input"
ok 'an old copy of a state file is gone' \
    test ! -e "$state/$past.db.copy-abcdef"
ok 'what is not ours stays' test -e "$state/notes.db"

old_run $past 1000
run invoke -e cat --set awaitd.retention=36500d "$tmp/in"
ok 'with a long retention all is kept' test -e "$state/$past.db"
done_testing
