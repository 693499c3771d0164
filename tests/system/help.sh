#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --help: each command tells what it does, shows how before it lists options,
# and fits 80 columns; a word that does not exist leads to the one that does.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
cd "$tmp" || exit 1

# Those of the table, whoever added one.
commands=$(sed -n 's/^    {"\([a-z]*\)", &cmd_.*/\1/p' \
    "$abs_top_srcdir/src/cmd/cmd.c")
run help
cp out overview
is "$status:$err" 0: 'the overview is no error'
is "$(awk 'length > 80' overview)" '' 'in lines of 80'
is "$(sed -n 's/^  awaitd \([a-z]*\) .*/\1/p' overview | tr '\n' ' ')" \
    'invoke wait serve ' 'with three examples'
is "$(sed -n '/^examples:/,/^$/d; s/^  \([a-z]*\)  .*/\1/p' overview | sort)" \
    "$(echo "$commands" | sort)" 'each command, once'
is "$(grep -n '^[a-z ]*:$' overview | head -n 1 | cut -d : -f 2)" examples \
    'and the examples first'

# headings FILE: those of its parts
headings() {
	sed -n 's/^\([a-z].*\):$/\1/p' "$1" | sed 's/ (.*//' | tr '\n' ','
}

for c in $commands; do
	run "$c" --help
	is "$status:$err" 0: "awaitd $c --help"
	like "$(sed -n 1p out)" "usage: awaitd $c \[options\]*" 'says how it is used'
	like "$(sed -n 3p out)" '[A-Z]*.' 'and what it does, in a sentence'
	is "$(awk 'length > 80' out)" '' 'in lines of 80'
	like "$(headings out)" 'examples,*options of every command,' \
	    'examples first, options of all commands last'
	is "$(sed -n '/^examples:/,/^$/p' out | grep -cv "^  .*awaitd $c\|^  awaitd .*$c\|^examples:\|^$")" \
	    0 'each example is one of it'
	like "$(tail -n 1 out)" '*awaitd(1)*' 'and the manual is named'
	is "$(awk '/^  (-., |    )--/ && substr($0, 33) !~ /^ [^ ]/' out)" '' \
	    'each option is explained, in one column'
	cp out kept
	run "$c" -h
	same out kept '-h is the same'
	run help "$c"
	same out kept 'and so is awaitd help'
done
for o in --help -h; do
	run $o
	same out overview "awaitd $o is awaitd help"
done

# --- what is wrong goes to stderr, with status 2 ---
wrong() { # PATTERN WORDS...
	wrong_pattern=$1
	shift
	run "$@"
	like "$status:$(wc -c <out):$err" "2:0:awaitd: $wrong_pattern" \
	    "awaitd $*"
}
wrong "unknown command \"lst\". Did you mean 'list'? See 'awaitd help'." lst
wrong "unknown command \"invoek\". Did you mean 'invoke'?*" invoek
wrong "unknown command \"invoek\". Did you mean 'invoke'?*" help invoek
wrong "unknown command \"fetch\". See 'awaitd help'." fetch
wrong 'one COMMAND is enough*' help list show
wrong 'unknown option --jsno. Did you mean --json?' list --jsno
wrong 'unknown option --tiemout=5. Did you mean --timeout?' wait --tiemout=5 x
wrong "unknown option --frobnicate. See 'awaitd list --help'." list --frobnicate
wrong "--log may be several options*" list --log x
wrong "version takes no argument such as \"x\". See 'awaitd version --help'." \
    version x
for c in $commands; do
	"$awaitd" help "$c" | sed -n 1p | grep -q 'options\]$' || continue
	wrong "$c takes no argument such as \"x\"*" "$c" x
done
run
is "$status:$(wc -c <out)" 2:0 'awaitd alone, too'
same err overview 'and says the same as awaitd help'

run version --json
is "$(jq -r '.name + " " + .version' out)" "$("$awaitd" --version)" \
    'the version, for machines'
done_testing
