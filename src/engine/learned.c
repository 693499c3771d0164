/* SPDX-License-Identifier: Apache-2.0 */
/* A short list: an endpoint is a thing that people name. */
#include "engine/learned.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"

struct learned {
	TAILQ_ENTRY(learned) entry;
	char *endpoint;
	char *output_path;
};

static struct learned *
find(const struct learned_list *list, const char *endpoint)
{
	struct learned *l;

	TAILQ_FOREACH (l, list, entry) {
		if (str_eq(l->endpoint, endpoint))
			return l;
	}
	return NULL;
}

const char *
learned_path(const struct learned_list *list, const char *endpoint)
{
	const struct learned *l = find(list, endpoint);

	return l != NULL ? l->output_path : NULL;
}

void
learned_set(struct learned_list *list, const char *endpoint, const char *path)
{
	struct learned *l = find(list, endpoint);

	if (l == NULL) {
		l = xcalloc(1, sizeof(*l));
		l->endpoint = xstrdup(endpoint);
		TAILQ_INSERT_TAIL(list, l, entry);
	}
	free(l->output_path);
	l->output_path = xstrdup(path);
}

void
learned_forget(struct learned_list *list)
{
	struct learned *l;

	while ((l = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, l, entry);
		free(l->endpoint);
		free(l->output_path);
		free(l);
	}
}
