/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Basic authentication (RFC 7617). Of the right credentials only a digest is
 * kept, and digests are compared: that takes the same time for all.
 */
#include <string.h>
#include <strings.h>

#include "base/encode.h"
#include "base/hash.h"
#include "base/str.h"
#include "deliver/secretfile.h"
#include "net/http_server.h"
#include "serve/sns_inner.h"

#define USER_MAX 1024
#define PASSWORD_MIN 8

static bool
is_sound(const char *s)
{
	const char *colon = strchr(s, ':');

	return colon != NULL && colon != s &&
	    strlen(colon + 1) >= PASSWORD_MIN && !str_has_control(s);
}

static void
keep_digest(struct sns_listener *l, const char *s)
{
	struct buf b;

	buf_init(&b, (size_t)2 * USER_MAX);
	encode_base64(&b, s, strlen(s));
	hash_sha256(b.data, b.len, l->user);
	l->has_user = true;
	hash_wipe(b.data, b.len);
	buf_done(&b);
}

int
sns_user_read(struct sns_listener *l, const char *path, struct error *err)
{
	char *line;

	if (path == NULL)
		return 0;
	if (secretfile_read(
		path, "a user and a password", USER_MAX, &line, err) == -1)
		return err_prefix(err, "[sns] user_file");
	if (is_sound(str_trim(line)))
		keep_digest(l, str_trim(line));
	hash_wipe_free(&line);
	if (l->has_user)
		return 0;
	err_set(err, ERR_CONFIG,
	    "[sns] user_file %s: it must be one line, user:password, the "
	    "password of at least %d characters",
	    path, PASSWORD_MIN);
	return err_hint(err,
	    "Write the line that stands in the URL before the '@': "
	    "https://user:password@host/sns; 'openssl rand -hex 16' makes a "
	    "password.");
}

bool
sns_user_ok(const struct sns_listener *l, struct http_exchange *x)
{
	const struct headers *h = http_headers(x);
	const char *s = headers_get(h, "Authorization");
	unsigned char digest[HASH_SHA256_SIZE];

	if (!l->has_user)
		return true;
	if (s == NULL || headers_count(h, "Authorization") != 1 ||
	    strncasecmp(s, "Basic ", 6) != 0)
		return false;
	s += 6 + strspn(s + 6, " ");
	hash_sha256(s, strlen(s), digest);
	return hash_equal(digest, l->user, sizeof(digest));
}
