/* SPDX-License-Identifier: Apache-2.0 */
/* DeliveryPolicy: read, judged, written, and its delays. */
#include "local/sns_policy.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"

#define DELAY_MAX_S 3600
#define TOTAL_MAX_MS (INT64_C(3600) * 1000)
#define RETRIES_MAX 100
#define PER_SECOND_MAX 1000000

static const char *const backoff_names[] = {
    [SNS_LINEAR] = "linear",
    [SNS_ARITHMETIC] = "arithmetic",
    [SNS_GEOMETRIC] = "geometric",
    [SNS_EXPONENTIAL] = "exponential",
};

void
sns_policy_init(struct sns_policy *p)
{
	*p = (struct sns_policy){
	    .min_delay_s = 20,
	    .max_delay_s = 20,
	    .retries = 3,
	};
}

/* --- delays --------------------------------------------------------- */

/* r to the power of n. */
static double
power(double r, int64_t n)
{
	double result = 1;

	while (n-- > 0)
		result *= r;
	return result;
}

/* The r >= 1 of which r to the power of n is `whole`; halving is enough. */
static double
root(double whole, int64_t n)
{
	double low = 1, high = whole, mid;
	int i;

	for (i = 0; i < 60; i++) {
		mid = (low + high) / 2;
		if (power(mid, n) > whole)
			high = mid;
		else
			low = mid;
	}
	return low;
}

/*
 * Step k of the way, 0 to last, in seconds: steps that are equal, that grow by
 * the same, that grow by the same factor, that double.
 */
static double
on_the_way(const struct sns_policy *p, int64_t k, int64_t last)
{
	double low = (double)p->min_delay_s, high = (double)p->max_delay_s;
	double part;

	if (last == 0)
		return low;
	if (p->backoff == SNS_GEOMETRIC)
		return low * power(root(high / low, last), k);
	if (p->backoff == SNS_ARITHMETIC)
		part = (double)(k * (k + 1)) / (double)(last * (last + 1));
	else if (p->backoff == SNS_EXPONENTIAL)
		part = (power(2, k) - 1) / (power(2, last) - 1);
	else
		part = (double)k / (double)last;
	return low + (high - low) * part;
}

int64_t
sns_policy_delay_ms(const struct sns_policy *p, int64_t n)
{
	int64_t way =
	    p->retries - p->retries_at_once - p->retries_min - p->retries_max;

	if (n < 1 || n > p->retries)
		return -1;
	if (n <= p->retries_at_once)
		return 0;
	n -= p->retries_at_once;
	if (n <= p->retries_min)
		return p->min_delay_s * 1000;
	n -= p->retries_min;
	if (n > way)
		return p->max_delay_s * 1000;
	return (int64_t)(on_the_way(p, n - 1, way - 1) * 1000 + 0.5);
}

/* --- reading -------------------------------------------------------- */

static int
complain(struct error *err, const char *what)
{
	return err_set(err, ERR_USAGE, "DeliveryPolicy: %s", what);
}

static int
complain_of(struct error *err, const char *name, const char *what)
{
	return err_set(err, ERR_USAGE, "DeliveryPolicy: %s %s", name, what);
}

/* A field of ours for each name that an object may have. */
struct key {
	const char *name;
	enum { NUMBER, BACKOFF, TYPE, FLAG, OBJECT } kind;
	size_t at; /* in struct sns_policy */
	int64_t min, max;
	const struct key *keys; /* of OBJECT; ends in one without a name */
};

#define AT(member) offsetof(struct sns_policy, member)
#define NUMBER_KEY(name, member, min, max)               \
	{                                                \
		name, NUMBER, AT(member), min, max, NULL \
	}
#define END                                 \
	{                                   \
		NULL, NUMBER, 0, 0, 0, NULL \
	}

