/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes, read and judged. Nobody is asked here. */
#include "cmd/check_judge.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"

#define WORDS_MAX 8192
/* An update, a machine that starts anew: for so long we may be away. */
#define ENOUGH_MS (INT64_C(10) * 60 * 1000)
#define VISIBLE_MIN_S 10
#define VISIBLE_MAX_S 900

/* --- findings ------------------------------------------------------- */

void
check_findings_init(struct check_findings *f)
{
	f->status = CHECK_OK;
	buf_init(&f->detail, WORDS_MAX);
	buf_init(&f->remedy, WORDS_MAX);
}

void
check_findings_done(struct check_findings *f)
{
	buf_done(&f->detail);
	buf_done(&f->remedy);
}

void
check_findings_end(struct check_findings *f, struct check_probe *p)
{
	if (f->remedy.len > 0)
		check_remedy(p, "%s", f->remedy.data);
	check_end(p, f->status, "%s", f->detail.data);
	check_findings_done(f);
}

static void __attribute__((format(printf, 2, 3)))
say(struct check_findings *f, const char *fmt, ...)
{
	va_list ap;

	if (f->detail.len > 0)
		buf_puts(&f->detail, "; ");
	va_start(ap, fmt);
	buf_vprintf(&f->detail, fmt, ap);
	va_end(ap);
}

/* What helps against two things is said once. */
static void
advise(struct check_findings *f, enum check_status status, const char *remedy)
{
	if (status == CHECK_FAIL || f->status == CHECK_OK)
		f->status = status;
	if (f->remedy.len > 0 && strstr(f->remedy.data, remedy) != NULL)
		return;
	if (f->remedy.len > 0)
		buf_putc(&f->remedy, ' ');
	buf_puts(&f->remedy, remedy);
}

static const char *
get(const struct aws_attribute *v, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (str_eq(v[i].name, name))
			return v[i].value;
	}
	return NULL;
}

static bool
is_true(const char *s)
{
	return s != NULL && str_ieq(s, "true");
}

/* --- topics --------------------------------------------------------- */

void
check_judge_topic(struct check_findings *f, const struct check_wishes *w,
    const struct aws_attribute *v, size_t n)
{
	const char *version = get(v, n, "SignatureVersion");

	say(f, "is there");
	if (!w->listens)
		return;
	if (version != NULL && str_eq(version, "2")) {
		say(f, "signs with SHA-256");
		return;
	}
	say(f, "signs with SHA-1 (SignatureVersion 1)%s",
	    w->only_v2 ? ", which [sns] signature_version = 2 refuses" : "");
	advise(f, w->only_v2 ? CHECK_FAIL : CHECK_WARN,
	    "Set the topic's attribute SignatureVersion to 2.");
}

/* --- subscriptions -------------------------------------------------- */

static int64_t
number(const struct json *j, const char *name, int64_t otherwise)
{
	int64_t n;

	if (json_i64(json_get(j, name), &n) == -1 || n < 0 || n > 3600)
		return otherwise;
	return n;
}

/* Of each phase the least that it takes. */
static int64_t
least_s(const struct json *j, int64_t retries)
{
	int64_t none = number(j, "numNoDelayRetries", 0);
	int64_t first = number(j, "numMinDelayRetries", 0);
	int64_t last = number(j, "numMaxDelayRetries", 0);
	int64_t least = number(j, "minDelayTarget", 20);
	int64_t most = number(j, "maxDelayTarget", 20);
	const char *curve = json_get_str(j, "backoffFunction");
	int64_t between = retries - none - first - last;
	int64_t each = curve == NULL || str_eq(curve, "linear")
	    ? (least + most) / 2
	    : least;

	if (between < 0)
		between = 0;
	return first * least + between * each + last * most;
}

bool
check_retries(const char *policy, int64_t *retries, int64_t *ms)
{
	const struct json *retry;
	struct json *doc;
	struct error err;

	if (policy == NULL ||
	    json_parse(policy, strlen(policy), &doc, &err) == -1)
		return false;
	retry = json_get(doc, "healthyRetryPolicy");
	if (!json_is_object(retry)) {
		json_free(doc);
		return false;
	}
	*retries = number(retry, "numRetries", 3);
	*ms = least_s(retry, *retries) * 1000;
	json_free(doc);
	return true;
}

