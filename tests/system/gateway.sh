#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The gateway with the real programs: curl, which signs by itself, and boto3.
# shellcheck disable=SC2154 # status, port and the like are lib.sh's
. "${abs_top_srcdir:?}/tests/system/lib.sh"
command -v jq >/dev/null || skip_all 'no jq'
curl --help all 2>/dev/null | grep -q aws-sigv4 ||
    skip_all 'curl is too old to sign'
# shellcheck source=tests/support/boto3.sh
. "$abs_top_srcdir/tests/support/boto3.sh"
cd "$tmp" || exit 1
key=APPKEY7EXAMPLE
old=the-first-secret-of-the-app
new=the-other-secret-of-the-app
secret "$old" "$new"
secret_place "$tmp/keys" "$tmp/keys.bad"
unset AWS_SESSION_TOKEN

keys() { # FILE SECRET
	(umask 077 && printf '[app]\naws_access_key_id = %s
aws_secret_access_key = %s\n' "$key" "$2" >"$1")
}

cat >>local.conf <<END
[admin]
listen = unix:$tmp/admin
END
local_start
hook_start hook
keys keys "$old"
cat >serve.conf <<END
[gateway]
listen = 127.0.0.1:0
credentials_file = keys

[metrics]
listen = 127.0.0.1:0

[endpoint cat]
output_path = s3://bucket/out
input_prefix = s3://bucket/in
poll_start = 50ms
poll_max = 200ms
deliver = webhook hook

[webhook hook]
url = http://127.0.0.1:$hook_port/
allow_networks = 127.0.0.0/8
END

gateway_start() {
	serve_start
	url=$(sed -n 's/.*the gateway is at \(http:[^"]*\).*/\1/p' serve.err)
	metrics=$(sed -n 's/.*metrics are at \([0-9.:]*\).*/\1/p' serve.err)
}

# asks BODY [CURL OPTION...]: head in $tmp/head, body in $tmp/out, $code.
asks() {
	body=$1
	shift
	code=$(curl -sS --max-time 60 --aws-sigv4 aws:amz:us-east-1:sagemaker \
	    --user "$key:${use:-$old}" -H 'Content-Type: application/octet-stream' \
	    -o out -D head -w '%{http_code}' --data-binary "$body" "$@" \
	    "$url/endpoints/${endpoint:-cat}/async-invocations" 2>err)
}

field() { # NAME: of the last answer
	tr -d '\r' <"$tmp/head" | sed -n "s/^$1: //Ip"
}

jobs() {
	"$awaitd" list --json --config serve.conf 2>/dev/null | wc -l
}

# --- check -------------------------------------------------------------------

run check --json --config serve.conf
is "$(jq -r 'select(.check == "gateway") | "\(.status) \(.detail)"' out)" \
    'ok 1 client: app' 'check names the clients'
chmod 644 keys
run check --json --config serve.conf
like "$(jq -r 'select(.check == "gateway") | "\(.status) \(.detail)"' out)" \
    'fail *credentials_file*' 'check sees that others can read the keys'
run serve --config serve.conf
is "$status" 2 'nor does a service start with such keys'
chmod 600 keys

# --- accepted ----------------------------------------------------------------

gateway_start
asks hello -H 'X-Amzn-SageMaker-Content-Type: text/plain' \
    -H 'X-Amzn-SageMaker-Custom-Attributes: tenant=7' \
    -H 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
is "$code" 202 'a request is accepted'
job=$(job_of "$(cat out)")
is "$(jq -r .InferenceId out)" "$job-1" 'the InferenceId tells the job'
like "$(field x-amzn-sagemaker-outputlocation)" "s3://bucket/out/*/$job-1.out" \
    'and where the result will be is told'
like "$(field x-amzn-requestid)" '????????-????-*' 'with an id of the request'
ok 'the result comes by webhook' wait_until 20 has hook.hooks "$job"
is "$(jq -r --arg j "$job" '.body | fromjson | .data | select(.job == $j) |
    "\(.outcome) \(.custom_attributes)"' hook.hooks)" 'ok tenant=7' \
    'with what the request said'

# --- the same again ----------------------------------------------------------

asks twice -H 'amz-sdk-invocation-id: one'
is "$code" 202 'a request with an id of the SDK is accepted'
cp out first
place=$(field x-amzn-sagemaker-outputlocation)
before=$(jobs)
asks twice -H 'amz-sdk-invocation-id: one'
is "$code" 202 'and once more'
same first out 'it is told the same'
is "$(field x-amzn-sagemaker-outputlocation)" "$place" 'the same place'
serve_kill
gateway_start
asks twice -H 'amz-sdk-invocation-id: one'
is "$code $(jq -r .InferenceId out)" "202 $(jq -r .InferenceId first)" \
    'behind a kill -9, too'
is "$(field x-amzn-sagemaker-outputlocation)" "$place" 'with the same place'
is "$(jobs)" "$before" 'all of that is one job'

# --- refused -----------------------------------------------------------------

before=$(jobs)
endpoint=nobody asks x -H 'amz-sdk-invocation-id: two'
is "$code $(field x-amzn-errortype)" '400 ValidationError' \
    'an endpoint that is not there is refused by the service'
like "$(cat out)" '*Endpoint nobody of account*' 'in its own words'
asks x -H 'X-Amzn-SageMaker-Target-Model: m'
is "$code $(field x-amzn-errortype)" '400 ValidationError' \
    'what would be lost is refused'
use=wrong-secret-altogether asks x
is "$code $(field x-amzn-errortype)" '403 InvalidSignatureException' \
    'a wrong secret is refused'
use=wrong-secret-altogether asks x
is "$(count serve.err 'warn gateway.* client=app .*result=unsigned')" 1 \
    'the log names the client, once'
is "$(count serve.err "$key")" 0 'and not its key'
is "$(jobs)" "$before" 'and nothing of it is a job'

# --- in doubt ----------------------------------------------------------------

curl -sf --unix-socket admin -o faults --data-binary \
    'drop-reply operation=InvokeEndpointAsync' http://localhost/faults
runs=$(accepted)
asks doubted -H 'amz-sdk-invocation-id: three'
is "$code $(field x-amzn-errortype)" '503 ServiceUnavailable' \
    'an answer that is lost is 503'
like "$(cat out)" '*a delivery may still come*' 'and says what may come'
asks doubted -H 'amz-sdk-invocation-id: three'
is "$code" 202 'the next try of the SDK attaches'
is "$(($(accepted) - runs))" 1 'and it ran once'

# --- boto3 -------------------------------------------------------------------

if [ -n "$boto3" ]; then
	boto3_help py
	printf 'by reference' >in
	"$rawcall" PUT /bucket/in.txt --service=s3 --body=in >/dev/null 2>&1 ||
	    curl -sf -X PUT --aws-sigv4 aws:amz:us-east-1:s3 --user \
		"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" -H \
		"x-amz-content-sha256: $(sha256sum in | cut -d ' ' -f 1)" \
		--data-binary @in -o /dev/null "$AWS_ENDPOINT_URL/bucket/in.txt"
	cat >ask.py <<-'END'
		import boto3
		from botocore.exceptions import ClientError
		runtime = boto3.client("sagemaker-runtime")
		r = runtime.invoke_endpoint_async(EndpointName="cat",
		    InputLocation="s3://bucket/in.txt", ContentType="text/plain",
		    InferenceId="order-17")
		print(r["ResponseMetadata"]["HTTPStatusCode"], r["InferenceId"],
		    r["OutputLocation"].startswith("s3://bucket/out/"))
		try:
		    runtime.invoke_endpoint_async(EndpointName="nobody",
			InputLocation="s3://bucket/in.txt")
		except ClientError as e:
		    print(e.response["Error"]["Code"], e.response["Error"]["Message"],
			e.response["ResponseMetadata"]["HTTPStatusCode"])
	END
	env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY \
	    AWS_DEFAULT_REGION=us-east-1 AWS_PROFILE=app \
	    AWS_SHARED_CREDENTIALS_FILE="$tmp/keys" \
	    AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME="$url" \
	    PYTHONPATH="$tmp/py" python3 ask.py >py.out 2>py.err || diag "$(tail -n 3 py.err)"
	is "$(head -n 1 py.out)" '202 order-17 True' \
	    'boto3 needs an address and the keys, which are in one file'
	is "$(tail -n 1 py.out)" \
	    'ValidationError Endpoint nobody of account 123456789012 not found. 400' \
	    'and understands what the service says'
	ok 'its result comes by webhook' wait_until 20 has hook.hooks order-17
else
	skip 'boto3' 'python3 has no boto3'
fi

# --- other keys --------------------------------------------------------------

cp keys keys.good
printf '[app]\naws_access_key_id = %s\n' "$key" >keys
kill -HUP "$serve_pid"
ok 'a file without a secret is told of' wait_until 10 has serve.err \
    'error serve.*the old configuration stays.*aws_secret_access_key'
asks x
is "$code" 202 'and the old keys stay'
keys keys "$new"
kill -HUP "$serve_pid"
ok 'the next one is read' wait_until 10 has serve.err 'reloaded'
use=$new asks x
is "$code" 202 'and its key is known'
asks x
is "$code" 403 'the old one is no more'
rm keys.good

curl -sf "http://$metrics/metrics" >metrics.txt
ok 'metrics tell what became of requests' \
    has metrics.txt 'awaitd_gateway_requests_total\{code="202",result="accepted"\} [1-9]'
ok 'and of those that were refused' \
    has metrics.txt 'awaitd_gateway_requests_total\{code="403",result="unsigned"\} 3'

# --- without a network -------------------------------------------------------

before=$(jobs)
local_stop
use=$new asks x
is "$code $(field x-amzn-errortype)" '503 ServiceUnavailable' \
    'without a network it is 503'
like "$(cat out)" '*no delivery will come*' 'which says that nothing will come'
is "$(jobs)" "$before" 'and there is no job'
serve_stop
is "$serve_status" 0 'the service ends well'
done_testing
