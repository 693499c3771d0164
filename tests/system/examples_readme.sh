#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every example of README.md, in its order.
# shellcheck disable=SC2016,SC2317 # rows are text; called by wait_until
. "${abs_top_srcdir:?}/tests/system/lib.sh"
for name in curl jq openssl; do
	command -v "$name" >/dev/null || skip_all "no $name"
done
# shellcheck source=tests/support/examples.sh
. "$abs_top_srcdir/tests/support/examples.sh"
page markdown "$abs_top_srcdir/README.md"

# --- two commands, and what they ran -----------------------------------------

scene start
shown 'sh contrib/quickstart.sh' sh 'installs packages; ocr.sh does what it does'
shown 'sh contrib/test.sh' sh 'runs this test'
ok '... both are there' test -x "$abs_top_srcdir/contrib/quickstart.sh" \
    -a -x "$abs_top_srcdir/contrib/test.sh"
mkdir -p contrib/page
cp "$abs_top_srcdir/contrib/page/page.png" contrib/page/
if command -v tesseract >/dev/null; then
	words='written down before it leaves'
	for name in page page-1 page-2 page-3; do
		cp contrib/page/page.png "$name.png"
	done
else
	words='THE HARBOUR BOOK'
	put 'tesseract stdin stdout -l eng' "sh \"$tmp/read.sh\""
fi
secret_place "$tmp/ex"
try 'awaitd-local --data local-data' 0 "$words"
export AWS_ENDPOINT_URL="http://127.0.0.1:$port"
awaitd invoke -q -e ocr --timeout 0 page-1.png >/dev/null 2>&1
put 'JOB$' "$(awaitd list --json | jq -r .job | head -n 1)"
try 'awaitd list' 0 "$words"

# --- a service ---------------------------------------------------------------

hook_start hook
hook_secret app.secret
mkdir results
put https://app.example.com/awaitd "http://127.0.0.1:$hook_port/"
put /usr/local/lib/awaitd "$abs_top_srcdir/contrib/handlers"
put /srv/results "$ex_scene/results"
take '[endpoint ocr]' && {
	sed 's/^url = .*/&\nallow_networks = 127.0.0.0\/8/' "$ex_file" \
	    >awaitd.conf
	ok "$ex_name" awaitd config -c awaitd.conf
}
serves 'awaitd serve --config awaitd.conf' 'msg=ready'
beside awaitd serve --config awaitd.conf
try 'awaitd submit -e ocr page-*.png' 0 '^verdict  *ok'
take '[gateway]' && {
	(umask 077; printf '%s\n' '[app]' 'aws_access_key_id = app' \
	    'aws_secret_access_key = a-secret-of-our-own' >gateway.credentials)
	cat "$ex_file" >>awaitd.conf
	ok "$ex_name" awaitd config -c awaitd.conf
}
shown 'useradd --system' sh 'changes this machine'
ok '... and what it installs is there' ls \
    "$abs_top_srcdir/contrib/systemd/awaitd.service" \
    "$abs_top_srcdir/contrib/handlers/save-result"

# --- notifications -----------------------------------------------------------

saved '[sqs]' sqs.conf
shown 'aws sns subscribe --region eu-west-1' sh 'needs AWS'
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=awaitd \
    -keyout privkey.pem -out fullchain.pem 2>/dev/null
chmod 600 privkey.pem
put /etc/awaitd "$ex_scene"
saved '[sns]' sns.conf
shown 'aws sns subscribe --region eu-west-1' sh 'needs AWS'

scene notices
echo 'any file will do' >README.md
put /tmp/awaitd-try "$ex_scene/try"
saved '[local]' try.conf local
try 'awaitd-local -c try.conf &' 0 'msg=listening'
saved '[sns]' awaitd.conf
if command -v aws >/dev/null; then
	try 'awaitd serve --config awaitd.conf &' 0 '^01[0-9a-z]{24}$'
	ok '... and the subscription is confirmed' wait_until 30 \
	    has "$EX_OUT" 'subscription confirmed'
	metrics_port=$(port_of 9464)
	both() {
		for way in sns sqs; do
			[ "$(metric "awaitd_notifications_total{source=\"$way\",result=\"taken\"}")" -ge 1 ] ||
			    [ "$(metric "awaitd_notifications_total{source=\"$way\",result=\"copy\"}")" -ge 1 ] ||
			    return 1
		done
	}
	awaitd submit -q -e echo README.md >/dev/null
	ok '... and hears both ways' wait_until 30 both
else
	shown 'awaitd serve --config awaitd.conf &' sh 'no aws here'
fi

# --- an endpoint of one's own, and AWS ---------------------------------------

scene own
mkdir data
put /var/lib/awaitd-local "$ex_scene/data"
saved '[local]' awaitd-local.conf local
serves 'awaitd-local -c awaitd-local.conf' 'msg=listening'
shown './autogen.sh' sh 'is what built this'
local_start
rm -f "$ex_scene"/*.conf
head -c 200000 /dev/urandom >large-file
echo '{}' >request.json
try 'awaitd check my-endpoint' 0 '^THE HARBOUR BOOK$'
try 'awaitd invoke -e my-endpoint --input-prefix' 0
is "$(cat result.bin)" 'THE HARBOUR BOOK' '... in the file'

pages_done
