/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v1/deliveries/replay: all that match, each a step of the store's own,
 * which stands before the next page is read. */
#include "serve/api_bulk.h"

static void
begin(struct api_call *c, struct delivery *take_d)
{
	engine_replay(c->api->service->engine, take_d);
	api_bulk_ended(c, true, NULL);
}

void
api_replay(struct api_call *c)
{
	static const char *const filters[] = {API_DELIVERY_FILTERS, NULL};
	static const struct api_bulk_kind kind = {
	    .of = "deliveries",
	    .done = "replayed",
	    .example = "state=dead",
	    .filters = filters,
	    .filter = api_filter_deliveries,
	    .id_ok = delivery_id_ok,
	    .page = API_BULK_PAGE,
	    .begin_delivery = begin,
	};

	api_bulk(c, &kind);
}
