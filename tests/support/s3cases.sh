# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154
# What every S3 must do for us, asked through src/aws/s3.h (s3probe), for the
# tests of real servers. Each check is a row of doc/interop.md, which cases_end
# compares with what happened. What a server lacks is a gap: a check by itself,
# which fails when the server no longer lacks it.

s3probe=$abs_top_builddir/tests/support/s3probe
bucket=bucket

# probe WORD...: s3probe; its line in $tmp/said.
probe() {
	status=0
	timeout -k 5 120 "$s3probe" "$@" >"$tmp/said" 2>"$tmp/err" || status=$?
	cat "$tmp/err" >>"$tmp/all.err"
}

# The same for lines of words in $tmp/words.
probe_lines() {
	probe <"$tmp/words"
}

said() { # MEMBER...: of the first line, with blanks between them
	for said_member; do
		jq -r ".$said_member" "$tmp/said" | head -n 1
	done | paste -sd' '
}

said_all() { # MEMBER: of every line
	jq -r ".$1" "$tmp/said" | paste -sd' '
}

# gap NAME WHY COMMAND...: what the server does instead is still so.
gap() {
	gap_name=$1
	gap_why=$2
	shift 2
	echo "$gap_name" >>"$tmp/gaps"
	if "$@"; then
		report 0 "$gap_name # a gap of the server: $gap_why"
	else
		report 1 "$gap_name # no gap any more: $gap_why" ||
		    diag "$(cat "$tmp/said")"
	fi
}

# refused CODE REMOTE HTTP: how the last one failed
refused() {
	[ "$(said ok code remote status)" = "false $*" ]
}

raw() { # STATUS ARGUMENT...: a request that needs nothing of ours
	raw_status=$1
	shift
	"$rawcall" "$@" >"$tmp/raw"
	[ "$(head -n 1 "$tmp/raw")" = "$raw_status" ] || {
		diag "$* $(cat "$tmp/raw")"
		return 1
	}
}

# --- verbs -------------------------------------------------------------------

cases_verbs() {
	bytes 100000 "$tmp/in"
	etag=$(md5sum <"$tmp/in" | cut -d' ' -f1)
	probe put "s3://$bucket/verbs" "$tmp/in" --type=application/x-own
	is "$(said ok)" true 'put'
	probe head "s3://$bucket/verbs"
	is "$(said ok size etag type)" "true 100000 \"$etag\" application/x-own" \
	    'head: the size, the ETag and the type that were put'
	probe get "s3://$bucket/verbs" "$tmp/got"
	same "$tmp/in" "$tmp/got" 'get: the same bytes'

	head -c 60000 "$tmp/in" >"$tmp/part"
	probe get "s3://$bucket/verbs" "$tmp/part" --range=60000 \
	    --if-match="\"$etag\""
	same "$tmp/in" "$tmp/part" 'get, resumed by Range under If-Match'
	is "$(said size)" 100000 'get, resumed: the size is the whole one'
	probe get "s3://$bucket/verbs" "$tmp/part" \
	    --if-match='"00000000000000000000000000000000"'
	is "$(said ok code remote)" 'false refused PreconditionFailed' \
	    'get, under If-Match of another version: refused'
	probe get "s3://$bucket/verbs" "$tmp/part" --range=60000 \
	    --if-match='"00000000000000000000000000000000"'
	is "$(said ok code remote)" 'false refused PreconditionFailed' \
	    'get, resumed under If-Match of another version: refused'

	probe delete "s3://$bucket/verbs"
	is "$(said ok)" true 'delete'
	probe delete "s3://$bucket/verbs"
	is "$(said ok)" true 'delete of what is not there'
	probe head "s3://$bucket/verbs"
	is "$(said ok code status)" 'false not-found 404' \
	    'head of what is not there'
	probe get "s3://$bucket/verbs" "$tmp/got"
	is "$(said ok code remote)" 'false not-found NoSuchKey' \
	    'get of what is not there'
	probe get s3://no-such-bucket-here/verbs "$tmp/got"
	is "$(said ok remote)" 'false NoSuchBucket' 'get from no bucket'

	: >"$tmp/empty"
	probe put "s3://$bucket/empty" "$tmp/empty"
	is "$(said ok)" true 'put of an empty object'
	bytes 10 "$tmp/got"
	probe get "s3://$bucket/empty" "$tmp/got"
	is "$(said ok size) $(wc -c <"$tmp/got")" 'true 0 0' \
	    'get of an empty object'
}

cases_absent() { # '', or WHY COMMAND...: of a server that does not know it
	probe delete "s3://$bucket/absent"
	probe put "s3://$bucket/absent" "$tmp/in" --if-absent
	is "$(said ok)" true 'put, if there is none: there is none'
	probe put "s3://$bucket/absent" "$tmp/in" --if-absent
	if [ -n "$1" ]; then
		gap 'put, if there is none: there is one' "$@"
	else
		is "$(said ok code)" 'false exists' \
		    'put, if there is none: there is one'
	fi
}

# --- keys --------------------------------------------------------------------

