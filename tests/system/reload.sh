#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# awaitd reload and SIGHUP: what is told, that a mistake changes nothing, and
# that under load nothing is lost or half of one and half of the other.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
command -v jq >"$tmp/which" || skip_all 'no jq'
cd "$tmp" || exit 1
local_start
hook_secret "$tmp/secret"
hook_start hook --secret-file "$tmp/secret"

conf() { # LINE...: more of [webhook hook]
	cat >serve.conf.new <<END
[metrics]
listen = 127.0.0.1:0
[endpoint cat]
poll_start = 50ms
poll_max = 100ms
deliver = webhook hook
[webhook hook]
url = http://127.0.0.1:$hook_port/
allow_networks = 127.0.0.0/8
secret_file = secret
schedule = 100ms, 100ms, 100ms, 1s, 1s
END
	printf '%s\n' "$@" >>serve.conf.new
	mv serve.conf.new serve.conf
}

conf
serve_start
where_metrics

# --- what is told ---
run reload
is "$status:$(wc -c <out)" 0:0 'a reload without a change'
is "$err" "awaitd: the service has read $tmp/serve.conf: 0 changes" 'says so'
conf 'timeout = 9s' '[dir kept]' "path = $tmp"
run reload
is "$status" 0 'one with changes'
is "$(cat out)" '[webhook hook] timeout: 15s -> 9s
[dir kept] added' 'tells them'
like "$err" '*: 2 changes' 'and how many'
ok 'so does the log' has "$tmp/serve.err" \
    'msg="reloaded .*changes=2 changed="\[webhook hook\] timeout, \[dir kept\] added"'
conf 'secret = whsec_bm90IHRoZSBvbmUgdGhhdCB0aGUgaG9vayBrbm93cw=='
chmod 600 serve.conf
run reload -c serve.conf
like "$status:$err" \
    "2:awaitd: serve.conf:10: \\[webhook hook\\] secret_file is set beside secret (serve.conf:12)*" \
    'a file that is wrong is refused before anybody asks'
conf '[callback]' 'timeout = 3s' '[api]' 'users = root'
AWAITD_API_TOKNE=x run reload
like "$err" "*warning: $tmp/serve.conf:13: \\[callback\\] timeout has no effect: allow is not set. Set *" \
    'what has no effect is told'
is "$(grep restart out)" '[api] users: root needs a restart' \
    'and what needs a restart'
run config show --running --json api
is "$(jq -r 'select(.key == "users") | "\(.value) \(.pending)"' out)" ' root' \
    'which is shown as it is, and as it will be'
run config show --running --changed 'webhook hook'
is "$(grep -c 'timeout' out)" 0 'what is in force is that of the last reload'
ok 'with its source' grep -q "^# $tmp/serve.conf:8" out
run reload --json
is "$(jq -c '[(.changes | length), .restart[0].key, (.warnings | length)]' out)" \
    '[0,"users",1]' 'the same as JSON'

# --- a mistake, that the service finds ---
conf
run reload
cp serve.conf good.conf
refused() { # STATUS PATTERN: of the file as it is, by the route and by SIGHUP
	api POST /v1/reload
	is "$code:$(jq -r .code out)" "$1:bad_configuration" 'it is refused'
	# shellcheck disable=SC2254
	like "$(jq -r '.detail + " " + .hint' out)" "$2" 'with the reason'
	before=$(count "$tmp/serve.err" 'the old configuration stays')
	kill -HUP "$serve_pid"
	ok 'by a signal, too' wait_until 20 has "$tmp/serve.err" \
	    'the old configuration stays' $((before + 1))
	is "$(metric awaitd_config_last_reload_ok)" 0 'and is counted'
	api GET '/v1/config?section=webhook'
	is "$(jq -r '.values[] | select(.key == "timeout") | .value' out)" 15s \
	    'nothing has changed'
}
conf 'timeout = 3s' 'ca_file = /nowhere/ca.pem'
refused 422 "*serve.conf:7: \\[webhook hook\\]: *ca.pem*"
conf 'timeout = 3s' 'timeout = 4s'
refused 422 "*serve.conf:13: \\[webhook hook\\] timeout is there already, at *:12 Keep one of them."
conf 'timeout = 3s'
chmod 644 secret
refused 422 "*secret_file: *can be read by others *chmod 600*"
chmod 600 secret
conf 'timeout = 3s' '[endpoint a]' 'deliver = webhook nobody'
refused 422 "*serve.conf:14: *there is no section \\[webhook nobody\\] Known targets: webhook hook."
rm serve.conf
refused 422 '*serve.conf*'
cp good.conf serve.conf
run reload
is "$status:$(metric awaitd_config_last_reload_ok)" 0:1 'mended, it is taken'

