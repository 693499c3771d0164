#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# awaitd check: what it tries, what it says of what is wrong, and that it
# writes nothing unless it is told to.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
command -v openssl >/dev/null || skip_all 'no openssl'
cd "$tmp" || exit 1
cat >>local.conf <<END
[user blind]
access_key = blind-user-key
secret_key = blind-user-secret-key-0123456789
list = no
END
local_start

row() { # CHECK [SUBJECT]: "status: detail", and the remedy behind "="
	jq -r --arg c "$1" --arg s "${2:-}" 'select(.check == $c and
	    (.subject | startswith($s))) | "\(.status): \(.detail)=\(.remedy)"' \
	    out
}

cat >c.conf <<END
[endpoint cat]
output_path = s3://bucket/out
input_prefix = s3://bucket/in
deliver = webhook hook, exec run

[endpoint bare]

[webhook hook]
url = http://127.0.0.1:$port/services/T0/hook-canary
allow_networks = 127.0.0.0/8
secret_file = $tmp/hook.secret

[exec run]
command = true
END
(umask 077 && printf 'whsec_%s\n' "$(head -c 24 /dev/zero | base64)" \
    >hook.secret)

# Each row is written at once, so the end has nothing to write that fails.
run_unread check -c c.conf --json
is "$status:$err" '1:awaitd: write to stdout: Broken pipe' \
    'rows that nobody reads are an error, and the reason is told'

# --- all is well ---
seen=$(wc -l <local.log)
run check -c c.conf --json
is "$status" 0 'where nothing fails the status is 0'
ok 'each line is an object with all its members' jq -es 'length > 10 and
    all(.[]; (keys == ["check","detail","ms","remedy","status","subject"]) and
    (.ms | type == "number") and
    (.status | IN("ok", "warn", "fail", "skipped")))' out
is "$(jq -r .check out | uniq | tr '\n' ' ')" \
    'configuration state service credentials runtime s3 identity output results input output input webhook exec clock ' \
    'the rows have an order'
is "$(row configuration)" 'ok: endpoints: 2, targets: 2=' 'the file'
is "$(jq -r 'select(.check == "configuration").subject' out)" c.conf \
    '... is named'
is "$(row state)" "ok: will be made below $tmp=" 'the state folder is not made'
ok '... indeed' test ! -e "$AWAITD_STATE"
is "$(row service)" 'skipped: none runs: commands work by themselves=' \
    'no service is none missed'
is "$(row credentials)" 'ok: found; they do not expire=' 'credentials'
is "$(row identity)" "skipped: there is no STS at $AWS_ENDPOINT_URL=" \
    'awaitd-local has no STS, and need not'
is "$(row runtime)" 'ok: connects=' 'the runtime'
is "$(row s3)" 'ok: connects=' 'S3'
is "$(row output cat)" 'ok: may be listed=' 'the output is listed'
is "$(row results)" 'ok: may be read; what is not there is told (404)=' \
    '... and read'
is "$(row input cat)" 'skipped: not tried: --write=' 'no input is written'
is "$(row output bare)" 'skipped: not tried: output_path is not set=' \
    'what is not known is not tried'
is "$(row webhook)" 'ok: connects=' 'a webhook'
is "$(row exec)" 'ok: /usr/bin/true can be run=' 'a program'
is "$(row clock)" 'ok: as the services have it=' 'the clock'
asked=$(sed "1,${seen}d" local.log | grep ' http: ' |
    sed 's/.* method=\([A-Z]*\) path=\([^ ]*\).*/\1 \2/
    s/awaitd-check-[0-9a-f-]*//' |
    LC_ALL=C sort | tr '\n' ',')
is "$asked" 'GET /bucket,GET /bucket/out/,HEAD /bucket/out/,POST /,' \
    'nothing was asked that changes anything, and the webhook heard nothing'
is "$(grep -c 'hook-canary' out err)" 'out:0
err:0' "a webhook's path is nobody's business"

run check -c c.conf cat
like "$(cat out)" 'ok       configuration  c.conf: endpoints: 2, targets: 2*' \
    'for people it is lines'
is "$(grep -c '^[a-zA-Z]* *[a-z0-9]*  [^ ]' out)" "$(wc -l <out)" \
    '... one for each row'
