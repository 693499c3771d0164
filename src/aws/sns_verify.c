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

#define MINUTE_MS (INT64_C(60) * 1000)
#define MAX_AGE_MS (75 * MINUTE_MS)
#define FUTURE_MS (5 * MINUTE_MS)
#define VERSION_PREFIX "sns-version "
#define VERSION_VALUE "2"
#define CERTS_PREFIX "sns-certificates "
/* Two while SNS changes them; older ones sign what waits in queues. */
#define CERTS_MAX 4
#define KEPT_MAX 4096

struct topic {
	struct sns_topic parts;
	struct sns_host host;
	struct sns_cert_wanted wanted;
	bool v2; /* a valid version 2 came once */
	char *certs[CERTS_MAX]; /* that verified a message; the latest first */
};

struct sns_verifier {
	struct sns_verifier_options o; /* but its strings */
	struct topic *topics;
	size_t n;
	struct sns_roots *roots;
	struct sns_certs *certs;
	struct buf text;
	TAILQ_HEAD(, sns_check) checks;
};

struct sns_check {
	struct sns_verifier *v;
	struct topic *topic;
	const struct sns_message *m;
	bool fresh;
	char *url; /* of the certificate; or NULL */
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
	if (sns_host_of(&t->parts, profile, &t->host, err) == 0)
		return 0;
	return err_prefix(err, "topic '%.300s'", arn);
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

static size_t
count_hosts(const struct sns_verifier *v)
{
	size_t i, j, n = 0;

	for (i = 0; i < v->n; i++) {
		for (j = 0; j < i; j++) {
			if (str_eq(
				v->topics[i].host.base, v->topics[j].host.base))
				break;
		}
		n += j == i;
	}
	return n;
}

int
sns_verifier_new(const struct sns_verifier_options *o,
    struct sns_verifier **out, struct error *err)
{
	struct sns_verifier *v = xcalloc(1, sizeof(*v));
	bool ca_file = !str_empty(o->ca_file);
	size_t i;
	int rc;

