#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The commands as clients of a running service: what they say and write is the
# same, whoever does the work.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
endpoint large "sh \"$models/large.sh\" 100000000"
endpoint held "sh \"$models/slow.sh\" \"$tmp/never\" \"$tmp/held\""
local_start

token=correct-horse-battery-staple
(umask 077 && echo "$token" >"$tmp/token" && echo wrong-wrong-wrong-wrong >"$tmp/wrong")
secret "$token" wrong-wrong-wrong-wrong
secret_place "$tmp/token" "$tmp/wrong"
cat >"$tmp/note.sh" <<'END'
# What a target would do with a result.
cat >/dev/null
echo "$AWAITD_JOB" >>"$1"
END
serve_conf() { # LISTEN
	cat >"$tmp/serve.conf" <<END
[api]
listen = $1
token_file = $tmp/token
[exec note]
command = sh "$tmp/note.sh" "$tmp/noted"
END
	for name in cat words slow nothing; do
		printf '[endpoint %s]\npoll_start = 50ms\npoll_max = 200ms\n' "$name"
		printf 'input_prefix = s3://bucket/in\ndeliver = exec note\n'
	done >>"$tmp/serve.conf"
}
serve_log=debug
serve_conf "unix:$socket"

# Credentials are what only the service needs.
alone() { # COMMAND...: without what AWS wants
	env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY -u AWS_REGION \
	    AWS_ENDPOINT_URL=http://127.0.0.1:1 "$@"
}
run_alone() {
	status=0
	alone timeout -k 5 90 "$awaitd" "$@" >"$tmp/out" 2>"$tmp/err" ||
	    status=$?
	cat "$tmp/err" >>"$tmp/all.err"
	err=$(cat "$tmp/err")
}

# Until it is the program itself, it is a shell that catches SIGINT as well,
# and loses it.
# shellcheck disable=SC2317 # by wait_until
catches() { # PID: awaitd catches SIGINT
	case $(sed -n 's/^Name:.//p; s/^SigCgt:.*\(.\)$/\1/p' \
	    "/proc/$1/status" | tr '\n' ' ') in
	'awaitd '[2367abef]' ') ;;
	*) return 1 ;;
	esac
}

# Wait until one more client was told of a job. Who is answered behind it (the
# show) knows that the answer has left.
# told LOG SERVER JOB TIMES
told() {
	wait_until 20 has "$1" "method=GET path=/v1/jobs/$3 status=200" "$4"
	"$awaitd" show --server "$2" "$3" >"$tmp/out"
}
asked() { # LOG JOB: how often the service was asked for it
	count "$1" "method=GET path=/v1/jobs/$2 status=200"
}

# shellcheck disable=SC2317 # by wait_until
carried() { # JOB: a command has its file
	grep -q "FLOCK .*:$(stat -c %i "$AWAITD_STATE/$1.db") " /proc/locks
}

# --- no service ---
echo small >"$tmp/small"
run invoke -e cat "$tmp/small"
is "$status" 0 'without a service a command works by itself'
own=$(job_of "$err")
run list --server "$socket"
is "$status" 1 'a service that is named must be there'
like "$err" "awaitd: no service answers at unix:$socket (*). Start *--server none." \
    'and the remedy is told'
AWAITD_SERVER=$socket run list
is "$status" 1 'AWAITD_SERVER names one, too'
AWAITD_SERVER=$socket run list --server none
is "$status" 0 '--server none comes first'
run list --server http://127.0.0.1:1
is "$status" 1 'nobody at an address of HTTP'
for address in awaitd.sock https://localhost http://x/y; do
	run list --server "$address"
	is "$status" 2 "$address is no address"
done
for what in deliveries 'replay msg_01jd2k3m4n5p6q7r8s9t0v1w2x'; do
	# shellcheck disable=SC2086
	run $what
	is "$status" 1 "${what%% *} needs a service"
	like "$err" "awaitd: *needs a running service. Start 'awaitd serve'*" \
	    'and says so'
