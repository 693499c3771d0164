/* SPDX-License-Identifier: Apache-2.0 */
/* Plans and fetches as a test says. */
#include "tests/support/fake_creds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/creds_fetch.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

#define FETCHES_MAX 400

struct foretold {
	char key[32]; /* or "": it fails */
	int64_t life_ms;
	int64_t takes_ms;
	int64_t ends_mono; /* once it was brought */
	struct error err;
};

struct creds_fetch {
	struct foretold *what;
	struct loop_timer *timer;
	const struct creds_plan *plan;
	creds_done_fn *done;
	void *arg;
};

static struct {
	enum creds_kind kind;
	char name[32];
	char key[32];
	int64_t life_ms;
	char no_plan[80];
	struct foretold foretold[FETCHES_MAX];
	unsigned n;
	unsigned fetches;
	unsigned under_way;
	unsigned plans;
	bool unforeseen;
	char verdict[80];
} fake;

void
fake_creds_reset(void)
{
	memset(&fake, 0, sizeof(fake));
	fake_creds_keys("keys", "AKIDKEYS", 0);
}

void
fake_creds_plan(enum creds_kind kind, const char *name)
{
	fake.kind = kind;
	fake.no_plan[0] = fake.key[0] = '\0';
	snprintf(fake.name, sizeof(fake.name), "%s", name);
}

void
fake_creds_keys(const char *name, const char *key, int64_t life_ms)
{
	fake_creds_plan(CREDS_KEYS, name);
	snprintf(fake.key, sizeof(fake.key), "%s", key);
	fake.life_ms = life_ms;
}

void
fake_creds_no_plan(const char *why)
{
	snprintf(fake.no_plan, sizeof(fake.no_plan), "%s", why);
}

static struct foretold *
foretell(int64_t takes_ms)
{
	if (fake.n == FETCHES_MAX)
		abort();
	fake.foretold[fake.n].takes_ms = takes_ms;
	return &fake.foretold[fake.n++];
}

void
fake_creds_bring(const char *key, int64_t life_ms, int64_t takes_ms)
{
	struct foretold *f = foretell(takes_ms);

	snprintf(f->key, sizeof(f->key), "%s", key);
	f->life_ms = life_ms;
}

void
fake_creds_fail(
    enum error_code code, bool retryable, const char *text, int64_t takes_ms)
{
	struct foretold *f = foretell(takes_ms);

	err_set(&f->err, code, "%s", text);
	err_hint(&f->err, "Do something about it.");
	f->err.retryable = retryable;
	/* The source was asked, and answered. */
	f->err.sent = true;
	f->err.http_status = 500;
}

void
fake_creds_enough(void)
{
	fake.n = fake.fetches;
}

bool
fake_creds_valid(const char *key)
{
	unsigned i;

	for (i = 0; i < fake.fetches; i++) {
		if (str_eq(fake.foretold[i].key, key) &&
		    clock_mono_ms() < fake.foretold[i].ends_mono)
			return true;
	}
	return false;
}

unsigned
fake_creds_fetches(void)
{
	return fake.fetches;
}

unsigned
fake_creds_under_way(void)
{
	return fake.under_way;
}

unsigned
fake_creds_plans(void)
{
	return fake.plans;
}

const char *
fake_creds_verdict(void)
{
	if (fake.unforeseen)
		return "credentials were fetched more often than foretold";
	if (fake.fetches == fake.n)
		return NULL;
	snprintf(fake.verdict, sizeof(fake.verdict),
	    "of %u fetches that were foretold %u came", fake.n, fake.fetches);
	return fake.verdict;
}

/* --- what the rest of the program sees ------------------------------ */

static void
make(struct creds *out, const char *key, const char *source, int64_t life_ms)
{
	memset(out, 0, sizeof(*out));
	out->access_key = xstrdup(key);
	out->secret_key = xasprintf("secret of %s", key);
	out->source = xstrdup(source);
	out->expires_at = clock_wall_ms() + life_ms;
	out->expires_mono = clock_mono_ms() + life_ms;
	if (life_ms == 0) {
		out->expires_at = 0;
		out->expires_mono = INT64_MAX;
	}
}

int
creds_plan_make(const char *profile, struct creds_plan **out, struct error *err)
{
	struct creds_plan *plan;

	(void)profile;
	fake.plans++;
	if (fake.no_plan[0] != '\0')
		return err_set(err, ERR_CONFIG, "%s", fake.no_plan);
	plan = xcalloc(1, sizeof(*plan));
	plan->kind = fake.kind;
	plan->source = xstrdup(fake.name);
	if (fake.kind == CREDS_KEYS)
		make(&plan->keys, fake.key, fake.name, fake.life_ms);
	*out = plan;
	return 0;
}

void
creds_plan_free(struct creds_plan *plan)
{
	if (plan == NULL)
		return;
	creds_done(&plan->keys);
	free(plan->source);
	free(plan);
}

bool
creds_plan_equal(const struct creds_plan *a, const struct creds_plan *b)
{
	return a->kind == b->kind && str_eq(a->source, b->source) &&
	    (a->kind != CREDS_KEYS ||
		str_eq(a->keys.access_key, b->keys.access_key));
}

static void
on_due(void *arg)
{
	struct creds_fetch f = *(struct creds_fetch *)arg;
	struct creds *take = NULL;
	struct error err = f.what->err;

	if (f.what->key[0] != '\0') {
		take = xcalloc(1, sizeof(*take));
		make(take, f.what->key, f.plan->source, f.what->life_ms);
		f.what->ends_mono = take->expires_mono;
	}
	creds_fetch_cancel(arg);
	f.done(take, take == NULL ? &err : NULL, f.arg);
}

int
creds_fetch_start(const struct creds_fetch_env *env,
    const struct creds_plan *plan, creds_done_fn *done, void *arg,
    struct creds_fetch **out, struct error *err)
{
	static struct foretold nothing = {.takes_ms = -1};
	struct creds_fetch *f = xcalloc(1, sizeof(*f));

	(void)err;
	fake.unforeseen |= fake.fetches == fake.n;
	f->what = fake.unforeseen ? &nothing : &fake.foretold[fake.fetches];
	fake.fetches++;
	fake.under_way++;
	f->plan = plan;
	f->done = done;
	f->arg = arg;
	f->timer = loop_timer_new(env->loop, on_due, f);
	if (f->what->takes_ms >= 0)
		loop_timer_set(f->timer, f->what->takes_ms);
	*out = f;
	return 0;
}

void
creds_fetch_cancel(struct creds_fetch *f)
{
	if (f == NULL)
		return;
	fake.under_way--;
	loop_timer_free(f->timer);
	free(f);
}