is "$(grep -c 'bare' out)" 0 'an endpoint that is not named is not looked at'
is "$(tr -d -c '\033\r' <out | wc -c)" 0 'and no codes of a terminal'
like "$err" 'awaitd: * ok, 0 warned, 0 failed, * skipped' 'they are counted'

# --- --write ---
seen=$(wc -l <local.log)
run check -c c.conf --write --json
is "$status $(row input cat)" '0 ok: an object was put and deleted=' '--write'
is "$(sed "1,${seen}d" local.log | grep -E 'method=(PUT|DELETE)' |
    sed 's/.* method=\([A-Z]*\) path=\([^ ]*\)[0-9a-f-]\{36\} .*/\1 \2/' |
    tr '\n' ,)" \
    'PUT /bucket/in/awaitd-check-,DELETE /bucket/in/awaitd-check-,' \
    'one object was put and deleted'

left() { # objects that are left of ours
	sqlite3 "file:$tmp/data/local.db?mode=ro" \
	    "SELECT count(*) FROM object WHERE key LIKE '%awaitd-check-%'"
}
is "$(left)" 0 'nothing is left'

faulty() { # LINE...: awaitd-local goes wrong so
	local_stop
	printf '%s\n' "$@" >faults
	local_start
}
sed -i "s|^\[endpoint cat\]|[local]\nfaults = $tmp/faults\n&|" local.conf

faulty 'error-after operation=PutObject count=0'
run check -c c.conf --write --json cat
is "$status $(row input)" '0 ok: an object was put and deleted=' \
    'a PUT whose answer is lost'
is "$(left)" 0 '... is taken back'

faulty 'error-before operation=DeleteObject count=0'
run check -c c.conf --write --json cat
like "$status $(row input)" \
    '1 fail: s3://bucket/in/awaitd-check-* is there now, and cannot be deleted: *=Delete s3://bucket/in/awaitd-check-* by hand.' \
    'what cannot be deleted is named'
is "$(left)" 1 '... and is there'

for signal in INT TERM; do
	number=$([ "$signal" = INT ] && echo 2 || echo 15)
	faulty 'hang operation=PutObject count=0'
	start "put$signal" check -c c.conf --write --json cat
	ok "$signal: a PUT hangs" wait_until 30 has local.log \
	    'operation=PutObject .*fault=hang' \
	    "$(($(count local.log 'PutObject .*fault=hang') + 1))"
	kill -s "$signal" "$pid"
	finish "put$signal" "$pid"
	cp "put$signal.out" out
	is "$status" $((128 + number)) "$signal is the status"
	is "$(left)" 1 '... and what was put is deleted before'
done

faulty 'hang operation=HeadObject count=0'
run check -c c.conf --json --timeout 1s cat
is "$status $(row results)" \
    '1 fail: no answer within 1.0 s=Give it more time with --timeout.' \
    'what hangs does not hold it up'
is "$(row output)" 'ok: may be listed=' '... nor what does not'

faulty 'clock-skew ms=3600000 count=0'
run check -c c.conf --json --write cat
is "$status" 0 'a clock that is wrong is made up for'
like "$(row clock)" "warn: * behind the services'=*NTP*" '... and told'
is "$(row input)" 'ok: an object was put and deleted=' '... and all else works'
: >faults
local_stop
local_start

# --- permissions ---
export AWS_ACCESS_KEY_ID=blind-user-key
export AWS_SECRET_ACCESS_KEY=blind-user-secret-key-0123456789
run check -c c.conf --json cat
is "$status" 0 'a permission that is not needed is no failure'
like "$(row output)" \
    'warn: *AccessDenied*=Grant s3:ListBucket on arn:aws:s3:::bucket (condition s3:prefix out/*, as in contrib/iam/list.json)*' \
    'listing is denied: the permission is named'
like "$(row results)" \
    'warn: s3://bucket/out/: the result is not there yet, or it may not be read: *=Grant s3:ListBucket on arn:aws:s3:::bucket *' \
    '... and what that means for results'
seen=$(wc -l <local.log)
printf 'x' >in
timeout 60 "$awaitd" invoke -e slow --timeout 3s in >out 2>err
is "$(grep -c ' warn .*Grant s3:ListBucket' err)" 2 \
    'a command that waits says so once for each prefix'
is "$(grep -c "^awaitd: .* takes it up. Grant s3:ListBucket" err)" 1 \
    '... and with its time-out'
