/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a profile of the shared files may have. Where it has several means, the
 * order is boto3's: web identity, SSO, keys of the credentials file, "aws
 * login", credential_process, keys of the config file. (The AWS SDK for
 * JavaScript prefers keys.) Before all of them comes role_arn with its source.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aws/creds_plan_inner.h"
#include "base/mem.h"
#include "base/str.h"

/* --- a profile ------------------------------------------------------ */

int
plan_profile_read(struct plan_profile *p, const char *name, struct error *err)
{
	memset(p, 0, sizeof(*p));
	p->name = name;
	if (profile_read(PROFILE_CREDENTIALS, name, &p->credentials, err) == -1)
		return -1;
	if (profile_read(PROFILE_CONFIG, name, &p->config, err) == -1) {
		plan_profile_done(p);
		return -1;
	}
	return 0;
}

void
plan_profile_done(struct plan_profile *p)
{
	profile_section_done(&p->credentials);
	profile_section_done(&p->config);
}

const char *
plan_profile_get(const struct plan_profile *p, const char *key)
{
	const char *value = profile_get(&p->credentials, key);

	return value != NULL ? value : profile_get(&p->config, key);
}

const char *
plan_profile_first(
    const struct plan_profile *p, const char *const *keys, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (plan_profile_get(p, keys[i]) != NULL)
			return keys[i];
	}
	return NULL;
}

static char *
where_in(const struct plan_profile *p, enum profile_kind kind)
{
	char *path = profile_path(kind);
	char *where = xasprintf("%s, profile '%s'",
	    path != NULL ? path : "the shared files", p->name);

	free(path);
	return where;
}

static enum profile_kind
kind_of(const struct plan_profile *p, const char *key)
{
	return profile_get(&p->credentials, key) != NULL ? PROFILE_CREDENTIALS
							 : PROFILE_CONFIG;
}

char *
plan_profile_where(const struct plan_profile *p, const char *key)
{
	return where_in(p, kind_of(p, key));
}

int
plan_profile_complain(const struct plan_profile *p, const char *key,
    struct error *err, const char *fmt, ...)
{
	char *where = plan_profile_where(p, key), *text;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	err_set(err, ERR_CONFIG, "%s: %s", where, text);
	free(text);
	free(where);
	return -1;
}

/* --- keys ----------------------------------------------------------- */

bool
plan_profile_has_keys(const struct plan_profile *p)
{
	static const char *const keys[] = {
	    "aws_access_key_id", "aws_secret_access_key"};

	return plan_profile_first(p, keys, ARRAY_LEN(keys)) != NULL;
}

/* Others may read a file with keys, or write one with a command. */
static void
warn_if_open(struct creds_plan *plan, enum profile_kind kind, mode_t mask)
{
	char *path = profile_path(kind);
	struct stat st;

	if (path != NULL && stat(path, &st) == 0 && (st.st_mode & mask) != 0)
		plan_warn(plan,
		    "%s is open to other users (mode %04o); make it 0600", path,
		    (unsigned)st.st_mode & 07777u);
	free(path);
}

static struct creds_part
part(const struct profile_section *s, const char *key)
{
	struct creds_part part = {.name = key, .value = profile_get(s, key)};

	return part;
}

/* The older name of the token still counts in boto3. */
static struct creds_part
token_part(const struct profile_section *s)
{
	struct creds_part token = part(s, "aws_session_token");

	return token.value == NULL ? part(s, "aws_security_token") : token;
}

/* Keys of one file: a pair is never put together from two. */
static int
from_keys(const struct plan_profile *p, enum profile_kind kind,
    struct creds_plan **out, struct error *err)
{
	const struct profile_section *s =
	    kind == PROFILE_CREDENTIALS ? &p->credentials : &p->config;
	char *where = where_in(p, kind);
	char *source = xasprintf("profile '%s'", p->name);
	struct creds_parts parts = {
	    .source = source,
	    .where = where,
	    .access_key = part(s, "aws_access_key_id"),
	    .secret_key = part(s, "aws_secret_access_key"),
	    .session_token = token_part(s),
	    .account_id = part(s, "aws_account_id"),
	};
	struct creds keys;
	int rc = creds_take_parts(&parts, &keys, err);

