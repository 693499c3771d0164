/* SPDX-License-Identifier: Apache-2.0 */
/* Events of S3, read as hints: which objects there are now. */
#include "aws/s3event.h"

#include <stdlib.h>
#include <string.h>

#include "aws/s3uri.h"
#include "base/encode.h"
#include "base/mem.h"
#include "base/str.h"

static int
senseless(struct error *err, const char *what)
{
	return err_set(err, ERR_PROTOCOL, "an S3 event %s", what);
}

static bool
says(const struct json *obj, const char *key, const char *wanted)
{
	const char *value = json_get_str(obj, key);

	return value != NULL && str_eq(value, wanted);
}

/* --- one object ----------------------------------------------------- */

/* As a form has it: '+' is a blank, %XX a byte. */
static char *
decode_key(const char *encoded)
{
	char *blanks = xstrdup(encoded), *s;
	struct buf b;
	int rc;

	for (s = blanks; *s != '\0'; s++) {
		if (*s == '+')
			*s = ' ';
	}
	buf_init(&b, strlen(blanks));
	rc = decode_uri(&b, blanks, strlen(blanks));
	/* A NUL would cut it, and name another object. */
	if (rc == 0 && memchr(b.data, '\0', b.len) != NULL)
		rc = -1;
	s = rc == 0 ? buf_take(&b) : NULL;
	buf_done(&b);
	free(blanks);
	return s;
}

/* S3 allows keys that no s3:// location of ours can say: no job waits there. */
static void
add_object(struct s3event *e, const char *bucket, const char *key)
{
	char *uri = xasprintf("s3://%s/%s", bucket, key);
	struct error ignored;
	char *b, *k;

	if (s3_bucket_kind(bucket) == S3_BUCKET_BAD ||
	    s3_uri_parse(uri, 0, &b, &k, &ignored) == -1) {
		e->others++;
		free(uri);
		return;
	}
	free(b);
	free(k);
	e->created[e->n++] = uri;
}

/* "s3" of a record and "detail" of EventBridge name the two alike. */
static int
read_object(const struct json *in, bool is_encoded, struct s3event *e,
    struct error *err)
{
	const char *bucket = json_get_str(json_get(in, "bucket"), "name");
	const char *key = json_get_str(json_get(in, "object"), "key");
	char *decoded = NULL;

	if (str_empty(bucket) || str_empty(key))
		return senseless(err, "names no object");
	if (is_encoded) {
		decoded = decode_key(key);
		if (decoded == NULL)
			return senseless(err, "has a key that is not encoded");
		key = decoded;
	}
	add_object(e, bucket, key);
	free(decoded);
	return 0;
}

/* --- S3's own form -------------------------------------------------- */

static bool
is_ours(const struct json *record)
{
	return says(record, "eventSource", "aws:s3");
}

static int
read_record(const struct json *record, struct s3event *e, struct error *err)
{
	const char *version = json_get_str(record, "eventVersion");
	const char *name = json_get_str(record, "eventName");

	if (!is_ours(record)) {
		e->others++;
		return 0;
	}
	/* "The major version changes when fields no longer mean the same." */
	if (version == NULL || !str_starts(version, "2."))
		return senseless(err, "has an unknown version");
	if (name == NULL)
		return senseless(err, "has no name");
	if (!str_starts(name, "ObjectCreated:")) {
		e->others++;
		return 0;
	}
	return read_object(json_get(record, "s3"), true, e, err);
}

static int
read_records(const struct json *records, struct s3event *e, struct error *err)
{
	const struct json *r;
	size_t n = 0, ours = 0;

	for (r = json_first(records); r != NULL; r = json_next(r)) {
		n++;
		ours += is_ours(r);
	}
	if (!json_is_array(records) || ours == 0)
		return err_set(
		    err, ERR_NOT_FOUND, "these are no records of S3");
	if (n > S3EVENT_RECORDS_MAX)
		return senseless(err, "has too many records");
	e->created = xcalloc(n, sizeof(*e->created));
	for (r = json_first(records); r != NULL; r = json_next(r)) {
		if (read_record(r, e, err) == -1)
			return -1;
	}
	return 0;
}

/* --- the others ----------------------------------------------------- */

/* What S3 sends when notifications are set up. */
static bool
is_test(const struct json *doc)
{
	return says(doc, "Event", "s3:TestEvent") &&
	    says(doc, "Service", "Amazon S3");
}

/* Keys are as they are there. */
static int
read_eventbridge(const struct json *doc, struct s3event *e, struct error *err)
{
	if (!says(doc, "detail-type", "Object Created")) {
		e->others++;
		return 0;
	}
	e->created = xcalloc(1, sizeof(*e->created));
	return read_object(json_get(doc, "detail"), false, e, err);
}

int
s3event_read(const struct json *doc, struct s3event *out, struct error *err)
{
	struct s3event e = {0};
	int rc = 0;

	if (json_get(doc, "Records") != NULL)
		rc = read_records(json_get(doc, "Records"), &e, err);
	else if (is_test(doc))
		e.is_test = true;
	else if (says(doc, "source", "aws.s3"))
		rc = read_eventbridge(doc, &e, err);
	else
		rc = err_set(err, ERR_NOT_FOUND, "this is no event of S3");
	if (rc == 0)
		*out = e;
	else
		s3event_done(&e);
	return rc;
}

void
s3event_done(struct s3event *e)
{
	size_t i;

	for (i = 0; i < e->n; i++)
		free(e->created[i]);
	free(e->created);
	memset(e, 0, sizeof(*e));
}
