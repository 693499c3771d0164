/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What SageMaker tells a SuccessTopic or an ErrorTopic: an InferenceResult. Of
 * an unknown eventVersion the known members are read.
 * Source: "Check prediction results", SageMaker developer guide; the messages
 * that were seen are not all as documented, so but for inferenceId and
 * invocationStatus any member may be missing.
 */
#ifndef AWS_SAGEMAKER_NOTICE_H
#define AWS_SAGEMAKER_NOTICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"

/* Strings are the caller's (sagemaker_notice_done), or NULL. */
struct sagemaker_notice {
	char *inference_id;
	bool failed; /* invocationStatus: Failed */
	bool is_test; /* the TestNotification of a new endpoint */
	char *endpoint;
	char *output_location;
	char *failure_location;
	char *failure_reason; /* cut at 4 KiB */
	int64_t event_at; /* eventTime; -1: not said */
	int64_t received_at; /* receivedTime; -1: not said */
};

/* ERR_NOT_FOUND: it is no such message; ERR_PROTOCOL: it is, and senseless. */
int sagemaker_notice_read(
    const struct json *doc, struct sagemaker_notice *out, struct error *err);
void sagemaker_notice_done(struct sagemaker_notice *n);

#endif
