/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks, for what, and which verb it is. */
#include "local/s3.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "local/s3answer.h"
#include "local/s3cond.h"
#include "local/s3list.h"
#include "local/s3put.h"
#include "local/s3target.h"

#define LIST_MAX (32 * 1024 * 1024)

static void
internal_error(struct call *c, const struct error *err)
{
	log_begin(LOG_ERROR, "s3");
	log_str("request", c->request_id);
	log_err(err);
	log_end();
	s3answer_code(c, "InternalError");
}

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

/* --- replies after a commit ----------------------------------------- */

struct waiting {
	struct call *call; /* NULL: the client has left */
	int status;
	char *location; /* or NULL */
};

static void
on_gone(void *arg)
{
	struct waiting *w = arg;

	w->call = NULL;
}

static void
on_commit(const struct error *err, void *arg)
{
	struct waiting *w = arg;
	struct headers h;

	if (w->call != NULL) {
		call_on_gone(w->call, NULL, NULL);
		if (err != NULL) {
			internal_error(w->call, err);
		} else {
			s3answer_headers(w->call, &h);
			if (w->location != NULL)
				headers_add(&h, "Location", w->location);
			call_reply(w->call, w->status, &h, NULL, 0);
			headers_done(&h);
		}
	}
	free(w->location);
	free(w);
}

static struct waiting *
wait_for_commit(struct call *c, int status)
{
	struct waiting *w = xcalloc(1, sizeof(*w));

	w->call = c;
	w->status = status;
	call_on_gone(c, on_gone, w);
	return w;
}

/* --- objects -------------------------------------------------------- */

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

static void
send_beyond(struct call *c, const struct db_object *o)
{
	char size[32];
	struct s3answer_error e = {
	    .code = "InvalidRange",
	    .detail = {"RangeRequested",
		headers_get(http_headers(c->x), "range"), "ActualObjectSize",
		size},
	};

	snprintf(size, sizeof(size), "%lld", (long long)o->size);
	s3answer_error(c, &e);
}

/* Takes fd. */
static void
send_object(struct call *c, const struct db_object *o, int take_fd)
{
	const struct headers *in = http_headers(c->x);
	const char *mode = headers_get(in, "x-amz-checksum-mode");
	int64_t offset = 0, len = o->size;
	enum s3cond_range range;
	struct headers h;

	/* A part of another version than the one meant is of no use. */
	range = s3cond_parse_range(
	    s3cond_range_meant(headers_get(in, "if-range"), o->etag)
		? headers_get(in, "range")
		: NULL,
	    o->size, &offset, &len);
	if (range == S3COND_BEYOND) {
		close(take_fd);
		send_beyond(c, o);
		return;
	}
	describe(c, o, &h);
	add_stored_headers(&h, o->headers);
	if (range == S3COND_PART)
		headers_addf(&h, "Content-Range", "bytes %lld-%lld/%lld",
		    (long long)offset, (long long)(offset + len - 1),
		    (long long)o->size);
	else if (mode != NULL && str_ieq(mode, "ENABLED"))
		add_checksum(&h, o->checksum);
	if (str_eq(http_method(c->x), "HEAD")) {
		close(take_fd);
		call_reply_head(c, range == S3COND_PART ? 206 : 200, &h, len);
	} else
		call_reply_file(c, range == S3COND_PART ? 206 : 200, &h,
		    take_fd, offset, len);
	headers_done(&h);
}

static void
send_if_asked(struct call *c, const struct db_object *o, int take_fd)
{
	int status = s3cond_check(http_headers(c->x), o->etag, o->modified_at);
	struct headers h;

	if (status == 200) {
		send_object(c, o, take_fd);
		return;
	}
	close(take_fd);
	if (status == 412) {
		s3answer_code(c, "PreconditionFailed");
		return;
	}
	describe(c, o, &h);
	call_reply_head(c, 304, &h, -1);
	headers_done(&h);
}