static void
judge_retries(struct check_findings *f, const char *policy)
{
	char span[TIMEFMT_SPAN_SIZE];
	int64_t retries, ms;

	if (!check_retries(policy, &retries, &ms)) {
		say(f, "its delivery policy makes no sense");
		return;
	}
	timefmt_span(ms, span);
	say(f, "%" PRId64 " retries in %s", retries, span);
	if (ms < ENOUGH_MS)
		advise(f, CHECK_WARN,
		    "Give it a DeliveryPolicy with more retries, such as "
		    "{\"healthyRetryPolicy\":{\"numRetries\":50,"
		    "\"minDelayTarget\":5,\"maxDelayTarget\":120}}: what is "
		    "lost is found only by looking.");
}

static void
judge_dead_letters(struct check_findings *f, const char *policy)
{
	struct json *doc = NULL;
	const char *arn = NULL;
	struct error err;

	if (policy != NULL &&
	    json_parse(policy, strlen(policy), &doc, &err) == 0)
		arn = json_get_str(doc, "deadLetterTargetArn");
	if (arn != NULL) {
		say(f, "dead letters go to %s", arn);
	} else {
		say(f, "no dead-letter queue");
		advise(f, CHECK_WARN,
		    "Name a queue in the subscription's RedrivePolicy, and in "
		    "[sqs] queue_url: what could not be posted comes from "
		    "there.");
	}
	json_free(doc);
}

/* Of several each begins with the place it goes to. */
static void
say_place(struct check_findings *f, const char *shown)
{
	say(f, "%s%s", f->detail.len > 0 ? "and " : "", shown);
}

void
check_judge_pending(struct check_findings *f, const char *shown)
{
	say_place(f, shown);
	say(f, "it waits for its confirmation");
	advise(f, CHECK_WARN,
	    "Start awaitd serve, and subscribe once more: it confirms. A token "
	    "is good for two days.");
}

void
check_judge_queued(struct check_findings *f, const char *shown)
{
	say_place(f, shown);
	say(f, "confirmed");
}

void
check_judge_subscription(struct check_findings *f, const struct check_wishes *w,
    const char *shown, const struct aws_attribute *v, size_t n)
{
	const char *owned = get(v, n, "ConfirmationWasAuthenticated");

	say_place(f, shown);
	say(f, "confirmed");
	if (is_true(get(v, n, "RawMessageDelivery")) && !w->raw) {
		say(f, "delivers raw, which [sns] raw = refuse refuses");
		advise(f, CHECK_FAIL,
		    "Set its attribute RawMessageDelivery to false.");
	}
	if (owned != NULL && !is_true(owned)) {
		say(f, "anybody who sees a message may end it");
		advise(f, CHECK_WARN,
		    "Unsubscribe, and subscribe anew while awaitd serve runs: "
		    "it confirms with AuthenticateOnUnsubscribe.");
	}
	judge_retries(f, get(v, n, "EffectiveDeliveryPolicy"));
	judge_dead_letters(f, get(v, n, "RedrivePolicy"));
}

/* --- queues --------------------------------------------------------- */

/* A string, or a list with it among others. */
static bool
has(const struct json *j, bool (*wanted)(const char *s))
{
	const struct json *item;

	if (json_str(j) != NULL)
		return wanted(json_str(j));
	for (item = json_is_array(j) ? json_first(j) : NULL; item != NULL;
	     item = json_next(item)) {
		if (json_str(item) != NULL && wanted(json_str(item)))
			return true;
	}
	return false;
}

static bool
is_send(const char *s)
{
	return str_eq(s, "*") || str_ieq(s, "sqs:*") ||
	    str_ieq(s, "sqs:SendMessage") || str_ieq(s, "sqs:Send*");
}

static bool
is_any(const char *s)
{
	return str_eq(s, "*");
}

static bool
is_service(const char *s)
{
	return str_starts(s, "sns.amazonaws.com") ||
	    str_starts(s, "s3.amazonaws.com") ||
	    str_starts(s, "events.amazonaws.com");
}

