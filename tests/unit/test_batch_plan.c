/* SPDX-License-Identifier: Apache-2.0 */
/* What a batch finds of its plan, journal and results, whatever a crash or
 * somebody else made of them. */
#include "cmd/batch_plan.h"

#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "cmd/batch_results.h"

#define ID "01jd2k3m4n5p6q7r8s9t0v1w2x"
#define JOB "01jd2k3m4n5p6q7r8s9t0v1w2y"
#define HEADER "{\"awaitd_batch\":1,\"batch\":\"" ID "\",\"state\":\"/s\"}"

static char dir[64];
static char path[128];

/* What was synced, by its name then; and had the plan its own before? */
static char synced[4096];
static bool named_early;

/* In the place of libc's. */
int
fsync(int fd)
{
	char link[64], name[256], plan[128];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, name, sizeof(name) - 1);
	name[n > 0 ? n : 0] = '\0';
	snprintf(plan, sizeof(plan), "%s/" BATCH_FOLDER "/plan.jsonl", dir);
	if (strstr(name, "plan.jsonl.new") != NULL && access(plan, F_OK) == 0)
		named_early = true;
	n = (ssize_t)strlen(synced);
	snprintf(synced + n, sizeof(synced) - (size_t)n, "%s\n", name);
	return (int)syscall(SYS_fsync, fd);
}

static const char *
at(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static int
set_up(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test_batch_plan.XXXXXX");
	return mkdtemp(dir) == NULL;
}

static int
tear_down(void **state)
{
	static const char *const files[] = {BATCH_FOLDER "/plan.jsonl",
	    BATCH_FOLDER "/journal.jsonl", BATCH_FOLDER "/lock", BATCH_RESULTS,
	    "mine.out"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(files); i++)
		unlink(at(files[i]));
	rmdir(at(BATCH_FOLDER));
	return rmdir(dir);
}

static void
write_text(const char *name, const char *text)
{
	struct error err;

	assert_int_equal(
	    file_write_atomic(at(name), text, strlen(text), 0600, &err), 0);
}

static void
append(const char *name, const char *text)
{
	FILE *f = fopen(at(name), "a");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static struct batch_plan *
open_plan(void)
{
	struct batch_plan *p;
	struct error err;

	if (batch_plan_open(dir, &p, &err) == -1)
		fail_msg("%s", err.text);
	return p;
}

/* Inputs that nobody looks at, under these paths. */
static void
add(struct batch_plan *p, const char *const *paths, size_t n)
{
	struct batch_inputs in;
	struct batch_input *i;
	struct error err;
	size_t k, added;

	if (p->header == NULL)
		assert_int_equal(
		    batch_plan_head(p, HEADER, strlen(HEADER), &err), 0);
	batch_inputs_init(&in);
	for (k = 0; k < n; k++) {
		i = batch_inputs_add(&in);
		i->shown = xstrdup(paths[k]);
		i->path = xstrdup(paths[k]);
		i->below = xstrdup(paths[k]);
		i->key = xstrdup(paths[k]);
		i->size = 1;
	}
	if (batch_plan_add(p, &in, &added, &err) == -1)
		fail_msg("%s", err.text);
	batch_inputs_done(&in);
}

static const char *const three[] = {"/in/a",
    "/in/\377b",
    "/in/c"};

static void
make_plan(void)
{
	struct batch_plan *p = open_plan();

	assert_null(p->header);
	add(p, three, 3);
	batch_plan_free(p);
}

static void
a_plan_is_read_as_it_was_written(void **state)
{
	struct batch_plan *p;
	struct batch_entry e;
	struct error err;

	(void)state;
	make_plan();
	p = open_plan();
	assert_int_equal(p->n, 3);
	assert_string_equal(p->batch, ID);
	assert_int_equal(batch_plan_entry(p, 1, &e, &err), 0);
	assert_string_equal(e.path, three[1]);
	assert_string_equal(e.name, "in/%FFb.out");
	batch_entry_done(&e);
	batch_plan_free(p);
}

static void
the_plan_is_on_disk_before_it_has_its_name(void **state)
{
	static const char *const more[] = {"/in/d"};
	struct batch_plan *p;
	char want[256];

	(void)state;
	synced[0] = '\0';
	named_early = false;
	make_plan();
	assert_false(named_early);
	assert_non_null(strstr(synced, "plan.jsonl.new\n"));
	snprintf(want, sizeof(want), "%s\n", dir);
	assert_non_null(strstr(synced, want));
	snprintf(want, sizeof(want), "%s/" BATCH_FOLDER "\n", dir);
	assert_non_null(strstr(synced, want));
	/* And the folder's own name. */
	assert_non_null(strstr(synced, "\n/tmp\n"));
	synced[0] = '\0';
	p = open_plan();
	synced[0] = '\0';
	add(p, more, 1);
	assert_non_null(strstr(synced, "plan.jsonl\n"));
	batch_plan_free(p);
}

/* Who wrote it may have died before it was on disk; so it is not sent. */
static void
a_plan_that_was_read_is_on_disk(void **state)
{
	(void)state;
	make_plan();
	synced[0] = '\0';
	batch_plan_free(open_plan());
	assert_non_null(strstr(synced, "plan.jsonl\n"));
	assert_non_null(strstr(synced, "journal.jsonl\n"));
	assert_non_null(strstr(synced, BATCH_FOLDER "\n"));
}

/* A line of more than there is room for, as on a full disk. */
static void
limit_size(rlim_t size)
{
	struct rlimit lim;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &lim), 0);
	lim.rlim_cur = size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &lim), 0);
}

