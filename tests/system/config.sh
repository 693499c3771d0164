#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Which value wins, and what the commands say of themselves.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
cd "$tmp" || exit 1
unset AWAITD_STATE

value() { # SECTION KEY [ARGUMENT...]: value and source, as awaitd config has it
	value_section=$1
	value_key=$2
	shift 2
	"$awaitd" config --json "$@" | jq -r --arg s "$value_section" \
	    --arg k "$value_key" 'select(.section == $s and .key == $k) |
	    "\(.value) \(.source)"'
}

# --- precedence ---
rm -r "$HOME/.config"
is "$(value awaitd log_level)" 'warn default' 'a default is called so'
mkdir -p "$HOME/.config/awaitd" xdg/awaitd
printf '[awaitd]\nlog_level = error\n' >"$HOME/.config/awaitd/awaitd.conf"
is "$(value awaitd log_level)" "error $HOME/.config/awaitd/awaitd.conf:2" \
    'the file in the home folder, with the line'
printf '[awaitd]\n# a comment\n\nlog_level = info\n' >xdg/awaitd/awaitd.conf
is "$(XDG_CONFIG_HOME=$tmp/xdg value awaitd log_level)" \
    "info $tmp/xdg/awaitd/awaitd.conf:4" 'XDG_CONFIG_HOME before it'
printf '[awaitd]\nlog_level = none\n' >env.conf
is "$(XDG_CONFIG_HOME=$tmp/xdg AWAITD_CONFIG=env.conf value awaitd log_level)" \
    'none env.conf:2' 'AWAITD_CONFIG before that'
printf '[awaitd]\nlog_level = info\n[endpoint ocr]\npoll_max = 2m\n' >c.conf
is "$(AWAITD_CONFIG=env.conf value awaitd log_level -c c.conf)" \
    'info c.conf:2' '-c before all of them'
is "$(AWAITD_LOG_LEVEL=debug value awaitd log_level -c c.conf)" \
    'debug AWAITD_LOG_LEVEL' 'a variable before the file'
is "$(AWAITD_LOG_LEVEL=debug value awaitd log_level -c c.conf \
    --set awaitd.log_level=error)" 'error --set' '--set before the variable'
is "$(value awaitd log_level --set awaitd.log_level=info \
    --set awaitd.log_level=error)" 'error --set' 'the last --set wins'
is "$(value 'endpoint ocr' poll_max -c c.conf)" '2m c.conf:4' \
    'an endpoint has its section'
is "$(value 'endpoint a.b' poll_max --set 'endpoint a.b.poll_max=5s')" \
    '5s --set' 'a dot in its name is no key'
is "$(value awaitd state --set "awaitd.state=a=b")" 'a=b --set' \
    'a value may hold an equals sign'
printf '\357\273\277[awaitd]\r\nlog_level = info\r\n' >dos.conf
is "$(value awaitd log_level -c dos.conf)" 'info dos.conf:2' \
    'a file from Windows is read'

# --- config in text is a configuration ---
AWAITD_LOG_LEVEL=debug "$awaitd" config -c c.conf >all.conf 2>>"$tmp/all.err"
is "$(head -n 1 all.conf)" '# file: c.conf' 'the first line names the file'
run config -c all.conf
is "$status" 0 'what config prints can be read again'
is "$(grep -v '^#' out)" "$(grep -v '^#' all.conf)" 'and means the same'

# --- the sections of a service ---
mkdir etc
echo whsec_bmV2ZXIgdG8gYmUgc2hvd24gdG8gYW55Ym9keQ== >etc/hook.secret
cat >etc/service.conf <<END
[api]
listen = unix:/run/a.sock, 127.0.0.1:7071
token_file = /etc/token
[endpoint ocr]
deliver = exec keep, webhook hook
[webhook hook]
url = https://example.com/hook
secret_file = hook.secret
inline_max = 64KiB
[exec keep]
command = keep --folder "/srv/scanned pages" '\' '"' ""
schedule = none
END
is "$(value api listen -c etc/service.conf)" \
    'unix:/run/a.sock, 127.0.0.1:7071 etc/service.conf:2' 'a list is shown'
is "$(AWAITD_API_LISTEN=unix:/b value api listen -c etc/service.conf)" \
    'unix:/b AWAITD_API_LISTEN' 'its variable names the section'
is "$(value 'exec keep' schedule -c etc/service.conf)" \
    'none etc/service.conf:12' 'a schedule'
