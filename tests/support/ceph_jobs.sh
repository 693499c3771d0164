# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154
# Many jobs whose results lie in Ceph (ceph.sh, s3cases.sh): how results get
# there, and what the gateway counted.

# Where awaitd-local has its results, before local_start.
ceph_results() {
	printf %s "$AWS_SECRET_ACCESS_KEY" >"$tmp/owner.key"
	chmod 600 "$tmp/owner.key"
	secret_place "$tmp/local.conf" "$tmp/owner.key" "$tmp/raw"
	cat >>"$tmp/local.conf" <<-END
		[user owner]
		access_key = $AWS_ACCESS_KEY_ID
		secret_key_file = $tmp/owner.key
		[s3]
		endpoint = $ceph_url
		access_key = $AWS_ACCESS_KEY_ID
		secret_key_file = $tmp/owner.key
	END
}

# shellcheck disable=SC2317 # by wait_until
done_jobs() { # N
	[ "$(metric 'awaitd_jobs_done_total{outcome="ok"}')" -ge "$1" ]
}

asked() { # REGEX, from the method on: requests in the gateway's log
	cat "$ceph"/run/*.log | grep -cE "beast: .*\"$1" || :
}
