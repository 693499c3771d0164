/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a request to a job. What the members mean is for the service to judge;
 * refused is what a job could not carry to it.
 * Source of the names: the service model of SageMaker Runtime, 2017-05-13.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/encode.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve/api_asked.h"
#include "serve/api_submit.h"
#include "serve/gateway_inner.h"
#include "serve/intake.h"

#define PREFIX "X-Amzn-SageMaker-"
#define PATH_HEAD "/endpoints/"
#define PATH_TAIL "/async-invocations"
#define NAME_MAX 1024
#define INVOCATION_ID_MAX 255

/* --- the path -------------------------------------------------------- */

char *
gateway_endpoint(const char *path)
{
	const char *name, *slash;
	struct buf b;

	if (!str_starts(path, PATH_HEAD))
		return NULL;
	name = path + strlen(PATH_HEAD);
	slash = strchr(name, '/');
	if (slash == NULL || slash == name || !str_eq(slash, PATH_TAIL))
		return NULL;
	buf_init(&b, NAME_MAX);
	if (decode_uri(&b, name, (size_t)(slash - name)) == -1 ||
	    strlen(b.data) != b.len || b.overflow) {
		buf_done(&b);
		return NULL;
	}
	return buf_take(&b);
}

/* --- members --------------------------------------------------------- */

struct members {
	struct intake in;
	const char *input_location;
};

struct member {
	const char *field; /* behind the prefix */
	const char *name; /* as AWS's messages have it */
	size_t at; /* in struct members */
	bool number;
	bool may_be_empty; /* then it is as none */
};

static const struct member table[] = {
#define MEMBER(field, name, at, ...)                                   \
	{                                                              \
		field, name, offsetof(struct members, at), __VA_ARGS__ \
	}
    MEMBER("Content-Type", "contentType", in.content_type, false, true),
    MEMBER("Accept", "accept", in.accept, false, true),
    MEMBER("Custom-Attributes", "customAttributes", in.custom_attributes, false,
	true),
    MEMBER("Inference-Id", "inferenceId", in.inference_id, false, false),
    MEMBER("InputLocation", "inputLocation", input_location, false, false),
    MEMBER("S3OutputPathExtension", "s3OutputPathExtension", in.extension,
	false, false),
    MEMBER("Filename", "filename", in.filename, false, false),
    MEMBER("RequestTTLSeconds", "requestTTLSeconds", in.request_ttl_s, true,
	false),
    MEMBER("InvocationTimeoutSeconds", "invocationTimeoutSeconds",
	in.invocation_timeout_s, true, false),
#undef MEMBER
};

static int
refuse(struct error *err, const char *type, const char *text)
{
	err_set(err, ERR_USAGE, "%s", text);
	memcpy(err->remote_code, type, strlen(type) + 1);
	return -1;
}

static int
invalid(struct error *err, const char *value, const char *name,
    const char *constraint)
{
	struct buf b;

	buf_init(&b, sizeof(err->text) - 1);
	buf_puts(&b, "1 validation error detected: Value ");
	if (value != NULL)
		buf_printf(&b, "'%.200s' ", value);
	buf_printf(&b, "at '%s' failed to satisfy constraint: Member must %s",
	    name, constraint);
	refuse(err, "ValidationError", b.data);
	buf_done(&b);
	return -1;
}

/* As a header field can carry it, and JSON show it. */
static bool
is_plain(const char *s)
{
	for (; *s >= 0x20 && *s <= 0x7e; s++)
		continue;
	return *s == '\0';
}

static int
take_number(
    const struct member *m, const char *value, void *at, struct error *err)
{
	int64_t n;

	if (str_to_i64(value, INT32_MIN, INT32_MAX, &n) == -1)
		return refuse(err, "SerializationException",
		    "NUMBER_VALUE can not be converted to Integer");
	/* A job cannot tell it from none. */
	if (n == 0)
		return invalid(err, value, m->name,
		    "have value greater than or equal to 1");
	memcpy(at, &n, sizeof(n));
	return 0;
}

static int
take_text(
    const struct member *m, const char *value, void *at, struct error *err)
{
	if (*value == '\0' && m->may_be_empty)
		return 0;
	if (*value == '\0')
		return invalid(err, value, m->name,
		    "have length greater than or equal to 1");
	if (!is_plain(value))
		return invalid(err, NULL, m->name,
		    "satisfy regular expression pattern: \\p{ASCII}*");
	memcpy(at, &value, sizeof(value));
	return 0;
}

