# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154
# Ceph's S3 gateway, whole and small: one monitor, one object store in memory,
# one gateway, on a loopback address of its own, so that its ports are free and
# several trees can test at once. All of it lies in $tmp/ceph, and what was
# started ends with ceph_stop, which clean_up calls on every path.
#
#	. "${abs_top_srcdir:?}/tests/system/lib.sh"
#	. "${abs_top_srcdir:?}/tests/support/ceph.sh"
#	ceph_missing && skip_all "$ceph_missing"
#	ceph_start
#
# Its users: the owner, whose keys are set in the environment; a reader, who
# may do nothing until a policy says so (ceph_as reader); and the role
# "worker", which the owner may assume (STS).
#
# Settings after "Ceph Object Gateway Config Reference" and "STS in Ceph".

ceph=$tmp/ceph
ceph_pids=

# Succeeds where something is missing: $ceph_missing says what.
ceph_missing() {
	ceph_missing=
	for program in ceph ceph-mon ceph-osd radosgw radosgw-admin; do
		command -v "$program" >/dev/null ||
		    ceph_missing="no $program (contrib/install-packages servers)"
	done
	[ -n "$ceph_missing" ]
}

# 127.x.y.z: nobody else's, by chance of one in millions.
loopback_address() {
	od -An -N3 -tu1 /dev/urandom |
	    awk '{ printf "127.%d.%d.%d\n", $1 % 253 + 1, $2, $3 % 253 + 1 }'
}

ceph_conf() {
	cat <<END
[global]
fsid = $ceph_id
mon_initial_members = a
mon_host = [v2:$ceph_host:3300,v1:$ceph_host:6789]
public_network = 127.0.0.0/8
cluster_network = 127.0.0.0/8
public_addr = $ceph_host
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
ms_mon_client_mode = crc
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
mon_allow_pool_size_one = true
osd_crush_chooseleaf_type = 0
run_dir = $ceph/run
admin_socket = $ceph/run/\$name.asok
pid_file = $ceph/run/\$name.pid
log_file = $ceph/run/\$name.log
log_to_stderr = false
mon_cluster_log_file = $ceph/run/cluster.log
[mon]
mon_data = $ceph/mon
mon_data_avail_crit = 0
mon_data_avail_warn = 0
paxos_propose_interval = 0.02
paxos_min_wait = 0.01
mon_osd_initial_require_min_compat_client = luminous
mon_warn_on_insecure_global_id_reclaim_allowed = false
[osd]
osd_data = $ceph/osd
osd_objectstore = memstore
memstore_device_bytes = 2147483648
osd_class_dir = $(dirname "$(find /usr/lib -name libcls_rgw.so | head -n 1)")
[client]
rgw_frontends = beast endpoint=$ceph_host:7480
rgw_dns_name = localhost
rgw_run_sync_thread = false
rgw_enable_usage_log = false
rgw_s3_auth_use_sts = true
rgw_s3_auth_order = local, sts
rgw_sts_key = $ceph_sts_key
END
}

# ceph_run NAME COMMAND...: in the background, not as a daemon, so that it is
# ours to end.
ceph_run() {
	ceph_name=$1
	shift
	"$@" -f -c "$ceph/ceph.conf" >>"$ceph/run/$ceph_name.out" 2>&1 &
	ceph_pids="$! $ceph_pids"
	eval "ceph_${ceph_name}_pid=$!"
}

# shellcheck disable=SC2317 # by wait_until
ceph_ready() {
	curl -sf -o /dev/null "$ceph_url/" || gone "$ceph_gateway_pid"
}

ceph_admin() {
	radosgw-admin -c "$ceph/ceph.conf" "$@" >>"$ceph/run/admin.out" 2>&1
}

ceph_user() { # NAME ACCESS-KEY SECRET-KEY
	ceph_admin user create --uid="$1" --display-name="$1" \
	    --access-key="$2" --secret-key="$3"
}

ceph_as() { # owner | reader
	export AWS_ACCESS_KEY_ID="AKIACEPH$1"
	export AWS_SECRET_ACCESS_KEY="secret-of-ceph-$1/+=%"
	unset AWS_SESSION_TOKEN
}

# Each waits by itself for the one before.
ceph_daemons() {
	monmaptool --create --fsid "$ceph_id" --addv a \
	    "[v2:$ceph_host:3300,v1:$ceph_host:6789]" "$ceph/monmap" \
	    >"$ceph/run/monmap.out" &&
	    ceph-mon -c "$ceph/ceph.conf" -i a --mkfs --monmap "$ceph/monmap" &&
	    ceph_run mon ceph-mon -i a &&
	    ceph -c "$ceph/ceph.conf" osd create >"$ceph/run/create.out" &&
	    ceph-osd -c "$ceph/ceph.conf" -i 0 --mkfs 2>"$ceph/run/mkfs.out" &&
	    ceph_run osd ceph-osd -i 0 &&
	    ceph_run gateway radosgw -n client.rgw &&
	    wait_until 60 ceph_ready
}

ceph_start() {
	ceph_id=$(cat /proc/sys/kernel/random/uuid)
	ceph_host=$(loopback_address)
	ceph_url=http://$ceph_host:7480
	ceph_sts_key=$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
	mkdir -p "$ceph/mon" "$ceph/osd" "$ceph/run"
	ceph_conf >"$ceph/ceph.conf"
	secret_place "$ceph"
	export CEPH_CONF="$ceph/ceph.conf"
	if ! ceph_daemons || gone "$ceph_gateway_pid"; then
		echo 'Bail out! Ceph does not start'
		diag "$(tail -n 5 "$ceph"/run/*.log "$ceph"/run/*.out)"
		exit 1
	fi
	ceph_as reader
	ceph_user reader "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY"
	ceph_as owner
	ceph_user owner "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY"
	ceph_admin role create --role-name=worker --assume-role-policy-doc='{
	    "Version":"2012-10-17","Statement":[{"Effect":"Allow",
	    "Principal":{"AWS":["arn:aws:iam:::user/owner"]},
	    "Action":["sts:AssumeRole"]}]}'
	ceph_admin role-policy put --role-name=worker --policy-name=all \
	    --policy-doc='{"Version":"2012-10-17","Statement":[{
	    "Effect":"Allow","Action":["s3:*"],"Resource":"arn:aws:s3:::*"}]}'
	export AWS_ENDPOINT_URL="$ceph_url" AWS_REGION=us-east-1
}

ceph_hang() {
	kill -STOP "$ceph_gateway_pid"
}

ceph_go_on() {
	kill -CONT "$ceph_gateway_pid"
}

# As many requests may be under way there; to more it says 503 SlowDown.
ceph_at_once() { # N
	ceph -c "$ceph/ceph.conf" --admin-daemon "$ceph/run/client.rgw.asok" \
	    config set rgw_max_concurrent_requests "$1" \
	    >>"$ceph/run/admin.out" 2>&1
}

# The gateway first; nothing of it is worth a clean end.
ceph_stop() {
	# shellcheck disable=SC2086 # a list
	kill_ours $ceph_pids
	ceph_pids=
}

ceph_clean_up() {
	ceph_stop
	clean_up
}
trap ceph_clean_up EXIT
