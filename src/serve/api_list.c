/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of a list. */
#include "serve/api_list.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX 1000
/* A page ends behind the row that passes this; no row is so large alone. */
#define PAGE_BYTES ((size_t)4 << 20)
#define PAGE_MAX (PAGE_BYTES + ((size_t)4 << 20))

static int
page_size(const struct api_call *c, int64_t *out, struct error *err)
{
	*out = LIMIT_DEFAULT;
	return api_query_i64(&c->query, "limit", 1, LIMIT_MAX, out, err);
}

int
api_list_query(struct api_call *c, bool (*id_ok)(const char *id),
    struct store_query *q, struct error *err)
{
	int64_t limit;

	if (page_size(c, &limit, err) == -1)
		return -1;
	q->limit = (size_t)limit + 1;
	q->after = api_query_get(&c->query, "after");
	if (q->after != NULL && !id_ok(q->after))
		return err_set(
		    err, ERR_USAGE, "after \"%s\": that is no id", q->after);
	return 0;
}

static void
write_page(struct api_call *c, const struct api_list_kind *kind,
    const void *rows, size_t n)
{
	struct error none;
	int64_t limit = 0;
	struct jsonw w;
	struct buf b;
	size_t i;

	page_size(c, &limit, &none);
	buf_init(&b, PAGE_MAX);
	jsonw_init(&w, &b);
	jsonw_begin(&w, NULL, '{');
	jsonw_begin(&w, kind->name, '[');
	for (i = 0; i < n && i < (size_t)limit && b.len < PAGE_BYTES; i++)
		kind->write(&w, rows, i);
	jsonw_end(&w, ']');
	if (i < n)
		jsonw_str(&w, "next", kind->id(rows, i - 1));
	jsonw_end(&w, '}');
	buf_putc(&b, '\n');
	api_reply_json(c, 200, &b);
	buf_done(&b);
}

void
api_list_answer(struct api_call *c, const struct api_list_kind *kind,
    const void *rows, size_t n, const struct error *err)
{
	if (err == NULL)
		write_page(c, kind, rows, n);
	else if (err->code == ERR_NOT_FOUND)
		api_refuse_err(c, 400, "bad_parameter", err);
	else
		api_refuse_store(c, err);
}