static int
take_field(struct members *to, const struct header *field, struct error *err)
{
	const char *name = field->name + strlen(PREFIX);
	char text[200];
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		const struct member *m = &table[i];
		char *at = (char *)to + m->at;

		if (str_ieq(name, m->field))
			return m->number ? take_number(m, field->value, at, err)
					 : take_text(m, field->value, at, err);
	}
	snprintf(text, sizeof(text),
	    PREFIX "%.80s is not known to this gateway, and would be lost.",
	    name);
	return refuse(err, "ValidationError", text);
}

static int
read_members(const struct headers *h, struct members *to, struct error *err)
{
	size_t i;

	memset(to, 0, sizeof(*to));
	for (i = 0; i < h->n; i++) {
		if (strncasecmp(h->v[i].name, PREFIX, strlen(PREFIX)) == 0 &&
		    take_field(to, &h->v[i], err) == -1)
			return -1;
	}
	return 0;
}

/* --- the job --------------------------------------------------------- */

/* It becomes part of the path of another request. */
static int
check_endpoint(const char *name, struct error *err)
{
	if (is_plain(name) && !str_eq(name, ".") && !str_eq(name, ".."))
		return 0;
	return invalid(err, NULL, "endpointName",
	    "satisfy regular expression pattern: "
	    "^[a-zA-Z0-9](-*[a-zA-Z0-9])*");
}

/* A flag or the section says it; else the application has, by its signature. */
static int
choose_region(const struct gateway_call *c, struct job_spec *spec,
    const struct conf_endpoint *e, struct error *err)
{
	const struct service *service = c->g->service;
	const char *region = service->region;

	if (region == NULL)
		region = e->region != NULL ? e->region : c->claim.region;
	if (intake_region(
		spec, service->sites, e, region, service->profile, err) == 0)
		return 0;
	memcpy(err->remote_code, "ValidationError", sizeof("ValidationError"));
	return -1;
}

/* What the application does not say the section may. */
static void
fill(const struct gateway_call *c, const struct members *m,
    const struct conf_endpoint *e, struct job_spec *spec)
{
	intake_fill(spec, &m->in, c->g->service->conf, e);
	spec->input_location = xstrdup_or_null(m->input_location);
	if (m->input_location != NULL)
		spec->input = INPUT_LOCATION;
	spec->deliver = api_asked_targets(e->deliver.v, e->deliver.n);
	api_submit_trace(http_headers(c->x), spec);
}

int
gateway_job(const struct gateway_call *c, const char *endpoint,
    struct job **out, struct error *err)
{
	const struct service *service = c->g->service;
	const struct conf_endpoint *e = conf_endpoint(service->conf, endpoint);
	struct members m;
	struct job *job;

	if (check_endpoint(endpoint, err) == -1 ||
	    read_members(http_headers(c->x), &m, err) == -1)
		return -1;
	m.in.endpoint = endpoint;
	job = job_new();
	fill(c, &m, e, &job->spec);
	if (choose_region(c, &job->spec, e, err) == -1) {
		job_free(job);
		return -1;
	}
	*out = job;
	return 0;
}

/* --- the key --------------------------------------------------------- */

/* Its length goes first: no two lists of texts read the same. */
static void
digest_text(struct hash *h, const char *s)
{
	char head[32];

	snprintf(head, sizeof(head), "%zu:", strlen(s));
	hash_update(h, head, strlen(head));
	hash_update(h, s, strlen(s));
}

static void
digest_members(struct hash *h, const struct headers *headers)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		char *field = xasprintf(PREFIX "%s", table[i].field);
		const char *value = headers_get(headers, field);

		digest_text(h, value != NULL ? "+" : "-");
		digest_text(h, value != NULL ? value : "");
		free(field);
	}
}

char *
gateway_key(const struct gateway_call *c, const char *digest)
{
	const struct headers *headers = http_headers(c->x);
	const char *id = headers_get(headers, "amz-sdk-invocation-id");
	unsigned char raw[HASH_SHA256_SIZE];
	char hex[HASH_SHA256_HEX_SIZE];
	struct hash *h;

	if (str_empty(id) || strlen(id) > INVOCATION_ID_MAX ||
	    headers_count(headers, "amz-sdk-invocation-id") != 1)
		return NULL;
	h = hash_new(HASH_SHA256);
	digest_text(h, c->claim.access_key);
	digest_text(h, id);
	digest_text(h, c->claim.region);
	digest_text(h, http_path(c->x));
	digest_members(h, headers);
	digest_text(h, digest);
	hash_final(h, raw);
	hash_free(h);
	encode_hex(raw, sizeof(raw), hex);
	/* The API takes printable characters alone: no key of it is this. */
	return xasprintf("gateway\t%s", hex);
}
