# SPDX-License-Identifier: Apache-2.0
"""What boto3 makes of AWS's settings: answers the questions of awsprobe
(tests/support/awsprobe.c), one JSON line each. Nothing leaves the machine:
what would go to STS or SSO goes to the URL in PEER, and else is refused.

    awsprobe prepare CASES DIR | python3 aws_settings.py
"""
import io
import json
import os
import sys
import urllib.error
import urllib.request

import botocore.awsrequest
import botocore.credentials
import botocore.session
import botocore.tokens

PEER = os.environ.get("PEER")
PATH = os.environ["PATH"]

SERVICES = {
    "S3": ("s3", "list_buckets", {}),
    "SAGEMAKER_RUNTIME": (
        "sagemaker-runtime",
        "invoke_endpoint_async",
        {"EndpointName": "e", "InputLocation": "s3://b/k"},
    ),
    "SNS": ("sns", "list_topics", {}),
    "SQS": ("sqs", "list_queues", {}),
    "SSO": ("sso", "list_accounts", {"accessToken": "t"}),
    "SSO_OIDC": (
        "sso-oidc",
        "create_token",
        {"clientId": "c", "clientSecret": "s", "grantType": "g"},
    ),
    "STS": ("sts", "get_caller_identity", {}),
}


class Caught(Exception):
    def __init__(self, request):
        super().__init__("caught")
        self.request = request


class Raw(io.BytesIO):
    def stream(self, **_):
        yield self.read()


def text(value):
    return value.decode() if isinstance(value, bytes) else value


def to_peer(request, **_):
    """The request as it is, but to our own server."""
    if PEER is None:
        raise OSError("the case asks somebody, and there is no peer")
    path = request.url.split("/", 3)[3] if request.url.count("/") > 2 else ""
    headers = {name: text(value) for name, value in request.headers.items()}
    headers["Host"] = request.url.split("/")[2]  # it is signed
    sent = urllib.request.Request(
        f"{PEER}/{path}",
        data=request.body.encode()
        if isinstance(request.body, str)
        else request.body,
        headers=headers,
        method=request.method,
    )
    try:
        with urllib.request.urlopen(sent, timeout=20) as reply:
            status, h, body = reply.status, dict(reply.headers), reply.read()
    except urllib.error.HTTPError as e:
        status, h, body = e.code, dict(e.headers), e.read()
    return botocore.awsrequest.AWSResponse(request.url, status, h, Raw(body))


def open_session(ask):
    return botocore.session.Session(profile=ask.get("profile"))


def end_of(secret):
    return f"{len(secret)}:{secret[-4:]}"


def credentials(ask):
    session = open_session(ask)
    session.register("before-send", to_peer)
    found = session.get_credentials()
    if found is None:
        return {"error": "no credentials"}
    frozen = found.get_frozen_credentials()
    answer = {
        "key": frozen.access_key,
        "secret": end_of(frozen.secret_key),
        "source": found.method,
    }
    if frozen.token:
        answer["token"] = end_of(frozen.token)
    return answer


def make_client(ask, service):
    return open_session(ask).create_client(
        service,
        region_name=ask.get("region"),
        endpoint_url=ask.get("url"),
        aws_access_key_id="AKIDSOMEBODY",
        aws_secret_access_key="secret",
    )


def endpoint(ask):
    name, call, parameters = SERVICES[ask["service"]]
    if "bucket" in ask:
        call, parameters = "get_object", {"Bucket": ask["bucket"], "Key": "k"}
    client = make_client(ask, name)

    def catch(request, **_):
        raise Caught(request)

    client.meta.events.register("before-send", catch)
    try:
        getattr(client, call)(**parameters)
    except Caught as caught:
        request = caught.request
    answer = {"url": request.url.split("?")[0]}
    if "bucket" not in ask:
        for tail in ("/endpoints/e/async-invocations", "/assignment/accounts",
                     "/token"):
            answer["url"] = answer["url"].removesuffix(tail)
        answer["url"] = answer["url"].rstrip("/")
    authorization = text(request.headers.get("Authorization"))
    if authorization:
        answer["region"] = authorization.split("/")[2]
    return answer


def region(ask):
    return {"region": make_client(ask, "sns").meta.region_name}


def retry(ask):
    retries = make_client(ask, "sns").meta.config.retries
    mode = retries.get("mode", "legacy")
    attempts = retries.get("total_max_attempts", 5 if mode == "legacy" else 3)
    return {"mode": mode, "attempts": attempts}


def answer_line(line):
    question = json.loads(line)
    os.environ.clear()
    os.environ.update(question["env"], PATH=PATH)
    # Both were made of the HOME that there was when botocore was loaded.
    cache = os.path.expanduser("~/.aws/sso/cache")
    botocore.credentials.SSOProvider._SSO_TOKEN_CACHE_DIR = cache
    botocore.tokens.SSOTokenProvider._SSO_TOKEN_CACHE_DIR = cache
    ask = question["ask"]
    try:
        answer = {
            "credentials": credentials,
            "endpoint": endpoint,
            "region": region,
            "retry": retry,
        }[ask["what"]](ask)
    except Exception as e:  # whatever it is, it is the answer
        answer = {"error": f"{type(e).__name__}: {e}"}
    print(json.dumps({"name": question["name"], **answer}), flush=True)


for one in sys.stdin:
    answer_line(one)
