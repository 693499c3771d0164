/* SPDX-License-Identifier: Apache-2.0 */
/* InvokeEndpointAsync: what may be sent, how, and what comes back. */
#include "aws/sagemaker.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/s3uri.h"
#include "base/buf.h"
#include "base/crash.h"
#include "base/encode.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define ACCEPT_TIMEOUT_MS 60000
#define SHOWN_MAX 80

/* --- limits and patterns -------------------------------------------- */

static bool
is_ascii(const char *s)
{
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s >= 0x80)
			return false;
	}
	return true;
}

/* A header's value: ASCII that no control character breaks up. */
static const char *
bad_ascii(const char *s)
{
	return is_ascii(s) && !str_has_control(s)
	    ? NULL
	    : "only printable ASCII is allowed";
}

/* ^[a-zA-Z0-9](-*[a-zA-Z0-9])* */
static const char *
bad_endpoint_name(const char *s)
{
	size_t len = strlen(s), i;
	bool ok = str_is_alnum(s[0]) && str_is_alnum(s[len - 1]);

	for (i = 0; i < len && ok; i++)
		ok = str_is_alnum(s[i]) || s[i] == '-';
	return ok ? NULL
		  : "letters, digits and inner hyphens only (it is the "
		    "endpoint's name, not its ARN)";
}

/* \A\S[\p{Print}]*\z, and a header can hold no more than ASCII of that. */
static const char *
bad_inference_id(const char *s)
{
	if (*s == ' ')
		return "it must not begin with a blank";
	return bad_ascii(s);
}

/* ^(https|s3)://([^/]+)/?(.*)$ */
static const char *
bad_location(const char *s)
{
	const char *rest = NULL;

	if (str_starts(s, "s3://"))
		rest = s + 5;
	else if (str_starts(s, "https://"))
		rest = s + 8;
	if (rest == NULL || *rest == '\0' || *rest == '/')
		return "it must be an s3:// or https:// location";
	return bad_ascii(s);
}

/* ^(?!s3:|https:)[a-zA-Z0-9!_.*'()/-]+$ */
static const char *
bad_extension(const char *s)
{
	const char *p;

	if (str_starts(s, "s3:") || str_starts(s, "https:"))
		return "it is a path below the endpoint's output path, not a "
		       "location";
	for (p = s; *p != '\0'; p++) {
		if (!str_is_alnum(*p) && strchr("!_.*'()/-", *p) == NULL)
			return "only letters, digits and ! _ . * ' ( ) / - "
			       "are allowed";
	}
	return NULL;
}

/* ^(?!.*\..*\.)[a-zA-Z0-9][a-zA-Z0-9-_\.]*$ */
static const char *
bad_filename(const char *s)
{
	const char *p, *dot = strchr(s, '.');

	if (!str_is_alnum(*s))
		return "it must begin with a letter or a digit";
	if (dot != NULL && strchr(dot + 1, '.') != NULL)
		return "at most one dot is allowed";
	for (p = s; *p != '\0'; p++) {
		if (!str_is_alnum(*p) && strchr("-_.", *p) == NULL)
			return "only letters, digits and - _ . are allowed";
	}
	return NULL;
}

struct text_rule {
	const char *member; /* as the API names it */
	size_t max;
	const char *(*bad)(const char *s);
};

static const struct text_rule endpoint_rule = {
    "EndpointName", 63, bad_endpoint_name};

/* Members that are optional, in the order of the struct. */
static const struct {
	struct text_rule rule;
	size_t offset;
	const char *header;
} members[] = {
#define MEMBER(api, field, max, bad, header)                               \
	{                                                                  \
		{api, max, bad}, offsetof(struct sagemaker_invoke, field), \
		    header                                                 \
	}
    MEMBER("ContentType", content_type, 1024, bad_ascii,
	"X-Amzn-SageMaker-Content-Type"),
    MEMBER("Accept", accept, 1024, bad_ascii, "X-Amzn-SageMaker-Accept"),
    MEMBER("CustomAttributes", custom_attributes, 1024, bad_ascii,
	"X-Amzn-SageMaker-Custom-Attributes"),
    MEMBER("InferenceId", inference_id, 64, bad_inference_id,
	"X-Amzn-SageMaker-Inference-Id"),
    MEMBER("InputLocation", input_location, 1024, bad_location,
	"X-Amzn-SageMaker-InputLocation"),
    MEMBER("S3OutputPathExtension", output_path_extension, 512, bad_extension,
	"X-Amzn-SageMaker-S3OutputPathExtension"),
    MEMBER("Filename", filename, 32, bad_filename, "X-Amzn-SageMaker-Filename"),
#undef MEMBER
};

