/* SPDX-License-Identifier: Apache-2.0 */
/* When a call is tried again, and when it has to wait before it is sent. */
#include "aws/retry.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aws/awserr.h"
#include "aws/profile.h"
#include "base/mem.h"
#include "base/str.h"

#define QUOTA_MAX 500
#define COST_TRANSIENT 14
#define COST_THROTTLED 5
#define GAIN_FIRST_TRY 1 /* of a success that needed no retry */
#define BASE_TRANSIENT_MS 50
#define BASE_THROTTLED_MS 1000
#define DELAY_MAX_MS 20000
#define HINT_MAX_MS 5000 /* beyond the computed delay */
#define ATTEMPTS_DEFAULT 3
#define ATTEMPTS_MAX 1000

/* Of the rate limiter: CUBIC (RFC 9438) with other numbers. */
#define BETA 0.7
#define SCALE 0.4
#define SMOOTH 0.8
#define RATE_MIN 0.5
#define BUCKET_MIN 1.0

/* --- options -------------------------------------------------------- */

static int
parse_mode(const char *s, struct retry_options *o, struct error *err)
{
	o->adaptive = str_ieq(s, "adaptive");
	if (o->adaptive || str_ieq(s, "standard") || str_ieq(s, "legacy"))
		return 0;
	return err_set(err, ERR_CONFIG,
	    "the retry mode \"%.40s\" must be standard, adaptive or legacy", s);
}

static int
parse_attempts(const char *s, struct retry_options *o, struct error *err)
{
	int64_t n;

	if (str_to_i64(s, 1, ATTEMPTS_MAX, &n) == -1)
		return err_set(err, ERR_CONFIG,
		    "the number of attempts \"%.40s\" must be from 1 to %d", s,
		    ATTEMPTS_MAX);
	o->max_attempts = (int)n;
	return 0;
}

static int
load(const char *variable, const char *profile, const char *key,
    int (*parse)(const char *s, struct retry_options *o, struct error *err),
    struct retry_options *o, struct error *err)
{
	char *value, *from;
	int rc = 0;

	if (profile_or_env(variable, profile, key, &value, &from, err) == -1)
		return -1;
	if (value != NULL && parse(value, o, err) == -1)
		rc = err_prefix(err, "%s", from);
	free(value);
	free(from);
	return rc;
}

int
retry_options_load(
    const char *profile, struct retry_options *out, struct error *err)
{
	struct retry_options o = {.max_attempts = ATTEMPTS_DEFAULT};

	if (load("AWS_RETRY_MODE", profile, "retry_mode", parse_mode, &o,
		err) == -1 ||
	    load("AWS_MAX_ATTEMPTS", profile, "max_attempts", parse_attempts,
		&o, err) == -1)
		return -1;
	*out = o;
	return 0;
}

/* --- the rate limiter of adaptive mode ------------------------------ */

static double
seconds(int64_t ms)
{
	return (double)ms / 1000;
}

static void
fill(struct retry *r, int64_t now)
{
	r->bucket += seconds(now - r->filled_at) * r->rate;
	if (r->bucket > r->bucket_max)
		r->bucket = r->bucket_max;
	r->filled_at = now;
}

/* Answers a second, in half seconds, smoothed. */
static void
measure(struct retry *r, int64_t now)
{
	double window = floor(seconds(now) * 2) / 2;

	r->answers++;
	if (window <= r->window_s)
		return;
	r->measured = r->answers / (window - r->window_s) * SMOOTH +
	    r->measured * (1 - SMOOTH);
	r->answers = 0;
	r->window_s = window;
}

static void
set_rate(struct retry *r, double rate, int64_t now)
{
	if (rate > 2 * r->measured)
		rate = 2 * r->measured;
	fill(r, now);
	r->rate = rate > RATE_MIN ? rate : RATE_MIN;
	r->bucket_max = rate > BUCKET_MIN ? rate : BUCKET_MIN;
	if (r->bucket > r->bucket_max)
		r->bucket = r->bucket_max;
}

static void
slow_down(struct retry *r, int64_t now)
{
	double rate;

	measure(r, now);
	rate = r->measured;
	if (r->throttled && r->rate < rate)
		rate = r->rate;
	r->last_max = rate;
	r->throttled_at = now;
	r->throttled = true;
	set_rate(r, rate * BETA, now);
}

static void
speed_up(struct retry *r, int64_t now)
{
	double back, since = seconds(now - r->throttled_at);

	measure(r, now);
	/* The time after which the rate is what it was. */
	back = cbrt(r->last_max * (1 - BETA) / SCALE);
	set_rate(r, SCALE * pow(since - back, 3) + r->last_max, now);
}

int64_t
retry_wait_ms(struct retry *r, int64_t now)
{
	if (!r->throttled)
		return 0;
	fill(r, now);
	if (r->bucket < 1)
		return (int64_t)ceil((1 - r->bucket) / r->rate * 1000);
	r->bucket--;
	return 0;
}

/* --- the quota ------------------------------------------------------ */

void
retry_init(struct retry *r, const struct retry_options *o, int64_t now)
{
	memset(r, 0, sizeof(*r));
	r->o = *o;
	r->quota = QUOTA_MAX;
	r->rate = RATE_MIN;
	r->bucket_max = BUCKET_MIN;
	r->window_s = floor(seconds(now));
	r->filled_at = now;
	r->throttled_at = now;
}

/* What the SDKs take for passing, which is less than what a caller's own
 * schedule may try again. */
static bool
is_transient(const struct error *err)
{
	int status = err->http_status;

	if (awserr_class(err) != AWSERR_TRANSIENT)
		return false;
	return status == 0 || status == 500 ||
	    (status >= 502 && status <= 504) ||
	    (status < 500 && awserr_has_code(err));
}

static int64_t
delay_ms(const struct error *err, int64_t base, int retries, double unit)
{
	int64_t most = base, hint = err->retry_after_ms, delay;
	int i;

	for (i = 0; i < retries && most < DELAY_MAX_MS; i++)
		most *= 2;
	if (most > DELAY_MAX_MS)
		most = DELAY_MAX_MS;
	delay = (int64_t)(unit * (double)most);
	if (hint > delay + HINT_MAX_MS)
		hint = delay + HINT_MAX_MS;
	return hint > delay ? hint : delay;
}

int64_t
retry_failed(struct retry *r, const struct error *err, int tries, double unit,
    int64_t now, int *cost)
{
	bool throttled = awserr_class(err) == AWSERR_THROTTLED;
	int price = throttled ? COST_THROTTLED : COST_TRANSIENT;

	*cost = 0;
	if (r->o.adaptive && throttled)
		slow_down(r, now);
	else if (r->o.adaptive)
		speed_up(r, now);
	if (tries >= r->o.max_attempts || r->quota < price ||
	    (!throttled && !is_transient(err)))
		return -1;
	r->quota -= price;
	*cost = price;
	return delay_ms(err, throttled ? BASE_THROTTLED_MS : BASE_TRANSIENT_MS,
	    tries - 1, unit);
}

void
retry_succeeded(struct retry *r, int cost, int64_t now)
{
	if (r->o.adaptive)
		speed_up(r, now);
	r->quota += cost > 0 ? cost : GAIN_FIRST_TRY;
	if (r->quota > QUOTA_MAX)
		r->quota = QUOTA_MAX;
}