is "$(sed "1,${seen}d" local.log | grep -c operation=ListObjectsV2)" 2 \
    '... and asks once for each of the two prefixes'
: >go

export AWS_SECRET_ACCESS_KEY=wrong-secret-canary
run check -c c.conf --json cat
is "$status" 1 'a wrong key fails'
like "$(row results)" 'fail: *SignatureDoesNotMatch*' '... as what it is'
is "$(cat out err | grep -c wrong-secret-canary)" 0 '... and is not shown'
export AWS_ACCESS_KEY_ID=awaitd-local
export AWS_SECRET_ACCESS_KEY=awaitd-local-demo-secret-key

run check -c c.conf --json --set 'endpoint cat.output_path=s3://nobodys/out' cat
like "$status $(row output)" \
    '1 fail: *NoSuchBucket*=Create the bucket, or correct output_path of \[endpoint cat].' \
    'a bucket that is not there'
like "$(row results)" 'fail: *NoSuchBucket*=Create the bucket, *' \
    '... and a 404 of it is no good news'
run check -c c.conf --json --write \
    --set 'endpoint cat.input_prefix=s3://nobodys/in' cat
like "$status $(row input)" \
    '1 fail: PutObject: NoSuchBucket*=Create the bucket, or correct input_prefix *' \
    '... and nothing has to be taken back from it'
run check -c c.conf --json bare
is "$status $(row webhook)$(row exec)" '0 ' \
    'targets of others are not tried for an endpoint without any'

# --- no credentials, no region, no configuration ---
unset AWS_SECRET_ACCESS_KEY
run check -c c.conf --json
is "$status" 1 'half a pair of keys'
like "$(row credentials)" 'fail: *AWS_SECRET_ACCESS_KEY*=?*' '... is told'
is "$(row results)" 'skipped: there are no credentials=' \
    '... and what needs them is not tried'
is "$(row runtime)" 'ok: connects=' '... but the rest is'
export AWS_SECRET_ACCESS_KEY=awaitd-local-demo-secret-key
unset AWS_REGION
run check -c c.conf --json
is "$status" 1 'no region'
like "$(row region)" 'fail: *region*=?*' '... is told'
is "$(jq -r 'select(.status == "fail").check' out | sort -u)" region \
    '... and what needs one is skipped'
run check -c c.conf --json --region us-west-2 cat
like "$status $(jq -r 'select(.check == "runtime").subject' out)" \
    "0 us-west-2, $AWS_ENDPOINT_URL" '--region names one'
AWS_ENDPOINT_URL='' AWS_EC2_METADATA_DISABLED=true \
    https_proxy=http://127.0.0.1:9 \
    run check -c c.conf --json --region xx-nowhere-9 cat
like "$status $(row runtime)" '1 fail: *' 'a region that is none'
export AWS_REGION=us-east-1

mv "$HOME/.config/awaitd/awaitd.conf" kept.conf
run check --json
is "$status" 0 'without a configuration it does what it can'
like "$(row configuration)" 'skipped: there is no file=*awaitd check ENDPOINT*' \
    '... and says how to go on'
is "$(row credentials)" 'ok: found; they do not expire=' \
    '... credentials and region'
is "$(row runtime us-east-1)" 'ok: connects=' '... and its hosts'
mv kept.conf "$HOME/.config/awaitd/awaitd.conf"

printf '[endpoint x]\npoll_maxx = 1s\n' >wrong.conf
run check -c wrong.conf --json
is "$status" 2 'a wrong configuration is the status 2'
like "$(row configuration wrong.conf)" 'fail: wrong.conf:2: *poll_maxx*=?*' \
    '... and a row'
run check --timeout 0
is "$status" 2 'so is wrong usage'
run check -c nowhere.conf --json
like "$status $(row configuration nowhere.conf)" \
    '2 fail: open nowhere.conf: *=Name another file with --config *' \
    'a file that is not there'
for name in 'bad name' '' arn:aws:sagemaker:us-east-1:1:endpoint/x; do
	run check -c c.conf "$name"
	is "$status" 2 "'$name' is no endpoint's name"
done
run check -c c.conf --json mistyped
is "$status $(row endpoint mistyped | sed 's/=.*//')" \
    '1 fail: the configuration has no section [endpoint mistyped]' \
    'an endpoint that the configuration does not have'
