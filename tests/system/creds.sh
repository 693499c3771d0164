#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each place that credentials may come from, with awaitd-local as the judge of
# what is signed with them: it knows one user for each source, and takes each
# one's key only together with its session token.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
credpeer=$abs_top_builddir/tests/support/credpeer_main

user() { # NAME: as credpeer issues it
	printf '[user %s]\naccess_key = ASIA%s\nsecret_key = secret-of-%s\n' \
	    "$1" "$(echo "$1" | tr '[:lower:]' '[:upper:]')" "$1"
	printf 'session_token = token-of-%s\n' "$1"
	secret "secret-of-$1" "token-of-$1"
} >>"$tmp/local.conf"
for name in imds container sso web inner outer-by-inner; do
	user "$name"
done
printf '[user base]\naccess_key = AKIABASE\nsecret_key = secret/of+base\n' \
    >>"$tmp/local.conf"
local_start
secret secret/of+base container-token pod-token-1 pod-token-2 web-token \
    web-rotated sso-access sso-refresh client-secret imds-token-1
secret_place "$tmp/token" "$tmp/pod" "$tmp/process.sh"

: >"$tmp/asked"
"$credpeer" --port-file "$tmp/peer.port" --ledger "$tmp/asked" \
    2>>"$tmp/all.err" &
pids="$pids $!"
wait_until 20 test -s "$tmp/peer.port" || {
	echo 'Bail out! credpeer does not start'
	exit 1
}
peer=http://127.0.0.1:$(cat "$tmp/peer.port")

peer_is() { # set|fail/…
	curl -sS -f -X POST "$peer/admin/$1" >"$tmp/ok.out"
}

arn=arn:aws:iam::123456789012:role
export AWS_ENDPOINT_URL_STS="$peer" AWS_ENDPOINT_URL_SSO="$peer" \
    AWS_ENDPOINT_URL_SSO_OIDC="$peer"
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
mkdir -p "$HOME/.aws/sso/cache"
echo small >"$tmp/small"

# A run with these variables and no others.
with() { # VARIABLE=VALUE... -- ARGUMENT...
	set_names=
	while [ "$1" != -- ]; do
		export "${1?}"
		set_names="$set_names ${1%%=*}"
		shift
	done
	shift
	run "$@"
	for name in $set_names; do
		unset "$name"
	done
}

works() { # SENTENCE VARIABLE=VALUE...: the result comes
	works_name=$1
	shift
	: >"$tmp/asked"
	with "$@" -- invoke -e cat "$tmp/small"
	if [ "$status" -eq 0 ] && cmp -s "$tmp/out" "$tmp/small"; then
		report 0 "$works_name"
	else
		report 1 "$works_name" || diag "status $status: $err"
	fi
}

fails() { # SENTENCE PATTERN VARIABLE=VALUE...
	fails_name=$1
	fails_like=$2
	shift 2
	: >"$tmp/asked"
	with "$@" -- invoke -e cat "$tmp/small"
	[ "$status" -ne 0 ] || err='it worked'
	like "$err" "$fails_like" "$fails_name"
}

asked() { # PLACE: how often
	count "$tmp/asked" "^$1 "
}

off=AWS_EC2_METADATA_DISABLED=true

# --- keys ---
works 'the environment: a key' \
    AWS_ACCESS_KEY_ID=AKIABASE AWS_SECRET_ACCESS_KEY=secret/of+base
works 'the environment: a key with its session token' \
    AWS_ACCESS_KEY_ID=ASIAINNER AWS_SECRET_ACCESS_KEY=secret-of-inner \
    AWS_SESSION_TOKEN=token-of-inner
fails 'a session token that is wrong is refused' '*nrecognizedClient*' \
    AWS_ACCESS_KEY_ID=ASIAINNER AWS_SECRET_ACCESS_KEY=secret-of-inner \
    AWS_SESSION_TOKEN=token-of-outer