static void
get_object(struct s3 *s, struct call *c, const struct s3target *t)
{
	struct db_object o = {0};
	struct error err;
	int fd, rc;

	rc = objects_open(s->objects, t->bucket, t->key, &o, &fd, &err);
	if (rc == -1)
		internal_error(c, &err);
	else if (rc == 0)
		missing_key(c, t->key);
	else
		send_if_asked(c, &o, fd);
	db_object_done(&o);
}

static void
delete_object(struct s3 *s, struct call *c, const struct s3target *t)
{
	struct waiting *w;
	struct error err;

	if (headers_get(http_headers(c->x), "if-match") != NULL) {
		s3answer_text(c, "NotImplemented",
		    "Deleting under a condition is not implemented.");
		return;
	}
	w = wait_for_commit(c, 204);
	if (objects_delete(s->objects, t->bucket, t->key, on_commit, w, &err) ==
	    -1)
		on_commit(&err, w);
}

static void
object_request(struct s3 *s, struct call *c, const struct s3target *t)
{
	const char *method = http_method(c->x);

	if (str_eq(method, "GET") || str_eq(method, "HEAD"))
		get_object(s, c, t);
	else if (str_eq(method, "PUT"))
		s3put_start(s, c, t->bucket, t->key);
	else if (str_eq(method, "DELETE"))
		delete_object(s, c, t);
	else
		s3answer_code(c, "MethodNotAllowed");
}

/* --- buckets -------------------------------------------------------- */

static void
create_bucket(struct s3 *s, struct call *c, const struct s3target *t)
{
	struct waiting *w = wait_for_commit(c, 200);
	struct error err;

	w->location = xasprintf("/%s", t->bucket);
	if (db_bucket_add(s->db, t->bucket, &err) == -1)
		on_commit(&err, w);
	else
		db_on_commit(s->db, on_commit, w);
}

static void
head_bucket(struct s3 *s, struct call *c)
{
	struct headers h;

	s3answer_headers(c, &h);
	headers_add(&h, "x-amz-bucket-region", s->auth->region);
	call_reply_head(c, 200, &h, 0);
	headers_done(&h);
}

struct list_arg {
	struct db *db;
	const char *bucket;
};

static int
list_seek(void *arg, const char *from, size_t len, struct error *err)
{
	const struct list_arg *a = arg;

	return db_list_seek(a->db, a->bucket, from, len, err);
}

static int
list_next(void *arg, struct db_entry *out, struct error *err)
{
	const struct list_arg *a = arg;

	return db_list_next(a->db, out, err);
}

static void
list_objects(struct s3 *s, struct call *c, const struct s3target *t)
{
	struct list_arg arg = {s->db, t->bucket};
	struct s3list_source source = {list_seek, list_next, &arg};
	struct error err = {0};
	struct s3list list;
	struct headers h;
	struct buf page;

	buf_init(&page, LIST_MAX);
	if (s3list_parse(t, &list, &err) == -1 ||
	    s3list_write(&list, &source, &page, &err) == -1) {
		if (err.remote_code[0] != '\0')
			s3answer_text(c, err.remote_code, err.text);
		else
			internal_error(c, &err);
	} else {
		s3answer_headers(c, &h);
		headers_add(&h, "Content-Type", "application/xml");
		call_reply(c, 200, &h, page.data, page.len);
		headers_done(&h);
	}
	db_list_end(s->db);
	buf_done(&page);
}

static void
bucket_request(struct s3 *s, struct call *c, const struct s3target *t)
{
	const char *method = http_method(c->x);
	const char *type = s3target_param(t, "list-type");

	if (!c->claim.user->list)
		s3answer_code(c, "AccessDenied");
	else if (str_eq(method, "HEAD"))
		head_bucket(s, c);
	else if (!str_eq(method, "GET"))
		s3answer_code(c, "MethodNotAllowed");
	else if (type != NULL && str_eq(type, "2"))
		list_objects(s, c, t);
	else
		s3answer_text(c, "NotImplemented",
		    "Of the listings only ListObjectsV2 is implemented: send "
		    "list-type=2.");
}

/* --- all of it ------------------------------------------------------ */

