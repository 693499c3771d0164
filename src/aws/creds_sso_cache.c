/* SPDX-License-Identifier: Apache-2.0 */
/* The token of a login, read and written. */
#include "aws/creds_sso_cache.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/creds_source.h"
#include "aws/profile.h"
#include "base/buf.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "base/timefmt.h"

char *
sso_cache_path(const struct creds_plan_sso *sso)
{
	const char *key = sso->session != NULL ? sso->session : sso->start_url;
	const char *home = profile_home();
	unsigned char digest[HASH_SHA1_SIZE];
	char hex[2 * HASH_SHA1_SIZE + 1];
	struct hash *h;

	if (home == NULL)
		return NULL;
	h = hash_new(HASH_SHA1);
	hash_update(h, key, strlen(key));
	hash_final(h, digest);
	hash_free(h);
	encode_hex(digest, sizeof(digest), hex);
	return xasprintf("%s/.aws/sso/cache/%s.json", home, hex);
}

/* --- reading -------------------------------------------------------- */

/* RFC 3339, or "…UTC" as older versions of the AWS CLI write it. */
static int
take_time(const struct json *doc, const char *name, int64_t *out)
{
	const char *s = json_get_str(doc, name);
	char *text;
	int rc;

	if (s == NULL)
		return -1;
	text = xstrdup(s);
	if (str_ends(text, "UTC"))
		memcpy(text + strlen(text) - 3, "Z", 2);
	rc = timefmt_parse_rfc3339(text, out);
	free(text);
	return rc;
}

/* It becomes a header. */
bool
sso_token_ok(const char *s)
{
	if (str_empty(s))
		return false;
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s <= 0x20 || (unsigned char)*s >= 0x7f)
			return false;
	}
	return true;
}

static char *
member(const struct json *doc, const char *name)
{
	const char *s = json_get_str(doc, name);

	return str_empty(s) ? NULL : xstrdup(s);
}

int
sso_cache_parse(
    const char *data, size_t len, struct sso_token *out, struct error *err)
{
	struct sso_token t = {0};
	struct json *doc;
	const char *access;

	if (json_parse(data, len, &doc, err) == -1) {
		err->code = ERR_CONFIG;
		return -1;
	}
	access = json_get_str(doc, "accessToken");
	if (!sso_token_ok(access) ||
	    take_time(doc, "expiresAt", &t.expires_at) == -1) {
		json_free_wiped(doc);
		return err_set(err, ERR_CONFIG,
		    "no accessToken and expiresAt that make sense");
	}
	t.access_token = xstrdup(access);
	t.refresh_token = member(doc, "refreshToken");
	t.client_id = member(doc, "clientId");
	t.client_secret = member(doc, "clientSecret");
	take_time(doc, "registrationExpiresAt", &t.registration_ends_at);
	json_free_wiped(doc);
	*out = t;
	return 0;
}

int
sso_cache_read(const char *path, struct sso_token *out, struct error *err)
{
	struct buf b;
	int rc;

	buf_init(&b, SSO_CACHE_MAX_BYTES);
	rc = creds_read_file(path, &b, err);
	if (rc == 0) {
		rc = sso_cache_parse(b.data, b.len, out, err);
		if (rc == -1)
			err_prefix(err, "%s", path);
	}
	hash_wipe(b.data, b.len);
	buf_done(&b);
	return rc;
}

bool
sso_token_renewable(const struct sso_token *t, int64_t now_at)
{
	return t->refresh_token != NULL && t->client_id != NULL &&
	    t->client_secret != NULL &&
	    (t->registration_ends_at == 0 || now_at < t->registration_ends_at);
}

void
sso_token_replace(struct sso_token *t, const char *access, const char *refresh,
    int64_t expires_at)
{
	hash_wipe_free(&t->access_token);
	t->access_token = xstrdup(access);
	t->expires_at = expires_at;
	if (str_empty(refresh))
		return;
	hash_wipe_free(&t->refresh_token);
	t->refresh_token = xstrdup(refresh);
}

void
sso_token_done(struct sso_token *t)
{
	hash_wipe_free(&t->access_token);
	hash_wipe_free(&t->refresh_token);
	hash_wipe_free(&t->client_secret);
	xfree(&t->client_id);
}

/* --- writing -------------------------------------------------------- */

/* All else that the file has, then what is ours. */
static void
merge(const struct json *old, const struct sso_token *t, struct jsonw *w)
{
	char iso[TIMEFMT_ISO_SIZE];
	const struct {
		const char *name, *value;
	} ours[] = {
	    {"accessToken", t->access_token},
	    {"expiresAt", iso},
	    {"refreshToken", t->refresh_token},
	};
	const struct json *m;
	size_t i;

	/* Whole seconds, as the AWS CLI has it. */
	timefmt_iso(t->expires_at, iso);
	memcpy(iso + strlen("2013-05-24T00:00:00"), "Z", 2);
	for (m = json_first(old); m != NULL; m = json_next(m)) {
		for (i = 0; i < ARRAY_LEN(ours); i++) {
			if (str_eq(json_name(m), ours[i].name))
				break;
		}
		if (i == ARRAY_LEN(ours))
			jsonw_json(w, json_name(m), m);
	}
	for (i = 0; i < ARRAY_LEN(ours); i++)
		jsonw_opt(w, ours[i].name, ours[i].value);
}

static int
replace(const char *path, const struct buf *b, struct error *err)
{
	char uuid[RANDOM_UUID_SIZE];
	char *temporary;
	int fd, rc;

	random_uuid(uuid);
	temporary = xasprintf("%s.%s.tmp", path, uuid);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1) {
		rc = err_set_errno(err, ERR_IO, "create %s", temporary);
		free(temporary);
		return rc;
	}
	rc = file_write_all(fd, b->data, b->len, err);
	close(fd);
	if (rc == 0 && rename(temporary, path) == -1)
		rc = err_set_errno(err, ERR_IO, "rename to %s", path);
	if (rc == -1)
		unlink(temporary);
	free(temporary);
	return rc;
}

int
sso_cache_write(const char *path, const struct sso_token *t, struct error *err)
{
	struct json *old = NULL;
	struct buf before, after;
	struct jsonw w;
	int rc;

	buf_init(&before, SSO_CACHE_MAX_BYTES);
	buf_init(&after, 2 * SSO_CACHE_MAX_BYTES);
	/* What cannot be read is written over: it was of no use. */
	if (creds_read_file(path, &before, err) == -1 ||
	    json_parse(before.data, before.len, &old, err) == -1)
		old = NULL;
	jsonw_init(&w, &after);
	jsonw_begin(&w, NULL, '{');
	merge(json_is_object(old) ? old : NULL, t, &w);
	jsonw_end(&w, '}');
	json_free_wiped(old);
	if (after.overflow)
		rc = err_set(err, ERR_LIMIT, "%s would be too large", path);
	else
		rc = replace(path, &after, err);
	hash_wipe(before.data, before.len);
	hash_wipe(after.data, after.len);
	buf_done(&before);
	buf_done(&after);
	return rc;
}
