/* SPDX-License-Identifier: Apache-2.0 */
/* URLs of results. */
#include "engine/presign.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

struct presign {
	struct site *site;
	char *uri;
	char *owner;
	char *etag;
	int64_t valid_s;
	struct s3_call *call;
	presign_done_fn *done;
	void *arg;
};

static void
presign_free(struct presign *p)
{
	s3_cancel(p->call);
	free(p->uri);
	free(p->owner);
	free(p->etag);
	free(p);
}

static void
sign(struct presign *p)
{
	const struct s3_ref ref = {.uri = p->uri, .owner = p->owner};
	struct presigned out;
	struct error err;
	char *url;

	if (s3_presign(p->site->s3, &ref, p->valid_s, &url, &out.valid_s,
		&err) == -1) {
		p->done(NULL, &err, p->arg);
		return;
	}
	out.url = url;
	out.expires_at = clock_wall_ms() + out.valid_s * 1000;
	p->done(&out, NULL, p->arg);
	hash_wipe_free(&url);
}

static void
on_head(const struct s3_object *object, const struct error *err, void *arg)
{
	struct presign *p = arg;
	struct error e;

	p->call = NULL;
	if (object != NULL && !str_empty(p->etag) &&
	    !str_eq(object->etag, p->etag)) {
		err_set(&e, ERR_REFUSED,
		    "%s changed after the result was noted", p->uri);
		err = &e;
	}
	if (err != NULL)
		p->done(NULL, err, p->arg);
	else
		sign(p);
	presign_free(p);
}

int
presign_start(const struct presign_options *options, presign_done_fn *done,
    void *arg, struct presign **out, struct error *err)
{
	struct presign *p = xcalloc(1, sizeof(*p));
	struct s3_ref ref = {.uri = options->uri, .owner = options->owner};

	p->site = options->site;
	p->uri = xstrdup(options->uri);
	p->owner = xstrdup_or_null(options->owner);
	p->etag = xstrdup_or_null(options->etag);
	p->valid_s = options->valid_s;
	p->done = done;
	p->arg = arg;
	if (s3_head(p->site->s3, &ref, on_head, p, &p->call, err) == -1) {
		presign_free(p);
		return -1;
	}
	*out = p;
	return 0;
}

void
presign_cancel(struct presign *p)
{
	if (p != NULL)
		presign_free(p);
}
