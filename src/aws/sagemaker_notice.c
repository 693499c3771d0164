/* SPDX-License-Identifier: Apache-2.0 */
/* What SageMaker says of an inference that ended. */
#include "aws/sagemaker_notice.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"

#define SOURCE "aws:sagemaker"
#define ID_MAX 64 /* InferenceId, service model */
#define TEXT_MAX 2048 /* of names and places */
#define REASON_MAX 4096

/* The caller's; NULL where it is no string, empty, or longer than any. */
static char *
take(const struct json *obj, const char *key, size_t max)
{
	const char *s = json_get_str(obj, key);

	return str_empty(s) || strlen(s) > max ? NULL : xstrdup(s);
}

/* Between two characters. */
static char *
take_cut(const char *s, size_t max)
{
	size_t len = s != NULL ? strlen(s) : 0;

	if (len == 0)
		return NULL;
	if (len > max) {
		for (len = max; ((unsigned char)s[len] & 0xc0) == 0x80; len--)
			continue;
	}
	return xstrndup(s, len);
}

static int64_t
take_time(const struct json *doc, const char *key)
{
	const char *s = json_get_str(doc, key);
	int64_t at = -1;

	if (s == NULL || timefmt_parse_rfc3339(s, &at) == -1 || at < 0)
		return -1;
	return at;
}

/* Other services name themselves; a message may name nobody. */
static bool
is_of_sagemaker(const struct json *doc)
{
	const char *source = json_get_str(doc, "eventSource");

	return json_is_object(doc) &&
	    (source == NULL ? json_get(doc, "inferenceId") != NULL
			    : str_eq(source, SOURCE));
}

static void
read_places(const struct json *doc, struct sagemaker_notice *out)
{
	const struct json *request = json_get(doc, "requestParameters");
	const struct json *response = json_get(doc, "responseParameters");

	out->endpoint = take(request, "endpointName", TEXT_MAX);
	out->output_location = take(response, "outputLocation", TEXT_MAX);
	out->failure_location = take(response, "failureLocation", TEXT_MAX);
	if (out->failure_location == NULL)
		out->failure_location = take(doc, "failureLocation", TEXT_MAX);
}

static int
read_result(
    const struct json *doc, struct sagemaker_notice *out, struct error *err)
{
	const char *status = json_get_str(doc, "invocationStatus");
	char *id = take(doc, "inferenceId", ID_MAX);

	if (id == NULL || status == NULL) {
		free(id);
		return err_set(err, ERR_PROTOCOL,
		    "a notification of SageMaker without %s",
		    id == NULL ? "an inferenceId" : "an invocationStatus");
	}
	memset(out, 0, sizeof(*out));
	out->inference_id = id;
	/* What else there may be is no failure: S3 tells what became of it. */
	out->failed = str_ieq(status, "Failed");
	read_places(doc, out);
	if (out->failed)
		out->failure_reason =
		    take_cut(json_get_str(doc, "failureReason"), REASON_MAX);
	out->event_at = take_time(doc, "eventTime");
	out->received_at = take_time(doc, "receivedTime");
	return 0;
}

int
sagemaker_notice_read(
    const struct json *doc, struct sagemaker_notice *out, struct error *err)
{
	const char *name = json_get_str(doc, "eventName");

	if (is_of_sagemaker(doc)) {
		if (name == NULL || str_eq(name, "InferenceResult"))
			return read_result(doc, out, err);
		if (str_eq(name, "TestNotification")) {
			memset(out, 0, sizeof(*out));
			out->is_test = true;
			out->event_at = out->received_at = -1;
			return 0;
		}
	}
	return err_set(
	    err, ERR_NOT_FOUND, "this is no notification of SageMaker");
}

void
sagemaker_notice_done(struct sagemaker_notice *n)
{
	free(n->inference_id);
	free(n->endpoint);
	free(n->output_location);
	free(n->failure_location);
	free(n->failure_reason);
	memset(n, 0, sizeof(*n));
}
