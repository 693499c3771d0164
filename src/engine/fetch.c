/* SPDX-License-Identifier: Apache-2.0 */
/* A result's bytes, with resumption. */
#include "engine/fetch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "aws/awserr.h"
#include "base/backoff.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "engine/answer.h"

/* Failures in a row without a byte of progress. */
#define TRIES_MAX 6
#define WRITE_BEHIND ((int64_t)2 << 20)

/* S3's name for "an If-Match does not match": ours for "another object". */
#define CHANGED "PreconditionFailed"

static const struct backoff fetch_backoff = {
    .start_ms = 200,
    .max_ms = 10000,
    .factor = 2,
    .jitter = 0.2,
};

struct fetch {
	struct fetch_options o;
	char *uri;
	char *owner;
	char *etag;
	int64_t offset; /* behind o.begin */
	int64_t began_at; /* where the descriptor stood */
	unsigned tries;
	unsigned waits; /* for credentials, in a row */
	bool anew; /* it was: what is wrong again stays so */
	bool paused;
	bool due; /* … when the next piece was to be asked for */
	bool other_size; /* than was noted */
	struct s3sum *sum; /* over all pieces; NULL: of a part S3 has none */
	struct hash *hash; /* NULL: nobody wants to know */
	struct s3_call *call;
	struct loop_timer *timer;
	fetch_done_fn *done;
	void *arg;
};

static void
fetch_free(struct fetch *f)
{
	s3_cancel(f->call);
	loop_timer_free(f->timer);
	hash_free(f->hash);
	s3sum_free(f->sum);
	free(f->uri);
	free(f->owner);
	free(f->etag);
	free(f);
}

static void
end(struct fetch *f, const struct error *err)
{
	unsigned char digest[HASH_SHA256_SIZE];

	if (err == NULL && f->hash != NULL) {
		hash_final(f->hash, digest);
		encode_hex(digest, sizeof(digest), f->o.sha256);
	}
	f->done(err, f->arg);
	fetch_free(f);
}

/* The kernel is told to begin: it would hold up whoever writes, once there is
 * too much of it (api_input.c). */
static int
write_piece(struct fetch *f, const void *data, size_t len, struct error *err)
{
	int64_t begun = f->offset - f->offset % WRITE_BEHIND;
	int64_t end = f->offset + (int64_t)len;

	if (file_write_all(f->o.fd, data, len, err) == -1)
		return -1;
	if (f->o.own_file && end - begun >= WRITE_BEHIND)
		sync_file_range(f->o.fd, f->began_at + begun, end - begun,
		    SYNC_FILE_RANGE_WRITE);
	return 0;
}

static int
take_piece(const void *data, size_t len, void *arg, struct error *err)
{
	struct fetch *f = arg;

	if (f->o.sink != NULL ? f->o.sink(data, len, f->arg, err) == -1
			      : write_piece(f, data, len, err) == -1)
		return -1;
	if (f->hash != NULL)
		hash_update(f->hash, data, len);
	f->offset += (int64_t)len;
	f->tries = 0;
	return 0;
}

/* The whole once more, in the place of what is wrong. */
static int
begin_anew(struct fetch *f, struct error *err)
{
	if (ftruncate(f->o.fd, f->began_at) == -1 ||
	    lseek(f->o.fd, f->began_at, SEEK_SET) == -1)
		return err_set_errno(err, ERR_IO, "take wrong bytes back");
	f->anew = true;
	f->offset = 0;
	if (f->hash != NULL) {
		hash_free(f->hash);
		f->hash = hash_new(HASH_SHA256);
	}
	return 0;
}

static void
go_on(struct fetch *f, const struct error *err)
{
	unsigned n = f->waits > 0 ? f->waits : f->tries;

	/* That is said once, and not by each transfer (news.c). */
	if (awserr_class(err) != AWSERR_NO_CREDENTIALS)
		log_warn("fetch", "%s; going on at byte %lld", err->text,
		    (long long)(f->o.begin + f->offset));
	loop_timer_set(f->timer,
	    backoff_delay_ms(&fetch_backoff, n > 0 ? n - 1 : 0, random_unit()));
}