run check -c c.conf --json catt
like "$status $(row endpoint catt)" '1 fail: *=Did you mean "cat"?' \
    '... and which may be meant'
: >none.conf
run check -c none.conf --json mistyped
is "$status $(row endpoint mistyped | sed 's/:.*//')" '0 skipped' \
    '... unless it has no endpoint, and the name may be right'
run check -c c.conf --json cat cat
is "$(row output cat)" 'ok: may be listed=' 'one that is named twice is tried once'

# --- one cause, told once ---
AWS_ENDPOINT_URL=http://127.0.0.1:1 run check -c c.conf cat
is "$(grep -c '^ *Check that it runs' out)" 1 'one remedy for what fails in a row'
is "$(grep -c '^ *As above.$' out)" "$(($(grep -c '^FAIL' out) - 1))" \
    '... and the other rows say so'
like "$(grep '^FAIL' out | head -n 1)" 'FAIL *runtime *' \
    '... the host before what is asked of it'
like "$(grep ' clock ' out)" 'skipped *nobody answered' \
    '... and nobody was asked for the time'

# --- a bucket elsewhere, asked for by several at once ---
AWS_REGION=eu-central-1 run check -c c.conf --json --write cat
is "$status $(jq -r 'select(.status == "fail").check' out)" '0 ' \
    'another region is followed, whoever asks first'

# --- what the credentials are warned of ---
AWS_PROFILE=other run check -c c.conf --json cat
like "$status $(row warning)" '0 warn: both AWS_ACCESS_KEY_ID and AWS_PROFILE *=' \
    'a profile that is passed over'

# --- credentials that end, and that do not come ---
cat >aws.conf <<'END'
[profile ends]
credential_process = sh ends.sh
[profile hangs]
credential_process = sleep 60
END
secret_place "$tmp/ends.sh"
cat >ends.sh <<END
echo '{"Version": 1, "AccessKeyId": "awaitd-local", "SecretAccessKey":
    "awaitd-local-demo-secret-key", "Expiration": "2999-01-01T00:00:00Z"}'
END
keys() { # PROFILE ARGUMENT...: a check without the environment's keys
	keys_profile=$1
	shift
	(unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
		export AWS_CONFIG_FILE=aws.conf
		timeout 60 "$awaitd" check -c c.conf --json \
		    --profile "$keys_profile" "$@" >out 2>err
		echo "$?" >keys.status)
	status=$(cat keys.status)
}
keys ends cat
like "$status $(row credentials)" \
    '0 ok: found; they expire in *, at 2999-01-01T00:00:00.000Z=' \
    'credentials that end'
is "$(row output)" 'ok: may be listed=' '... are used'
keys hangs --timeout 1 cat
is "$status $(row credentials)" \
    '1 fail: no answer within 1.0 s=Give it more time with --timeout.' \
    'credentials that do not come'
is "$(row output)" 'skipped: there are no credentials yet=' \
    '... and what waits for them did not fail'

# --- targets ---
cat >t.conf <<END
[webhook nowhere]
url = https://no-such-host.invalid/x
[webhook deaf]
url = http://127.0.0.1:1/x
allow_networks = 127.0.0.0/8
[webhook plain]
url = https://127.0.0.1:$port/x
allow_networks = 127.0.0.0/8
[webhook loose]
url = http://127.0.0.1:$port/x
allow_networks = 127.0.0.0/8
secret_file = $tmp/loose.secret
[webhook silly]
url = http://127.0.0.1:$port/x
allow_networks = 127.0.0.0/8
secret_file = $tmp/silly.secret
[exec gone]
command = $tmp/no-such-program
[exec data]
command = $tmp/t.conf
END
cp hook.secret loose.secret && chmod 644 loose.secret
(umask 077 && echo 'secret-canary' >silly.secret)
run check -c t.conf --json
is "$status" 1 'targets that cannot work'
like "$(row webhook nowhere)" 'fail: *resolve*=*DNS*' 'a host without a name'
like "$(row webhook deaf)" 'fail: *connect*=*firewall*' 'a port without ears'
like "$(row webhook plain)" 'fail: *=*TLS*' 'a server without TLS'
like "$(row webhook loose)" 'fail: t.conf:9: *loose.secret*=?*' \
    'a secret that all can read'
like "$(row webhook silly)" 'fail: t.conf:13: *silly.secret*' \
    'a secret that is none'
