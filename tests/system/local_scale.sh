#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A burst of requests on containers: from none to as many as may be and back,
# never more at once than one may have, with kill -9 on the way; every request
# that was accepted ends in just one object. The containers' own journal tells
# what ran.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
: "${COUNT=1000}" "${KILLS=2}"
support=$abs_top_builddir/tests/support
journal=$tmp/journal
: >"$journal"
cat >>"$tmp/local.conf" <<END
[endpoint scale]
serve = "$support/testcontainer" --journal "$journal"
max_instances = 4
max_concurrent_invocations_per_instance = 2
backlog_per_instance = 10
scale_in_after = 1s
s3_output_path = s3://bucket/scale/out
s3_failure_path = s3://bucket/scale/failed
END
local_log=info
local_start

keys() { # PREFIX: all of them, a line each
	after=
	while :; do
		"$rawcall" GET \
		    "/bucket?list-type=2&prefix=scale%2F$1&start-after=$after" |
		    grep -o '<Key>[^<]*' | cut -c 6- >"$tmp/page"
		[ -s "$tmp/page" ] || break
		cat "$tmp/page"
		after=$(tail -n 1 "$tmp/page" | sed 's|/|%2F|g')
	done
}
# shellcheck disable=SC2317 # by wait_until
all_there() {
	[ "$(($(keys out | wc -l) + $(keys failed | wc -l)))" -ge "$1" ]
}
containers() { # how many of those that ever started live
	awk '$2 == "start" { print $1 }' "$journal" >"$tmp/started"
	n=0
	while read -r pid; do
		gone "$pid" || n=$((n + 1))
	done <"$tmp/started"
	echo $n
}
# shellcheck disable=SC2317 # by wait_until
none_left() {
	[ "$(containers)" = 0 ]
}

# --- a burst ---
is "$(containers)" 0 'without a backlog nothing runs'
"$support/burst" scale "$COUNT" 32 100 'sleep 20 ' >"$tmp/places" 2>"$tmp/burst"
is "$?" 0 "$COUNT requests are accepted ($(cat "$tmp/burst"))"
ok 'all come to their end' wait_until 120 all_there "$COUNT"
is "$(keys failed | wc -l)" 0 'none of them as a failure'
keys out | sed 's|^|s3://bucket/|' | sort >"$tmp/there"
cut -d ' ' -f 1 "$tmp/places" | sort >"$tmp/wanted"
same "$tmp/there" "$tmp/wanted" 'each where it was said'
is "$(grep -c ' start ' "$journal")" 4 'as many containers as may be were started'
is "$(awk '$2 == "begin" { if (++n[$1] > most) most = n[$1] }
    $2 == "worked" { n[$1]-- } END { print most }' "$journal")" 2 \
    'none of them ever had more than its two'
ok 'and they are stopped when nothing is left to do' wait_until 60 none_left
is "$(grep -c ' begin ' "$journal")" "$COUNT" 'every request ran once'

# --- kill -9 in the middle ---
: >"$journal"
killed=0
start_burst() {
	"$support/burst" scale "$COUNT" 32 100 'sleep 20 ' >"$tmp/more" \
	    2>"$tmp/burst" &
	burst=$!
	pids="$pids $burst"
}
start_burst
# Once while they come, then while they run.
wait_until 60 has "$tmp/more" . $((COUNT / 10))
local_kill
local_start
while [ "$killed" -lt "$KILLS" ]; do
	killed=$((killed + 1))
	wait_until 60 has "$journal" ' end ' $((killed * COUNT / (KILLS + 2)))
	local_kill
	local_start
done
wait "$burst"
is "$?" 0 "after kill -9, $((KILLS + 1)) times, as many are accepted ($(cat "$tmp/burst"))"
cat "$tmp/more" >>"$tmp/places"
ok 'all come to their end' wait_until 120 all_there $((2 * COUNT))
ok 'and the containers to theirs' wait_until 60 none_left
keys failed >"$tmp/failed"
keys out | sed 's|^|s3://bucket/|' | sort >"$tmp/there"
cut -d ' ' -f 1 "$tmp/places" | sort >"$tmp/wanted"
is "$(comm -13 "$tmp/there" "$tmp/wanted" | wc -l):$(wc -l <"$tmp/failed")" 0:0 \
    'each that was accepted has its object'
unheard=$(sed -n 's/.*lost=\([0-9]*\).*/\1/p' "$tmp/burst")
extra=$(comm -23 "$tmp/there" "$tmp/wanted" | wc -l)
ok "others are no more than those whose answer was lost ($extra of $unheard)" \
    test "$extra" -le "$unheard"
is "$(awk '$2 == "begin" { if (++n[$1] > most) most = n[$1] }
    $2 == "worked" { n[$1]-- } END { print most }' "$journal")" 2 \
    'none ever had more than its two'
ran=$(grep -c ' begin ' "$journal")
echo "# scale: requests=$((2 * COUNT)) kills=$((killed + 1)) objects=$(wc -l <"$tmp/there") reruns=$((ran - $(wc -l <"$tmp/there") + COUNT))"
local_stop
is "$local_status" 0 'it stops well'
done_testing