static const struct key retry_keys[] = {
    NUMBER_KEY("minDelayTarget", min_delay_s, 1, DELAY_MAX_S),
    NUMBER_KEY("maxDelayTarget", max_delay_s, 1, DELAY_MAX_S),
    NUMBER_KEY("numRetries", retries, 0, RETRIES_MAX),
    NUMBER_KEY("numNoDelayRetries", retries_at_once, 0, RETRIES_MAX),
    NUMBER_KEY("numMinDelayRetries", retries_min, 0, RETRIES_MAX),
    NUMBER_KEY("numMaxDelayRetries", retries_max, 0, RETRIES_MAX),
    {"backoffFunction", BACKOFF, AT(backoff), 0, 0, NULL},
    END,
};
static const struct key throttle_keys[] = {
    NUMBER_KEY("maxReceivesPerSecond", per_second, 1, PER_SECOND_MAX),
    END,
};
static const struct key request_keys[] = {
    {"headerContentType", TYPE, AT(content_type), 0, 0, NULL},
    END,
};
static const struct key subscription_keys[] = {
    {"healthyRetryPolicy", OBJECT, 0, 0, 0, retry_keys},
    {"throttlePolicy", OBJECT, 0, 0, 0, throttle_keys},
    {"requestPolicy", OBJECT, 0, 0, 0, request_keys},
    END,
};
static const struct key http_keys[] = {
    {"defaultHealthyRetryPolicy", OBJECT, 0, 0, 0, retry_keys},
    {"disableSubscriptionOverrides", FLAG, AT(no_overrides), 0, 0, NULL},
    {"defaultThrottlePolicy", OBJECT, 0, 0, 0, throttle_keys},
    {"defaultRequestPolicy", OBJECT, 0, 0, 0, request_keys},
    END,
};
static const struct key topic_keys[] = {
    {"http", OBJECT, 0, 0, 0, http_keys},
    END,
};

static int
read_backoff(enum sns_backoff *out, const struct json *j, struct error *err)
{
	const char *s = json_str(j);
	size_t i;

	for (i = 0; s != NULL && i < ARRAY_LEN(backoff_names); i++) {
		if (str_eq(s, backoff_names[i])) {
			*out = (enum sns_backoff)i;
			return 0;
		}
	}
	return complain(err,
	    "backoffFunction must be one of linear, arithmetic, geometric and "
	    "exponential");
}

/* The types that SNS knows, with a charset behind or without. */
static int
read_type(char *out, const struct json *j, struct error *err)
{
	static const char *const types[] = {"application/atom+xml",
	    "application/json", "application/octet-stream",
	    "application/soap+xml", "application/x-www-form-urlencoded",
	    "application/xhtml+xml", "application/xml", "text/css", "text/csv",
	    "text/html", "text/plain", "text/xml"};
	const char *s = json_str(j);
	size_t i, n = s != NULL ? strcspn(s, ";") : 0;

	for (i = 0; s != NULL && i < ARRAY_LEN(types); i++) {
		if (n != strlen(types[i]) || strncmp(s, types[i], n) != 0 ||
		    (s[n] != '\0' && !str_ieq(s + n, "; charset=utf-8") &&
			!str_ieq(s + n, ";charset=utf-8")))
			continue;
		snprintf(out, SNS_POLICY_TYPE_SIZE, "%s", s);
		return 0;
	}
	return complain(err, "headerContentType is none that can be sent");
}

static int read_object(struct sns_policy *p, const struct json *j,
    const struct key *keys, struct error *err);

static int
read_key(struct sns_policy *p, const struct json *j, const struct key *key,
    struct error *err)
{
	void *at = (char *)p + key->at;

	switch (key->kind) {
	case NUMBER:
		if (json_i64(j, at) == -1 || *(int64_t *)at < key->min ||
		    *(int64_t *)at > key->max)
			return err_set(err, ERR_USAGE,
			    "DeliveryPolicy: %s must be a whole number from "
			    "%lld to %lld",
			    key->name, (long long)key->min,
			    (long long)key->max);
		return 0;
	case BACKOFF:
		return read_backoff(at, j, err);
	case TYPE:
		return read_type(at, j, err);
	case FLAG:
		if (json_bool(j, at) == -1)
			return complain_of(err, key->name, "must be a boolean");
		return 0;
	case OBJECT:
		break;
	}
	return read_object(p, j, key->keys, err);
}

/* What is null might as well not stand there: SNS shows it so. */
static int
read_object(struct sns_policy *p, const struct json *j, const struct key *keys,
    struct error *err)
{
	const struct json *m;
	const struct key *key;

	if (!json_is_object(j))
		return complain(err, "an object was expected");
	for (m = json_first(j); m != NULL; m = json_next(m)) {
		for (key = keys; key->name != NULL; key++) {
			if (str_eq(key->name, json_name(m)))
				break;
		}
		if (json_is_null(m))
			continue;
		if (key->name == NULL)
			return complain(err, "an unknown name stands in it");
		if (read_key(p, m, key, err) == -1)
			return -1;
	}
	return 0;
}

