/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts by themselves: listed, of one delivery or of all, and looked at. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "deliver/class.h"
#include "job/attemptjson.h"
#include "serve/api_filter.h"
#include "serve/api_list.h"

/* --- many ----------------------------------------------------------- */

static void
write_brief(struct jsonw *w, const void *rows, size_t i)
{
	attemptjson_write(w, ((struct attempt_entry *const *)rows)[i], false);
}

static void
write_full(struct jsonw *w, const void *rows, size_t i)
{
	attemptjson_write(w, ((struct attempt_entry *const *)rows)[i], true);
}

static const char *
place_of_row(const void *rows, size_t i)
{
	return ((struct attempt_entry *const *)rows)[i]->place;
}

static bool
is_place(const char *text)
{
	char delivery[DELIVERY_ID_SIZE];
	unsigned n;

	return attempt_place_parse(text, delivery, &n) == 0;
}

static bool
wants_headers(const struct api_call *c)
{
	const char *word = api_query_get(&c->query, "headers");

	return word != NULL && str_eq(word, "true");
}

static void
answer_list(struct api_call *c, struct attempt_entry **v, size_t n,
    const struct error *err)
{
	static const struct api_list_kind brief = {
	    "attempts", write_brief, place_of_row};
	static const struct api_list_kind full = {
	    "attempts", write_full, place_of_row};

	api_list_answer(c, wants_headers(c) ? &full : &brief, v, n, err);
}

/* Without attempts: is it there at all? */
static void
on_delivery(struct delivery **v, size_t n, const struct error *err, void *arg)
{
	struct api_call *c = arg;
	struct delivery *d = n > 0 ? v[0] : NULL;

	if (api_back_with(c, d, err))
		answer_list(c, NULL, 0, NULL);
	delivery_free(d);
}

static void
on_list(struct attempt_entry **v, size_t n, const struct error *err, void *arg)
{
	struct api_call *c = arg;
	size_t i;

	if (!api_back(c))
		;
	else if (err == NULL && n == 0 && c->id[0] != '\0')
		store_find_delivery(
		    c->api->service->store, c->id, on_delivery, api_hold(c));
	else
		answer_list(c, v, n, err);
	for (i = 0; i < n; i++)
		attempt_entry_free(v[i]);
}

static int
fill_query(struct api_call *c, struct store_query *q, struct error *err)
{
	static const char *const orders[] = {"oldest", "newest", NULL};
	static const char *const flags[] = {"true", "false", NULL};
	const char *order = NULL, *headers;

	if (api_list_query(c, is_place, q, err) == -1 ||
	    api_query_word(&c->query, "order", orders, &order, err) == -1 ||
	    api_query_word(&c->query, "headers", flags, &headers, err) == -1)
		return -1;
	q->newest = order != NULL && str_eq(order, "newest");
	return api_filter_attempts(c, q, err);
}

static void
list(struct api_call *c, struct store_query *q)
{
	struct error err;

	if (fill_query(c, q, &err) == -1)
		api_refuse_err(c, 400, "bad_parameter", &err);
	else
		store_list_attempts(
		    c->api->service->store, q, on_list, api_hold(c));
}

static int
take_ids(const struct api_call *c, struct store_query *q, struct error *err)
{
	q->delivery = api_query_get(&c->query, "delivery");
	q->job = api_query_get(&c->query, "job");
	q->target = api_query_get(&c->query, "target");
	if (q->delivery != NULL && !delivery_id_ok(q->delivery))
		return err_set(err, ERR_USAGE, "delivery \"%s\": that is no id",
		    q->delivery);
	if (q->job != NULL && !jobid_ok(q->job))
		return err_set(
		    err, ERR_USAGE, "job \"%s\": that is no id", q->job);
	return 0;
}

void
api_attempts_list(struct api_call *c)
{
	struct store_query q = {0};
	struct error err;

	if (take_ids(c, &q, &err) == -1)
		api_refuse_err(c, 400, "bad_parameter", &err);
	else
		list(c, &q);
}

void
api_attempts_of(struct api_call *c)
{
	struct store_query q = {.delivery = c->id};

	if (!delivery_id_ok(c->id))
		api_not_found(c);
	else
		list(c, &q);
}

/* --- one ------------------------------------------------------------ */

static void
reply_entry(struct api_call *c, const struct attempt_entry *e)
{
	memcpy(c->job, e->job, JOBID_SIZE);
	api_reply_attempt(c, e);
}

static void
on_found(struct attempt_entry **v, size_t n, const struct error *err, void *arg)
{
	struct api_call *c = arg;
	struct attempt_entry *e = n > 0 ? v[0] : NULL;

	if (!api_back(c))
		;
	else if (err != NULL)
		api_refuse_store(c, err);
	else if (e == NULL)
		api_refuse(c, 404, "not_found",
		    "there is no attempt %u of such a delivery", c->number);
	else
		reply_entry(c, e);
	attempt_entry_free(e);
}

void
api_attempts_get(struct api_call *c)
{
	struct store_query q = {
	    .delivery = c->id,
	    .n = c->number,
	    .limit = 1,
	};

	if (!delivery_id_ok(c->id) || c->number == 0)
		api_not_found(c);
	else
		store_list_attempts(
		    c->api->service->store, &q, on_found, api_hold(c));
}
