#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Receivers that fail: how that is seen (awaitd targets, metrics), that they
# rest, over a kill, too; 410, enable and disable.
# shellcheck disable=SC3044 # enable is a command of awaitd here
. "${abs_top_srcdir:?}/tests/system/lib.sh"
cd "$tmp" || exit 1
local_start
hook_start well
well_port=$hook_port
hook_start ill
ill_port=$hook_port
hook_stop "$hook_pid"
hook_start gone --status 410
gone_port=$hook_port
gone_pid=$hook_pid
cat >serve.conf <<END
[endpoint cat]
poll_start = 50ms
poll_max = 200ms
[webhook well]
url = http://127.0.0.1:$well_port/
allow_networks = 127.0.0.0/8
[webhook ill]
url = http://127.0.0.1:$ill_port/
allow_networks = 127.0.0.0/8
schedule = 50ms, 50ms, 50ms, 50ms, 50ms, 50ms, 50ms, 50ms, 50ms, 50ms
max_in_flight = 1
breaker_failures = 3
breaker_max = 2s
[webhook gone]
url = http://127.0.0.1:$gone_port/
allow_networks = 127.0.0.0/8
[exec idle]
command = true
[callback]
allow = 127.0.0.1
allow_networks = 127.0.0.0/8
schedule = 50ms, 50ms, 50ms, 50ms, 50ms, 50ms, 50ms, 50ms, 50ms, 50ms
breaker_failures = 3
breaker_max = 1h
[metrics]
listen = 127.0.0.1:0
END
serve_start
where_metrics

post() { # TARGET N
	post_left=$2
	while [ "$post_left" -gt 0 ]; do
		api POST /v1/jobs -H 'Awaitd-Endpoint: cat' \
		    -H "Awaitd-Deliver: $1" -H 'Content-Type: text/plain' \
		    --data-binary "$post_left"
		post_left=$((post_left - 1))
	done
}
target() { # NAME QUERY
	"$awaitd" targets --json | jq -r "select(.target == \"$1\") | $2"
}
# shellcheck disable=SC2317 # by wait_until
target_is() { # NAME QUERY VALUE
	[ "$(target "$1" "$2")" = "$3" ]
}
# shellcheck disable=SC2317 # by wait_until
came() { # NAME N
	[ "$(wc -l <"$1.hooks")" -ge "$2" ]
}
listen_again() { # NAME PORT: a receiver that takes all, where one was
	: >"$1.hooks"
	start "$1.again" listen --listen "127.0.0.1:$2" --json
	wait_until 20 has "$1.again.err" "$2"
	rm "$1.hooks"
	ln -s "$1.again.out" "$1.hooks"
}

# --- all of them ---
run targets --json
is "$(jq -r '"\(.target) \(.state) \(.waiting)"' out | sort)" 'exec idle ok 0
webhook gone ok 0
webhook ill ok 0
webhook well ok 0' 'every target is listed, used or not'
metrics() { # REGEX: the value of the line
	curl -sS --max-time 20 "http://127.0.0.1:$metrics_port/metrics" |
	    sed -n "s/^$1 //p"
}
is "$(metrics 'awaitd_target_state{target="webhook ill",state="ok"}')" 1 \
    'and is a metric'

# --- one that rests ---
post 'webhook ill' 6
post 'webhook well' 2
ok 'one that fails rests' wait_until 20 target_is 'webhook ill' .state resting
ok 'others go on' wait_until 20 came well 2
run targets
like "$(cat out)" '*webhook ill*resting*20??-*' 'which is seen'
is "$(metrics 'awaitd_target_state{target="webhook ill",state="ok"}')" 0 \
    'and measured'
is "$(target 'webhook ill' '.failures >= 3, .waiting, (.last_error | length) > 0' |
    tr '\n' ' ')" 'true 6 true ' 'with its failures and the last error'
is "$(count serve.err 'warn .*webhook ill.*and rests')" 1 'and said once'
serve_kill
serve_start
where_metrics
is "$(target 'webhook ill' '.failures >= 3')" true \
    'a kill does not make it forgotten'
