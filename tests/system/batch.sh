#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# awaitd batch: every kind of input, names, the plan, resuming, caps, statuses,
# the summary and the line on a terminal; with a service and without.
# shellcheck disable=SC2317 # by wait_until
. "${abs_top_srcdir:?}/tests/system/lib.sh"

cat >"$tmp/picky.sh" <<'END'
input=$(cat)
case $input in
bad*)
	echo "CUDA out of memory at step $$$$" >&2
	exit 1
	;;
esac
printf '%s\n' "$input" | tr 'a-z' 'A-Z'
END
endpoint picky "sh \"$tmp/picky.sh\"" \
    'max_concurrent_invocations_per_instance = 8'
printf '[endpoint picky]\npoll_start = 50ms\npoll_max = 200ms\n' \
    >>"$HOME/.config/awaitd/awaitd.conf"
local_start
cd "$tmp" || exit 1

results() { # DIR JQ
	jq -r "$2" "$1/results.jsonl"
}
indexes() { # DIR: of its lines, in order
	results "$1" .index | sort -n | tr '\n' ' '
}

# --- every kind of input ---
mkdir -p in/sub/deep in/.hidden elsewhere
echo one >in/one
echo two >in/sub/two
echo three >in/sub/deep/three
echo no >in/.hidden/no
echo no >elsewhere/no
ln -s ../elsewhere in/link
echo four >'four and more'
run batch -e picky -O all in 'four and more'
is "$status" 0 'files and folders: all is well'
like "$err" '*1 hidden files*1 links to folders*4 of 4 ok in *' \
    'what was left out is said, and what came of the rest'
is "$(cat all/one.out all/sub/two.out all/sub/deep/three.out \
    'all/four and more.out' | tr '\n' ' ')" 'ONE TWO THREE FOUR ' \
    'each result has its name, below the folder given'
is "$(indexes all)" '0 1 2 3 ' 'each has its line'
is "$(results all 'select(.output == "sub/two.out") | [.input, .outcome, .size,
    .endpoint, (.sha256 | length), (.job | length)] | join(" ")')" \
    'in/sub/two ok 4 picky 64 26' 'which says what it is'
is "$(results all 'select(.output == "one.out") | .sha256')" \
    "$(sha256sum <all/one.out | cut -d ' ' -f 1)" 'and what bytes it has'
is "$(find all -name '*.part' | wc -l)" 0 'no half file is left'

printf 'in/one\0in/sub/two\0' >names0
run batch -e picky -O null -0 - <names0
is "$status:$(cat null/one.out null/two.out | tr '\n' ' ')" '0:ONE TWO ' \
    'names on standard input, with NUL between them'
printf '%s\n' in/one in/one in/sub >names1
run batch -e picky -O lines - <names1
is "$status:$(indexes lines)" '0:0 1 2 ' 'and by lines; what stands there twice is taken once'
like "$err" '*1 inputs named twice, taken once*' 'and that is said'

"$rawcall" PUT /bucket >"$tmp/answer"
"$rawcall" PUT /bucket/dir/far @in/one >"$tmp/answer"
run batch -e picky -O s3 s3://bucket/dir/far
is "$status:$(cat s3/bucket/dir/far.out)" 0:ONE 'a location, under bucket and key'

# --- a manifest ---
cat >m.jsonl <<'END'
{"input": "in/one", "name": "first.txt", "id": "a", "tags": ["x", "y"]}
{"body": "hello", "endpoint": "cat", "content_type": "text/plain", "id": "b"}
{"body": "again", "request_ttl_s": 600, "invocation_timeout_s": 60}
{"input": "s3://bucket/dir/far", "custom_attributes": "k=v", "accept": "a/b"}
END
run batch -e picky -O m --manifest m.jsonl --tag all
is "$status:$(indexes m)" '0:0 1 2 3 ' 'a manifest'
is "$(cat m/first.txt m/b.out m/line-3.out m/bucket/dir/far.out |
    tr '\n' ' ')" 'ONE helloAGAIN ONE ' 'with names of its own, and others'
is "$(results m 'select(.id == "a") | [.output, (.tags | join("+"))] |
    join(" ")')" 'first.txt all+x+y' 'its id and tags come back'
is "$(results m 'select(.id == "b") | .endpoint')" cat 'and its endpoint'
run show "$(results m 'select(.index == 2) | .job')" --json
is "$(jq -c '.request | [.request_ttl_s, .invocation_timeout_s]' "$tmp/out")" \
    '[600,60]' 'times of a line hold'
