/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as what a service tells of a target. What is taken is written, taken
 * again, and written as the same text; what is refused says why.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "serve/target_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static int
rewrite(const char *s, size_t len, struct buf *out)
{
	struct health h;
	struct json *doc;
	struct error err;
	struct jsonw w;
	int rc;

	buf_init(out, SIZE_MAX / 2);
	if (json_parse(s, len, &doc, &err) == -1)
		return -1;
	rc = target_json_parse(doc, &h, &err);
	if (rc == 0) {
		jsonw_init(&w, out);
		target_json_write(&w, &h);
	} else {
		must(err.code == ERR_PROTOCOL && err.text[0] != '\0', "code");
	}
	json_free(doc);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = xmemdup(data, size);
	struct buf once, twice;

	if (rewrite(copy, size, &once) == 0) {
		must(rewrite(once.data, once.len, &twice) == 0,
		    "not taken again");
		must(strcmp(once.data, twice.data) == 0, "another text");
		buf_done(&twice);
	}
	buf_done(&once);
	free(copy);
	return 0;
}
