/* SPDX-License-Identifier: Apache-2.0 */
/* Deliveries: listed, looked at, replayed, given up. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "job/jobjson.h"
#include "serve/api_filter.h"
#include "serve/api_list.h"

#define DELIVERY_MAX ((size_t)16 << 20)

/* --- one ------------------------------------------------------------ */

static void
reply_delivery(struct api_call *c, const struct delivery *d)
{
	struct jsonw w;
	struct buf b;

	memcpy(c->job, d->job_id, JOBID_SIZE);
	buf_init(&b, DELIVERY_MAX);
	jsonw_init(&w, &b);
	jobjson_write_delivery(&w, d, true);
	buf_putc(&b, '\n');
	api_reply_json(c, 200, &b);
	buf_done(&b);
}

static void
on_found(struct delivery **v, size_t n, const struct error *err, void *arg)
{
	struct api_call *c = arg;
	struct delivery *d = n > 0 ? v[0] : NULL;

	if (api_back_with(c, d, err))
		reply_delivery(c, d);
	delivery_free(d);
}

void
api_deliveries_get(struct api_call *c)
{
	if (!delivery_id_ok(c->id))
		api_not_found(c);
	else
		store_find_delivery(
		    c->api->service->store, c->id, on_found, api_hold(c));
}

/* --- given up ------------------------------------------------------- */

static void
on_ended(struct delivery **v, size_t n, const struct error *err, void *arg)
{
	struct api_call *c = arg;
	struct delivery *d = n > 0 ? v[0] : NULL;

	if (!api_back_with(c, d, err))
		;
	else if (d->state == DELIVERY_WAITING)
		api_refuse(c, 409, "under_way",
		    "an attempt is under way; ask again when it has ended");
	else if (d->state != DELIVERY_DEAD)
		api_refuse(c, 409, "done", "the delivery ended before: %s",
		    delivery_state_name(d->state));
	else
		reply_delivery(c, d);
	delivery_free(d);
}

static void
on_unwanted(struct delivery **v, size_t n, const struct error *err, void *arg)
{
	struct api_call *c = arg;
	struct delivery *d = n > 0 ? v[0] : NULL;

	if (!api_back_with(c, d, err)) {
		delivery_free(d);
		return;
	}
	if (api_refuse_write(c)) {
		delivery_free(d);
		return;
	}
	memcpy(c->job, d->job_id, JOBID_SIZE);
	engine_give_up_delivery(c->api->service->engine, d);
	store_find_delivery(
	    c->api->service->store, c->id, on_ended, api_hold(c));
}

void
api_deliveries_cancel(struct api_call *c)
{
	if (!delivery_id_ok(c->id))
		api_not_found(c);
	else if (!api_refuse_write(c))
		store_find_delivery(
		    c->api->service->store, c->id, on_unwanted, api_hold(c));
}

/* --- replay --------------------------------------------------------- */

/* What the engine writes of it now comes before the second look. */
static void
on_old(struct delivery **v, size_t n, const struct error *err, void *arg)
{
	struct api_call *c = arg;
	struct delivery *d = n > 0 ? v[0] : NULL;

	if (!api_back_with(c, d, err))
		delivery_free(d);
	else if (api_refuse_write(c)) {
		delivery_free(d);
	} else {
		memcpy(c->job, d->job_id, JOBID_SIZE);
		engine_replay(c->api->service->engine, d);
		store_find_delivery(
		    c->api->service->store, c->id, on_found, api_hold(c));
	}
}

void
api_deliveries_replay(struct api_call *c)
{
	if (!delivery_id_ok(c->id))
		api_not_found(c);
	else if (!api_refuse_write(c))
		store_find_delivery(
		    c->api->service->store, c->id, on_old, api_hold(c));
}

/* --- many ----------------------------------------------------------- */

static void
write_row(struct jsonw *w, const void *rows, size_t i)
{
	jobjson_write_delivery(w, ((struct delivery *const *)rows)[i], false);
}

static const char *
id_of_row(const void *rows, size_t i)
{
	return ((struct delivery *const *)rows)[i]->id;
}

static void
on_list(struct delivery **v, size_t n, const struct error *err, void *arg)
{
	static const struct api_list_kind kind = {
	    "deliveries", write_row, id_of_row};
	struct api_call *c = arg;
	size_t i;

	if (api_back(c))
		api_list_answer(c, &kind, v, n, err);
	for (i = 0; i < n; i++)
		delivery_free(v[i]);
}

void
api_deliveries_list(struct api_call *c)
{
	struct store_query q = {0};
	struct error err;

	if (api_list_query(c, delivery_id_ok, &q, &err) == -1 ||
	    api_filter_deliveries(c, &q, &err) == -1)
		api_refuse_err(c, 400, "bad_parameter", &err);
	else
		store_list_deliveries(
		    c->api->service->store, &q, on_list, api_hold(c));
}
