# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # lib.sh has them
# Runs the examples of the documentation, as tests/system/examples_*.sh have
# them in rows, behind lib.sh:
#
#	page scdoc doc/awaitd.1.scd	whose examples follow
#	scene many			a folder of its own, a home of its own
#	scene_serve <<END ...		a service there
#	try 'awaitd submit -e ocr' 0 'REGEX'
#	pages_done			fails for each that no row is about
#
# A row names an example by the beginning of its first line; of several that
# begin alike the first that is left. It is run as it stands there, but for the
# ports and what put() says, by a shell that ends at the first failure.

ex_awk=$abs_top_srcdir/tests/support/examples.awk
ex_n=0 ex_groups='' ex_ports='' ex_port=$((10000 + $$ * 7 % 20000))
mkdir "$tmp/bin" "$tmp/ex"
secret_place "$tmp/ex" # awaitd-local(1) names the demonstration's key
ln -s "$abs_top_builddir/awaitd-ocr" "$abs_top_builddir/awaitd-summary" "$tmp/bin"
: >"$tmp/ports.sed"
: >"$tmp/put.sed"

# --- the endpoints that examples name -------------------------------------

# Reads a page in the same words each time; says no to what is no page.
cat >"$tmp/read.sh" <<'END_OF_MODEL'
page=$(head -c 4096 | tr -d '\000')
case $page in
*broken*) echo 'this is no picture' >&2; exit 1 ;;
*) echo 'THE HARBOUR BOOK' ;;
esac
END_OF_MODEL

# example_endpoint NAME [LINE...]
example_endpoint() {
	echo "[endpoint $1]"
	echo "command = sh \"$tmp/read.sh\""
	echo 's3_output_path = s3://my-bucket/output'
	echo 's3_failure_path = s3://my-bucket/failed'
	echo 'max_concurrent_invocations_per_instance = 8'
	shift
	[ $# -eq 0 ] || printf '%s\n' "$@"
}

{
	example_endpoint ocr
	example_endpoint my-endpoint
	echo '[endpoint slow]'
	echo "command = sh \"$models/slow.sh\" \"$tmp/go\" \"$tmp/began\""
	echo 's3_output_path = s3://my-bucket/slow'
	echo 's3_failure_path = s3://my-bucket/failed'
} >"$tmp/local.conf"
# boto3 and the older AWS CLI read no other.
export AWS_DEFAULT_REGION="$AWS_REGION"
ex_poll='poll_start = 50ms
poll_max = 200ms'

# --- ports -------------------------------------------------------------------

# One that nobody has, below those that the kernel gives away. Sets ex_port.
free_port() {
	while ex_port=$((ex_port < 29999 ? ex_port + 1 : 10000)); do
		ex_hex=$(printf ':%04X' "$ex_port")
		grep -qs "$ex_hex " /proc/net/tcp /proc/net/tcp6 || return 0
	done
}

# Each port that an example names is one of ours; 7070 is awaitd-local's.
ports_of() { # FILE
	grep -oE '(127\.0\.0\.1|0\.0\.0\.0|localhost|\[::1\]):[1-9][0-9]*' "$1" |
	    sed 's/.*://' | sort -u >"$tmp/ex.named"
	while read -r ex_named; do
		case $ex_ports in
		*" $ex_named="*) continue ;;
		esac
		free_port
		ex_ports="$ex_ports $ex_named=$ex_port "
		printf '%s:%s%s\n' \
		    's/\(127\.0\.0\.1\|0\.0\.0\.0\|localhost\|\[::1\]\)' \
		    "$ex_named" "\\b/\\1:$ex_port/g" >>"$tmp/ports.sed"
		[ "$ex_named" != 7070 ] || port=$ex_port
	done <"$tmp/ex.named"
}

port_of() { # NAMED: what it is here
	echo "$ex_ports" | sed "s/.* $1=\\([0-9]*\\) .*/\\1/"
}

# Where the programs are unless they are told.
echo '127.0.0.1:7070 127.0.0.1:8787' >"$tmp/ex.defaults"
ports_of "$tmp/ex.defaults"
cat >"$tmp/bin/awaitd-local" <<END_OF_WRAPPER
#!/bin/sh
exec "$awaitd_local" --listen 127.0.0.1:$port "\$@"
END_OF_WRAPPER
cat >"$tmp/bin/awaitd" <<END_OF_WRAPPER
#!/bin/sh
[ "\${1-}" = listen ] || exec "$awaitd" "\$@"
shift
exec "$awaitd" listen --listen 127.0.0.1:$(port_of 8787) "\$@"
END_OF_WRAPPER
chmod +x "$tmp/bin/awaitd-local" "$tmp/bin/awaitd"
export PATH="$tmp/bin:$PATH"

# --- pages and scenes --------------------------------------------------------