done
run invoke --deliver -e cat "$tmp/small"
is "$status" 2 'so does --deliver'
like "$err" '*a delivery needs a running service*' 'and says so'

# --- what a command did before there was a service ---
serve_start
hint="'awaitd list --server none'"
if command -v script >"$tmp/which"; then
	script -qec "'$awaitd' list" /dev/null </dev/null >"$tmp/typed"
	ok 'on a terminal it is said where its jobs are' has "$tmp/typed" "$hint"
else
	skip 'on a terminal it is said where its jobs are' 'there is no script'
fi
run list
is "$(count "$tmp/err" "$hint")" 0 'and elsewhere it is not'

# --- a service that died ---
serve_kill
ok 'a service that was killed leaves its socket' test -S "$socket"
run invoke -e cat "$tmp/small"
is "$status" 0 'which is like no service'
run list --server "$socket"
is "$status" 1 'but not where it is named'
run list
like "$err" "*A service has jobs there*start 'awaitd serve'." \
    'its jobs are not silently left out'
run show 01jd2k3m4n5p6q7r8s9t0v1w2x
like "$status:$err" '6:*no job 01jd2k3m4n5p6q7r8s9t0v1w2x*A service has jobs*' \
    'nor where one is asked for'

# --- a service that does not come back ---
cat >"$tmp/other.conf" <<END
[api]
listen = unix:$tmp/other
END
AWAITD_STATE=$tmp/state2 start other serve --config "$tmp/other.conf" \
    --log-level debug
other=$pid
wait_until 30 has "$tmp/other.err" 'msg="?ready'
lost=$("$awaitd" submit --server "$tmp/other" -e held "$tmp/small")
before=$(asked "$tmp/other.err" "$lost")
AWAITD_STATE=$tmp/state2 start orphan wait --server "$tmp/other" "$lost"
orphan=$pid
told "$tmp/other.err" "$tmp/other" "$lost" $((before + 1))
kill -KILL "$other"
finish other "$other"

# --- the same bytes ---
serve_start
before=$(states)
bytes 100000 "$tmp/binary"
printf '\000\n\r\n\000\377' >>"$tmp/binary"
bytes 128001 "$tmp/medium"
run_alone invoke -e cat "$tmp/binary"
is "$status" 0 'invoke asks the service'
same "$tmp/out" "$tmp/binary" 'and writes the very bytes'
like "$err" "awaitd: job * ok: *" 'and one line for people'
run_alone invoke -e cat "$tmp/medium"
same "$tmp/out" "$tmp/medium" '128,001 bytes, which the service uploads'
run_alone invoke -e nothing "$tmp/small"
is "$status:$(wc -c <"$tmp/out")" 0:0 'a result may be empty'
alone "$awaitd" invoke -e cat - <"$tmp/medium" >"$tmp/out" 2>"$tmp/err"
same "$tmp/out" "$tmp/medium" 'standard input'
alone "$awaitd" invoke -e cat -o "$tmp/file" - <"$tmp/binary" 2>"$tmp/err"
same "$tmp/file" "$tmp/binary" 'from a stream to a file'
run_alone invoke -e cat -o "$tmp/file" "$tmp/small"
same "$tmp/file" "$tmp/small" 'which is replaced'
run_alone invoke -e nothing -o "$tmp/file" "$tmp/small"
is "$(wc -c <"$tmp/file")" 0 'also by nothing'
is "$(states)" "$before" 'no state file of a run is made'
is "$(find "$tmp" -name '*.part' | wc -l)" 0 'no half file is left'
is "$(cat "$tmp/noted" 2>/dev/null)" '' 'and no target hears of it'

run_alone invoke -e cat --deliver "$tmp/small"
is "$status" 0 '--deliver'
delivered=$(job_of "$err")
ok 'has the targets hear of it' wait_until 20 has "$tmp/noted" "$delivered"

