/* SPDX-License-Identifier: Apache-2.0 */
/* The probes of each topic of [sns], and of our subscription to it. */
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

struct topic {
	const char *arn;
	struct sns_call *call;
	unsigned pages;
	unsigned pending; /* of ours */
	char *ours; /* the subscription's ARN, or NULL */
	char *shown; /* where it posts to, without a password */
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

	free(t->ours);
	free(t->shown);
}

static const struct check_kind topic_kind = {
    .name = "topic",
    .needs_creds = true,
    .start = start_topic,
    .cancel = cancel,
    .forget = forget,
};

/* --- is one of its subscriptions ours? -------------------------- */

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

	if ((queue && is_our_queue(p, shown)) ||
	    (str_starts(s->protocol, "http") && is_our_url(p, shown))) {
		if (!str_starts(s->arn, "arn:")) {
			t->pending++;
		} else if (t->ours == NULL) {
			t->ours = xstrdup(s->arn);
			t->shown = shown;
			return;
		}
	}
	free(shown);
}

static void
nobody(struct check_probe *p)
{
	const struct conf *conf = p->check->app->conf;
	const struct topic *t = p->data;

	if (t->pending > 0) {
		check_remedy(p,
		    "Start awaitd serve, and subscribe once more: it confirms. "
		    "A token is good for two days.");
		check_end(p, CHECK_WARN, "it waits for its confirmation");
		return;
	}
	if (conf->sns.listen == NULL && conf->sqs.queue_url.n == 0) {
		check_remedy(p, "Set listen in [sns], or queue_url in [sqs].");
		check_end(p, CHECK_WARN, "nothing here takes messages");
		return;
	}
	if (conf->sns.listen != NULL && !str_ends(t->arn, ".fifo"))
		check_remedy(p,
		    "Run: aws sns subscribe --topic-arn %s --protocol https "
		    "--notification-endpoint https://HOST%s",
		    t->arn, conf->sns.path);
	else
		check_remedy(p,
		    "Subscribe a queue of [sqs] queue_url to it (protocol "
		    "sqs).");
	check_end(p, CHECK_WARN, "none of its subscriptions is ours");
}

/* --- and how does it deliver? ----------------------------------- */

static void
on_subscription(
    const struct aws_attribute *v, size_t n, const struct error *err, void *arg)
{
	struct check_probe *p = arg;
	struct check_wishes w = wishes(p);
	struct topic *t = p->data;
	struct check_findings f;

	t->call = NULL;
	if (err != NULL) {
		refused(p, "sns:GetSubscriptionAttributes", err);
		return;
	}
	check_findings_init(&f);
	buf_puts(&f.detail, t->shown);
	check_judge_subscription(&f, &w, v, n);
	check_findings_end(&f, p);
}

static void
ask_ours(struct check_probe *p)
{
	const struct app *app = p->check->app;
	struct topic *t = p->data;
	struct error err;

	if (str_starts(t->shown, "arn:")) {
		check_end(p, CHECK_OK, "%s; confirmed", t->shown);
		return;
	}
	if (sns_get_subscription_attributes(app->aws, app->globals->profile,
		t->ours, on_subscription, p, &t->call, &err) == -1)
		check_end_err(p, CHECK_FAIL, &err);
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
	if (t->ours != NULL)
		ask_ours(p);
	else if (next_token != NULL && ++t->pages < PAGES_MAX)
		ask_page(p, next_token);
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