static void
on_mismatch(struct fetch *f, const struct error *err)
{
	struct error e = *err;

	err_prefix(&e, "%s", f->uri);
	if (!f->o.own_file || f->anew) {
		err_hint(&e,
		    "What came before this error is not the result. A proxy "
		    "or the store itself damages it.");
		end(f, &e);
	} else if (begin_anew(f, &e) == -1) {
		end(f, &e);
	} else {
		go_on(f, &e);
	}
}

/* What is longer than was noted would take more room than anybody gave it. */
static int
on_head(const struct s3_object *object, void *arg, struct error *err)
{
	struct fetch *f = arg;

	if (f->o.size != -1 && object->size != f->o.size) {
		f->other_size = true;
		return err_set(err, ERR_PROTOCOL,
		    "%s has %lld bytes now, and %lld were noted", f->uri,
		    (long long)object->size, (long long)f->o.size);
	}
	if (f->offset > 0 || f->o.head == NULL)
		return 0;
	return f->o.head(object->size, f->arg, err);
}

static bool
may_go_on(struct fetch *f, const struct error *err)
{
	bool waits = f->o.patient && answer_is_credentials(err);

	f->tries += !waits;
	f->waits = waits ? f->waits + 1 : 0;
	/* Without an ETag, or with a weak one, nobody knows whether the rest
	 * is of the same bytes. */
	if (f->offset > 0 && (*f->etag == '\0' || str_starts(f->etag, "W/")))
		return false;
	return err->retryable && f->tries < TRIES_MAX;
}

static void
on_got(const struct s3_object *object, const struct error *err, void *arg)
{
	struct fetch *f = arg;
	struct error e;

	f->call = NULL;
	if (object != NULL) {
		end(f, NULL);
		return;
	}
	if (str_eq(err->remote_code, S3SUM_MISMATCH)) {
		on_mismatch(f, err);
		return;
	}
	e = *err;
	if (f->other_size) {
		snprintf(e.remote_code, sizeof(e.remote_code), CHANGED);
	} else if (str_eq(e.remote_code, CHANGED)) {
		err_set(&e, ERR_REFUSED,
		    "%s changed after the result was noted", f->uri);
		snprintf(e.remote_code, sizeof(e.remote_code), CHANGED);
	}
	if (may_go_on(f, &e))
		go_on(f, &e);
	else
		end(f, &e);
}

static int
get_rest(struct fetch *f, struct error *err)
{
	struct s3_get get = {
	    .ref = {.uri = f->uri, .owner = f->owner},
	    .if_match = f->etag,
	    .offset = f->o.begin + f->offset,
	    .end = f->o.end,
	    .sum = f->sum,
	    .head = on_head,
	    .sink = take_piece,
	    .sink_arg = f,
	};

	return s3_get(f->o.site->s3, &get, on_got, f, &f->call, err);
}

static void
on_timer(void *arg)
{
	struct fetch *f = arg;
	struct error err;

	f->due = f->paused;
	if (!f->paused && get_rest(f, &err) == -1)
		end(f, &err);
}

void
fetch_pause(struct fetch *f, bool paused)
{
	f->paused = paused;
	if (f->call != NULL)
		s3_pause(f->call, paused);
	else if (!paused && f->due)
		loop_timer_set(f->timer, 0);
}

int
fetch_start(const struct fetch_options *options, fetch_done_fn *done, void *arg,
    struct fetch **out, struct error *err)
{
	struct fetch *f = xcalloc(1, sizeof(*f));

	f->o = *options;
	f->uri = xstrdup(options->uri);
	f->owner = xstrdup_or_null(options->owner);
	f->etag = xstrdup(options->etag != NULL ? options->etag : "");
	f->began_at = lseek(options->fd, 0, SEEK_CUR);
	if (options->begin == 0 && options->end == 0)
		f->sum = s3sum_new();
	f->timer = loop_timer_new(options->loop, on_timer, f);
	f->done = done;
	f->arg = arg;
	if (options->sha256 != NULL)
		f->hash = hash_new(HASH_SHA256);
	if (get_rest(f, err) == -1) {
		fetch_free(f);
		return -1;
	}
	*out = f;
	return 0;
}

void
fetch_cancel(struct fetch *f)
{
	if (f != NULL)
		fetch_free(f);
}

/* 416: what was noted is longer than what is there. */
bool
fetch_lost(const struct error *err)
{
	return err->code == ERR_NOT_FOUND || err->http_status == 416 ||
	    str_eq(err->remote_code, CHANGED);
}