run_alone invoke --json -e cat "$tmp/small"
is "$(jq -r '.state + .outcome' "$tmp/out")" doneok '--json tells of the job'
run_alone invoke -e words "$tmp/small"
is "$status" 3 'a model that fails is exit status 3'
like "$err" "awaitd: job * failed (model): first line of woe*" \
    'with its own words'
bad=$(job_of "$err")

# --- what was asked for ---
run_alone invoke -e cat -t text/plain -a text/html --custom-attributes 'a=b' \
    --inference-id mine --filename mine.out --extension here \
    --request-ttl 2m --invocation-timeout 90s "$tmp/small"
is "$status" 0 'every parameter'
run_alone show --json "$(job_of "$err")"
is "$(jq -c '.request | [.content_type, .accept, .custom_attributes,
    .filename, .output_path_extension, .request_ttl_s,
    .invocation_timeout_s]' "$tmp/out")" \
    '["text/plain","text/html","a=b","mine.out","here",120,90]' \
    'reaches the service'
is "$(jq -r '.submissions[0].inference_id' "$tmp/out")" mine 'each'
run_alone submit -e cat --request-ttl 3m --accept x/y s3://bucket/in/none
where=$(cat "$tmp/out")
run_alone show --json "$where"
is "$(jq -c '.request | [.input_location, .request_ttl_s, .accept]' "$tmp/out")" \
    '["s3://bucket/in/none",180,"x/y"]' 'a location is passed on'
run_alone submit -e cat --input-location s3://bucket/in/none
is "$status" 0 'as --input-location is'

# --- refused, and nothing handed in ---
jobs=$(jobs_listed)
refused() { # NAME PATTERN ARGUMENT...
	refused_name=$1
	refused_text=$2
	shift 2
	run_alone "$@"
	is "$status" 2 "$refused_name is exit status 2"
	# shellcheck disable=SC2254
	like "$err" "awaitd: $refused_text" 'with the reason'
}
refused 'a wrong name' '*EndpointName*' invoke -e 'no/name' "$tmp/small"
refused 'no input' 'no input was given*' invoke -e cat
refused 'an absent file' 'input *No such file*' invoke -e cat "$tmp/absent"
refused 'one of two absent' 'input *No such file*' \
    submit -e cat "$tmp/small" "$tmp/absent"
refused 'a folder' '*is a folder*' invoke -e cat "$tmp"
refused 'too large with no prefix' '*128000*' invoke -e large "$tmp/medium"
refused 'a short time' '*request_ttl*' invoke -e cat --request-ttl 1s "$tmp/small"
refused 'a line end' '*' invoke -e cat --custom-attributes 'a
b: c' "$tmp/small"
for flag in '--poll-interval 1s' '--max-attempts 3' '--input-prefix s3://b/p' \
    '--output-path s3://b/p' '--region eu-central-1' '--profile work'; do
	# shellcheck disable=SC2086
	refused "${flag%% *}" "${flag%% *} is *--server none." \
	    invoke -e cat $flag "$tmp/small"
done
refused 'a key of an endpoint' '--set of an endpoint is *' \
    invoke -e cat --set 'endpoint cat.poll_max=1s' "$tmp/small"
for flag in '--poll-interval 1s' '--max-attempts 3'; do
	# shellcheck disable=SC2086
	refused "wait ${flag%% *}" "${flag%% *} is *" wait $flag "$bad"
done
is "$(jobs_listed)" "$jobs" 'the service heard of none of them'

jobs_tagged() { # TAG
	"$awaitd" list --tag "$1" --json | jq -r .job
}