run batch -O m2 --manifest - -e picky <m.jsonl
is "$status" 0 'a manifest on standard input'

requests_before=$(accepted)
cat >wrong.jsonl <<'END'
{"input": "in/one", "id": "a"}
{"input": "in/one", "id": "a"}
{"inptu": "in/one"}
{"input": "in/nothing"}
{"body": "x", "name": "../up"}
{"body": "x", "name": "N"}
{"body": "x", "name": "n"}
{"body": "x", "request_ttl_s": "5"}
not json
{"body": "x", "endpoint": "no such/name"}
END
run batch -e picky -O wrong --manifest wrong.jsonl
is "$status" 2 'a wrong manifest is a usage error'
for words in 'line 2: the id "a" stands there before' \
    'line 3: "inptu" is no member of a line. Did you mean "input"' \
    'line 4: input *in/nothing: No such file' \
    'line 5: "../up" is no name for a file in the output folder' \
    'line 7: the name "n" is another' \
    'line 8: "request_ttl_s" must be a whole number' 'line 9: '; do
	like "$err" "*manifest, $words*" "it says: $words"
done
like "$err" '*inputs are wrong. Nothing was sent.' 'how many there are'
is "$(test -e wrong && echo there)" '' 'and leaves nothing behind'
printf '{"body": "x", "endpoint": "no such/name"}\n' >wrong.jsonl
run batch -e picky -O wrong --manifest wrong.jsonl
is "$status" 2 'so is an endpoint that cannot be one'
like "$err" '*line 1: *EndpointName*' 'and that is said'
i=0
while [ $i -lt 30 ]; do
	echo '{}'
	i=$((i + 1))
done >wrong.jsonl
run batch -e picky -O wrong --manifest wrong.jsonl
is "$(grep -c '^awaitd: manifest, line' "$tmp/err")" 20 \
    'of thirty errors twenty are told'
like "$err" '*30 inputs are wrong, of which the first 20 are told*' \
    'and that there are more'

# --- what cannot be meant ---
run batch -e picky in
is "$status" 2 'no output folder'
like "$err" '*Give -O DIR.' 'it says what to give'
run batch -e picky -O none
is "$status:$(test -e none && echo there)" 2: 'no input: nothing is made'
like "$err" '*Name files, folders, s3:// locations*' 'and it is said'
run batch -e picky -O none in/nothing in/sub/nothing
is "$status" 2 'inputs that are not there'
like "$err" '*in/nothing*in/sub/nothing*2 inputs are wrong*' 'are all told'
run batch -O none in
is "$status" 2 'no endpoint'
like "$err" '*Give -e *' 'it says which option'
run batch -e picky -O in in
is "$status" 2 'the output folder is no input'
run batch -e picky -O none --filename x in
is "$status" 2 '--filename is for one input'
run batch -e picky -O none --manifest m.jsonl in
is "$status" 2 'a manifest and inputs exclude each other'
run batch -e picky -O none --max-in-flight 100000 in
is "$status" 2 'so many in flight are too many'
run batch -e picky -O none --deliver in
is "$status" 2 'nobody could deliver without a service'
mkdir taken
echo mine >taken/one.out
run batch -e picky -O taken in
is "$status:$(cat taken/one.out)" 2:mine 'what lies there already stays'
like "$err" '*taken/one.out is there already*another folder*' 'and is named'
head -c 200000 /dev/zero >large
run batch -e picky -O none large
is "$status" 2 'an input that cannot travel is found before all'
like "$err" '*input large: *--input-prefix*' 'with what to do'
is "$(accepted)" "$requests_before" 'and nothing was sent by all that'
run batch -e cat -O large.out --input-prefix s3://bucket/in large
is "$status" 0 'with a place to upload it to it travels'
same large large.out/large.out 'and comes back'

# --- names ---
mkdir -p a b 'c/x.out'
for dir in a b; do
	echo $dir >$dir/same
done
echo upper >a/SAME
echo file >a/x
echo below >c/x.out/y
run batch -e picky -O names a/same b/same a/SAME a/x c
is "$status:$(indexes names)" '0:0 1 2 3 4 ' 'names that would meet'
is "$(cd names && find . -name '*.out' -type f | sort | tr '\n' ' ')" \
    './SAME~3.out ./same.out ./same~2.out ./x.out ./x.out~2/y.out ' \
    'get a number, whatever the case, and be it a folder'