page() { # scdoc|markdown|help FILE [NAME]
	ex_page=${3-$(basename "$2" .scd)}
	ex_dir=$tmp/ex/$ex_page
	mkdir "$ex_dir"
	: >"$ex_dir/index"
	ex_stray=$(awk -f "$ex_awk" -v dir="$ex_dir" -v form="$1" "$2") ||
	    is "$ex_stray" '' "$ex_page: each example can be found"
	for ex_file in "$ex_dir"/[0-9]*; do
		[ -e "$ex_file" ] && ports_of "$ex_file"
	done
	: >"$tmp/put.sed"
}

# What stands for something here: JOB for a job's id, /srv for a folder.
put() { # TEXT VALUE
	printf 's|%s|%s|g\n' "$1" "$2" >>"$tmp/put.sed"
}

# What the last scene left running goes; the one of awaitd-local stays.
scene_over() {
	[ -z "${hook_pid-}" ] || hook_stop "$hook_pid"
	hook_pid=
	serve_stop
	for ex_group in $ex_groups; do
		! group_gone "$ex_group" || continue
		kill -TERM "-$ex_group" 2>/dev/null
		wait_until 20 group_gone "$ex_group" ||
		    kill -KILL "-$ex_group" 2>/dev/null
	done
	ex_groups=
}

# Its number may be the group of somebody else's by then, and not the session.
# shellcheck disable=SC2317 # by wait_until
group_gone() {
	! pgrep -g "$1" -s "$1" >/dev/null
}
trap 'scene_over >/dev/null 2>&1; clean_up' EXIT

scene() { # NAME
	scene_over
	ex_scene=$tmp/s/$1
	mkdir -p "$ex_scene/home/.config/awaitd"
	cd "$ex_scene" || exit 1
	export HOME="$ex_scene/home"
	unset AWAITD_STATE
	socket=$HOME/.local/state/awaitd/awaitd.sock
	for name in ocr my-endpoint slow echo; do
		printf '[endpoint %s]\n%s\n' "$name" "$ex_poll"
	done >"$HOME/.config/awaitd/awaitd.conf"
	cp "$HOME/.config/awaitd/awaitd.conf" "$tmp/serve.conf"
	for name in page page-1 page-2 page-3; do
		printf '\211PNG\r\n\032\n%s' "$name" >"$name.png"
	done
}

# A service of the scene; standard input is its configuration.
scene_serve() {
	cat >"$tmp/serve.conf"
	serve_start
}

# --- rows --------------------------------------------------------------------

# Sets ex_file, the example with everything put in, and ex_name.
take() { # BEGINNING
	ex_name="$ex_page: $1"
	ex_n=$(awk -v want="$1" '{ n = $1; sub(/^[^ ]* /, "") }
	    index($0, want) == 1 { print n }' "$ex_dir/index" |
	    while read -r ex_n; do
		[ -e "$ex_dir/taken.$ex_n" ] || { echo "$ex_n"; break; }
	    done)
	if [ -z "$ex_n" ]; then
		report 1 "$ex_name: there is such an example"
		return 1
	fi
	: >"$ex_dir/taken.$ex_n"
	ex_file=$ex_dir/run.$ex_n
	sed -f "$tmp/ports.sed" -f "$tmp/put.sed" "$ex_dir/$ex_n" >"$ex_file"
}

# Behind each line that leaves something in the background: until it says that
# it is there. People type more slowly than a service starts.
cat >"$tmp/settle" <<'END_OF_SETTLE'
EX_READY=$((${EX_READY:-0} + 1)) EX_TRIES=600
until [ "$(grep -cE 'msg=.?(ready|listening)|listening at' "$EX_OUT")" -ge "$EX_READY" ] ||
    ! kill -0 $! 2>/dev/null; do
	EX_TRIES=$((EX_TRIES - 1))
	[ "$EX_TRIES" -gt 0 ] || exit 99
	sleep 0.05
done
END_OF_SETTLE

# What no example says: a program beside it, and that it is there.
beside() { # COMMAND...
	launch "$@"
	wait_until 30 has "$EX_OUT" 'msg=.?(ready|listening)|listening at' || {
		report 1 "$* starts" || diag "$(cat "$EX_OUT")"
	}
}

# An example that was looked at is there for the next ones.
again() { # BEGINNING
	rm -f "$ex_dir/taken.$ex_n"
	take "$1" && beside sh -e "$ex_file"
}

# In a process group of its own, so that what it leaves can be ended.
launch() { # INTERPRETER... FILE; sets ex_pid
	ex_launched=$((${ex_launched:-0} + 1))
	export EX_OUT="$ex_scene/.out$ex_launched"
	: >"$EX_OUT"
	setsid "$@" </dev/null >>"$EX_OUT" 2>&1 &
	ex_pid=$!
	ex_groups="$ex_groups $ex_pid"
}