# The contents of each object are its key. "1024" stands for one of that length.
awkward_keys() {
	jq '.[-1] = ("\u00e9" * 400 + "x/" * 112)' \
	    "$abs_top_srcdir/tests/support/awkward_keys.json" >"$tmp/keys"
	mkdir -p "$tmp/of" "$tmp/got.of"
	jq -r '.[]' "$tmp/keys" |
	    awk -v to="$tmp/of/" '{ f = to NR - 1; print > f; close(f) }'
}

# awkward VERB [FOLDER]: with all of them
awkward() {
	jq -c --arg verb "$1" --arg to "s3://awkward/" --arg in "${2-}" \
	    'to_entries[] | [$verb, $to + .value] + (if $in == "" then []
	    else ["\($in)/\(.key)"] end)' "$tmp/keys" >"$tmp/words"
	probe_lines
}

# Those for which the filter, of a line of s3probe, is not true.
awkward_bad() { # FILTER
	jq -c "select($1 | not)" "$tmp/said"
}

cases_keys() {
	raw 200 PUT /awkward
	awkward_keys
	is "$(jq '.[-1] | utf8bytelength' "$tmp/keys")" 1024 'a key of 1,024 bytes'
	awkward put "$tmp/of"
	is "$(awkward_bad .ok)" '' 'put with every awkward key'
	awkward head
	is "$(awkward_bad '.ok and .size + 12 == (.uri | utf8bytelength)')" \
	    '' 'head with every awkward key'
	awkward get "$tmp/got.of"
	ok 'get with every awkward key: its own bytes' \
	    diff -r "$tmp/of" "$tmp/got.of"
	jq -c sort "$tmp/keys" >"$tmp/wanted"
	probe list s3://awkward
	jq -c '[.keys[].key]' "$tmp/said" >"$tmp/listed"
	same "$tmp/wanted" "$tmp/listed" 'list: the keys that were meant, in order'
	probe list s3://awkward --max-keys=2
	jq -c '[.keys[].key]' "$tmp/said" >"$tmp/listed"
	same "$tmp/wanted" "$tmp/listed" 'list, two a page: the same'
	is "$(said pages)" "$(jq '(length + 1) / 2 | floor' "$tmp/keys")" \
	    'list, two a page: as many pages as it takes'
	jq -c --arg from s3://awkward '.[] | ["list", $from,
	    "--start-after=" + .]' "$tmp/wanted" >"$tmp/words"
	probe_lines
	jq -c '[.keys[].key]' "$tmp/said" >"$tmp/listed"
	jq -c '. as $all | range(length) | $all[. + 1:]' "$tmp/wanted" >"$tmp/tails"
	same "$tmp/tails" "$tmp/listed" 'list, start-after every awkward key'
	jq -c --arg from s3://awkward '.[] | ["list", $from + "/" + .]' \
	    "$tmp/wanted" >"$tmp/words"
	probe_lines
	jq -c '[.keys[].key]' "$tmp/said" >"$tmp/listed"
	jq -c '. as $all | .[] as $p | [$all[] | select(startswith($p))]' \
	    "$tmp/wanted" >"$tmp/tails"
	same "$tmp/tails" "$tmp/listed" 'list, with every awkward key as the prefix'
	awkward delete
	is "$(awkward_bad .ok)" '' 'delete with every awkward key'
	probe list s3://awkward
	is "$(said ok 'keys | length')" 'true 0' 'list: all of them are gone'
}

# --- presigned ---------------------------------------------------------------

fetch_url() { # what curl, which signs nothing, gets for it: sets code
	code=$(curl -sS --path-as-is -o "$tmp/got" -w '%{http_code}' \
	    "$(said url)" 2>>"$tmp/all.err")
}

cases_presigned() {
	name='a key & more/+%2F/é'
	probe put "s3://$bucket/$name" "$tmp/in"
	probe presign "s3://$bucket/$name" --expires=60
	fetch_url
	is "$code" 200 'a presigned URL, fetched by curl'
	same "$tmp/in" "$tmp/got" 'a presigned URL: the same bytes'
	code=$(curl -sS --path-as-is -o "$tmp/got" -w '%{http_code}' \
	    "$(said url | sed 's/[0-7]$/8/; t; s/.$/0/')" 2>>"$tmp/all.err")
	is "$code" 403 'a presigned URL that was changed: refused'
	S3PROBE_CLOCK=-600 probe presign "s3://$bucket/$name" --expires=300
	fetch_url
	is "$code" 403 'a presigned URL whose time is over: refused'
}

# --- objects made in parts ---------------------------------------------------

upload_part() { # NUMBER FILE
	raw 200 PUT "/$bucket/parts?partNumber=$1&uploadId=$upload" "@$2" &&
	    printf '<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>' \
		"$1" "$(sed -n 's/^[Ee][Tt][Aa][Gg]: //p' "$tmp/raw" | tr -d '\r')" \
		>>"$tmp/parts"
}

