/* SPDX-License-Identifier: Apache-2.0 */
/* What the sources read: answers, refusals, and files with tokens. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aws/creds_source.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define TOKEN_MAX_BYTES ((size_t)32 * 1024)

/* Less of a secret is a coincidence, or the beginning that all have. */
#define TELLTALE_BYTES 8

int
creds_take_answer(const struct creds_parts *parts,
    const struct http_response *r, struct creds *out, struct error *err)
{
	struct creds_parts p = *parts;
	int64_t date = http_response_date(r, "date");
	int rc;

	p.now = date != -1 ? date : 0;
	rc = creds_take_parts(&p, out, err);
	if (rc == 1)
		return 0;
	if (rc == 0)
		err_set(err, ERR_PROTOCOL, "the answer has no %s",
		    parts->access_key.name);
	/* The user can change nothing about it. */
	err->code = ERR_PROTOCOL;
	err->hint[0] = '\0';
	return -1;
}

static struct creds_part
member(const struct json *doc, const char *name)
{
	return (struct creds_part){name, json_get_str(doc, name)};
}

int
creds_take_json(const char *source, const struct http_response *r,
    struct creds *out, struct error *err)
{
	struct creds_parts parts = {.source = source};
	struct json *doc;
	int rc;

	if (json_parse(r->body.data, r->body.len, &doc, err) == -1)
		return err_prefix(err, "the answer");
	parts.access_key = member(doc, "AccessKeyId");
	parts.secret_key = member(doc, "SecretAccessKey");
	parts.session_token = member(doc, "Token");
	parts.account_id = member(doc, "AccountId");
	parts.expiration = member(doc, "Expiration");
	rc = creds_take_answer(&parts, r, out, err);
	json_free_wiped(doc);
	return rc;
}

static enum error_code
class_of(int status)
{
	if (status == 401 || status == 403)
		return ERR_AUTH;
	if (status == 404)
		return ERR_NOT_FOUND;
	if (status == 429)
		return ERR_THROTTLED;
	return status >= 500 ? ERR_REMOTE : ERR_REFUSED;
}

/* The words of a body: its JSON's, or where it is none its own. */
static char *
words_of(const struct http_response *r)
{
	static const char *const codes[] = {"code", "Code", "error"};
	static const char *const texts[] = {
	    "message", "Message", "error_description"};
	const char *code = NULL, *text = NULL, *both;
	struct json *doc;
	struct error ignored;
	char *words;
	size_t i;

	if (r->body.len == 0 || r->body.data[0] == '<' ||
	    !str_is_text(r->body.data, r->body.len))
		return NULL;
	if (json_parse(r->body.data, r->body.len, &doc, &ignored) == -1)
		return xasprintf("%.300s", r->body.data);
	for (i = 0; i < ARRAY_LEN(codes); i++) {
		code = code != NULL ? code : json_get_str(doc, codes[i]);
		text = text != NULL ? text : json_get_str(doc, texts[i]);
	}
	both = code != NULL && text != NULL ? ": " : "";
	words = xasprintf("%.64s%s%.300s", code != NULL ? code : "", both,
	    text != NULL ? text : "");
	json_free_wiped(doc);
	return words;
}

int
creds_refusal(
    const char *what, const struct http_response *r, struct error *err)
{
	char *words = words_of(r);

	if (!str_empty(words))
		err_set(err, class_of(r->status), "%s: %s (HTTP %d)", what,
		    words, r->status);
	else
		err_set(
		    err, class_of(r->status), "%s: HTTP %d", what, r->status);
	free(words);
	str_defang(err->text);
	err->retryable = r->status == 429 || r->status >= 500;
	err->http_status = r->status;
	err->sent = true;
	return -1;
}

static void
redact(char *text, const char *secret)
{
	size_t len = strlen(secret), least, n;
	char *p;

	least = len < TELLTALE_BYTES ? len : TELLTALE_BYTES;
	for (p = text; *p != '\0'; p++) {
		for (n = 0; n < len && p[n] == secret[n]; n++)
			;
		if (n < least)
			continue;
		memmove(p + 1, p + n, strlen(p + n) + 1);
		*p = '*';
	}
}

void
creds_redact(struct error *err, const char *secret)
{
	if (str_empty(secret))
		return;
	redact(err->text, secret);
	redact(err->hint, secret);
}

int
creds_read_file(const char *path, struct buf *out, struct error *err)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return err_set_errno(err,
		    errno == ENOENT ? ERR_NOT_FOUND : ERR_CONFIG, "open %s",
		    path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_CONFIG, "%s is no regular file", path);
	return file_read(path, out, err);
}

static int
check_token(const char *path, const struct buf *b, struct error *err)
{
	size_t i;

	if (b->len == 0)
		return err_set(err, ERR_CONFIG, "%s is empty", path);
	for (i = 0; i < b->len; i++) {
		unsigned char c = (unsigned char)b->data[i];

		if (c < 0x20 || c >= 0x7f)
			return err_set(err, ERR_CONFIG,
			    "%s holds a line end, or another byte that no "
			    "token has",
			    path);
	}
	return 0;
}

int
creds_read_token(const char *path, struct buf *out, struct error *err)
{
	struct buf b;
	int rc;

	buf_init(&b, TOKEN_MAX_BYTES);
	rc = creds_read_file(path, &b, err);
	if (rc == -1)
		err->code = ERR_CONFIG;
	while (rc == 0 && b.len > 0 &&
	    (b.data[b.len - 1] == '\n' || b.data[b.len - 1] == '\r'))
		buf_truncate(&b, b.len - 1);
	if (rc == 0)
		rc = check_token(path, &b, err);
	if (rc == 0 && buf_append(out, b.data, b.len) == -1)
		rc = err_set(err, ERR_LIMIT, "%s is too large", path);
	hash_wipe(b.data, b.len);
	buf_done(&b);
	return rc;
}
