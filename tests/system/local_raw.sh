#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# awaitd-local is sent what awaitd would refuse to send: it answers as AWS
# does, and nothing is accepted.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
printf '[user reader]\naccess_key = reader\nsecret_key = read\nlist = no\n' \
    >>"$tmp/local.conf"
local_start
cd "$tmp" || exit 1
printf x >x
: >empty
head -c 128000 /dev/zero >edge
head -c 128001 /dev/zero >big
path=/endpoints/cat/async-invocations
# Whoever knows an access key, which is no secret, sends a body drop by drop.
cat >drip <<END
POST $path HTTP/1.1$(printf '\r')
Host: a$(printf '\r')
Content-Length: 100000$(printf '\r')
Authorization: AWS4-HMAC-SHA256 Credential=$AWS_ACCESS_KEY_ID/$(date +%Y%m%d)/us-east-1/sagemaker/aws4_request, SignedHeaders=host, Signature=$(printf %064d 0)$(printf '\r')
X-Amz-Date: $(date +%Y%m%dT%H%M%SZ)$(printf '\r')
$(printf '\r')
END
"$abs_top_builddir/tests/support/hostile" "$(cat "$tmp/port")" drip drip 20 90 \
    >dripped &
drips=$!
pids="$pids $drips"
h=X-Amzn-SageMaker

of() { # N CHARACTER
	head -c "$1" /dev/zero | tr '\0' "$2"
}

raw() { # ARGUMENT...: sets code, type and body
	timeout 60 "$rawcall" "$@" >answer 2>raw.err
	cat raw.err >>all.err
	code=$(head -n 1 answer)
	type=$(sed -n 's/^x-amzn-errortype: //Ip' answer | head -n 1)
	body=$(sed '1,/^$/d' answer)
}

# refused NAME TYPE PATTERN ARGUMENT...: a member that breaks a rule
refused() {
	refused_name=$1
	refused_want=$2
	refused_pattern=$3
	shift 3
	raw "$@"
	like "$code $type $body" "$refused_want {\"message\":\"$refused_pattern\"}" \
	    "$refused_name"
}

member() { # NAME PATTERN HEADER
	refused "$1" '400 ValidationError' "1 validation error detected: $2" \
	    POST $path "$3" @x
}

raw POST $path @x
is "$code" 202 'what is right is accepted'
ok 'with an id' jq -e '.InferenceId | length == 36' \
    /dev/stdin <<END
$body
END
like "$(grep -i "^$h-OutputLocation: " answer)" '*: s3://bucket/out/*.out' \
    'the place of the output'
like "$(grep -i "^$h-FailureLocation: " answer)" \
    '*: s3://bucket/failed/*-error.out' 'and of a failure'
raw POST $path @edge
is "$code" 202 '128,000 bytes'

# --- members ---
refused '128,001 bytes' '400 ValidationError' \
    "*at 'body' failed*less than or equal to 128000" POST $path @big
refused 'neither body nor location' '400 ValidationError' '*Body*InputLocation*' \
    POST $path
refused 'both' '400 ValidationError' '*mutually exclusive*' \
    POST $path "$h-InputLocation: s3://b/k" @x
for m in Content-Type:contentType Accept:accept; do
	member "$m of 1,025" "*at '${m#*:}' failed*length less than or equal to 1024" \
	    "$h-${m%:*}: $(of 1025 a)"
	member "$m that is not ASCII" "*at '${m#*:}' failed*pattern: *ASCII*" \
	    "$h-${m%:*}: ä"
done
member 'CustomAttributes of 1,025' \
    "Value at 'customAttributes' failed*less than or equal to 1024" \
    "$h-Custom-Attributes: $(of 1025 a)"
member 'InferenceId of 65' "*'inferenceId' failed*equal to 64" \
    "$h-Inference-Id: $(of 65 a)"
member 'InferenceId with a tab' "*'inferenceId' failed*pattern: *" \
    "$h-Inference-Id: a	b"
for f in a.b.c .a a/b 'a b'; do
	member "Filename $f" "Value '$f' at 'filename' failed*pattern: *" \
	    "$h-Filename: $f"
done
member 'Filename of 33' "*'filename' failed*equal to 32" \
    "$h-Filename: $(of 33 a)"
for e in s3://x https:x 'a?b'; do
	member "extension $e" "Value '$e' at 's3OutputPathExtension' failed*" \
	    "$h-S3OutputPathExtension: $e"
done
member 'extension of 513' "*'s3OutputPathExtension' failed*equal to 512" \
    "$h-S3OutputPathExtension: $(of 513 a)"
