#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Handlers that awaitd serve runs: what their exit means, that nothing of them
# stays behind, also where the service is killed, that no shell comes between,
# and where the keeper is looked for.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
local_start

# Each kind of handler is an argument of one script.
cat >"$tmp/handler" <<END
#!/bin/sh
leave() { # one of another session, that no SIGTERM ends
	setsid sh -c 'trap "" TERM; echo \$\$ >"$tmp/\$1.pid"; sleep 600' x "\$1" &
	until [ -s "$tmp/\$1.pid" ]; do sleep 0.01; done
}
case \$1 in
leave) leave left ;;
refuse) exit 3 ;;
later) exit 75 ;;
hang) leave hung; trap '' TERM; sleep 600 ;;
esac
END
chmod +x "$tmp/handler"
{
	printf '[endpoint cat]\npoll_start = 50ms\npoll_max = 100ms\n'
	for kind in leave refuse later hang; do
		printf '[exec %s]\ncommand = %s %s\nother_exit = dead\n' \
		    "$kind" "$tmp/handler" "$kind"
	done
	printf '[exec show]\ncommand = env\npayload = event\n'
} >"$tmp/serve.conf"

post() { # TARGET [CURL OPTION...]: sets job
	post_target=$1
	shift
	api POST /v1/jobs -H 'Awaitd-Endpoint: cat' \
	    -H "Awaitd-Deliver: exec $post_target" --data-binary hello "$@"
	job=$(jq -r .job "$tmp/out")
}
# shellcheck disable=SC2317 # by wait_until
attempted() { # the delivery of $job, with its journal, in $tmp/delivery
	delivery=$("$awaitd" deliveries --json | jq -r --arg job "$job" \
	    'select(.job == $job) | .delivery')
	[ -n "$delivery" ] || return 1
	"$awaitd" deliveries --json "$delivery" >"$tmp/delivery"
	[ "$(jq '[.log[] | select(.outcome != "open")] | length' \
	    "$tmp/delivery")" -gt 0 ]
}
of() { # JQ FILTER
	jq -r "$1" "$tmp/delivery"
}

serve_start
post leave
ok 'a handler leaves a process in a session of its own' \
    wait_until 30 attempted
is "$(of .state)" delivered 'its exit counts'
like "$(of '.log[0].note')" 'left * behind, which w* killed' \
    'the journal tells what it left'
ok 'which is gone' gone "$(cat "$tmp/left.pid")"
like "$(cat "$tmp/serve.err")" '*note="left *killed*' 'and so does the log'
post refuse
ok 'exit status 3 ends an attempt' wait_until 30 attempted
is "$(of '.state, .log[0].status, .note' | tr '\n' ';')" \
    'dead;3;exit status 3;' 'and the delivery, where that is configured'
post later
ok 'exit status 75 ends an attempt' wait_until 30 attempted
is "$(of '.state, .log[0].status, .note' | tr '\n' ';')" \
    'waiting;75;exit status 75;' 'and only that'

# --- killed ---
post hang
ok 'a handler hangs' wait_until 30 test -s "$tmp/hung.pid"
keepers() { # processes below this one
	ps -o pid= --ppid "$1" | tr -d ' ' | while read -r keeper; do
		echo "$keeper"
		keepers "$keeper"
	done
}
below=$(keepers "$serve_pid")
ok 'below two keepers' test "$(echo "$below" | wc -l)" -ge 4
serve_kill
for one in $below; do
	ok "kill -9 of the service ends $one" wait_until 20 gone "$one"
done

# --- traced ---
if ! command -v strace >/dev/null || ! strace -qq -o /dev/null true; then
	skip 'no shell comes between' 'strace does not work here'
else
	cat >"$tmp/traced" <<END
#!/bin/sh
exec strace -D -f -qq -s 4096 -o '$tmp/trace' -e trace=execve,execveat \
    '$awaitd' "\$@"
END
	chmod +x "$tmp/traced"
	untraced=$awaitd
	awaitd=$tmp/traced
	ASAN_OPTIONS=detect_leaks=0
	export ASAN_OPTIONS
	serve_start
	awaitd=$untraced
	# shellcheck disable=SC2016 # no shell may ever see them
	post show -H 'Awaitd-Custom-Attributes: $(touch pwned);`id`|--x' \
	    -H 'Content-Type: text/plain; a=$IFS'
	ok 'a job with words for a shell is delivered' \
	    wait_until 60 attempted
	# shellcheck disable=SC2016
	like "$(of '.log[0].response')" \
	    '*AWAITD_CUSTOM_ATTRIBUTES=$(touch pwned);`id`|--x *' \
	    'its handler has them as they are'
	"$untraced" cancel "$("$untraced" deliveries --json |
	    jq -r 'select(.target == "exec hang") | .delivery')" 2>/dev/null
	serve_stop
	is "$serve_status" 0 'the service ends well'
	# The hanging one may have been started again, which is a script.
	grep -v -e handler -e sleep -e setsid -e '"sh", "-c", "trap' \
	    "$tmp/trace" | sed -n 's/^[0-9]* *execve("\([^"]*\)".*= 0$/\1/p' |
	    sed 's|.*/||' | sort -u | tr '\n' ' ' >"$tmp/programs"
	is "$(cat "$tmp/programs")" 'awaitd awaitd-keeper env ' \
	    'no shell comes between'
	if [ -x "$abs_top_builddir/tests/unit/test_exec_inject" ]; then
		strace -f -qq -o "$tmp/trace" -e trace=execve,execveat \
		    "$abs_top_builddir/tests/unit/test_exec_inject" \
		    >"$tmp/out" 2>"$tmp/err"
		diag "$(grep '^inject:' "$tmp/out")"
		ok 'every payload runs' grep -q '^inject:.*wrong=0' "$tmp/out"
		programs=$(sed -n 's/^[0-9]* *execve("\([^"]*\)".*= 0$/\1/p' \
		    "$tmp/trace" | sed 's|.*/||' | sort | uniq -c |
		    tr -s ' ' | tr '\n' ';')
		diag "trace: $programs"
		like "$programs" \
		    ' [0-9]* awaitd-keeper; [0-9]* test_exec_inject;' \
		    'and no other program'
	else
		skip 'every payload runs' 'no cmocka'
		skip 'and no other program' 'no cmocka'
	fi
	unset ASAN_OPTIONS
fi

# --- where the keeper is ---
mkdir -p "$tmp/moved/bin" "$tmp/moved/libexec/awaitd"
cp "$awaitd" "$tmp/moved/bin/"
printf '[exec x]\ncommand = true\n' >"$tmp/x.conf"
moved() { # sets status and err
	status=0
	timeout 60 "$tmp/moved/bin/awaitd" serve --config "$tmp/x.conf" \
	    >"$tmp/out" 2>"$tmp/err" </dev/null &
	pid=$!
	wait_until 30 decided
	end_ours "$pid"
	wait "$pid" || status=$?
	err=$(cat "$tmp/err")
}
# shellcheck disable=SC2317 # by wait_until
decided() {
	has "$tmp/err" 'msg="?ready' || gone "$pid"
}
if [ -e /usr/local/libexec/awaitd/awaitd-keeper ]; then
	skip 'without it there is no service' 'it is installed here'
else
	moved
	like "$status:$err" '2:*exec x*no program awaitd-keeper*' \
	    'without it there is no service'
fi
cp "$abs_top_builddir/awaitd-keeper" "$tmp/moved/libexec/awaitd/"
moved
is "$status" 0 'in libexec it is found'
done_testing
