/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks, for what, and which verb it is. */
#include "local/s3.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "local/s3answer.h"
#include "local/s3body.h"
#include "local/s3bucket.h"
#include "local/s3delete.h"
#include "local/s3digest.h"
#include "local/s3events.h"
#include "local/s3object.h"
#include "local/s3put.h"
#include "local/s3target.h"

/* --- which verb it is ----------------------------------------------- */

enum verb {
	GET_OBJECT,
	HEAD_OBJECT,
	PUT_OBJECT,
	DELETE_OBJECT,
	DELETE_OBJECTS,
	LIST_OBJECTS,
	GET_LOCATION,
	GET_NOTIFICATION,
	PUT_NOTIFICATION,
	HEAD_BUCKET,
	CREATE_BUCKET,
	LIST_BUCKETS,
	VERBS,
	NO_VERB = VERBS, /* not implemented */
	NO_METHOD, /* not allowed */
	MULTIPART,
};

/* As faults and logs name them. */
static const char *const verb_names[VERBS] = {
    [GET_OBJECT] = "GetObject",
    [HEAD_OBJECT] = "HeadObject",
    [PUT_OBJECT] = "PutObject",
    [DELETE_OBJECT] = "DeleteObject",
    [DELETE_OBJECTS] = "DeleteObjects",
    [LIST_OBJECTS] = "ListObjectsV2",
    [GET_LOCATION] = "GetBucketLocation",
    [GET_NOTIFICATION] = "GetBucketNotificationConfiguration",
    [PUT_NOTIFICATION] = "PutBucketNotificationConfiguration",
    [HEAD_BUCKET] = "HeadBucket",
    [CREATE_BUCKET] = "CreateBucket",
    [LIST_BUCKETS] = "ListBuckets",
};

static bool
names_subresource(const struct s3target *t)
{
	static const char *const names[] = {"accelerate", "acl", "analytics",
	    "attributes", "cors", "delete", "encryption", "intelligent-tiering",
	    "inventory", "legal-hold", "lifecycle", "location", "logging",
	    "metadataTable", "metrics", "notification", "object-lock",
	    "ownershipControls", "policy", "policyStatus", "publicAccessBlock",
	    "renameObject", "replication", "requestPayment", "restore",
	    "retention", "select", "session", "tagging", "torrent",
	    "versioning", "versions", "website"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		if (s3target_param(t, names[i]) != NULL)
			return true;
	}
	return false;
}

static enum verb
verb_of_object(const char *method)
{
	static const struct {
		const char *method;
		enum verb verb;
	} table[] = {
	    {"GET", GET_OBJECT},
	    {"HEAD", HEAD_OBJECT},
	    {"PUT", PUT_OBJECT},
	    {"DELETE", DELETE_OBJECT},
	    {"POST", NO_VERB},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		if (str_eq(table[i].method, method))
			return table[i].verb;
	}
	return NO_METHOD;
}

static enum verb
verb_of_bucket(const struct s3target *t, const char *method)
{
	const char *type = s3target_param(t, "list-type");

	if (str_eq(method, "HEAD"))
		return HEAD_BUCKET;
	if (str_eq(method, "PUT"))
		return CREATE_BUCKET;
	if (str_eq(method, "GET"))
		return type != NULL && str_eq(type, "2") ? LIST_OBJECTS
							 : NO_VERB;
	return str_eq(method, "DELETE") || str_eq(method, "POST") ? NO_VERB
								  : NO_METHOD;
}

