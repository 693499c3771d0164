#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every example of the manual pages, each with what comes of it. One that has no
# row here fails this test, and so does a page that is read by no test.
# shellcheck disable=SC2016,SC2317 # rows are text; called by wait_until
. "${abs_top_srcdir:?}/tests/system/lib.sh"
for name in curl jq openssl; do
	command -v "$name" >/dev/null || skip_all "no $name"
done
# shellcheck source=tests/support/examples.sh
. "$abs_top_srcdir/tests/support/examples.sh"
doc=$abs_top_srcdir/doc

for name in "$doc"/*.scd; do
	name=$(basename "$name" .scd)
	ok "$name: its examples are run" grep -q "^page scdoc .*/$name.scd" \
	    "$abs_top_srcdir"/tests/system/examples_*.sh
done

# --- awaitd(1) ---------------------------------------------------------------

page scdoc "$doc/awaitd.1.scd"
local_start
scene alone
try 'awaitd invoke -v -e ocr' 0 'outcome=ok'
is "$(cat page.txt)" 'THE HARBOUR BOOK' '... and the page is in the file'
try 'awaitd submit -e ocr -t image/png page-*.png >jobs' 0
is "$(cat ./*.txt | sort | uniq -c | tr -s ' ')" ' 4 THE HARBOUR BOOK' \
    '... with all results in files'
"$rawcall" PUT /my-bucket/output/3f2a.out @page.txt >"$tmp/answer"
try 'awaitd wait --output' 0 'ok: 17 bytes'
mkdir pages
cp page.png pages/1.png
printf broken >pages/2.png
try 'awaitd batch -e ocr -t image/png -O texts --max' 3 '1 of 2 ok'
is "$(cat texts/1.png.out)" 'THE HARBOUR BOOK' '... the good page in a file'
take '{"input": "pages/1.png"' && {
	cp "$ex_file" inputs.jsonl
	ok "$ex_name is a manifest" \
	    awaitd batch -q -e ocr -O read --manifest inputs.jsonl
	is "$(cat read/1.txt)" 'THE HARBOUR BOOK' '... and is carried out'
}
try "jq -r 'select(.outcome" 0 '^pages/2.png.*this is no picture'

scene served
hook_start hook --status 503
hook_secret hook.secret
cat >"$HOME/.config/awaitd/awaitd.conf" <<-END_OF_CONF
[endpoint ocr]
$ex_poll
deliver = webhook hook
[webhook hook]
url = http://127.0.0.1:$hook_port/
allow_networks = 127.0.0.0/8
secret_file = $ex_scene/hook.secret
schedule = none
END_OF_CONF
try 'awaitd serve &' 0
dead() { # N
	[ "$(awaitd deliveries --state dead --json | wc -l)" -ge "$1" ]
}
ok '... whose deliveries end dead' wait_until 30 dead 3
hook_stop "$hook_pid"
hook_start mended
sed -i "s|^url = .*|url = http://127.0.0.1:$hook_port/|" \
    "$HOME/.config/awaitd/awaitd.conf"
kill -HUP "$(pgrep -s "$ex_pid" -x awaitd)"
wait_until 20 has "$EX_OUT" reloaded
try 'awaitd replay --state dead' 0 '^3 |3 deliveries'
ok '... and its receiver has all of them' wait_until 30 \
    has "$tmp/mended.hooks" '"id"' 3
try "awaitd test 'webhook hook'" 0 '^verdict  *ok'

shown 'source <(awaitd completion bash)' text 'for three shells: completion.sh'

# --- awaitd-api(7) -----------------------------------------------------------

page scdoc "$doc/awaitd-api.7.scd"
scene api
scene_serve <"$HOME/.config/awaitd/awaitd.conf"
try 'curl --unix-socket' 0 '"jobs"'
shown '{"endpoint": "ocr"' json 'a body, as api.sh sends them'
shown '"deliver": [' members 'part of such a body'
shown 'id: 1' text 'an event, as events.sh reads them'
shown '{"type": "about:blank"' json 'an answer'
api POST /v1/jobs -H 'Content-Type: application/json' \
    -d '{"endpoint": "ocr", "conten_type": "x", "body": "x"}'
