/* SPDX-License-Identifier: Apache-2.0 */
/* Roles that a profile assumes, and whose credentials it assumes them with. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/creds_plan_inner.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#define CHAIN_MAX 8 /* profiles; STS itself is asked for each role */
#define SESSION_NAME_MAX 64 /* STS, AssumeRole */
#define ARN_MAX 2048
#define DURATION_MIN_S 900
#define DURATION_MAX_S 43200

/* --- one role ------------------------------------------------------- */

static bool
is_session_char(char c)
{
	return str_is_alnum((unsigned char)c) ||
	    (c != '\0' && strchr("_+=,.@-", c) != NULL);
}

/* The same each time, or each look at the files would find another role. */
static char *
own_session_name(void)
{
	char host[256] = "", *name, *p;

	if (gethostname(host, sizeof(host) - 1) == -1)
		host[0] = '\0';
	name = xasprintf("awaitd-%.50s", *host != '\0' ? host : "unnamed-host");
	for (p = name; *p != '\0'; p++) {
		if (!is_session_char(*p))
			*p = '-';
	}
	return name;
}

static bool
is_session_name(const char *s)
{
	size_t len = strlen(s);

	if (len < 2 || len > SESSION_NAME_MAX)
		return false;
	while (is_session_char(*s))
		s++;
	return *s == '\0';
}

static int
check_role(const struct plan_role_names *names, const struct plan_role_names *v,
    int64_t *duration_s, struct error *err)
{
	if (!str_starts(v->arn, "arn:") || strlen(v->arn) > ARN_MAX ||
	    strpbrk(v->arn, " \t") != NULL || str_has_control(v->arn)) {
		err_set(err, ERR_CONFIG, "%s: %s is '%.80s', which is no ARN",
		    names->where, names->arn, v->arn);
		str_defang(err->text);
		return err_hint(err,
		    "A role looks like arn:aws:iam::123456789012:role/name.");
	}
	if (!str_empty(v->session_name) && !is_session_name(v->session_name)) {
		err_set(err, ERR_CONFIG,
		    "%s: %s is '%.80s', which is no name of a session",
		    names->where, names->session_name, v->session_name);
		str_defang(err->text);
		return err_hint(
		    err, "Use 2 to 64 letters, digits and any of _+=,.@-.");
	}
	*duration_s = 0;
	if (!str_empty(v->duration) &&
	    str_to_i64(
		v->duration, DURATION_MIN_S, DURATION_MAX_S, duration_s) == -1)
		return err_set(err, ERR_CONFIG,
		    "%s: %s is '%.20s', which is no number from %d to %d",
		    names->where, names->duration, v->duration, DURATION_MIN_S,
		    DURATION_MAX_S);
	return 0;
}

int
plan_take_role(const struct plan_role_names *names,
    const struct plan_role_names *values, struct creds_plan_role *out,
    struct error *err)
{
	int64_t duration_s;

	if (check_role(names, values, &duration_s, err) == -1)
		return -1;
	out->arn = xstrdup(values->arn);
	out->session_name = str_empty(values->session_name)
	    ? own_session_name()
	    : xstrdup(values->session_name);
	out->external_id = xstrdup_or_null(values->external_id);
	out->duration_s = duration_s;
	return 0;
}

int
plan_profile_role(const struct plan_profile *p, struct creds_plan_role *out,
    struct error *err)
{
	struct plan_role_names names = {
	    .arn = "role_arn",
	    .session_name = "role_session_name",
	    .external_id = "external_id",
	    .duration = "duration_seconds",
	};
	const struct plan_role_names values = {
	    .arn = plan_profile_get(p, names.arn),
	    .session_name = plan_profile_get(p, names.session_name),
	    .external_id = plan_profile_get(p, names.external_id),
	    .duration = plan_profile_get(p, names.duration),
	};
	char *where = plan_profile_where(p, names.arn);
	int rc;

	names.where = where;
	rc = plan_take_role(&names, &values, out, err);
	free(where);
	return rc;
}

/* --- what it is assumed with ---------------------------------------- */

/* The profiles on the way here. */
struct chain {
	const char *names[CHAIN_MAX];
	size_t n;
};

static int from_role(struct chain *c, const struct plan_profile *p,
    struct creds_plan **out, struct error *err);

static int
complain_chain(const struct chain *c, const struct plan_profile *p,
    const char *source, const char *what, struct error *err)
{
	struct buf text;
	size_t i;

	buf_init(&text, sizeof(err->text));
	for (i = 0; i < c->n; i++)
		buf_printf(&text, "%.80s -> ", c->names[i]);
	plan_profile_complain(
	    p, "source_profile", err, "%s: %s%.80s", what, text.data, source);
	buf_done(&text);
	return -1;
}

/* A profile may name itself for the sake of its keys. */
static int
check_chain(const struct chain *c, const struct plan_profile *p,
    const char *source, struct error *err)
{
	size_t i;

	for (i = 0; i < c->n; i++) {
		if (!str_eq(c->names[i], source) ||
		    (str_eq(p->name, source) && plan_profile_has_keys(p)))
			continue;
		complain_chain(
		    c, p, source, "source_profile leads in a circle", err);
		return err_hint(err,
		    "The last profile of a chain needs credentials of its "
		    "own.");
	}
	if (c->n < CHAIN_MAX)
		return 0;
	return complain_chain(
	    c, p, source, "source_profile leads too far", err);
}

/* Keys come before a role here: that is how a profile may name itself. */
static int
from_source_profile(struct chain *c, const struct plan_profile *source,
    struct creds_plan **out, struct error *err)
{
	int rc = 0;