like "$(row exec gone)" 'fail: t.conf:17: *no-such-program*' \
    'a program that is not there'
like "$(row exec data)" 'fail: t.conf:19: *t.conf*' '... or is none'
is "$(cat out err | grep -c secret-canary)" 0 'and no secret is shown'

cat >guard.conf <<END
[webhook near]
url = http://127.0.0.1:$port/x
[webhook metadata]
url = https://169.254.169.254/x
allow_networks = 0.0.0.0/0
[webhook name]
url = https://localhost:$port/x
[webhook bits]
url = https://example.com/x
allow_networks = 10.0.0.1/8
[webhook octal]
url = http://0177.0.0.1/x
[webhook key]
url = https://example.com/x
certificate_file = $tmp/no.pem
private_key_file = $tmp/no.key
END
run check -c guard.conf --json
is "$status" 1 'targets that may not be reached'
like "$(row webhook near)" \
    'fail: guard.conf:1: * 127.0.0.1 is refused: loopback*=*allow_networks.' \
    'a network that nobody allowed'
like "$(row webhook metadata)" 'fail: guard.conf:3: * link-local, whatever*' \
    '... or could allow'
like "$(row webhook name)" 'fail: *.1 is refused: loopback*=*allow_networks.' \
    'a name that leads there'
like "$(row webhook bits)" 'fail: *allow_networks*behind its prefix=*/8*' \
    'a network that is none'
like "$(row webhook octal)" \
    'fail: *no valid host name or address=*four decimal numbers.' \
    'an address in octal'
like "$(row webhook key)" 'fail: *certificate_file *no.pem*' \
    'a certificate that is not there'

https_proxy=$AWS_ENDPOINT_URL run check -c t.conf --json
like "$(row webhook nowhere)" 'fail: *=Check https_proxy and no_proxy.' \
    'a proxy that refuses'

openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem \
    -days 2 -subj /CN=localhost -addext 'subjectAltName=IP:127.0.0.1' \
    2>/dev/null
openssl s_server -accept 127.0.0.1:0 -key key.pem -cert cert.pem \
    -www </dev/null >tls.out 2>&1 &
pids="$pids $!"
ok 'a server with TLS' wait_until 30 has tls.out 'ACCEPT .*:[0-9]'
tls=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' tls.out | head -n 1)
cat >tls.conf <<END
[webhook own]
url = https://127.0.0.1:$tls/x
allow_networks = 127.0.0.0/8
END
run check -c tls.conf --json
like "$status $(row webhook own)" '1 fail: *certificate*=*trusts*' \
    'a certificate that nobody vouches for'

# --- a service, a folder ---
cp c.conf serve.conf
serve_start
run check -c c.conf --json
like "$(row service)" "ok: awaitd $("$awaitd" version | cut -d ' ' -f 2) runs=" \
    'a service tells its version'
is "$(row state)" 'ok: can be written to=' 'and its folder is there'
kill -TERM "$serve_pid"
wait "$serve_pid"
serve_over
run check -c c.conf --json --server "unix:$tmp/nobody.sock"
like "$status $(row service)" '1 fail: no service answers at *' \
    'one that is named must be there'
chmod 777 "$AWAITD_STATE"
run check -c c.conf --json
like "$status $(row state)" '1 fail: everybody may write *=*chmod 700*' \
    'a folder that everybody may write into'
chmod 700 "$AWAITD_STATE"

AWAITD_STATE=$tmp/c.conf/state run check -c c.conf --json
like "$status $(row state)" '1 fail: *Not a directory=Set AWAITD_STATE to *' \
    'a folder that cannot be made'

# --- a terminal ---
if command -v script >/dev/null; then
	script -qec "stty cols 60; '$awaitd' check -c c.conf cat" typed >/dev/null
	ok 'a terminal gets colours' grep -q "$(printf '\033\[32mok')" typed
	is "$(sed 's/\x1b\[[0-9;]*m//g; s/\r//g' typed | grep -vE '/|^Script' |
	    awk 'length > 60' | wc -l)" 0 '... and lines that fit'
	NO_COLOR=1 script -qec "'$awaitd' check -c c.conf cat" typed >/dev/null
	is "$(tr -d -c '\033' <typed | wc -c)" 0 'NO_COLOR is respected'
else
	skip 'a terminal' 'no script(1)'
fi
done_testing