cases_parts() {
	bytes 5242880 "$tmp/part1"
	bytes 1000 "$tmp/part2"
	cat "$tmp/part1" "$tmp/part2" >"$tmp/whole"
	raw 200 POST "/$bucket/parts?uploads="
	upload=$(sed -n 's/.*<UploadId>\(.*\)<.UploadId>.*/\1/p' "$tmp/raw")
	printf '<CompleteMultipartUpload>' >"$tmp/parts"
	upload_part 1 "$tmp/part1"
	upload_part 2 "$tmp/part2"
	printf '</CompleteMultipartUpload>' >>"$tmp/parts"
	raw 200 POST "/$bucket/parts?uploadId=$upload" "@$tmp/parts"
	probe head "s3://$bucket/parts"
	like "$(said etag size)" '"*-2" 5243880' \
	    'an object made in parts: its ETag ends in -2'
	etag=$(said etag)
	rm -f "$tmp/got"
	probe get "s3://$bucket/parts" "$tmp/got"
	same "$tmp/whole" "$tmp/got" 'an object made in parts: the same bytes'
	head -c 3000000 "$tmp/whole" >"$tmp/part"
	probe get "s3://$bucket/parts" "$tmp/part" --range=3000000 \
	    --if-match="$etag"
	same "$tmp/whole" "$tmp/part" 'an object made in parts, resumed'
	rm -f "$tmp/part1" "$tmp/part2" "$tmp/part" "$tmp/whole"
}

# --- size --------------------------------------------------------------------

cases_large() { # MIB
	# No block is like another, so that two in the wrong order show.
	seq 1000000000 2000000000 | head -c "${1}M" >"$tmp/large"
	probe put "s3://$bucket/large" "$tmp/large"
	is "$(said ok)" true 'put of a large object'
	rm -f "$tmp/got"
	probe get "s3://$bucket/large" "$tmp/got"
	same "$tmp/large" "$tmp/got" 'get of a large object: the same bytes'
	probe delete "s3://$bucket/large"
	rm -f "$tmp/large" "$tmp/got"
}

# --- clocks and keys ---------------------------------------------------------

cases_clock() {
	probe put "s3://$bucket/clock" "$tmp/in"
	for ahead in 3600 -3600 172800 -172800; do
		for verb in head put; do
			S3PROBE_CLOCK=$ahead probe "$verb" \
			    "s3://$bucket/clock" "$tmp/in"
			echo "$verb $ahead $(said ok remote)"
		done
	done >"$tmp/clocks"
	is "$(grep -v ' true null$' "$tmp/clocks")" '' \
	    'our clock an hour or two days off: corrected'
}

cases_refused() {
	AWS_SECRET_ACCESS_KEY=not-the-one probe get "s3://$bucket/clock" "$tmp/got"
	is "$(said ok code class remote)" 'false auth auth SignatureDoesNotMatch' \
	    'a wrong secret key: refused, and said to be that'
	like "$(said hint)" '?*' 'a wrong secret key: what to do'
	AWS_SECRET_ACCESS_KEY=not-the-one probe head "s3://$bucket/clock"
	is "$(said ok code status)" 'false auth 403' \
	    'a wrong secret key, and HEAD: refused'
	AWS_ACCESS_KEY_ID=AKIANOBODY probe get "s3://$bucket/clock" "$tmp/got"
	is "$(said ok code class)" 'false auth auth' 'an unknown access key: refused'
	like "$(said hint)" '?*' 'an unknown access key: what to do'
}

# --- regions -----------------------------------------------------------------

# One client: what it learns of a bucket holds.
cases_region() {
	jq -cn --arg u "s3://$bucket/clock" --arg f "$tmp/got" \
	    '(["get", $u, $f], ["head", $u], ["list", $u])' >"$tmp/words"
	AWS_REGION=eu-west-7 probe_lines
	is "$(said_all ok)" 'true true true' \
	    'another region than the bucket is in: followed'
}

# --- the end -----------------------------------------------------------------

# cases_end COLUMN: the column of doc/interop.md and what happened are the same.
cases_end() {
	awk -F ' *\\| *' -v column="$1" -v all="${INTEROP-}" '
	/^\| what \|/ { for (i = 2; i < NF; i++) if ($i == column) at = i }
	/\| `[a-z0-9_]*\.sh` \|$/ && $at != "-" && (all || $at !~ /long form/) {
		print ($at ~ /^gap/ ? "gap " : "pass ") $2
	}' "$abs_top_srcdir/doc/interop.md" | sort >"$tmp/table"
	: >>"$tmp/gaps"
	sed -n 's/^not ok //p; s/^ok //p' "$tmp/reports" | sed 's/ # .*//' |
	    sort -u | awk -v gaps="$tmp/gaps" '
	BEGIN { while ((getline line <gaps) > 0) gap[line] = 1 }
	{ print (gap[$0] ? "gap " : "pass ") $0 }' | sort >"$tmp/happened"
	diff "$tmp/table" "$tmp/happened" >"$tmp/differ"
	is "$(cat "$tmp/differ")" '' 'doc/interop.md says the same'
}
