#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# How late results are found and what that costs, by policy: the real engine in
# virtual time (tests/support/detect.c) against an endpoint whose results take
#   lognormal  30 s, sigma 0.8        bimodal  a fifth of them 180 s more
#   narrow     30 s, sigma 0.2        and as bench/ocr-seconds has it: what an
#              OCR model took for documents of one to six pages, measured
# Of a hundred jobs one fails; its delay is in the mean. The learned policy is
# given the requests that looking at both places each 5 s took (each 0.5 s of the
# OCR model), after WARM jobs.
# The last rows have 10,000 jobs in flight: by listings, where the keys of outputs
# and failures are ours (the aim: a second at a dollar for a million jobs), and
# those of outputs alone; by looks, and where the service names its objects.
# Fails where the learned policy is not better than the fixed one at the same
# requests. Dollars are GET and LIST, for 1,000 requests.
# With fewer jobs than that their own chance shows: of 5,000 the mean is uncertain
# by a fiftieth, of 20,000 by half of that.
#   JOBS=N WARM=N MANY=N SEED=N GET=USD LIST=USD
set -u
: "${JOBS=20000}" "${WARM=400}" "${MANY=10000}" "${SEED=1}" "${GET=0.0004}"
: "${LIST=0.005}"
[ -z "${SHORT-}" ] || JOBS=1200 WARM=300 MANY=1000
detect=${abs_top_builddir:?}/tests/support/detect
recorded=${abs_top_srcdir:?}/bench/ocr-seconds
failed=0
row=
keys=

run() { # SHAPE POLICY KEY=VALUE...
	row=$("$detect" "$@" "seed=$SEED" "get=$GET" "list=$LIST") || {
		echo "# detect $* failed"
		failed=1
	}
	echo "$row" | sed "s|$abs_top_srcdir/bench/||; s/^/# /"
}
value() { # NAME
	echo "$row" | tr ' ' '\n' | sed -n "s/^$1=//p"
}
# Delay and requests are inverse to each other: that of the one at the requests
# of the other follows from their product.
better() { # DELAY REQUESTS than DELAY REQUESTS, by a fifth
	awk -v a="$1" -v b="$2" -v c="$3" -v d="$4" \
	    'BEGIN { exit !(a * b < 0.8 * c * d) }'
}

compare() { # SHAPE KEY STEP
	run "$1" fixed "jobs=$JOBS" warm=0 "step_ms=$3"
	fixed=$(value mean_s) requests=$(value requests)
	run "$1" backoff "jobs=$JOBS" warm=0
	# One look of twelve or so is for failures, too.
	looks=$(awk -v r="$requests" 'BEGIN { printf "%.2f", r / 1.085 }')
	run "$1" learned "jobs=$JOBS" "warm=$WARM" "requests=$looks" \
	    "start_ms=$(($3 / 10))"
	learned=$(value mean_s)
	keys="$keys $2_fixed_s=$fixed $2_learned_s=$learned"
	keys="$keys $2_requests=$(value requests)"
	better "$learned" "$(value requests)" "$fixed" "$requests" || {
		echo "# $1: the learned policy is not better than the fixed one"
		failed=1
	}
}

compare lognormal lognormal 5000
compare bimodal bimodal 5000
compare narrow narrow 5000
# That model is faster.
compare "$recorded" recorded 500

if [ "$MANY" -gt 0 ]; then
	many='rate=243 sweep=1'
	[ -n "${SHORT-}" ] && many='rate=25 sweep=1'
	echo "# many in flight: $((MANY)) jobs, $many"
	for row in swept:sweep=1 half:names=hidden looked:sweep=0 \
	    service:names=service; do
		name=${row%%:*} how=${row#*:}
		echo "# $name ($how):"
		# shellcheck disable=SC2086 # words
		run lognormal learned $many "jobs=$MANY" "warm=$((MANY / 2))" \
		    "$how"
		keys="$keys many_${name}_s=$(value mean_s)"
		keys="$keys many_${name}_usd=$(value usd_per_million)"
	done
fi
echo "bench-detect:$keys"
exit "$failed"
