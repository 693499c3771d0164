#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds that are broken on purpose, tests/mutants/*.mutant, one after the
# other: the campaign that each names must say so. First the same campaigns see
# a build that is not broken, and must have nothing to say.
#   MUTANTS="NAME..."  SEED=N  KEEP=FOLDER
#   --check: builds nothing, only sees whether each text is still there
set -u
: "${abs_top_srcdir:?}" "${abs_top_builddir:?}"
: "${SEED=$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')}"
mutants=$abs_top_srcdir/tests/mutants
work=$(mktemp -d)
child=
# shellcheck disable=SC2317 # by trap
clean_up() {
	[ -z "$child" ] || { kill "$child" 2>/dev/null; wait "$child"; }
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 2' HUP INT TERM

if [ -z "${MUTANTS-}" ]; then
	MUTANTS=$(cd "$mutants" && for m in *.mutant; do echo "${m%.mutant}"; done)
fi

apply() { # NAME: prints the files that it changed, below $work/NAME
	sh "$mutants/apply.sh" "$mutants/$1.mutant" "$abs_top_srcdir" \
	    "$work/$1"
}

if [ "${1-}" = --check ]; then
	bad=0
	for name in $MUTANTS; do
		apply "$name" >/dev/null || bad=$((bad + 1))
	done
	echo "mutants: checked=$(echo "$MUTANTS" | wc -w) stale=$bad"
	[ "$bad" -eq 0 ]
	exit
fi

# build NAME SOURCE...: $work/NAME/awaitd, which has these in front of the
# library; crash points work in it
build() {
	build_name=$1
	shift
	mkdir -p "$work/$build_name"
	MAKEFLAGS='' make -s -C "$abs_top_builddir" mutant \
	    MUTANT_SOURCES="$*" MUTANT_DIR="$work/$build_name" \
	    >"$work/$build_name/make.log" 2>&1 || {
		echo "# $build_name: it does not compile"
		tail -n 20 "$work/$build_name/make.log" | sed 's/^/#   /'
		return 1
	}
}

# run NAME CAMPAIGN [VARIABLE=VALUE...]: sets status
run() {
	run_name=$1
	run_dir=$work/$1
	run_script=$abs_top_srcdir/tests/campaign/$2.sh
	shift 2
	status=2
	env SHORT=1 SEED="$SEED" PATIENCE=20 AWAITD="$run_dir/awaitd" \
	    BITROT="$run_dir/bitrot" \
	    KEEP="${KEEP:+$KEEP/$run_name}" "$@" \
	    timeout -k 10 -s TERM 400 sh "$run_script" \
	    >"$work/$run_name.out" 2>"$work/$run_name.err" &
	child=$!
	wait "$child"
	status=$?
	child=
}

n=0 caught=0 survived='' skipped=''
echo "# mutants: seed=$SEED"
build control || exit 2
for name in $MUTANTS; do
	sed -n 's/^campaign //p' "$mutants/$name.mutant"
done | sort -u >"$work/campaigns"
while read -r campaign; do
	[ -e "$abs_top_srcdir/tests/campaign/${campaign%% *}.sh" ] || continue
	# shellcheck disable=SC2086 # words
	run control $campaign
	case $status in
	0) echo "# control: $campaign has nothing to say" ;;
	77) ;;
	*)
		tail -n 20 "$work/control.out" "$work/control.err"
		echo "mutants: control=bad campaign=$campaign"
		exit 1
		;;
	esac
done <"$work/campaigns"

for name in $MUTANTS; do
	campaign=$(sed -n 's/^campaign //p' "$mutants/$name.mutant")
	what=$(sed -n '1s/^# //p' "$mutants/$name.mutant")
	status=77
	if [ -e "$abs_top_srcdir/tests/campaign/${campaign%% *}.sh" ]; then
		status=2
		if sources=$(apply "$name") &&
		    build "$name" "$(echo "$sources" | sort -u | tr '\n' ' ')"; then
			# shellcheck disable=SC2086 # words
			run "$name" $campaign
		fi
	fi
	case $status in
	1)
		n=$((n + 1)) caught=$((caught + 1))
		echo "# $name: caught by ${campaign%% *}: $what"
		grep -hE '^#   |^# [a-z_]+: |wrong=[1-9]' "$work/$name.out" |
		    grep -v 'wrong=0' | head -n 3 | sed 's/^#* */#     /'
		;;
	77)
		skipped="$skipped${skipped:+,}$name"
		echo "# $name: cannot be run here (${campaign%% *})"
		;;
	*)
		n=$((n + 1)) survived="$survived${survived:+,}$name"
		echo "# $name: survived ${campaign%% *} (status $status): $what"
		tail -n 5 "$work/$name.out" "$work/$name.err" 2>/dev/null |
		    sed 's/^/#     /'
		;;
	esac
done
echo "mutants: mutants=$n caught=$caught survived=$survived skipped=$skipped"
[ -z "$survived" ]
