#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# contrib/containers/docker-serve with an engine that only pretends: what it is
# asked to do, in which order, and how both end.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
serve=$abs_top_srcdir/contrib/containers/docker-serve

# One line a call in $calls, each word in brackets. "run" lasts until "stop" or
# until $tmp/exit says with which status the model ends.
mkdir "$tmp/bin" "$tmp/none"
calls=$tmp/calls
cat >"$tmp/bin/docker" <<END
#!/bin/sh
# Whoever reads the line below may end us at once.
[ "\$1" != run ] || trap 'echo told >>"$calls"; exit 130' TERM
{
	printf '%s' "\${0##*/}"
	[ \$# -eq 0 ] || printf ' [%s]' "\$@"
	echo
} >>"$calls"
case \$1 in
rm)
	[ ! -e "$tmp/exists" ] || echo 137 >"$tmp/exit"
	;;
stop)
	[ -e "$tmp/exists" ] || exit 1
	echo 143 >"$tmp/exit.new" && mv "$tmp/exit.new" "$tmp/exit"
	;;
run)
	[ -e "$tmp/pulling" ] || : >"$tmp/exists"
	until [ -e "$tmp/exit" ]; do sleep 0.05; done
	exit "\$(cat "$tmp/exit")"
	;;
esac
END
chmod +x "$tmp/bin/docker"
cp "$tmp/bin/docker" "$tmp/bin/podman"
PATH=$tmp/bin:$PATH
mkdir "$tmp/tmp"
export TMPDIR="$tmp/tmp"

# begin ARGUMENT...: in the background, until the engine runs; sets pid.
begin() {
	: >"$calls"
	rm -f "$tmp/exit" "$tmp/exists"
	"$serve" "$@" 2>>"$tmp/err" &
	pid=$!
	pids="$pids $pid"
	wait_until 30 has "$calls" '\[run\]' || diag 'the engine is not run'
}

end() { # sets status
	status=0
	wait_until 60 over "$pid" || kill -KILL "$pid"
	wait "$pid" || status=$?
}

begin --port 7100 --name aw-1 --env 'A=two words' --gpus=all IMAGE
echo 0 >"$tmp/exit"
end
is "$status" 0 'it ends when the container ends'
is "$(cat "$calls")" 'docker [rm] [-f] [aw-1]
docker [run] [--rm] [--init] [--name] [aw-1] [-p] [127.0.0.1:7100:8080] [--env] [A=two words] [--gpus=all] [IMAGE] [serve]' \
    'a leftover goes first, then the image runs, every word as it was'

begin --port 7100 --name aw-1 IMAGE
echo 7 >"$tmp/exit"
end
is "$status" 7 "and with the container's status"

begin --plain --inside 9000 --port 1 --name b.c_d-2 -m 1g IMAGE --model '*'
echo 0 >"$tmp/exit"
end
is "$(tail -n 1 "$calls")" 'docker [run] [--rm] [--init] [--name] [b.c_d-2] [-p] [127.0.0.1:1:9000] [-m] [1g] [IMAGE] [--model] [*]' \
    'with --plain nothing is put behind the image'

# Not INT: what a script starts in the background ignores it.
for signal in TERM HUP; do
	# shellcheck disable=SC2016 # the inner shell's
	if sh -c "kill -$signal"' $$' 2>/dev/null; then
		skip "SIG$signal stops the container" 'nohup has it ignored'
		continue
	fi
	begin --port 7100 --name aw-1 IMAGE
	wait_until 30 test -e "$tmp/exists"
	kill -"$signal" "$pid"
	end
	is "$status $(tail -n 1 "$calls")" '143 docker [stop] [-t] [30] [aw-1]' \
	    "SIG$signal stops the container, and its status is ours"
done
begin --port 7100 --name aw-1 --stop 5 IMAGE
wait_until 30 test -e "$tmp/exists"
kill -TERM "$pid"
end
is "$(tail -n 1 "$calls")" 'docker [stop] [-t] [5] [aw-1]' \
    'the time for that can be set'

: >"$tmp/pulling"
begin --port 7100 --name aw-1 IMAGE
kill -TERM "$pid"
end
is "$status $(tail -n 1 "$calls")" '130 told' \
    'where there is no container yet, the engine is told to end'
rm "$tmp/pulling"

begin --port 7100 --name aw-1 IMAGE
wait_until 30 test -e "$tmp/exists"
kill -KILL "$pid"
wait "$pid" 2>/dev/null
ok 'kill -9 leaves no container either' wait_until 30 has "$calls" '\[rm\]' 2
is "$(ls "$TMPDIR")" '' 'and no file'

# shellcheck disable=SC2317 # by wait_until
all_over() { # nobody waits for its end any more either
	! pgrep -f "docker-serve --port 7100 --name aw-$$" >/dev/null
}
begin --port 7100 --name "aw-$$" IMAGE
ok 'somebody watches over it' pgrep -f \
    "docker-serve --port 7100 --name aw-$$"
echo 0 >"$tmp/exit"
end
ok 'but not longer than it lives' wait_until 30 all_over
is "$(count "$calls" '\[rm\]')" 1 'and removes nothing where it ended well'

begin --engine podman --port 7100 --name aw-1 IMAGE
echo 0 >"$tmp/exit"
end
is "$(grep -c '^podman ' "$calls") $(grep -c '^docker ' "$calls")" '2 0' \
    '--engine says which'

# Nothing but what the script itself needs.
for tool in sh cat sleep mv rm mktemp mkfifo; do
	ln -s "$(command -v "$tool")" "$tmp/none/$tool" 2>/dev/null || :
done
cp "$tmp/bin/podman" "$tmp/none/podman"
: >"$calls"
rm -f "$tmp/exists"
echo 0 >"$tmp/exit"
ok 'without docker podman is taken' env PATH="$tmp/none" "$serve" \
    --port 7100 --name aw-1 IMAGE
is "$(grep -c '^podman ' "$calls")" 2 'with the same words'

wrong() { # WANTED ARGUMENT...
	wrong_text=$1
	shift
	: >"$calls"
	status=0
	timeout 30 "$serve" "$@" 2>"$tmp/err" || status=$?
	is "$status $(cat "$tmp/err" "$calls")" "2 docker-serve: $wrong_text" \
	    "told, and nothing begun: $wrong_text"
}
wrong "--port: '' is no number" --name aw-1 IMAGE
wrong "--port: '80a' is no number" --port 80a --name aw-1 IMAGE
wrong "--name: '' is no name" --port 1 IMAGE
wrong "--name: '-f' is no name" --port 1 --name -f IMAGE
wrong "--name: 'a b' is no name" --port 1 --name 'a b' IMAGE
wrong "--stop needs a value" --port 1 --name a --stop
wrong 'no image is named' --port 1 --name a
wrong 'there is no nope' --port 1 --name a --engine nope IMAGE
done_testing
