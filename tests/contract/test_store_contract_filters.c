/* SPDX-License-Identifier: Apache-2.0 */
/* Which deliveries a question finds, whatever keeps them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/contract/contract_rig.h"

/* What stands in the store, under one letter each. */
static const struct row {
	char letter;
	const char *target;
	const char *event;
	enum delivery_state state;
	int64_t created_at;
	int64_t ended_at;
	int status;
	const char *note;
} rows[] = {
    {'a', "webhook x", "inference.completed", DELIVERY_WAITING, 100, 0, -1,
	NULL},
    {'b', "webhook x", "inference.completed", DELIVERY_DEAD, 100, 500, 410,
	"HTTP 410: Gone"},
    {'c', "webhook y", "inference.completed", DELIVERY_DEAD, 200, 300, 503,
	"HTTP 503: busy"},
    {'d', "exec z", "inference.failed", DELIVERY_DELIVERED, 200, 900, 0, NULL},
    {'e', "exec z", "inference.failed", DELIVERY_WAITING, 300, 0, 75,
	"exit status 75: BUSY \xc3\x84"},
    {'f', "webhook y", "inference.completed", DELIVERY_DEAD, 300, 900, -1,
	"could not resolve host"},
};
static char ids[ARRAY_LEN(rows)][DELIVERY_ID_SIZE];

static void
make_row(const struct row *r, char id[DELIVERY_ID_SIZE])
{
	struct job *job = new_job("e");
	struct delivery *d =
	    delivery_new(job->id, r->target, r->event, r->created_at);
	struct attempt a;

	job_move(job, JOB_DONE, OUTCOME_OK);
	d->content_type = xstrdup("text/plain");
	delivery_set_body(d, "x", 1);
	job_add_delivery(job, d);
	assert_int_equal(fx_save(job, 0), 0);
	delivery_begin_attempt(d, r->created_at, false, &a);
	d->due_at = 1000;
	d->last_status = r->status;
	if (r->state != DELIVERY_WAITING)
		delivery_move(d, r->state, r->ended_at);
	d->note = xstrdup_or_null(r->note);
	assert_int_equal(fx_save_delivery(d, &a), 0);
	memcpy(id, d->id, DELIVERY_ID_SIZE);
	attempt_done(&a);
	job_free(job);
}

static void
make_rows(void)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		make_row(&rows[i], ids[i]);
}

static char
letter_of(const char *id)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(ids[i], id) == 0)
			return rows[i].letter;
	}
	return '?';
}

static const char *
found(const struct store_query *q)
{
	static char text[16];
	size_t i;

	if (fx_query_deliveries(q) == -1)
		return fx.err.text;
	for (i = 0; i < fx.n && i < sizeof(text) - 1; i++)
		text[i] = letter_of(fx.deliveries[i]->id);
	text[i] = '\0';
	fx_free_jobs();
	return text;
}

static void
each_filter_finds_what_it_says(void **state)
{
	static const struct {
		struct store_query q;
		const char *want;
	} cases[] = {
	    {{.limit = 99}, "abcdef"},
	    {{.target = "webhook x"}, "ab"},
	    {{.target = "webhook"}, ""},
	    {{.event = "inference.failed"}, "de"},
	    {{.event = "INFERENCE.failed"}, ""},
	    {{.state = "dead"}, "bcf"},
	    {{.by_status = true, .status = 410}, "b"},
	    {{.by_status = true, .status = 0}, "d"},
	    {{.by_status = true, .status = 404}, ""},
	    {{.note = "busy"}, "ce"},
	    {{.note = "HTTP"}, "bc"},
	    {{.note = "h"}, "bcf"},
	    {{.note = "75: Busy \xc3\x84"}, "e"},
	    {{.note = "\xc3\xa4"}, ""},
	    {{.note = "%"}, ""},
	    {{.note = "exit status 75: BUSY \xc3\x84."}, ""},
	    /* Of what is dead its end counts, of the others their beginning. */
	    {{.since_at = 200}, "bcdef"},
	    {{.since_at = 301}, "bf"},
	    {{.since_at = 500}, "bf"},
	    {{.since_at = 501}, "f"},
	    {{.until_at = 300}, "ad"},
	    {{.until_at = 301}, "acde"},
	    {{.since_at = 200, .until_at = 501}, "bcde"},
	    {{.since_at = 901}, ""},
	    {{.state = "dead", .since_at = 400, .target = "webhook x"}, "b"},
	    {{.state = "dead",
		 .note = "resolve",
		 .by_status = true,
		 .status = -1},
		"f"},
	    {{.event = "inference.completed",
		 .target = "webhook y",
		 .state = "dead",
		 .since_at = 1,
		 .until_at = 900},
		"c"},
	    {{.limit = 2, .state = "dead"}, "bc"},
	    {{.limit = 1, .note = "busy"}, "c"},
	};
	size_t i;

	(void)state;
	make_rows();
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct store_query q = cases[i].q;

		if (strcmp(found(&q), cases[i].want) != 0)
			fail_msg("case %zu: %s", i, found(&q));
		/* Page by page it is the same. */
		if (q.limit == 0) {
			q.limit = 50;
			assert_string_equal(found(&q), cases[i].want);
		}
	}
}

static void
a_filtered_page_goes_on_behind_the_last(void **state)
{
	struct store_query q = {.limit = 2, .state = "dead"};

	(void)state;
	make_rows();
	assert_string_equal(found(&q), "bc");
	q.after = ids[2];
	assert_string_equal(found(&q), "f");
	q.after = ids[5];
	assert_string_equal(found(&q), "");
	q.after = ids[0];
	q.state = NULL;
	q.job = "01arz3ndektsv4rrffq69g5fav";
	assert_string_equal(found(&q), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    BOTH(each_filter_finds_what_it_says),
	    BOTH(a_filtered_page_goes_on_behind_the_last),
	};

	alarm(300);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