is "$(jq -S . "$tmp/out")" "$(jq -S . "$ex_file")" '... word for word'

# --- awaitd-handlers(7) ------------------------------------------------------

page scdoc "$doc/awaitd-handlers.7.scd"
scene handlers
shown 'POST /hooks/ocr' text 'a request, as webhook.sh has them'
shown '{"type": "inference.completed"' json 'an event'
shown '{"specversion"' text 'an event, cut'
try 'umask 077; echo' 0
try 'umask 077; openssl genpkey' 0
cut -c 1-5 hook.secret hook.key hook.public >heads
is "$(tr '\n' ' ' <heads)" 'whsec whsk_ whpk_ ' '... are three kinds of keys'
hook_start both --secret-file hook.secret --secret-file hook.public
ok '... that awaitd takes' test -n "$hook_port"
shown 'import { Webhook }' js 'interop.sh verifies with that package'
shown 'signature() {' sh 'receivers.sh compares it'
shown '01hz4k9p3w7x5v2q8r6t0y1n3b.completed' text 'names of files'
shown 'awaitd/1 643 5' text 'a frame'
shown 'import json, socketserver' py 'dirunix.sh is served by it'
shown '#include <stdio.h>' c 'dirunix.sh is served by it'

# --- awaitd-local(1) ---------------------------------------------------------

page scdoc "$doc/awaitd-local.1.scd"
local_stop
scene local
saved 'export AWS_ENDPOINT_URL' settings.sh
secret_place "$ex_scene/settings.sh"
put '\.\.\./docker-serve' "$abs_top_srcdir/contrib/containers/docker-serve"
for model in 'command = tesseract' 'container = http' 'serve = '; do
	shown "$model" model 'awaitd-local is started with it'
done
shown 'drop-reply' faults 'awaitd-local is started with them'
put /tmp/l "$ex_scene/l"
serves "awaitd-local --data /tmp/l" 'listening.*:'"$(port_of 7070)"
again "awaitd-local --data /tmp/l"
try 'key=awaitd-local:' 0 'HELLO$'
if command -v aws >/dev/null; then
	run_it env -i PATH="$PATH" HOME="$HOME" sh -ec '. ./settings.sh; aws s3 ls'
	is "$ex_status" 0 'the settings are all that the AWS CLI needs'
fi

scene admin
mkdir data
cat >local.conf <<-END_OF_CONF
[local]
data = $ex_scene/data
listen = 127.0.0.1:$port
[admin]
listen = 127.0.0.1:$(port_of 7071)
[queue bells]
[endpoint ocr]
command = cat
s3_output_path = s3://results/ocr
success_topic = $topics:done
END_OF_CONF
beside awaitd-local -c local.conf
try 'curl --data-binary' 0 '^1$'
if command -v aws >/dev/null; then
	export TOPIC="$topics:done"
	hook_start sub
	put 'http://127.0.0.1:[0-9]*/hook' "http://127.0.0.1:$hook_port/hook"
	try 'aws sns subscribe' 0 'pending confirmation'
	ok '... which asks for a confirmation' wait_until 20 \
	    has "$tmp/sub.hooks" SubscriptionConfirmation
	try 'aws s3api put-bucket-notification' 0
else
	shown 'aws sns subscribe' sh 'no aws here'
	shown 'aws s3api put-bucket-notification' sh 'no aws here'
fi

# --- awaitd.conf(5) ----------------------------------------------------------

page scdoc "$doc/awaitd.conf.5.scd"
scene conf
mkdir -p state
(umask 077; echo 0123456789abcdef0123 >api.token)
hook_secret app.secret
shown 'aws sns subscribe' sh 'needs AWS; README.md has it run here'
shown 'aws sns set-subscription-attributes' sh 'needs AWS'
shown 'location = /sns {' text 'of nginx'
export CREDENTIALS_DIRECTORY="$ex_scene"
hook_secret hook
saved '[webhook hook]' hook.conf
saved '[endpoint ocr]' small.conf
put /var/lib/awaitd "$ex_scene/state"
put /usr/local/bin/keep-page "$(command -v cat)"
put www-data root
saved '[awaitd]' awaitd.conf

pages_done