# --- going on ---
requests_before=$(accepted)
run batch -e picky -O all in 'four and more'
is "$status" 0 'the same command once more'
like "$err" '*resuming: 4 of 4 done*4 of 4 ok*' 'has nothing to do'
run batch -O all
is "$status" 0 'nor has the folder alone'
is "$(accepted)" "$requests_before" 'and nothing was sent'
echo five >five
run batch -O all five
is "$status:$(cat all/five.out)" 0:FIVE 'a further input is added behind'
is "$(results all 'select(.index == 4) | .input')" five 'with the next index'
is "$(accepted)" $((requests_before + 1)) 'and is the one that is sent'
run batch -e cat -O all
is "$status" 2 'another endpoint is refused'
like "$err" '*was begun with --endpoint picky. Leave the option out*' \
    'with what to do'
run batch -e picky -t text/plain -O all
is "$status" 2 'so is an option that was not given'
(
	flock 9
	run batch -O all
	[ "$status" -eq 1 ] && echo "$err"
) 9>>all/.awaitd-batch/lock >"$tmp/locked"
like "$(cat "$tmp/locked")" '*another batch works in *' \
    'two batches do not work in one folder'

# --- interrupted ---
rm -f go began
mkdir many
i=0
while [ $i -lt 40 ]; do
	echo "word $i" >many/$i
	i=$((i + 1))
done
start int batch -e slow -O int --max-in-flight 12 many
wait_until 30 has began . 8
noted() { # N
	[ "$(wc -l <int/.awaitd-batch/journal.jsonl)" -ge "$1" ]
}
wait_until 30 noted 12
wait_until 30 has_accepted $((requests_before + 1 + 12))
is "$(wc -l <int/.awaitd-batch/journal.jsonl)" 12 \
    'no more are in flight than may be'
is "$(accepted)" $((requests_before + 13)) 'as awaitd-local sees it, too'
kill -INT "$pid"
finish int "$pid"
is "$status" 130 'SIGINT is 130'
like "$err" '*interrupted. Run the same command again to go on*' \
    'and says how to go on'
: >go
run batch -O int
is "$status" 0 'what was interrupted goes on'
like "$err" '*resuming: 0 of 40 done*40 of 40 ok*' 'to its end'
is "$(accepted)" $((requests_before + 1 + 40)) 'and nothing was sent twice'
is "$(cat int/*.out | sort -k 2 -n | tail -n 1)" 'word 39' 'with its results'
rm -f go
start late batch -e slow -O late --timeout 1s many/1 many/2
finish late "$pid"
is "$status" 4 'a time-out is 4'
: >go
run batch -O late
is "$status" 0 'and the batch goes on later'

# --- half-written files ---
head -c 20 all/results.jsonl >half
cp all/results.jsonl whole
printf '{"index":3,"inp' >>all/results.jsonl
printf '{"index":3' >>all/.awaitd-batch/journal.jsonl
printf '{"index":5,"input":"x' >>all/.awaitd-batch/plan.jsonl
run batch -O all
is "$status" 0 'torn last lines are cut off'
same whole all/results.jsonl 'and nothing else changes'
sed -i '$d' all/results.jsonl
rm all/five.out
run batch -O all
same whole all/results.jsonl 'a line that is missing is written anew'
is "$(cat all/five.out)" FIVE 'with its file'
rm all/results.jsonl
run batch -O all
is "$status:$(indexes all)" '0:0 1 2 3 4 ' 'so is the whole file'
is "$(accepted)" $((requests_before + 43)) 'from the jobs that there are'
sed -i '2s/^/x/' all/results.jsonl
run batch -O all
is "$status" 1 'a line that somebody changed'
like "$err" '*results.jsonl, line 2: it is not what was written. Move *' \
    'is named, with what to do'
cp whole all/results.jsonl

# --- an input that takes minutes to read ---
truncate -s 200G huge
start huge batch -e picky -O big --input-prefix s3://bucket/in huge many/1
small_done() {
	has big/results.jsonl '"index":1' 1
}
ok 'others go on while a large input is read' wait_until 20 small_done
kill -INT "$pid"
finish huge "$pid"
is "$status" 130 'and a signal ends that, too'
is "$(jq -c .index big/.awaitd-batch/journal.jsonl)" 1 \
    'nothing is noted of what was not read'
rm huge

