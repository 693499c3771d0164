#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# awaitd batch, killed with kill -9 at random moments and started again, until
# all is done: first by itself, then with a service that is killed as well.
# What was submitted is counted by awaitd-local and by the model, each result is
# compared with what the model must give. No input is submitted twice but where
# the state file says that a submission was in doubt.
#   INPUTS=5000 KILLS=3 SEED=N SHORT=1 KEEP=FOLDER
# shellcheck disable=SC2018,SC2019,SC2034,SC2317 # the library; wait_until
campaign="batch"
. "${abs_top_srcdir:?}/tests/campaign/lib.sh"
: "${INPUTS=${short:+300}}" "${KILLS=3}"
: "${INPUTS:=5000}"
inputs=$INPUTS
batch_awaitd=${AWAITD:-$awaitd}
echo "# batch: seed=$SEED"

cat >"$tmp/model.sh" <<'END'
input=$(cat)
printf '%s\n' "$input" >>"$1"
printf '%s\n' "$input" | tr 'a-z' 'A-Z'
END
cat >"$tmp/local.conf" <<END
[endpoint upper]
command = sh "$tmp/model.sh" "$tmp/runs"
s3_output_path = s3://bucket/out
s3_failure_path = s3://bucket/failed
max_concurrent_invocations_per_instance = 4
END
cat >"$tmp/serve.conf" <<END
[endpoint upper]
poll_start = 50ms
poll_max = 200ms
doubt_grace = 500ms
END
mkdir "$tmp/in" "$tmp/in/sub"
awk -v n="$inputs" -v seed="$SEED" -v dir="$tmp/in" 'BEGIN {
	srand(seed)
	for (i = 0; i < n; i++) {
		file = dir "/" (i % 3 ? "" : "sub/") "f" i
		printf "input %d %d\n", i, int(rand() * 1e9) >file
		close(file)
	}
}'

# Behind so many lines of results each, the first ones soon.
moments() { # SALT N
	awk -v seed="$SEED" -v salt="$1" -v n="$2" -v inputs="$inputs" 'BEGIN {
		srand(seed + salt)
		for (i = 0; i < n; i++)
			print int(rand() * rand() * inputs * 0.7)
	}' | sort -n
}

lines() {
	[ ! -e "$out/results.jsonl" ] || wc -l <"$out/results.jsonl"
}
reached() { # LINES
	gone "$batch_pid" || [ "$(lines | grep . || echo 0)" -ge "$1" ]
}

# A few are done before anybody can kill what does them, but for a rate.
batch_begin() {
	"$batch_awaitd" batch -O "$out" -c "$tmp/serve.conf" -e upper \
	    --max-in-flight 50 ${short:+--rate 100} "$@" "$tmp/in" </dev/null \
	    >>"$tmp/batch.out" 2>>"$tmp/batch.err" &
	batch_pid=$!
}

# A batch that begins where nobody answers says so, and ends.
answers() {
	curl -fs --max-time 5 --unix-socket "$socket" -o /dev/null \
	    http://awaitd/healthz
}
answered() {
	[ -z "$serve_pid" ] || wait_until 60 answers ||
	    stop_it 'the service does not answer'
}

served_kill() {
	kill -KILL "$serve_pid"
	wait "$serve_pid" 2>/dev/null
}

# It has ended: the service was killed before this one had found it.
unheard() {
	gone "$batch_pid" &&
	    grep -q 'no service answers.*jobs of the batch' "$tmp/batch.err"
}
begin_again() { # [OPTION...]
	: >"$tmp/batch.err"
	answered
	batch_begin "$@"
}

ended() { # sets batch_status
	wait_until "$PATIENCE" gone "$batch_pid" ||
	    stop_it "no end at $(lines)"
	batch_status=0
	wait "$batch_pid" || batch_status=$?
}

