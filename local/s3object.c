/* SPDX-License-Identifier: Apache-2.0 */
/* What an object is answered with, whole, in part, or not at all. */
#include "local/s3object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "local/s3answer.h"
#include "local/s3cond.h"
#include "local/s3wait.h"

#define PARTS_MAX 10000

/* What a GET is to send, once it is known. */
struct piece {
	int status; /* 200 or 206 */
	int64_t offset;
	int64_t len;
};

/* Who may not list must not learn that a key is missing. */
static void
missing_key(struct call *c, const char *key)
{
	struct s3answer_error e = {
	    .code = "NoSuchKey",
	    .detail = {"Key", key},
	};

	if (c->claim.user->list &&
	    call_fault(c, FAULT_FORBIDDEN_FOR_MISSING) == NULL)
		s3answer_error(c, &e);
	else
		s3answer_code(c, "AccessDenied");
}

/* "Name: value\n"... as they were put. */
static void
add_stored_headers(struct headers *h, const char *lines)
{
	while (*lines != '\0') {
		size_t n = strcspn(lines, "\n");
		char *line = xstrndup(lines, n), *sep = strstr(line, ": ");

		if (sep != NULL) {
			*sep = '\0';
			headers_add(h, line, sep + 2);
		}
		free(line);
		lines += n;
		lines += *lines == '\n';
	}
}

static void
add_checksum(struct headers *h, const char *checksum)
{
	const char *eq = strchr(checksum, '=');
	char *name;

	if (eq == NULL)
		return;
	name = xasprintf("x-amz-checksum-%.*s", (int)(eq - checksum), checksum);
	headers_add(h, name, eq + 1);
	headers_add(h, "x-amz-checksum-type", "FULL_OBJECT");
	free(name);
}

static void
describe(struct call *c, const struct db_object *o, struct headers *h)
{
	char date[TIMEFMT_HTTP_SIZE];

	s3answer_headers(c, h);
	timefmt_http(o->modified_at, date);
	headers_add(h, "Last-Modified", date);
	s3answer_etag(c, h, o->etag);
	headers_add(h, "Accept-Ranges", "bytes");
}

/* --- the part that is asked for ------------------------------------- */

static void
send_beyond(struct call *c, const struct db_object *o, const char *range)
{
	char size[32];
	struct s3answer_error e = {
	    .code = "InvalidRange",
	    .detail = {"RangeRequested", range, "ActualObjectSize", size},
	};

	snprintf(size, sizeof(size), "%lld", (long long)o->size);
	s3answer_error(c, &e);
}

/* What was not uploaded in parts is one. */
static int
take_part(struct call *c, const char *part, const struct db_object *o,
    struct piece *out)
{
	struct s3answer_error e = {
	    .code = "InvalidPartNumber",
	    .detail = {"ActualPartCount", "1", "PartNumberRequested", part},
	};
	int64_t number;

	if (str_to_i64(part, 1, PARTS_MAX, &number) == -1) {
		s3answer_text(c, "InvalidArgument",
		    "Part number must be an integer between 1 and 10000, "
		    "inclusive");
		return -1;
	}
	if (number != 1) {
		s3answer_error(c, &e);
		return -1;
	}
	/* No range can name the whole of nothing. */
	out->status = o->size > 0 ? 206 : 200;
	return 0;
}

/* 0, or -1 where the call is answered. */
static int
take_piece(struct call *c, const struct s3target *t, const struct db_object *o,
    struct piece *out)
{
	const char *range = headers_get(&t->fields, "range");
	const char *if_range = headers_get(&t->fields, "if-range");
	const char *part = s3target_param(t, "partNumber");

	*out = (struct piece){200, 0, o->size};
	if (part != NULL && range != NULL) {
		s3answer_text(c, "InvalidRequest",
		    "Cannot specify both Range header and partNumber query "
		    "parameter");
		return -1;
	}
	if (part != NULL)
		return take_part(c, part, o, out);
	/* A part of another version than the one meant is of no use. */
	if (!s3cond_range_meant(if_range, o->etag))
		range = NULL;
	switch (s3cond_parse_range(range, o->size, &out->offset, &out->len)) {
	case S3COND_WHOLE:
		return 0;
	case S3COND_PART:
		out->status = 206;
		return 0;
	case S3COND_BEYOND:
		break;
	}
	send_beyond(c, o, range);
	return -1;
}

/* --- GET and HEAD --------------------------------------------------- */

static const struct {
	const char *param;
	const char *header;
} overrides[] = {
    {"response-cache-control", "Cache-Control"},
    {"response-content-disposition", "Content-Disposition"},
    {"response-content-encoding", "Content-Encoding"},
    {"response-content-language", "Content-Language"},
    {"response-content-type", "Content-Type"},
    {"response-expires", "Expires"},
};

