#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every example of every command's --help, each with what comes of it. One that
# has no row here fails this test.
# shellcheck disable=SC2016,SC2317 # rows are text; called by wait_until
. "${abs_top_srcdir:?}/tests/system/lib.sh"
for name in curl jq openssl; do
	command -v "$name" >/dev/null || skip_all "no $name"
done
# shellcheck source=tests/support/examples.sh
. "$abs_top_srcdir/tests/support/examples.sh"

help_of() { # COMMAND: its page
	"$awaitd" help "$1" >"$tmp/help.$1"
	page help "$tmp/help.$1" "help $1"
}

# One of each kind, and what examples call them.
some_jobs() {
	done_job=$(awaitd submit -e ocr page.png)
	awaitd wait -q "$done_job" >/dev/null
	failed_job=$(awaitd submit -e ocr broken.png)
	awaitd wait -q "$failed_job" >/dev/null 2>&1
	waiting_job=$(awaitd submit -e slow page.png)
}

is_job() { # ID: what stands for a job is this one
	: >"$tmp/put.sed"
	put '01[0-9a-z]\{24\}' "$1"
	put '\bJOB\b' "$1"
}

local_start
scene alone
printf broken >broken.png
"$rawcall" PUT /bucket >"$tmp/answer"
"$rawcall" PUT /bucket/page.png @page.png >"$tmp/answer"

help_of invoke
try 'awaitd invoke -e ocr -t image/png page.png' 0 '^THE HARBOUR BOOK$'
try 'awaitd invoke -e ocr -o page.txt' 0
is "$(cat page.txt)" 'THE HARBOUR BOOK' '... in the file'
put some-program 'cat page.png'
try 'some-program | awaitd invoke' 0 '^THE HARBOUR BOOK$'

help_of submit
try 'awaitd submit -e ocr -t image/png page-*.png' 0 '^01[0-9a-z]{24}$'
try 'awaitd wait $(awaitd submit' 0 '^THE HARBOUR BOOK$'

help_of batch
mkdir pages
cp page.png pages/1.png
try 'awaitd batch -e ocr -t image/png -O texts pages/' 0 '1 of 1 ok'
is "$(cat texts/1.png.out)" 'THE HARBOUR BOOK' '... in a file'
try 'awaitd batch -O texts' 0 'resuming: 1 of 1 done'
rm -rf texts
mv broken.png broken
try 'find . -name' 0 ' ok in '
mv broken broken.png
rm -rf texts
printf '{"input": "page.png", "endpoint": "ocr"}\n' >inputs.jsonl
try 'awaitd batch -O texts --manifest' 0 '1 of 1 ok'

some_jobs
help_of wait
is_job "$done_job"
try 'awaitd wait 01' 0 '^THE HARBOUR BOOK$'
is_job "$waiting_job"
try 'awaitd wait --timeout 0' 4
: >"$tmp/put.sed"
put JOB1 "$done_job"
put JOB2 "$waiting_job"
try 'awaitd wait --any' 0
"$rawcall" PUT /bucket/a.out @page.png >"$tmp/answer"
try 'awaitd wait --output' 0 'ok: 12 bytes'

help_of list
is_job "$failed_job"
awaitd submit -q -e ocr --tag nightly page.png >tagged
try 'awaitd list' 0 "$done_job"
try 'awaitd list --newest' 0 "$done_job"
try 'awaitd list --outcome failed' 0
is "$(count "$ex_out" "$failed_job")" 0 '... but not of another error'
try 'awaitd list --tag nightly' 0 "^$(cat tagged)$"

help_of show
is_job "$failed_job"
try 'awaitd show 01' 0 'this is no picture'
try 'awaitd show --json' 0 '"fate": "failed"'

help_of result
is_job "$done_job"
rm -f page.txt
try 'awaitd result -o page.txt' 0
is "$(cat page.txt)" 'THE HARBOUR BOOK' '... in the file'
# late.sh has one that is there.
try 'awaitd result --late' 1 'came late. It is ok: leave --late out'
try 'awaitd result --url=10m' 0 '^http://.*X-Amz-Signature='

help_of retry
is_job "$failed_job"
try 'awaitd retry 01' 0 '^01[0-9a-z]{24}$'
awaitd invoke -q -e ocr broken.png >/dev/null 2>&1
try 'awaitd retry --outcome failed --since 2h --dry-run' 0 \
    '[1-9] job.* would be asked for again'
try 'awaitd retry --outcome failed' 0 '^01[0-9a-z]{24}$'
try 'awaitd wait $(awaitd retry' 3 'this is no picture'

help_of check
scene_serve <"$HOME/.config/awaitd/awaitd.conf"
serve_stop
try 'awaitd check' 0
try 'awaitd check --write ocr' 0

help_of config
cp "$HOME/.config/awaitd/awaitd.conf" awaitd.conf
printf '[webhook hook]\nurl = https://example.com/\n' >>awaitd.conf
export AWAITD_CONFIG="$ex_scene/awaitd.conf"
try 'awaitd config show --changed' 0 'poll_start = 50ms'
try "awaitd config show 'webhook hook'" 0 '^url = https://example.com/'
try 'awaitd config keys endpoint' 0 'output_path'
put '\$EDITOR' cat
try '$EDITOR' 0 'poll_start = 50ms'
unset AWAITD_CONFIG