fails 'nothing at all says what there is to set' \
    '*no credentials*AWS_ACCESS_KEY_ID*' "$off"

(umask 077 && cat >"$HOME/.aws/credentials" <<END_OF_FILE
[base]
aws_access_key_id = AKIABASE
aws_secret_access_key = secret/of+base
END_OF_FILE
)
cat >"$HOME/.aws/config" <<END_OF_FILE
[profile role]
role_arn = $arn/inner
source_profile = base
[profile chain]
role_arn = $arn/outer-by-inner
source_profile = role
[profile denied]
role_arn = $arn/denied
source_profile = base
[profile process]
credential_process = sh "$tmp/process.sh" inner
[profile over-imds]
role_arn = $arn/inner-by-imds
credential_source = Ec2InstanceMetadata
[profile dev]
sso_session = corp
sso_account_id = 123456789012
sso_role_name = Sso+Role
[sso-session corp]
sso_start_url = https://example.awsapps.com/start
sso_region = us-east-1
END_OF_FILE
cat >"$tmp/process.sh" <<'END_OF_FILE'
printf '{"Version":1,"AccessKeyId":"ASIAINNER","SecretAccessKey":"%s",' \
    "secret-of-$1"
printf '"SessionToken":"token-of-%s","Expiration":"2099-01-01T00:00:00Z"}' "$1"
END_OF_FILE

works 'a profile: keys' AWS_PROFILE=base "$off"
works 'a profile: credential_process' AWS_PROFILE=process "$off"

# --- roles ---
works 'a profile: a role' AWS_PROFILE=role "$off"
is "$(asked sts)" 1 'STS was asked once'
works 'a profile: a role by a role' AWS_PROFILE=chain "$off"
is "$(asked sts)" 2 'STS was asked for each'
fails 'a role that is denied says why, and what to do' \
    "*role $arn/denied*AccessDenied*trust policy*" AWS_PROFILE=denied "$off"
printf 'web-token' >"$tmp/token"
works 'web identity, as EKS sets it (IRSA)' "$off" \
    AWS_ROLE_ARN="$arn/web" AWS_WEB_IDENTITY_TOKEN_FILE="$tmp/token"
peer_is set/web_token/web-rotated
fails 'a token that nobody rotated is told' '*ExpiredToken*into its file*' \
    "$off" AWS_ROLE_ARN="$arn/web" AWS_WEB_IDENTITY_TOKEN_FILE="$tmp/token"
printf 'web-rotated\n' >"$tmp/token"
works 'and one that was rotated works' "$off" \
    AWS_ROLE_ARN="$arn/web" AWS_WEB_IDENTITY_TOKEN_FILE="$tmp/token"

# --- who that is ---
identity() {
	with "$off" AWS_ACCESS_KEY_ID=AKIABASE \
	    AWS_SECRET_ACCESS_KEY=secret/of+base -- check --json cat
	jq -r 'select(.check == "identity") | "\(.status): \(.detail)"' \
	    "$tmp/out"
}
is "$(identity)" "ok: account 123456789012, ${arn%:role}:user/base" \
    'check tells whose credentials they are'
for code in ExpiredToken InvalidClientTokenId; do
	peer_is "fail/sts/$code/9"
	like "$(identity)" "fail: *$code*" "... and that they are not good: $code"
done
peer_is fail/sts/InvalidAction/9
like "$(identity)" 'skipped: there is no STS at *' \
    'who does not know the question is no STS'
peer_is fail/sts//0

# --- SSO ---
cache=$HOME/.aws/sso/cache/$(printf corp | sha1sum | cut -c 1-40).json
fails 'without a login SSO says how to log in' \
    '*nobody is logged in*aws sso login --profile dev*' AWS_PROFILE=dev "$off"