# Until all is done, with KILLS kills of the batch, and as many of a service.
carry_out() { # [OPTION...]
	moments "$1" "$KILLS" >"$tmp/moments"
	moments "$1$1" 2 >"$tmp/serve.moments"
	shift
	kills=0
	batch_begin "$@"
	# shellcheck disable=SC2013
	for moment in $( (sed 's/$/ b/' "$tmp/moments"
		[ -z "$serve_pid" ] || sed 's/$/ s/' "$tmp/serve.moments") |
		sort -n | tr -d ' '); do
		wait_until "${PATIENCE:=600}" reached "${moment%?}" ||
		    stop_it "no progress at $(lines)"
		if [ "${moment#"${moment%?}"}" = s ]; then
			served_kill
			spawn
			continue
		fi
		! unheard || begin_again "$@"
		gone "$batch_pid" && continue
		kill -KILL "$batch_pid"
		wait "$batch_pid" 2>/dev/null
		kills=$((kills + 1))
		answered
		batch_begin "$@"
	done
	ended
	while [ "$batch_status" -eq 1 ] && unheard; do
		begin_again "$@"
		ended
	done
	batch_pid=
}

# What must be there is made from the inputs; names are theirs, and ".out".
judge_it() { # MODE DATABASE
	wrong=0
	(cd "$tmp/in" && find . -type f) >"$tmp/names"
	while read -r name; do
		tr 'a-z' 'A-Z' <"$tmp/in/$name" |
		    cmp -s - "$out/$name.out" || wrong=$((wrong + 1))
	done <"$tmp/names"
	results=$(find "$out" -name '*.out' -type f | wc -l)
	left=$(find "$out/.awaitd-batch" -name '*.part' | wc -l)
	line_n=$(wc -l <"$out/results.jsonl")
	distinct=$(jq -r 'select(.outcome == "ok") | .index' \
	    "$out/results.jsonl" | sort -un | wc -l)
	runs=$(wc -l <"$tmp/runs")
	runs_of=$(sort -u "$tmp/runs" | wc -l)
	accepted=$(count "$tmp/local.log" \
	    ' http: method=POST path=/endpoints/.* status=202')
	again=$(sqlite3 "$2" 'SELECT count(*) FROM submission WHERE n > 1')
	in_doubt=$(sqlite3 "$2" 'SELECT count(*) FROM submission WHERE fate = 4')
	made=$(sqlite3 "$2" 'SELECT count(*) FROM job')
	twice=$((runs - runs_of - again))
	[ "$twice" -gt 0 ] || twice=0
	[ "$made" -eq "$inputs" ] || twice=$((twice + made - inputs))
	judged=0
	[ "$results:$line_n:$distinct:$wrong:$twice:$left:$runs_of" = \
	    "$inputs:$inputs:$inputs:0:0:0:$inputs" ] || judged=1
	[ "$kills:$batch_status" = "$KILLS:0" ] || judged=1
	[ "$accepted" -ge "$runs" ] || judged=1
	echo "batch: mode=$1 inputs=$inputs kills=$kills results=$results" \
	    "lines=$line_n wrong=$wrong submitted_twice=$twice" \
	    "in_doubt=$in_doubt resubmitted=$again accepted=$accepted" \
	    "runs=$runs status=$batch_status seed=$SEED"
	[ $judged -eq 0 ] || { keep; tail -n 5 "$tmp/batch.err" | sed 's/^/# /'; }
	return $judged
}

status=0
serve_pid=
batch_pid=
out=$tmp/alone
local_start
carry_out 1
judge_it alone "$(find "$AWAITD_STATE" -name '0*.db')" || status=1
local_stop
rm -rf "$tmp/data"
: >"$tmp/local.log"
: >"$tmp/runs"

out=$tmp/served
local_start
spawn
answered
carry_out 2
stop_serve
judge_it service "$db" || status=1
! grep -hE 'Sanitizer|runtime error:' "$tmp/batch.err" "$tmp/serve.err" ||
    status=1
exit $status
