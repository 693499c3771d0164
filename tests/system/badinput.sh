#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Whatever cannot be right is refused before anything is sent or kept: exit
# status 2, one line that names the value and says what to do.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
local_start
cd "$tmp" || exit 1
echo x >in
: >empty
bytes 128001 big
mkdir folder

of() { # N CHARACTER
	head -c "$1" /dev/zero | tr '\0' "$2"
}

refused() { # NAME PATTERN: what the last run must have been
	refused_lines=$(wc -l <"$tmp/err")
	refused_sent=$(requests)
	refused_left=$(states)
	like "$status:$refused_lines:$refused_sent:$refused_left:$err" \
	    "2:1:0:0:awaitd: $2" "$1"
	ok "with nothing on stdout" test ! -s "$tmp/out"
}

bad() { # NAME PATTERN ARGUMENT...
	bad_name=$1
	bad_pattern=$2
	shift 2
	run "$@"
	refused "$bad_name" "$bad_pattern"
}

option() { # NAME PATTERN OPTION VALUE
	bad "$1" "$2" invoke -e cat "$3" "$4" in
}

# --- members of the request ---
bad 'an ARN as endpoint' 'EndpointName "arn:aws:sage*"*not its ARN*' \
    invoke -e arn:aws:sagemaker:us-east-1:123456789012:endpoint/cat in
bad 'a blank in the endpoint' 'EndpointName "a b"*letters*' invoke -e 'a b' in
bad 'an endpoint of 64 characters' 'EndpointName "aaa*64 characters*63*' \
    invoke -e "$(of 64 a)" in