static enum verb
verb_of(const struct s3target *t, const char *method)
{
	bool part = s3target_param(t, "partNumber") != NULL;
	bool reads = str_eq(method, "GET") || str_eq(method, "HEAD");

	if (s3target_param(t, "uploads") != NULL ||
	    s3target_param(t, "uploadId") != NULL || (part && !reads))
		return MULTIPART;
	if (t->bucket == NULL)
		return str_eq(method, "GET") ? LIST_BUCKETS : NO_METHOD;
	if (t->key == NULL && str_eq(method, "POST") &&
	    s3target_param(t, "delete") != NULL)
		return DELETE_OBJECTS;
	if (t->key == NULL && str_eq(method, "GET") &&
	    s3target_param(t, "location") != NULL)
		return GET_LOCATION;
	if (t->key == NULL && s3target_param(t, "notification") != NULL &&
	    (str_eq(method, "GET") || str_eq(method, "PUT")))
		return str_eq(method, "GET") ? GET_NOTIFICATION
					     : PUT_NOTIFICATION;
	if (names_subresource(t))
		return NO_VERB;
	return t->key != NULL ? verb_of_object(method)
			      : verb_of_bucket(t, method);
}

/* --- what holds for all of them ------------------------------------- */

/* 0 to go on, or -1 where the call is answered. */
static int
check_owner(struct s3 *s, struct call *c, const struct s3target *t)
{
	const char *owner =
	    headers_get(&t->fields, "x-amz-expected-bucket-owner");

	if (owner == NULL || str_eq(owner, s->account))
		return 0;
	s3answer_code(c,
	    strlen(owner) == 12 && strspn(owner, "0123456789") == 12
		? "AccessDenied"
		: "InvalidBucketOwnerAWSAccountID");
	return -1;
}

/* There is one version of each object. */
static int
check_version(struct call *c, const struct s3target *t)
{
	struct s3answer_error e = {
	    .code = "InvalidArgument",
	    .message = "Invalid version id specified",
	    .detail = {"ArgumentName", "versionId"},
	};
	const char *version = s3target_param(t, "versionId");

	if (version == NULL || str_eq(version, "null"))
		return 0;
	s3answer_error(c, &e);
	return -1;
}

/* Of a request without a body; what was signed is not what is there. */
static int
check_no_body(struct call *c, const struct s3target *t)
{
	const char *hash = headers_get(&t->fields, "x-amz-content-sha256");

	if (hash == NULL || http_content_length(c->x) != 0 ||
	    str_eq(hash, SIGV4_UNSIGNED_PAYLOAD) ||
	    str_eq(hash, SIGV4_EMPTY_SHA256))
		return 0;
	if (s3digest_hash_ok(hash))
		s3answer_code(c, "XAmzContentSHA256Mismatch");
	else
		s3answer_text(c, "InvalidArgument", S3DIGEST_HASH_WRONG);
	return -1;
}

/* 0 to go on, or -1 where the call is answered. */
static int
check_bucket(struct s3 *s, struct call *c, const struct s3target *t)
{
	struct s3answer_error e = {
	    .code = "NoSuchBucket",
	    .detail = {"BucketName", t->bucket},
	};
	struct error err;
	int rc = db_bucket_has(s->db, t->bucket, &err);

	if (rc == 1)
		return 0;
	if (rc == -1)
		s3answer_internal(c, &err);
	else
		s3answer_error(c, &e);
	return -1;
}

/* --- dispatch ------------------------------------------------------- */

static void
refuse_verb(struct call *c, const struct s3target *t, enum verb verb)
{
	if (verb == NO_METHOD)
		s3answer_code(c, "MethodNotAllowed");
	else if (verb == MULTIPART)
		s3answer_text(c, "NotImplemented",
		    "Multipart uploads are not implemented: set your client's "
		    "multipart threshold above the size of what it uploads.");
	else if (t->bucket != NULL && t->key == NULL && !names_subresource(t) &&
	    str_eq(http_method(c->x), "GET"))
		s3answer_text(c, "NotImplemented",
		    "Of the listings only ListObjectsV2 is implemented: send "
		    "list-type=2.");
	else
		s3answer_code(c, "NotImplemented");
}