# --- failures ---
mkdir mixed
echo good >mixed/good
echo bad 1 >mixed/bad1
echo bad 2 >mixed/bad2
run batch -e picky -O mixed.out --max-in-flight 1 mixed
is "$status" 3 'a failure is 3'
like "$err" '*1 of 3 ok in *, 2 not:*2 failed (model): *CUDA out of memory*awaitd show *--retry-failed*' \
    'the summary tells them by reason, and what to do'
is "$(results mixed.out 'select(.outcome == "failed") | .error_code' | uniq)" \
    model 'each has its line'
run batch -O mixed.out --json
is "$status:$(jq -r '[.inputs, .ok, .not_ok, .open, .status,
    (.reasons | length), .reasons[0].n, .reasons[0].outcome] |
    map(tostring) | join(" ")' "$tmp/out")" '3:3 1 2 0 3 1 2 failed' \
    'so does the object that --json writes'
cat >"$tmp/picky.sh" <<'END'
tr 'a-z' 'A-Z'
END
run batch -O mixed.out --retry-failed
is "$status" 0 'what failed is asked once more'
is "$(indexes mixed.out)" '0 1 2 ' 'and has one line each'
is "$(cat mixed.out/*.out | tr '\n' ' ')" 'BAD 1 BAD 2 GOOD ' \
    'and its result'
rm mixed/good
run batch -e picky -O gone mixed
rm -rf gone
run batch -e picky -O gone mixed --quiet
is "$status:$err" 0: '--quiet says nothing where all is well'

# --- jobs that nobody has any more ---
rm -f go
sent=$(($(accepted) + 2))
start lost batch -e slow -O lost many/1 many/2
wait_until 30 has_accepted "$sent"
kill -KILL "$pid"
finish lost "$pid"
: >go
rm -f "$(jq -r 'select(.state != null).state' lost/.awaitd-batch/plan.jsonl)"*
run batch -O lost
is "$status" 1 'where the state file is gone'
like "$err" '*2 lost: the state file */0*.db is gone*--resend-lost*' \
    'it is said, with what to do'
is "$(accepted)" "$sent" 'and nothing is sent silently'
run batch -O lost
is "$status:$(accepted)" "1:$sent" 'nor the next time'
run batch -O lost --resend-lost
is "$status:$(cat lost/1.out)" '0:word 1' 'but where somebody says so'

# --- a disk that fails ---
# badio sits before the journal alone.
cat >"$tmp/badly" <<END
#!/bin/sh
exec env ASAN_OPTIONS="verify_asan_link_order=0:\$ASAN_OPTIONS" \\
    LD_PRELOAD="$abs_top_builddir/tests/support/badio.so" \\
    BADIO_NAME=l.jsonl BADIO_CONTROL="$tmp/bad.now" "$awaitd" "\$@"
END
chmod +x "$tmp/badly"
well=$awaitd
: >go
sent=$(accepted)
echo torn every 9 ENOSPC >bad.now
awaitd=$tmp/badly
run batch -e picky -O full --max-in-flight 8 many
is "$status" 1 'a journal that cannot be written to ends it'
like "$err" '*No space left on device*goes on with the batch*' 'with its reason'
awaitd=$well
run batch -O full
is "$status:$(accepted)" "0:$((sent + 40))" \
    'no half line keeps it from going on, and nothing is sent twice'
# The third fsync is of the first second: no later one would tell.
echo sync every 3 EIO >bad.now
rm -f go
awaitd=$tmp/badly
start unsynced batch -e slow -O unsynced many/1 many/2
awaitd=$well
finish unsynced "$pid"
: >go
is "$status" 1 'so does one that cannot be made durable'
like "$err" '*fsync*Input/output error*goes on with the batch*' \
    'which is told, though the next would go well'
run batch -O unsynced
is "$status:$(cat unsynced/*.out | tr '\n' ' ')" '0:word 1 word 2 ' \
    'and it goes on'

# --- what somebody else puts into the folder ---
mkdir linked.in linked.in/sub outside
echo inner >linked.in/sub/x
rm -f go
start linked batch -e slow -O linked linked.in
wait_until 30 has linked/.awaitd-batch/journal.jsonl . 1
kill -KILL "$pid"
finish linked "$pid"
: >go
ln -s ../outside linked/sub
run batch -O linked
is "$status:$(ls outside)" 1: 'no result leaves the folder by a link'
is "$(cat linked/results.jsonl)" '' 'and none has a line without its file'
rm linked/sub
run batch -O linked
is "$status:$(cat linked/sub/x.out)" 0:inner 'without the link it goes on'

