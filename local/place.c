/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs from either store, and results into our own; kept.c has the rest. */
#include "local/place.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "local/kept.h"
#include "local/s3client.h"
#include "local/s3uri.h"

#define TRIES 6
static const struct backoff again = {200, 5000, 2, 0.2};

struct place_call {
	TAILQ_ENTRY(place_call) entry;
	struct place *place;
	char *location;
	char *bucket;
	const char *key; /* in the location */
	place_fetched_fn *done;
	void *arg;
	int fd; /* -1 */
	int64_t size; /* that came so far */
	bool too_large;
	unsigned tries;
	struct http_call *http;
	struct loop_timer *timer;
};
TAILQ_HEAD(calls, place_call);
TAILQ_HEAD(storings, storing);

struct place {
	struct place_options o;
	struct calls calls;
	struct storings refused; /* which have to be told so */
	struct s3client *client; /* NULL: our own store */
	struct kept *kept;
};

/* --- reading -------------------------------------------------------- */

static void
call_free(struct place_call *c)
{
	TAILQ_REMOVE(&c->place->calls, c, entry);
	http_cancel(c->http);
	loop_timer_free(c->timer);
	if (c->fd != -1)
		close(c->fd);
	free(c->location);
	free(c->bucket);
	free(c);
}

static void
fetched(struct place_call *c, const struct error *err)
{
	place_fetched_fn *done = c->done;
	int64_t size = c->size;
	void *arg = c->arg;
	int fd = c->fd;

	if (err == NULL)
		c->fd = -1;
	call_free(c);
	if (err == NULL)
		done(fd, size, NULL, arg);
	else
		done(-1, 0, err, arg);
}

static int
too_large(struct place_call *c, int64_t size, struct error *err)
{
	c->too_large = true;
	return err_set(err, ERR_LIMIT,
	    "%s has %lld bytes or more, and %lld "
	    "are the most",
	    c->location, (long long)size, (long long)c->place->o.max_object);
}

static int
open_own(struct place_call *c, struct error *err)
{
	struct db_object object = {0};
	int rc = objects_open(
	    c->place->o.objects, c->bucket, c->key, &object, &c->fd, err);

	c->size = object.size;
	db_object_done(&object);
	if (rc == 0)
		return err_set(
		    err, ERR_NOT_FOUND, "there is no object %s", c->location);
	if (rc == 1 && c->size > c->place->o.max_object)
		return too_large(c, c->size, err);
	return rc == -1 ? -1 : 0;
}

/* Our own store answers at once, which the caller must not see. */
static void
on_own(void *arg)
{
	struct place_call *c = arg;
	struct error err;

	if (c->bucket == NULL) {
		err_set(&err, ERR_NOT_FOUND,
		    "%s is no place in this object store", c->location);
		fetched(c, &err);
	} else if (open_own(c, &err) == -1)
		fetched(c, &err);
	else
		fetched(c, NULL);
}

static int
check_head(const struct http_response *r, void *arg, struct error *err)
{
	struct place_call *c = arg;
	int64_t size = http_response_length(r);

	if (size > c->place->o.max_object)
		return too_large(c, size, err);
	return 0;
}

static int
take_bytes(const void *data, size_t len, void *arg, struct error *err)
{
	struct place_call *c = arg;

	c->size += (int64_t)len;
	if (c->size > c->place->o.max_object)
		return too_large(c, c->size, err);
	return file_write_all(c->fd, data, len, err);
}

/* A body without a length could have been cut off without a sign of it. */
static int
check_answer(
    struct place_call *c, const struct http_response *r, struct error *err)
{
	int64_t announced = http_response_length(r);

	if (s3client_check(r, err) == -1)
		return err_prefix(err, "%s", c->location);
	if (r->status == 200 && announced == c->size)
		return 0;
	err_set(err, ERR_NET, "%s: %lld of %lld bytes came (HTTP %d)",
	    c->location, (long long)c->size, (long long)announced, r->status);
	err->retryable = true;
	return -1;
}

