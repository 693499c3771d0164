/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the API reads from anybody: the members of a JSON body, the fields of
 * a header, the parameters of a query. The first byte chooses. Whatever is
 * taken keeps the promises of api_asked.h and api_query.h; whatever is not
 * comes with an error that a problem can show.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "serve/api_asked.h"
#include "serve/api_query.h"
#include "serve/problem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
hold(bool promise)
{
	if (!promise)
		abort();
}

/* An error is one line that fits into a problem, which is JSON again. */
static void
check_error(const struct error *err)
{
	struct problem p = {400, "bad_json", err->text, err->hint};
	struct error again;
	struct json *root;
	struct buf b;

	hold(err->code == ERR_USAGE || err->code == ERR_PROTOCOL ||
	    err->code == ERR_NOT_FOUND);
	hold(*err->text != '\0' && !str_has_control(err->text));
	buf_init(&b, 65536);
	problem_write(&p, &b);
	hold(!b.overflow);
	hold(json_parse(b.data, b.len, &root, &again) == 0);
	json_free(root);
	buf_done(&b);
}

static void
check_text(const char *s)
{
	hold(s == NULL || (*s != '\0' && !str_has_control(s)));
}

static void
check_asked(const struct api_asked *a)
{
	char *digest, *list;
	struct intake in;
	size_t i, k;

	api_asked_intake(a, &in);
	hold(in.endpoint != NULL);
	check_text(in.endpoint);
	check_text(in.content_type);
	check_text(in.accept);
	check_text(in.custom_attributes);
	check_text(in.inference_id);
	check_text(in.extension);
	check_text(in.filename);
	check_text(a->input_location);
	hold(in.request_ttl_s >= 0 && in.invocation_timeout_s >= 0);
	hold(a->chosen || a->ndeliver == 0);
	for (i = 0; i < a->ndeliver; i++) {
		check_text(a->deliver[i]);
		hold(strchr(a->deliver[i], ',') == NULL);
		for (k = 0; k < i; k++)
			hold(!str_eq(a->deliver[i], a->deliver[k]));
	}
	list = api_asked_targets(a->deliver, a->ndeliver);
	hold((list == NULL) == (a->ndeliver == 0));
	free(list);
	digest = api_asked_digest(a, "input");
	hold(strlen(digest) == 64);
	free(digest);
}

static void
try_json(const char *data, size_t len)
{
	struct error err = {0};
	struct api_asked a;

	if (api_asked_json(data, len, &a, &err) == -1) {
		check_error(&err);
		return;
	}
	hold((a.input_location == NULL) == (a.body_len > 0));
	check_asked(&a);
	api_asked_done(&a);
}

/* Lines "name: value", as the server hands them out. */
static void
try_header(char *text)
{
	struct error err = {0};
	struct api_asked a;
	struct headers h;
	char *line;

	headers_init(&h);
	while ((line = strsep(&text, "\n")) != NULL) {
		char *value = strchr(line, ':');

		if (value == NULL)
			continue;
		*value++ = '\0';
		value = str_trim(value);
		if (header_name_ok(line) && header_value_ok(value))
			headers_add(&h, line, value);
	}
	if (api_asked_header(&h, &a, &err) == -1) {
		check_error(&err);
	} else {
		hold(a.input_location == NULL && a.body == NULL);
		check_asked(&a);
		api_asked_done(&a);
	}
	headers_done(&h);
}

static void
try_query(const char *text)
{
	static const char *const names[] = {
	    "limit", "after", "state", "target", NULL};
	static const char *const states[] = {"waiting", "dead", NULL};
	struct error err = {0};
	struct api_query q;
	const char *word;
	int64_t n = 7;
	size_t i;

	if (api_query_parse(text, names, &q, &err) == -1) {
		check_error(&err);
		return;
	}
	for (i = 0; names[i] != NULL; i++)
		check_text(api_query_get(&q, names[i]));
	if (api_query_i64(&q, "limit", 1, 1000, &n, &err) == 0)
		hold(n >= 1 && n <= 1000);
	else
		check_error(&err);
	if (api_query_word(&q, "state", states, &word, &err) == 0)
		hold(word == NULL || str_eq(word, "waiting") ||
		    str_eq(word, "dead"));
	else
		check_error(&err);
	api_query_done(&q);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size == 0 || size > 65536)
		return 0;
	text = xstrndup((const char *)data + 1, size - 1);
	switch (data[0] % 3) {
	case 0:
		try_json((const char *)data + 1, size - 1);
		break;
	case 1:
		try_header(text);
		break;
	case 2:
		try_query(text);
		break;
	}
	free(text);
	return 0;
}
