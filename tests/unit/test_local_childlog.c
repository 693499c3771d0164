/* SPDX-License-Identifier: Apache-2.0 */
/* What a container writes, as lines of the log. */
#include "local/childlog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

struct world {
	struct loop *loop;
	struct childlog *lines;
	struct loop_timer *look;
	int64_t until;
	int fd; /* the writer's end */
	struct buf log;
	const char *wanted;
};

static void
on_log(const char *line, void *arg)
{
	struct world *w = arg;

	buf_puts(&w->log, line);
	buf_putc(&w->log, '\n');
}

static void
on_look(void *arg)
{
	struct world *w = arg;

	if (strstr(w->log.data, w->wanted) != NULL ||
	    clock_mono_ms() > w->until)
		loop_stop(w->loop);
	else
		loop_timer_set(w->look, 5);
}

static void
until_logged(struct world *w, const char *text)
{
	w->wanted = text;
	w->until = clock_mono_ms() + 60000;
	loop_timer_set(w->look, 0);
	loop_run(w->loop);
	if (strstr(w->log.data, text) == NULL)
		fail_msg("no \"%s\" in:\n%s", text, w->log.data);
}

static int
setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	struct childlog_options o = {.endpoint = "ocr", .instance = "ocr-1"};
	struct error err;

	w->loop = o.loop = loop_new();
	w->look = loop_timer_new(w->loop, on_look, w);
	buf_init(&w->log, (size_t)1 << 20);
	log_init(LOG_INFO, LOG_TEXT);
	log_set_sink(on_log, w);
	*state = w;
	return childlog_new(&o, &w->lines, &w->fd, &err);
}

static int
teardown(void **state)
{
	struct world *w = *state;

	childlog_free(w->lines);
	close(w->fd);
	loop_timer_free(w->look);
	loop_free(w->loop);
	log_set_sink(NULL, NULL);
	buf_done(&w->log);
	free(w);
	return 0;
}

static void
say(struct world *w, const char *text)
{
	size_t len = strlen(text);

	assert_int_equal(write(w->fd, text, len), (ssize_t)len);
}

static size_t
count(const struct world *w, const char *text)
{
	const char *p = w->log.data;
	size_t n = 0;

	for (; (p = strstr(p, text)) != NULL; p++)
		n++;
	return n;
}

static void
a_line_is_logged_with_who_wrote_it(void **state)
{
	struct world *w = *state;

	say(w, "ready to ");
	say(w, "serve\r\n\n  \nnext\n");
	until_logged(w, "line=next");
	assert_non_null(strstr(w->log.data,
	    " info model: endpoint=ocr instance=ocr-1 line=\"ready to "
	    "serve\"\n"));
	assert_int_equal(count(w, "line="), 2);
}

static void
control_bytes_reach_no_terminal(void **state)
{
	struct world *w = *state;

	say(w, "red \033[31m\nend\n");
	until_logged(w, "line=end");
	assert_null(strchr(w->log.data, '\033'));
	assert_non_null(strstr(w->log.data, "\\u001b[31m"));
}

static void
a_long_line_is_cut_and_the_next_is_whole(void **state)
{
	struct world *w = *state;
	char *text = xcalloc(1, 3001);

	memset(text, 'a', 3000);
	memset(text + 1024, 'b', 1976);
	say(w, text);
	say(w, "\nnext\n");
	until_logged(w, "line=next");
	assert_int_equal(count(w, "b"), 0);
	memcpy(text + 1024, "...\n", 5);
	assert_non_null(strstr(w->log.data, text));
	free(text);
}

static void
a_line_as_long_as_may_be_is_not_cut(void **state)
{
	struct world *w = *state;
	char *text = xcalloc(1, 1026);

	memset(text, 'a', 1024);
	text[1024] = '\n';
	say(w, text);
	say(w, "next\n");
	until_logged(w, "line=next");
	assert_non_null(strstr(w->log.data, text));
	free(text);
}

static void
a_flood_is_counted_and_the_next_second_is_heard(void **state)
{
	struct world *w = *state;
	int i;

	for (i = 0; i < 500; i++)
		say(w, "flood\n");
	until_logged(w, "lines_left_out=");
	assert_in_range(count(w, "line=flood"), 50, 499);
	say(w, "heard\n");
	until_logged(w, "line=heard");
}

static void
what_came_last_is_told(void **state)
{
	struct world *w = *state;
	struct buf last;
	int i;

	buf_init(&last, 4096);
	childlog_last(w->lines, &last);
	assert_string_equal(last.data, "");
	for (i = 1; i <= 200; i++) {
		char text[32];

		snprintf(text, sizeof(text), "line %d\n", i);
		say(w, text);
	}
	say(w, "no end");
	/* Nobody turned the loop: it all lies in the pipe. */
	childlog_end(w->lines);
	childlog_last(w->lines, &last);
	assert_string_equal(
	    last.data, "line 197 | line 198 | line 199 | line 200 | no end");
	assert_int_equal(count(w, "line=\""), 50);
	assert_non_null(strstr(w->log.data, "lines_left_out=151\n"));
	buf_done(&last);
}

static void
an_end_of_the_writer_does_not_keep_the_loop_busy(void **state)
{
	struct world *w = *state;

	say(w, "only\n");
	close(w->fd);
	w->fd = -1;
	/* It ends by itself: nothing is left that could happen but a second
	 * that passes. */
	loop_run(w->loop);
	assert_int_equal(count(w, "line=only"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_line_is_logged_with_who_wrote_it),
	    TEST(control_bytes_reach_no_terminal),
	    TEST(a_long_line_is_cut_and_the_next_is_whole),
	    TEST(a_line_as_long_as_may_be_is_not_cut),
	    TEST(a_flood_is_counted_and_the_next_second_is_heard),
	    TEST(what_came_last_is_told),
	    TEST(an_end_of_the_writer_does_not_keep_the_loop_busy),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
