/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the attributes of topics, subscriptions and queues mean for us. Only for
 * check_*.c.
 */
#ifndef CMD_CHECK_JUDGE_H
#define CMD_CHECK_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/attribute.h"
#include "base/buf.h"
#include "cmd/check.h"

/* Several words about one thing; the worst one is the status. */
struct check_findings {
	enum check_status status;
	struct buf detail; /* "a; b" */
	struct buf remedy; /* sentences */
};
void check_findings_init(struct check_findings *f);
void check_findings_done(struct check_findings *f);

/* End the probe with them; they are done then. */
void check_findings_end(struct check_findings *f, struct check_probe *p);

/* How [sns] is set. */
struct check_wishes {
	bool listens;
	bool raw;
	bool only_v2;
};

void check_judge_topic(struct check_findings *f, const struct check_wishes *w,
    const struct aws_attribute *v, size_t n);
/* One that goes to `shown`: not confirmed yet; to a queue; posted to us. May be
 * called for several of a topic. */
void check_judge_pending(struct check_findings *f, const char *shown);
void check_judge_queued(struct check_findings *f, const char *shown);
void check_judge_subscription(struct check_findings *f,
    const struct check_wishes *w, const char *shown,
    const struct aws_attribute *v, size_t n);
void check_judge_queue(
    struct check_findings *f, const struct aws_attribute *v, size_t n);

/*
 * How often, and for how long at least, SNS tries again by an effective
 * delivery policy of a subscription. False where it is none.
 * Source: "Amazon SNS message delivery retries", SNS developer guide.
 */
bool check_retries(const char *policy, int64_t *retries, int64_t *ms);

/* Who may send to a queue, by its policy. */
enum check_senders {
	CHECK_SENDERS_NONE,
	CHECK_SENDERS_NAMED, /* of AWS's services, those with aws:SourceArn */
	CHECK_SENDERS_ANY,
};
enum check_senders check_senders_of(const char *policy);

#endif
