# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# File systems of a campaign's own, on $AWAITD_STATE, and their end on every
# path. To be read after lib.sh.

# no_disk WHY: not a failure, and not silent.
no_disk() {
	echo "$campaign: skipped: $1"
	exit 0
}

# Somebody may be on the way out of it for a moment.
disk_away() {
	mountpoint -q "$AWAITD_STATE" || return 0
	wait_until 10 umount "$AWAITD_STATE" 2>/dev/null ||
	    umount -l "$AWAITD_STATE"
}

disk_clean_up() {
	[ -z "$serve_pid" ] || kill_it
	# shellcheck disable=SC2086 # a list
	kill_ours $pids
	disk_away
	clean_up
}

# disk_tmpfs SIZE
disk_tmpfs() {
	mkdir -p "$AWAITD_STATE"
	trap disk_clean_up EXIT
	mount -t tmpfs -o "mode=700,size=$1" tmpfs "$AWAITD_STATE" \
	    2>"$tmp/mount.err" ||
	    no_disk "no tmpfs of one's own: $(cat "$tmp/mount.err")"
}

# disk_ext4 SIZE: its image is $tmp/disk; disk_again mounts it again.
disk_ext4() {
	mkdir -p "$AWAITD_STATE"
	trap disk_clean_up EXIT
	command -v mkfs.ext4 >/dev/null || PATH=$PATH:/usr/sbin:/sbin
	command -v mkfs.ext4 >/dev/null || no_disk 'mkfs.ext4 is not installed'
	truncate -s "$1" "$tmp/disk"
	mkfs.ext4 -q -F "$tmp/disk" 2>"$tmp/mount.err" ||
	    stop_it "mkfs.ext4: $(cat "$tmp/mount.err")"
	disk_again || no_disk "no loop device: $(cat "$tmp/mount.err")"
	rmdir "$AWAITD_STATE/lost+found"
	chmod 700 "$AWAITD_STATE"
}

disk_again() {
	mount -o loop "$tmp/disk" "$AWAITD_STATE" 2>"$tmp/mount.err"
}