is "$(value 'webhook hook' secret_file -c etc/service.conf)" \
    "$(cd etc && pwd -P)/hook.secret etc/service.conf:8" \
    'a path is below the folder of its file'
run config -c etc/service.conf
is "$status:$(grep -c whsec_ out)" 0:0 'no secret is shown'
cp out service-all.conf
run config -c service-all.conf
is "$status" 0 'what config prints of it can be read again'
is "$(grep -v '^#' out)" "$(grep -v '^#' service-all.conf)" 'and means the same'
run config -c etc/service.conf --set 'endpoint ocr.deliver=webhook hok'
like "$status:$err" \
    '2:*there is no section*webhook hok*webhook hook, exec keep.' \
    'a target that is not there is refused, and those that are named'

# --- some of it ---
run config show -c etc/service.conf --changed
is "$(grep -c '^[a-z]' out)" 8 'what is not the default'
is "$(grep '^\[' out | paste -sd ' ')" \
    '[api] [endpoint ocr] [webhook hook] [exec keep]' 'and the sections that have it'
run config show -c etc/service.conf 'webhook hook' '[api]'
is "$(grep '^\[' out | paste -sd ' ')" '[webhook hook] [api]' \
    'the sections that are named'
run config show -c etc/service.conf --json webhook
is "$(jq -r .section out | sort -u)" 'webhook hook' 'all of one kind'
is "$(jq -r 'select(.key == "token_file") | .restart' out)" '' 'and no other'
run config show -c etc/service.conf --json api
is "$(jq -r 'select(.restart) | .key' out | paste -sd ' ')" \
    'listen token token_file users max_connections' 'what needs a restart'
run config show -c etc/service.conf 'webhook hok'
is "$status:$err" \
    '6:awaitd: there is no section [webhook hok]. Did you mean "webhook hook"?' \
    'one that is not there, and which it may be'
run config show -c etc/service.conf hook
like "$status:$err" '6:*Did you mean "webhook hook"?' 'a name without its kind'
run config webhook
like "$status:$err" "2:*config takes no argument such as \"webhook\"*show SECTION*" \
    'a section where a word is to stand'
run config keys --changed
like "$status:$err" "2:awaitd: --changed is for 'config show'*" \
    'an option of another'

# --- every key that there is, with no file at all ---
printf '[awaitd]\nnonsense\n' >bad.conf
run config keys -c bad.conf
is "$status" 0 'the keys, whatever the file is like'
is "$(awk 'length > 80' out)" '' 'in lines of 80'
run config keys --json
is "$(wc -l <out)" "$(count "$abs_top_srcdir/src/conf/keys.c" \
    '^    [{]"[a-z]*", "[a-z_]*", CONF_')" 'all of them'
is "$(jq -s '[.[] | select(.help == "" or (.named | type) != "boolean")] |
    length' out)" 0 'each with its meaning'
is "$(jq -r 'select(.section == "endpoint" and .key == "request_ttl") |
    "\(.type) \(.min) \(.max) \(.variable)"' out)" \
    'a time in whole seconds 1m 6h null' 'its type and its bounds'
is "$(jq -r 'select(.section == "gateway" and .key == "listen") |
    "\(.variable) \(.restart)"' out)" 'AWAITD_GATEWAY_LISTEN true' \
    'and its variable'
# Each of these variables sets its key.
jq -r 'select(.variable != null and .type == "a time") |
    "\(.section) \(.key) \(.variable) \(.max // .min // "90s")"' out >timed
while read -r s k v value; do
	is "$(env "$v=$value" "$awaitd" config --json | jq -r --arg s "$s" \
	    --arg k "$k" 'select(.section == $s and .key == $k) |
	    "\(.source)"')" "$v" "$v sets [$s] $k"
done <timed
run config keys webhok
like "$status:$err" '6:*there are no sections \[webhok\]. Did you mean "webhook"?' \
    'a kind that there is not'

# --- which file ---
rm "$HOME/.config/awaitd/awaitd.conf"
run config path
is "$status:$(cat out)" 6: 'no file is read'
like "$err" "*$HOME/.config/awaitd/awaitd.conf (the user's) is not there*" \
    'and which would be'
run config
like "$(head -n 1 out)" "# file: none; would be read: $HOME/*, /etc/*" \
    'as the first line says, too'
run config path -c bad.conf
is "$status:$(cat out)" 0:bad.conf 'one that is read, even with mistakes'

