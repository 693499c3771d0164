#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Completion in the shells themselves: every command and every option that
# --help tells of, and words of today: endpoints, targets, jobs, deliveries.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
cd "$tmp" || exit 1
PATH=$abs_top_builddir:$PATH
local_start

cat >serve.conf <<END
[endpoint cat]
poll_start = 50ms
poll_max = 100ms
[endpoint other]
[webhook hook]
url = http://127.0.0.1:9/in
allow_networks = 127.0.0.0/8
[exec keep]
command = cat
[exec fails]
command = sh -c 'exit 1'
schedule = none
END
export AWAITD_CONFIG="$tmp/serve.conf"

# --- what awaitd says ---
words() { # WORD...: those that fit
	"$awaitd" __complete "$@" 2>complete.err | sed 1d | cut -f 1
	cat complete.err
}
commands=$("$awaitd" help | sed -n '/^run requests:/,$s/^  \([a-z]*\)  .*/\1/p')
is "$(words '' | sort)" "$(echo "$commands" | sort)" 'each command'
for c in $commands; do
	"$awaitd" help "$c" | grep -o '^  \(-., \|    \)--[a-z-]*' |
	    sed 's/.*--/--/' | sort >options
	words "$c" -- | sort >said
	same said options "each option of $c"
	[ -s options ] || report 1 "$c has options"
done
is "$("$awaitd" __complete list --js)" "words
--json	$("$awaitd" list --help | sed -n 's/^  -j, --json  *//p')" \
    'with what it is, as --help has it'
is "$(words list --json --js)" '' 'nothing twice'
is "$(words list --set a.b=c --se | tr '\n' ' ')" '--set --server ' \
    'but what may be given again'
is "$(words invoke -e '' | tr '\n' ' ')" 'cat other ' 'endpoints'
is "$(words invoke -jqe c)" cat 'behind letters that stand together'
is "$(words check o)" other 'and as arguments'
is "$(words submit --deliver='webhook hook, exec k')" \
    '--deliver=webhook hook, exec keep' 'the last of several targets'
is "$(words deliveries --state d | tr '\n' ' ')" 'delivered dead ' \
    'states of deliveries'
is "$(words list --log-level w)" warn 'levels'
is "$(words list --set 'endpoint cat.poll_s')" 'endpoint cat.poll_start=' 'keys'
is "$(words completion '' | tr '\n' ' ')" 'bash zsh fish ' 'shells'
is "$("$awaitd" __complete invoke -o '')" files 'files are the shell'\''s affair'
is "$("$awaitd" __complete invoke -e cat '')" files 'so are inputs'
is "$(words config '' | tr '\n' ' ')" 'show keys path ' 'verbs'
is "$(words config show end | tr '\n' ' ')" 'endpoint cat endpoint other ' \
    'and what stands behind them'
is "$(words version x)" '' 'nothing where nothing is taken'
is "$(words invoke -- --js)" '' 'no options behind --'
is "$(words show a '')" '' 'one argument where one is taken'
is "$(words list --since '')" '' 'nothing where anything goes'
mkdir -p "$HOME/.aws"
printf '[default]\n[profile work]\n' >"$HOME/.aws/config"
is "$(words list --profile '' | tr '\n' ' ')" 'default work ' 'profiles'
# Names that a shell, or a terminal, would obey.
# shellcheck disable=SC2016
awkward='$(touch hit) `touch hit` ;touch"hit it'\''s& b\s!'
printf '[profile x%s]\n[profile z\302\233c]\n[profile z\342\200\256d]\n[profile me@home]\n' \
    "$awkward" >>"$HOME/.aws/config"
is "$(words list --profile x)" "x$awkward" 'a name is said as it is'
is "$(words list --profile z)" '' 'but none that would turn the line around'

# --- words of today ---
printf hello >in
is "$(words show '')" '' 'no jobs'
run submit -e cat in
mine=$(cat out)
is "$(words wait '')" "$mine" 'a job of a state file'
run wait "$mine"
is "$(words wait '')" '' 'that is over: nothing to wait for'
is "$(words result '')" "$mine" 'but a result'
like "$("$awaitd" __complete show "$mine")" "*	cat, ok, * ago" \
    'with what became of it'