/* Whatever compares it with something. */
static bool
has_source(const struct json *condition)
{
	static const char *const keys[] = {"aws:SourceArn", "aws:SourceAccount",
	    "aws:SourceOrgID", "AWS:SourceArn", "AWS:SourceAccount"};
	const struct json *op, *key;
	size_t i;

	if (!json_is_object(condition))
		return false;
	for (op = json_first(condition); op != NULL; op = json_next(op)) {
		for (key = json_is_object(op) ? json_first(op) : NULL;
		     key != NULL; key = json_next(key)) {
			for (i = 0; i < ARRAY_LEN(keys); i++) {
				if (str_ieq(json_name(key), keys[i]) &&
				    !has(key, is_any))
					return true;
			}
		}
	}
	return false;
}

static enum check_senders
senders_of(const struct json *statement)
{
	const struct json *who = json_get(statement, "Principal");
	const char *effect = json_get_str(statement, "Effect");
	bool any, service;

	if (effect == NULL || !str_eq(effect, "Allow") ||
	    !has(json_get(statement, "Action"), is_send))
		return CHECK_SENDERS_NONE;
	any = has(who, is_any);
	service = false;
	if (json_is_object(who)) {
		any |= has(json_get(who, "AWS"), is_any) ||
		    has(json_get(who, "Service"), is_any);
		service = has(json_get(who, "Service"), is_service);
	}
	if (!any && !service)
		return CHECK_SENDERS_NONE;
	return has_source(json_get(statement, "Condition"))
	    ? CHECK_SENDERS_NAMED
	    : CHECK_SENDERS_ANY;
}

enum check_senders
check_senders_of(const char *policy)
{
	enum check_senders most = CHECK_SENDERS_NONE, one;
	const struct json *list, *s;
	struct json *doc;
	struct error err;

	if (policy == NULL ||
	    json_parse(policy, strlen(policy), &doc, &err) == -1)
		return CHECK_SENDERS_NONE;
	list = json_is_object(doc) ? json_get(doc, "Statement") : NULL;
	if (json_is_object(list))
		most = senders_of(list);
	for (s = json_is_array(list) ? json_first(list) : NULL; s != NULL;
	     s = json_next(s)) {
		one = json_is_object(s) ? senders_of(s) : CHECK_SENDERS_NONE;
		if (one > most)
			most = one;
	}
	json_free(doc);
	return most;
}

static void
judge_senders(struct check_findings *f, const char *policy)
{
	switch (check_senders_of(policy)) {
	case CHECK_SENDERS_NONE:
		say(f, "neither SNS nor S3 may send to it");
		advise(f, CHECK_WARN,
		    "Let its policy allow sns.amazonaws.com or "
		    "s3.amazonaws.com sqs:SendMessage, with the topic or "
		    "bucket as aws:SourceArn.");
		return;
	case CHECK_SENDERS_ANY:
		say(f, "anybody may send to it");
		advise(f, CHECK_WARN,
		    "Add a condition to its policy, with the topic or bucket "
		    "as aws:SourceArn: what comes from it is believed.");
		return;
	case CHECK_SENDERS_NAMED:
		return;
	}
}

static void
judge_visibility(struct check_findings *f, const char *value)
{
	int64_t s;

	if (value == NULL || str_to_i64(value, 0, INT32_MAX, &s) == -1)
		return;
	if (s >= VISIBLE_MIN_S && s <= VISIBLE_MAX_S)
		return;
	say(f, "its visibility timeout is %" PRId64 " s", s);
	advise(f, CHECK_WARN,
	    s < VISIBLE_MIN_S
		? "Set VisibilityTimeout to 30 s or so: before a message is on "
		  "disk it comes once more."
		: "Set VisibilityTimeout to 30 s or so: what was taken before "
		  "a crash comes again only then.");
}

void
check_judge_queue(
    struct check_findings *f, const struct aws_attribute *v, size_t n)
{
	say(f, "may be asked");
	judge_senders(f, get(v, n, "Policy"));
	judge_visibility(f, get(v, n, "VisibilityTimeout"));
	if (get(v, n, "RedrivePolicy") == NULL) {
		say(f, "no dead-letter queue");
		advise(f, CHECK_WARN,
		    "Give it a RedrivePolicy (maxReceiveCount 10 or so): what "
		    "nobody can read comes again for days.");
	}
}
