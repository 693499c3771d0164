#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A result's bytes, wherever they go and whatever they are.
. "${abs_top_srcdir:?}/tests/system/lib.sh"
endpoint large "sh \"$models/large.sh\" 100000000"
local_start

# --- what they are ---
bytes 100000 "$tmp/in"
printf '\000\n\r\n\000\377' >>"$tmp/in"
run invoke -e cat "$tmp/in"
same "$tmp/out" "$tmp/in" 'binary bytes and NULs are as the model wrote them'
echo x >"$tmp/x"
run invoke -e nothing "$tmp/x"
is "$status" 0 'a model may say nothing'
ok 'then the result is empty' test ! -s "$tmp/out"
run invoke -o "$tmp/empty" -e nothing "$tmp/x"
ok 'and so is the file' test -e "$tmp/empty" -a ! -s "$tmp/empty"

# --- to a file ---
run invoke -o "$tmp/file" -e cat "$tmp/in"
is "$status" 0 '-o writes a file'
same "$tmp/file" "$tmp/in" 'with the same bytes'
ok 'and nothing to stdout' test ! -s "$tmp/out"
is "$(stat -c %a "$tmp/file")" 644 'its mode follows the umask'
run invoke -o "$tmp/file" -e cat "$tmp/x"
same "$tmp/file" "$tmp/x" 'a file that is there is replaced'
ln -s file "$tmp/link"
run invoke -o "$tmp/link" -e cat "$tmp/in"
ok '-o through a symbolic link leaves the link' test -L "$tmp/link"
same "$tmp/file" "$tmp/in" 'and replaces what it leads to'
run invoke -o - -e cat "$tmp/x"
same "$tmp/out" "$tmp/x" '-o - is stdout'
run invoke -o /dev/stdout -e cat "$tmp/x"
same "$tmp/out" "$tmp/x" '-o /dev/stdout, too'
ok 'which is as before' test -L /dev/stdout
run invoke -o /dev/null -e cat "$tmp/in"
is "$status" 0 '-o /dev/null'
ok 'which is as before' test -c /dev/null
mkfifo "$tmp/fifo"
cat "$tmp/fifo" >"$tmp/got" &
reader=$!
pids="$pids $reader"
run invoke -o "$tmp/fifo" -e cat "$tmp/in"
wait "$reader"
same "$tmp/got" "$tmp/in" '-o to a named pipe'
ok 'which is as before' test -p "$tmp/fifo"
is "$(find "$tmp" -name '*.part' | wc -l)" 0 'no half file is left'

# --- to where they cannot go: found before anything is sent ---
before=$(accepted)
for place in "$tmp/absent/file" "$tmp" "$tmp/x/file" "$tmp/name/"; do
	run invoke -o "$place" -e cat "$tmp/x"
	is "$status" 2 "-o ${place#"$tmp"} is refused"
	like "$err" "awaitd: *$place*" 'and named'
	is "$(wc -l <"$tmp/err")" 1 'in one line'
done
is "$(accepted)" "$before" 'before anything is sent'

# --- to a pipe that closes, to no stdout, to a full disk ---
run submit -e large "$tmp/x"
job=$(cat "$tmp/out")
run wait -o "$tmp/large" "$job"
is "$status" 0 '100 MB arrive'
is "$(stat -c %s "$tmp/large")" 100000000 'all of them'
is "$(sha256sum <"$tmp/large")" "$(sh "$models/large.sh" 100000000 | sha256sum)" \
    'and the right ones'
{
	"$awaitd" result "$job" 2>"$tmp/err"
	echo $? >"$tmp/status"
} | head -c 1000 >"$tmp/out"
is "$(cat "$tmp/status")" 1 'a pipe closed early is exit status 1'
like "$(cat "$tmp/err")" "awaitd: *Broken pipe*awaitd result $job*" \
    'with the reason and the way to try again'