/* 0, or -1 where the call is answered. */
static int
check_overrides(struct call *c, const struct s3target *t)
{
	struct s3answer_error e = {
	    .code = "InvalidArgument",
	    .message = "A header cannot hold this value.",
	};
	const char *value;
	size_t i;

	for (i = 0; i < ARRAY_LEN(overrides); i++) {
		value = s3target_param(t, overrides[i].param);
		if (value == NULL || header_value_ok(value))
			continue;
		e.detail[0] = "ArgumentName";
		e.detail[1] = overrides[i].param;
		s3answer_error(c, &e);
		return -1;
	}
	return 0;
}

static void
override(struct headers *h, const struct s3target *t)
{
	const char *value;
	size_t i;

	for (i = 0; i < ARRAY_LEN(overrides); i++) {
		value = s3target_param(t, overrides[i].param);
		if (value != NULL)
			headers_set(h, overrides[i].header, value);
	}
}

/* Takes fd. */
static void
send_object(struct call *c, const struct s3target *t, const struct db_object *o,
    int take_fd)
{
	const char *mode = headers_get(&t->fields, "x-amz-checksum-mode");
	struct piece piece;
	struct headers h;

	if (take_piece(c, t, o, &piece) == -1) {
		close(take_fd);
		return;
	}
	describe(c, o, &h);
	add_stored_headers(&h, o->headers);
	override(&h, t);
	if (piece.status == 206)
		headers_addf(&h, "Content-Range", "bytes %lld-%lld/%lld",
		    (long long)piece.offset,
		    (long long)(piece.offset + piece.len - 1),
		    (long long)o->size);
	if (piece.len == o->size && mode != NULL && str_ieq(mode, "ENABLED"))
		add_checksum(&h, o->checksum);
	if (str_eq(http_method(c->x), "HEAD")) {
		close(take_fd);
		call_reply_head(c, piece.status, &h, piece.len);
	} else
		call_reply_file(
		    c, piece.status, &h, take_fd, piece.offset, piece.len);
	headers_done(&h);
}

static void
send_condition(struct call *c, const char *name)
{
	struct s3answer_error e = {
	    .code = "PreconditionFailed",
	    .detail = {"Condition", name},
	};

	s3answer_error(c, &e);
}

static void
send_if_asked(struct call *c, const struct s3target *t,
    const struct db_object *o, int take_fd)
{
	int status = s3cond_check(&t->fields, o->etag, o->modified_at);
	bool match = headers_get(&t->fields, "if-match") != NULL;
	struct headers h;

	if (status == 200) {
		send_object(c, t, o, take_fd);
		return;
	}
	close(take_fd);
	if (status == 412) {
		send_condition(c, match ? "If-Match" : "If-Unmodified-Since");
		return;
	}
	describe(c, o, &h);
	call_reply_head(c, 304, &h, -1);
	headers_done(&h);
}

void
s3object_get(struct s3 *s, struct call *c, const struct s3target *t)
{
	struct db_object o = {0};
	struct error err;
	int fd, rc;

	if (check_overrides(c, t) == -1)
		return;
	rc = objects_open(s->objects, t->bucket, t->key, &o, &fd, &err);
	if (rc == -1)
		s3answer_internal(c, &err);
	else if (rc == 0)
		missing_key(c, t->key);
	else
		send_if_asked(c, t, &o, fd);
	db_object_done(&o);
}

/* --- DELETE --------------------------------------------------------- */

/* 0 to go on, or -1 where the call is answered. */
static int
check_match(struct s3 *s, struct call *c, const struct s3target *t)
{
	const char *match = headers_get(&t->fields, "if-match");
	struct error err;
	char *etag;
	int rc;

	if (match == NULL)
		return 0;
	etag = s3cond_bare(match);
	rc = objects_matches(s->objects, t->bucket, t->key, etag, &err);
	free(etag);
	if (rc == 1)
		return 0;
	if (rc == 0)
		send_condition(c, "If-Match");
	else if (err.code == ERR_NOT_FOUND)
		missing_key(c, t->key);
	else
		s3answer_internal(c, &err);
	return -1;
}

void
s3object_delete(struct s3 *s, struct call *c, const struct s3target *t)
{
	struct s3wait *w;
	struct error err;

	if (headers_get(&t->fields, "x-amz-if-match-last-modified-time") !=
		NULL ||
	    headers_get(&t->fields, "x-amz-if-match-size") != NULL) {
		s3answer_text(c, "NotImplemented",
		    "Of the conditions only If-Match is implemented.");
		return;
	}
	if (check_match(s, c, t) == -1)
		return;
	w = s3wait_new(c, 204);
	if (objects_delete(
		s->objects, t->bucket, t->key, s3wait_committed, w, &err) == -1)
		s3wait_committed(&err, w);
}
