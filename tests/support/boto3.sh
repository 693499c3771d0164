# SPDX-License-Identifier: Apache-2.0
# The boto3 that is here, for tests that give it to their Python.
# shellcheck shell=sh

boto3=$(python3 -c 'import boto3; print(boto3.__version__)' 2>/dev/null)

# In a folder for PYTHONPATH: what an older one lacks.
boto3_help() { # FOLDER
	mkdir -p "$1"
	case $boto3 in
	1.?.* | 1.1?.* | 1.2[0-7].*)
		cp "$abs_top_srcdir/tests/support/boto3_older.py" "$1/sitecustomize.py"
		;;
	esac
}
