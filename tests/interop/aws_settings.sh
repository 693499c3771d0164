#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The cases of tests/vectors/aws-settings.json, answered by boto3 as Debian has
# it and by the AWS SDK for JavaScript, and held to the columns of the table;
# and awaitd's hosts beside those of that SDK. In a network of its own where
# the system lets us, so that nobody else can be asked.
npm_home=$HOME
. "${abs_top_srcdir:?}/tests/system/lib.sh"
. "$abs_top_srcdir/tests/support/aws_settings.sh"

python=/usr/bin/python3
boto3_wanted=1.26.27

# WHO FOLDER COMMAND...: a server for each, since one case changes it
ask() {
	ask_who=$1
	ask_in=$2
	shift 2
	credpeer_start
	questions_make "$ask_in/questions"
	questions_for "$ask_who" <"$ask_in/questions" |
	    (cd "$ask_in" && PEER=$peer "$@") >"$ask_in/$ask_who" \
		2>"$ask_in/$ask_who.err"
}

ask_all() { # FOLDER: with the SDKs in it
	ask js "$1" node --no-warnings aws_settings.mjs
	[ ! -e "$1/boto3.wanted" ] ||
	    ask boto3 "$1" "$python" aws_settings.py
	AWSPROBE=$awsprobe node --no-warnings "$1/aws_hosts.mjs" \
	    >"$1/hosts" 2>&1
}

if [ "${1-}" = inside ]; then
	! command -v ip >/dev/null || ip link set lo up 2>/dev/null
	ask_all "$2"
	exit
fi

command -v npm >/dev/null || skip_all 'no npm (apt install npm)'
[ "$(node -p 'process.versions.node.split(".")[0]')" -ge 18 ] ||
    skip_all 'node is older than 18'
here=$tmp/sdk
mkdir "$here"
cp "$abs_top_srcdir"/tests/interop/package*.json \
    "$abs_top_srcdir"/tests/interop/*.mjs \
    "$abs_top_srcdir"/tests/interop/*.py "$here"
(cd "$here" && HOME=$npm_home npm ci --ignore-scripts --no-audit --no-fund \
    --prefer-offline) >"$tmp/npm.log" 2>&1 ||
    skip_all "npm ci gets no packages: $(tail -n 1 "$tmp/npm.log")"
boto3=$("$python" -c 'import boto3; print(boto3.__version__)' 2>/dev/null)
[ "$boto3" != "$boto3_wanted" ] || touch "$here/boto3.wanted"

if command -v ip >/dev/null && unshare -rn true 2>/dev/null; then
	unshare -rn sh "$0" inside "$here"
else
	sh "$0" inside "$here"
fi
verdict js "$here/js"
if [ -e "$here/boto3.wanted" ]; then
	verdict boto3 "$here/boto3"
else
	skip boto3 "the table is of $boto3_wanted, and here is '$boto3'"
fi
while read -r line; do
	case $line in
	'ok '*) report 0 "${line#*- }" ;;
	'not ok '*) report 1 "${line#*- }" || : ;;
	'1..'*) hosts=complete ;;
	*) diag "$line" ;;
	esac
done <"$here/hosts"
is "${hosts-}" complete 'all hosts were compared'
# awaitd-local's demonstration key stands in what was copied here.
rm -rf "$here"
done_testing
