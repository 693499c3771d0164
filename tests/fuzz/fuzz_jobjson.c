/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as a job and as a delivery. What is taken is written, taken again, and
 * written as the same text; what is refused says why and leaves nothing.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "job/jobjson.h"

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
must_explain(const struct error *err)
{
	must(err->code == ERR_PROTOCOL && err->text[0] != '\0', "code");
	must(!str_has_control(err->text), "a control byte in the text");
}

/* -1 where the document is none. */
static int
rewrite_job(const struct json *doc, struct jsonw *w)
{
	struct job *job = NULL;
	struct error err;

	if (jobjson_parse(doc, &job, &err) == -1) {
		must(job == NULL, "a job with an error");
		must_explain(&err);
		return -1;
	}
	jobjson_write(w, job, true);
	job_free(job);
	return 0;
}

static int
rewrite_delivery(const struct json *doc, struct jsonw *w)
{
	struct delivery *d = NULL;
	struct error err;

	if (jobjson_parse_delivery(doc, &d, &err) == -1) {
		must(d == NULL, "a delivery with an error");
		must_explain(&err);
		return -1;
	}
	jobjson_write_delivery(w, d, true);
	delivery_free(d);
	return 0;
}

typedef int rewrite_fn(const struct json *doc, struct jsonw *w);

static int
rewrite(rewrite_fn *fn, const char *s, size_t len, struct buf *out)
{
	struct json *doc;
	struct error err;
	struct jsonw w;
	int rc;

	buf_init(out, SIZE_MAX / 2);
	if (json_parse(s, len, &doc, &err) == -1)
		return -1;
	jsonw_init(&w, out);
	rc = fn(doc, &w);
	json_free(doc);
	return rc;
}

static void
try_as(rewrite_fn *fn, const char *s, size_t len)
{
	struct buf once, twice;

	if (rewrite(fn, s, len, &once) == 0) {
		must(rewrite(fn, once.data, once.len, &twice) == 0,
		    "not taken again");
		must(strcmp(once.data, twice.data) == 0, "another text");
		buf_done(&twice);
	}
	buf_done(&once);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = xmemdup(data, size);

	try_as(rewrite_job, copy, size);
	try_as(rewrite_delivery, copy, size);
	free(copy);
	return 0;
}
