/* SPDX-License-Identifier: Apache-2.0 */
/* One set of credentials, and what the sources have in common. */
#include "aws/creds.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"

void
creds_done(struct creds *c)
{
	hash_wipe_free(&c->access_key);
	hash_wipe_free(&c->secret_key);
	hash_wipe_free(&c->session_token);
	xfree(&c->account_id);
	xfree(&c->warning);
	xfree(&c->source);
}

void
creds_free(struct creds *c)
{
	if (c != NULL)
		creds_done(c);
	free(c);
}

void
creds_copy(const struct creds *c, struct creds *out)
{
	*out = *c;
	out->access_key = xstrdup_or_null(c->access_key);
	out->secret_key = xstrdup_or_null(c->secret_key);
	out->session_token = xstrdup_or_null(c->session_token);
	out->account_id = xstrdup_or_null(c->account_id);
	out->source = xstrdup_or_null(c->source);
	out->warning = xstrdup_or_null(c->warning);
}

struct sigv4_credentials
creds_for_signing(const struct creds *c)
{
	struct sigv4_credentials s = {
	    .access_key = c->access_key,
	    .secret_key = c->secret_key,
	    .session_token = c->session_token,
	};

	return s;
}

static int
complain(const struct creds_parts *parts, struct error *err)
{
	return parts->where != NULL ? err_prefix(err, "%s", parts->where) : -1;
}

/* Never the value: it may be the secret itself. */
static int
check_part(const struct creds_parts *parts, const struct creds_part *part,
    bool graphic, struct error *err)
{
	const char *s;

	for (s = part->value; s != NULL && *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c >= 0x20 && c != 0x7f &&
		    (!graphic || (c > 0x20 && c < 0x7f)))
			continue;
		err_set(err, ERR_CONFIG, "%s holds a %s, which no such key has",
		    part->name,
		    c == ' '       ? "blank"
			: c < 0x80 ? "control character"
				   : "byte that is not ASCII");
		err_hint(err,
		    "Look for a line end or a blank that was copied along.");
		return complain(parts, err);
	}
	return 0;
}

static int
check_half(const struct creds_parts *parts, struct error *err)
{
	bool has_key = !str_empty(parts->access_key.value);
	const char *there, *missing;

	if (has_key == !str_empty(parts->secret_key.value))
		return 0;
	there = has_key ? parts->access_key.name : parts->secret_key.name;
	missing = has_key ? parts->secret_key.name : parts->access_key.name;
	err_set(err, ERR_CONFIG, "%s is set, but %s is not", there, missing);
	err_hint(err, "Set both or neither.");
	return complain(parts, err);
}

/* On the monotonic clock: what is left by the source's clock, or by ours. */
static int
take_expiration(
    const struct creds_parts *parts, struct creds *out, struct error *err)
{
	const struct creds_part *part = &parts->expiration;
	int64_t now = parts->now != 0 ? parts->now : clock_wall_ms();

	out->expires_at = 0;
	out->expires_mono = INT64_MAX;
	if (str_empty(part->value))
		return 0;
	if (timefmt_parse_rfc3339(part->value, &out->expires_at) == -1) {
		err_set(err, ERR_CONFIG, "%s is no date", part->name);
		err_hint(err, "A date looks like 2030-01-31T12:00:00Z.");
		return complain(parts, err);
	}
	out->expires_mono = clock_mono_ms() + (out->expires_at - now);
	return 0;
}

int
creds_take_parts(
    const struct creds_parts *parts, struct creds *out, struct error *err)
{
	const char *token = parts->session_token.value;
	const char *account = parts->account_id.value;
	struct creds when;

	if (str_empty(parts->access_key.value) &&
	    str_empty(parts->secret_key.value))
		return 0;
	if (check_half(parts, err) == -1 ||
	    check_part(parts, &parts->access_key, true, err) == -1 ||
	    check_part(parts, &parts->secret_key, false, err) == -1 ||
	    check_part(parts, &parts->session_token, true, err) == -1 ||
	    check_part(parts, &parts->account_id, true, err) == -1 ||
	    take_expiration(parts, &when, err) == -1)
		return -1;
	memset(out, 0, sizeof(*out));
	out->access_key = xstrdup(parts->access_key.value);
	out->secret_key = xstrdup(parts->secret_key.value);
	out->session_token = str_empty(token) ? NULL : xstrdup(token);
	out->source = xstrdup(parts->source);
	out->account_id = str_empty(account) ? NULL : xstrdup(account);
	out->expires_at = when.expires_at;
	out->expires_mono = when.expires_mono;
	return 1;
}
