#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# apply.sh MUTANT SRCDIR OUTDIR
# Writes the files of SRCDIR that a mutant changes into OUTDIR, changed, and
# prints their names. A mutant is a text file:
#
#	# what it breaks, in a sentence
#	campaign NAME [VARIABLE=VALUE...]	what must catch it, or
#	test tests/unit/test_NAME CASE		a unit test or a flow; of a
#						contract "sqlite: CASE"
#	file GLOB				below SRCDIR, for what follows
#	<<<<
#	these words					once in all those files
#	====
#	become these
#	>>>>
#
# Any white space is as good as any other, so that moved and wrapped lines are
# found. Exit status 1: a text is not there, or more than once.
set -eu
mutant=$1 srcdir=$2 outdir=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

awk -v work="$work" '
/^file / { glob = $2; next }
/^<<<<$/ { n++; print glob >(work "/" n ".glob"); to = work "/" n ".old"
	printf "" >to; next }
/^====$/ && to { to = work "/" n ".new"; printf "" >to; next }
/^>>>>$/ { to = ""; next }
to { print >to }' "$mutant"

# Prints the file with the text replaced; status 3: it is not there, 4: twice.
# shellcheck disable=SC2016
replace='
function pattern(s,    out, i, c) {
	sub(/^[ \t\n]+/, "", s)
	sub(/[ \t\n]+$/, "", s)
	gsub(/[ \t\n]+/, " ", s)
	gsub(/[(] /, "(", s)
	for (i = 1; i <= length(s); i++) {
		c = substr(s, i, 1)
		if (c == " ")
			out = out "[ \t\n]+"
		else if (c == "(")
			out = out "[(][ \t\n]*"
		else if (c ~ /[A-Za-z0-9_]/)
			out = out c
		else if (c == "^" || c == "\\" || c == "]")
			out = out "\\" c
		else
			out = out "[" c "]"
	}
	return out
}
FILENAME == ARGV[1] { old = old $0 "\n"; next }
FILENAME == ARGV[2] { new = new $0 "\n"; next }
{ text = text $0 "\n" }
END {
	re = pattern(old)
	if (!match(text, re))
		exit 3
	before = substr(text, 1, RSTART - 1)
	after = substr(text, RSTART + RLENGTH)
	if (match(after, re))
		exit 4
	sub(/\n$/, "", new)
	printf "%s%s%s", before, new, after
}'

n=1
while [ -e "$work/$n.glob" ]; do
	found=0
	# shellcheck disable=SC2013,SC2046 # a glob
	for path in $(cd "$srcdir" && printf '%s\n' $(cat "$work/$n.glob")); do
		[ -e "$srcdir/$path" ] || continue
		from=$srcdir/$path
		[ ! -e "$outdir/$path" ] || from=$outdir/$path
		rc=0
		awk "$replace" "$work/$n.old" "$work/$n.new" "$from" \
		    >"$work/text" || rc=$?
		[ "$rc" -ne 3 ] || continue
		found=$((found + 1))
		[ "$rc" -eq 0 ] || found=2
		mkdir -p "$outdir/$(dirname "$path")"
		cp "$work/text" "$outdir/$path"
		echo "$path"
	done
	[ "$found" -eq 1 ] || {
		echo "$mutant: text $n is there ${found} times in" \
		    "$(cat "$work/$n.glob")" >&2
		exit 1
	}
	n=$((n + 1))
done
[ "$n" -gt 1 ] && grep -Eq '^(campaign|test) .' "$mutant"