# --- submit, list, show, wait, result ---
run_alone submit -e cat "$tmp/binary" "$tmp/medium"
is "$status" 0 'submit'
one=$(sed -n 1p "$tmp/out")
two=$(sed -n 2p "$tmp/out")
is "$(wc -l <"$tmp/out")" 2 'prints an id for each'
run_alone wait "$one" "$two"
is "$status" 0 'wait for both'
is "$(count "$tmp/err" ' ok: ')" 2 'tells of both'
run_alone wait "$one"
same "$tmp/out" "$tmp/binary" 'wait for one writes its bytes'
run_alone result "$two"
same "$tmp/out" "$tmp/medium" 'result writes them again'
run_alone result -o "$tmp/file" "$one"
same "$tmp/file" "$tmp/binary" 'to a file, too'
run_alone wait "$one" "$bad"
is "$status" 3 'of several the worst'
run_alone list
is "$(count "$tmp/out" "^$one  done *ok *cat ")" 1 'list has them'
run_alone list --json
is "$(jq -r .job "$tmp/out" | sort | tail -n 2 | paste -sd' ')" "$one $two" \
    'in JSON as well'
is "$(jq -r .job "$tmp/out" | sort -c && echo sorted)" sorted 'oldest first'
run_alone submit -e cat --tag 'batch:7+a' --tag nightly "$tmp/small"
tagged=$(cat "$tmp/out")
run_alone submit -e cat --tag 'a b' "$tmp/small"
is "$status" 2 'what is no tag is refused'
like "$err" '*--tag: "a b" is no tag*' 'and named'
run_alone wait "$tagged"
run_alone list --tag 'batch:7+a' --json
is "$(jq -r '.job + " " + (.tags | join(" "))' "$tmp/out")" \
    "$tagged batch:7+a nightly" 'a tag finds its job'
run_alone list --tag batch:7
is "$status:$(cat "$tmp/out")" 0: 'a part of it none'
like "$err" '*no such jobs at*' 'which is said'
run_alone list --newest --limit 2 --json
is "$(jq -r .job "$tmp/out" | paste -sd' ')" "$tagged $two" \
    'the newest two'
run_alone list --endpoint words --outcome failed --error WOE --since 1h --json
is "$(jq -r .job "$tmp/out" | grep -cx "$bad")" 1 'an error finds its job'
run_alone list --until 1h --json
is "$status:$(cat "$tmp/out")" 0: 'there was none an hour ago'
for flag in '--state gone' '--outcome none-such' '--tag a,b' '--since soon' \
    '--since 1h --until 2h'; do
	# shellcheck disable=SC2086
	run_alone list $flag
	is "$status" 2 "list $flag is refused"
done
run_alone submit -e words --tag redo "$tmp/small" "$tmp/small"
cp "$tmp/out" "$tmp/redo"
# shellcheck disable=SC2046
run_alone wait $(cat "$tmp/redo")
run_alone retry --tag redo --dry-run
is "$status:$(cat "$tmp/out")" 0: 'a dry run of retry makes no job'
like "$err" '*2 jobs would be asked for again*' 'and counts'
run_alone retry --tag redo --limit 1
is "$status:$(grep -c . "$tmp/out")" 0:1 'retry takes as many as are wanted'
run_alone wait "$(cat "$tmp/out")"
run_alone retry --tag redo --outcome failed
is "$status:$(grep -c . "$tmp/out")" 0:2 'the rest, and the retry that failed'
head -n 1 "$tmp/out" >"$tmp/again"
like "$err" '*2 jobs are asked for again*' 'which is said'
# shellcheck disable=SC2046
run_alone wait $(jobs_tagged redo)
run_alone retry --tag redo --until 1h --json
is "$(cat "$tmp/out")" '{"retried":0}' 'nothing matches, in JSON'
run_alone show --json "$(cat "$tmp/again")"
is "$(jq -r '.retry_of, .tags[0]' "$tmp/out" | paste -sd' ')" \
    "$(sed -n 2p "$tmp/redo") redo" 'a retry has the tags, and its origin'
run_alone retry --tag redo "$one"
is "$status" 2 'names and filters exclude each other'
run_alone retry --limit 3
is "$status" 2 'without a filter nothing is retried'
run_alone submit --timeout 0 -e held --tag hold "$tmp/small" "$tmp/small"
run_alone cancel --tag hold --dry-run
like "$err" '*2 jobs would be given up*' 'a dry run of cancel counts'
run_alone cancel --tag hold
is "$status" 0 'cancel takes filters'
like "$err" '*2 jobs are given up*' 'and says how many it was'
run_alone list --tag hold --json
is "$(jq -r .outcome "$tmp/out" | paste -sd' ')" 'cancelled cancelled' \
    'they are cancelled'
