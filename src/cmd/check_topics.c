/* SPDX-License-Identifier: Apache-2.0 */
/* The probes of each topic of [sns], and of our subscriptions to it. */
#include "cmd/check.h"

#include <stdlib.h>
#include <string.h>

#include "aws/grant.h"
#include "aws/sns_api.h"
#include "aws/sqs_place.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/check_judge.h"

/* A hundred subscriptions each. */
#define PAGES_MAX 50
/* More of one topic are not ours by intent. */
#define OURS_MAX 8

/* A subscription that is ours. */
struct ours {
	char *arn; /* NULL: it is not confirmed */
	char *shown; /* where it goes, without a password */
	bool queue;
};

struct topic {
	const char *arn;
	struct sns_call *call;
	unsigned pages;
	struct ours ours[OURS_MAX];
	size_t n;
	size_t at; /* of them, the one that is judged */
	bool judging;
	struct check_findings found; /* of all of them, while judging */
};

static struct check_wishes
wishes(const struct check_probe *p)
{
	const struct conf_sns *s = &p->check->app->conf->sns;

	return (struct check_wishes){
	    .listens = s->listen != NULL,
	    .raw = s->raw == CONF_RAW_ACCEPT,
	    .only_v2 = s->signature_version == CONF_SNS_2,
	};
}

static void
refused(struct check_probe *p, const char *action, const struct error *err)
{
	const struct topic *t = p->data;
	struct error why = *err;

	if (str_starts(err->remote_code, "AuthorizationError") ||
	    str_starts(err->remote_code, "AccessDenied")) {
		grant_arn_hint(&why, action, t->arn);
		check_end_err(p, CHECK_SKIPPED, &why);
		return;
	}
	if (err->code == ERR_NOT_FOUND)
		err_hint(&why, "Create it, or correct topic in [sns].");
	else
		check_hint_connect(&why, true);
	check_end_err(p, CHECK_FAIL, &why);
}

/* --- the topic itself ------------------------------------------- */

static void
on_topic(
    const struct aws_attribute *v, size_t n, const struct error *err, void *arg)
{
	struct check_probe *p = arg;
	struct check_wishes w = wishes(p);
	struct topic *t = p->data;
	struct check_findings f;

	t->call = NULL;
	if (err != NULL) {
		refused(p, "sns:GetTopicAttributes", err);
		return;
	}
	check_findings_init(&f);
	check_judge_topic(&f, &w, v, n);
	check_findings_end(&f, p);
}

static void
start_topic(struct check_probe *p)
{
	const struct app *app = p->check->app;
	struct sns_topic parts;
	struct topic *t = p->data;
	struct error err;

	if (sns_topic_parse(t->arn, &parts, &err) == -1) {
		check_end_err(p, CHECK_FAIL, &err);
		return;
	}
	sns_topic_done(&parts);
	if (sns_get_topic_attributes(app->aws, app->globals->profile, t->arn,
		on_topic, p, &t->call, &err) == -1)
		check_end_err(p, CHECK_FAIL, &err);
}

static void
cancel(struct check_probe *p)
{
	struct topic *t = p->data;

	sns_call_cancel(t->call);
	t->call = NULL;
}

static void
forget(struct check_probe *p)
{
	struct topic *t = p->data;
	size_t i;

	for (i = 0; i < t->n; i++) {
		free(t->ours[i].arn);
		free(t->ours[i].shown);
	}
	if (t->judging)
		check_findings_done(&t->found);
}

static const struct check_kind topic_kind = {
    .name = "topic",
    .needs_creds = true,
    .start = start_topic,
    .cancel = cancel,
    .forget = forget,
};

/* --- which of its subscriptions are ours? ----------------------- */

/* "https://user:****@host/path" without what stands before '@'. */
static char *
without_user(const char *url)
{
	const char *host = strstr(url, "://");
	const char *at;

	if (host == NULL)
		return xstrdup(url);
	host += 3;
	at = memchr(host, '@', strcspn(host, "/?#"));
	return xasprintf(
	    "%.*s%s", (int)(host - url), url, at != NULL ? at + 1 : host);
}

/* Under which name we are reached nobody here knows: the path tells. */
static bool
is_our_url(const struct check_probe *p, const char *shown)
{
	const struct conf_sns *s = &p->check->app->conf->sns;
	const char *host = strstr(shown, "://"), *path;
	size_t len;

	if (s->listen == NULL || host == NULL)
		return false;
	path = host + 3 + strcspn(host + 3, "/?#");
	len = strcspn(path, "?#");
	return len == strlen(s->path) && strncmp(path, s->path, len) == 0;
}

static bool
is_our_queue(const struct check_probe *p, const char *arn)
{
	const struct conf_list *urls = &p->check->app->conf->sqs.queue_url;
	struct aws_endpoint e;
	struct error ignored;
	bool found = false;
	char *ours;
	size_t i;

	for (i = 0; i < urls->n && !found; i++) {
		if (sqs_place(urls->v[i], p->check->app->globals->profile, &e,
			&ignored) == -1)
			continue;
		ours = sqs_arn(urls->v[i], e.region);
		found = str_eq(ours, arn);
		free(ours);
		endpoint_done(&e);
	}
	return found;
}

static void
look_at(struct check_probe *p, const struct sns_subscription *s)
{
	struct topic *t = p->data;
	bool queue = str_eq(s->protocol, "sqs");
	char *shown = queue ? xstrdup(s->endpoint) : without_user(s->endpoint);

	if (t->n < OURS_MAX &&
	    (queue ? is_our_queue(p, shown)
		   : str_starts(s->protocol, "http") && is_our_url(p, shown))) {
		t->ours[t->n++] = (struct ours){
		    .arn = str_starts(s->arn, "arn:") ? xstrdup(s->arn) : NULL,
		    .shown = shown,
		    .queue = queue,
		};
		return;
	}
	free(shown);
}

