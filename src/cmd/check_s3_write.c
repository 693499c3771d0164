/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one probe that writes, and only with --write: a small object below the
 * input prefix, put and deleted. Whatever happens between, what may be there is
 * deleted; what cannot be is named.
 */
#include "cmd/check_s3.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/str.h"

#define PUT_MS 8000
#define HURRY_MS 2000

static const char words[] = "awaitd check --write, to be deleted\n";

/* --- deleting --------------------------------------------------- */

static void
on_deleted(const struct s3_object *object, const struct error *err, void *arg)
{
	struct check_probe *p = arg;
	struct check_s3 *x = p->data;
	struct error why;

	x->call = NULL;
	if (object == NULL) {
		why = *err;
		err_prefix(
		    &why, "%s is there now, and cannot be deleted", x->place);
		check_s3_refused(p, CHECK_FAIL, "s3:DeleteObject", &why);
		return;
	}
	check_remedy(p, "%s", "");
	if (x->put.code != ERR_NONE)
		check_s3_refused(p, CHECK_FAIL, "s3:PutObject", &x->put);
	else
		check_end(p, CHECK_OK, "an object was put and deleted");
}

static void
take_away(struct check_probe *p)
{
	struct check_s3 *x = p->data;
	struct s3_ref ref = check_s3_ref(x);
	struct error err;

	x->deleting = true;
	/* In case that nobody waits long enough. */
	check_remedy(p, "Delete %s by hand.", x->place);
	if (s3_delete(x->site->s3, &ref, on_deleted, p, &x->call, &err) == -1)
		check_end_err(p, CHECK_FAIL, &err);
}

/* --- putting ---------------------------------------------------- */

/* It was refused by S3, or never left: then nothing is there. */
static bool
is_nothing(const struct error *err)
{
	return !err->sent ||
	    (err->http_status >= 400 && err->http_status < 500);
}

static void
on_put(const struct s3_object *object, const struct error *err, void *arg)
{
	struct check_probe *p = arg;
	struct check_s3 *x = p->data;

	x->call = NULL;
	loop_timer_clear(x->timer);
	/* Nobody else has such a name: an earlier try had put it. */
	if (object == NULL && err->code != ERR_EXISTS)
		x->put = *err;
	if (x->put.code != ERR_NONE && is_nothing(err))
		check_s3_refused(p, CHECK_FAIL, "s3:PutObject", err);
	else
		take_away(p);
}

/* Nobody knows what became of it. */
static void
on_put_timeout(void *arg)
{
	struct check_probe *p = arg;
	struct check_s3 *x = p->data;

	s3_cancel(x->call);
	x->call = NULL;
	err_set(&x->put, ERR_TIMEOUT, "PutObject: no answer in time");
	x->put.sent = true;
	take_away(p);
}

static int
open_words(
    struct check_s3 *x, char digest[HASH_SHA256_HEX_SIZE], struct error *err)
{
	x->fd = memfd_create("awaitd-check", MFD_CLOEXEC);
	if (x->fd == -1)
		return err_set_errno(err, ERR_IO, "memfd_create");
	hash_sha256_hex(words, sizeof(words) - 1, digest);
	return file_write_all(x->fd, words, sizeof(words) - 1, err);
}

static void
start(struct check_probe *p)
{
	struct check_s3 *x = check_s3_begin(p);
	char digest[HASH_SHA256_HEX_SIZE];
	struct s3_put put = {
	    .content_type = "text/plain",
	    .len = sizeof(words) - 1,
	    .sha256 = digest,
	    .if_absent = true,
	};
	struct error err;
	int rc;

	if (x == NULL)
		return;
	rc = open_words(x, digest, &err);
	put.ref = check_s3_ref(x);
	put.fd = x->fd;
	x->timer = loop_timer_new(p->check->app->loop, on_put_timeout, p);
	if (rc == 0)
		rc = s3_put(x->site->s3, &put, on_put, p, &x->call, &err);
	if (rc == -1)
		check_end_err(p, CHECK_FAIL, &err);
	else
		loop_timer_set(x->timer, PUT_MS);
}

/* A PUT that is under way may still arrive behind a DELETE: it gets a moment
 * to be answered first. */
static void
hurry(struct check_probe *p)
{
	struct check_s3 *x = p->data;

	if (!x->deleting)
		loop_timer_set(x->timer, HURRY_MS);
}

static void
forget(struct check_probe *p)
{
	struct check_s3 *x = p->data;

	if (x->place != NULL && x->fd != -1)
		close(x->fd);
	check_s3_cancel(p);
	check_s3_forget(p);
}

const struct check_kind check_write_kind = {
    .name = "input",
    .needs_creds = true,
    .start = start,
    .hurry = hurry,
    .forget = forget,
};
