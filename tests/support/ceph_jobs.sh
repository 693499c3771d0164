# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154
# Many jobs whose results lie in Ceph (ceph.sh, s3cases.sh): how they get there,
# and what the service and the gateway counted.

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

submit() { # N ENDPOINT: one curl, many requests over kept connections
	awk -v n="$1" -v endpoint="$2" -v socket="$socket" 'BEGIN {
		for (i = 0; i < n; i++) {
			if (i)
				print "next"
			printf "url = \"http://awaitd/v1/jobs\"\n"
			printf "unix-socket = \"%s\"\n", socket
			print "request = POST"
			printf "header = \"Awaitd-Endpoint: %s\"\n", endpoint
			print "header = \"Content-Type: text/plain\""
			printf "data = \"job %d\"\n", i
			print "output = /dev/null"
			print "write-out = \"%{http_code}\\n\""
			print "silent"
		}
	}' >"$tmp/curl.conf"
	curl --no-progress-meter --parallel --parallel-max 32 \
	    -K "$tmp/curl.conf" >"$tmp/codes" 2>"$tmp/curl.err"
	is "$(sort "$tmp/codes" | uniq -c | tr -s ' ')" " $1 201" \
	    "$1 jobs are taken"
}

# What metric asks, of a service with [metrics].
where_metrics() {
	metrics_port=$(sed -n 's/.*metrics are at [^ ]*:\([0-9]*\)".*/\1/p' \
	    "$tmp/serve.err" | tail -n 1)
}

# shellcheck disable=SC2317 # by wait_until
done_jobs() { # N
	[ "$(metric 'awaitd_jobs_done_total{outcome="ok"}')" -ge "$1" ]
}

asked() { # REGEX, from the method on: requests in the gateway's log
	cat "$ceph"/run/*.log | grep -cE "beast: .*\"$1" || :
}