/* How a listener of ours is subscribed. */
static void
remedy_subscribe(struct check_probe *p)
{
	const struct conf_sns *s = &p->check->app->conf->sns;
	const struct topic *t = p->data;
	bool tls = s->certificate_file != NULL;
	const char *port = strrchr(s->listen, ':');
	struct sns_topic parts;
	struct error ignored;

	if (sns_topic_parse(t->arn, &parts, &ignored) == -1)
		return;
	check_remedy(p,
	    "Run: aws sns subscribe --region %s --protocol %s --topic-arn %s "
	    "--notification-endpoint %s://%sHOST%s%s%s",
	    parts.region, tls ? "https" : "http", t->arn,
	    tls ? "https" : "http",
	    s->user_file != NULL ? "USER:PASSWORD@" : "",
	    port == NULL || (tls && str_eq(port, ":443")) ? "" : port, s->path,
	    tls ? ""
		: " (behind a proxy that ends TLS: https, and its address)");
	sns_topic_done(&parts);
}

static void
nobody(struct check_probe *p)
{
	const struct conf *conf = p->check->app->conf;
	const struct topic *t = p->data;

	if (conf->sns.listen == NULL && conf->sqs.queue_url.n == 0) {
		check_remedy(p, "Set listen in [sns], or queue_url in [sqs].");
		check_end(p, CHECK_WARN, "nothing here takes messages");
		return;
	}
	if (conf->sns.listen != NULL && !str_ends(t->arn, ".fifo"))
		remedy_subscribe(p);
	else
		check_remedy(p,
		    "Subscribe a queue of [sqs] queue_url to it (protocol "
		    "sqs).");
	check_end(p, CHECK_WARN, "none of its subscriptions is ours");
}

/* --- and how do they deliver? ----------------------------------- */

static void judge_next(struct check_probe *p);

static void
on_subscription(
    const struct aws_attribute *v, size_t n, const struct error *err, void *arg)
{
	struct check_probe *p = arg;
	struct check_wishes w = wishes(p);
	struct topic *t = p->data;

	t->call = NULL;
	if (err != NULL) {
		refused(p, "sns:GetSubscriptionAttributes", err);
		return;
	}
	check_judge_subscription(&t->found, &w, t->ours[t->at++].shown, v, n);
	judge_next(p);
}

/* Who subscribes the same address again is sent another confirmation: one that
 * is confirmed is what counts. */
static bool
is_confirmed(const struct topic *t, const char *shown)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		if (t->ours[i].arn != NULL && str_eq(t->ours[i].shown, shown))
			return true;
	}
	return false;
}

/* What its row of the list says already; false: that must be asked. */
static bool
judge_by_list(struct check_findings *f, const struct topic *t)
{
	const struct ours *o = &t->ours[t->at];

	if (o->arn == NULL) {
		if (!is_confirmed(t, o->shown))
			check_judge_pending(f, o->shown);
		return true;
	}
	if (o->queue)
		check_judge_queued(f, o->shown);
	return o->queue;
}

static void
judge_next(struct check_probe *p)
{
	const struct app *app = p->check->app;
	struct topic *t = p->data;
	struct error err;

	while (t->at < t->n && judge_by_list(&t->found, t))
		t->at++;
	if (t->at == t->n) {
		t->judging = false;
		check_findings_end(&t->found, p);
		return;
	}
	if (sns_get_subscription_attributes(app->aws, app->globals->profile,
		t->ours[t->at].arn, on_subscription, p, &t->call, &err) == -1)
		check_end_err(p, CHECK_FAIL, &err);
}

static void
judge_ours(struct check_probe *p)
{
	struct topic *t = p->data;

	check_findings_init(&t->found);
	t->judging = true;
	judge_next(p);
}

static void ask_page(struct check_probe *p, const char *next_token);

static void
on_page(const struct sns_subscription *v, size_t n, const char *next_token,
    const struct error *err, void *arg)
{
	struct check_probe *p = arg;
	struct topic *t = p->data;
	size_t i;

	t->call = NULL;
	if (err != NULL) {
		refused(p, "sns:ListSubscriptionsByTopic", err);
		return;
	}
	for (i = 0; i < n; i++)
		look_at(p, &v[i]);
	if (next_token != NULL && ++t->pages < PAGES_MAX)
		ask_page(p, next_token);
	else if (t->n > 0)
		judge_ours(p);
	else
		nobody(p);
}

static void
ask_page(struct check_probe *p, const char *next_token)
{
	const struct app *app = p->check->app;
	struct topic *t = p->data;
	struct error err;

	if (sns_list_subscriptions(app->aws, app->globals->profile, t->arn,
		next_token, on_page, p, &t->call, &err) == -1)
		check_end_err(p, CHECK_FAIL, &err);
}

static void
start_subscription(struct check_probe *p)
{
	ask_page(p, NULL);
}

static const struct check_kind subscription_kind = {
    .name = "subscription",
    .needs_creds = true,
    .start = start_subscription,
    .cancel = cancel,
    .forget = forget,
};

/* --- rows ------------------------------------------------------- */

static void
add(struct check *c, const struct check_kind *kind, const char *arn)
{
	struct topic *t = xcalloc(1, sizeof(*t));

	t->arn = arn;
	check_add(c, kind, xstrdup(arn))->data = t;
}

void
check_topics_add(struct check *c)
{
	const struct conf_list *topics = &c->app->conf->sns.topic;
	size_t i;

	for (i = 0; i < topics->n; i++) {
		add(c, &topic_kind, topics->v[i]);
		add(c, &subscription_kind, topics->v[i]);
	}
}