# --- who may ---
if command -v setpriv >"$tmp/which" && [ "$(id -u)" -eq 0 ]; then
	serve_stop
	chmod 711 "$tmp"
	mkdir -m 755 sockets
	printf '[api]\nusers = 65534\nlisten = unix:%s/a, unix:%s\n' \
	    "$tmp/sockets" "$socket" >>serve.conf
	serve_start
	asked=$(setpriv --reuid=65534 --regid=65534 --clear-groups curl -sS \
	    -o /dev/null -w '%{http_code}' --unix-socket "$tmp/sockets/a" \
	    http://awaitd/v1/jobs)
	is "$asked" 200 'who may submit'
	asked=$(setpriv --reuid=65534 --regid=65534 --clear-groups curl -sS \
	    -w ' %{http_code}' --unix-socket "$tmp/sockets/a" \
	    http://awaitd/v1/config)
	like "$asked" '*"forbidden"*403' 'may not see the configuration'
	serve_stop
	cp good.conf serve.conf
	serve_start
	where_metrics
else
	skip 'who may submit may not see the configuration' 'not root'
fi

# --- under load ---
jobs=400
many_jobs "$jobs" cat >curl.conf
curl --no-progress-meter --parallel --parallel-max 8 -K curl.conf \
    >codes 2>curl.err &
load=$!
pids="$pids $load"
taken=0 refused=0 n=0
while ! gone "$load" || [ "$n" -lt 30 ]; do
	n=$((n + 1))
	case $((n % 3)) in
	0)
		conf "timeout = $((n % 50 + 5))s" 'rate = many'
		;;
	1)
		conf "timeout = $((n % 50 + 5))s" "max_in_flight = $((n % 9 + 1))"
		;;
	2)
		conf "timeout = $((n % 50 + 5))s" 'secret_file = nowhere'
		;;
	esac
	api POST /v1/reload
	case $code in
	200) taken=$((taken + 1)) ;;
	422) refused=$((refused + 1)) ;;
	*) diag "reload: $code $(cat out err)" ;;
	esac
done
wait "$load"
diag "reloads while $jobs jobs came: $taken taken, $refused refused"
is "$((taken + refused))" "$n" 'each reload was answered, for good or bad'
ok 'some were taken' test "$taken" -ge 10
ok 'and some refused' test "$refused" -ge 10
is "$(sort codes | uniq -c | tr -s ' ')" " $jobs 201" 'all jobs were taken'
# shellcheck disable=SC2317 # by wait_until
all_there() {
	[ "$(jq -r .id "$tmp/hook.hooks" | sort -u | wc -l)" -ge "$jobs" ]
}
ok 'and all were delivered' wait_until 60 all_there
api GET '/v1/deliveries?state=dead'
is "$(jq '.deliveries | length' out)" 0 'none was given up'
is "$(jq -c 'select(.verified != true)' hook.hooks | wc -l)" 0 \
    'every signature was right'
# What is in force is one of the files as a whole: timeout and max_in_flight
# stood in one.
api GET '/v1/config?section=webhook'
t=$(jq -r '.values[] | select(.key == "timeout") | .value' out)
m=$(jq -r '.values[] | select(.key == "max_in_flight") | .value' out)
last=$((n - (n + 2) % 3))
is "$t $m" "$((last % 50 + 5))s $((last % 9 + 1))" 'the last good one is in force'
serve_stop
is "$serve_status" 0 'it ends well'
done_testing
