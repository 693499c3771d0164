/* SPDX-License-Identifier: Apache-2.0 */
/* The checks in their order: what costs nothing comes first. */
#include "aws/sns_verify.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "aws/sns_certs.h"
#include "aws/sns_host.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

#define MAX_AGE_MS (INT64_C(75) * 60 * 1000)
#define FUTURE_MS (INT64_C(5) * 60 * 1000)
#define KEPT_PREFIX "sns-version "
#define KEPT_VALUE "2"

struct topic {
	struct sns_topic parts;
	struct sns_host host;
	struct sns_cert_wanted wanted;
	bool v2; /* a valid version 2 came once */
	bool news;
};

struct sns_verifier {
	struct loop *loop;
	struct topic *topics;
	size_t n;
	bool require_v2;
	int64_t max_age_ms;
	struct sns_roots *roots;
	struct sns_certs *certs;
	struct buf text;
	TAILQ_HEAD(, sns_check) checks;
};

struct sns_check {
	struct sns_verifier *v;
	struct topic *topic;
	const struct sns_message *m;
	struct sns_certs_waiter waiter;
	bool failed;
	struct error err; /* where it failed */
	sns_verified_fn *done;
	void *arg;
	TAILQ_ENTRY(sns_check) link;
};

/* --- setting up ----------------------------------------------------- */

static int
add_topic(struct sns_verifier *v, const char *arn, const char *profile,
    struct error *err)
{
	struct topic *t = &v->topics[v->n];

	if (sns_topic_parse(arn, &t->parts, err) == -1) {
		err->code = ERR_CONFIG;
		return err_prefix(err, "topic '%.300s'", arn);
	}
	v->n++;
	return sns_host_of(&t->parts, profile, &t->host, err);
}

/* The endpoint that somebody named is believed as it is, but where a ca_file
 * says more. */
static void
choose_wanted(struct sns_verifier *v, struct topic *t, bool ca_file)
{
	if (!t->host.named) {
		t->wanted.names = (const char *const *)t->host.names;
		t->wanted.roots = v->roots;
	} else if (ca_file) {
		t->wanted.roots = v->roots;
	}
}

int
sns_verifier_new(const struct sns_verifier_options *o,
    struct sns_verifier **out, struct error *err)
{
	struct sns_verifier *v = xcalloc(1, sizeof(*v));
	bool ca_file = !str_empty(o->ca_file);
	size_t i;
	int rc;

	v->loop = o->loop;
	v->require_v2 = o->require_v2;
	v->max_age_ms = o->max_age_ms != 0 ? o->max_age_ms : MAX_AGE_MS;
	v->topics = xcalloc(o->ntopics + 1, sizeof(*v->topics));
	buf_init(&v->text, 2 * SNS_BODY_MAX);
	TAILQ_INIT(&v->checks);
	rc = sns_roots_load(ca_file ? o->ca_file : NULL, &v->roots, err);
	for (i = 0; i < o->ntopics && rc == 0; i++)
		rc = add_topic(v, o->topics[i], o->profile, err);
	for (i = 0; i < v->n; i++)
		choose_wanted(v, &v->topics[i], ca_file);
	if (rc == -1) {
		sns_verifier_free(v);
		return -1;
	}
	v->certs = sns_certs_new(o->http, o->ntopics);
	*out = v;
	return 0;
}

void
sns_verifier_free(struct sns_verifier *v)
{
	struct sns_check *c;
	size_t i;

	if (v == NULL)
		return;
	while ((c = TAILQ_FIRST(&v->checks)) != NULL)
		sns_verify_cancel(c);
	sns_certs_free(v->certs);
	sns_roots_free(v->roots);
	for (i = 0; i < v->n; i++) {
		sns_topic_done(&v->topics[i].parts);
		sns_host_done(&v->topics[i].host);
	}
	free(v->topics);
	buf_done(&v->text);
	free(v);
}

/* --- judging -------------------------------------------------------- */

static int
forged(struct error *err, const char *why)
{
	return err_set(err, ERR_AUTH, "%s", why);
}

static struct topic *
find_topic(const struct sns_verifier *v, const char *arn)
{
	size_t i;

	for (i = 0; i < v->n; i++) {
		if (str_eq(v->topics[i].parts.arn, arn))
			return &v->topics[i];
	}
	return NULL;
}

static int
check_version(const struct sns_check *c, struct error *err)
{
	if (c->m->version == 2)
		return 0;
	if (c->v->require_v2)
		forged(err, "it is signed with SHA-1, SignatureVersion 1");
	else if (c->topic->v2)
		forged(err,
		    "it is signed with SHA-1, SignatureVersion 1, and its "
		    "topic has sent version 2 before");
	else
		return 0;
	return err_hint(
	    err, "Set the topic's attribute SignatureVersion to 2.");
}