run_alone cancel --tag hold
like "$err" '*0 jobs are given up*' 'once'
run_alone show "$tagged"
like "$(cat "$tmp/out")" '*tags *batch:7+a,nightly*' 'show tells of tags'
run_alone show "$one"
like "$(cat "$tmp/out")" "job *$one*endpoint *cat*submission 1*" 'show'
run_alone show "$bad"
like "$(cat "$tmp/out")" '*error code *model*error *first line of woe*' \
    'tells of failures'
for job in "$one" "$two" "$delivered"; do
	ok 'submit and --deliver reach the target' \
	    wait_until 20 has "$tmp/noted" "$job"
done
run_alone submit -e cat "$tmp/small" "$tmp/small"
cp "$tmp/out" "$tmp/ids"
while read -r job; do
	run_alone result "$job"
	ok 'a result that is not there yet is exit status 4' \
	    test "$status" -eq 4 -o "$status" -eq 0
done <"$tmp/ids"

# --- more than a page, more than can be asked at once ---
i=0
while [ "$i" -lt 110 ]; do
	echo "$tmp/small"
	i=$((i + 1))
done >"$tmp/many"
# shellcheck disable=SC2046
run_alone submit -e cat $(cat "$tmp/many")
is "$status:$(sort -u "$tmp/out" | wc -l)" 0:110 '110 at once'
cp "$tmp/out" "$tmp/ids"
# shellcheck disable=SC2046
run_alone wait $(cat "$tmp/ids")
is "$status:$(count "$tmp/err" ' ok: ')" 0:110 'are waited for'
run_alone list --json
is "$(jq -r .job "$tmp/out" | sort -u | grep -cFf "$tmp/ids")" 110 \
    'and listed, each once'
is "$(jq -r .job "$tmp/out" | sort | uniq -d | wc -l)" 0 'none twice'
pages=$(count "$tmp/serve.err" 'method=GET path=/v1/jobs ')
run_unread list --json
is "$status:$err" '1:awaitd: write to stdout: Broken pipe' \
    'a list that nobody reads is an error, told once'
is "$(count "$tmp/serve.err" 'method=GET path=/v1/jobs ')" $((pages + 1)) \
    'and nothing more is asked for'

# --- jobs of state files ---
run show "$own"
is "$status" 0 'a job of a run is shown'
run result "$own"
same "$tmp/out" "$tmp/small" 'its result is read'
run wait "$own" "$one"
is "$status" 0 'it is waited for beside one of the service'
run list
is "$(count "$tmp/out" "$own")" 0 'but it is not the service'"'"'s'
run show 01jd2k3m4n5p6q7r8s9t0v1w2x
is "$status" 6 'a job that nobody knows is exit status 6'
like "$err" "*there is no job 01jd2k3m4n5p6q7r8s9t0v1w2x in $AWAITD_STATE, nor at unix:$socket*" \
    'and both places are named'
run show ../x
is "$status" 2 'what is no id is not asked for'

# --- patience ---
rm -f "$tmp/go"
start slow invoke -e slow "$tmp/medium"
slow=$pid
wait_until 20 has "$tmp/began" .
run_alone invoke --timeout 300ms -e slow "$tmp/small"
is "$status" 4 'a time-out is exit status 4'
late=$(job_of "$err")
like "$err" "awaitd: not ready in time. The job goes on: 'awaitd wait $late' takes it up." \
    'and the job goes on'
