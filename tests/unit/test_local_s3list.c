/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of listings, over keys in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "local/s3list.h"

struct memory {
	const char *const *keys; /* in their order; NULL at the end */
	size_t at;
	unsigned seeks;
};

static int
memory_seek(void *arg, const char *from, size_t len, struct error *err)
{
	struct memory *m = arg;

	(void)err;
	assert_int_equal(strlen(from), len);
	m->seeks++;
	for (m->at = 0; m->keys[m->at] != NULL; m->at++) {
		if (strcmp(m->keys[m->at], from) >= 0)
			break;
	}
	return 0;
}

static int
memory_next(void *arg, struct db_entry *out, struct error *err)
{
	struct memory *m = arg;

	(void)err;
	if (m->keys[m->at] == NULL)
		return 0;
	*out =
	    (struct db_entry){.key = m->keys[m->at++], .etag = "e", .size = 1};
	out->key_len = strlen(out->key);
	return 1;
}

/* The text between <name> and </name>, appended; where it ends, or NULL. */
static const char *
take_element(const char *p, const char *name, struct buf *out)
{
	char *open = xasprintf("<%s>", name), *close = xasprintf("</%s>", name);
	const char *start = strstr(p, open), *end = NULL;

	if (start != NULL) {
		start += strlen(open);
		end = strstr(start, close);
		buf_append(out, start, (size_t)(end - start));
	}
	free(open);
	free(close);
	return end;
}

/* All pages of a listing as "key key prefix/ |key ...", by their tokens. */
static void
walk(struct memory *m, const char *query, struct buf *out)
{
	struct s3list_source source = {memory_seek, memory_next, m};
	struct buf page, token;
	struct error err = {0};
	int pages = 0;

	buf_init(&page, 1024 * 1024);
	buf_init(&token, 4096);
	do {
		char *q = xasprintf("%s%s%s", query,
		    token.len > 0 ? "&continuation-token=" : "", token.data);
		struct s3target t;
		struct s3list l;
		const char *p;

		assert_int_equal(
		    s3target_parse("/bucket", q, "h", "h", &t, &err), 0);
		assert_int_equal(s3list_parse(&t, &l, &err), 0);
		buf_clear(&page);
		assert_int_equal(s3list_write(&l, &source, &page, &err), 0);
		if (pages++ > 0)
			buf_putc(out, '|');
		for (p = page.data; (p = take_element(p, "Key", out)) != NULL;)
			buf_putc(out, ' ');
		p = strstr(page.data, "<CommonPrefixes>");
		while (
		    p != NULL && (p = take_element(p, "Prefix", out)) != NULL)
			buf_putc(out, ' ');
		buf_clear(&token);
		take_element(page.data, "NextContinuationToken", &token);
		assert_int_equal(token.len > 0,
		    strstr(page.data, "<IsTruncated>true<") != NULL);
		free(q);
		s3target_done(&t);
	} while (token.len > 0 && pages < 50);
	buf_done(&page);
	buf_done(&token);
}

static void
assert_walk(const char *const *keys, const char *query, const char *expected)
{
	struct memory m = {.keys = keys};
	struct buf out;

	buf_init(&out, 64 * 1024);
	walk(&m, query, &out);
	assert_string_equal(out.data, expected);
	buf_done(&out);
}

static const char *const keys[] = {
    "a", "a/", "a/b", "a/c", "a0", "b/x", "b/y/z", "c", NULL};

static void
pages_end_and_go_on_where_they_should(void **state)
{
	(void)state;
	assert_walk(keys, "list-type=2", "a a/ a/b a/c a0 b/x b/y/z c ");
	assert_walk(keys, "max-keys=3", "a a/ a/b |a/c a0 b/x |b/y/z c ");
	assert_walk(keys, "max-keys=8", "a a/ a/b a/c a0 b/x b/y/z c ");
	assert_walk(keys, "max-keys=7", "a a/ a/b a/c a0 b/x b/y/z |c ");
	assert_walk(keys, "max-keys=0", "");
}

static void
a_prefix_bounds_the_listing(void **state)
{
	(void)state;
	assert_walk(keys, "prefix=a%2F", "a/ a/b a/c ");
	assert_walk(keys, "prefix=a%2F&max-keys=2", "a/ a/b |a/c ");
	assert_walk(keys, "prefix=zz", "");
	assert_walk(keys, "prefix=a&start-after=a%2Fb", "a/c a0 ");
	assert_walk(keys, "prefix=b&start-after=a", "b/x b/y/z ");
}

static void
a_delimiter_rolls_up_across_pages(void **state)
{
	(void)state;
	assert_walk(keys, "delimiter=%2F", "a a0 c a/ b/ ");
	assert_walk(keys, "delimiter=%2F&max-keys=1", "a |a/ |a0 |b/ |c ");
	assert_walk(keys, "delimiter=%2F&max-keys=2", "a a/ |a0 b/ |c ");
	assert_walk(keys, "delimiter=%2F&prefix=b%2F", "b/x b/y/ ");
	assert_walk(keys, "delimiter=%2F&prefix=a%2F", "a/ a/b a/c ");
	assert_walk(keys, "delimiter=%2F&start-after=a%2Fb", "a0 c a/ b/ ");
}

static void
what_shares_a_prefix_is_jumped_over(void **state)
{
	static const char *const many[] = {"p/1", "p/2", "p/3", "p/4", "p/5",
	    "p/6", "p/7", "p/8", "p/9", "q", NULL};
	struct memory m = {.keys = many};
	struct buf out;

	(void)state;
	buf_init(&out, 1024);
	walk(&m, "delimiter=%2F", &out);
	assert_string_equal(out.data, "q p/ ");
	assert_int_equal(m.seeks, 2);
	buf_done(&out);
}

static void
url_encoding_covers_what_xml_cannot_carry(void **state)
{
	static const char *const odd[] = {"a\x01 b+c/\xc3\xa9", NULL};

	(void)state;
	assert_walk(odd, "encoding-type=url", "a%01%20b%2Bc/%C3%A9 ");
	assert_walk(odd, "list-type=2", "a&#x1; b+c/\xc3\xa9 ");
}

static void
wrong_parameters_are_refused(void **state)
{
	static const char *const wrong[] = {"max-keys=-1", "max-keys=x",
	    "max-keys=", "encoding-type=base64", "continuation-token="};
	struct s3list_source source = {NULL, NULL, NULL};
	struct error err = {0};
	struct s3target t;
	struct s3list l;
	struct buf out;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		s3target_parse("/bucket", wrong[i], "h", "h", &t, &err);
		assert_int_equal(s3list_parse(&t, &l, &err), -1);
		assert_string_equal(err.remote_code, "InvalidArgument");
		s3target_done(&t);
	}
	buf_init(&out, 1024);
	s3target_parse(
	    "/bucket", "continuation-token=bm9wZQ==", "h", "h", &t, &err);
	assert_int_equal(s3list_parse(&t, &l, &err), 0);
	assert_int_equal(s3list_write(&l, &source, &out, &err), -1);
	assert_string_equal(err.remote_code, "InvalidArgument");
	s3target_done(&t);
	buf_done(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pages_end_and_go_on_where_they_should),
	    cmocka_unit_test(a_prefix_bounds_the_listing),
	    cmocka_unit_test(a_delimiter_rolls_up_across_pages),
	    cmocka_unit_test(what_shares_a_prefix_is_jumped_over),
	    cmocka_unit_test(url_encoding_covers_what_xml_cannot_carry),
	    cmocka_unit_test(wrong_parameters_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