/* What comes from a queue may be old; from the future is neither. */
static int
check_age(const struct sns_check *c, bool fresh, struct error *err)
{
	int64_t age = clock_wall_ms() - c->m->sent_at;

	if (age < -FUTURE_MS)
		return forged(err, "its Timestamp is more than 5 minutes off");
	if (fresh && age > c->v->max_age_ms)
		return forged(err, "it is older than max_age");
	return 0;
}

static int
check_signature(struct sns_check *c, struct sns_cert *cert, struct error *err)
{
	const struct sns_message *m = c->m;
	struct buf *text = &c->v->text;

	/* Another message may have come in between. */
	if (check_version(c, err) == -1)
		return -1;
	if (!sns_cert_covers(cert, m->sent_at))
		return forged(
		    err, "its Timestamp is not within the certificate's dates");
	buf_clear(text);
	sns_string_to_sign(m, text);
	if (text->overflow)
		return forged(err, "it is too large");
	if (!sns_cert_verify(cert, m->version, text->data, text->len,
		m->signature, m->signature_len))
		return forged(err, "the signature is not SNS's");
	if (m->version == 2 && !c->topic->v2) {
		c->topic->v2 = true;
		c->topic->news = true;
	}
	return 0;
}

/* --- one check ------------------------------------------------------ */

static void
check_free(struct sns_check *c)
{
	TAILQ_REMOVE(&c->v->checks, c, link);
	free(c);
}

static void
finish(void *arg)
{
	struct sns_check *c = arg;
	sns_verified_fn *done = c->done;
	void *done_arg = c->arg;
	bool failed = c->failed;
	struct error err = c->err;

	check_free(c);
	done(failed ? &err : NULL, done_arg);
}

static void
on_cert(struct sns_cert *cert, const struct error *err, void *arg)
{
	struct sns_check *c = arg;

	if (cert == NULL)
		c->err = *err;
	c->failed = cert == NULL || check_signature(c, cert, &c->err) == -1;
	finish(c);
}

/* 1: it is decided; 0: a certificate is on its way. */
static int
begin(struct sns_check *c, bool fresh, struct error *err)
{
	struct sns_cert *cert = NULL;
	char *url;
	int rc;

	c->topic = find_topic(c->v, c->m->topic_arn);
	if (c->topic == NULL)
		return forged(err, "it is of a topic that is not configured");
	if (check_version(c, err) == -1 || check_age(c, fresh, err) == -1)
		return -1;
	url = sns_host_cert_url(&c->topic->host, c->m->cert_url);
	if (url == NULL)
		return forged(err,
		    "its SigningCertURL is not where the topic's region keeps "
		    "certificates");
	rc = sns_certs_get(
	    c->v->certs, url, &c->topic->wanted, &c->waiter, &cert, err);
	free(url);
	if (rc == 1 && check_signature(c, cert, err) == -1)
		return -1;
	return rc;
}

int
sns_verify(struct sns_verifier *v, const struct sns_message *m, bool fresh,
    sns_verified_fn *done, void *arg, struct sns_check **out, struct error *err)
{
	struct sns_check *c = xcalloc(1, sizeof(*c));
	int rc;

	(void)err;
	c->v = v;
	c->m = m;
	c->waiter.fn = on_cert;
	c->waiter.arg = c;
	c->done = done;
	c->arg = arg;
	TAILQ_INSERT_TAIL(&v->checks, c, link);
	rc = begin(c, fresh, &c->err);
	c->failed = rc == -1;
	if (rc != 0)
		loop_post(v->loop, finish, c);
	*out = c;
	return 0;
}

void
sns_verify_cancel(struct sns_check *c)
{
	if (c == NULL)
		return;
	sns_certs_leave(&c->waiter);
	loop_unpost(c->v->loop, c);
	check_free(c);
}

/* --- the ratchet ---------------------------------------------------- */

bool
sns_verifier_news(struct sns_verifier *v, char **name, char **value)
{
	size_t i;

	for (i = 0; i < v->n; i++) {
		if (!v->topics[i].news)
			continue;
		v->topics[i].news = false;
		*name = xasprintf(KEPT_PREFIX "%s", v->topics[i].parts.arn);
		*value = xstrdup(KEPT_VALUE);
		return true;
	}
	return false;
}

void
sns_verifier_recall(struct sns_verifier *v, const char *name, const char *value)
{
	struct topic *t;

	if (!str_starts(name, KEPT_PREFIX) || !str_eq(value, KEPT_VALUE))
		return;
	t = find_topic(v, name + strlen(KEPT_PREFIX));
	if (t != NULL)
		t->v2 = true;
}
