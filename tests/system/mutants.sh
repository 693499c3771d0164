#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The texts that tests/mutants/ breaks are still in the sources: else the
# mutants would be no longer what they say (make campaign-mutants runs them).
. "${abs_top_srcdir:?}/tests/system/lib.sh"
status=0
sh "$abs_top_srcdir/tests/campaign/mutants.sh" --check >"$tmp/out" \
    2>"$tmp/err" || status=$?
is "$status" 0 'every mutant can still be made'
like "$(cat "$tmp/out")" 'mutants: checked=[1-9]* stale=0' 'none is left out'

# A text that is not there, or twice, is told.
mkdir -p "$tmp/tree/src" "$tmp/to"
printf '%s\n' 'one(two,' '    three);' 'four' 'four' >"$tmp/tree/src/a.c"
mutant() { # OLD
	printf '%s\n' 'campaign kill' 'file src/*.c' '<<<<' "$1" '====' new \
	    '>>>>' >"$tmp/x.mutant"
	status=0
	sh "$abs_top_srcdir/tests/mutants/apply.sh" "$tmp/x.mutant" \
	    "$tmp/tree" "$tmp/to" >"$tmp/out" 2>"$tmp/err" || status=$?
}
mutant 'one( two, three);'
is "$status $(head -n 1 "$tmp/to/src/a.c")" '0 new' \
    'a text that is wrapped otherwise is found'
mutant 'five'
is "$status" 1 'one that is not there is not'
mutant 'four'
is "$status" 1 'nor one that is there twice'

# As is a case that its test does not have.
mkdir -p "$tmp/tree/tests/unit" "$tmp/tree/tests/mutants"
cp "$abs_top_srcdir/tests/mutants/apply.sh" "$tmp/tree/tests/mutants"
echo 'it_is_seen(void **state)' >"$tmp/tree/tests/unit/test_a.c"
case_of() { # CASE
	sed "s|^campaign.*|test tests/unit/test_a $1|" "$tmp/x.mutant" \
	    >"$tmp/tree/tests/mutants/x.mutant"
	status=0
	env abs_top_srcdir="$tmp/tree" \
	    sh "$abs_top_srcdir/tests/campaign/mutants.sh" --check \
	    >"$tmp/out" 2>"$tmp/err" || status=$?
}
mutant 'one( two, three);'
case_of it_is_seen
is "$status $(tail -n 1 "$tmp/out")" '0 mutants: checked=1 stale=0' \
    'a case that is there is found'
case_of it_is
is "$status $(tail -n 1 "$tmp/out")" '1 mutants: checked=1 stale=1' \
    'a case that is not there is told'
done_testing
