/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests from anywhere to the canonical text, as awaitd-local meets them.
 * A canonical path and query have to be their own canonical form, and no
 * input may add a line. Input: method, path, query, then header names and
 * values, each on a line.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "aws/sigv4.h"
#include "base/mem.h"

#define CAP (4 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static char *
next_line(char **rest)
{
	return *rest != NULL ? strsep(rest, "\n") : NULL;
}

static const char *
or_empty(const char *s)
{
	return s != NULL ? s : "";
}

static size_t
count_lines(const char *s)
{
	size_t n = 1;

	for (; *s != '\0'; s++)
		n += *s == '\n';
	return n;
}

/* 0 with the text, or -1 where the request is refused with a reason. */
static int
canonical(const struct sigv4_request *r, struct buf *out, struct buf *names)
{
	struct error err;

	error_clear(&err);
	buf_init(out, CAP);
	buf_init(names, CAP);
	if (sigv4_canonical_request(r, out, names, &err) == 0) {
		must(!out->overflow && strlen(out->data) == out->len);
		return 0;
	}
	must(err.code != ERR_NONE && *err.text != '\0');
	must(out->len == 0 && names->len == 0);
	return -1;
}

/* Take lines two and three of the text as the next request's. */
static void
check_fixed_point(const struct sigv4_request *r, const char *text)
{
	char *copy = xstrdup(text), *rest = copy;
	struct sigv4_request again = *r;
	struct buf out, names;

	next_line(&rest);
	again.path = next_line(&rest);
	again.query = next_line(&rest);
	must(canonical(&again, &out, &names) == 0);
	must(strcmp(out.data, text) == 0);
	buf_done(&names);
	buf_done(&out);
	free(copy);
}

static void
check(const struct sigv4_request *r)
{
	struct buf out, names;
	size_t lines = 0, i;

	if (canonical(r, &out, &names) == 0) {
		/* One line a distinct header; five others and two blanks
		 * of which one is there only with headers. */
		for (i = 0; i < names.len; i++)
			lines += names.data[i] == ';';
		lines += names.len > 0;
		must(count_lines(out.data) == lines + 6);
		if (r->path_as_is)
			check_fixed_point(r, out.data);
	}
	buf_done(&names);
	buf_done(&out);
}

static void
presign(const struct sigv4_request *r)
{
	struct sigv4_credentials c = {"AKIDEXAMPLE", "secret", "token"};
	struct sigv4_scope s = {"us-east-1", "s3", 0};
	struct buf query;
	struct error err;

	buf_init(&query, CAP);
	if (sigv4_presign(&c, &s, r, 60, &query, &err) == 0)
		must(strpbrk(query.data, "#\n") == NULL ||
		    strpbrk(r->query, "#\n") != NULL);
	else
		must(query.len == 0);
	buf_done(&query);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xstrndup((const char *)data, size), *rest = text, *name;
	struct headers headers;
	struct sigv4_request r = {
	    .headers = &headers,
	    .payload_hash = SIGV4_UNSIGNED_PAYLOAD,
	};

	r.method = or_empty(next_line(&rest));
	r.path = or_empty(next_line(&rest));
	r.query = or_empty(next_line(&rest));
	headers_init(&headers);
	while ((name = next_line(&rest)) != NULL)
		headers_add(&headers, name, or_empty(next_line(&rest)));
	check(&r);
	r.no_normalize = true;
	check(&r);
	r.path_as_is = true;
	check(&r);
	presign(&r);
	headers_done(&headers);
	free(text);
	return 0;
}