login() { # END
	(umask 077 && cat >"$cache" <<END_OF_FILE
{"startUrl": "https://example.awsapps.com/start", "region": "us-east-1",
 "accessToken": "sso-access", "expiresAt": "$1",
 "clientId": "client", "clientSecret": "client-secret",
 "registrationExpiresAt": "2099-01-01T00:00:00Z",
 "refreshToken": "sso-refresh"}
END_OF_FILE
	)
}
login 2099-01-01T00:00:00Z
works 'SSO: a login' AWS_PROFILE=dev "$off"
is "$(asked oidc) $(asked sso)" '0 1' 'its token was not renewed'
login 2020-01-01T00:00:00Z
works 'SSO: a login that is over and can be renewed' AWS_PROFILE=dev "$off"
is "$(asked oidc) $(asked sso)" '1 1' 'its token was renewed'
works 'SSO: the renewed login is in the file' AWS_PROFILE=dev "$off"
is "$(asked oidc) $(asked sso)" '0 1' 'and was found there'
like "$(cat "$cache")" '*"startUrl"*"clientSecret"*' 'with all else in it'
is "$(stat -c %a "$cache")" 600 'for nobody else to read'

# --- containers ---
works 'a container: its token in the environment' "$off" \
    AWS_CONTAINER_CREDENTIALS_FULL_URI="$peer/v2/credentials/x" \
    AWS_CONTAINER_AUTHORIZATION_TOKEN=container-token
fails 'a wrong token is refused' '*wrong token*401*pod identity*' "$off" \
    AWS_CONTAINER_CREDENTIALS_FULL_URI="$peer/v1/credentials" \
    AWS_CONTAINER_AUTHORIZATION_TOKEN=other
printf 'pod-token-1' >"$tmp/pod"
peer_is set/container_token/pod-token-1
works 'EKS Pod Identity: its token in a file' "$off" \
    AWS_CONTAINER_CREDENTIALS_FULL_URI="$peer/v1/credentials" \
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="$tmp/pod"
peer_is fail/container/redirect/1
fails 'it is not led away' '*302*not followed*' "$off" \
    AWS_CONTAINER_CREDENTIALS_FULL_URI="$peer/v1/credentials" \
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="$tmp/pod"
is "$(asked container)" 1 'it was asked once'

# --- IMDS ---
imds=AWS_EC2_METADATA_SERVICE_ENDPOINT=$peer
works 'IMDS' "$imds"
is "$(asked imds.token) $(asked imds.role) $(asked imds.creds)" '1 1 1' \
    'token, role, credentials'
peer_is fail/imds.token/hang/1
works 'IMDS: version 1, where tokens do not come' "$imds"
peer_is fail/imds.token/403/1
fails 'not where that is off' '*' "$imds" AWS_EC2_METADATA_V1_DISABLED=true
peer_is fail/imds.creds/failed/1
fails 'IMDS: a role that cannot be assumed' \
    '*AssumeRoleUnauthorizedAccess*' "$imds"

# --- a service that goes on ---
# Credentials are over each few seconds, and their token changes.
cat >"$tmp/serve.conf" <<END_OF_FILE
[endpoint cat]
poll_start = 50ms
poll_max = 200ms
input_prefix = s3://bucket/in
END_OF_FILE
export AWS_EC2_METADATA_DISABLED=true \
    AWS_CONTAINER_CREDENTIALS_FULL_URI="$peer/v1/credentials" \
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE="$tmp/pod"
peer_is set/life_s/3
: >"$tmp/asked"
serve_start
works 'a service with the first token'
printf 'pod-token-2' >"$tmp/pod"
peer_is set/container_token/pod-token-2
# shellcheck disable=SC2317 # by wait_until
renewed() {
	"$awaitd" invoke -e cat "$tmp/small" >"$tmp/out" 2>>"$tmp/all.err" &&
	    [ "$(asked container)" -ge 1 ]
}
: >"$tmp/asked"
ok 'credentials that end are fetched again' wait_until 30 renewed
peer_is set/life_s/3600
works 'and serve, under the second token'
serve_stop
is "$serve_status" 0 'the service ends'
done_testing