static const char *
member_value(const struct sagemaker_invoke *in, size_t i)
{
	const char *value;

	memcpy(&value, (const char *)in + members[i].offset, sizeof(value));
	return value;
}

static int
check_text(const struct text_rule *rule, const char *s, struct error *err)
{
	const char *dots = strlen(s) > SHOWN_MAX ? "..." : "";
	const char *why;

	if (strlen(s) > rule->max)
		return err_set(err, ERR_USAGE,
		    "%s \"%.*s%s\" has %zu characters; at most %zu are "
		    "allowed",
		    rule->member, SHOWN_MAX, s, dots, strlen(s), rule->max);
	why = rule->bad(s);
	if (why != NULL)
		return err_set(err, ERR_USAGE, "%s \"%.*s%s\": %s",
		    rule->member, SHOWN_MAX, s, dots, why);
	return 0;
}

static int
check_range(const char *member, int64_t value, int64_t min, int64_t max,
    struct error *err)
{
	if (value == 0 || (value >= min && value <= max))
		return 0;
	return err_set(err, ERR_USAGE,
	    "%s %lld: it must be from %lld to %lld seconds", member,
	    (long long)value, (long long)min, (long long)max);
}

int
sagemaker_check(const struct sagemaker_invoke *in, struct error *err)
{
	size_t i;

	if (str_empty(in->endpoint_name))
		return err_set(err, ERR_USAGE, "no EndpointName was given");
	if (check_text(&endpoint_rule, in->endpoint_name, err) == -1)
		return -1;
	for (i = 0; i < ARRAY_LEN(members); i++) {
		const char *value = member_value(in, i);

		if (!str_empty(value) &&
		    check_text(&members[i].rule, value, err) == -1)
			return -1;
	}
	if (check_range(
		"RequestTTLSeconds", in->request_ttl_s, 60, 21600, err) == -1)
		return -1;
	return check_range(
	    "InvocationTimeoutSeconds", in->invocation_timeout_s, 1, 3600, err);
}

bool
sagemaker_is_unknown(const char *words)
{
	const char *name =
	    words != NULL ? strstr(words, "ValidationError: Endpoint ") : NULL;

	return name != NULL && strstr(name, " not found") != NULL;
}

/* --- the call ------------------------------------------------------- */

struct sagemaker {
	struct aws_client *client;
	const struct aws_endpoint *endpoint;
};

struct sagemaker_call {
	struct aws_call *call;
	void (*tap)(const struct http_response *r, void *arg);
	void *tap_arg;
	sagemaker_done_fn *done;
	void *arg;
};

struct sagemaker *
sagemaker_new(struct aws_client *client, const struct aws_endpoint *endpoint)
{
	struct sagemaker *s = xcalloc(1, sizeof(*s));

	s->client = client;
	s->endpoint = endpoint;
	return s;
}

void
sagemaker_free(struct sagemaker *sagemaker)
{
	free(sagemaker);
}

/* {"InferenceId":"..."}; its absence is no reason to lose a request. */
static void
read_inference_id(
    const struct http_response *r, struct json **doc, const char **id)
{
	struct error ignored;

	*id = NULL;
	if (json_parse(r->body.data, r->body.len, doc, &ignored) == 0)
		*id = json_get_str(*doc, "InferenceId");
}

static bool
is_object(const char *uri)
{
	struct error ignored;
	char *bucket, *key;

	if (uri == NULL || s3_uri_parse(uri, 0, &bucket, &key, &ignored) == -1)
		return false;
	free(bucket);
	free(key);
	return true;
}

