/* SPDX-License-Identifier: Apache-2.0 */
/* awaitd-summary: the smallest model of all, as an example of a container. */
#include "containers/container.h"
#include "containers/summary.h"

/* Workers share nothing and keep nothing. */
static int
make(void **out, struct error *err)
{
	(void)err;
	*out = NULL;
	return 0;
}

static void
release(void *self)
{
	(void)self;
}

static int
run(void *self, const struct container_request *r, struct buf *answer,
    const char **type, struct error *err)
{
	size_t n;

	(void)self;
	*type = "text/plain; charset=utf-8";
	if (summary_sentences(r->attributes, &n, err) == -1)
		return -1;
	return summary_write(r->data, r->len, n, answer, err);
}

int
main(int argc, char **argv)
{
	static const char *const types[] = {
	    "text/plain", "text/markdown", NULL};
	static const struct container_model model = {
	    .name = "awaitd-summary",
	    .purpose = "The sentences that say most of a text, in UTF-8.",
	    .types = types,
	    .max_payload = (int64_t)8 << 20,
	    .make = make,
	    .free = release,
	    .run = run,
	};

	return container_main(&model, argc, argv);
}
