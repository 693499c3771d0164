#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# awaitd-local's own promises: what it accepted ends in exactly one object,
# whatever happens to it; what it did not accept leaves nothing.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
local_start
cd "$tmp" || exit 1

objects() { # PREFIX: how many keys lie there
	"$rawcall" GET "/bucket?list-type=2&prefix=$1" | grep -o '<Key>' | wc -l
}
# shellcheck disable=SC2317 # by wait_until
all_there() {
	[ "$(($(objects out) + $(objects failed)))" -ge "$1" ]
}

# --- kill -9 with requests waiting and requests at work ---
i=0
while [ $i -lt 20 ]; do
	i=$((i + 1))
	printf '%s\n' $i >in.$i
done
run submit -e slow in.*
is "$status" 0 'twenty requests are accepted'
cp out ids
wait_until 20 has began . 8
is "$(objects out)" 0 'eight run, twelve wait, none is through'
local_kill
: >go
local_start
ok 'after kill -9 and a start all come to their end' wait_until 30 all_there 20
is "$(objects out):$(objects failed)" 20:0 'in one object each'
n=0
wrong=0
while read -r job; do
	n=$((n + 1))
	run wait "$job"
	cat out >>results
	[ "$status" -eq 0 ] || wrong=$((wrong + 1))
done <ids
is "$n:$wrong" 20:0 'each job gets its result'
is "$(sort -n results)" "$(seq 20)" 'and each result is that of one input'

# --- kill -9 again and again, while requests keep coming ---
round=0
while [ $round -lt 4 ]; do
	round=$((round + 1))
	start load submit -e cat --timeout 60s --set 'endpoint cat.doubt_grace=1s' in.*
	wait_until 20 sh -c "[ \$(grep -c 'POST.*status=202' local.log) -ge \
	    $((20 * round + 5)) ]"
	local_kill
	local_start
	finish load "$pid"
	is "$status" 0 "round $round: all are accepted in the end"
	cat load.out >>ids
done
wrong=0
while read -r job; do
	run wait --set 'endpoint cat.doubt_grace=1s' "$job"
	[ "$status" -eq 0 ] || wrong=$((wrong + 1))
done <ids
is "$(wc -l <ids):$wrong" 100:0 'a hundred jobs, a hundred results'
sent=$(sqlite3 data/local.db 'SELECT count(*) FROM request' 2>sql.err || echo 0)
is "$sent" 0 'nothing is left in the queue'

# --- SIGTERM ---
rm -f go began
: >began
run submit -e slow in.1
job=$(cat out)
wait_until 20 has began .
local_stop
is "$local_status" 0 'SIGTERM is exit status 0'
is "$(pgrep -f "slow.sh.*$tmp/go" | wc -l)" 0 'and no model is left behind'
: >go
local_start
run wait "$job"
is "$status" 0 'what was at work then is done after a start'
same out in.1 'with the right result'
is "$(find data -name '*tmp*' -type f | wc -l)" 0 'with no half file left'

# --- a client that breaks off ---
head -c 50000000 /dev/zero >large
before=$(find data -type f | wc -l)
start leave submit -e cat --input-prefix s3://bucket/in large
wait_until 20 sh -c "test -n \"\$(find data/objects data/tmp -type f -size +1k -newer large)\""
kill -KILL "$pid"
finish leave "$pid"
ok 'a PUT broken off leaves no file' \
    wait_until 20 sh -c "[ \$(find data -type f | wc -l) -le $before ]"
is "$(objects in/)" 0 'and no object'

# --- two of them in one folder; a second start ---
status=0
timeout 20 "$awaitd_local" -c local.conf --data data --listen 127.0.0.1:0 \
    2>second.err || status=$?
ok 'a second awaitd-local does not start in the same folder' \
    test "$status" -ne 0
like "$(cat second.err)" '*another awaitd-local uses *' 'and says why'
ok 'the first one goes on' kill -0 "$local_pid"
# --- a folder of a version before ---
for version in 1 2; do
	local_stop
	rm -rf data
	mkdir data
	sqlite3 data/local.db <"$abs_top_srcdir/local/schema.sql"
	[ $version -lt 2 ] ||
	    sqlite3 data/local.db <"$abs_top_srcdir/local/schema_2.sql"
	sqlite3 data/local.db "PRAGMA user_version = $version;
	    INSERT INTO request (inference_id, endpoint, body, output, failure,
		accepted_at, ttl_s, timeout_s) VALUES ('old', 'cat', x'6f6c64',
		's3://bucket/out/old', 's3://bucket/failed/old',
		$(date +%s)000, 21600, 900)"
	local_start
	ok "what was queued by version $version is run" \
	    wait_until 30 all_there 1
	is "$("$rawcall" GET /bucket/out/old | tail -n 1)" old \
	    'with its payload'
	is "$(sqlite3 data/local.db 'PRAGMA user_version')" 3 \
	    'and the folder is of this one'
done

done_testing