run_alone invoke --timeout 0 -e slow "$tmp/small"
is "$status" 4 '--timeout 0 looks once'
run_alone wait --timeout 0 "$late"
is "$status" 4 'so does wait'
run_alone wait --any "$late" "$one"
is "$status" 0 '--any ends with the first'
run_alone result "$late"
is "$status" 4 'what is not done has no result'
like "$err" "*'awaitd wait $late' waits for it." 'and the remedy is told'
for signal in INT:130 TERM:143; do
	before=$(asked "$tmp/serve.err" "$late")
	start sig wait "$late"
	told "$tmp/serve.err" "$socket" "$late" $((before + 1))
	kill "-${signal%:*}" "$pid"
	finish sig "$pid"
	is "$status" "${signal#*:}" "SIG${signal%:*} is exit status ${signal#*:}"
	like "$err" "awaitd: interrupted. The job goes on: *" 'and says so'
done

# --- a service that says nothing ---
kill -STOP "$serve_pid"
start hung submit -e cat "$tmp/small" "$tmp/small"
wait_until 20 catches "$pid"
kill -INT "$pid"
finish hung "$pid"
is "$status" 130 'who hands in can be interrupted'
like "$err" "awaitd: interrupted. 'awaitd list' tells whether it has the job." \
    'and is told what is not known'
kill -CONT "$serve_pid"

# --- the service goes and comes back while somebody waits ---
before=$(asked "$tmp/serve.err" "$late")
start named wait --server "$socket" "$late"
named=$pid
told "$tmp/serve.err" "$socket" "$late" $((before + 1))
serve_kill
wait_until 20 has "$tmp/slow.err" 'waiting for it'
ok 'a client that is not heard says so' has "$tmp/slow.err" 'waiting for it'
run list --server "$socket"
is "$status" 1 'meanwhile there is nobody else'
serve_start
: >"$tmp/go"
finish slow "$slow"
is "$status" 0 'a wait outlives the service'
same "$tmp/slow.out" "$tmp/medium" 'and ends with the result'
finish named "$named"
same "$tmp/named.out" "$tmp/small" 'so does another'
serve_stop
is "$serve_status" 0 'the service ends well'
serve_start

# --- cancel, retry ---
rm -f "$tmp/go"
run_alone submit -e slow "$tmp/small" "$tmp/small"
first=$(sed -n 1p "$tmp/out")
second=$(sed -n 2p "$tmp/out")
run_alone retry "$first"
is "$status" 1 'what is under way cannot be asked again'
run_alone cancel "$first" "$second"
is "$status" 0 'cancel'
like "$err" "*job $first is cancelled*job $second is cancelled" 'tells of each'
run_alone cancel "$first"
is "$status" 0 'what is cancelled may be cancelled'
run_alone wait "$first"
is "$status" 5 'and is exit status 5'
run_alone cancel "$one" "$first"
is "$status" 1 'what is done cannot be cancelled'
like "$err" "awaitd: job $one*ended before*" 'and that is told of the one'
: >"$tmp/go"
run_alone retry "$first" "$bad"
is "$status" 0 'retry'
is "$(wc -l <"$tmp/out")" 2 'prints a new id for each'
again=$(sed -n 1p "$tmp/out")
run_alone wait "$again"
same "$tmp/out" "$tmp/small" 'whose result is right'
run_alone show "$again"
like "$(cat "$tmp/out")" "*retry of *$first*" 'and which knows the old one'
run_alone retry "$one" "$first"
is "$status:$(wc -l <"$tmp/out")" 1:1 'of what is ok only the other is asked again'
like "$err" "awaitd: job $one: *" 'and that is told'
for what in cancel retry; do
	run_alone "$what" 01jd2k3m4n5p6q7r8s9t0v1w2x
	is "$status" 6 "$what of an unknown job is exit status 6"
	run_alone "$what" nonsense
	is "$status" 2 "$what of nonsense is exit status 2"
	run_alone "$what"
	is "$status" 2 "$what of nothing is exit status 2"
done

