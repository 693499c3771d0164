#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Tests against what others wrote, the long forms too: the clients of
# tests/system/interop.sh, and the servers. Prints the TAP of each, a line of
# figures at the end, and fails where any did.
#	make check-interop
set -u
: "${abs_top_srcdir:?}" "${abs_top_builddir:?}"

out=$(mktemp)
trap 'rm -f "$out"' EXIT
trap 'exit 1' HUP INT TERM
export INTEROP=1
for test in "$abs_top_srcdir"/tests/system/interop.sh \
    "$abs_top_srcdir"/tests/system/s3_*.sh \
    "$abs_top_srcdir"/tests/system/slowdown_ceph.sh \
    "$abs_top_srcdir"/tests/system/sweep_ceph.sh \
    "$abs_top_srcdir"/tests/interop/*.sh; do
	[ "${test##*/}" != run.sh ] || continue
	echo "# ${test##*/}"
	timeout -k 10 900 sh "$test" || echo "not ok - ${test##*/}: status $?"
done | tee "$out"
awk '
/^1\.\.0/ { skipped++ }
/^ok / { if (/# SKIP/) skipped++; else if (/# a gap of/) gaps++; else passed++ }
/^not ok/ || /^Bail out/ { failed++ }
END {
	printf "interop: passed=%d failed=%d gaps=%d skipped=%d\n", passed,
	    failed, gaps, skipped
	exit failed > 0 || passed == 0
}' "$out"