serve_start
run submit -e cat --deliver='exec fails' in
job=$(cat out)
# shellcheck disable=SC2317 # by wait_until
dead() {
	[ "$(words replay msg_ | wc -l)" -eq 1 ]
}
ok 'a delivery of the service' wait_until 30 dead
is "$(words cancel msg_)" '' 'that is dead: nothing to cancel'
is "$(words show '' | sort)" "$(printf '%s\n' "$mine" "$job" | sort)" \
    'its job, beside the other'
is "$(words retry '')" '' 'neither of which failed'
is "$(words enable '' | sort | tr '\n' ' ')" 'exec fails exec keep webhook hook ' \
    'targets, as the service has them'
run submit -e cat --deliver='exec keep, exec fails, exec keep on failure' in
like "$status:$err" '2:awaitd: --deliver names the target "exec keep" twice*' \
    'a target that stands there twice is told by the flag'

# --- never loud, never slow, never elsewhere ---
quiet() { # NAME WORD...: it fails without a word
	quiet_name=$1
	shift
	began=$(date +%s)
	"$awaitd" __complete "$@" >said 2>complete.err
	is "$?:$(cat complete.err)" 0: "$quiet_name: without a word"
	[ $(($(date +%s) - began)) -le 3 ] || report 1 "$quiet_name: in time"
}
printf '[nonsense\n' >bad.conf
quiet 'a configuration that cannot be read' invoke -c bad.conf -e ''
is "$(cat said)" words '... has nothing'
quiet 'a configuration that is not there' enable -c none.conf ''
quiet 'no such command' frobnicate ''
quiet 'no such option' list --frobnicate=x
quiet 'no service' wait --server "$tmp/none.sock" ''
if command -v socat >/dev/null; then
	socat UNIX-LISTEN:"$tmp/mute.sock" PIPE >/dev/null 2>&1 &
	mute=$!
	pids="$pids $mute"
	ok 'a service that does not answer' wait_until 10 test -S mute.sock
	quiet '... is given up' wait --server "$tmp/mute.sock" ''
	end_ours "$mute"
	socat TCP-LISTEN:0,bind=127.0.0.2 - >elsewhere 2>/dev/null </dev/null &
	pids="$pids $!"
	# shellcheck disable=SC2317 # by wait_until
	listens() {
		far=$(awk '$2 ~ /^0200007F:/ && $4 == "0A" {
			print substr($2, 10) }' /proc/net/tcp | tail -n 1)
		[ -n "$far" ]
	}
	ok 'a service elsewhere' wait_until 10 listens
	quiet '... that listens' \
	    wait --server "http://127.0.0.2:$(printf %d "0x$far")" ''
	is "$(wc -c <elsewhere)" 0 '... is not asked'
else
	skip 'a service that does not answer' 'no socat'
fi

# --- the scripts are what is installed ---
for s in bash zsh fish; do
	run completion $s
	same out "$abs_top_srcdir/src/cmd/completion/$s.sh" "awaitd completion $s"
done
run completion fihs
is "$status:$err" "2:awaitd: unknown shell \"fihs\". Did you mean 'fish'? There are bash, zsh and fish." \
    'another shell'
run completion
like "$status:$err" '2:awaitd: no shell was named*' 'none'