# --- secrets ---
umask 077
head -c 24 /dev/urandom | base64 >random
secret "$(cat random)"
secret_place "$tmp/random" "$tmp/secret.conf" "$tmp/token"
printf '[api]\ntoken = %s\nlisten = 127.0.0.1:1\n' "$(cat random)" >secret.conf
printf '[webhook w]\nurl = https://a.example/\nsecret = whsec_%s\n' \
    "$(cat random)" >>secret.conf
umask 022
is "$(value api token -c secret.conf)" '*** secret.conf:2' 'a token is not shown'
is "$("$awaitd" config -c secret.conf --json | jq -r 'select(.secret) | .key' |
    paste -sd ' ')" 'token secret' 'and said to be one'
run config -c secret.conf
is "$(grep -c '\*\*\*' out):$(grep -c '^[a-z]* = .*\*\*\*' out)" 2:0 \
    'the mask is no value'
chmod 640 secret.conf
run config -c secret.conf
like "$status:$err" \
    '2:awaitd: secret.conf:2: \[api\] token is a secret, and others can read the file. Do *chmod 600 secret.conf*token_file.' \
    'its file must be private'
run config --set 'api.token=not-taken-from-here'
like "$status:$err" '2:awaitd: --set: \[api\] token: everybody can read*AWAITD_API_TOKEN.' \
    'a flag is none'
AWAITD_API_TOKEN=$(cat random) run config show --json api
is "$(jq -r 'select(.key == "token") | "\(.value) \(.source)"' out)" \
    '*** AWAITD_API_TOKEN' 'a variable may be'
CREDENTIALS_DIRECTORY=$tmp/creds run config show --json api \
    --set api.token_file=credentials:api
is "$(jq -r 'select(.key == "token_file") | .value' out)" "$tmp/creds/api" \
    "what systemd hands over is a file of its folder"

# --- precedence of flags over keys in a request ---
local_start
echo x >in
run submit -c c.conf -e cat --set 'endpoint cat.request_ttl=2m' \
    --set 'endpoint cat.content_type=a/b' in
run show --json "$(cat out)"
is "$(jq -r '.request | "\(.request_ttl_s) \(.content_type)"' out)" '120 a/b' \
    'keys of the endpoint are used'
run submit -c c.conf -e cat --set 'endpoint cat.request_ttl=2m' \
    --set 'endpoint cat.content_type=a/b' --request-ttl 3m -t c/d in
run show --json "$(cat out)"
is "$(jq -r '.request | "\(.request_ttl_s) \(.content_type)"' out)" '180 c/d' \
    'options of the command are stronger'
ok 'state is in the home folder by default' \
    test -d "$HOME/.local/state/awaitd"
export AWAITD_STATE="$tmp/state with ? and # and %41"
run invoke -e cat in
is "$status" 0 'a state folder of any name'
ok 'is taken as it is named' test -d "$AWAITD_STATE"
is "$(find "$AWAITD_STATE" -name '*.db' | wc -l)" 1 'and used'
AWAITD_STATE=relative run invoke -e cat in
ok 'a relative one, too' test -d relative

# --- AWS's own configuration ---
mkdir -p "$HOME/.aws"
cat >"$HOME/.aws/credentials" <<END
[default]
aws_access_key_id = nobody
aws_secret_access_key = nothing
[work]
aws_access_key_id = $AWS_ACCESS_KEY_ID
aws_secret_access_key = $AWS_SECRET_ACCESS_KEY
END
cat >"$HOME/.aws/config" <<END
[profile work]
region = us-east-1
END
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION
run invoke -e cat --profile work in
is "$status" 0 '--profile gives keys and region'
AWS_PROFILE=work run invoke -e cat in
is "$status" 0 'AWS_PROFILE, too'
run invoke -e cat --region us-east-1 in
is "$status" 3 'the default profile is used without'
like "$err" '*refused*' 'whose keys are refused'

# --- the version ---
for o in version --version; do
	run $o
	like "$status:$(cat out)" '0:awaitd [0-9]*' "awaitd $o"
done

# --- JSON parses, whatever is in it ---
printf 'bad \377 name' >name
mv in "$(cat name)"
run submit -e cat --region us-east-1 --profile work \
    --input-prefix s3://bucket/in --set 'endpoint cat.inline=never' \
    "$(cat name)"
is "$status" 0 'a file whose name is no UTF-8'
run show --json "$(cat out)"
ok 'show --json parses' jq -e .request.input_path out
run list --json
ok 'list --json parses' jq -e .job out
done_testing