	if (rc == 1) {
		*out = plan_new(CREDS_KEYS, p->name, "%s", source);
		(*out)->keys = keys;
		warn_if_open(*out, kind, 077);
	}
	free(source);
	free(where);
	return rc;
}

/* --- web identity --------------------------------------------------- */

static int
from_web_identity(
    const struct plan_profile *p, struct creds_plan **out, struct error *err)
{
	static const char key[] = "web_identity_token_file";
	static const char *const sources[] = {
	    "source_profile", "credential_source"};
	const char *file = plan_profile_get(p, key);
	const char *also = plan_profile_first(p, sources, ARRAY_LEN(sources));
	struct creds_plan_role role;

	if (file == NULL)
		return 0;
	if (plan_profile_get(p, "role_arn") == NULL)
		return plan_profile_complain(
		    p, key, err, "%s is set, but role_arn is not", key);
	if (also != NULL) {
		plan_profile_complain(
		    p, key, err, "both %s and %s are set", key, also);
		return err_hint(err,
		    "A role is assumed either with a token or with the "
		    "credentials of a source: remove one of them.");
	}
	if (plan_profile_role(p, &role, err) == -1)
		return -1;
	*out = plan_new(CREDS_WEB_IDENTITY, p->name,
	    "web identity of the profile '%s'", p->name);
	(*out)->role = role;
	(*out)->token_file = xstrdup(file);
	(*out)->region = xstrdup_or_null(plan_profile_get(p, "region"));
	return 1;
}

/* --- SSO ------------------------------------------------------------ */

static const char *const sso_role_keys[] = {"sso_account_id", "sso_role_name"};
static const char *const sso_portal_keys[] = {"sso_session", "sso_start_url"};

/* Of the session, or of the profile itself as it once was. */
struct sso_portal {
	struct profile_section session;
	char *where;
	const char *start_url, *region;
};

static int
complain_sso(const struct plan_profile *p, const char *missing,
    const char *where, struct error *err)
{
	const char *key =
	    plan_profile_first(p, sso_role_keys, ARRAY_LEN(sso_role_keys));

	if (key == NULL)
		key = plan_profile_first(
		    p, sso_portal_keys, ARRAY_LEN(sso_portal_keys));
	plan_profile_complain(p, key, err, "%s is not set%s%s", missing,
	    where != NULL ? " in " : "", where != NULL ? where : "");
	return err_hint(err,
	    "Run 'aws configure sso --profile %.80s', or add what is missing.",
	    p->name);
}

/* What stands in both has to be the same, as boto3 wants it. */
static int
check_same(const struct plan_profile *p, const struct sso_portal *portal,
    const char *key, struct error *err)
{
	const char *here = plan_profile_get(p, key);
	const char *there = profile_get(&portal->session, key);

	if (here == NULL || there == NULL || str_eq(here, there))
		return 0;
	return plan_profile_complain(p, key, err,
	    "%s is '%.80s', but '%.80s' in %s", key, here, there,
	    portal->where);
}

static int
read_session(const struct plan_profile *p, const char *name,
    struct sso_portal *portal, struct error *err)
{
	if (profile_read(PROFILE_SSO_SESSION, name, &portal->session, err) ==
	    -1)
		return -1;
	if (!portal->session.found) {
		plan_profile_complain(p, "sso_session", err,
		    "there is no section [sso-session %s]", name);
		return err_hint(
		    err, "Run 'aws configure sso --profile %.80s'.", p->name);
	}
	portal->where = xasprintf("[sso-session %s]", name);
	portal->start_url = profile_get(&portal->session, "sso_start_url");
	portal->region = profile_get(&portal->session, "sso_region");
	if (check_same(p, portal, "sso_start_url", err) == -1)
		return -1;
	return check_same(p, portal, "sso_region", err);
}

