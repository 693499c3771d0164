#!/bin/sh
# Makes ./configure from configure.ac. Needed in a git clone, not in a tarball.
set -eu
cd "$(dirname "$0")"
mkdir -p build-aux
autoreconf --install --force --warnings=all