for n in 59:greater:60 0:greater:60 -1:greater:60 21601:less:21600; do
	rest=${n#*:}
	member "a TTL of ${n%%:*}" \
	    "*'requestTTLSeconds' failed*value ${rest%:*} than or equal to ${rest#*:}" \
	    "$h-RequestTTLSeconds: ${n%%:*}"
done
for n in 0:greater:1 3601:less:3600; do
	rest=${n#*:}
	member "an invocation time-out of ${n%%:*}" \
	    "*'invocationTimeoutSeconds' failed*value ${rest%:*} than or equal to ${rest#*:}" \
	    "$h-InvocationTimeoutSeconds: ${n%%:*}"
done
refused 'a TTL of abc' '400 SerializationException' '*Integer*' \
    POST $path "$h-RequestTTLSeconds: abc" @x
refused 'two faults' '400 ValidationError' '2 validation errors detected: *; *' \
    POST $path "$h-RequestTTLSeconds: 1" "$h-Filename: .a" @x
refused 'a location that is none' '400 ValidationError' "*'inputLocation' failed*" \
    POST $path "$h-InputLocation: file:///etc/passwd"
refused 'an endpoint of 64' '400 ValidationError' "*'endpointName' failed*63" \
    POST "/endpoints/$(of 64 a)/async-invocations" @x
refused 'an ARN' '400 ValidationError' "*'endpointName' failed*" \
    POST /endpoints/arn%3Aaws%3Ax/async-invocations @x
refused 'an endpoint that is not there' '400 ValidationError' \
    'Endpoint nosuch of account 123456789012 not found.' \
    POST /endpoints/nosuch/async-invocations @x
ok 'the log says which there are' has "$tmp/local.log" \
    'warn invoke: endpoint=nosuch msg="no such endpoint here" endpoints='

# --- signatures ---
for p in $path /endpoints/nosuch/async-invocations; do
	refused 'no signature' '403 MissingAuthenticationTokenException' '*' \
	    POST "$p" --unsigned @x
	refused 'a wrong secret' '403 InvalidSignatureException' \
	    '*does not match*' POST "$p" --secret=wrong @x
	refused 'a hash of something else' '403 InvalidSignatureException' '*' \
	    POST "$p" "--hash=$(of 64 0)" @x
	refused 'ten minutes ago' '403 InvalidSignatureException' \
	    'Signature expired: *' POST "$p" --skew=-600 @x
	refused 'in ten minutes' '403 InvalidSignatureException' \
	    'Signature not yet current: *' POST "$p" --skew=600 @x
	AWS_ACCESS_KEY_ID=stranger refused 'an unknown key' \
	    '403 UnrecognizedClientException' '*invalid.' POST "$p" @x
	AWS_REGION=eu-west-1 refused 'another region' \
	    '403 InvalidSignatureException' '*region*' POST "$p" @x
done
raw POST $path --skew=240 @x
is "$code" 202 'four minutes off are tolerated'
is "$(accepted)" 3 'nothing but the three right ones was accepted'

# --- S3 ---
s3() { # NAME "STATUS CODE" ARGUMENT...
	s3_name=$1
	s3_want=$2
	shift 2
	raw "$@"
	is "$code $(printf %s "$body" | sed -n 's/.*<Code>\([^<]*\).*/\1/p')" \
	    "$s3_want" "$s3_name"
}
s3 'an object is put' '200 ' PUT /bucket/a @x
s3 'and got' '200 ' GET /bucket/a
is "$body" x 'as it was'
s3 'no signature' '403 AccessDenied' GET /bucket/a --unsigned
s3 'no signature on a PUT' '403 AccessDenied' PUT /bucket/b --unsigned @x
s3 'a wrong secret' '403 SignatureDoesNotMatch' GET /bucket/a --secret=wrong
s3 'a wrong secret on a PUT' '403 SignatureDoesNotMatch' \
    PUT /bucket/b --secret=wrong @x
s3 'another hash' '400 XAmzContentSHA256Mismatch' PUT /bucket/b \
    "--hash=$(printf y | sha256sum | cut -c 1-64)" @x
s3 'twenty minutes ago' '403 RequestTimeTooSkewed' GET /bucket/a --skew=-1200
s3 'in twenty minutes' '403 RequestTimeTooSkewed' GET /bucket/a --skew=1200
s3 'ten minutes are tolerated' '200 ' GET /bucket/a --skew=-600
AWS_ACCESS_KEY_ID=stranger s3 'an unknown key' '403 InvalidAccessKeyId' \
    GET /bucket/a
s3 'a missing key' '404 NoSuchKey' GET /bucket/b
s3 'a missing bucket' '404 NoSuchBucket' GET /nobucket/b
s3 'another service' '400 AuthorizationHeaderMalformed' GET /bucket/a \
    --service=dynamodb
raw GET '/bucket?list-type=2&prefix=b'
is "$code:$(printf %s "$body" | grep -c '<Key>b<')" 200:0 \
    'no refused PUT left anything'
s3 'a body that was not signed as none' '400 XAmzContentSHA256Mismatch' \
    GET /bucket/a "--hash=$(printf y | sha256sum | cut -c 1-64)"

# --- who may not list does not learn what there is ---
reader() { # NAME WANT ARGUMENT...
	reader_name=$1
	reader_want=$2
	shift 2
	AWS_ACCESS_KEY_ID=reader s3 "$reader_name" "$reader_want" "$@" \
	    --secret=read
}
reader 'a reader reads' '200 ' GET /bucket/a
reader 'but not what is missing' '403 AccessDenied' GET /bucket/none
reader 'nor by HEAD' '403 ' HEAD /bucket/none
reader 'nor by deleting it' '403 AccessDenied' DELETE /bucket/none 'If-Match: "a"'
reader 'nor by replacing it' '403 AccessDenied' PUT /bucket/none 'If-Match: "a"' @x
reader 'nor a list' '403 AccessDenied' GET '/bucket?list-type=2'
reader 'nor the bucket' '403 ' HEAD /bucket
reader 'nor any' '403 AccessDenied' GET /
printf '<Delete><Object><Key>none</Key><ETag>"a"</ETag></Object></Delete>' >delete
md5='f7ITXGTSAYUdC5xtg/J74A=='
reader 'nor by deleting many' '200 AccessDenied' POST '/bucket?delete' \
    "Content-MD5: $md5" @delete
s3 'which others do' '200 NoSuchKey' POST '/bucket?delete' \
    "Content-MD5: $md5" @delete
s3 'a list of keys needs a digest' '400 InvalidRequest' POST '/bucket?delete' \
    @delete
ok 'awaitd-local goes on' kill -0 "$local_pid"
wait "$drips"
like "$(cat dripped)" '*late=20 *open=0*' \
    'whoever drips a body is told that it took too long'
done_testing