# --- with a service ----------------------------------------------------------

scene served
help_of serve
serves 'awaitd serve' 'msg=ready'
cp "$HOME/.config/awaitd/awaitd.conf" awaitd.conf
put /etc/awaitd "$ex_scene"
serves 'awaitd serve --config' 'msg=ready'

hook_secret hook.secret
hook_start hook --status 503
scene_serve <<-END_OF_CONF
[endpoint ocr]
$ex_poll
deliver = webhook hook
[endpoint slow]
$ex_poll
deliver = webhook hook
[webhook hook]
url = http://127.0.0.1:$hook_port/
allow_networks = 127.0.0.0/8
schedule = none
breaker_failures = 2
END_OF_CONF
printf broken >broken.png
some_jobs
dead() {
	[ "$(awaitd deliveries --state dead --json | wc -l)" -ge 2 ]
}
wait_until 30 dead
delivery=$(awaitd deliveries --json | jq -r .delivery | head -n 1)

help_of targets
try 'awaitd targets' 0 'webhook hook  *resting'
try 'awaitd targets --json' 0 '^webhook hook$'

help_of reload
try 'awaitd reload --json' 0 '^\[\]$'
try 'awaitd reload' 0
page help "$tmp/help.config" 'help config'
try 'awaitd config show --running' 0 '^\[webhook hook\]$'

help_of deliveries
put 'msg_01[0-9a-z]*' "$delivery"
try 'awaitd deliveries --state dead' 0 "$delivery"
try 'awaitd deliveries --json' 0 "$delivery"
try 'awaitd deliveries msg_' 0 'answered 503'

help_of tail
serves 'awaitd tail' 'following the events'
serves 'awaitd tail --type' 'following the events'
serves 'awaitd tail --since' 'delivery.dead .*webhook hook attempt 1 status 503'

help_of test
try "awaitd test 'webhook" 1 'answered 503'
try 'awaitd test --failed' 1 '^event  *inference.failed'
help_of enable
try 'awaitd enable' 0 'webhook hook'
help_of disable
try 'awaitd disable' 0 'webhook hook'

help_of replay
put 'msg_01[0-9a-z]*' "$delivery"
try 'awaitd replay --state dead --since 2h --dry-run' 0 '\b2\b'
try 'awaitd replay msg_' 0
try 'awaitd replay --state dead --target' 0 '\b1\b'

help_of cancel
is_job "$waiting_job"
put 'msg_01[0-9a-z]*' "$delivery"
try 'awaitd cancel 01' 0
try 'awaitd cancel msg_' 0
awaitd submit -q -e slow --tag nightly page.png >tagged
try 'awaitd cancel --tag nightly' 0 'jobs* would be given up'

help_of attempts
put 'msg_01[0-9a-z]*' "$delivery"
try 'awaitd attempts --outcome failed' 0 '503'
try 'awaitd attempts msg_' 0 '503'
try 'awaitd attempts msg_' 0 '503'

help_of completion
ex_shell=bash
try 'source <(awaitd completion bash)' 0
ex_shell=
mkdir -p "$HOME/.zfunc" "$HOME/.config/fish/completions"
try 'awaitd completion zsh' 0
try 'awaitd completion fish' 0
ok '... are files with something in them' \
    test -s "$HOME/.zfunc/_awaitd" -a -s "$HOME/.config/fish/completions/awaitd.fish"

help_of listen
serves 'awaitd listen --secret-file' 'listening at'
take 'awaitd listen --listen' && {
	launch sh -e "$ex_file"
	wait_until 30 test -s port
	curl -s -d '{}' "http://127.0.0.1:$(cat port)/"
	ex_out=$EX_OUT ex_status=0
	wait "$ex_pid" || ex_status=$?
	judge_it 0 '"verified":null'
}

# --- and the rest ------------------------------------------------------------

help_of help
try 'awaitd help' 0 '^usage: awaitd COMMAND'
try 'awaitd help invoke' 0 '^usage: awaitd invoke'
help_of version
try 'awaitd version' 0 '^awaitd [0-9]'
try 'awaitd version --json' 0 '^[0-9]'

scene overview
"$awaitd" help >"$tmp/help"
page help "$tmp/help" 'help'
try 'awaitd invoke' 0 '^THE HARBOUR BOOK$'
try 'awaitd wait' 0
cp "$HOME/.config/awaitd/awaitd.conf" awaitd.conf
serves 'awaitd serve' 'msg=ready'
sed -n 's/^  \([a-z]*\)  *[A-Z].*/\1/p' "$tmp/help" >commands
ok 'there are commands' test -s commands
while read -r name; do
	ok "help $name: its examples are run" \
	    grep -q "^help_of $name\$" "$abs_top_srcdir/tests/system/examples_help.sh"
done <commands
pages_done
