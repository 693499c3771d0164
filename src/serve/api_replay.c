/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /v1/deliveries/replay: all that match, a page at a time. Each is a step
 * of the store's own; the next page is read behind those, so that neither the
 * queue nor the memory has more than one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/jsonw.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve/api_filter.h"

#define PAGE 250
#define LIMIT_DEFAULT 10000
#define LIMIT_MAX 100000
#define TEXT_MAX 65536
#define VALUES_MAX 64

struct replay {
	struct buf text; /* of the JSON form */
	struct store_query q;
	bool dry_run;
	size_t limit;
	size_t n;
	char last[DELIVERY_ID_SIZE];
};

static void
replay_free(void *work)
{
	struct replay *r = work;

	buf_done(&r->text);
	free(r);
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
take_page(struct api_call *c, struct replay *r, struct error *err)
{
	static const char *const words[] = {"true", "false", NULL};
	const char *dry_run = NULL;
	int64_t limit = LIMIT_DEFAULT;

	if (api_query_i64(&c->query, "limit", 1, LIMIT_MAX, &limit, err) ==
		-1 ||
	    api_query_word(&c->query, "dry_run", words, &dry_run, err) == -1)
		return -1;
	r->limit = (size_t)limit;
	r->dry_run = dry_run != NULL && str_eq(dry_run, "true");
	r->q.after = api_query_get(&c->query, "after");
	if (r->q.after != NULL && !delivery_id_ok(r->q.after))
		return err_set(
		    err, ERR_USAGE, "after \"%s\": that is no id", r->q.after);
	return 0;
}

static bool
asked(struct api_call *c, struct replay *r)
{
	static const char *const filters[] = {API_DELIVERY_FILTERS, NULL};
	struct error err;

	if (r->text.len > 0 && take_json(c, &r->text, &err) == -1) {
		api_refuse_err(c, 400,
		    err.code == ERR_PROTOCOL ? "bad_json" : "bad_parameter",
		    &err);
		return false;
	}
	if (api_filter_none(c, filters)) {
		err_set(&err, ERR_USAGE, "nothing says which deliveries");
		err_hint(&err,
		    "Name a filter, such as state=dead: without one it would "
		    "be all that ever were.");
		api_refuse_err(c, 400, "no_filter", &err);
		return false;
	}
	if (api_filter_deliveries(c, &r->q, &err) == -1 ||
	    take_page(c, r, &err) == -1) {
		api_refuse_err(c, 400, "bad_parameter", &err);
		return false;
	}
	return true;
}

/* --- page by page ---------------------------------------------------- */

static void
answer(struct api_call *c, const struct replay *r, bool more)
{
	struct jsonw w;
	struct buf b;

	buf_init(&b, 1024);
	jsonw_init(&w, &b);
	jsonw_begin(&w, NULL, '{');
	jsonw_int(&w, r->dry_run ? "matched" : "replayed", (int64_t)r->n);
	if (more)
		jsonw_str(&w, "next", r->last);
	jsonw_end(&w, '}');
	buf_putc(&b, '\n');
	if (!r->dry_run) {
		log_begin(LOG_INFO, "api");
		log_str("request", c->request_id);
		log_int("replayed", (int64_t)r->n);
		log_end();
	}
	api_reply_json(c, 200, &b);
	buf_done(&b);
}

static void ask_page(struct api_call *c);

static void
take_row(struct api_call *c, struct replay *r, struct delivery *take_d)
{
	memcpy(r->last, take_d->id, sizeof(r->last));
	r->n++;
	if (r->dry_run)
		delivery_free(take_d);
	else
		engine_replay(c->api->service->engine, take_d);
}

/* With as many as were wanted there is one more look: behind what is being
 * written, and for what is left. */
static void
go_on(struct api_call *c, struct delivery **v, size_t n)
{
	struct replay *r = c->work;
	size_t i;

	if (r->n == r->limit || n == 0) {
		for (i = 0; i < n; i++)
			delivery_free(v[i]);
		answer(c, r, n > 0);
		return;
	}
	for (i = 0; i < n; i++)
		take_row(c, r, v[i]);
	ask_page(c);
}

static void
on_page(struct delivery **v, size_t n, const struct error *err, void *arg)
{
	struct api_call *c = arg;
	const struct replay *r = c->work;
	size_t i;

	/* Who left wants no more of it. */
	if (!api_back(c))
		;
	else if (err != NULL && err->code == ERR_NOT_FOUND)
		api_refuse_err(c, 400, "bad_parameter", err);
	else if (err != NULL)
		api_refuse_store(c, err);
	else if (r->dry_run || !api_refuse_write(c)) {
		go_on(c, v, n);
		return;
	}
	for (i = 0; i < n; i++)
		delivery_free(v[i]);
}

static void
ask_page(struct api_call *c)
{
	struct replay *r = c->work;
	size_t left = r->limit - r->n;

	r->q.limit = left == 0 ? 1 : left < PAGE ? left : PAGE;
	if (r->n > 0)
		r->q.after = r->last;
	store_list_deliveries(
	    c->api->service->store, &r->q, on_page, api_hold(c));
}

/* --- the request ----------------------------------------------------- */

static int
take_text(struct http_exchange *x, const void *data, size_t len, void *arg)
{
	struct replay *r = ((struct api_call *)arg)->work;

	(void)x;
	return buf_append(&r->text, data, len);
}

static void
on_text(struct http_exchange *x, void *arg)
{
	struct api_call *c = arg;
	struct replay *r = c->work;

	(void)x;
	if (asked(c, r) && (r->dry_run || !api_refuse_write(c)))
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
api_replay(struct api_call *c)
{
	static const struct http_body_sink sink = {
	    .max = TEXT_MAX,
	    .data = take_text,
	    .end = on_text,
	    .toolarge = on_too_large,
	};
	struct replay *r = xcalloc(1, sizeof(*r));

	buf_init(&r->text, TEXT_MAX);
	c->work = r;
	c->work_free = replay_free;
	http_body(c->x, &sink, c);
}
