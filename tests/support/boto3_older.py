# SPDX-License-Identifier: Apache-2.0
"""boto3 before 1.28 (Debian 12) reads no AWS_ENDPOINT_URL: have it do so.

As sitecustomize.py of the Python that runs the guide's examples.
"""
import os

import boto3

client = boto3.client


def client_of_environment(name, **options):
    variable = "AWS_ENDPOINT_URL_" + name.upper().replace("-", "_")
    url = os.environ.get(variable) or os.environ.get("AWS_ENDPOINT_URL")
    if url:
        options.setdefault("endpoint_url", url)
    return client(name, **options)


boto3.client = client_of_environment