static void
run_bucket(
    struct s3 *s, struct call *c, const struct s3target *t, enum verb verb)
{
	if (verb == DELETE_OBJECTS)
		s3body_take(s, c, t, true, s3delete_run);
	else if (verb == GET_LOCATION)
		s3bucket_location(s, c);
	else if (verb == PUT_NOTIFICATION)
		s3body_take(s, c, t, false, s3events_put);
	else if (verb == GET_NOTIFICATION)
		s3events_get(s, c, t->bucket);
	else if (!c->claim.user->list)
		s3answer_code(c, "AccessDenied");
	else if (verb == HEAD_BUCKET)
		s3bucket_head(s, c);
	else if (call_fault(c, FAULT_FORBIDDEN_FOR_MISSING) != NULL)
		s3answer_code(c, "AccessDenied");
	else
		s3bucket_objects(s, c, t);
}

static void
dispatch(struct s3 *s, struct call *c, const struct s3target *t)
{
	enum verb verb = verb_of(t, http_method(c->x));
	bool has_body = verb == PUT_OBJECT || verb == CREATE_BUCKET ||
	    verb == DELETE_OBJECTS || verb == PUT_NOTIFICATION;

	if (verb >= VERBS) {
		refuse_verb(c, t, verb);
		return;
	}
	if (check_owner(s, c, t) == -1 || check_version(c, t) == -1 ||
	    (!has_body && check_no_body(c, t) == -1))
		return;
	if (verb == CREATE_BUCKET)
		s3bucket_create(s, c, t);
	else if (verb == LIST_BUCKETS)
		s3bucket_list(s, c, t);
	else if (check_bucket(s, c, t) == -1)
		return;
	else if (verb == GET_OBJECT || verb == HEAD_OBJECT)
		s3object_get(s, c, t);
	else if (verb == PUT_OBJECT)
		s3put_start(s, c, t);
	else if (verb == DELETE_OBJECT)
		s3object_delete(s, c, t);
	else
		run_bucket(s, c, t, verb);
}

/* --- who asks ------------------------------------------------------- */

/* SIGV4_OK, or the call is answered. */
static enum sigv4_verdict
authenticate(struct s3 *s, struct call *c, const struct s3target *t)
{
	const struct headers *h = http_headers(c->x);
	struct sigv4_received r = {
	    .method = http_method(c->x),
	    .path = http_path(c->x),
	    .query = http_query(c->x),
	    .headers = h,
	    .payload_hash = headers_get(&t->fields, "x-amz-content-sha256"),
	};
	enum sigv4_verdict verdict =
	    sigv4_admit(s->auth, "s3", h, call_now(c), &c->claim);

	if (r.payload_hash == NULL && c->claim.form == SIGV4_FORM_QUERY)
		r.payload_hash = SIGV4_UNSIGNED_PAYLOAD;
	if (verdict == SIGV4_OK && r.payload_hash == NULL) {
		s3answer_text(c, "InvalidRequest",
		    "Missing required header for this request: "
		    "x-amz-content-sha256");
		return SIGV4_MALFORMED;
	}
	if (verdict == SIGV4_OK)
		verdict = sigv4_verify(&c->claim, &r);
	if (verdict != SIGV4_OK)
		s3answer_auth(c, verdict, s->auth->region);
	return verdict;
}

static void
say_what_about(struct call *c, const struct s3target *t)
{
	enum verb verb = verb_of(t, http_method(c->x));
	struct fault_subject about = {
	    .operation = verb < VERBS ? verb_names[verb] : NULL,
	    .bucket = t->bucket,
	    .key = t->key,
	};

	call_about(c, &about);
}

void
s3_request(struct s3 *s, struct call *c)
{
	const char *host = headers_get(http_headers(c->x), "host");
	struct s3target t = {0};
	struct error err = {0};
	int rc = s3target_parse(http_path(c->x), http_query(c->x),
	    host != NULL ? host : "", s->host, &t, &err);

	s3target_hear(
	    &t, http_headers(c->x), c->claim.form == SIGV4_FORM_QUERY);
	if (rc == 0)
		say_what_about(c, &t);
	if (authenticate(s, c, &t) == SIGV4_OK) {
		if (rc == -1)
			s3answer_text(c, err.remote_code, err.text);
		else if (!call_struck(c, &s3answer_words))
			dispatch(s, c, &t);
	}
	s3target_done(&t);
}