static void try_fetch(void *arg);

static void
fetch_failed(struct place_call *c, const struct error *err)
{
	struct error told = *err;

	if (err->retryable && c->tries < TRIES) {
		log_begin(LOG_DEBUG, "s3");
		log_str("msg", "an input is asked for again");
		log_err(err);
		log_end();
		loop_timer_set(c->timer,
		    backoff_delay_ms(&again, c->tries - 1, random_unit()));
		return;
	}
	/* Which of them are the request's fault, the caller goes by. */
	if (told.code == ERR_LIMIT && !c->too_large)
		told.code = ERR_PROTOCOL;
	fetched(c, &told);
}

static void
on_answer(const struct http_response *r, const struct error *err, void *arg)
{
	struct place_call *c = arg;
	struct error own;

	c->http = NULL;
	if (err == NULL && check_answer(c, r, &own) == -1)
		err = &own;
	if (err == NULL && lseek(c->fd, 0, SEEK_SET) == -1) {
		err_set_errno(&own, ERR_IO, "rewind an input");
		err = &own;
	}
	if (err != NULL)
		fetch_failed(c, err);
	else
		fetched(c, NULL);
}

/* A file that is empty again, for a first try and for another. */
static int
open_file(struct place_call *c, struct error *err)
{
	c->size = 0;
	if (c->fd == -1)
		return file_open_nameless(
		    c->place->o.tmp_dir, false, &c->fd, err);
	if (lseek(c->fd, 0, SEEK_SET) == -1 || ftruncate(c->fd, 0) == -1)
		return err_set_errno(err, ERR_IO, "empty an input's file");
	return 0;
}

static void
try_fetch(void *arg)
{
	struct place_call *c = arg;
	struct s3client_get get = {
	    .bucket = c->bucket,
	    .key = c->key,
	    .head = check_head,
	    .sink = take_bytes,
	    .arg = c,
	};
	struct error err;

	if (c->bucket == NULL) {
		on_own(c); /* which says that it is no place */
		return;
	}
	c->tries++;
	if (open_file(c, &err) == -1 ||
	    s3client_get(
		c->place->client, &get, on_answer, c, &c->http, &err) == -1)
		fetched(c, &err);
}

void
place_fetch(struct place *p, const char *location, place_fetched_fn *done,
    void *arg, struct place_call **out)
{
	struct place_call *c = xcalloc(1, sizeof(*c));

	c->place = p;
	c->location = xstrdup(location);
	if (s3uri_split(c->location, &c->bucket, &c->key) == 0 &&
	    *c->key == '\0')
		xfree(&c->bucket);
	c->done = done;
	c->arg = arg;
	c->fd = -1;
	c->timer = loop_timer_new(
	    p->o.loop, p->client != NULL ? try_fetch : on_own, c);
	TAILQ_INSERT_TAIL(&p->calls, c, entry);
	loop_timer_set(c->timer, 0);
	*out = c;
}

void
place_cancel(struct place_call *c)
{
	if (c != NULL)
		call_free(c);
}

/* --- results into our own store ------------------------------------- */

struct storing {
	objects_also_fn *also;
	void (*done)(const struct error *err, void *arg);
	void *arg;
	/* Of place_resume(), which has to answer later. */
	TAILQ_ENTRY(storing) entry;
	struct place *place;
	struct loop_timer *timer;
	struct error err;
};

static struct storing *
storing_new(struct place *p, const struct place_result *r)
{
	struct storing *s = xcalloc(1, sizeof(*s));

	s->also = r->also;
	s->done = r->done;
	s->arg = r->arg;
	s->place = p;
	return s;
}

static int
also_own(struct db *db, void *arg, struct error *err)
{
	const struct storing *s = arg;

	return s->also != NULL ? s->also(db, s->arg, err) : 0;
}

static void
on_committed(const struct error *err, void *arg)
{
	struct storing *s = arg;

	s->done(err, s->arg);
	free(s);
}