static void
half_a_line_does_not_stay_in_the_journal(void **state)
{
	struct batch_plan *p;
	struct error err;

	(void)state;
	make_plan();
	p = open_plan();
	assert_int_equal(batch_plan_note_job(p, 0, JOB, &err), 0);
	limit_size(60);
	assert_int_equal(batch_plan_note_job(p, 1, JOB, &err), -1);
	limit_size(RLIM_INFINITY);
	assert_int_equal(batch_plan_note_job(p, 2, JOB, &err), 0);
	batch_plan_free(p);
	p = open_plan();
	assert_string_equal(p->items[0].job, JOB);
	assert_string_equal(p->items[1].job, "");
	assert_string_equal(p->items[2].job, JOB);
	batch_plan_free(p);
}

static void
inputs_that_do_not_fit_are_all_left_out(void **state)
{
	static const char *const more[] = {"/in/d", "/in/e", "/in/f"};
	struct batch_inputs in;
	struct batch_input *i;
	struct batch_plan *p;
	struct error err;
	size_t k, added;

	(void)state;
	make_plan();
	p = open_plan();
	batch_inputs_init(&in);
	for (k = 0; k < 3; k++) {
		i = batch_inputs_add(&in);
		i->shown = xstrdup(more[k]);
		i->path = xstrdup(more[k]);
		i->below = xstrdup(more[k]);
		i->key = xstrdup(more[k]);
		i->size = 1;
	}
	limit_size((rlim_t)p->end + 150);
	assert_int_equal(batch_plan_add(p, &in, &added, &err), -1);
	limit_size(RLIM_INFINITY);
	batch_inputs_done(&in);
	batch_plan_free(p);
	p = open_plan();
	assert_int_equal(p->n, 3);
	batch_plan_free(p);
}

static void
what_is_there_is_not_added_again(void **state)
{
	static const char *const more[] = {"/in/c", "/in/d",
	    "/in/\377b"};
	struct batch_plan *p;

	(void)state;
	make_plan();
	p = open_plan();
	add(p, more, 3);
	assert_int_equal(p->n, 4);
	batch_plan_free(p);
	p = open_plan();
	assert_int_equal(p->n, 4);
	batch_plan_free(p);
}

static void
one_batch_at_a_time_has_the_folder(void **state)
{
	struct batch_plan *p, *other;
	struct error err;

	(void)state;
	make_plan();
	p = open_plan();
	assert_int_equal(batch_plan_open(dir, &other, &err), -1);
	assert_int_equal(err.code, ERR_BUSY);
	batch_plan_free(p);
}

static void
torn_last_lines_are_cut_off(void **state)
{
	struct batch_plan *p;
	struct error err;

	(void)state;
	make_plan();
	p = open_plan();
	assert_int_equal(batch_plan_note_job(p, 2, JOB, &err), 0);
	batch_plan_free(p);
	append(BATCH_FOLDER "/plan.jsonl", "{\"index\":3,\"inp");
	append(BATCH_FOLDER "/journal.jsonl", "{\"index\":1,\"job\":\"01");
	p = open_plan();
	assert_int_equal(p->n, 3);
	assert_string_equal(p->items[2].job, JOB);
	assert_string_equal(p->items[1].job, "");
	assert_int_equal(batch_plan_note_job(p, 1, JOB, &err), 0);
	batch_plan_free(p);
	p = open_plan();
	assert_string_equal(p->items[1].job, JOB);
	batch_plan_free(p);
}

