/* SPDX-License-Identifier: Apache-2.0 */
/* All that match filters: read page by page, and counted. */
#include "serve/api_bulk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

#define LIMIT_DEFAULT 10000
#define LIMIT_MAX 100000
#define TEXT_MAX 65536
#define VALUES_MAX 64
#define IDS_MAX ((size_t)LIMIT_MAX * DELIVERY_ID_SIZE)
#define ANSWER_MAX (IDS_MAX * 2)

static void
bulk_free(void *work)
{
	struct api_bulk *b = work;

	buf_done(&b->text);
	buf_done(&b->ids);
	free(b);
}

/* --- what is asked --------------------------------------------------- */

static int
take_member(struct api_query *q, const struct json *j, struct error *err)
{
	const char *name = json_name(j), *text = json_str(j);
	char number[32];
	int64_t value;
	bool flag;

	if (text != NULL)
		return api_query_set(q, name, text, err);
	if (json_i64(j, &value) == 0) {
		snprintf(number, sizeof(number), "%lld", (long long)value);
		return api_query_set(q, name, number, err);
	}
	if (json_bool(j, &flag) == 0)
		return api_query_set(q, name, flag ? "true" : "false", err);
	return err_set(err, ERR_USAGE,
	    "the member \"%s\" is no text, whole number or boolean", name);
}

/* The same names as behind '?'. */
static int
take_json(struct api_call *c, const struct buf *text, struct error *err)
{
	struct json *root;
	const struct json *j;
	int rc = 0;

	if (json_parse_few(text->data, text->len, VALUES_MAX, &root, err) == -1)
		return -1;
	if (!json_is_object(root))
		rc = err_set(err, ERR_USAGE, "a JSON object is expected");
	for (j = json_first(root); j != NULL && rc == 0; j = json_next(j))
		rc = take_member(&c->query, j, err);
	json_free(root);
	return rc;
}

static int
take_page(struct api_call *c, struct api_bulk *b, struct error *err)
{
	int64_t limit = LIMIT_DEFAULT;

	if (api_query_i64(&c->query, "limit", 1, LIMIT_MAX, &limit, err) ==
		-1 ||
	    api_query_flag(&c->query, "dry_run", &b->dry_run, err) == -1)
		return -1;
	b->limit = (size_t)limit;
	b->q.after = api_query_get(&c->query, "after");
	if (b->q.after != NULL && !b->kind->id_ok(b->q.after))
		return err_set(
		    err, ERR_USAGE, "after \"%s\": that is no id", b->q.after);
	return 0;
}

static int
take_question(struct api_call *c, struct api_bulk *b, struct error *err)
{
	const struct api_bulk_kind *kind = b->kind;

	if (kind->filter(c, &b->q, err) == -1 || take_page(c, b, err) == -1)
		return -1;
	return kind->more != NULL ? kind->more(c, &b->q, err) : 0;
}

static bool
asked(struct api_call *c, struct api_bulk *b)
{
	struct error err;

	if (b->text.len > 0 && take_json(c, &b->text, &err) == -1) {
		api_refuse_err(c, 400,
		    err.code == ERR_PROTOCOL ? "bad_json" : "bad_parameter",
		    &err);
		return false;
	}
	if (api_filter_none(c, b->kind->filters)) {
		err_set(&err, ERR_USAGE, "nothing says which %s", b->kind->of);
		err_hint(&err,
		    "Name a filter, such as %s: without one it would be all "
		    "that ever were.",
		    b->kind->example);
		api_refuse_err(c, 400, "no_filter", &err);
		return false;
	}
	if (take_question(c, b, &err) == -1) {
		api_refuse_err(c, 400, "bad_parameter", &err);
		return false;
	}
	return true;
}

/* --- page by page ---------------------------------------------------- */

static void
answer(struct api_call *c, const struct api_bulk *b, bool more)
{
	struct jsonw w;
	struct buf out;

	buf_init(&out, ANSWER_MAX);
	jsonw_init(&w, &out);
	jsonw_begin(&w, NULL, '{');
	if (b->dry_run)
		jsonw_int(&w, "matched", (int64_t)b->taken);
	else
		jsonw_int(&w, b->kind->done, (int64_t)b->done);
	if (b->skipped > 0)
		jsonw_int(&w, "skipped", (int64_t)b->skipped);
	if (!b->dry_run && b->kind->more_answer != NULL)
		b->kind->more_answer(&w, b);
	if (more)
		jsonw_str(&w, "next", b->last);
	jsonw_end(&w, '}');
	buf_putc(&out, '\n');
	if (!b->dry_run) {
		log_begin(LOG_INFO, "api");
		log_str("request", c->request_id);
		log_int(b->kind->done, (int64_t)b->done);
		log_end();
	}
	api_reply_json(c, 200, &out);
	buf_done(&out);
}

/* What went before an error stays so: the refusal tells how much, and behind
 * which place ("": the first) there is what was not. */
static void
note_begun(struct api_call *c, const struct api_bulk *b, const char *place)
{
	if (b->dry_run || b->taken == 0)
		return;
	c->begun.name = b->kind->done;
	c->begun.n = (int64_t)b->done;
	c->begun.next = *place != '\0' ? place : NULL;
}

