#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a keeper costs a handler: RUNS times /bin/true, alone and kept, from a
# process that uses MEMORY megabytes; wall clock, CPU, and how long the loop is
# held up to start one.
: "${abs_top_builddir:?}" "${RUNS=1000}" "${MEMORY=64}"
exec "$abs_top_builddir/tests/support/execbench" \
    "$abs_top_builddir/awaitd-keeper" "$RUNS" "$MEMORY"