static int
judge(const struct sns_policy *p, struct error *err)
{
	int64_t n, total = 0;

	if (p->min_delay_s > p->max_delay_s)
		return complain(err,
		    "minDelayTarget must not be greater than maxDelayTarget");
	if (p->retries_at_once + p->retries_min + p->retries_max > p->retries)
		return complain(err,
		    "numRetries must not be less than the sum of "
		    "numNoDelayRetries, numMinDelayRetries and "
		    "numMaxDelayRetries");
	for (n = 1; n <= p->retries; n++)
		total += sns_policy_delay_ms(p, n);
	if (total > TOTAL_MAX_MS)
		return complain(err,
		    "the delays of all retries must not be longer than 3600 "
		    "seconds in all");
	return 0;
}

int
sns_policy_read(struct sns_policy *p, const char *text, size_t len,
    bool of_topic, struct error *err)
{
	struct sns_policy read = *p;
	struct json *root;
	int rc;

	if (len > SNS_POLICY_MAX)
		return complain(err, "it is too long");
	if (json_parse(text, len, &root, err) == -1)
		return complain(err, "failed to parse JSON");
	rc = read_object(
	    &read, root, of_topic ? topic_keys : subscription_keys, err);
	json_free(root);
	if (rc == -1 || judge(&read, err) == -1)
		return -1;
	*p = read;
	return 0;
}

void
sns_policy_effective(
    struct sns_policy *p, const char *of_topic, const char *of_subscription)
{
	struct error ignored;

	sns_policy_init(p);
	if (of_topic != NULL)
		sns_policy_read(p, of_topic, strlen(of_topic), true, &ignored);
	if (of_subscription == NULL || p->no_overrides)
		return;
	if (sns_policy_read(p, of_subscription, strlen(of_subscription), false,
		&ignored) == 0)
		return;
	/* Each was good by itself; together they are not. */
	sns_policy_init(p);
	sns_policy_read(
	    p, of_subscription, strlen(of_subscription), false, &ignored);
}

/* --- writing -------------------------------------------------------- */

static void
write_retry(const struct sns_policy *p, const char *name, struct jsonw *w)
{
	jsonw_begin(w, name, '{');
	jsonw_int(w, "minDelayTarget", p->min_delay_s);
	jsonw_int(w, "maxDelayTarget", p->max_delay_s);
	jsonw_int(w, "numRetries", p->retries);
	jsonw_int(w, "numMaxDelayRetries", p->retries_max);
	jsonw_int(w, "numNoDelayRetries", p->retries_at_once);
	jsonw_int(w, "numMinDelayRetries", p->retries_min);
	jsonw_str(w, "backoffFunction", backoff_names[p->backoff]);
	jsonw_end(w, '}');
}

static void
write_rest(const struct sns_policy *p, bool of_topic, struct jsonw *w)
{
	const char *throttle =
	    of_topic ? "defaultThrottlePolicy" : "throttlePolicy";

	if (p->per_second == 0) {
		if (!of_topic)
			jsonw_null(w, throttle);
	} else {
		jsonw_begin(w, throttle, '{');
		jsonw_int(w, "maxReceivesPerSecond", p->per_second);
		jsonw_end(w, '}');
	}
	jsonw_begin(
	    w, of_topic ? "defaultRequestPolicy" : "requestPolicy", '{');
	jsonw_str(w, "headerContentType",
	    *p->content_type != '\0' ? p->content_type
				     : "text/plain; charset=UTF-8");
	jsonw_end(w, '}');
}

void
sns_policy_write(const struct sns_policy *p, bool of_topic, struct buf *out)
{
	struct jsonw w;

	jsonw_init(&w, out);
	jsonw_begin(&w, NULL, '{');
	if (of_topic) {
		jsonw_begin(&w, "http", '{');
		write_retry(p, "defaultHealthyRetryPolicy", &w);
		jsonw_bool(&w, "disableSubscriptionOverrides", p->no_overrides);
		write_rest(p, true, &w);
		jsonw_end(&w, '}');
	} else {
		write_retry(p, "healthyRetryPolicy", &w);
		jsonw_null(&w, "sicklyRetryPolicy");
		write_rest(p, false, &w);
	}
	jsonw_end(&w, '}');
}
