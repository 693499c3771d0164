/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets in what receivers say. */
#include "deliver/whmask.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

/* Of a word in a response, so that masking leaves answers readable. */
#define SECRET_MIN 8

/* In all of the text, and where the text ends within it. */
static void
mask(char *text, const char *secret, size_t len)
{
	size_t left = strlen(text), n;
	char *at = text;

	if (len < SECRET_MIN)
		return;
	while ((at = memmem(at, left, secret, len)) != NULL) {
		memset(at, '*', len);
		at += len;
		left = strlen(at);
	}
	left = strlen(text);
	for (n = len < left ? len : left; n >= SECRET_MIN; n--) {
		if (memcmp(text + left - n, secret, n) == 0) {
			memset(text + left - n, '*', n);
			return;
		}
	}
}

/* "Bearer abc" may come back as "abc". */
static void
mask_words(char *text, const char *value)
{
	size_t len;

	for (; *value != '\0'; value += len) {
		value += strspn(value, " ");
		len = strcspn(value, " ");
		mask(text, value, len);
	}
}

/* The whole, its query, and each value there: among them is what signs it, or
 * proves who sends. Without a query there is nothing to keep to ourselves. */
void
whmask_url(char *text, const char *url)
{
	const char *p = strchr(url, '?');
	size_t len;

	if (p == NULL)
		return;
	mask(text, url, strlen(url));
	mask(text, p, strlen(p));
	while (p != NULL && (p = strchr(p, '=')) != NULL) {
		len = strcspn(++p, "&");
		mask(text, p, len);
		p += len;
	}
}

void
whmask_values(char *text, const struct headers *secret)
{
	size_t i;

	for (i = 0; secret != NULL && i < secret->n; i++)
		mask_words(text, secret->v[i].value);
}

bool
whmask_is_secret(const char *name)
{
	/* Parts of names, whoever made them up. A URL of ours is presigned. */
	static const char *const parts[] = {"auth", "cookie", "signature",
	    "token", "secret", "key", "session", "passw", "credential",
	    "result-url"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(parts); i++) {
		if (strcasestr(name, parts[i]) != NULL)
			return true;
	}
	return false;
}
