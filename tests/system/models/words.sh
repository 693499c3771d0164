#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A model that fails in several lines, with bytes no terminal should get.
printf 'half a result'
printf 'first line of woe\n\033[31msecond\007 line\ttab \377\302\233 end\n' >&2
exit 3