# --- the same without a service ---
rm -f "$tmp/go"
run submit --server none -e slow "$tmp/small"
mine=$(cat "$tmp/out")
start mine wait --server none "$mine"
carrier=$pid
wait_until 20 carried "$mine"
run cancel --server none "$mine"
is "$status" 1 'a job that another command carries cannot be cancelled'
like "$err" "awaitd: job $mine is carried by another command. Stop *" \
    'and the remedy is told'
kill -TERM "$carrier"
finish mine "$carrier"
run cancel --server none "$mine"
is "$status" 0 'when that one is stopped, it can'
run show --server none "$mine"
like "$(cat "$tmp/out")" '*state *done*outcome *cancelled*' 'and is cancelled'
run cancel "$mine"
is "$status" 0 'with a service, too'
run cancel --server none "$own"
is "$status" 1 'what is done cannot be cancelled'
: >"$tmp/go"
run retry --server none "$mine"
is "$status" 0 'retry'
again=$(cat "$tmp/out")
run wait --server none "$again"
same "$tmp/out" "$tmp/small" 'asks for the same'
run show --server none --json "$again"
is "$(jq -r .retry_of "$tmp/out")" "$mine" 'and knows the old one'
run retry --server none "$own"
is "$status" 1 'what is ok is not asked again'
rm -f "$tmp/go"
run submit --server none -e slow "$tmp/small" "$tmp/small"
first=$(sed -n 1p "$tmp/out")
second=$(sed -n 2p "$tmp/out")
before=$(requests)
run cancel --server none "$first"
is "$(requests)" "$before" 'to cancel, nobody is asked'
run show --server none --json "$second"
is "$(jq -r .state "$tmp/out")" pending 'a neighbour in the file goes on'
: >"$tmp/go"
run wait --server none "$second"
same "$tmp/out" "$tmp/small" 'to its end'

# --- deliveries ---
run_alone deliveries --json --job "$delivered"
is "$(jq -r '.target + " " + .state' "$tmp/out")" 'exec note delivered' \
    'deliveries of one job'
delivery=$(jq -r .delivery "$tmp/out")
run_alone deliveries --state delivered --target 'exec note'
like "$(cat "$tmp/out")" "DELIVERY *JOB *$delivery  $delivered  exec note *delivered *1 *" \
    'as a table'
run_alone deliveries --state waiting --target 'exec other'
is "$status:$(cat "$tmp/out")" 0: 'of nothing it is empty'
run_alone deliveries --state lost
is "$status" 2 'there is no such state'
run_alone deliveries "$delivery"
like "$(cat "$tmp/out")" "delivery *$delivery*attempt 1*outcome *" 'one with its attempts'
run_alone show "$delivered"
like "$(cat "$tmp/out")" "*delivery $delivery*target *exec note*" \
    'which its job shows, too'
run_alone replay "$delivery"
is "$status" 0 'replay'
ok 'attempts it again' wait_until 20 has "$tmp/noted" "$delivered" 2
for what in deliveries replay; do
	run_alone "$what" msg_01jd2k3m4n5p6q7r8s9t0v1w2x
	is "$status" 6 "$what of an unknown one is exit status 6"
	like "$err" '*msg_01jd2k3m4n5p6q7r8s9t0v1w2x*no delivery*' 'and names it'
	run_alone "$what" "$delivered"
	is "$status" 2 "$what of a job is exit status 2"
done

# --- over TCP ---
serve_stop
serve_conf "unix:$socket, 127.0.0.1:0"
serve_start
tcp=$(sed -n 's/.*the API is at \(127[^ "]*\).*/\1/p' "$tmp/serve.err")
run_alone list --server "http://$tcp"
is "$status" 1 'no token'
like "$err" '*--token-file*' 'and the remedy is told'
run_alone list --server "http://$tcp" --token-file "$tmp/wrong"
is "$status" 1 'a wrong token'
run_alone list --server "http://$tcp" --token-file "$tmp/absent"
is "$status" 2 'no such file of a token'
run_alone invoke --server "http://$tcp" --token-file "$tmp/token" -e cat \
    "$tmp/medium"