run_it() { # INTERPRETER... FILE; sets ex_status and the output, ex_out
	launch "$@"
	ex_status=0
	wait_until 90 over "$ex_pid" || kill -KILL "-$ex_pid"
	wait "$ex_pid" || ex_status=$?
	grep -E -A 12 'Sanitizer|runtime error:' "$EX_OUT" >>"$tmp/all.err"
	ex_out=$EX_OUT
}

judge_it() { # STATUS [REGEX]
	if [ "$ex_status" != "$1" ]; then
		report 1 "$ex_name" || diag "status $ex_status, not $1
$(tail -n 15 "$ex_out")"
	elif [ -n "${2-}" ] && ! grep -qE -- "$2" "$ex_out"; then
		report 1 "$ex_name" || diag "no line is like: $2
$(tail -n 15 "$ex_out")"
	else
		report 0 "$ex_name"
	fi
}

try() { # BEGINNING STATUS [REGEX]: by the shell
	take "$1" || return 0
	sed -i '/[^&]&$/a . "'"$tmp/settle"'"' "$ex_file"
	run_it "${ex_shell:-sh}" -e "$ex_file"
	shift
	judge_it "$@"
}

# Goes on until it is told to end: what it says meanwhile, if need be while
# something is done again and again; and that it ends.
serves() { # BEGINNING REGEX [COMMAND...]
	take "$1" || return 0
	ex_regex=$2
	shift 2
	launch sh -e "$ex_file"
	ex_out=$EX_OUT
	wait_until 30 has_said "$@"
	ex_status=0
	kill -TERM "-$ex_pid"
	wait_until 30 group_gone "$ex_pid" || ex_status='still running'
	grep -E -A 12 'Sanitizer|runtime error:' "$EX_OUT" >>"$tmp/all.err"
	judge_it 0 "$ex_regex"
}

# shellcheck disable=SC2317 # by wait_until
has_said() {
	[ $# -eq 0 ] || "$@" >/dev/null 2>&1
	has "$ex_out" "$ex_regex"
}

# The contents of a file, checked as what its name says.
saved() { # BEGINNING FILE [KIND]
	take "$1" || return 0
	mkdir -p "$(dirname "$2")"
	cp "$ex_file" "$2"
	check_syntax "${3-${2##*.}}" "$2"
}

check_syntax() { # KIND FILE
	ex_out=$ex_scene/.checked
	ex_status=0
	ex_kind=$1
	case $1 in # nobody here who could read it
	py) command -v python3 >/dev/null || ex_kind=text ;;
	mjs | js) command -v node >/dev/null || ex_kind=text ;;
	esac
	case $ex_kind in
	sh) sh -n "$2" ;;
	py) python3 - "$2" <<-'END_OF_CHECK'
		import sys
		compile(open(sys.argv[1]).read(), sys.argv[1], "exec")
		END_OF_CHECK
		;;
	mjs | js)
		cp "$2" "$ex_scene/.check.mjs"
		node --check "$ex_scene/.check.mjs"
		;;
	json) jq -e . "$2" ;;
	members) { echo '{'; cat "$2"; echo '}'; } | jq -e . ;;
	conf) awaitd config --config "$2" --server none ;;
	c) "${CC:-cc}" -Wall -Wextra -Werror -fsyntax-only -x c "$2" ;;
	model) { echo '[endpoint it]'; cat "$2"
		echo 's3_output_path = s3://results/it'
	} >"$2.conf" && local_takes -c "$2.conf" ;;
	local) local_takes -c "$2" ;;
	faults) local_takes --faults "$2" --endpoint it --model cat ;;
	text) test -s "$2" ;;
	*) echo "no way to check $1" && false ;;
	esac >"$ex_out" 2>&1 || ex_status=$?
	judge_it 0
}

# A configuration that awaitd-local starts with.
local_takes() { # OPTION...
	rm -rf "$ex_scene/.local" "$ex_scene/.port"
	awaitd-local --data "$ex_scene/.local" --listen 127.0.0.1:0 \
	    --port-file "$ex_scene/.port" "$@" &
	ex_local=$!
	wait_until 20 local_begun
	kill -TERM "$ex_local" 2>/dev/null
	wait "$ex_local" && [ -s "$ex_scene/.port" ]
}

# shellcheck disable=SC2317 # by wait_until
local_begun() {
	[ -s "$ex_scene/.port" ] || over "$ex_local"
}

# What cannot be run here is read by what would run it.
shown() { # BEGINNING KIND WHY
	take "$1" || return 0
	ex_name="$ex_name (not run: $3)"
	check_syntax "$2" "$ex_file"
}

pages_done() {
	scene_over
	for ex_dir in "$tmp"/ex/*; do
		while read -r ex_n ex_first; do
			[ -e "$ex_dir/taken.$ex_n" ] ||
			    report 1 "${ex_dir##*/}: no row for: $ex_first" || :
		done <"$ex_dir/index"
	done
	cd "$tmp" || exit 1
	done_testing
}
