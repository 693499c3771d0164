#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Credentials of the shared files as a command uses them: keys that a program
# prints, what that program sees of ours, and how it fails.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
local_start

id=$AWS_ACCESS_KEY_ID
secret=$AWS_SECRET_ACCESS_KEY
secret open-sesame
printf 'hello' >"$tmp/in"
mkdir -m 700 "$HOME/.aws"
cat >"$HOME/.aws/config" <<END
[default] # keys that nobody knows
aws_access_key_id = nobody
aws_secret_access_key = open-sesame #1
[profile made]
credential_process = "$HOME/.aws/a program" '$id' made\\ here
[profile broken]
credential_process = "$HOME/.aws/a program" broken
[profile gone]
credential_process = $tmp/gone
END
chmod 600 "$HOME/.aws/config"
cat >"$HOME/.aws/a program" <<END
#!/bin/sh
tr '\\0' '\\n' </proc/self/environ >"$tmp/environ"
echo "\$2" >"$tmp/word"
if [ "\$1" = broken ]; then
	echo 'log in first' >&2
	echo '{"Version": 1, "SecretAccessKey": "open-sesame"}'
	exit 7
fi
echo '{"Version": 1, "AccessKeyId": "'"\$1"'",'
echo '"SecretAccessKey": "$secret"}'
END
chmod 700 "$HOME/.aws/a program"

# The keys in the environment are for the program to miss.
export AWS_SECRET_ACCESS_KEY=open-sesame AWS_SESSION_TOKEN=open-sesame
run invoke --profile made -e cat "$tmp/in"
is "$status:$(cat "$tmp/out")" 0:hello 'a program gives the keys'
is "$(cat "$tmp/word")" 'made here' 'its words are cut as a shell does'
ok 'it has an environment' grep -q '^PATH=' "$tmp/environ"
is "$(count "$tmp/environ" 'open-sesame')" 0 'and that holds no secret of ours'

run invoke --profile broken -e cat "$tmp/in"
is "$status" 2 'one that fails is an error'
like "$err" "*log in first*" 'what it complains of is to be seen'
like "$err" "*credential_process of the profile 'broken': the program failed with status 7*" \
    'and so is its status'

run invoke --profile gone -e cat "$tmp/in"
like "$err" "*credential_process of the profile 'gone': *$tmp/gone*No shell*" \
    'one that is not there is named'

unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
run invoke -e cat "$tmp/in"
like "$err" '*AWS_ACCESS_KEY_ID or the profile*' \
    'without it the keys of the default profile are used'

done_testing