static void
on_answer(const struct http_response *r, const struct error *err, void *arg)
{
	struct sagemaker_call *call = arg;
	struct sagemaker_accepted a = {0};
	struct error bad;
	struct json *doc = NULL;

	if (r == NULL) {
		call->done(NULL, err, call->arg);
		free(call);
		return;
	}
	if (call->tap != NULL)
		call->tap(r, call->tap_arg);
	crash_point("C5");
	a.output_location =
	    headers_get(&r->headers, "x-amzn-sagemaker-outputlocation");
	a.failure_location =
	    headers_get(&r->headers, "x-amzn-sagemaker-failurelocation");
	a.request_id = headers_get(&r->headers, "x-amzn-requestid");
	read_inference_id(r, &doc, &a.inference_id);
	if (!is_object(a.output_location)) {
		err_set(&bad, ERR_PROTOCOL,
		    "InvokeEndpointAsync: the answer (HTTP %d) names no "
		    "OutputLocation",
		    r->status);
		err_hint(&bad, "Is this address a SageMaker Runtime endpoint?");
		bad.sent = true;
		bad.http_status = r->status;
		call->done(NULL, &bad, call->arg);
	} else {
		if (!is_object(a.failure_location))
			a.failure_location = NULL;
		crash_point("C6");
		call->done(&a, NULL, call->arg);
	}
	json_free(doc);
	free(call);
}

static void
add_members(const struct sagemaker_invoke *in, struct headers *h)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(members); i++) {
		const char *value = member_value(in, i);

		if (!str_empty(value))
			headers_add(h, members[i].header, value);
	}
	if (in->request_ttl_s != 0)
		headers_addf(h, "X-Amzn-SageMaker-RequestTTLSeconds", "%lld",
		    (long long)in->request_ttl_s);
	if (in->invocation_timeout_s != 0)
		headers_addf(h, "X-Amzn-SageMaker-InvocationTimeoutSeconds",
		    "%lld", (long long)in->invocation_timeout_s);
}

/* Names that were not checked are the service's to refuse, not to be another
 * path. The caller's. */
static char *
path_of(const struct aws_endpoint *endpoint, const char *name)
{
	struct buf b;

	buf_init(&b, SIZE_MAX - 1);
	buf_puts(&b, endpoint->base_path);
	buf_puts(&b, "/endpoints/");
	encode_uri(&b, name, strlen(name), false);
	buf_puts(&b, "/async-invocations");
	return buf_take(&b);
}

int
sagemaker_invoke_async(struct sagemaker *sagemaker,
    const struct sagemaker_invoke *in, sagemaker_done_fn *done, void *arg,
    struct sagemaker_call **out, struct error *err)
{
	const struct aws_endpoint *endpoint = sagemaker->endpoint;
	struct aws_request r = {
	    .what = "InvokeEndpointAsync",
	    .service = "sagemaker",
	    .region = endpoint->region,
	    .method = "POST",
	    .scheme = endpoint->scheme,
	    .host = endpoint->host,
	    .body = in->body,
	    .body_len = in->body_len,
	    .timeout_ms = ACCEPT_TIMEOUT_MS,
	    .once = true,
	    .refused = in->tap,
	    .refused_arg = in->tap_arg,
	};
	struct headers headers;
	struct sagemaker_call *call;
	char *path;
	int rc;

	headers_init(&headers);
	add_members(in, &headers);
	path = path_of(endpoint, in->endpoint_name);
	r.path = path;
	r.headers = &headers;
	call = xcalloc(1, sizeof(*call));
	call->tap = in->tap;
	call->tap_arg = in->tap_arg;
	call->done = done;
	call->arg = arg;
	rc = aws_call(sagemaker->client, &r, on_answer, call, &call->call, err);
	if (rc == -1)
		free(call);
	else
		*out = call;
	free(path);
	headers_done(&headers);
	return rc;
}

void
sagemaker_cancel(struct sagemaker_call *call)
{
	if (call == NULL)
		return;
	aws_cancel(call->call);
	free(call);
}
