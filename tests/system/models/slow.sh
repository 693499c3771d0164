#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# GO BEGAN: says in BEGAN that it runs, and answers once GO exists.
echo "$AWAITD_INFERENCE_ID" >>"$2"
tries=1200
until [ -e "$1" ]; do
	tries=$((tries - 1))
	[ "$tries" -gt 0 ] || exit 1
	sleep 0.05
done
exec cat
