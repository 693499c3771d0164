#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# 2,000 times one bit of a database file becomes the other, and the store reads
# all of it as a service does (tests/support/bitrot); 50 times the whole service
# runs on such a file. What leaves must be what the intact database leads to,
# nothing may crash, and a row that reads differently must be told of.
# SHORT=1: 100 times, and 3.
#   SEED=N FLIPS=N WHOLE=N JOBS=N KEEP=FOLDER AWAITD=PROGRAM BITROT=PROGRAM
# shellcheck disable=SC2034 # for the library
campaign=bitrot
. "${abs_top_srcdir:?}/tests/campaign/lib.sh"
. "$abs_top_srcdir/tests/campaign/disks.sh"
if [ -n "$short" ]; then
	: "${FLIPS=100}" "${WHOLE=3}" "${JOBS=120}"
else
	: "${FLIPS=2000}" "${WHOLE=50}" "${JOBS=300}"
fi
echo "# bitrot: seed=$SEED flips=$FLIPS whole=$WHOLE jobs=$JOBS"
awaitd_serve=${AWAITD-$awaitd}
serve_log=warn
bitrot=${BITROT-$support/bitrot}
# In memory where that can be had: what is asked here is no disk's affair, and
# each flip has some commits.
mkdir -p "$AWAITD_STATE"
trap disk_clean_up EXIT
mount -t tmpfs -o mode=700,size=64M tmpfs "$AWAITD_STATE" 2>/dev/null || :

"$bitrot" make "$tmp/intact.db" "$JOBS" || stop_it 'no database'
"$bitrot" sums "$tmp/intact.db" >"$tmp/sums" || stop_it 'no sums'
status=0
timeout 1200 "$bitrot" run "$tmp/intact.db" "$AWAITD_STATE/work.db" "$SEED" "$FLIPS" \
    >"$tmp/run.out" 2>"$tmp/run.err" || status=1
grep '^#' "$tmp/run.out" | head -n 40
cat "$tmp/run.err"
of() { # NAME: a figure of that
	sed -n "s/^flips=.* $1=\([^ ]*\).*/\1/p" "$tmp/run.out"
}
[ -n "$(of changed)" ] || stop_it 'bitrot says nothing'

# --- with the whole service ---

peer_start --result-min=60000 --result-max=60000
world_conf 'doubt_grace = 300ms'
refused=0 crashes=0 told=0 wrong=0 delivered=0
# shellcheck disable=SC2317 # by wait_until
decided() {
	gone "$serve_pid" || {
		api GET '/v1/deliveries?limit=1' && [ "$code" = 200 ]
	}
}
# shellcheck disable=SC2317 # by wait_until
nothing_waits() {
	gone "$serve_pid" || {
		api GET '/v1/deliveries?state=waiting&limit=1' &&
		    jq -e '.deliveries == []' "$tmp/out" >/dev/null
	}
}

whole=0
while [ "$whole" -lt "$WHOLE" ]; do
	whole=$((whole + 1))
	rm -rf "${AWAITD_STATE:?}"/*
	chmod 700 "$AWAITD_STATE"
	cp "$tmp/intact.db" "$db"
	where=$("$bitrot" flip "$db" "$((SEED + whole * 1000003))")
	: >"$tmp/serve.err"
	spawn
	wait_until 20 decided || stop_it "neither ready nor gone: $where"
	wait_until 5 nothing_waits || :
	if gone "$serve_pid"; then
		ended=0
		wait "$serve_pid" || ended=$?
		serve_pid=
		refused=$((refused + 1))
	else
		stop_serve
		ended=$serve_status
	fi
	[ "$ended" -lt 124 ] || {
		crashes=$((crashes + 1))
		echo "# whole $whole: status $ended: $where"
	}
	[ "$ended" -eq 0 ] || [ -s "$tmp/serve.err" ] || {
		crashes=$((crashes + 1))
		echo "# whole $whole: it ended without a word: $where"
	}
	! grep -qE 'damaged|not what was written' "$tmp/serve.err" ||
	    told=$((told + 1))
	cat "$tmp/serve.err" >>"$tmp/serve.all"
done
mv "$tmp/serve.all" "$tmp/serve.err" 2>/dev/null || :

# Bodies of webhooks, and inputs of the model.
for ledger_name in accepted hooks; do
	[ -e "$ledger/$ledger_name.tsv" ] || : >"$ledger/$ledger_name.tsv"
done
{
	awk -F '\t' '{ print "hook", $2, $4 }' "$ledger/hooks.tsv"
	awk -F '\t' '{ print "input", substr($2, 1, 26), $4 }' \
	    "$ledger/accepted.tsv"
} >"$tmp/left"
tr '\t' ' ' <"$tmp/sums" | sort -u >"$tmp/may"
sort -u "$tmp/left" | comm -23 - "$tmp/may" >"$tmp/wrong"
sed 's/^/# not what was written: /' "$tmp/wrong" | head -n 20
wrong=$(wc -l <"$tmp/wrong")
delivered=$(wc -l <"$tmp/left")

wrong=$((wrong + $(of wrong_bytes)))
crashes=$((crashes + $(of crashes)))
[ "$wrong" -eq 0 ] || status=1
[ "$crashes" -eq 0 ] || status=1
[ "$delivered" -gt 0 ] || status=1
sanitizer_silent || status=1
# One in a thousand, and of fewer one.
[ "$(of missed)" -le $((($(of changed) + 999) / 1000)) ] || status=1
echo "# in one process: $(tail -n 1 "$tmp/run.out")"
echo "# whole: runs=$whole refused=$refused told=$told left=$delivered"
echo "bitrot: flips=$FLIPS changed=$(of changed) detected=$(of detected)" \
    "wrong_bytes=$wrong crashes=$crashes refused=$(of refused)" \
    "detected_share=$(of detected_share) unread=$(of unread)" \
    "astray=$(of astray) idle=$(of idle) lost_keys=$(of lost_keys)" \
    "seed=$SEED"
[ "$status" -eq 0 ] || keep
exit "$status"