static void
a_journal_that_makes_no_sense_is_refused(void **state)
{
	static const char *const wrong[] = {"x\n", "{}\n",
	    "{\"index\":3,\"job\":\"" JOB "\"}\n", "{\"index\":-1}\n",
	    "{\"index\":0,\"job\":\"../x\"}\n", "{\"index\":0,\"round\":0}\n",
	    "{\"index\":0,\"round\":2}\n{\"index\":0}\n", "\n"};
	struct batch_plan *p;
	struct error err;
	size_t i;

	(void)state;
	make_plan();
	for (i = 0; i < ARRAY_LEN(wrong); i++) {
		write_text(BATCH_FOLDER "/journal.jsonl", wrong[i]);
		assert_int_equal(batch_plan_open(dir, &p, &err), -1);
		assert_int_equal(err.code, ERR_DAMAGED);
		assert_true(err.hint[0] != '\0');
	}
}

static void
a_plan_that_makes_no_sense_is_refused(void **state)
{
	static const char *const wrong[] = {"", "{}\n", "x\n",
	    "{\"awaitd_batch\":1,\"batch\":\"../x\"}\n",
	    "{\"awaitd_batch\":2,\"batch\":\"" ID "\"}\n", HEADER "\n{}\n",
	    HEADER "\n{\"index\":1,\"input\":\"a\",\"path\":\"/a\","
		   "\"output\":\"a\"}\n",
	    HEADER "\n{\"index\":0,\"input\":\"a\",\"output\":\"a\"}\n",
	    HEADER "\n{\"index\":0,\"input\":\"a\",\"path\":\"/a\"}\n",
	    HEADER "\n{\"index\":0,\"input\":\"a\",\"path_coded\":\"%00\","
		   "\"output\":\"a\"}\n"};
	struct batch_plan *p;
	struct error err;
	size_t i;

	(void)state;
	make_plan();
	for (i = 0; i < ARRAY_LEN(wrong); i++) {
		write_text(BATCH_FOLDER "/plan.jsonl", wrong[i]);
		assert_int_equal(batch_plan_open(dir, &p, &err), -1);
	}
}

static void
a_name_that_leads_out_is_not_added_to(void **state)
{
	struct batch_inputs in;
	struct batch_plan *p;
	struct error err;
	size_t added;

	(void)state;
	make_plan();
	write_text(BATCH_FOLDER "/plan.jsonl",
	    HEADER "\n{\"index\":0,\"input\":\"a\",\"path\":\"/a\","
		   "\"output\":\"../a\"}\n");
	p = open_plan();
	batch_inputs_init(&in);
	assert_int_equal(batch_plan_add(p, &in, &added, &err), -1);
	batch_inputs_done(&in);
	batch_plan_free(p);
}