run result -o /dev/full "$job"
is "$status" 1 'a full device is exit status 1'
like "$err" '*No space left on device*' 'with the reason'
status=0
"$awaitd" result "$job" >&- 2>"$tmp/err" || status=$?
is "$status" 1 'a closed stdout is exit status 1'
ok 'and the state file is whole' "$awaitd" show "$job"
status=0
"$awaitd" invoke -e cat "$tmp/x" <&- >&- 2>&- || status=$?
is "$status" 1 'as it is with no descriptor at all'
"$awaitd" invoke -e slow "$tmp/x" <&- >&- 2>&- &
pid=$!
pids="$pids $pid"
wait_until 20 has "$tmp/began" .
for fd in 0 1 2; do
	is "$(readlink "/proc/$pid/fd/$fd")" /dev/null \
	    "nothing else takes the place of descriptor $fd"
done
: >"$tmp/go"
wait "$pid"
mkdir "$tmp/full"
if [ "$(id -u)" -eq 0 ] &&
    mount -t tmpfs -o size=2m none "$tmp/full" 2>"$tmp/mount"; then
	run result -o "$tmp/full/file" "$job"
	is "$status" 1 'a full disk is exit status 1'
	like "$err" '*No space left on device*' 'with the reason'
	is "$(find "$tmp/full" -type f | wc -l)" 0 'and no half file'
	head -c 2m /dev/zero >"$tmp/full/fill" 2>"$tmp/mount"
	AWAITD_STATE=$tmp/full/state run invoke -e cat "$tmp/x"
	ok 'no room for the state file is an error' test "$status" -ne 0
	like "$err" '*The disk is full; make room.' 'with the remedy'
else
	skip 'a full disk' 'needs root and a mount'
fi

# --- slowly, and with signals in the midst ---
# shellcheck disable=SC2317 # by wait_until
has_part() { # some bytes are in the file that is being written
	test -n "$(find "$tmp" -name 'cut.*.part' -size +0)"
}
start slow wait --timeout 1s -o "$tmp/cut" "$job"
wait_until 20 has_part
kill -STOP "$local_pid"
sleep 1.2 # longer than the time-out: this one has to pass
kill -CONT "$local_pid"
finish slow "$pid"
is "$status" 0 'a time-out does not cut a result short'
is "$(stat -c %s "$tmp/cut")" 100000000 'that is being written'
rm -f "$tmp/cut"

start sig result -o "$tmp/fifo" "$job"
head -c 1000 >"$tmp/head" <"$tmp/fifo" &
reader=$!
finish sig "$pid"
wait "$reader"
is "$status" 1 'a reader that leaves a named pipe ends the writer'
start sig wait "$job" -o "$tmp/fifo"
exec 9<"$tmp/fifo"
head -c 1000 <&9 >"$tmp/head"
kill -TERM "$pid"
finish sig "$pid"
exec 9<&-
is "$status" 143 'SIGTERM ends a result that nobody reads on'

for signal in INT:130 TERM:143; do
	start sig result -o "$tmp/cut" "$job"
	wait_until 20 has_part
	kill -STOP "$local_pid"
	kill "-${signal%:*}" "$pid"
	finish sig "$pid"
	kill -CONT "$local_pid"
	is "$status" "${signal#*:}" \
	    "SIG${signal%:*} in the midst of a file is exit status ${signal#*:}"
	like "$err" "*interrupted. 'awaitd result $job' tries again." \
	    'with the way back'
	is "$(find "$tmp" -name 'cut' -o -name 'cut.*' | wc -l)" 0 'and no half file'
done

# --- memory ---
if sanitized; then
	skip '100 MB in 64 MB of memory' 'AddressSanitizer needs more'
else
	start mem result -o "$tmp/fifo" "$job"
	exec 9<"$tmp/fifo"
	head -c 99000000 <&9 >"$tmp/head"
	peak=$(sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$pid/status")
	cat <&9 >"$tmp/tail"
	exec 9<&-
	finish mem "$pid"
	is "$status" 0 'a result of 100 MB passes through a pipe'
	ok "in 64 MB of memory (${peak:-?} kB)" test "${peak:-99999}" -le 65536
fi
done_testing
