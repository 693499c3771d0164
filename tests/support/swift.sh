# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154
# OpenStack Swift with its S3 API, whole and small: one proxy and one server
# each for accounts, containers and objects, on a loopback address of its own.
# It looks at signatures more strictly than others: the region is part of it.
# All of it lies in $tmp/swift, and ends with swift_stop, which clean_up calls
# on every path. One path in it is fixed, /etc/swift: the servers see a folder
# of ours there, each in a mount namespace of its own, which takes root.
#
#	. "${abs_top_srcdir:?}/tests/system/lib.sh"
#	. "${abs_top_srcdir:?}/tests/support/swift.sh"
#	swift_missing && skip_all "$swift_missing"
#	swift_start
#
# Its users: the tester, whose keys are set in the environment, and a reader
# without rights (swift_as reader).
#
# Settings after "proxy-server.conf" and "Swift S3 API" of Swift's manual.

swift=$tmp/swift
swift_pids=

# Succeeds where something is missing: $swift_missing says what.
swift_missing() {
	swift_missing=
	for program in swift-proxy-server swift-account-server \
	    swift-container-server swift-object-server unshare; do
		command -v "$program" >"$tmp/which" ||
		    swift_missing="no $program (contrib/install-packages servers)"
	done
	[ "$(id -u)" -eq 0 ] ||
	    swift_missing='Swift wants /etc/swift, and that takes root'
	[ -d /etc/swift ] || swift_missing='no /etc/swift'
	[ -n "$swift_missing" ]
}

# One ring each: 16 partitions, one replica, one device.
swift_rings() {
	/usr/bin/python3 - "$swift/etc" "$swift_host" <<-'END'
		import sys
		from swift.common.ring import RingBuilder
		etc, host = sys.argv[1:]
		for i, name in enumerate(('object', 'container', 'account')):
		    b = RingBuilder(4, 1, 0)
		    b.add_dev(dict(id=0, region=1, zone=1, weight=1, ip=host,
		        port=6200 + i, device='d1', replication_ip=host,
		        replication_port=6200 + i, meta=''))
		    b.rebalance()
		    b.get_ring().save('%s/%s.ring.gz' % (etc, name))
	END
}

swift_common() { # PORT
	cat <<-END
		[DEFAULT]
		bind_ip = $swift_host
		bind_port = $1
		workers = 0
		user = $(id -un)
		swift_dir = /etc/swift
		devices = $swift/srv
		mount_check = false
		log_level = WARNING
	END
}

swift_server_conf() { # NAME PORT
	swift_common "$2"
	cat <<-END
		[pipeline:main]
		pipeline = healthcheck $1-server
		[filter:healthcheck]
		use = egg:swift#healthcheck
		[app:$1-server]
		use = egg:swift#$1
	END
}

swift_proxy_conf() {
	swift_common 8080
	echo '[pipeline:main]'
	echo 'pipeline = catch_errors healthcheck cache listing_formats bulk' \
	    's3api tempauth copy slo versioned_writes symlink proxy-server'
	for filter in catch_errors healthcheck listing_formats bulk copy slo \
	    symlink; do
		printf '[filter:%s]\nuse = egg:swift#%s\n' "$filter" "$filter"
	done
	cat <<-END
		[app:proxy-server]
		use = egg:swift#proxy
		account_autocreate = true
		[filter:cache]
		use = egg:swift#memcache
		memcache_servers = $swift_host:1
		[filter:s3api]
		use = egg:swift#s3api
		location = us-east-1
		storage_domain = localhost
		[filter:tempauth]
		use = egg:swift#tempauth
		user_test_tester = $(swift_secret tester) .admin
		user_test_reader = $(swift_secret reader)
		[filter:versioned_writes]
		use = egg:swift#versioned_writes
		allow_object_versioning = true
	END
}

swift_secret() {
	echo "secret-of-swift-$1/+="
}

swift_as() { # tester | reader
	export AWS_ACCESS_KEY_ID="test:$1"
	AWS_SECRET_ACCESS_KEY=$(swift_secret "$1")
	export AWS_SECRET_ACCESS_KEY
	unset AWS_SESSION_TOKEN
}

# shellcheck disable=SC2016 # for the shell in the namespace
swift_run() { # NAME: in the background, as a process of ours
	unshare -m sh -c 'mount --bind "$1" /etc/swift && shift && exec "$@"' \
	    sh "$swift/etc" "swift-$1-server" "$swift/etc/$1.conf" \
	    >>"$swift/run/$1.out" 2>&1 &
	swift_pids="$! $swift_pids"
	eval "swift_$1_pid=$!"
}

swift_up() { # PORT
	wait_until 60 curl -sf -o "$swift/run/health" \
	    "http://$swift_host:$1/healthcheck"
}

swift_start() {
	swift_host=$(od -An -N3 -tu1 /dev/urandom |
	    awk '{ printf "127.%d.%d.%d\n", $1 % 253 + 1, $2, $3 % 253 + 1 }')
	swift_url=http://$swift_host:8080
	mkdir -p "$swift/etc" "$swift/srv/d1" "$swift/run"
	secret_place "$swift"
	printf '[swift-hash]\nswift_hash_path_suffix = a\nswift_hash_path_prefix = b\n' \
	    >"$swift/etc/swift.conf"
	swift_rings
	port=6200
	for name in object container account; do
		swift_server_conf "$name" "$port" >"$swift/etc/$name.conf"
		swift_run "$name"
		port=$((port + 1))
	done
	swift_proxy_conf >"$swift/etc/proxy.conf"
	# A proxy that meets a server which is not there yet leaves it alone
	# for a minute.
	if ! swift_up 6200 || ! swift_up 6201 || ! swift_up 6202 ||
	    ! swift_run proxy || ! swift_up 8080; then
		echo 'Bail out! Swift does not start'
		diag "$(tail -n 5 "$swift"/run/*.out)"
		exit 1
	fi
	port=
	swift_as tester
	export AWS_ENDPOINT_URL="$swift_url" AWS_REGION=us-east-1
}

swift_stop() {
	# shellcheck disable=SC2086 # a list
	kill_ours $swift_pids
	swift_pids=
}

swift_clean_up() {
	swift_stop
	clean_up
}
trap swift_clean_up EXIT