static void
what_lies_there_is_not_written_over(void **state)
{
	static const char *const one[] = {"mine"};
	struct batch_inputs in;
	struct batch_input *i;
	struct batch_plan *p;
	struct error err;
	size_t added;

	(void)state;
	write_text("mine.out", "mine");
	p = open_plan();
	assert_int_equal(batch_plan_head(p, HEADER, strlen(HEADER), &err), 0);
	batch_inputs_init(&in);
	i = batch_inputs_add(&in);
	i->shown = xstrdup(one[0]);
	i->path = xstrdup("/mine");
	i->below = xstrdup(one[0]);
	i->key = xstrdup("/mine");
	assert_int_equal(batch_plan_add(p, &in, &added, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	batch_inputs_done(&in);
	batch_plan_free(p);
	assert_int_equal(access(at(BATCH_FOLDER), F_OK), -1);
}

static void
a_key_is_of_one_batch_item_and_round(void **state)
{
	char key[BATCH_KEY_SIZE];
	struct batch_plan *p;
	struct error err;
	unsigned round;
	size_t i;

	(void)state;
	make_plan();
	p = open_plan();
	batch_plan_key(p, 2, key);
	assert_string_equal(key, "batch:" ID ":2");
	assert_int_equal(batch_plan_of_key(p, key, &i, &round), 0);
	assert_int_equal(i, 2);
	assert_int_equal(round, 1);
	assert_int_equal(batch_plan_note_job(p, 2, JOB, &err), 0);
	assert_int_equal(batch_plan_note_round(p, 2, &err), 0);
	assert_string_equal(p->items[2].job, "");
	batch_plan_key(p, 2, key);
	assert_int_equal(batch_plan_of_key(p, key, &i, &round), 0);
	assert_int_equal(round, 2);
	assert_int_equal(
	    batch_plan_of_key(p, "batch:" ID ":3", &i, &round), -1);
	assert_int_equal(
	    batch_plan_of_key(p, "batch:" JOB ":2", &i, &round), -1);
	assert_int_equal(batch_plan_of_key(p, "batch:" ID, &i, &round), -1);
	assert_int_equal(batch_plan_of_key(p, NULL, &i, &round), -1);
	batch_plan_free(p);
	/* It is the same in another run. */
	p = open_plan();
	assert_int_equal(p->items[2].round, 2);
	batch_plan_free(p);
}

/* --- results -------------------------------------------------------------- */

#define LINE(i, outcome) "{\"index\":" #i ",\"outcome\":\"" outcome "\"}\n"

static void
each_input_has_one_line(void **state)
{
	struct batch_results *r;
	struct batch_plan *p;
	struct error err;
	struct buf b;
	size_t n;

	(void)state;
	make_plan();
	write_text(BATCH_RESULTS,
	    LINE(0, "ok") LINE(2, "failed") LINE(0, "failed") "{\"ind");
	p = open_plan();
	assert_int_equal(batch_results_open(p, &r, &err), 0);
	assert_int_equal(batch_results_ok(r), 1);
	assert_int_equal(batch_results_bad(r), 1);
	assert_int_equal(p->items[1].state, BATCH_WAITS);
	assert_int_equal(batch_results_retry(r, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_int_equal(p->items[2].state, BATCH_WAITS);
	batch_results_free(r);
	batch_plan_free(p);
	buf_init(&b, 4096);
	assert_int_equal(file_read(at(BATCH_RESULTS), &b, &err), 0);
	assert_string_equal(b.data, LINE(0, "ok"));
	buf_done(&b);
}

static void
a_line_of_an_earlier_round_goes(void **state)
{
	struct batch_results *r;
	struct batch_plan *p;
	struct error err;

	(void)state;
	make_plan();
	p = open_plan();
	assert_int_equal(batch_plan_note_round(p, 1, &err), 0);
	batch_plan_free(p);
	write_text(BATCH_RESULTS, LINE(1, "failed"));
	p = open_plan();
	assert_int_equal(batch_results_open(p, &r, &err), 0);
	assert_int_equal(p->items[1].state, BATCH_WAITS);
	assert_int_equal(batch_results_bad(r), 0);
	batch_results_free(r);
	batch_plan_free(p);
}

static void
results_that_make_no_sense_are_refused(void **state)
{
	static const char *const wrong[] = {"x\n", "{}\n", LINE(3, "ok"),
	    "{\"index\":0}\n",
	    "{\"index\":0,\"outcome\":\"ok\",\"round\":2}\n"};
	struct batch_results *r;
	struct batch_plan *p;
	struct error err;
	size_t i;

	(void)state;
	make_plan();
	for (i = 0; i < ARRAY_LEN(wrong); i++) {
		write_text(BATCH_RESULTS, wrong[i]);
		p = open_plan();
		assert_int_equal(batch_results_open(p, &r, &err), -1);
		assert_int_equal(err.code, ERR_DAMAGED);
		batch_plan_free(p);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_plan_is_read_as_it_was_written),
	    TEST(the_plan_is_on_disk_before_it_has_its_name),
	    TEST(a_plan_that_was_read_is_on_disk),
	    TEST(half_a_line_does_not_stay_in_the_journal),
	    TEST(inputs_that_do_not_fit_are_all_left_out),
	    TEST(what_is_there_is_not_added_again),
	    TEST(one_batch_at_a_time_has_the_folder),
	    TEST(torn_last_lines_are_cut_off),
	    TEST(a_journal_that_makes_no_sense_is_refused),
	    TEST(a_plan_that_makes_no_sense_is_refused),
	    TEST(a_name_that_leads_out_is_not_added_to),
	    TEST(what_lies_there_is_not_written_over),
	    TEST(a_key_is_of_one_batch_item_and_round),
	    TEST(each_input_has_one_line),
	    TEST(a_line_of_an_earlier_round_goes),
	    TEST(results_that_make_no_sense_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
