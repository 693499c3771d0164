# SPDX-License-Identifier: Apache-2.0
"""What boto3 before 1.28 (Debian 12 has 1.26) lacks for the tests.

It reads no AWS_ENDPOINT_URL, and does not know the FailureLocation of an
answer. As sitecustomize.py of the Python that runs them.
"""
import os

import boto3

client = boto3.client


def client_of_environment(name, **options):
    variable = "AWS_ENDPOINT_URL_" + name.upper().replace("-", "_")
    url = os.environ.get(variable) or os.environ.get("AWS_ENDPOINT_URL")
    if url:
        options.setdefault("endpoint_url", url)
    made = client(name, **options)
    made.meta.events.register(
        "after-call.sagemaker-runtime.InvokeEndpointAsync", tell_failure)
    return made


def tell_failure(http_response, parsed, **_):
    place = http_response.headers.get("x-amzn-sagemaker-failurelocation")
    if place:
        parsed.setdefault("FailureLocation", place)


boto3.client = client_of_environment
