/* SPDX-License-Identifier: Apache-2.0 */
/* The rig's calls. */
#include "tests/contract/contract_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static int
setup(void **state, bool memory)
{
	struct store_options o = {.path = fx.path, .memory = memory};
	struct error err;

	if (fx_setup(state) == -1)
		return -1;
	return store_open(fx.loop, &o, &fx.store, &err);
}

int
setup_memory(void **state)
{
	return setup(state, true);
}

int
setup_sqlite(void **state)
{
	return setup(state, false);
}

void
on_asked(const struct error *err, void *arg)
{
	struct asked *a = arg;

	assert_false(a->over);
	a->over = true;
	if (err != NULL)
		a->err = *err;
	loop_stop(fx.loop);
}

void
await_asked(const struct asked *a)
{
	while (!a->over)
		loop_run(fx.loop);
}

static int
result(const struct asked *a)
{
	await_asked(a);
	fx.err = a->err;
	return a->err.code == ERR_NONE ? 0 : -1;
}

int
late(const struct job *job)
{
	struct asked a = {.over = false};

	store_save_late(fx.store, job, on_asked, &a);
	return result(&a);
}

int
withdraw(const struct job *job)
{
	struct asked a = {.over = false};

	store_withdraw(fx.store, job, on_asked, &a);
	return result(&a);
}

int
keep(const char *name, const char *value)
{
	struct asked a = {.over = false};

	store_keep(fx.store, name, value, on_asked, &a);
	return result(&a);
}

struct counted {
	struct asked a;
	int n;
};

static void
on_counted(size_t n, const struct error *err, void *arg)
{
	struct counted *c = arg;

	c->n = (int)n;
	on_asked(err, &c->a);
}

int
forget_all(const struct store_forget *f)
{
	struct counted c = {.n = 0};

	store_forget(fx.store, f, on_counted, &c);
	return result(&c.a) == -1 ? -1 : c.n;
}

int
forget(int64_t before_at, int64_t keys_before_at, size_t limit)
{
	struct store_forget f = {
	    .before_at = before_at,
	    .keys_before_at = keys_before_at,
	    .limit = limit,
	};

	return forget_all(&f);
}

int
take_over(void)
{
	struct counted c = {.n = 0};

	store_take_over(fx.store, on_counted, &c);
	return result(&c.a) == -1 ? -1 : c.n;
}

static void
on_expired(struct job **jobs, size_t n, const struct error *err, void *arg)
{
	if (n > 0)
		fx.jobs = xmemdup(jobs, n * sizeof(struct job *));
	fx.n = n;
	on_asked(err, arg);
}

int
expired(int64_t since_at, size_t limit)
{
	struct asked a = {.over = false};

	store_expired(fx.store, since_at, limit, on_expired, &a);
	return result(&a) == -1 ? -1 : (int)fx.n;
}

struct recalled {
	struct asked a;
	const char *name;
	char *value;
};

static void
on_recalled(
    const struct store_kept *v, size_t n, const struct error *err, void *arg)
{
	struct recalled *r = arg;
	size_t i;

	for (i = 0; i < n; i++) {
		if (!str_eq(v[i].name, r->name))
			continue;
		assert_null(r->value);
		r->value = xstrdup(v[i].value);
	}
	on_asked(err, &r->a);
}

char *
kept(const char *name)
{
	struct recalled r = {.name = name};

	store_recall(fx.store, on_recalled, &r);
	assert_int_equal(result(&r.a), 0);
	return r.value;
}

struct finding {
	struct asked a;
	struct known *out;
};

static void
on_key(const struct store_key *key, struct job *take_job,
    const struct error *err, void *arg)
{
	struct finding *f = arg;

	memset(f->out, 0, sizeof(*f->out));
	f->out->there = key != NULL;
	if (key != NULL) {
		memcpy(f->out->job_id, key->job_id, JOBID_SIZE);
		snprintf(f->out->hash, sizeof(f->out->hash), "%s",
		    key->hash != NULL ? key->hash : "(none)");
	}
	f->out->job = take_job;
	on_asked(err, &f->a);
}

void
find_key(const char *key, struct known *out)
{
	struct finding f = {.out = out};

	store_find_idempotency(fx.store, key, on_key, &f);
	assert_int_equal(result(&f.a), 0);
}

const char *
endpoints(const struct store_query *q)
{
	static char text[200];
	size_t i;

	text[0] = '\0';
	if (fx_query(q) == -1)
		return NULL;
	for (i = 0; i < fx.n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    "%s%s", i > 0 ? " " : "", fx.jobs[i]->spec.endpoint);
	fx_free_jobs();
	return text;
}

struct job *
new_job(const char *endpoint)
{
	struct job *job = fx_small_job();

	free(job->spec.endpoint);
	job->spec.endpoint = xstrdup(endpoint);
	assert_int_equal(fx_insert(job), 0);
	return job;
}

struct job *
ended_job(
    const char *endpoint, enum job_outcome outcome, int64_t at, const char *to)
{
	struct job *job = new_job(endpoint);

	job_add_submission(job)->fate = SUB_ACCEPTED;
	job_move(job, JOB_PENDING, OUTCOME_NONE);
	assert_int_equal(fx_save(job, 1), 0);
	job_move(job, JOB_DONE, outcome);
	job->completed_at = at;
	if (to != NULL)
		fx_add_delivery(job, to);
	assert_int_equal(fx_save(job, 0), 0);
	return job;
}
