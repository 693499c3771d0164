#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What an operator sees of deliveries, and repeats: a receiver that is away,
# one that wants no more, who is told of that; filters, and replay of all that
# match, each once, under its id and with its bytes.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
local_start

hook_start away --status 500
away=$hook_pid away_port=$hook_port
hook_start gone --status 410
gone_port=$hook_port
hook_start ops
cat >"$tmp/serve.conf" <<END
[awaitd]
dead_letter = webhook ops
[endpoint cat]
poll_start = 50ms
poll_max = 100ms
[webhook away]
url = http://127.0.0.1:$away_port/in
allow_networks = 127.0.0.0/8
schedule = 50ms, 50ms
breaker_failures = 0
[webhook gone]
url = http://127.0.0.1:$gone_port/in
allow_networks = 127.0.0.0/8
[webhook ops]
url = http://127.0.0.1:$hook_port/in
allow_networks = 127.0.0.0/8
[exec busy]
command = sh -c 'echo too busy now >&2; exit 3'
schedule = 50ms
END

post() { # TARGET
	api POST /v1/jobs -H 'Awaitd-Endpoint: cat' -H "Awaitd-Deliver: $1" \
	    --data-binary hello
	jq -r .job "$tmp/out"
}

listed() { # OPTION...: how many
	"$awaitd" deliveries --json "$@" 2>"$tmp/err" | wc -l
}

# shellcheck disable=SC2317 # by wait_until
dead_are() { # N OPTION...
	dead_n=$1
	shift
	[ "$(listed --state dead "$@")" -eq "$dead_n" ]
}

serve_start
before=$(date -u +%Y-%m-%dT%H:%M:%SZ)
n=0
while [ $n -lt 12 ]; do
	post 'webhook away' >>"$tmp/jobs"
	n=$((n + 1))
done
gone_job=$(post 'webhook gone')
busy_job=$(post 'exec busy')
ok 'what cannot be delivered is given up' wait_until 60 \
    dead_are 14
ok 'and told of' wait_until 20 has "$tmp/ops.hooks" "$busy_job"

# --- who is told ---
# shellcheck disable=SC2317 # by wait_until
told() {
	[ "$(jq -rs '[.[].id] | unique | length' "$tmp/ops.hooks")" -eq 14 ]
}
ok 'of each, once' wait_until 20 told
jq -s '[.[].body | fromjson]' "$tmp/ops.hooks" >"$tmp/told"
is "$(jq -r '[.[].type] | unique | join(" ")' "$tmp/told")" \
    'delivery.failed' 'by an event of its own'
is "$(jq -r --arg j "$gone_job" '.[] | select(.data.job == $j) | .data |
    "\(.target) \(.status) \(.attempts) \(.event)"' "$tmp/told")" \
    'webhook gone 410 1 inference.completed' 'that says what became of it'
is "$(jq -r --arg j "$busy_job" '.[] | select(.data.job == $j) | .data |
    "\(.original) \(.status) \(.size)"' "$tmp/told")" 'hello 3 5' \
    'and carries what was to be delivered'
is "$(jq -r '.[].data.delivery' "$tmp/told" | sort)" \
    "$("$awaitd" deliveries --json --state dead | jq -r .delivery | sort)" \
    'all of them, and no other'
is "$(listed --event delivery.failed --state delivered)" 14 \
    'what tells of them is listed, too'
run deliveries --json "$("$awaitd" deliveries --json \
    --event delivery.failed | jq -r .delivery | head -n 1)"
is "$(jq -r '.payload, (.about | length)' "$tmp/out" | tr '\n' ' ')" \
    'event 30 ' 'and says what it is about'

# --- what is found ---
is "$(listed --target 'webhook away')" 12 'deliveries are found by target'
is "$(listed --job "$gone_job" --target 'webhook gone')" 1 'by job'
is "$(listed --status 410)" 1 'by status of HTTP'
is "$(listed --status 3)" 1 'by exit status'
is "$(listed --error 'ANSWERED 500')" 12 'by what went wrong, in any case'
is "$(listed --error 'ANSWERED 500' --target 'exec busy')" 0 'by several at once'
is "$(listed --state dead --since "$before")" 14 'since an instant'
is "$(listed --state dead --since 1h)" 14 'since a span ago'
is "$(listed --until "$before")" 0 'until one'
is "$(listed --until 1h)" 0 'and until a span ago'
is "$(listed --since 1h --until 0s --state dead)" 14 'between two'
run deliveries --state dead --limit 3
is "$status" 2 'a list has no limit of its own'

# --- wrong words ---
wrong() { # PATTERN WORDS...
	wrong_pattern=$1
	shift
	run "$@"
	like "$status:$err" "$wrong_pattern" "'awaitd $*' is refused"
}
wrong '2:awaitd: --since "soon": that is no time*2h for two hours ago*' \
    deliveries --since soon
wrong '2:awaitd: --until "2026-03-04": that is no time*' \
    replay --until 2026-03-04
