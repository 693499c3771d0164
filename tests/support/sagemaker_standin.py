# SPDX-License-Identifier: Apache-2.0
"""What the guide's examples use of the sagemaker SDK, and no more.

The SDK itself is not installed where the tests run. The names, parameters and
what is sent are those that it publishes (2.x, predictor_async.py and
async_inference/); how it waits is not imitated, and nothing is tested of it.
"""
import boto3
from botocore.exceptions import WaiterError


class PollingTimeoutError(Exception):
    pass


class WaiterConfig:
    def __init__(self, max_attempts=60, delay=15):
        self.max_attempts = max_attempts
        self.delay = delay


class Session:
    def __init__(self, sagemaker_runtime_client=None):
        self.sagemaker_runtime_client = (
            sagemaker_runtime_client or boto3.client("sagemaker-runtime"))
        self.s3_client = boto3.client("s3")


class Predictor:
    def __init__(self, endpoint_name, sagemaker_session=None):
        self.endpoint_name = endpoint_name
        self.sagemaker_session = sagemaker_session or Session()
        self.accept = ("*/*",)


class AsyncInferenceResponse:
    def __init__(self, predictor_async, output_path, failure_path):
        self.predictor_async = predictor_async
        self.output_path = output_path
        self.failure_path = failure_path

    def get_result(self, waiter_config=None):
        s3 = self.predictor_async.sagemaker_session.s3_client
        bucket, key = self.output_path[len("s3://"):].split("/", 1)
        if waiter_config is not None:
            try:
                s3.get_waiter("object_exists").wait(
                    Bucket=bucket, Key=key, WaiterConfig={
                        "Delay": min(waiter_config.delay, 1),
                        "MaxAttempts": waiter_config.max_attempts})
            except WaiterError as error:
                raise PollingTimeoutError(self.output_path) from error
        return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


class AsyncPredictor:
    def __init__(self, predictor, name=None):
        self.predictor = predictor
        self.sagemaker_session = predictor.sagemaker_session

    def predict_async(self, data=None, input_path=None, initial_args=None,
                      inference_id=None):
        args = dict(initial_args or {}, InputLocation=input_path)
        args.setdefault("EndpointName", self.predictor.endpoint_name)
        args.setdefault("Accept", ", ".join(self.predictor.accept))
        if inference_id:
            args["InferenceId"] = inference_id
        answer = self.sagemaker_session.sagemaker_runtime_client \
            .invoke_endpoint_async(**args)
        return AsyncInferenceResponse(
            self, answer["OutputLocation"], answer.get("FailureLocation"))
