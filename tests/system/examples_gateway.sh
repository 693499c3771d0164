#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The examples of awaitd-gateway(7), against a service with a gateway.
# shellcheck disable=SC2154 # port and the like are lib.sh's
. "${abs_top_srcdir:?}/tests/system/lib.sh"
# shellcheck source=tests/support/examples.sh
. "$abs_top_srcdir/tests/support/examples.sh"
doc=$abs_top_srcdir/doc

page scdoc "$doc/awaitd-gateway.7.scd"
local_start
scene gateway
secret_place "$ex_scene/gateway.credentials"
cp "$HOME/.config/awaitd/awaitd.conf" awaitd.conf
take '[gateway]' && cat "$ex_file" >>awaitd.conf
try '(umask 077; cat >gateway' 0 'ok +gateway .*1 client: app|msg=ready'
gateway=http://127.0.0.1:$(port_of 8079)
app_secret=$(sed -n 's/^aws_secret_access_key = //p' gateway.credentials)
secret "$app_secret"

# --- clients -----------------------------------------------------------------

# shellcheck disable=SC2317 # by ok
taken() { # N jobs
	[ "$(awaitd list --json | wc -l)" -ge "$1" ]
}

with() { # COMMAND BEGINNING...: where that is installed
	if command -v "$1" >/dev/null; then
		shift
		try "$@"
	else
		take "$2" && skip "$ex_name" "no $1"
	fi
}
# Keys of the environment would come before those of the file.
own_key=$AWS_ACCESS_KEY_ID own_secret=$AWS_SECRET_ACCESS_KEY
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
with aws 'export AWS_ENDPOINT_URL' 0 OutputLocation
if take 'import boto3' && python3 -c 'import boto3' 2>/dev/null; then
	cp "$ex_file" ask.py
	had=$(awaitd list --json | wc -l)
	like "$(AWS_SHARED_CREDENTIALS_FILE=gateway.credentials python3 ask.py \
	    2>&1)" 's3://my-bucket/output/*' "$ex_name"
	ok '... and that is a job' taken "$((had + 1))"
else
	skip "$ex_name" 'python3 has no boto3'
fi
export AWS_ACCESS_KEY_ID="$own_key" AWS_SECRET_ACCESS_KEY="$own_secret"
shown 'import { fromIni }' mjs 'run with the SDK by tests/interop/gateway.mjs'
code=$(curl -s -o /dev/null -w '%{http_code}' --user "APP1:$app_secret" \
    --aws-sigv4 aws:amz:us-east-1:sagemaker --data-binary 'a page' \
    -H 'Content-Type: application/octet-stream' \
    "$gateway/endpoints/ocr/async-invocations")
is "$code" 202 '... which sends no more than this'

pages_done