is "$status" 0 'the right one'
same "$tmp/out" "$tmp/medium" 'and the bytes come over TCP'
AWAITD_SERVER=http://$tcp AWAITD_TOKEN_FILE=$tmp/token run_alone list
is "$status" 0 'both from the environment'
run_alone list --server "$AWS_ENDPOINT_URL"
is "$status" 1 'another server is no service'
like "$err" '*not as awaitd does*' 'and is told from one'

# --- another user ---
if [ "$(id -u)" -eq 0 ] && setpriv --reuid 65534 --clear-groups true 2>/dev/null; then
	serve_stop
	shared=$(mktemp -d /tmp/awaitd-XXXXXX)
	chmod 755 "$shared"
	as_nobody() {
		status=0
		(cd / && HOME=/ AWAITD_STATE=$shared/none setpriv --reuid 65534 \
		    --regid 65534 --clear-groups "$shared/awaitd" "$@") \
		    >"$tmp/out" 2>"$tmp/err" || status=$?
		err=$(cat "$tmp/err")
	}
	cp "$awaitd" "$shared/awaitd"
	serve_conf "unix:$shared/socket"
	serve_start
	as_nobody list --server "$shared/socket"
	is "$status" 1 'the socket of another user'
	like "$err" '*is not for us*users*' 'and the remedy is told'
	serve_stop
	sed -i 's/^listen/users = 65534\n&/' "$tmp/serve.conf"
	serve_start
	as_nobody list --server "$shared/socket"
	is "$status" 0 'who is named by users may use it'
	as_nobody show --server "$shared/socket" 01jd2k3m4n5p6q7r8s9t0v1w2x
	like "$status:$err" "6:*no job 01jd2k3m4n5p6q7r8s9t0v1w2x at unix:*" \
	    'and needs no folder for state files to hear that a job is not there'
	serve_stop
	sed -i 's/^users.*/users = daemon/' "$tmp/serve.conf"
	serve_start
	as_nobody list --server "$shared/socket"
	is "$status" 1 'who is not may not'
	like "$err" '*user 65534 may not*users*' 'and the remedy is told'
	serve_stop
	rm -rf "$shared"
	serve_conf "unix:$socket"
	serve_start
else
	skip 'the socket of another user' 'needs root'
fi

# --- memory ---
run_alone submit -e large "$tmp/small"
large=$(cat "$tmp/out")
sh "$models/large.sh" 100000000 >"$tmp/large"
mkfifo "$tmp/fifo"
peak() { # PID
	sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$1/status"
}
start mem invoke -e cat -o "$tmp/fifo" "$tmp/large"
exec 9<"$tmp/fifo"
head -c 99000000 <&9 >"$tmp/head"
client_peak=$(peak "$pid")
cat <&9 >>"$tmp/head"
exec 9<&-
finish mem "$pid"
is "$status" 0 '100 MB go to the service and come back'
same "$tmp/head" "$tmp/large" 'as they were'
rm -f "$tmp/head"
alone "$awaitd" invoke -e cat - <"$tmp/large" >"$tmp/file" 2>"$tmp/err"
same "$tmp/file" "$tmp/large" 'from standard input, too'
run_alone wait -o "$tmp/file" "$large"
same "$tmp/file" "$tmp/large" 'a result of 100 MB'
if sanitized; then
	skip '64 MB of memory' 'AddressSanitizer needs more'
else
	ok "the client needs less than 64 MB (${client_peak:-?} kB)" \
	    test "${client_peak:-99999}" -le 65536
	service_peak=$(peak "$serve_pid")
	ok "so does the service (${service_peak:-?} kB)" \
	    test "${service_peak:-99999}" -le 65536
fi
# --- the service that did not come back ---
finish orphan "$orphan"
is "$status" 1 'patience ends'
like "$err" "*awaitd: no service answers at unix:$tmp/other *'awaitd wait --server unix:$tmp/other $lost' asks for it." \
    'and the job is said to go on'
serve_stop
is "$serve_status" 0 'the service ends well'
done_testing