ok 'it is probed' wait_until 20 has serve.err 'webhook ill.*rests on' 2
api GET '/v1/deliveries?state=waiting'
is "$(jq '[.deliveries[] | .attempts] | add <= 12' out)" true \
    'and but for that no attempt is used up'
listen_again ill "$ill_port"
ok 'once it answers all is delivered' wait_until 30 came ill 6
ok 'and it is well' wait_until 20 target_is 'webhook ill' .state ok
run targets
is "$(sed -n 's/^webhook ill.*Z *//p' out)" '' \
    'what went wrong before is no reason any more'

# --- one that wants no more ---
post 'webhook gone' 1
ok '410 disables' wait_until 20 target_is 'webhook gone' .state disabled
like "$(target 'webhook gone' .reason)" 'answered 410*' 'and says why'
ok 'with what to do' has serve.err 'warn .*webhook gone.*awaitd enable'
post 'webhook gone' 3
ok 'what is new is made, and waits' \
    wait_until 20 target_is 'webhook gone' .waiting 3
is "$(wc -l <gone.hooks)" 1 'without an attempt'
hook_stop "$gone_pid"
listen_again gone "$gone_port"
serve_kill
serve_start
where_metrics
ok 'over a kill' target_is 'webhook gone' '.state, .waiting' 'disabled
3'
is "$(wc -l <gone.hooks)" 0 'nothing is sent'
run enable gone
is "$status" 6 'a name that is none is refused'
like "$err" '*no target \[gone\]*Did you mean "webhook gone"*' 'and told'
run enable webhook
like "$err" '*a name has a blank*' 'nor is the half of one'
run enable 'webhook gone'
is "$status" 0 'it can be enabled'
like "$err" 'awaitd: target webhook gone is enabled; 3 deliveries wait*' \
    'which says what that means'
ok 'and what waited goes' wait_until 20 came gone 3
serve_kill
serve_start
where_metrics
ok 'that is not forgotten either' target_is 'webhook gone' .state ok

# --- a callback ---
hook_start back
back_port=$hook_port
hook_stop "$hook_pid"
back="callback http://127.0.0.1:$back_port"
printf hello >in
run submit -e cat --callback "http://127.0.0.1:$back_port/" in
run submit -e cat --callback "http://127.0.0.1:$back_port/" in
ok 'a host of callbacks rests, too' wait_until 20 target_is "$back" .state resting
is "$(metrics 'awaitd_callback_hosts{state="resting"}')" 1 'and is counted'
serve_stop
serve_start
where_metrics
ok 'over a restart' target_is "$back" .state resting
run disable "$back"
is "$status" 1 'it is not disabled'
listen_again back "$back_port"
run enable "$back"
ok 'but enabled it is well' wait_until 20 came back 2

# --- by request ---
run disable 'webhook well' --json
is "$status $(jq -r '.state, .reason' out | tr '\n' '|')" \
    '0 disabled|on request|' 'a target can be disabled by request'
since=$(jq -r .since_at out)
run disable 'webhook well' --json
is "$(jq -r .since_at out)" "$since" 'and stays so when asked again'
is "$(count serve.err 'target="webhook well".*disabled on request')" 1 \
    'which the log says once'
serve_kill
serve_start
post 'webhook well' 1
wait_until 20 target_is 'webhook well' .waiting 1
post 'webhook ill' 1
wait_until 20 came ill 7
is "$(wc -l <well.hooks) $(target 'webhook well' '.state, .waiting' |
    tr '\n' ' ')" '2 disabled 1 ' 'its deliveries wait then'
run enable 'webhook well'
ok 'until it is enabled' wait_until 20 came well 3
run disable
is "$status" 2 'somebody must be named'
run targets x
is "$status" 2 'and nobody in the list'
api POST '/v1/targets/webhook%20well/disable'
is "$code $(jq -r .target out)" '200 webhook well' 'the API has it, too'
api POST '/v1/targets/webhook%20none/disable'
is "$code $(jq -r .code out)" '404 not_found' 'and its words'
api POST '/v1/targets/%00/enable'
is "$code" 404 'a name that can be none is not there'
api POST '/v1/targets/webhook%20well/none'
is "$code" 404 'nor is another verb'

done_testing
