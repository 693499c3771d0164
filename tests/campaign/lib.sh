# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154
# What campaigns have in common: a peer, a submitter, awaitd between them, and
# the judge at the end. All is in $tmp, and ends with the script.
#
#	. "${abs_top_srcdir:?}/tests/campaign/lib.sh"
#	peer_start --lose=0.3
#	world_conf
#	spawn
#	submit 100 16
#	run_to_the_end 60
#	judge kill kills=3

. "${abs_top_srcdir:?}/tests/system/lib.sh"

support=$abs_top_builddir/tests/support
ledger=$tmp/ledger
mkdir "$ledger"
: "${SEED=$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')}"
short=${SHORT-}
# A build that is broken on purpose, for mutants.sh.
awaitd_serve=${AWAITD:-$awaitd}
db=$AWAITD_STATE/serve.db

# Those that come and go are not in $pids: their numbers may be others' soon.
campaign_clean_up() {
	[ -z "$serve_pid" ] || kill_it
	[ -z "${CHECK_SECRETS-}" ] || secret_check
	clean_up
}
trap campaign_clean_up EXIT

stop_it() { # WHY: nothing can be judged
	echo "$campaign: $1 (seed=$SEED)" >&2
	[ ! -s "$tmp/serve.err" ] || tail -n 10 "$tmp/serve.err" >&2
	exit 2
}

# A failure leaves what it left behind where KEEP says.
keep() {
	[ -z "${KEEP-}" ] || { mkdir -p "$KEEP" && cp -r "$tmp/." "$KEEP"; }
}

# --- the other side ----------------------------------------------------------

peer_start() { # KNOB...: sets peer_port
	rm -f "$tmp/peer.port"
	"$support/peer" --port-file "$tmp/peer.port" --ledger "$ledger" \
	    --seed="$SEED" "$@" 2>>"$tmp/peer.err" &
	peer_pid=$!
	pids="$pids $peer_pid"
	wait_until 20 test -s "$tmp/peer.port" || stop_it 'peer does not start'
	peer_port=$(cat "$tmp/peer.port")
	export AWS_ENDPOINT_URL="http://127.0.0.1:$peer_port"
}

# --- awaitd ------------------------------------------------------------------

# world_conf [LINE...]: lines for [endpoint peer]
world_conf() {
	[ -e "$tmp/secret" ] || hook_secret "$tmp/secret"
	cat >"$tmp/serve.conf" <<END
[webhook hook]
url = http://127.0.0.1:$peer_port/hook
allow_networks = 127.0.0.0/8
secret_file = $tmp/secret
schedule = $(yes 50ms | head -n 32 | paste -sd, | sed 's/,/, /g')
max_in_flight = ${hooks_in_flight:-32}
[endpoint peer]
output_path = s3://peer/out
input_prefix = s3://peer/in
poll_start = 50ms
poll_max = 100ms
deliver = webhook hook
END
	printf '%s\n' "${@:-doubt_grace = 300ms}" >>"$tmp/serve.conf"
}

# Begins the service and waits for nothing.
spawn() {
	"$awaitd_serve" serve --config "$tmp/serve.conf" \
	    --log-level "${serve_log:-error}" </dev/null 2>>"$tmp/serve.err" &
	serve_pid=$!
}

kill_it() {
	kill_ours "$serve_pid"
	serve_pid=
}

# Sets serve_status.
stop_serve() {
	end_ours "$serve_pid"
	serve_status=0
	wait_until 60 over "$serve_pid" || kill -KILL "$serve_pid"
	wait "$serve_pid" || serve_status=$?
	serve_pid=
}

# submit COUNT CONCURRENCY [OPTION...]: in the background; sets submitter_pid
submit() {
	submit_n=$1
	submit_k=$2
	shift 2
	"$support/submitter" "$socket" peer "$submit_n" "$submit_k" \
	    --ledger "$ledger" "$@" 2>>"$tmp/submitter.err" &
	submitter_pid=$!
	pids="$pids $submitter_pid"
}

# shellcheck disable=SC2317 # by wait_until
submitted_or_dead() {
	gone "$submitter_pid" || gone "$serve_pid"
}

# Waits at most SECONDS for all acknowledgements.
submitted() { # SECONDS
	wait_until "$1" submitted_or_dead ||
	    stop_it "the submitter is not served: $(wc -l <"$ledger/submitted.tsv")"
	gone "$submitter_pid" || stop_it 'awaitd ended by itself'
	wait "$submitter_pid" ||
	    stop_it "the submitter fails: $(tail -n 1 "$tmp/submitter.err")"
}

