#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check_secrets.sh TEST...: the system tests with every program at its highest
# log level, for what secrets.sh finds at the end of each, and for nothing else:
# some tests count lines of a log, and fail here. One line of figures; a test
# that was cut short before its search counts as unsearched, and fails it.
#	make check-secrets		JOBS=N: how many side by side (2)
set -eu
: "${abs_top_srcdir:?}" "${abs_top_builddir:?}"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
export CHECK_SECRETS="$tmp/figures"
: >"$CHECK_SECRETS"
for test; do
	printf '%s\n' "${test##*/}"
done >"$tmp/tests"
# shellcheck disable=SC2016 # for the shell of each
xargs -P "${JOBS:-2}" -I NAME sh -c '
	timeout -k 5 900 sh "$1/tests/system/NAME" >"$2/NAME.log" 2>&1 || :' \
    sh "$abs_top_srcdir" "$tmp" <"$tmp/tests"
for test; do
	name=${test##*/}
	if grep -q '^1\.\.0' "$tmp/$name.log"; then
		grep '^1\.\.0' "$tmp/$name.log" | sed "s/^/# $name: /"
		echo "$name skipped=1" >>"$CHECK_SECRETS"
	elif ! grep -q 'lib\.sh"$' "$abs_top_srcdir/tests/system/$name"; then
		echo "# $name: has no search"
		echo "$name outside=1" >>"$CHECK_SECRETS"
	elif ! grep -q "^$name " "$CHECK_SECRETS"; then
		echo "# $name: ended before its search"
		tail -n 3 "$tmp/$name.log" | sed 's/^/#    /'
		echo "$name unsearched=1" >>"$CHECK_SECRETS"
	fi
	grep -A 12 '^not ok .* no secret was written' "$tmp/$name.log" |
	    sed "s/^/# $name: /" || :
done
awk '
{ tests++; for (i = 2; i <= NF; i++) { split($i, p, "="); n[p[1]] += p[2] } }
END {
	tests -= n["skipped"] + n["outside"] + n["unsearched"]
	printf "secrets: searches=%d skipped=%d outside=%d unsearched=%d ",
	    tests, n["skipped"], n["outside"], n["unsearched"]
	printf "files=%d planted=%d hits=%d\n", n["files"], n["secrets"],
	    n["hits"]
	exit n["hits"] > 0 || n["unsearched"] > 0 || n["files"] == 0
}' "$CHECK_SECRETS"