wrong '2:*status "x": it must be a whole number*' deliveries --status x
wrong '2:*state "lost"*waiting, delivered, dead*' replay --state lost
wrong '2:*job "x": that is no id*' replay --job x
wrong '2:*until*not behind since*' replay --since 1h --until 2h
wrong '2:*no delivery was named*--state dead*' replay
wrong '2:*no delivery was named*' replay --dry-run
wrong '2:*"msg_x" is one*' replay --state dead msg_x
wrong '2:*--limit*' replay --state dead --limit 0
wrong '2:*for the list*' deliveries --since 1h msg_x
api POST /v1/deliveries/replay
is "$code $(jq -r .code "$tmp/out")" '400 no_filter' \
    'and nothing at all, asked of the API'

# --- again ---
run replay --state dead --target 'webhook away' --dry-run
is "$status:$err" '0:awaitd: 12 deliveries would be attempted again' \
    'a dry run counts'
is "$(listed --state dead --target 'webhook away')" 12 'and changes nothing'
hook_stop "$away"
jq -s 'map({key: .id, value: .body}) | from_entries' "$tmp/away.hooks" \
    >"$tmp/first"
: >"$tmp/away.hooks"
hook_start away --listen "127.0.0.1:$away_port"
run replay --state dead --since 1h --target 'webhook away' --limit 5
is "$status:$err" '0:awaitd: 5 deliveries are attempted again' \
    'so many are replayed as were asked for'
ok 'and arrive' wait_until 20 dead_are 7 --target 'webhook away'
api POST /v1/deliveries/replay -H 'Content-Type: application/json' \
    --data-binary '{"state":"dead","target":"webhook away","limit":100}'
is "$code $(jq -c . "$tmp/out")" '200 {"replayed":7}' \
    'the rest, asked of the API'
# shellcheck disable=SC2317 # by wait_until
all_came() {
	[ "$(listed --state delivered --target 'webhook away')" -eq 12 ]
}
ok 'arrives, too' wait_until 20 all_came
is "$(jq -rs 'length' "$tmp/away.hooks")" 12 'each once'
is "$(jq -s 'map({key: .id, value: .body}) | from_entries' \
    "$tmp/away.hooks" | jq -S . | sha256sum)" \
    "$(jq -S . "$tmp/first" | sha256sum)" 'under the same ids, the same bytes'
is "$(jq -rs '[.[].replay] | unique | join(" ")' "$tmp/away.hooks")" true \
    'marked as replays'
run replay --json --state dead --target 'webhook away'
is "$status $(cat "$tmp/out")" '0 {"replayed":0}' 'there is none left'

# --- nobody's name ---
slip() { # NAME STATUS HINT WORDS...: says that it is none, on one line
	slip_name=$1 slip_status=$2 slip_hint=$3
	shift 3
	run "$@" --target "$slip_name"
	is "$status:$(cat "$tmp/out"):$err" \
	    "$slip_status::awaitd: there is no target [$slip_name], and no \
delivery to one. $slip_hint" "$* to a target that nobody knows"
}
away_meant='Did you mean "webhook away"?'
slip 'webhook awya' 6 "$away_meant" replay
slip 'webhook awya' 6 "$away_meant" replay --state dead --dry-run --json
slip away 6 "$away_meant" replay --state dead
slip 'webhook awya' 0 "$away_meant" deliveries
slip 'webhook awya' 0 "$away_meant" deliveries --json --since 1h
slip 'webhook awya' 0 "$away_meant" attempts
slip 'exec nightly' 6 "'awaitd targets' lists what there is." replay
slip x 0 "'awaitd targets' lists what there is; a name has a blank, as in \
'webhook hook'." attempts
run deliveries --quiet --target 'webhook awya'
is "$status:$err" '0:' 'but not with --quiet'
run deliveries --state dead --target 'webhook away'
is "$status:$err" '0:awaitd: no such deliveries' 'of one that is known, none'
run attempts --outcome interrupted --target 'webhook away'
is "$status:$err" '0:awaitd: no such attempts' 'and no attempts'

# --- and given up again ---
run replay --state dead --target 'exec busy'
is "$status:$err" '0:awaitd: 1 delivery is attempted again' \
    'what fails again'
# shellcheck disable=SC2317 # by wait_until
told_again() {
	[ "$(grep -c "$busy_job" "$tmp/ops.hooks")" -eq 2 ]
}
ok 'is told anew' wait_until 20 told_again
serve_stop
is "$serve_status" 0 'the service ends well'

# --- under another name ---
sed -i 's/^dead_letter/deployment = other\n&/; s/^\[exec busy/[exec idle/' \
    "$tmp/serve.conf"
: >"$tmp/away.hooks"
serve_start
run replay --target 'webhook away' --limit 2
is "$status:$err" '0:awaitd: 2 deliveries are attempted again' \
    'what another deployment delivered can be replayed'
# shellcheck disable=SC2317 # by wait_until
two_came() {
	[ "$(jq -rs 'length' "$tmp/away.hooks")" -eq 2 ]
}
ok 'and arrives' wait_until 20 two_came
run replay --state waiting --target 'exec busy'
is "$status:$err" '0:awaitd: 0 deliveries are attempted again' \
    'a target that was removed is known by its deliveries'
serve_stop
is "$serve_status" 0 'and nobody ends of it'

# --- a target that is not there ---
sed -i 's/^dead_letter = .*/dead_letter = webhook obs/' "$tmp/serve.conf"
run check --config "$tmp/serve.conf"
like "$status:$err" '2:*dead_letter: there is no section*obs*webhook ops*' \
    'who is told must be configured'
done_testing
