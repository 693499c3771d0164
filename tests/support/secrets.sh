# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# The search for secrets, which ends every system test (lib.sh): of what a test
# says is one, nothing that a program wrote may hold a trace, be it as it is, in
# base64, in hex or percent-encoded.
#
#	secret VALUE...         nobody may write these
#	secret_place PATH...    and these files and folders are where they belong

# Those that every program has in its environment, and none has a use for.
export AWS_CONTAINER_AUTHORIZATION_TOKEN=planted/container+token=0123456789

secret() {
	for secret_value; do
		# Less is no secret, and found everywhere.
		[ "${#secret_value}" -lt 8 ] ||
		    printf '%s\n' "$secret_value" >>"$tmp/secret.values"
	done
}

secret_place() {
	printf '%s\n' "$@" >>"$tmp/secret.places"
}

# The text in base64, as it is within any other: behind 0, 1 or 2 bytes, and
# without the ends, which depend on what stands beside.
secret_base64() { # VALUE
	for secret_before in 0: 1:A 2:AA; do
		printf '%s%s' "${secret_before#*:}" "$1" | base64 -w 0 |
		    awk -v drop="${secret_before%%:*}" '{
			sub(/.=+$/, "")
			print substr($0, drop > 0 ? drop + 2 : 1, length($0) - 4)
		    }'
	done
}

secret_forms() {
	sort -u "$tmp/secret.values" | while IFS= read -r secret_value; do
		printf '%s\n' "$secret_value"
		secret_base64 "$secret_value"
		printf %s "$secret_value" | od -An -v -tx1 | tr -d ' \n' |
		    awk '{
			print
			print toupper($0)
			text = ""
			for (i = 1; i < length($0); i += 2)
				text = text byte(substr($0, i, 2))
			print text
			print tolower(text)
		    }
		    function byte(hex,    n) {
			n = index("0123456789abcdef", substr(hex, 1, 1)) * 16 + \
			    index("0123456789abcdef", substr(hex, 2)) - 17
			if (n > 126 || sprintf("%c", n) !~ /[A-Za-z0-9._~-]/)
				return "%" toupper(hex)
			return sprintf("%c", n)
		    }'
	done | awk 'length($0) >= 8' | sort -u
}

# The files that hold one, but for where they belong.
secret_found() {
	secret_forms >"$tmp/secret.forms"
	find "$tmp" -type f -size -131072k ! -name 'secret.*' -print0 |
	    LC_ALL=C xargs -0 -r grep -laF -f "$tmp/secret.forms" -- |
	    sort -u >"$tmp/secret.hits"
	# A URL that is signed is a key to what it names.
	find "$tmp" -type f \( -name '*.err' -o -name '*.log' \) -print0 |
	    LC_ALL=C xargs -0 -r grep -laE \
		'X-Amz-Signature=[0-9a-f]{64}|Signature=[0-9a-f]{64}' -- \
		>>"$tmp/secret.hits"
	: >>"$tmp/secret.places"
	sort -u "$tmp/secret.hits" | awk -v places="$tmp/secret.places" '
	BEGIN { while ((getline place <places) > 0) belongs[place "/"] = 1 }
	{
		for (place in belongs)
			if (index($0 "/", place) == 1)
				next
		print
	}'
}

# What done_testing asks; the names of the files go to the report.
secret_check() {
	secret "${AWS_SECRET_ACCESS_KEY-}" "${AWS_SESSION_TOKEN-}"
	secret_list=$(secret_found)
	[ -n "${CHECK_SECRETS-}" ] &&
	    printf '%s files=%d secrets=%d hits=%d\n' "${0##*/}" \
		"$(find "$tmp" -type f | wc -l)" \
		"$(sort -u "$tmp/secret.values" | wc -l)" \
		"$(printf '%s' "$secret_list" | grep -c .)" >>"$CHECK_SECRETS"
	if [ -z "$secret_list" ]; then
		report 0 'no secret was written anywhere'
	else
		report 1 'no secret was written anywhere' ||
		    diag "$(printf '%s\n' "$secret_list" | while read -r file; do
			printf '%s: %s\n' "$file" "$(LC_ALL=C grep -aoF \
			    -f "$tmp/secret.forms" "$file" | head -n 1)"
		    done)"
	fi
}
