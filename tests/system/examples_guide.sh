#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every example of awaitd-guide(7), in its order, as a reader would go through
# it: against awaitd-local and a service, with boto3 and the AWS CLI where they
# are installed. The sagemaker SDK is a stand-in (tests/support).
# shellcheck disable=SC2016,SC2317 # rows are text; called by wait_until
. "${abs_top_srcdir:?}/tests/system/lib.sh"
for name in curl jq openssl python3; do
	command -v "$name" >/dev/null || skip_all "no $name"
done
# shellcheck source=tests/support/examples.sh
. "$abs_top_srcdir/tests/support/examples.sh"
support=$abs_top_srcdir/tests/support
# shellcheck source=tests/support/boto3.sh
. "$support/boto3.sh"

page scdoc "$abs_top_srcdir/doc/awaitd-guide.7.scd"
scene guide
rm -f page-*.png
printf broken >broken.png

mkdir -p py/sagemaker
export PYTHONPATH="$ex_scene/py"
cp "$support/sagemaker_standin.py" py/
: >py/sagemaker/__init__.py
for name in async_inference predictor predictor_async; do
	echo 'from sagemaker_standin import *' >"py/sagemaker/$name.py"
done
boto3_help py

# A row that needs what may not be here.
with() { # YES BEGINNING KIND WHY STATUS [REGEX]
	if [ -z "$1" ]; then
		shown "$2" "$3" "$4"
		return
	fi
	with_row=$2
	shift 4
	try "$with_row" "$@"
}
run_python() { # as a row of its own
	with "$boto3" "$1" sh 'no boto3 here' "$2" "${3-}"
}
with_broken() { # PROGRAM NAME STATUS REGEX: an input that the model cannot read
	[ -n "$boto3" ] || return 0
	run_it python3 "$1" s3://my-bucket/input/broken.png
	ex_name=$2
	judge_it "$3" "$4"
}
page_text='^THE HARBOUR BOOK$'

# --- an endpoint of one's own, and the loops ---------------------------------

put 'tesseract stdin stdout -l eng' "sh \"$tmp/read.sh\""
saved '[local]' local.conf local
try 'awaitd-local -c local.conf &' 0 'msg=listening'
export AWS_ENDPOINT_URL="http://127.0.0.1:$port"
page_text_of() { # FILE: uploaded, so that what names it works without boto3
	"$rawcall" PUT "/my-bucket/input/$1" "@$1" >"$tmp/answer"
}
page_text_of page.png
page_text_of broken.png

saved 'import sys' loop.py
run_python 'python3 loop.py' 0 "$page_text"
if [ -n "$boto3" ]; then
	run_it timeout 5 python3 loop.py broken.png
	is "$ex_status" 124 '... which does not end where the inference failed'
fi
saved 'import sys' sdk.py
run_python 'python3 sdk.py' 0 "$page_text"
saved 'aws s3 cp page.png' loop.sh
if command -v aws >/dev/null; then
	run_it sh -e loop.sh
	ex_name='... which reads the page'
	judge_it 0 'THE HARBOUR BOOK'
fi

# --- the wait alone -----------------------------------------------------------

saved 'import subprocess' keep.py
run_python 'python3 keep.py' 0 "$page_text"
with_broken keep.py '... which ends where the inference failed' \
    1 'the model could not read it'
saved 'import subprocess' keep_sdk.py
run_python 'python3 keep_sdk.py' 0 "$page_text"
with_broken keep_sdk.py '... which ends, too, with what the model said' \
    3 'this is no picture'
saved 'set -- $(aws' keep.sh
if ! command -v aws >/dev/null; then
	# What the AWS CLI prints: two places and a tab.
	cat >"$tmp/bin/aws" <<-END_OF_AWS
	#!/bin/sh
	"$rawcall" POST /endpoints/ocr/async-invocations \
	    'x-amzn-sagemaker-inputlocation: s3://my-bucket/input/page.png' |
	    tr -d '\r' | sed -n 's/^x-amzn-sagemaker-[of].*location: *//Ip' |
	    paste -s
	END_OF_AWS
	chmod +x "$tmp/bin/aws"
	made_aws=$tmp/bin/aws
fi
run_it sh -e keep.sh
ex_name='... which reads the page'
judge_it 0 "$page_text"
[ -z "${made_aws-}" ] || rm "$made_aws"

# --- awaitd alone ------------------------------------------------------------

try 'awaitd invoke -e ocr -t image/png page.png' 0 "$page_text"
try 'job=$(awaitd submit' 0 "$page_text"
saved 'import subprocess' invoke.py
try 'python3 invoke.py' 0 "$page_text"
run_it python3 invoke.py broken.png
ex_name='... which ends where the inference failed'
judge_it 1 'the model could not read it'
try 'awaitd invoke -e ocr -t image/png s3://' 0 "$page_text"