	v->o = *o;
	v->o.topics = NULL;
	v->o.profile = v->o.ca_file = NULL;
	if (v->o.max_age_ms == 0)
		v->o.max_age_ms = MAX_AGE_MS;
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
	v->certs = sns_certs_new(o->http, count_hosts(v));
	*out = v;
	return 0;
}

static void
topic_done(struct topic *t)
{
	size_t i;

	sns_topic_done(&t->parts);
	sns_host_done(&t->host);
	for (i = 0; i < CERTS_MAX; i++)
		free(t->certs[i]);
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
	for (i = 0; i < v->n; i++)
		topic_done(&v->topics[i]);
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
	if (c->v->o.require_v2)
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

static int64_t
now(const struct sns_verifier *v)
{
	return v->o.now != NULL ? v->o.now(v->o.arg) : clock_wall_ms();
}

/* SNS did sign it: where that was too long ago, or is still to come, it may
 * well be our clock that is wrong. */
static int
check_age(const struct sns_check *c, struct error *err)
{
	int64_t age = now(c->v) - c->m->sent_at;

	if (!c->fresh || (age >= -FUTURE_MS && age <= c->v->o.max_age_ms))
		return 0;
	if (age < 0) {
		err_set(err, ERR_LIMIT,
		    "its Timestamp is %lld minutes ahead of this machine's "
		    "clock",
		    (long long)(-age / MINUTE_MS));
		err->retryable = true;
		return err_hint(err, "Set this machine's clock right.");
	}
	err_set(err, ERR_LIMIT, "it is %lld minutes old, older than max_age",
	    (long long)(age / MINUTE_MS));
	return err_hint(err,
	    "SNS does not send it again. Look whether this machine's clock is "
	    "right ('date -u'); if it is, somebody repeats old messages, or "
	    "[sns] max_age is less than SNS goes on trying.");
}

/* --- what is learned of a topic ------------------------------------- */

static void
tell(const struct sns_check *c, struct sns_news *news, const char *prefix)
{
	char *name = xasprintf("%s%s", prefix, c->topic->parts.arn);

	news->topic = c->topic->parts.arn;
	news->name = name;
	if (c->v->o.keep != NULL)
		c->v->o.keep(news, c->v->o.arg);
	free(name);
}

static void
learn_version(struct sns_check *c)
{
	struct sns_news news = {
	    .kind = SNS_NEWS_VERSION_2,
	    .value = VERSION_VALUE,
	};

	c->topic->v2 = true;
	tell(c, &news, VERSION_PREFIX);
}

static bool
knows_cert(const struct topic *t, const char *url)
{
	size_t i;

	for (i = 0; i < CERTS_MAX && t->certs[i] != NULL; i++) {
		if (str_eq(t->certs[i], url))
			return true;
	}
	return false;
}

/* In front of the others; the last one goes. */
static void
add_cert(struct topic *t, const char *url)
{
	free(t->certs[CERTS_MAX - 1]);
	memmove(
	    &t->certs[1], &t->certs[0], (CERTS_MAX - 1) * sizeof(t->certs[0]));
	t->certs[0] = xstrdup(url);
}

static void
learn_cert(struct sns_check *c)
{
	struct sns_news news = {.kind = SNS_NEWS_CERTIFICATE, .url = c->url};
	struct buf value;
	size_t i;

	add_cert(c->topic, c->url);
	buf_init(&value, KEPT_MAX);
	for (i = 0; i < CERTS_MAX && c->topic->certs[i] != NULL; i++)
		buf_printf(
		    &value, "%s%s", i > 0 ? " " : "", c->topic->certs[i]);
	news.value = value.data;
	if (!value.overflow)
		tell(c, &news, CERTS_PREFIX);
	buf_done(&value);
}

/* --- judging a signature -------------------------------------------- */

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
	if (m->version == 2 && !c->topic->v2)
		learn_version(c);
	if (check_age(c, err) == -1)
		return -1;
	if (!knows_cert(c->topic, c->url))
		learn_cert(c);
	return 0;
}

/* --- one check ------------------------------------------------------ */

static void
check_free(struct sns_check *c)
{
	TAILQ_REMOVE(&c->v->checks, c, link);
	free(c->url);
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

static int
get_cert(struct sns_check *c, enum sns_certs_rank rank, struct sns_cert **out,
    struct error *err)
{
	return sns_certs_get(
	    c->v->certs, c->url, rank, &c->topic->wanted, &c->waiter, out, err);
}

/* What is likely is asked of a message only where strangers have left nothing:
 * that takes a while. */
static int
find_cert(struct sns_check *c, struct sns_cert **out, struct error *err)
{
	const struct sns_verifier_options *o = &c->v->o;
	bool known = knows_cert(c->topic, c->url);
	int rc =
	    get_cert(c, known ? SNS_CERTS_KNOWN : SNS_CERTS_STRANGE, out, err);

	if (rc == -1 && err->code == ERR_BUSY && o->likely != NULL &&
	    o->likely(c->m, o->arg))
		rc = get_cert(c, SNS_CERTS_LIKELY, out, err);
	return rc;
}

/* 1: it is decided; 0: a certificate is on its way. */
static int
begin(struct sns_check *c, struct error *err)
{
	struct sns_cert *cert = NULL;
	int rc;

	c->topic = find_topic(c->v, c->m->topic_arn);
	if (c->topic == NULL)
		return forged(err, "it is of a topic that is not configured");
	if (check_version(c, err) == -1)
		return -1;
	c->url = sns_host_cert_url(&c->topic->host, c->m->cert_url);
	if (c->url == NULL)
		return forged(err,
		    "its SigningCertURL is not where the topic's region keeps "
		    "certificates");
	rc = find_cert(c, &cert, err);
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
	c->fresh = fresh;
	c->waiter.fn = on_cert;
	c->waiter.arg = c;
	c->done = done;
	c->arg = arg;
	TAILQ_INSERT_TAIL(&v->checks, c, link);
	rc = begin(c, &c->err);
	c->failed = rc == -1;
	if (rc != 0)
		loop_post(v->o.loop, finish, c);
	*out = c;
	return 0;
}

void
sns_verify_cancel(struct sns_check *c)
{
	if (c == NULL)
		return;
	sns_certs_leave(&c->waiter);
	loop_unpost(c->v->o.loop, c);
	check_free(c);
}

/* --- what was learned before ----------------------------------------- */

static struct topic *
topic_of(const struct sns_verifier *v, const char *name, const char *prefix)
{
	return str_starts(name, prefix) ? find_topic(v, name + strlen(prefix))
					: NULL;
}

static void
recall_certs(struct topic *t, const char *value)
{
	struct error ignored;
	char **words, *url;
	size_t n;

	if (str_split_words(value, CERTS_MAX, &words, &n, &ignored) == -1)
		return;
	while (n > 0) {
		url = sns_host_cert_url(&t->host, words[--n]);
		if (url != NULL && !knows_cert(t, url))
			add_cert(t, url);
		free(url);
	}
	str_free_words(words);
}

void
sns_verifier_recall(struct sns_verifier *v, const char *name, const char *value)
{
	struct topic *t = topic_of(v, name, VERSION_PREFIX);

	if (t != NULL && str_eq(value, VERSION_VALUE))
		t->v2 = true;
	t = topic_of(v, name, CERTS_PREFIX);
	if (t != NULL)
		recall_certs(t, value);
}