# --- bash ---
cat >try.bash <<'END'
source <(awaitd completion bash)
[[ $(complete -p awaitd) == *'-F _awaitd awaitd' ]] || exit 1
COMP_WORDS=(awaitd "$@")
COMP_CWORD=$#
_awaitd awaitd
((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
END
try() { # WORD... as bash cuts them
	bash --norc try.bash "$@" 2>&1
}
if command -v bash >/dev/null; then
	is "$(try '' | sort)" "$(echo "$commands" | sort)" 'bash: each command'
	for c in $commands; do
		[ "$(try "$c" -- | sort)" = "$(words "$c" -- | sort)" ] ||
		    report 1 "bash: the options of $c"
	done
	is "$(try enable w)" 'webhook\ hook' 'bash: blanks are quoted'
	is "$(try enable "'web")" 'webhook hook' '... once'
	is "$(try enable 'webhook\ h')" 'webhook\ hook' '... as they were'
	is "$(try submit --deliver = e | tr '\n' ' ')" 'exec\ keep exec\ fails ' \
	    'bash: a value behind ='
	is "$(try submit --deliver = | head -n 1)" none '... and none of it yet'
	is "$(try list --server http : /)" // 'bash: words cut at colons'
	is "$(try show "${job%????}")" "$job" 'bash: a job'
	is "$(try list --profile me @ h)" home 'bash: words cut at @'
	is "$(try list --profile me @)" home '... and behind it'
	is "$(try list --set awaitd.state =)" '' 'nothing where all is there'
	is "$(try list --server unix :)" '' '... behind a colon'
	eval "set -- $(try list --profile x)"
	is "$#:$1" "1:x$awkward" 'bash: an awkward name is one word'
	eval "set -- '$(try list --profile "'x")'"
	is "$#:$1" "1:x$awkward" '... in quotes'
	eval "set -- \"$(try list --profile '"x')\""
	is "$#:$1" "1:x$awkward" '... of either kind'
	ok '... that runs nothing' test ! -e hit
	touch 'xyz file'
	is "$(try invoke -o 'xyz f')" 'xyz file' 'bash: files'
	is "$(try invoke --output = xyz)" 'xyz file' '... behind ='
else
	skip 'bash' 'no bash'
fi

# --- zsh ---
"$awaitd" completion zsh >script.zsh
try() { # LINE
	zsh -f "$abs_top_srcdir/tests/support/complete.zsh" script.zsh "$1" 2>&1
}
if command -v zsh >/dev/null; then
	is "$(try 'awaitd ')" "$(echo "$commands" | sort)" 'zsh: each command'
	is "$(try 'awaitd submit --')" "$(words submit -- | sort)" 'zsh: options'
	is "$(try 'awaitd enable w')" 'webhook\ hook' 'zsh: blanks are quoted'
	is "$(try "awaitd enable 'web")" 'webhook hook' '... once'
	is "$(try 'awaitd submit --deliver=w')" 'webhook\ hook' \
	    'zsh: a value behind ='
	is "$(try "awaitd show ${job%????}")" "$job" 'zsh: a job'
	is "$(try "awaitd show '' ${job%????}")" '' 'zsh: a word may be empty'
	eval "set -- $(try 'awaitd list --profile x')"
	is "$#:$1" "1:x$awkward" 'zsh: an awkward name is one word'
	ok '... that runs nothing' test ! -e hit
	is "$(try 'awaitd invoke -o xyz')" 'xyz\ file' 'zsh: files'
else
	skip 'zsh' 'no zsh'
fi

# --- fish ---
# shellcheck disable=SC2016 # fish's own variable
try() { # LINE
	TRY=$1 fish --no-config -c 'awaitd completion fish | source
	    complete -C "$TRY"' 2>&1 | cut -f 1
}
if command -v fish >/dev/null; then
	is "$(try 'awaitd ' | sort)" "$(echo "$commands" | sort)" \
	    'fish: each command'
	for c in $commands; do
		[ "$(try "awaitd $c --" | sort)" = "$(words "$c" -- | sort)" ] ||
		    report 1 "fish: the options of $c"
	done
	is "$(try 'awaitd enable w')" 'webhook hook' 'fish: targets'
	is "$(try "awaitd enable 'web")" 'webhook hook' '... in quotes'
	is "$(try 'awaitd submit --deliver=w')" '--deliver=webhook hook' \
	    'fish: a value behind ='
	is "$(try "awaitd show ${job%????}")" "$job" 'fish: a job'
	is "$(try 'awaitd list --profile x')" "x$awkward" 'fish: an awkward name'
	ok '... that runs nothing' test ! -e hit
	is "$(try 'awaitd invoke -o xyz\ f')" 'xyz file' 'fish: files'
else
	skip 'fish' 'no fish'
fi
done_testing
