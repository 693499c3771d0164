#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What awaitd.conf(5), etc/awaitd.conf and awaitd(1) say of each key, held
# against the table of keys as "awaitd config keys" has it: its default, whether
# it needs a restart, its variable; and each variable of ENVIRONMENT against a
# test that sets it.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
cd "$tmp" || exit 1
page=$abs_top_srcdir/doc/awaitd.conf.5.scd

# shellcheck disable=SC2094 # a command, and a file
"$awaitd" config keys --json >keys
ok 'there is a table of keys' has keys '"key"' 100
jq -r '[.section, .key, .default, .restart, .variable // ""] | join("|")' \
    keys >table

# --- awaitd.conf(5) ----------------------------------------------------------

# Each key with its paragraphs in one line: SECTION KEY TEXT. What the section
# says of all its keys stands under the key "".
awk '
/^# SECTION / {
	section = $0
	gsub(/.*\[| NAME|\].*/, "", section)
	n = split("", heads)
	next
}
/^# / { section = "" }
section == "" { next }
/^\*/ && !/^\*[^*]*\*[^,]*[a-z]\)/ || joined {
	line = $0
	gsub(/\\/, "", line)
	if (!joined)
		n = split("", heads)
	more = line ~ /,$/
	while (match(line, /\*[a-z_]+\*/)) {
		heads[++n] = substr(line, RSTART + 1, RLENGTH - 2)
		line = substr(line, RSTART + RLENGTH)
	}
	joined = more
	next
}
/^\t/ && n {
	text = $0
	gsub(/\\/, "", text)
	for (i = 1; i <= n; i++)
		said[section "\t" heads[i]] = said[section "\t" heads[i]] text " "
	next
}
/^$/ { next }
{
	n = 0
	gsub(/\\/, "")
	said[section "\t"] = said[section "\t"] $0 " "
}
END {
	for (key in said) {
		gsub(/[ \t]+/, " ", said[key])
		print key "\t" said[key]
	}
}' "$page" | sort >said

# of SECTION KEY: what the page says, or nothing
of() {
	awk -F '\t' -v s="$1" -v k="$2" '$1 == s && $2 == k { print $3 }' said
}

# plainly SECTION KEY: the same, where it stands if it is as in another section
plainly() {
	plain=$(of "$1" "$2")
	case $plain in
	*[Aa]s\ in\ \*\[webhook\ NAME\]\**)
		printf '%s\n' "$plain"
		of webhook "$2"
		;;
	*) printf '%s\n' "$plain" ;;
	esac
}

: >wrong
while IFS="|" read -r section key default restart variable; do
	text=$(plainly "$section" "$key")
	if [ -z "$text" ]; then
		echo "[$section] $key: nothing is said" >>wrong
		continue
	fi
	own=$(of "$section" "$key")
	if [ -n "$default" ] && ! printf '%s\n' "$own" |
	    grep -qF "*$key* is $default" && ! printf '%s\n' "$text" |
	    grep -qE "Defaults? (\*[^*]*\* and )?\*$default\*"; then
		echo "[$section] $key: its default is $default" >>wrong
	fi
	if [ -z "$default" ] && printf '%s\n' "$own" | grep -qE 'Default \*'; then
		echo "[$section] $key: it has no default" >>wrong
	fi
	whole=$(of "$section" '')
	case "$restart $text $whole" in
	true*restart* | false*) ;;
	*) echo "[$section] $key: it needs a restart" >>wrong ;;
	esac
	case "$restart $own" in
	false*'eeds a restart'*)
		echo "[$section] $key: it needs no restart" >>wrong
		;;
	esac
done <table
is "$(cat wrong)" '' 'awaitd.conf(5) has each default, and what needs a restart'

# --- etc/awaitd.conf ---------------------------------------------------------

awk '
/^#? ?\[[a-z]+.*\]/ { section = $0; gsub(/^#? ?\[| .*|\].*/, "", section) }
/^#? ?[a-z_]+ *=/ {
	key = $0
	sub(/^#? ?/, "", key)
	value = key
	sub(/ *=.*/, "", key)
	sub(/[^=]*= */, "", value)
	print section "\t" key "\t" value
}' "$abs_top_srcdir/etc/awaitd.conf" >shown
: >wrong
while IFS="|" read -r section key default _; do
	awk -F '\t' -v s="$section" -v k="$key" -v d="$default" '
	$1 == s && $2 == k { n++; if ($3 == d) good = 1; was = $3 }
	END {
		if (n && d != "" && !good)
			print "[" s "] " k " is " was ", its default " d
	}' shown >>wrong
done <table
is "$(cat wrong)" '' 'etc/awaitd.conf has each default'

# --- variables ---------------------------------------------------------------

sed -n '/^# ENVIRONMENT/,/^# [A-DF-Z]/p' "$abs_top_srcdir/doc/awaitd.1.scd" |
    sed 's/[\\]//g' >environment
grep '^\*' environment | grep -oE '\*[A-Za-z_]+\*' | tr -d '*' |
    sort -u >variables
jq -r 'select(.variable) | .variable' keys | sort -u >own
ok 'there are variables' test -s own
: >wrong
jq -r 'select(.variable) | [.section, .variable] | join("|")' keys >try
while IFS="|" read -r section name; do
	# Those of [awaitd] are named, the others have a rule.
	if [ "$section" = awaitd ]; then
		grep -qx "$name" variables || echo "$name" >>wrong
	else
		grep -qF "[$section]" environment || echo "[$section]" >>wrong
	fi
done <try
is "$(sort -u wrong)" '' 'awaitd(1) has each variable of a key'

# Each variable of a key is what the key is then.
: >wrong
jq -r 'select(.variable) | [.section, .key, .variable, .type,
    (.choices // [""])[-1], .min // ""] | join("|")' keys >try
while IFS="|" read -r section key variable type choice _; do
	case $type in
	'a choice') value=$choice ;;
	'a time') value=2m ;;
	'a size') value=2000kB ;;
	'a number' | 'a count' | 'a price' | 'a whole number') value=20 ;;
	*) value= ;;
	esac
	case $key in
	listen) value=127.0.0.1:9 ;;
	users) value=root ;;
	topic) value=arn:aws:sns:us-east-1:123456789012:t ;;
	queue_url) value=https://sqs.us-east-1.amazonaws.com/123456789012/q ;;
	path) value=/other ;;
	deployment) value=other ;;
	price_get | price_list) value=0.1 ;;
	retention | idempotency_keys | max_age) value=30m ;;
	state | *file) value=$tmp/some ;;
	dead_letter) value='dir d' ;;
	schedule) value=20s ;;
	esac
	[ -n "$value" ] || value=20
	got=$(env "$variable=$value" "$awaitd" config show --json 2>config.err |
	    jq -r "select(.section == \"$section\" and .key == \"$key\") |
		.source + \" \" + (.value | tostring)")
	# A value that does not go alone is refused by the variable's name.
	case "$got $(cat config.err)" in
	"$variable $value "* | *"awaitd: $variable: "*) ;;
	*) echo "$variable=$value: $got$(head -n 1 config.err)" >>wrong ;;
	esac
done <try
is "$(cat wrong)" '' 'each of them is heard'

# The others are set by some test.
: >wrong
while read -r name; do
	grep -qx "$name" own && continue
	grep -rqw "$name" "$abs_top_srcdir/tests" --include='*.c' \
	    --include='*.h' --include='*.sh' --include='*.json' \
	    --include='*.mjs' --exclude=defaults.sh || echo "$name" >>wrong
done <variables
is "$(cat wrong)" '' 'every other variable is set by a test'
done_testing