	if (!plan_profile_has_keys(source))
		rc = from_role(c, source, out, err);
	if (rc == 0)
		rc = plan_from_profile(source, out, err);
	if (rc == 0)
		rc = plan_from_source(source, out, err);
	return rc;
}

static int
take_source_profile(struct chain *c, const struct plan_profile *p,
    const char *name, struct creds_plan **out, struct error *err)
{
	struct plan_profile source;
	int rc;

	if (check_chain(c, p, name, err) == -1 ||
	    plan_profile_read(&source, name, err) == -1)
		return -1;
	if (!source.credentials.found && !source.config.found)
		rc = plan_profile_complain(p, "source_profile", err,
		    "source_profile is '%.80s', and there is no such profile",
		    name);
	else
		rc = from_source_profile(c, &source, out, err);
	plan_profile_done(&source);
	if (rc != 0)
		return rc;
	plan_profile_complain(p, "source_profile", err,
	    "source_profile is '%.80s', which has no credentials", name);
	return err_hint(err,
	    "Add keys or another source of credentials to the profile "
	    "'%.80s'.",
	    name);
}

static int
complain_source(
    const struct plan_profile *p, const char *missing, struct error *err)
{
	plan_profile_complain(p, "credential_source", err,
	    "credential_source is %s, but %s",
	    plan_profile_get(p, "credential_source"), missing);
	return -1;
}

/* The names are AWS's; the case counts, as in the SDKs. */
static int
take_credential_source(
    const struct plan_profile *p, struct creds_plan **out, struct error *err)
{
	const char *source = plan_profile_get(p, "credential_source");
	const char *missing;
	int rc;

	if (str_eq(source, "Environment")) {
		rc = plan_from_env_keys(p->name, out, err);
		missing = "AWS_ACCESS_KEY_ID is not set";
	} else if (str_eq(source, "EcsContainer")) {
		rc = plan_from_container(p->name, out, err);
		missing = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not set";
	} else if (str_eq(source, "Ec2InstanceMetadata")) {
		rc = plan_from_imds(p, false, out, err);
		missing = "AWS_EC2_METADATA_DISABLED is set";
	} else {
		plan_profile_complain(p, "credential_source", err,
		    "credential_source is '%.80s', which is unknown", source);
		return err_hint(err,
		    "It may be Environment, EcsContainer or "
		    "Ec2InstanceMetadata.");
	}
	return rc == 0 ? complain_source(p, missing, err) : rc;
}

int
plan_from_source(
    const struct plan_profile *p, struct creds_plan **out, struct error *err)
{
	if (plan_profile_get(p, "credential_source") == NULL)
		return 0;
	return take_credential_source(p, out, err);
}

static int
take_base(struct chain *c, const struct plan_profile *p,
    struct creds_plan **out, struct error *err)
{
	const char *name = plan_profile_get(p, "source_profile");
	const char *source = plan_profile_get(p, "credential_source");

	if (name != NULL && source != NULL)
		return plan_profile_complain(p, "role_arn", err,
		    "both source_profile and credential_source are set");
	if (name != NULL)
		return take_source_profile(c, p, name, out, err);
	if (source != NULL)
		return take_credential_source(p, out, err);
	plan_profile_complain(p, "role_arn", err,
	    "role_arn is set, but neither source_profile nor "
	    "credential_source is");
	return err_hint(err,
	    "Say whose credentials assume the role: source_profile = NAME, or "
	    "credential_source = Environment, EcsContainer or "
	    "Ec2InstanceMetadata.");
}

static int
refuse_mfa(const struct plan_profile *p, struct error *err)
{
	if (plan_profile_get(p, "mfa_serial") == NULL)
		return 0;
	plan_profile_complain(p, "mfa_serial", err,
	    "mfa_serial is set: the role wants a code that only a person can "
	    "read");
	return err_hint(err,
	    "Use a role without MFA, or export the variables that 'aws "
	    "configure export-credentials --profile %.60s' prints.",
	    p->name);
}

static int
from_role(struct chain *c, const struct plan_profile *p,
    struct creds_plan **out, struct error *err)
{
	struct creds_plan *plan, *base = NULL;
	struct creds_plan_role role;

	if (plan_profile_get(p, "role_arn") == NULL ||
	    plan_profile_get(p, "web_identity_token_file") != NULL)
		return 0;
	c->names[c->n++] = p->name;
	if (refuse_mfa(p, err) == -1 || take_base(c, p, &base, err) == -1)
		return -1;
	if (plan_profile_role(p, &role, err) == -1) {
		creds_plan_free(base);
		return -1;
	}
	plan =
	    plan_new(CREDS_ROLE, p->name, "role of the profile '%s'", p->name);
	plan->role = role;
	plan->base = base;
	plan->region = xstrdup_or_null(plan_profile_get(p, "region"));
	if (base->warning != NULL)
		plan_warn(plan, "%s", base->warning);
	*out = plan;
	return 1;
}

/* Who names no region is asked for where the role above is. */
static void
hand_down_region(struct creds_plan *plan)
{
	for (; plan->base != NULL; plan = plan->base) {
		if (plan->base->region == NULL)
			plan->base->region = xstrdup_or_null(plan->region);
	}
}

int
plan_from_role(
    const struct plan_profile *p, struct creds_plan **out, struct error *err)
{
	struct chain c = {.n = 0};
	int rc = from_role(&c, p, out, err);

	if (rc == 1)
		hand_down_region(*out);
	return rc;
}
