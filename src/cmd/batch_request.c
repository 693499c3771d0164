/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked for with one item of a batch. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cmd/batch_carrier.h"
#include "job/tags.h"

static void
take(const char **to, const char *value)
{
	if (value != NULL)
		*to = value;
}

/* Those of the command and those of the line. */
static void
take_tags(struct batch_request *r, const struct request_options *all,
    const char *tags)
{
	struct option_list *list = &r->o.tags;
	char *rest, *word;
	size_t i;

	memset(list, 0, sizeof(*list));
	if (all->tags.n == 0 && tags == NULL)
		return;
	list->v = xreallocarray(NULL, all->tags.n + TAGS_MAX, sizeof(*list->v));
	for (i = 0; i < all->tags.n; i++)
		list->v[list->n++] = all->tags.v[i];
	if (tags == NULL)
		return;
	r->words = xstrdup(tags);
	for (rest = r->words; (word = strsep(&rest, ",")) != NULL;)
		list->v[list->n++] = word;
}

int
batch_request_init(struct batch_request *r, struct app *app,
    const struct request_options *all, const struct batch_entry *e,
    struct error *err)
{
	const struct batch_line *line = &e->line;

	memset(r, 0, sizeof(*r));
	r->o = *all;
	take(&r->o.endpoint, line->endpoint);
	take(&r->o.content_type, line->content_type);
	take(&r->o.accept, line->accept);
	take(&r->o.custom_attributes, line->custom_attributes);
	take(&r->o.inference_id, line->inference_id);
	take(&r->o.body, line->body);
	r->o.request_ttl_s = line->request_ttl_s;
	r->o.invocation_timeout_s = line->invocation_timeout_s;
	take_tags(r, all, line->tags);
	if (request_configure(app, &r->o, &r->endpoint, err) == 0)
		return 0;
	batch_request_done(r);
	return -1;
}

void
batch_request_done(struct batch_request *r)
{
	option_list_done(&r->o.tags);
	xfree(&r->words);
}
