/* SPDX-License-Identifier: Apache-2.0 */
/* The probes of each queue of [sqs]. Nothing is taken from it. */
#include "cmd/check.h"

#include <stdlib.h>

#include "aws/grant.h"
#include "aws/sqs.h"
#include "aws/sqs_place.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/check_judge.h"

struct queue {
	const char *url;
	struct sqs *sqs;
	struct sqs_call *call;
};

static void
refused(struct check_probe *p, const struct error *err)
{
	const struct queue *q = p->data;
	struct error why = *err;
	char *arn;

	if (str_starts(err->remote_code, "AccessDenied")) {
		arn = sqs_arn(q->url, sqs_region(q->sqs));
		grant_arn_hint(&why, "sqs:GetQueueAttributes", arn);
		free(arn);
		check_end_err(p, CHECK_SKIPPED, &why);
		return;
	}
	if (err->code == ERR_NOT_FOUND)
		err_hint(&why, "Create it, or correct queue_url in [sqs].");
	else
		check_hint_connect(&why, true);
	check_end_err(p, CHECK_FAIL, &why);
}

static void
on_attributes(
    const struct aws_attribute *v, size_t n, const struct error *err, void *arg)
{
	struct check_probe *p = arg;
	struct queue *q = p->data;
	struct check_findings f;

	q->call = NULL;
	if (err != NULL) {
		refused(p, err);
		return;
	}
	check_findings_init(&f);
	check_judge_queue(&f, v, n);
	check_findings_end(&f, p);
}

static void
start(struct check_probe *p)
{
	const struct app *app = p->check->app;
	struct queue *q = p->data;
	struct error err;

	if (sqs_new(app->aws, app->globals->profile, q->url, &q->sqs, &err) ==
		-1 ||
	    sqs_get_attributes(q->sqs, on_attributes, p, &q->call, &err) == -1)
		check_end_err(p, CHECK_FAIL, &err);
}

static void
cancel(struct check_probe *p)
{
	struct queue *q = p->data;

	sqs_cancel(q->call);
	q->call = NULL;
}

static void
forget(struct check_probe *p)
{
	struct queue *q = p->data;

	sqs_free(q->sqs);
}

static const struct check_kind queue_kind = {
    .name = "queue",
    .needs_creds = true,
    .start = start,
    .cancel = cancel,
    .forget = forget,
};

void
check_queues_add(struct check *c)
{
	const struct conf_list *urls = &c->app->conf->sqs.queue_url;
	struct check_probe *p;
	struct queue *q;
	size_t i;

	for (i = 0; i < urls->n; i++) {
		q = xcalloc(1, sizeof(*q));
		q->url = urls->v[i];
		p = check_add(c, &queue_kind, xstrdup(urls->v[i]));
		p->data = q;
	}
}
