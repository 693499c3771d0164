/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An attempt is one or two files, each written by a thread (dirfile.c): the
 * bytes, and only when those are durable the JSON. What a thread may still use
 * behind a cancel belongs to the call.
 */
#include "deliver/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/offload.h"
#include "base/str.h"
#include "deliver/dirfile.h"
#include "deliver/facts.h"

/* A disk has no use for more at the same time. */
#define THREADS_MAX 4

struct dir {
	struct loop *loop;
	struct offload *offload;
	char *path;
	bool tidied;
};

struct call {
	struct dir *dir; /* not on a thread */
	struct parcel parcel; /* likewise */
	deliver_done_fn *done;
	void *arg;
	struct offload_call *work;
	char *path, *json_name, *bytes_name; /* NULL: the JSON alone */
	void *body; /* a copy, or NULL */
	struct buf facts;
	struct dirfile file; /* the one that is written now … */
	struct error err; /* … and why not */
	int rc;
	char sha256[HASH_SHA256_HEX_SIZE]; /* of the bytes */
};

static void
call_free(void *arg)
{
	struct call *c = arg;

	if (c->file.fd != -1)
		close(c->file.fd);
	buf_done(&c->file.other);
	buf_done(&c->facts);
	free(c->path);
	free(c->json_name);
	free(c->bytes_name);
	free(c->body);
	free(c);
}

/* --- names ---------------------------------------------------------- */

/* Whatever stands there, no name leaves the folder or hides. */
static void
add_word(struct buf *b, const char *word)
{
	for (; *word != '\0'; word++)
		buf_putc(b, str_is_alnum(*word) || *word == '_' ? *word : '-');
}

/* The id alone makes it unique: it follows from job, target and event. */
static char *
name_of(const struct delivery *d, const char *suffix)
{
	const char *event = d->event, *id = d->id;
	struct buf b;

	if (str_starts(event, "inference."))
		event += strlen("inference.");
	if (str_starts(id, "msg_"))
		id += strlen("msg_");
	buf_init(&b, 120);
	add_word(&b, d->job_id);
	buf_putc(&b, '.');
	add_word(&b, event);
	buf_putc(&b, '.');
	add_word(&b, id);
	buf_puts(&b, suffix);
	return buf_take(&b);
}

/* --- the end -------------------------------------------------------- */

static void
end(struct call *c, const char *response)
{
	char *note = c->rc == 0 ? NULL : err_words(&c->err);
	struct deliver_result r = {
	    .verdict = c->rc == 0 ? DELIVER_OK : DELIVER_RETRY,
	    .status = ATTEMPT_NO_STATUS,
	    .error_class = c->rc == 0 ? CLASS_NONE : deliver_class_of(&c->err),
	    .note = note,
	    .response = response,
	};

	c->done(&r, c->arg);
	free(note);
	call_free(c);
}

/* The JSON there tells of the same delivery and the same bytes: another version
 * of awaitd may have put it in other words. */
static bool
is_ours(const struct call *c)
{
	const struct buf *b = &c->file.other;
	struct error none;
	struct json *j;
	bool ours;

	if (c->bytes_name == NULL || b->len == 0 ||
	    json_parse(b->data, b->len, &j, &none) == -1)
		return false;
	ours = str_eq(json_get_str(j, "id"), c->parcel.delivery->id) &&
	    str_eq(json_get_str(j, "sha256"), c->sha256) &&
	    str_eq(json_get_str(j, "file"), c->bytes_name);
	json_free(j);
	return ours;
}

static void
on_json(struct call *c)
{
	if (c->rc == -1 && c->err.code == ERR_EXISTS && is_ours(c)) {
		c->rc = 0;
		c->file.was_there = true;
	}
	end(c,
	    c->rc == -1             ? NULL
		: c->file.was_there ? "it was there already"
				    : c->json_name);
}

/* --- the two files -------------------------------------------------- */

static void
run(struct offload_call *work, void *arg)
{
	struct call *c = arg;

	c->rc = dirfile_write(&c->file, work, &c->err);
	/* The last descriptor of a large file takes its time to go. */
	if (c->file.fd != -1)
		close(c->file.fd);
	c->file.fd = -1;
}