bad 'an empty endpoint' '--endpoint*empty*' invoke -e '' in
bad 'no endpoint' 'no endpoint*Give -e ENDPOINT.' invoke in
for member in -t:ContentType -a:Accept --custom-attributes:CustomAttributes; do
	o=${member%%:*}
	api=${member#*:}
	option "$api with a line end" "$api *printable ASCII*" "$o" "$(printf 'a\nb')"
	option "$api with a NUL's neighbour" "$api *printable ASCII*" \
	    "$o" "$(printf 'a\001b')"
	option "$api that is not ASCII" "$api *printable ASCII*" "$o" 'text/plän'
	option "$api of 1,025 characters" "$api *1025 characters*1024*" \
	    "$o" "$(of 1025 a)"
	option "an empty $api" '*must not be empty*' "$o" ''
done
option 'InferenceId of 65' 'InferenceId*65 characters*64*' \
    --inference-id "$(of 65 a)"
option 'InferenceId with a leading blank' 'InferenceId*begin with a blank*' \
    --inference-id ' a'
option 'InferenceId with a line end' 'InferenceId*printable*' \
    --inference-id "$(printf 'a\nb')"
option 'Filename with two dots' 'Filename "a.b.c"*one dot*' --filename a.b.c
option 'Filename with a leading dot' 'Filename ".a"*begin*' --filename .a
option 'Filename of 33' 'Filename*33 characters*32*' --filename "$(of 33 a)"
option 'Filename with a slash' 'Filename "a/b"*' --filename a/b
option 'an empty Filename' '--filename*empty*' --filename ''
option 'an extension that is a location' '*"s3://x"*not a location*' \
    --extension s3://x
option 'an extension with a bad character' '*"a?b"*allowed*' --extension 'a?b'
option 'an extension of 513' '*513 characters*512*' --extension "$(of 513 a)"
for ttl in 59 21601 0 500ms; do
	option "a TTL of $ttl" "*$ttl: it must be from 60 s to 21600 s" \
	    --request-ttl $ttl
done
for ttl in abc -1 6h1s 1e3 99999999999999999999; do
	option "a TTL of $ttl" "*$ttl: it must be a time such as*" \
	    --request-ttl "$ttl"
done
option 'a TTL of half seconds' '*60.5: it must be whole seconds' \
    --request-ttl 60.5
for t in 0 3601 61m; do
	option "an invocation time-out of $t" "*$t: it must be from 1 s to 3600 s" \
	    --invocation-timeout $t
done

# --- the input ---
bad 'no input' 'no input*' invoke -e cat
bad 'an empty name' 'no input*' invoke -e cat ''
bad 'an endpoint without its option' '*-e ENDPOINT*' invoke cat in
bad 'two inputs' '*"in" is a second' invoke -e cat in in
bad 'both forms of input' 'both*in*s3://b/k*Give one of the two.' \
    invoke -e cat --input-location s3://b/k in
bad 'a folder' 'input folder is a folder*awaitd batch*' invoke -e cat folder
bad 'a missing file' 'input absent: No such file*' invoke -e cat absent
bad 'a file below a file' 'input in/x: Not a directory' invoke -e cat in/x
bad 'a device' 'input /dev/null *' invoke -e cat /dev/null
bad 'a location of another kind' 'input http://h/x*s3://*' \
    invoke -e cat http://h/x
bad 'a location without a bucket' 'InputLocation "s3://"*' invoke -e cat s3://
bad 'a location too long' 'InputLocation*1024*' invoke -e cat "s3://b/$(of 1024 a)"
bad 'no location' 'InputLocation "in"*' invoke -e cat --input-location in
bad 'an empty file' '*empty*--input-prefix*' invoke -e cat empty
bad '128,001 bytes and no prefix' '*128001 bytes*128000*--input-prefix*' \
    invoke -e cat big
bad 'one of several' 'input absent*' submit -e cat in absent
cp in secret
chmod 000 secret
if [ "$(id -u)" -ne 0 ]; then
	bad 'an unreadable file' 'input secret: Permission denied' invoke -e cat secret
elif mkdir "$tmp/nobody" "$tmp/closed" &&
    chmod 777 "$tmp" "$tmp/nobody" && command -v setpriv >"$tmp/which" &&
    setpriv --reuid 65534 --clear-groups test -w "$tmp/nobody"; then
	nobody() { # STATE INPUT
		status=0
		AWAITD_STATE=$1 setpriv --reuid 65534 --clear-groups \
		    "$awaitd" invoke -e cat "$2" >"$tmp/out" 2>"$tmp/err" ||
		    status=$?
		err=$(cat "$tmp/err")
	}
	nobody "$tmp/nobody/state" secret
	refused 'an unreadable file' 'input secret: Permission denied'
	nobody "$tmp/closed" in
	refused 'a state folder of somebody else' \
	    '*closed: Permission denied*AWAITD_STATE*'
	is "$(find "$tmp/closed" "$tmp/nobody" -type f | wc -l)" 0 \
	    'and nothing is left in either'
else
	skip 'an unreadable file' 'root reads all, and nobody reaches the folder'
fi

# --- options and commands ---
bad 'an unknown command' 'unknown command "fetch"*help*' fetch
bad 'an option before the command' 'unknown command "-v"*behind*' -v invoke
bad 'an unknown option' 'unknown option --fast*--help*' invoke --fast in
bad 'an unknown letter' 'unknown option -Z*' invoke -Z in
bad 'an option without its value' '--endpoint needs a value*' invoke --endpoint
bad 'a value for a flag' '--json=yes*takes no value*' invoke --json=yes in
for o in --timeout --poll-interval; do
	option "$o abc" "$o abc: it must be a time*" $o abc
	option "$o -1" "$o -1: it must be a time*" $o -1
done
option 'an interval of 1 ms' '--poll-interval 1ms*at least 50ms' \
    --poll-interval 1ms
option 'no interval' '--poll-interval 0*at least 50ms' --poll-interval 0
option 'no attempt' '--max-attempts 0*at least 1' --max-attempts 0
option 'a prefix that is none' '*input_prefix = x*s3://bucket/path' \
    --input-prefix x
option 'a path that is none' '*output_path = s3://*' --output-path s3://
option '--set without a key' '--set x*SECTION.KEY=VALUE*' --set x
option '--set of an unknown section' '*[[]ocr]*Known sections*' --set ocr.x=1
option '--set of an unknown key' '*"poll_mx"*Did you mean "poll_max"?' \
    --set 'endpoint cat.poll_mx=1s'
option '--set of a bad value' '*poll_max = 1x*a time*' \
    --set 'endpoint cat.poll_max=1x'
option 'a bad log level' '--log-level loud*debug*' --log-level loud
option 'a bad log form' '--log-format xml*text or json' --log-format xml
bad 'a stray argument' '*"x"*' list x
bad 'a stray argument' '*"x"*' config x
bad 'help for no command' 'unknown command "fetch"*' help fetch

# --- ids ---
job=01jd2k3m4n5p6q7r8s9t0v1w2x
for c in show result wait cancel retry; do
	bad "$c: what is no id" '"nonsense" is no job id*awaitd list*' $c nonsense
	bad "$c: nothing" '"" is no job id*awaitd list*' $c ''
done
for c in show result wait retry; do
	bad "$c: the id of a delivery" \
	    "\"msg_$job\" is no job id*awaitd deliveries msg_$job'*" $c msg_$job
done
bad 'wait: a location' '"s3://b/k" is no job id*--output S3URI*' wait s3://b/k
bad 'list: a missing token' 'token file: open absent*--token-file*' \
    list --server http://127.0.0.1:1 --token-file absent
bad 'listen: no address' '--listen x is no HOST:PORT*127.0.0.1:8787*' \
    listen --listen x
for c in deliveries attempts replay; do
	bad "$c: what is no id" '"nonsense" is no delivery id*awaitd deliveries*' \
	    $c nonsense
	bad "$c: the id of a job" \
	    "\"$job\" is no delivery id*awaitd deliveries --job $job'*" $c $job
done
bad 'replay: one of several' '"x" is no delivery id*' replay msg_$job x
bad 'attempts: what is no number' '"x" is no attempt*count from 1*' \
    attempts msg_$job x
for c in enable disable; do
	bad "$c: nothing" 'no target was named*awaitd targets*' $c
	bad "$c: an empty name" 'no target was named*awaitd targets*' $c ''
	bad "$c: one of several" 'no target was named*' $c 'webhook hook' ''
done
bad 'test: nothing' 'no target was named*awaitd targets*' test
bad 'test: an empty name' 'no target was named*awaitd targets*' test ''
bad 'test: several' 'one target is tried at a time*quote it*' test webhook hook

# --- the configuration ---
config() { # NAME PATTERN TEXT
	printf '%b' "$3" >conf
	bad "$1" "$2" invoke -c conf -e cat in
}
config 'an unknown key' 'conf:2: unknown key "stat"*Did you mean "state"?' \
    '[awaitd]\nstat = x\n'
config 'an unknown section' 'conf:2: unknown section*Did you mean [[]endpoint cat]?' \
    '\n[endpoints cat]\npoll_max = 1s\n'
config 'a bad value' 'conf:3: *poll_max = soon*a time*' \
    '[endpoint cat]\n\npoll_max = soon\n'
config 'a key before any section' 'conf:1: *' 'state = x\n'
config 'a line that is none' 'conf:2: *' '[awaitd]\nnonsense\n'
bad 'a missing file' '*absent.conf: No such file*' \
    invoke -c absent.conf -e cat in
AWAITD_CONFIG=absent.conf run invoke -e cat in
refused 'a missing AWAITD_CONFIG' '*absent.conf: No such file*'
AWAITD_LOG_LEVEL=loud run invoke -e cat in
refused 'a bad value in the environment' 'AWAITD_LOG_LEVEL: *loud*debug*'

# --- AWS's side ---
with() { # NAME PATTERN VARIABLE=VALUE...
	with_name=$1
	with_pattern=$2
	shift 2
	status=0
	env "$@" "$awaitd" invoke -e cat in >"$tmp/out" 2>"$tmp/err" || status=$?
	err=$(cat "$tmp/err")
	refused "$with_name" "$with_pattern"
}
with 'no region' 'no AWS region*AWS_REGION*' AWS_REGION=
with 'a region that is none' "AWS_REGION is 'us east'*us-east-1.*" \
    'AWS_REGION=us east'
with 'no credentials' 'no credentials*AWS_ACCESS_KEY_ID*' \
    AWS_ACCESS_KEY_ID= AWS_SECRET_ACCESS_KEY=
with 'half of them' 'AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not*' \
    AWS_SECRET_ACCESS_KEY=
with 'the other half' 'AWS_SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is not*' \
    AWS_ACCESS_KEY_ID=
with 'a key with a line end' '*AWS_ACCESS_KEY_ID*control character*' \
    "AWS_ACCESS_KEY_ID=$(printf 'a\nb')"
with 'an unknown profile' "*no profile 'nope'*--profile*" AWS_PROFILE=nope \
    AWS_ACCESS_KEY_ID= AWS_SECRET_ACCESS_KEY=
option 'an unknown --profile' "*no profile 'nope'*" --profile nope
with 'an endpoint URL without a scheme' '*AWS_ENDPOINT_URL*' \
    AWS_ENDPOINT_URL=127.0.0.1:8000
with 'an endpoint URL with a bad port' '*AWS_ENDPOINT_URL*' \
    AWS_ENDPOINT_URL=http://127.0.0.1:99999
with 'an endpoint URL of another scheme' '*AWS_ENDPOINT_URL*' \
    AWS_ENDPOINT_URL=ftp://h
with 'a bad URL of the runtime alone' '*AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME*' \
    AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME=x
with 'a bad URL of S3 alone' '*AWS_ENDPOINT_URL_S3*' AWS_ENDPOINT_URL_S3=x
with 'a missing CA file' 'AWS_CA_BUNDLE absent.pem: No such file*' AWS_CA_BUNDLE=absent.pem
printf '[default]\nca_bundle = gone.pem\n' >ca.conf
with 'a missing CA file of the profile' \
    "ca_bundle of the profile 'default' gone.pem: No such file*" \
    AWS_CONFIG_FILE=ca.conf
with 'a state folder below a file' '*in/state*AWAITD_STATE*' \
    AWAITD_STATE="$tmp/in/state"
with 'a state folder that is a file' '*in*AWAITD_STATE*' AWAITD_STATE="$tmp/in"
with 'no state folder and no HOME' '*AWAITD_STATE*' AWAITD_STATE= HOME=

# All of the above was refused; the same line without the fault is not.
run invoke -e cat in
is "$status:$(states)" 0:1 'what is right passes'

# --- names that match nothing ---
run config show awaitd nosuch
like "$status:$(cat "$tmp/out"):$err" '6::*no section [[]nosuch]*config keys*' \
    'no part of a configuration is shown where a section is not there'
catalog='endpoint catalog.poll_max=1s'
meant='. Did you mean the endpoint "catalog"?'
none="awaitd: no such jobs in $AWAITD_STATE"
run list --endpoint catlog --set "$catalog"
is "$status:$err" "0:$none$meant" 'a list says which endpoint may be meant'
run list --json --endpoint catlog --set "$catalog"
is "$status:$err:$(cat "$tmp/out")" "0:$none$meant:" 'with --json, too'
run list --quiet --endpoint catlog --set "$catalog"
is "$status:$err" '0:' 'but not with --quiet'
run list --endpoint catalog --set "$catalog" --set 'endpoint catalogs.poll_max=1s'
is "$status:$err" "0:$none" 'nor of one that has a section'
run list --endpoint dog --set "$catalog"
is "$status:$err" "0:$none" 'nor where none is near'
for c in 'retry:retried:asked for again' 'cancel:cancelled:given up'; do
	command=${c%%:*} what=${c##*:} key=${c#*:}
	run "$command" --endpoint catlog --set "$catalog"
	is "$status:$err" "0:awaitd: 0 jobs are $what$meant" \
	    "$command says which endpoint may be meant"
	run "$command" --json --dry-run --endpoint catlog --set "$catalog"
	is "$status:$err:$(cat out)" \
	    "0:awaitd: 0 jobs would be $what$meant:{\"matched\":0}" \
	    "... also of a dry run, beside JSON"
	run "$command" --json --endpoint dog --set "$catalog"
	is "$status:$err:$(cat out)" "0::{\"${key%%:*}\":0}" \
	    '... and nothing where none is near'
	run "$command" --quiet --endpoint catlog --set "$catalog"
	is "$status:$err" '0:' '... nor with --quiet'
done
run invoke -e catt in
like "$status:$err" "3:*Endpoint catt of account*
awaitd: check the endpoint's name and the region; asked was us-east-1, $AWS_ENDPOINT_URL*Did you mean the endpoint \"cat\"?" \
    'an endpoint that SageMaker does not have, and what to do'
run invoke -e mute in
like "$status:$err" '3:awaitd: job * failed (model)*' 'a model that fails'
is "$(printf '%s\n' "$err" | grep -c 'check the endpoint')" 0 \
    '... is no slip of a name'
for c in tail targets deliveries attempts reload; do
	run $c --server "unix:$tmp/nobody.sock"
	like "$status:$err" "1:*no service answers*. Start 'awaitd serve', or name one*" \
	    "$c cannot do without a service"
done
done_testing