static void
fail(struct api_call *c, const struct error *err)
{
	if (err->code == ERR_NOT_FOUND)
		api_refuse_err(c, 400, "bad_parameter", err);
	else
		api_refuse_store(c, err);
}

static void ask_page(struct api_call *c);

/* The page is over once each of it has ended. */
static void
one_less(struct api_call *c)
{
	struct api_bulk *b = c->work;

	if (--b->open > 0)
		return;
	if (b->err.code == ERR_NONE) {
		ask_page(c);
		return;
	}
	/* Which of the page it was nobody knows. */
	note_begun(c, b, b->from);
	fail(c, &b->err);
}

void
api_bulk_ended(struct api_call *c, bool done, const struct error *err)
{
	struct api_bulk *b = c->work;

	if (err != NULL && b->err.code == ERR_NONE)
		b->err = *err;
	b->done += done;
	b->skipped += !done && err == NULL;
	one_less(c);
}

static void
drop(const struct api_bulk_kind *kind, void **v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (kind->begin_job != NULL)
			job_free(v[i]);
		else
			delivery_free(v[i]);
	}
}

static void
begin(struct api_call *c, struct api_bulk *b, void *row)
{
	const struct api_bulk_kind *kind = b->kind;
	const struct delivery *d = row;
	const struct job *job = row;

	snprintf(b->last, sizeof(b->last), "%s",
	    kind->begin_job != NULL ? job->id : d->id);
	b->taken++;
	if (b->dry_run) {
		drop(kind, &row, 1);
		return;
	}
	b->open++;
	if (kind->begin_job != NULL)
		kind->begin_job(c, row);
	else
		kind->begin_delivery(c, row);
}

/* With as many as were wanted there is one more look: behind what is being
 * written, and for what is left. */
static void
go_on(struct api_call *c, void **v, size_t n)
{
	struct api_bulk *b = c->work;
	size_t i;

	if (b->taken == b->limit || n == 0) {
		drop(b->kind, v, n);
		answer(c, b, n > 0);
		return;
	}
	/* None that ends at once is the last one. */
	b->open = 1;
	for (i = 0; i < n; i++)
		begin(c, b, v[i]);
	one_less(c);
}

/* Who left wants no more of it. */
static void
on_rows(struct api_call *c, void **v, size_t n, const struct error *err)
{
	const struct api_bulk_kind *kind = ((struct api_bulk *)c->work)->kind;
	const struct api_bulk *b = c->work;

	if (!api_back(c)) {
		drop(kind, v, n);
		return;
	}
	note_begun(c, b, b->last);
	if (err != NULL)
		fail(c, err);
	else if (b->dry_run || !api_refuse_write(c))
		go_on(c, v, n);
	else
		drop(kind, v, n);
}

static void
on_jobs(struct job **jobs, size_t n, const struct error *err, void *arg)
{
	on_rows(arg, (void **)jobs, n, err);
}

static void
on_deliveries(struct delivery **v, size_t n, const struct error *err, void *arg)
{
	on_rows(arg, (void **)v, n, err);
}

static void
ask_page(struct api_call *c)
{
	struct store *store = c->api->service->store;
	struct api_bulk *b = c->work;
	size_t left = b->limit - b->taken;

	b->q.limit = left == 0     ? 1
	    : left < b->kind->page ? left
				   : b->kind->page;
	if (b->taken > 0)
		b->q.after = b->last;
	snprintf(b->from, sizeof(b->from), "%s",
	    b->q.after != NULL ? b->q.after : "");
	if (b->kind->begin_job != NULL)
		store_list(store, &b->q, on_jobs, api_hold(c));
	else
		store_list_deliveries(store, &b->q, on_deliveries, api_hold(c));
}

/* --- the request ----------------------------------------------------- */

static int
take_text(struct http_exchange *x, const void *data, size_t len, void *arg)
{
	struct api_bulk *b = ((struct api_call *)arg)->work;

	(void)x;
	return buf_append(&b->text, data, len);
}

static void
on_text(struct http_exchange *x, void *arg)
{
	struct api_call *c = arg;
	struct api_bulk *b = c->work;

	(void)x;
	if (asked(c, b) && (b->dry_run || !api_refuse_write(c)))
		ask_page(c);
}

static void
on_too_large(struct http_exchange *x, void *arg)
{
	(void)x;
	api_refuse(arg, 413, "too_large", "a body has at most %d bytes here",
	    TEXT_MAX);
}

void
api_bulk(struct api_call *c, const struct api_bulk_kind *kind)
{
	static const struct http_body_sink sink = {
	    .max = TEXT_MAX,
	    .data = take_text,
	    .end = on_text,
	    .toolarge = on_too_large,
	};
	struct api_bulk *b = xcalloc(1, sizeof(*b));

	b->kind = kind;
	buf_init(&b->text, TEXT_MAX);
	buf_init(&b->ids, IDS_MAX);
	c->work = b;
	c->work_free = bulk_free;
	http_body(c->x, &sink, c);
}
