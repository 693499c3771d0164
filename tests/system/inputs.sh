#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The three ways of an input: inline, by way of S3, by reference.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
local_start
prefix=s3://bucket/inputs

under_prefix() { # how many objects lie there
	"$rawcall" GET '/bucket?list-type=2&prefix=inputs%2F' |
	    grep -o '<Key>' | wc -l
}

# --- up to 128,000 bytes: inline ---
bytes 128000 "$tmp/edge"
run invoke -e cat --input-prefix "$prefix" "$tmp/edge"
is "$status" 0 '128,000 bytes are accepted'
same "$tmp/out" "$tmp/edge" 'and arrive'
is "$(uploads)" 0 'nothing was uploaded'
is "$(under_prefix)" 0 'no object is under the prefix'
bytes 1 "$tmp/one"
run invoke -e cat "$tmp/one"
same "$tmp/out" "$tmp/one" 'one byte goes inline'
run invoke -e cat --set 'endpoint cat.inline=never' "$tmp/one"
is "$status" 2 'inline = never needs a prefix'
run invoke -e cat --set 'endpoint cat.inline=never' \
    --input-prefix "$prefix" "$tmp/one"
same "$tmp/out" "$tmp/one" 'with one, it is uploaded'
is "$(under_prefix)" 1 'to a key below it'

# --- more: S3 ---
bytes 128001 "$tmp/more"
run invoke -e cat --input-prefix "$prefix" "$tmp/more"
is "$status" 0 '128,001 bytes are accepted'
same "$tmp/out" "$tmp/more" 'and arrive'
is "$(under_prefix)" 2 'by way of an object under the prefix'
job=$(job_of "$err")
is "$("$awaitd" show --json "$job" | jq -r .request.input_location)" \
    "$prefix/$job" 'whose key is made of the job id'
run invoke -e cat --input-prefix "$prefix/" "$tmp/more"
job=$(job_of "$err")
is "$("$awaitd" show --json "$job" | jq -r .request.input_location)" \
    "$prefix/$job" 'a slash at the end of the prefix is not doubled'
: >"$tmp/empty"
run invoke -e cat --input-prefix "$prefix" "$tmp/empty"
is "$status" 0 'an empty input can be uploaded'
ok 'and comes back empty' test ! -s "$tmp/out"
bytes 20000000 "$tmp/large"
run invoke -e cat --input-prefix "$prefix" "$tmp/large"
same "$tmp/out" "$tmp/large" '20 MB arrive'

# --- a reference ---
before=$(uploads)
run invoke -e cat "$("$awaitd" show --json "$job" | jq -r .request.input_location)"
is "$status" 0 'an s3:// location is accepted'
same "$tmp/out" "$tmp/more" 'and read where it is'
is "$(uploads)" "$before" 'without an upload'
run invoke -e cat --input-location "$prefix/$job"
same "$tmp/out" "$tmp/more" '--input-location is the same'
run invoke -e cat s3://bucket/not/there
is "$status" 3 'a reference to nothing fails'
like "$err" '*failed*there is no object s3://bucket/not/there' 'and says why'

# --- standard input ---
"$awaitd" invoke -e cat - <"$tmp/edge" >"$tmp/out" 2>"$tmp/err"
same "$tmp/out" "$tmp/edge" 'small standard input goes inline'
head -c 20000000 "$tmp/large" |
    "$awaitd" invoke -e cat --input-prefix "$prefix" - >"$tmp/out" 2>"$tmp/err"
same "$tmp/out" "$tmp/large" 'large standard input arrives'
is "$(find "$AWAITD_STATE" -name '*.input' | wc -l)" 0 'its copy is gone'
"$awaitd" invoke -e cat - <"$tmp/more" >"$tmp/out" 2>"$tmp/err"
is "$?" 2 'large standard input needs a prefix'
is "$(find "$AWAITD_STATE" -name '*.input' | wc -l)" 0 'its copy is gone, too'
"$awaitd" invoke -e cat --input-prefix "s3://bucket/$(printf '%01000d' 0)" \
    - <"$tmp/more" >"$tmp/out" 2>"$tmp/err"
is "$?" 2 'a prefix that makes no possible key is refused'
is "$(find "$AWAITD_STATE" -name '*.input' | wc -l)" 0 'with no copy left'
"$awaitd" submit -e cat --input-prefix "$prefix" - "$tmp/absent" \
    <"$tmp/more" >"$tmp/out" 2>"$tmp/err"
is "$?" 2 'one bad input of several refuses all'
is "$(find "$AWAITD_STATE" -name '*.input' | wc -l)" 0 'with no copy left'

# --- several ---
before=$(accepted)
run submit -e cat --input-prefix "$prefix" "$tmp/one" "$tmp/more" "$prefix/$job"
is "$status" 0 'submit takes several inputs of every kind'
is "$(wc -l <"$tmp/out")" 3 'and prints an id for each'
is "$(accepted)" "$((before + 3))" 'after each was accepted'
i=0
while read -r job; do
	i=$((i + 1))
	"$awaitd" wait "$job" >"$tmp/result.$i" 2>>"$tmp/all.err"
done <"$tmp/out"
same "$tmp/result.1" "$tmp/one" 'the first result is of the first input'
same "$tmp/result.2" "$tmp/more" 'the second of the second'
same "$tmp/result.3" "$tmp/more" 'the third of the third'
is "$i:$(states)" 3:"$(find "$AWAITD_STATE" -name '*.db' | wc -l)" \
    'nothing but state files is left in the folder'

# --- names ---
cd "$tmp" || exit 1
cp one ./-dash
run invoke -e cat -- -dash
same "$tmp/out" "$tmp/one" 'a name that begins with a dash, behind --'
cp one 's3:name with blanks'
run invoke -e cat 's3:name with blanks'
same "$tmp/out" "$tmp/one" 'a name like a location, but none'
ln -s one link
run invoke -e cat link
same "$tmp/out" "$tmp/one" 'a symbolic link is followed'
mkfifo pipe
start fifo invoke -e cat pipe
ok 'a pipe without a writer does not block' wait_until 10 gone "$pid"
finish fifo "$pid"
is "$status" 2 'but is refused'
run invoke -e cat --filename same.txt one
cp out first
run invoke -e cat --filename same.txt edge
same "$tmp/out" "$tmp/edge" 'a Filename used twice gives no old result'
same "$tmp/first" "$tmp/one" 'nor a later one'
done_testing