# --- the rate ---
began_ms=$(date +%s%3N)
run batch -e picky -O rate --rate 10 many/1 many/2 many/3 many/4 many/5 \
    many/6 many/7 many/8 many/9 many/10 many/11
took=$(($(date +%s%3N) - began_ms))
ok 'ten a second take a second for eleven' test "$took" -ge 1000

# --- a terminal ---
rm -f go
tty_size() { # COLUMNS COMMAND
	script -qefc "stty cols $1 rows 24; export TERM=${tty_term:-xterm}; $2" \
	    /dev/null </dev/null
}
( wait_until 30 has tty.raw ' in flight' && : >go ) &
go_pid=$!
tty_size 44 "$awaitd batch -e slow -O tty many/1 many/2 many/3" >tty.raw 2>&1
wait "$go_pid"
tr '\r' '\n' <tty.raw | sed 's/\x1b\[[KJ]//g' >tty.lines
like "$(cat tty.lines)" '*0 of 3 done, 3 in flight*' 'a terminal has a line'
is "$(grep ' done' tty.lines | awk 'length > 43' | wc -l)" 0 \
    'that fits into it'
like "$(cat tty.lines)" '*3 of 3 ok in *' 'and the end'
rm -f go
( wait_until 30 has tty.log ' in flight' && : >go ) &
go_pid=$!
tty_size 90 "$awaitd batch -e slow -O tty2 --log-level info many/1 many/2" \
    >tty.log 2>&1
wait "$go_pid"
ok 'the log writes there, too' grep -q ' engine: job=.*outcome=ok' tty.log
is "$(tr '\r' '\n' <tty.log | grep -c ' done.* engine: ')" 0 \
    'and the line makes way for it'

rm -f go
( wait_until 30 has tty.dumb 'job=.*to=pending' && : >go ) &
go_pid=$!
tty_term=dumb
tty_size 90 "$awaitd batch -e slow -O tty3 --log-level info many/1" \
    >tty.dumb 2>&1
tty_term=
wait "$go_pid"
is "$(tr -dc '\033' <tty.dumb | wc -c)" 0 'a terminal that can only print'
rm -f go
( wait_until 30 has tty.one 'job 0' && : >go ) &
go_pid=$!
tty_size 30 "$awaitd invoke -e slow --log-level info many/1" >tty.one 2>&1
wait "$go_pid"
tr '\r' '\n' <tty.one | sed 's/\x1b\[[KJ]//g' >tty.lines
like "$(cat tty.lines)" '*job 0*' 'one job has a line, too'
is "$(grep '^job ' tty.lines | awk 'length > 29' | wc -l)" 0 'that fits'
is "$(grep -c '^job .* engine: ' tty.lines)" 0 'and makes way for the log'

# --- with a service ---
cat >serve.conf <<END
[endpoint picky]
poll_start = 50ms
poll_max = 200ms
[endpoint cat]
poll_start = 50ms
poll_max = 200ms
[endpoint slow]
poll_start = 50ms
poll_max = 200ms
END
serve_start
sent=$(accepted)
cp m.jsonl m3.jsonl
run batch -e picky -O s.m --manifest m3.jsonl --tag all
is "$status:$(indexes s.m)" '0:0 1 2 3 ' 'a service takes a manifest'
is "$(cat s.m/first.txt s.m/b.out s.m/line-3.out s.m/bucket/dir/far.out |
    tr '\n' ' ')" 'ONE helloAGAINONE ' 'and gives the same results'
is "$(results s.m 'select(.id == "a") | (.tags | join("+"))')" all+x+y \
    'tags go with them'
is "$(find "$AWAITD_STATE" -newer serve.conf -name '0*.db' | wc -l)" 0 \
    'there is no state file of its own'
rm -f go began
start s batch -e slow -O s.int --max-in-flight 6 many
# Of what was not answered yet nobody would know whether it was taken.
wait_until 30 has serve.err 'to=pending' 10
kill -KILL "$pid"
finish s "$pid"
serve_kill
serve_start
: >go
run batch -O s.int
is "$status" 0 'killed, with the service, it goes on'
is "$(accepted)" $((sent + 4 + 40)) 'and nothing was sent twice'
run batch -O s.int --server none
is "$status" 2 'its jobs are with the service'
like "$err" '*are with the service at unix:*' 'and nowhere else'
run batch -O all --server "$socket"
is "$status" 2 'and those of a state file are there'
serve_stop
run batch -O s.int
is "$status" 1 'a service that is not there'
like "$err" "*start 'awaitd serve', and run the same command again." \
    'is to be started'

done_testing