try 'mkdir -p pages' 0 '1 of 1 ok'
try 'awaitd batch -O texts' 0 'resuming: 1 of 1 done'
ok '... with the text in a file' grep -q "$page_text" texts/page.png.out

# --- a service ---------------------------------------------------------------

saved '[endpoint ocr]' awaitd.conf
sed -i '/^\[endpoint ocr\]/a poll_start = 50ms' awaitd.conf
try '(umask 077; echo' 0 '^01[0-9a-z]{24}$'
ok '... and the application is told' wait_until 30 has "$EX_OUT" 'signature.*good|verified'
service=$(pgrep -s "$ex_pid" -f 'awaitd serve')
listener=$(pgrep -s "$ex_pid" -f 'awaitd listen')
try "awaitd test 'webhook app'" 0 '^verdict  *ok'
saved 'import http.client' client.py
try 'python3 client.py' 0 "$page_text"
cp page.png page.kept && cp broken.png page.png
run_it python3 client.py page.png
ex_name='... which says that a key stands for another request'
judge_it 1 'idempotency_key_reused'
run_it python3 client.py broken.png
ex_name='... and what the model said'
judge_it 1 'failed: this is no picture'
mv page.kept page.png

noted() { # FILE: the last event that it tells of is done with
	[ "$(cat events.place)" = "$(tail -n 1 "$1" | cut -d ' ' -f 1)" ]
}
saved 'import http.client' events.py
take 'python3 events.py' && {
	launch sh -e "$ex_file"
	told=$EX_OUT
	ok "$ex_name" wait_until 30 has "$told" '^[0-9]+ 01[0-9a-z]{24} failed$'
	ok '... and knows where it was' wait_until 30 noted "$told"
	kill -TERM "-$ex_pid"
	wait_until 20 group_gone "$ex_pid"
	# Another time, which outlives the service.
	launch sh -e "$ex_file"
	told_on=$EX_OUT
}

cp -p awaitd.conf hook.secret "$HOME/.config/awaitd/"
try 'awaitd check ocr' 0 ' 0 failed'

kill "$listener"
wait_until 20 gone "$listener"
put 'contrib/receivers/receiver.py' \
    "$abs_top_srcdir/contrib/receivers/receiver.py $(port_of 8787)"
take 'AWAITD_WEBHOOK_SECRET=' && {
	beside sh -e "$ex_file"
	awaitd submit -q -e ocr -t image/png page.png >job
	ok "$ex_name" wait_until 30 has "$EX_OUT" '^msg_'
}
kill "$service"
wait_until 20 gone "$service"

mkdir results
put /usr/local/lib/awaitd "$abs_top_srcdir/contrib/handlers"
put /srv/results "$ex_scene/results"
saved '[endpoint ocr]' awaitd.conf
beside awaitd serve -c awaitd.conf
service=$ex_pid
awaitd submit -q -e ocr -t image/png page.png >job
ok '... whose results are files' wait_until 30 test -s "results/$(cat job).out"
ok '... and who follows the events goes on behind the restart' \
    wait_until 30 has "$told_on" "^[0-9]+ $(cat job) ok\$"
awaitd list --json | jq -r 'select(.state == "done").job' | sort >done.all
is "$(cat "$told" "$told_on" | cut -d ' ' -f 2 | sort | diff - done.all)" '' \
    '... with each job once, over both runs'

# --- the gateway -------------------------------------------------------------

kill "$service"
wait_until 20 gone "$service"
secret_place "$ex_scene/gateway.credentials"
take '[gateway]' && cat "$ex_file" >>awaitd.conf
try '(umask 077; cat >gateway' 0 'msg=ready'
service=$(pgrep -s "$ex_pid" -f 'awaitd serve')
taken() { # N jobs
	[ "$(awaitd list --json | wc -l)" -ge "$1" ]
}
files() { # N
	[ "$(find results -name '*.out' | wc -l)" -ge "$1" ]
}
had=$(awaitd list --json | wc -l)
AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME=http://127.0.0.1:$(port_of 8079)
export AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME
with "$(command -v aws)" 'export AWS_ENDPOINT_URL_SAGEMAKER' sh \
    'no aws here' 0 OutputLocation
run_python 'python3 loop.py' 0 "$page_text"
saved 'import boto3' gateway.py
run_python 'AWS_SHARED_CREDENTIALS_FILE' 0 's3://my-bucket/output/'
unset AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME
if [ -n "$boto3" ]; then
	ok '... each a job of the service' wait_until 20 taken "$((had + 3))"
	ok '... whose results are files, too' wait_until 20 files 4
fi

# --- operating ---------------------------------------------------------------

awaitd submit -q -e ocr broken.png >job
awaitd wait -q "$(cat job)" >/dev/null 2>&1
try 'awaitd targets' 0 'webhook app'
try 'awaitd list --json' 0 '^01[0-9a-z]{24}$'

pages_done
