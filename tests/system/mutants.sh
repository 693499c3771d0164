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

# As is a name by which no case would run.
case_of 'sqlite: it_is_seen'
like "$status $(cat "$tmp/err")" \
    '1 tests/unit/test_a has no sqlite: it_is_seen*' \
    'a backend is named only where there is one'
echo '	BOTH(it_is_seen),' >>"$tmp/tree/tests/unit/test_a.c"
case_of it_is_seen
like "$status $(cat "$tmp/err")" "1 *'sqlite: it_is_seen' says it" \
    'and has to be named there'
case_of 'sqlite: it_is_seen'
is "$status" 0 'then it is found'
case_of 'sqlited: it_is_seen'
is "$status" 1 'by no other name'

# Whatever the text of a test says, the case has to have run.
printf '%s\n' '#!/bin/sh' "echo '[==========] tests: Running 0 test(s).'" \
    >"$tmp/none"
# shellcheck disable=SC2016 # for the script
printf '%s\n' '#!/bin/sh' 'echo "[       OK ] $AWAITD_CASE"' >"$tmp/one"
mkdir -p "$tmp/bin"
cat >"$tmp/bin/make" <<'EOF'
#!/bin/sh
for word; do
	case $word in MUTANT_DIR=*) cp "$FAKE" "${word#*=}/test" ;; esac
done
EOF
chmod 755 "$tmp/bin/make" "$tmp/none" "$tmp/one"
campaign_of() { # PROGRAM
	status=0
	env abs_top_srcdir="$tmp/tree" abs_top_builddir="$tmp" unit_tests=yes \
	    FAKE="$tmp/$1" PATH="$tmp/bin:$PATH" \
	    sh "$abs_top_srcdir/tests/campaign/mutants.sh" \
	    >"$tmp/out" 2>"$tmp/err" || status=$?
}
case_of 'sqlite: it_is_seen'
campaign_of none
like "$status $(cat "$tmp/out")" \
    '1 *no case of this name ran: sqlite: it_is_seen*control=bad*' \
    'a test that ran nothing controls nothing'
campaign_of one
like "$status $(cat "$tmp/out")" '1 *control: *nothing to say*survived=x *' \
    'one that ran its case does, and with it the mutant is seen to survive'
done_testing