static int
take_sso(const struct plan_profile *p, const struct sso_portal *portal,
    struct creds_plan **out, struct error *err)
{
	const char *account = plan_profile_get(p, "sso_account_id");
	const char *role = plan_profile_get(p, "sso_role_name");
	struct creds_plan_sso *sso;

	if (account == NULL)
		return complain_sso(p, "sso_account_id", NULL, err);
	if (role == NULL)
		return complain_sso(p, "sso_role_name", NULL, err);
	if (portal->start_url == NULL)
		return complain_sso(p, "sso_start_url", portal->where, err);
	if (portal->region == NULL)
		return complain_sso(p, "sso_region", portal->where, err);
	*out = plan_new(CREDS_SSO, p->name, "SSO of the profile '%s'", p->name);
	sso = &(*out)->sso;
	sso->account_id = xstrdup(account);
	sso->role_name = xstrdup(role);
	sso->region = xstrdup(portal->region);
	sso->start_url = xstrdup(portal->start_url);
	sso->session = xstrdup_or_null(plan_profile_get(p, "sso_session"));
	return 1;
}

static int
from_sso(
    const struct plan_profile *p, struct creds_plan **out, struct error *err)
{
	const char *session = plan_profile_get(p, "sso_session");
	struct sso_portal portal = {
	    .start_url = plan_profile_get(p, "sso_start_url"),
	    .region = plan_profile_get(p, "sso_region"),
	};
	int rc = 0;

	if (session != NULL)
		rc = read_session(p, session, &portal, err);
	if (rc == 0)
		rc = take_sso(p, &portal, out, err);
	profile_section_done(&portal.session);
	free(portal.where);
	return rc;
}

/* --- the others ----------------------------------------------------- */

static int
from_process(const struct plan_profile *p, struct creds_plan **out)
{
	static const char key[] = "credential_process";
	const char *command = plan_profile_get(p, key);

	if (command == NULL)
		return 0;
	*out = plan_new(CREDS_PROCESS, p->name,
	    "credential_process of the profile '%s'", p->name);
	(*out)->command = xstrdup(command);
	(*out)->keys.account_id =
	    xstrdup_or_null(plan_profile_get(p, "aws_account_id"));
	warn_if_open(*out, kind_of(p, key), 022);
	return 1;
}

/* Its key is bound to the machine that logged in, and to a browser there. */
static int
refuse_login(const struct plan_profile *p, struct error *err)
{
	static const char key[] = "login_session";

	if (plan_profile_get(p, key) == NULL)
		return 0;
	plan_profile_complain(p, key, err, "%s is not supported", key);
	return err_hint(err,
	    "Put credential_process = aws configure export-credentials "
	    "--profile %.60s --format process into another profile, and name "
	    "that one.",
	    p->name);
}

int
plan_from_profile(
    const struct plan_profile *p, struct creds_plan **out, struct error *err)
{
	int rc = from_web_identity(p, out, err);

	if (rc == 0 &&
	    plan_profile_first(p, sso_role_keys, ARRAY_LEN(sso_role_keys)) !=
		NULL)
		rc = from_sso(p, out, err);
	if (rc == 0)
		rc = from_keys(p, PROFILE_CREDENTIALS, out, err);
	if (rc == 0)
		rc = refuse_login(p, err);
	if (rc == 0)
		rc = from_process(p, out);
	if (rc == 0)
		rc = from_keys(p, PROFILE_CONFIG, out, err);
	/* A session alone is for tokens, not for credentials; nothing but a
	 * session was meant to give some. */
	if (rc == 0 &&
	    plan_profile_first(
		p, sso_portal_keys, ARRAY_LEN(sso_portal_keys)) != NULL)
		rc = from_sso(p, out, err);
	return rc;
}
