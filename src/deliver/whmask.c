/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets in what receivers say. */
#include "deliver/whmask.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/encode.h"
#include "base/mem.h"
#include "base/str.h"

/* Of a word in a response, so that masking leaves answers readable. */
#define SECRET_MIN 8

/* Who chose secret and answer can have one all over the other: what has it so
 * often has nothing else to say, and to look on would take its time. */
#define HITS_MAX 1000

/* Secrets are looked for in what came: the stars of a short one must not hide
 * a longer one that has it in it. */
struct mask {
	char *text;
	const char *was;
	size_t len;
	size_t hits;
};

/* In all of the text, and where the text ends within it. */
static void
cover(struct mask *m, const char *secret, size_t len)
{
	const char *end = m->was + m->len, *at = m->was;
	size_t n;

	if (len < SECRET_MIN || m->hits > HITS_MAX)
		return;
	while ((at = memmem(at, (size_t)(end - at), secret, len)) != NULL) {
		if (++m->hits > HITS_MAX) {
			memset(m->text, '*', m->len);
			return;
		}
		memset(m->text + (at - m->was), '*', len);
		at++;
	}
	for (n = len < m->len ? len : m->len; n >= SECRET_MIN; n--) {
		if (memcmp(end - n, secret, n) == 0) {
			memset(m->text + m->len - n, '*', n);
			return;
		}
	}
}

/* With a '\\' before each of these. */
static void
cover_escaped(struct mask *m, const char *secret, size_t len, const char *which)
{
	size_t plain = 0, i;
	struct buf b;

	while (plain < len && strchr(which, secret[plain]) == NULL)
		plain++;
	if (plain >= len)
		return;
	buf_init(&b, 2 * len + 1);
	buf_append(&b, secret, plain);
	for (i = plain; i < len; i++) {
		if (strchr(which, secret[i]) != NULL)
			buf_putc(&b, '\\');
		buf_putc(&b, secret[i]);
	}
	cover(m, b.data, b.len);
	buf_done(&b);
}

/* As it is, and as a string of JSON has it; PHP's escapes '/', too. */
static void
cover_forms(struct mask *m, const char *secret, size_t len)
{
	cover(m, secret, len);
	cover_escaped(m, secret, len, "\"\\");
	cover_escaped(m, secret, len, "\"\\/");
}

/* "Bearer abc" may come back as "abc", and "id=abc; a=b" as well. */
static void
cover_words(struct mask *m, const char *value, const char *between)
{
	size_t len;

	for (; *value != '\0'; value += len) {
		value += strspn(value, between);
		len = strcspn(value, between);
		cover_forms(m, value, len);
	}
}

/* Receivers decode what they are asked. */
static void
cover_decoded(struct mask *m, const char *s, size_t len)
{
	struct buf b;

	if (memchr(s, '%', len) == NULL)
		return;
	buf_init(&b, len);
	if (decode_uri(&b, s, len) == 0)
		cover_forms(m, b.data, b.len);
	buf_done(&b);
}

/* What stands between two '&': a value, or a word without a name. */
static void
cover_parameter(struct mask *m, const char *s, size_t len)
{
	const char *mark = memchr(s, '=', len);

	if (mark != NULL) {
		len -= (size_t)(mark + 1 - s);
		s = mark + 1;
	}
	cover_forms(m, s, len);
	cover_decoded(m, s, len);
}

/* The whole, its query, and each value there: among them is what signs it, or
 * proves who sends. Without a query there is nothing to keep to ourselves. */
static void
cover_url(struct mask *m, const char *url)
{
	const char *p = strchr(url, '?');
	size_t len;

	if (p == NULL)
		return;
	cover_forms(m, url, strlen(url));
	cover_forms(m, p, strlen(p));
	while (*p != '\0') {
		p++;
		len = strcspn(p, "&");
		cover_parameter(m, p, len);
		p += len;
	}
}

void
whmask(char *text, const struct headers *secret, const char *const *urls,
    size_t nurls)
{
	size_t len = strlen(text), i;
	char *was;
	struct mask m;

	if (len < SECRET_MIN)
		return;
	was = xstrndup(text, len);
	m = (struct mask){text, was, len, 0};
	for (i = 0; secret != NULL && i < secret->n; i++) {
		cover_words(&m, secret->v[i].value, " \t");
		cover_words(&m, secret->v[i].value, " \t;,=\"");
	}
	for (i = 0; i < nurls; i++) {
		if (urls[i] != NULL)
			cover_url(&m, urls[i]);
	}
	free(was);
}

/* --- what others say of themselves ---------------------------------- */

#define URL_ENDS " \t\"'<>"

static void
mask_place(char *s, size_t len)
{
	char *host = memmem(s, len, "//", 2), *at;
	size_t n;

	if (host != NULL) {
		host += 2;
		at = memrchr(host, '@', strcspn(host, "/?#" URL_ENDS));
		if (at != NULL)
			memset(host, '*', (size_t)(at - host));
	}
	n = strcspn(s, "?#" URL_ENDS);
	if (n < len)
		memset(s + n + 1, '*', len - n - 1);
}

void
whmask_places(char *text)
{
	size_t len;

	for (; *text != '\0'; text += len) {
		text += strspn(text, URL_ENDS);
		len = strcspn(text, URL_ENDS);
		mask_place(text, len);
	}
}

bool
whmask_is_place(const char *name)
{
	static const char tail[] = "location";
	size_t len = strlen(name), n = sizeof(tail) - 1;

	return str_ieq(name, "refresh") || str_ieq(name, "link") ||
	    (len >= n && str_ieq(name + len - n, tail));
}

bool
whmask_is_secret(const char *name)
{
	/* Parts of names, whoever made them up. A URL of ours is presigned. */
	static const char *const parts[] = {"auth", "cookie", "sig", "token",
	    "secret", "key", "session", "pass", "pwd", "credential", "jwt",
	    "bearer", "assertion", "saml", "csrf", "xsrf", "result-url"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(parts); i++) {
		if (strcasestr(name, parts[i]) != NULL)
			return true;
	}
	return false;
}
