/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes to the strict parser. What it takes is written again with jsonw and
 * must be taken again as the same tree; what it refuses must say why in one
 * line and leave no document.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void
write_tree(struct jsonw *w, const struct json *j)
{
	const char *name = json_name(j);
	const struct json *n;
	int64_t number;
	bool truth;

	if (json_is_object(j) || json_is_array(j)) {
		jsonw_begin(w, name, json_is_object(j) ? '{' : '[');
		for (n = json_first(j); n != NULL; n = json_next(n)) {
			if (json_is_object(j))
				must(json_get(j, json_name(n)) == n, "get");
			write_tree(w, n);
		}
		jsonw_end(w, json_is_object(j) ? '}' : ']');
	} else if (json_str(j) != NULL) {
		jsonw_str(w, name, json_str(j));
	} else if (json_i64(j, &number) == 0) {
		jsonw_int(w, name, number);
	} else if (json_bool(j, &truth) == 0) {
		jsonw_bool(w, name, truth);
	} else {
		/* A number that is not whole, or null: both readers agree. */
		jsonw_null(w, name);
	}
}

static void
rewrite(const char *s, size_t len, struct buf *out)
{
	struct json *doc = NULL;
	struct error err;
	struct jsonw w;

	error_clear(&err);
	must(json_parse(s, len, &doc, &err) == 0, "not taken again");
	jsonw_init(&w, out);
	write_tree(&w, doc);
	must(!out->overflow, "overflow");
	json_free(doc);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json *doc = NULL;
	struct buf once, twice;
	struct error err;
	char *copy;

	error_clear(&err);
	copy = xmemdup(data, size);
	if (json_parse(copy, size, &doc, &err) == -1) {
		must(doc == NULL, "a document with an error");
		must(err.code == ERR_PROTOCOL && err.text[0] != '\0', "code");
		must(!str_has_control(err.text), "a control byte in the text");
		free(copy);
		return 0;
	}
	json_free(doc);
	buf_init(&once, SIZE_MAX / 2);
	buf_init(&twice, SIZE_MAX / 2);
	rewrite(copy, size, &once);
	free(copy);
	rewrite(once.data, once.len, &twice);
	must(once.len == twice.len &&
		memcmp(once.data, twice.data, once.len) == 0,
	    "another tree");
	buf_done(&once);
	buf_done(&twice);
	return 0;
}
