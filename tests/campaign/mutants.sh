#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds that are broken on purpose, tests/mutants/*.mutant, one after the
# other: the campaign, or the case of a unit test or a flow, that each names must
# say so. First the same campaigns and tests see a build that is not broken, and
# must have nothing to say.
#   MUTANTS="NAME..."  SEED=N  KEEP=FOLDER
#   --check: builds nothing, only sees whether each text, and the case that is to
#   catch it, is still there
set -u
: "${abs_top_srcdir:?}" "${abs_top_builddir:?}" "${unit_tests=}"
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

# lines KEYWORD NAME...: the lines of these mutants that begin so
lines() {
	lines_key=$1
	shift
	for lines_name in "$@"; do
		sed -n "s/^$lines_key //p" "$mutants/$lines_name.mutant"
	done
}

# has_case PROGRAM CASE: is there such a case, and is that its whole name? One
# that runs for each backend has the backend's name in front.
has_case() {
	if ! grep -q "^${2#*: }(" "$abs_top_srcdir/$1.c"; then
		echo "$1 has no $2" >&2
	elif grep -q "BOTH(${2#*: })" "$abs_top_srcdir/$1.c"; then
		case $2 in
		'memory: '* | 'sqlite: '*) return 0 ;;
		esac
		echo "$1: which backend's $2? 'sqlite: $2' says it" >&2
	else
		case $2 in
		*': '*) echo "$1 has no $2, but ${2#*: }" >&2 ;;
		*) return 0 ;;
		esac
	fi
	return 1
}

if [ "${1-}" = --check ]; then
	bad=0
	for name in $MUTANTS; do
		lines test "$name" >"$work/test"
		if ! apply "$name" >/dev/null; then
			bad=$((bad + 1))
		elif read -r program case <"$work/test" &&
		    ! has_case "$program" "$case"; then
			bad=$((bad + 1))
		fi
	done
	echo "mutants: checked=$(echo "$MUTANTS" | wc -w) stale=$bad"
	[ "$bad" -eq 0 ]
	exit
fi

# build NAME [VARIABLE=VALUE...] TARGET SOURCE...: below $work/NAME what the
# target makes, which has these in front of the library
build() {
	build_name=$1 build_target=$2
	shift 2
	mkdir -p "$work/$build_name"
	# shellcheck disable=SC2086 # words
	MAKEFLAGS='' make -s -C "$abs_top_builddir" $build_target \
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

# run_test NAME CASE: sets status; a test that ran no such case has failed
run_test() {
	run_name=$1
	(cd "$abs_top_builddir" && AWAITD_CASE=$2 \
	    exec timeout -k 10 120 "$work/$run_name/test") \
	    >"$work/$run_name.out" 2>"$work/$run_name.err" &
	child=$!
	wait "$child"
	status=$?
	child=
	if [ "$status" -eq 0 ] && ! grep -Eq "^\[  +OK +\] $2\$" \
	    "$work/$run_name.out" "$work/$run_name.err"; then
		status=3
		echo "no case of this name ran: $2" >>"$work/$run_name.err"
	fi
}

# try NAME: sets catcher, and status: 1 caught, 77 cannot be run, else not
try() {
	status=2 catcher=
	sources=$(apply "$1") || return
	sources=$(echo "$sources" | sort -u | tr '\n' ' ')
	lines campaign "$1" >"$work/line"
	if read -r campaign <"$work/line"; then
		catcher=${campaign%% *}
		status=77
		[ -e "$abs_top_srcdir/tests/campaign/${campaign%% *}.sh" ] ||
		    return
		status=2
		# shellcheck disable=SC2086 # words
		build "$1" mutant $sources && run "$1" $campaign
		return
	fi
	status=77
	lines test "$1" >"$work/line"
	read -r program case <"$work/line"
	catcher="$program $case"
	[ -n "$unit_tests" ] || return
	status=2
	# shellcheck disable=SC2086 # words
	build "$1" "mutant-test MUTANT_TEST=$program" $sources || return
	run_test "$1" "$case"
	[ "$status" -ne 0 ] || return
	status=3
	! grep -Eq "^\[  (FAILED|ERROR) +\] $case\$" \
	    "$work/$1.out" "$work/$1.err" || status=1
}

# control CATCHER: it must have nothing to say of the build that is not broken
control() {
	case $status in
	0) echo "# control: $* has nothing to say" ;;
	77) ;;
	*)
		tail -n 20 "$work/control.out" "$work/control.err"
		echo "mutants: control=bad catcher=$*"
		exit 1
		;;
	esac
}

n=0 caught=0 survived='' skipped=''
echo "# mutants: seed=$SEED"
# shellcheck disable=SC2086 # words
lines campaign $MUTANTS | sort -u >"$work/campaigns"
[ ! -s "$work/campaigns" ] || build control mutant || exit 2
while read -r campaign; do
	[ -e "$abs_top_srcdir/tests/campaign/${campaign%% *}.sh" ] || continue
	# shellcheck disable=SC2086 # words
	run control $campaign
	control "$campaign"
done <"$work/campaigns"
# shellcheck disable=SC2086 # words
lines test $MUTANTS | sort -u >"$work/cases"
while [ -n "$unit_tests" ] && read -r program case; do
	build control "mutant-test MUTANT_TEST=$program" || exit 2
	run_test control "$case"
	control "$program $case"
done <"$work/cases"

for name in $MUTANTS; do
	what=$(sed -n '1s/^# //p' "$mutants/$name.mutant")
	try "$name"
	case $status in
	1)
		n=$((n + 1)) caught=$((caught + 1))
		echo "# $name: caught by $catcher: $what"
		grep -hE '^#   |^# [a-z_]+: |wrong=[1-9]|^\[  ERROR ' \
		    "$work/$name.out" "$work/$name.err" |
		    grep -v 'wrong=0' | sort -u | head -n 3 |
		    sed 's/^#* */#     /'
		;;
	77)
		skipped="$skipped${skipped:+,}$name"
		echo "# $name: cannot be run here ($catcher)"
		;;
	*)
		n=$((n + 1)) survived="$survived${survived:+,}$name"
		echo "# $name: survived $catcher (status $status): $what"
		tail -n 5 "$work/$name.out" "$work/$name.err" 2>/dev/null |
		    sed 's/^/#     /'
		;;
	esac
done
echo "mutants: mutants=$n caught=$caught survived=$survived skipped=$skipped"
[ -z "$survived" ]