static void on_written(void *arg);

static const struct offload_work writing = {
    .run = run,
    .done = on_written,
    .drop = call_free,
};

static void
write_one(struct call *c, const char *name, const void *data, int64_t size)
{
	c->file.name = name;
	c->file.data = data;
	c->file.size = size;
	c->file.was_there = false;
	buf_clear(&c->file.other);
	c->work = offload_start(c->dir->offload, c->dir->loop, &writing, c);
}

static void
on_bytes(struct call *c)
{
	struct facts f = {
	    .parcel = &c->parcel,
	    .sha256 = c->sha256,
	    .file = c->bytes_name,
	};

	if (c->rc == -1) {
		end(c, NULL);
		return;
	}
	crash_point("C19");
	memcpy(c->sha256, c->file.sha256, sizeof(c->sha256));
	if (facts_write(&c->facts, &f) == -1 ||
	    buf_putc(&c->facts, '\n') == -1) {
		c->rc = err_set(&c->err, ERR_LIMIT, "its facts are too long");
		end(c, NULL);
		return;
	}
	c->file.tidy = false;
	write_one(c, c->json_name, c->facts.data, (int64_t)c->facts.len);
}

static void
on_written(void *arg)
{
	struct call *c = arg;

	c->work = NULL;
	if (c->file.name == c->bytes_name)
		on_bytes(c);
	else
		on_json(c);
}

/* --- how it begins -------------------------------------------------- */

/* Bytes that a thread can use although the attempt is cancelled. */
static int
keep_body(struct call *c, const struct parcel *p, struct error *err)
{
	c->file.fd = -1;
	if (p->fd == -1) {
		c->body = xmalloc((size_t)p->size + 1);
		if (p->size > 0)
			memcpy(c->body, p->body, (size_t)p->size);
		return 0;
	}
	c->file.fd = fcntl(p->fd, F_DUPFD_CLOEXEC, 3);
	if (c->file.fd == -1)
		return err_set_errno(err, ERR_IO, "open the body again");
	return 0;
}

static int
dir_start(void *self, const struct parcel *p, deliver_done_fn *done, void *arg,
    void **out, struct error *err)
{
	struct dir *dir = self;
	struct call *c = xcalloc(1, sizeof(*c));

	c->dir = dir;
	c->parcel = *p;
	c->done = done;
	c->arg = arg;
	c->path = xstrdup(dir->path);
	c->json_name = name_of(p->delivery, ".json");
	if (p->delivery->payload == DELIVERY_RAW)
		c->bytes_name = name_of(p->delivery, ".out");
	c->file.folder = c->path;
	c->file.tidy = !dir->tidied;
	dir->tidied = true;
	buf_init(&c->file.other, DIRFILE_OTHER_MAX);
	buf_init(&c->facts, FACTS_MAX);
	if (keep_body(c, p, err) == -1) {
		call_free(c);
		return -1;
	}
	write_one(c, c->bytes_name != NULL ? c->bytes_name : c->json_name,
	    c->body, p->size);
	*out = c;
	return 0;
}

static void
dir_cancel(void *call)
{
	struct call *c = call;

	offload_cancel(c->work);
}

static void
dir_free(void *self)
{
	struct dir *dir = self;

	offload_free(dir->offload);
	free(dir->path);
	free(dir);
}

static const struct deliver_driver dir_driver = {
    .start = dir_start,
    .cancel = dir_cancel,
    .free = dir_free,
};

int
dir_new(const struct dir_options *o, struct target **out, struct error *err)
{
	unsigned threads = o->target.max_in_flight;
	struct dir *dir;

	if (dirfile_check(o->path, err) == -1)
		return -1;
	dir = xcalloc(1, sizeof(*dir));
	dir->loop = o->loop;
	dir->path = xstrdup(o->path);
	dir->offload =
	    offload_new(threads < THREADS_MAX ? threads : THREADS_MAX);
	*out = target_new(&o->target, &dir_driver, dir);
	return 0;
}
