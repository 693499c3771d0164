# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# The cases of tests/vectors/aws-settings.json: their questions, whom they
# ask, and the verdict. Behind tests/system/lib.sh.

cases=$abs_top_srcdir/tests/vectors/aws-settings.json
awsprobe=$abs_top_builddir/tests/support/awsprobe
credpeer=$abs_top_builddir/tests/support/credpeer_main
peer=

command -v jq >/dev/null || skip_all 'no jq (apt install jq)'

# Whoever gives credentials, on a port of this machine; its URL is $peer.
credpeer_start() {
	[ -x "$credpeer" ] || return 0
	rm -f "$tmp/peer.port"
	"$credpeer" --port-file "$tmp/peer.port" --ledger "$tmp/peer.ledger" &
	pids="$pids $!"
	wait_until 10 test -s "$tmp/peer.port" || skip_all 'no credpeer'
	peer=http://127.0.0.1:$(cat "$tmp/peer.port")
}

# FILE: a question a line. $peer is a word or none.
questions_make() {
	# shellcheck disable=SC2086
	"$awsprobe" prepare "$cases" "$tmp/cases" $peer >"$1"
}

# WHO: the questions of stdin but those that WHO is not to be asked
questions_for() {
	jq -c --arg who "$1" --slurpfile cases "$cases" '. as $q
	    | $cases[0][] | select(.name == $q.name)
	    | select((.[$who].untried? // "") == "") | $q'
}

verdict() { # WHO ANSWERS: a line of TAP for each case
	jq -rn -f "$abs_top_srcdir/tests/vectors/aws-settings.jq" \
	    --slurpfile cases "$cases" --slurpfile answers "$2" \
	    --arg who "$1" >"$tmp/verdict"
	while read -r word name why; do
		case $word in
		ok) report 0 "$1: $name" ;;
		not) report 1 "$1: $name" || : ;;
		skip) skip "$1: $name" "$why" ;;
		*) diag "$name $why" ;;
		esac
	done <"$tmp/verdict"
}