static void
on_stored(
    const struct objects_stored *stored, const struct error *err, void *arg)
{
	(void)stored;
	on_committed(err, arg);
}

static void
drop_refused(struct storing *s)
{
	TAILQ_REMOVE(&s->place->refused, s, entry);
	loop_timer_free(s->timer);
}

static void
on_refused(void *arg)
{
	struct storing *s = arg;

	drop_refused(s);
	on_committed(&s->err, s);
}

/* Our own texts, made from a checked configuration. */
static char *
split(const char *location, const char **key)
{
	char *bucket;

	if (s3uri_split(location, &bucket, key) == -1)
		abort();
	return bucket;
}

static void
store_own(
    struct place *p, struct objects_draft *take, const struct place_result *r)
{
	char *headers = xasprintf("Content-Type: %s\n", r->content_type);
	struct objects_store what = {
	    .headers = headers,
	    .also = also_own,
	    .done = on_stored,
	    .arg = storing_new(p, r),
	};
	char *bucket = split(r->location, &what.key);

	what.bucket = bucket;
	objects_store(p->o.objects, take, &what);
	free(bucket);
	free(headers);
}

/* It was kept for another S3, which the configuration has no more. */
static void
resume_own(struct place *p, const struct place_result *r)
{
	struct storing *s = storing_new(p, r);
	char *id = xasprintf("%lld", (long long)r->seq);
	struct objects_move what = {
	    .from_bucket = KEPT_BUCKET,
	    .from_key = id,
	    .also = also_own,
	    .done = on_committed,
	    .arg = s,
	};
	char *bucket = split(r->location, &what.key);
	int rc;

	what.bucket = bucket;
	rc = objects_move(p->o.objects, &what, &s->err);
	if (rc == 0) {
		err_set(&s->err, ERR_STORE, "the result that was kept is gone");
		rc = db_request_stage(
			 p->o.db, r->seq, DB_NOT_STAGED, &s->err) == -1
		    ? -1
		    : 0;
	}
	if (rc != 1) {
		TAILQ_INSERT_TAIL(&p->refused, s, entry);
		s->timer = loop_timer_new(p->o.loop, on_refused, s);
		loop_timer_set(s->timer, 0);
	}
	free(bucket);
	free(id);
}

/* --- results into either -------------------------------------------- */

void
place_store(
    struct place *p, struct objects_draft *take, const struct place_result *r)
{
	struct place_result checked = *r;

	/* A container said it. */
	if (checked.content_type == NULL ||
	    !header_value_ok(checked.content_type))
		checked.content_type = "application/octet-stream";
	if (p->kept != NULL)
		kept_store(p->kept, take, &checked);
	else
		store_own(p, take, &checked);
}

void
place_resume(struct place *p, const struct place_result *r)
{
	if (p->kept != NULL)
		kept_resume(p->kept, r);
	else
		resume_own(p, r);
}

/* --- the whole ------------------------------------------------------ */

int
place_new(
    const struct place_options *options, struct place **out, struct error *err)
{
	struct kept_options kept = {
	    .loop = options->loop,
	    .db = options->db,
	    .objects = options->objects,
	};
	struct place *p = xcalloc(1, sizeof(*p));

	p->o = *options;
	TAILQ_INIT(&p->calls);
	TAILQ_INIT(&p->refused);
	if (p->o.remote != NULL && !str_empty(p->o.remote->endpoint)) {
		if (s3client_new(p->o.http, p->o.remote, &p->client, err) ==
		    -1) {
			free(p);
			return -1;
		}
		kept.client = p->client;
		p->kept = kept_new(&kept);
	}
	*out = p;
	return 0;
}

void
place_free(struct place *p)
{
	struct place_call *c;
	struct storing *s;

	if (p == NULL)
		return;
	while ((c = TAILQ_FIRST(&p->calls)) != NULL)
		call_free(c);
	while ((s = TAILQ_FIRST(&p->refused)) != NULL) {
		drop_refused(s);
		free(s);
	}
	kept_free(p->kept);
	s3client_free(p->client);
	free(p);
}