static bool
names_subresource(const struct s3target *t)
{
	static const char *const names[] = {"accelerate", "acl", "analytics",
	    "attributes", "cors", "delete", "encryption", "intelligent-tiering",
	    "inventory", "legal-hold", "lifecycle", "location", "logging",
	    "metrics", "notification", "object-lock", "ownershipControls",
	    "partNumber", "policy", "policyStatus", "publicAccessBlock",
	    "renameObject", "replication", "requestPayment", "restore",
	    "retention", "select", "session", "tagging", "torrent", "uploadId",
	    "uploads", "versionId", "versioning", "versions", "website"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		if (s3target_param(t, names[i]) != NULL)
			return true;
	}
	return false;
}

static void
dispatch(struct s3 *s, struct call *c, const struct s3target *t)
{
	bool creates = t->key == NULL && str_eq(http_method(c->x), "PUT");
	struct s3answer_error e = {
	    .code = "NoSuchBucket",
	    .detail = {"BucketName", t->bucket},
	};
	struct error err;
	int rc;

	if (t->bucket == NULL || names_subresource(t)) {
		s3answer_code(c, "NotImplemented");
		return;
	}
	if (creates) {
		create_bucket(s, c, t);
		return;
	}
	rc = db_bucket_has(s->db, t->bucket, &err);
	if (rc == -1)
		internal_error(c, &err);
	else if (rc == 0)
		s3answer_error(c, &e);
	else if (t->key != NULL)
		object_request(s, c, t);
	else
		bucket_request(s, c, t);
}

/* AUTH_OK, or the call is answered. */
static enum auth_verdict
authenticate(struct s3 *s, struct call *c)
{
	const struct headers *h = http_headers(c->x);
	struct auth_request r = {
	    .method = http_method(c->x),
	    .path = http_path(c->x),
	    .query = http_query(c->x),
	    .headers = h,
	    .payload_hash = headers_get(h, "x-amz-content-sha256"),
	};
	enum auth_verdict verdict =
	    auth_admit(s->auth, "s3", h, call_now(c), &c->claim);

	if (verdict == AUTH_OK && r.payload_hash == NULL) {
		s3answer_text(c, "InvalidRequest",
		    "Missing required header for this request: "
		    "x-amz-content-sha256");
		return AUTH_MALFORMED;
	}
	if (verdict == AUTH_OK)
		verdict = auth_verify(&c->claim, &r);
	if (verdict != AUTH_OK)
		s3answer_auth(c, verdict, s->auth->region);
	return verdict;
}

/* NULL: none that has a name here. */
static const char *
operation_of(const char *method, const struct s3target *t)
{
	static const struct {
		const char *method;
		const char *object;
		const char *bucket;
	} table[] = {
	    {"GET", "GetObject", "ListObjectsV2"},
	    {"HEAD", "HeadObject", "HeadBucket"},
	    {"PUT", "PutObject", "CreateBucket"},
	    {"DELETE", "DeleteObject", NULL},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		if (str_eq(table[i].method, method) && !names_subresource(t))
			return t->key != NULL ? table[i].object
					      : table[i].bucket;
	}
	return NULL;
}

static void
say_what_about(struct call *c, const struct s3target *t)
{
	struct fault_subject about = {
	    .operation = operation_of(http_method(c->x), t),
	    .bucket = t->bucket,
	    .key = t->key,
	};

	call_about(c, &about);
}

void
s3_request(struct s3 *s, struct call *c)
{
	const char *host = headers_get(http_headers(c->x), "host");
	struct error err = {0};
	struct s3target t;
	int rc = s3target_parse(http_path(c->x), http_query(c->x),
	    host != NULL ? host : "", s->host, &t, &err);

	if (rc == 0)
		say_what_about(c, &t);
	if (authenticate(s, c) == AUTH_OK) {
		if (rc == -1)
			s3answer_text(c, err.remote_code, err.text);
		else if (!call_struck(c, &s3answer_words))
			dispatch(s, c, &t);
	}
	if (rc == 0)
		s3target_done(&t);
}
