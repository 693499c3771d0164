#!/bin/sh
# Builds awaitd from scratch and runs every check a change must pass:
# both compilers without a warning, the tests, the tests under sanitizers,
# lint, a tarball that builds and tests itself, and each fuzz target for a
# moment.
#   contrib/test.sh          all of it
#   contrib/test.sh quick    only gcc and the tests
# The last line counts the tests: "N passed, N failed, N skipped".
set -eu

case ${1-} in
'' | quick) ;;
*)
	echo "usage: contrib/test.sh [quick]" >&2
	exit 2
	;;
esac
mode=${1-all}

cd "$(dirname "$0")/.."
contrib/install-packages

tmp=$(mktemp -d)
TMPDIR=$tmp/tmp
export TMPDIR
first='' second=''

# Published vectors lie beside the project, if at all; the tests run from a
# copy of it.
if [ -d ../shared/vectors ]; then
	AWAITD_VECTORS=${AWAITD_VECTORS-$(cd ../shared/vectors && pwd)}
	export AWAITD_VECTORS
fi

# A job is the leader of its own process group, so that nothing it started
# outlives this script.
finish() {
	for job in $first $second; do
		kill -- "-$job" 2>/dev/null || :
	done
	wait
	# distcheck leaves read-only folders when it is interrupted.
	chmod -R u+w "$tmp" 2>/dev/null || :
	rm -rf "$tmp"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' HUP TERM

failed_steps=0

# start NAME SECONDS COMMAND: in the background, into NAME.log.
start() {
	echo "test: $1 ..."
	setsid timeout "$2" sh -euc "$3" >"$tmp/$1.log" 2>&1 </dev/null &
}

# reap NAME PID: waits, and shows the log of what failed.
reap() {
	if wait "$2"; then
		echo "test: $1: ok"
		return
	fi
	failed_steps=$((failed_steps + 1))
	echo "test: $1: FAILED: what failed, then the end of its output:"
	grep -aE -A 4 '^not ok|^FAIL:|^ERROR:|\[  FAILED' "$tmp/$1.log" |
	    head -n 60 || :
	tail -n 200 "$tmp/$1.log"
}

# both NAME SECONDS COMMAND NAME SECONDS COMMAND: side by side.
both() {
	start "$1" "$2" "$3"
	first=$!
	start "$4" "$5" "$6"
	second=$!
	reap "$1" "$first"
	first=''
	reap "$4" "$second"
	second=''
}

# A copy without what an earlier build left: a tree that was configured in
# place cannot be built out of place.
# Some tests act as another user and must get there.
chmod 755 "$tmp"
mkdir "$TMPDIR" "$tmp/src" "$tmp/gcc" "$tmp/clang" "$tmp/fuzz"
for leaving in .git './build*' './awaitd*' ./configure './config.*' Makefile \
    Makefile.in aclocal.m4 autom4te.cache .deps .dirstamp schema.h \
    '*.o' '*.a' '*.log' '*.trs' '*.gcda' '*.gcno' node_modules; do
	echo "$leaving"
done >"$tmp/leavings"
tar -cf - -X "$tmp/leavings" . | tar -xf - -C "$tmp/src"
"$tmp/src/autogen.sh" >"$tmp/autogen.log" 2>&1 || {
	cat "$tmp/autogen.log"
	echo "0 passed, 1 failed, 0 skipped"
	exit 1
}

jobs=$(nproc)
[ "$jobs" -le 4 ] || jobs=4
check="VERBOSE=1 make -s check -j$jobs"
gcc="cd '$tmp/gcc'; '$tmp/src/configure' -q CC=gcc --enable-werror; $check"
clang="cd '$tmp/clang'; '$tmp/src/configure' -q CC=clang --enable-werror \
    --enable-sanitizers; $check"

if [ "$mode" = quick ]; then
	start gcc 1800 "$gcc"
	first=$!
	reap gcc "$first"
	first=''
else
	both gcc 1800 "$gcc" clang-sanitizers 2400 "$clang"
	# The system tests have run twice by now; the tarball runs the rest.
	both lint 600 "make -s -C '$tmp/gcc' lint" \
	    distcheck 1200 "cd '$tmp/gcc'; make -s distcheck system_tests_run="
	# "make fuzz SECONDS=n" is the long form.
	start fuzz 600 "cd '$tmp/fuzz'; '$tmp/src/configure' -q CC=clang \
	    --enable-fuzzers --enable-sanitizers; make -s -j$jobs; \
	    make -s fuzz SECONDS=2"
	first=$!
	reap fuzz "$first"
	first=''
fi

# Only the closing summaries of automake count: with VERBOSE a failure prints
# its figures twice. An unexpected pass and an error are failures; so is a
# step that failed without any.
cat "$tmp"/*.log | awk -v steps="$failed_steps" '
/^Testsuite summary/ { counts = 1 }
counts && /^# (PASS|XFAIL): +[0-9]+$/ { passed += $3 }
counts && /^# (FAIL|XPASS|ERROR): +[0-9]+$/ { failed += $3 }
counts && /^# SKIP: +[0-9]+$/ { skipped += $3 }
/^# ERROR:/ { counts = 0 }
END {
	if (failed < steps)
		failed = steps
	printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
	exit failed > 0
}'