# Is nothing under way now?
# shellcheck disable=SC2317 # by wait_until
at_rest() {
	"$support/resting" "$socket" 0 2>/dev/null
}

# Until every job ended and every delivery did; then stops the service.
run_to_the_end() { # SECONDS
	[ -n "$serve_pid" ] || spawn
	"$support/resting" "$socket" "$1" 2>"$tmp/resting.err" ||
	    sed "s/^/# after $1 s: /" "$tmp/resting.err"
	stop_serve
}

# --- notifications -----------------------------------------------------------

# SNS signs by what awaitd-local has, which gives its certificate to awaitd; all
# else is the peer's, which begins behind it.
sns_side() { # sets certificate and topic
	local_start
	export AWS_ENDPOINT_URL_SNS="$AWS_ENDPOINT_URL"
	certificate=$(sns_certificate)
	topic=$topics:ended
	: >"$ledger/notices.tsv"
	: >"$tmp/serve.err"
}

# Behind world_conf: nobody is looked for by the schedule.
told_conf() {
	sed -i '/^poll_/d' "$tmp/serve.conf"
	printf '%s\n' 'poll_interval = 1h' '[metrics]' \
	    'listen = 127.0.0.1:0' '[sns]' 'listen = 127.0.0.1:0' \
	    "topic = $topic" >>"$tmp/serve.conf"
	serve_log=info # which says where it listens
}

# What the file as it lies there gives.
look_into() { # SQL...
	cp "$db" "$tmp/look.db"
	rm -f "$tmp/look.db-wal"
	[ ! -e "$db-wal" ] || cp "$db-wal" "$tmp/look.db-wal"
	sqlite3 "$tmp/look.db" "$@"
}

# Of the messages that were answered with 200, those that are not on disk; and
# those that are, and were not.
compare_notices() {
	look_into 'CREATE TEMP TABLE sent (id, inference, answered)' \
	    '.mode tabs' ".import '$ledger/notices.tsv' sent" '.mode list' \
	    "SELECT (SELECT count(DISTINCT id) FROM sent WHERE answered = '200'
		AND id NOT IN (SELECT message_id FROM notice))
	    || ' ' || (SELECT count(*) FROM notice
		WHERE source <> '$topic' OR message_id NOT IN
		(SELECT id FROM sent WHERE answered = '200'))"
}

# --- the judge ---------------------------------------------------------------

# What is DONE now may not change any more. The service must not run.
note_done() {
	cp "$db" "$tmp/seen.db" || return 0
	rm -f "$tmp/seen.db-wal"
	[ ! -e "$db-wal" ] || cp "$db-wal" "$tmp/seen.db-wal"
	sqlite3 -separator '	' "$tmp/seen.db" "
	SELECT j.id, s.outcome, s.completed_at, coalesce(s.result_location, '')
	FROM job j JOIN job_state s ON s.seq = j.seq WHERE s.state = 2" \
	    >>"$ledger/done.tsv" 2>/dev/null || :
	rm -f "$tmp"/seen.db*
}

judge() { # NAME KEY=VALUE...: judge.sh, for what is in $tmp
	judge_name=$1
	shift
	judged=0
	sh "$abs_top_srcdir/tests/campaign/judge.sh" "$judge_name" "$ledger" \
	    "$db" "$@" >"$tmp/judged" || judged=$?
	sed -n '/^#/p' "$tmp/judged"
	[ "$judged" -eq 0 ] || keep
	return "$judged"
}

# One figure of the last judgement.
figure() { # NAME
	sed -n "s/.*[ :]$1=\([^ ]*\).*/\1/p" "$tmp/judged" | head -n 1
}

sanitizer_silent() {
	! grep -qE 'Sanitizer|runtime error:' "$tmp/serve.err" "$tmp/peer.err" \
	    "$tmp/submitter.err" 2>/dev/null
}

# Numbers in [LO, HI], the same for the same seed: N lines
dice() { # N LO HI
	awk -v seed="$SEED" -v n="$1" -v lo="$2" -v hi="$3" 'BEGIN {
		srand(seed)
		for (i = 0; i < n; i++)
			print lo + int(rand() * (hi - lo + 1))
	}'
}
