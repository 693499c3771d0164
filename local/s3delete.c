/* SPDX-License-Identifier: Apache-2.0 */
/* Read the list, delete, say what became of each. */
#include "local/s3delete.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "local/s3answer.h"
#include "local/s3cond.h"
#include "local/s3uri.h"
#include "local/s3wait.h"
#include "local/xml.h"
#include "local/xmlread.h"

#define KEYS_MAX 1000
#define XMLNS "http://s3.amazonaws.com/doc/2006-03-01/"

struct doomed {
	char *key;
	char *etag; /* without quotes, or NULL */
	bool version; /* of another version than the one there is */
	bool more; /* a condition that only directory buckets have */
};

struct list {
	struct doomed *v; /* one more than n is being read */
	size_t n;
	bool quiet;
};

/* --- the request ---------------------------------------------------- */

static int
malformed(struct error *err)
{
	return err_set(err, ERR_PROTOCOL, "no list of keys");
}

static int
end_object(struct list *l, struct error *err)
{
	struct doomed *d = &l->v[l->n];

	if (d->key == NULL || l->n == KEYS_MAX ||
	    !s3uri_key_ok(d->key, strlen(d->key)))
		return malformed(err);
	l->n++;
	return 0;
}

/* Once each in an object. */
static int
set(char **to, char *take, struct error *err)
{
	if (*to != NULL) {
		free(take);
		return malformed(err);
	}
	*to = take;
	return 0;
}

static int
take_element(const char *path, const char *text, void *arg, struct error *err)
{
	struct list *l = arg;
	struct doomed *d = &l->v[l->n];

	if (str_eq(path, "/Delete/Object"))
		return end_object(l, err);
	if (str_eq(path, "/Delete/Object/Key"))
		return set(&d->key, xstrdup(text), err);
	if (str_eq(path, "/Delete/Object/ETag"))
		return set(&d->etag, s3cond_bare(text), err);
	if (str_eq(path, "/Delete/Object/VersionId"))
		d->version = !str_eq(text, "null");
	else if (str_eq(path, "/Delete/Object/LastModifiedTime") ||
	    str_eq(path, "/Delete/Object/Size"))
		d->more = true;
	else if (str_eq(path, "/Delete/Quiet"))
		l->quiet = str_ieq(text, "true");
	else if (!str_eq(path, "/Delete"))
		return malformed(err);
	return 0;
}

static void
list_done(struct list *l)
{
	size_t i;

	for (i = 0; i <= KEYS_MAX; i++) {
		free(l->v[i].key);
		free(l->v[i].etag);
	}
	free(l->v);
}

/* --- the answer ----------------------------------------------------- */

static void
put_error(struct buf *out, const struct doomed *d, const char *code,
    const char *message)
{
	xml_open(out, "Error", NULL);
	xml_text(out, "Key", d->key);
	xml_text(out, "Code", code);
	xml_text(out, "Message", message);
	xml_close(out, "Error");
}

static void
put_deleted(struct buf *out, const struct doomed *d)
{
	xml_open(out, "Deleted", NULL);
	xml_text(out, "Key", d->key);
	xml_close(out, "Deleted");
}

/* --- deleting ------------------------------------------------------- */

struct deleting {
	struct s3 *s3;
	const char *bucket;
	bool may_list; /* may know that a key is missing */
	struct buf *out;
};

static void
on_one(const struct error *err, void *arg)
{
	/* All of them are one transaction, which the answer waits for. */
	(void)err;
	(void)arg;
}

/* 1 to go on, 0 where the answer is written, or -1. */
static int
check(const struct deleting *w, const struct doomed *d, struct error *err)
{
	int rc;

	if (d->version) {
		put_error(w->out, d, "NoSuchVersion",
		    "The specified version does not exist.");
		return 0;
	}
	if (d->more) {
		put_error(w->out, d, "NotImplemented",
		    "Of the conditions only ETag is implemented.");
		return 0;
	}
	if (d->etag == NULL)
		return 1;
	rc = objects_matches(w->s3->objects, w->bucket, d->key, d->etag, err);
	if (rc == 0)
		put_error(w->out, d, "PreconditionFailed",
		    "At least one of the pre-conditions you specified did "
		    "not hold");
	if (rc == -1 && err->code == ERR_NOT_FOUND) {
		put_error(w->out, d, w->may_list ? "NoSuchKey" : "AccessDenied",
		    w->may_list ? "The specified key does not exist."
				: "Access Denied");
		return 0;
	}
	return rc;
}

static int
delete_one(const struct deleting *w, const struct doomed *d, bool quiet,
    struct error *err)
{
	int rc = check(w, d, err);

	if (rc != 1)
		return rc;
	if (objects_delete(
		w->s3->objects, w->bucket, d->key, on_one, NULL, err) == -1)
		return -1;
	if (!quiet)
		put_deleted(w->out, d);
	return 0;
}

static void
delete_all(
    struct s3 *s, struct call *c, const char *bucket, const struct list *l)
{
	struct s3wait *wait = s3wait_new(c, 200);
	struct deleting w = {s, bucket, c->claim.user->list, &wait->document};
	struct error err;
	size_t i;
	int rc = 0;

	xml_start(w.out);
	xml_open(w.out, "DeleteResult", XMLNS);
	for (i = 0; i < l->n && rc == 0; i++)
		rc = delete_one(&w, &l->v[i], l->quiet, &err);
	xml_close(w.out, "DeleteResult");
	/* Not half of them. */
	if (rc == -1)
		db_abandon(s->db);
	db_on_commit(s->db, s3wait_committed, wait);
}

void
s3delete_run(
    struct s3 *s, struct call *c, const char *bucket, const struct buf *text)
{
	struct list l = {0};
	struct error err;

	l.v = xcalloc(KEYS_MAX + 1, sizeof(*l.v));
	if (xmlread(text->data, text->len, take_element, &l, &err) == -1 ||
	    l.n == 0)
		s3answer_code(c, "MalformedXML");
	else
		delete_all(s, c, bucket, &l);
	list_done(&l);
}
