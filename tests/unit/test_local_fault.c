/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of faults: what is taken, what is refused and why, whose turn it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "local/fault.h"

static struct faults *f;
static struct buf logged;

static void
keep_log(const char *line, void *arg)
{
	(void)arg;
	buf_puts(&logged, line);
	buf_putc(&logged, '\n');
}

static int
setup(void **state)
{
	(void)state;
	f = faults_new();
	buf_init(&logged, 1 << 20);
	log_set_sink(keep_log, NULL);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	log_set_sink(NULL, NULL);
	buf_done(&logged);
	faults_free(f);
	return 0;
}

static int64_t
add(const char *line)
{
	struct error err;
	int64_t id;

	if (faults_add(f, line, &id, &err) == -1)
		fail_msg("%s: %s", line, err.text);
	return id;
}

static void
refused(const char *line, const char *text, const char *hint)
{
	struct error err = {0};
	int64_t id = -7;

	if (faults_add(f, line, &id, &err) == 0)
		fail_msg("'%s' was taken", line);
	assert_int_equal(err.code, ERR_CONFIG);
	assert_int_equal(id, -7);
	if (strstr(err.text, text) == NULL || strstr(err.hint, hint) == NULL)
		fail_msg("%s: %s. %s", line, err.text, err.hint);
}

static void
assert_list(const char *expected)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	faults_list(f, &b);
	assert_string_equal(b.data, expected);
	buf_done(&b);
}

static const struct fault_subject invoke = {
    .operation = "InvokeEndpointAsync", .endpoint = "ocr"};
static const struct fault_subject get = {
    .operation = "GetObject", .bucket = "b", .key = "out/a b.out"};
static const struct fault_subject notify = {
    .topic = "arn:aws:sns:us-east-1:123456789012:done"};

/* --- lines ---------------------------------------------------------- */

static void
every_name_is_taken_with_what_it_needs(void **state)
{
	static const char *const needs[FAULT_N] = {
	    [FAULT_TRUNCATE] = "bytes=0",
	    [FAULT_DRIP] = "bytes=1 ms=1",
	    [FAULT_CLOCK_SKEW] = "ms=-600000",
	    [FAULT_DELAY_NOTIFICATION] = "ms=5000",
	};
	char *line;
	int i;

	(void)state;
	for (i = 0; i < FAULT_N; i++) {
		const char *name = fault_name((enum fault_kind)i);

		if (needs[i] != NULL)
			refused(name, "needs", "=N");
		line =
		    xasprintf("%s %s", name, needs[i] != NULL ? needs[i] : "");
		assert_int_equal(add(line), i + 1);
		free(line);
	}
}

static void
a_line_says_all_of_a_fault(void **state)
{
	const struct fault *t;
	struct fault_subject s = get;

	(void)state;
	add("drip ms=20 bytes=7 count=3 operation=GetObject bucket=b "
	    "key='out/a b.out'");
	add("error-after status=503 endpoint=ocr");
	t = fault_take(f, FAULT_DRIP, &s);
	assert_non_null(t);
	assert_int_equal(t->ms, 20);
	assert_int_equal(t->bytes, 7);
	assert_int_equal(t->count, 3);
	assert_int_equal(t->taken, 1);
	assert_string_equal(t->key, "out/a b.out");
	t = fault_take(f, FAULT_ERROR_AFTER, &invoke);
	assert_non_null(t);
	assert_int_equal(t->status, 503);
	assert_int_equal(t->count, 1);
}

static void
what_is_said_nowhere_has_its_default(void **state)
{
	const struct fault *t;

	(void)state;
	add("error-before");
	t = fault_take(f, FAULT_ERROR_BEFORE, &invoke);
	assert_non_null(t);
	assert_int_equal(t->status, 500);
	assert_int_equal(t->count, 1);
	assert_int_equal(t->after, 0);
	assert_null(t->operation);
}

static void
unknown_names_are_refused_with_the_nearest(void **state)
{
	(void)state;
	refused("throddle", "no fault 'throddle'", "Did you mean 'throttle'?");
	refused("drop_reply", "no fault", "Did you mean 'drop-reply'?");
	refused("", "names no fault", "throttle, error-before");
	refused("   # only a comment", "names no fault", "lose-result");
	refused("explode-everything", "no fault", "lose-result");
	refused("THROTTLE", "no fault", "throttle");
	refused("throttle coutn=1", "takes no 'coutn'", "mean 'count'?");
	refused("throttle zzzzzzzzz=1", "takes no", "after, count, operation");
	refused("throttle operation=GetObjekt", "no operation",
	    "mean 'GetObject'?");
	refused("throttle operation=Nothing", "no operation",
	    "HeadBucket, GetBucketLocation, ListBuckets");
	refused("throttle operation=Nothing", "no operation",
	    " and more; see awaitd-local(1).");
	refused("truncate bytes=1 operation=Nothing", "no operation",
	    "InvokeEndpointAsync, GetObject, ListObjectsV2, ");
	refused("throttle once", "no KEY=VALUE", "throttle takes");
}

static void
keys_stand_once_and_where_they_have_a_meaning(void **state)
{
	(void)state;
	refused("throttle count=1 count=2", "count stands there twice", "");
	refused("throttle key=a key=a", "key stands there twice", "");
	refused("throttle bytes=1", "throttle takes no 'bytes'", "operation");
	refused("drop-reply status=500", "takes no 'status'", "");
	refused("wrong-etag endpoint=ocr", "takes no 'endpoint'", "bucket");
	refused("lose-notification bucket=b", "takes no", "topic");
	refused("crash-model topic=t", "takes no 'topic'", "endpoint");
	refused("crash-model operation=GetObject", "takes no", "endpoint");
}

static void
numbers_are_numbers_within_their_bounds(void **state)
{
	static const char *const bad[] = {"error-before status=200",
	    "error-before status=600",
	    "error-after status=", "throttle count=", "throttle count=-1",
	    "throttle count=1x", "throttle count=0x10",
	    "throttle count=99999999999999999999", "throttle after=-1",
	    "throttle after=1.5", "truncate bytes=-1", "truncate bytes=1kB",
	    "delay-notification ms=", "clock-skew ms=99999999999999"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++)
		refused(bad[i], "is no number that it can be", "from");
	refused("clock-skew ms=0", "no meaning", "");
	refused("delay-notification ms=-5", "no meaning", "");
	refused("drip bytes=1 ms=-1", "no meaning", "");
	refused("drip bytes=0 ms=1", "would ever drip", "");
	assert_list("");
	add("throttle count=0 after=1000000000");
}

static void
every_call_can_be_named(void **state)
{
	static const char *const calls[] = {"InvokeEndpointAsync", "GetObject",
	    "HeadObject", "PutObject", "DeleteObject", "DeleteObjects",
	    "ListObjectsV2", "GetBucketLocation", "HeadBucket", "CreateBucket",
	    "ListBuckets", "Publish", "Subscribe"};
	struct faults *all = faults_new();
	struct error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(calls); i++) {
		char *line = xasprintf("throttle operation=%s", calls[i]);

		if (faults_add(all, line, NULL, &err) == -1)
			fail_msg("%s", err.text);
		free(line);
	}
	faults_free(all);
}

static void
what_could_never_strike_is_refused(void **state)
{
	(void)state;
	refused("throttle operation=GetObject endpoint=ocr",
	    "no GetObject has all", "has an endpoint");
	refused("throttle endpoint=ocr bucket=b", "no operation has all", "");
	refused("hang operation=ListObjectsV2 key=a", "no ListObjectsV2", "");
	refused("truncate bytes=1 operation=HeadObject",
	    "truncate strikes no operation 'HeadObject'", "GetObject");
	refused("forbidden-for-missing operation=PutObject", "strikes no", "");
	refused("wrong-etag operation=DeleteObject", "strikes no", "PutObject");
	refused("throttle operation=X*", "strikes no operation 'X*'", "");
	add("throttle operation=Get* bucket=b");
	add("throttle operation=* topic=t");
	refused("throttle operation=*Object", "strikes no", "");
	refused("throttle operation=ListTopics topic=a", "no ListTopics", "");
	add("throttle operation=List* topic=a");
}

static void
texts_are_texts(void **state)
{
	char *line = xasprintf("throttle key=%9000d", 1);

	(void)state;
	refused(line, "no text of 8 KiB", "");
	free(line);
	refused("throttle key=\xff", "no text", "UTF-8");
	refused("throttle key=a\x01z", "control character", "asterisk");
	refused("throttle key=", "key is empty", "Leave it out");
	refused("throttle key=\"a", "quote is left open", "NAME KEY=VALUE");
	refused("throttle a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1 i=1 j=1 k=1 l=1 "
		"m=1 n=1 o=1 p=1",
	    "more than 16 words", "NAME KEY=VALUE");
	add("throttle key=\xc3\xa4");
}

static void
a_list_can_be_read_again(void **state)
{
	struct buf first;
	struct error err;
	char *again;

	(void)state;
	add("drip bytes=1 ms=2 operation=GetObject bucket=b key=\"a b\"");
	add("throttle key='it\"s' after=2 count=0 # don't");
	add("error-after status=503 key=\"it's # no \\\\ comment\"");
	add("clock-skew ms=-3600000 endpoint=ocr");
	add("lose-notification topic=arn:aws:sns:*");
	add("hang key=a#b");
	fault_take(f, FAULT_LOSE_NOTIFICATION, &notify);
	buf_init(&first, 1 << 16);
	faults_list(f, &first);
	assert_string_equal(first.data,
	    "drip bytes=1 ms=2 count=1 operation=GetObject bucket=b "
	    "key=\"a b\" # id=1 taken=0\n"
	    "throttle after=2 count=0 key=\"it\\\"s\" # id=2 taken=0\n"
	    "error-after status=503 count=1 key=\"it's # no \\\\ comment\""
	    " # id=3 taken=0\n"
	    "clock-skew ms=-3600000 count=1 endpoint=ocr # id=4 taken=0\n"
	    "lose-notification count=1 topic=arn:aws:sns:* # id=5 taken=1\n"
	    "hang count=1 key=\"a#b\" # id=6 taken=0\n");
	faults_free(f);
	f = faults_new();
	assert_int_equal(faults_add_text(f, first.data, NULL, &err), 0);
	again = strstr(first.data, "taken=1");
	again[6] = '0';
	assert_list(first.data);
	buf_done(&first);
}

/* --- many lines ----------------------------------------------------- */

static void
of_a_text_all_lines_are_taken_or_none(void **state)
{
	struct error err;
	struct buf ids;

	(void)state;
	buf_init(&ids, 1024);
	add("hang");
	assert_int_equal(faults_add_text(f,
			     "# what breaks\r\n\n  throttle count=2\r\n"
			     "\t# more\ndrop-reply",
			     &ids, &err),
	    0);
	assert_string_equal(ids.data, "2\n3\n");
	assert_int_equal(
	    faults_add_text(f, "throttle\n\nthroddle\nhang\n", &ids, &err), -1);
	assert_non_null(strstr(err.text, "line 3: there is no fault"));
	assert_non_null(strstr(err.hint, "'throttle'"));
	assert_list("hang count=1 # id=1 taken=0\n"
		    "throttle count=2 # id=2 taken=0\n"
		    "drop-reply count=1 # id=3 taken=0\n");
	buf_done(&ids);
}

static void
a_file_is_read_and_complained_of_by_its_name(void **state)
{
	char path[] = "/tmp/test_local_fault.XXXXXX";
	int fd = mkstemp(path);
	struct error err;

	(void)state;
	assert_int_not_equal(fd, -1);
	assert_int_equal(
	    file_write_all(fd, "throttle\n#\nhang count=2\n", 24, &err), 0);
	assert_int_equal(faults_read(f, path, &err), 0);
	assert_list("throttle count=1 # id=1 taken=0\n"
		    "hang count=2 # id=2 taken=0\n");
	assert_int_equal(file_write_all(fd, "hang count\n", 11, &err), 0);
	assert_int_equal(faults_read(f, path, &err), -1);
	assert_non_null(strstr(err.text, path));
	assert_non_null(strstr(err.text, "line 4"));
	assert_int_equal(file_write_all(fd, "\0\n", 2, &err), 0);
	assert_int_equal(faults_read(f, path, &err), -1);
	assert_non_null(strstr(err.text, "NUL"));
	close(fd);
	unlink(path);
	assert_int_equal(faults_read(f, path, &err), -1);
	assert_int_equal(err.code, ERR_NOT_FOUND);
}

static void
there_are_only_so_many_and_the_spent_make_room(void **state)
{
	struct error err;
	int i;

	(void)state;
	for (i = 0; i < 256; i++)
		add(i == 7 ? "crash-model" : "hang");
	refused("hang", "256 faults already", "Take some of them back");
	assert_non_null(fault_take(f, FAULT_CRASH_MODEL, &invoke));
	assert_int_equal(add("hang"), 257);
	assert_false(faults_remove(f, 8));
	assert_int_equal(faults_add(f, "hang", NULL, &err), -1);
	assert_true(faults_remove(f, 9));
	assert_int_equal(faults_add(f, "hang", NULL, &err), 0);
	faults_clear(f);
	assert_list("");
	assert_int_equal(add("hang"), 259);
}

/* --- taking --------------------------------------------------------- */

static void
it_strikes_as_often_as_it_was_asked_to(void **state)
{
	int i;

	(void)state;
	add("throttle count=2");
	assert_non_null(fault_take(f, FAULT_THROTTLE, &invoke));
	assert_non_null(fault_take(f, FAULT_THROTTLE, &get));
	assert_null(fault_take(f, FAULT_THROTTLE, &invoke));
	add("hang count=0");
	for (i = 0; i < 100; i++)
		assert_non_null(fault_take(f, FAULT_HANG, &invoke));
	assert_true(faults_remove(f, 2));
	assert_null(fault_take(f, FAULT_HANG, &invoke));
	assert_false(faults_remove(f, 2));
	assert_null(fault_take(NULL, FAULT_HANG, &invoke));
}

static void
what_comes_before_is_let_pass(void **state)
{
	(void)state;
	add("throttle after=2 endpoint=ocr");
	assert_null(fault_take(f, FAULT_THROTTLE, &get));
	assert_null(fault_take(f, FAULT_THROTTLE, &invoke));
	assert_null(fault_take(f, FAULT_THROTTLE, &get));
	assert_null(fault_take(f, FAULT_HANG, &invoke));
	assert_null(fault_take(f, FAULT_THROTTLE, &invoke));
	assert_non_null(fault_take(f, FAULT_THROTTLE, &invoke));
	assert_null(fault_take(f, FAULT_THROTTLE, &invoke));
}

static void
the_first_that_fits_is_taken(void **state)
{
	(void)state;
	add("drop-reply operation=PutObject");
	add("drop-reply endpoint=other");
	add("drop-reply bucket=b key=out/* count=1");
	add("drop-reply count=0");
	assert_int_equal(fault_take(f, FAULT_DROP_REPLY, &get)->id, 3);
	assert_int_equal(fault_take(f, FAULT_DROP_REPLY, &get)->id, 4);
	assert_int_equal(fault_take(f, FAULT_DROP_REPLY, &invoke)->id, 4);
}

/* Asked by each key in turn, with one that fits and one that does not. */
static void
all_that_is_named_must_fit(void **state)
{
	static const struct {
		const char *rest;
		bool fits;
	} cases[] = {
	    {"operation=GetObject", true},
	    {"operation=HeadObject", false},
	    {"operation=Get*", true},
	    {"operation=*", true},
	    {"bucket=b", true},
	    {"bucket=B", false},
	    {"bucket=bb", false},
	    {"key=\"out/a b.out\"", true},
	    {"key=out/a", false},
	    {"key=out/a*", true},
	    {"key=out/*b*", false},
	    {"bucket=b key=in/*", false},
	    {"endpoint=*", false},
	    {"topic=*", false},
	};
	size_t i;
	char *line;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		line = xasprintf("hang %s", cases[i].rest);
		add(line);
		if ((fault_take(f, FAULT_HANG, &get) != NULL) != cases[i].fits)
			fail_msg("%s", line);
		free(line);
		faults_clear(f);
	}
}

static void
each_that_is_taken_is_logged(void **state)
{
	(void)state;
	add("drop-reply operation=InvokeEndpointAsync count=2");
	add("lose-notification count=0");
	assert_int_equal(logged.len, 0);
	fault_take(f, FAULT_DROP_REPLY, &get);
	assert_int_equal(logged.len, 0);
	fault_take(f, FAULT_DROP_REPLY, &invoke);
	assert_non_null(strstr(logged.data,
	    "fault=drop-reply id=1 operation=InvokeEndpointAsync endpoint=ocr "
	    "left=1"));
	buf_clear(&logged);
	fault_take(f, FAULT_LOSE_NOTIFICATION, &notify);
	assert_non_null(strstr(logged.data, "fault=lose-notification id=2 "));
	assert_non_null(strstr(logged.data, "topic=arn:aws:sns:us-east-1"));
	assert_null(strstr(logged.data, "left="));
}

static void
what_is_asked_for_is_logged_if_all_of_it_is_taken(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(faults_add_text(f, "hang\nexplode\n", NULL, &err), -1);
	assert_int_equal(logged.len, 0);
	assert_int_equal(
	    faults_add_text(f, "hang\nthrottle count=3\n", NULL, &err), 0);
	assert_non_null(strstr(logged.data, "asked_for=hang id="));
	assert_non_null(strstr(logged.data, "asked_for=throttle id="));
	assert_non_null(strstr(logged.data, "count=3"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	    T(every_name_is_taken_with_what_it_needs),
	    T(a_line_says_all_of_a_fault),
	    T(what_is_said_nowhere_has_its_default),
	    T(unknown_names_are_refused_with_the_nearest),
	    T(keys_stand_once_and_where_they_have_a_meaning),
	    T(numbers_are_numbers_within_their_bounds),
	    T(every_call_can_be_named),
	    T(what_could_never_strike_is_refused),
	    T(texts_are_texts),
	    T(a_list_can_be_read_again),
	    T(of_a_text_all_lines_are_taken_or_none),
	    T(a_file_is_read_and_complained_of_by_its_name),
	    T(there_are_only_so_many_and_the_spent_make_room),
	    T(it_strikes_as_often_as_it_was_asked_to),
	    T(what_comes_before_is_let_pass),
	    T(the_first_that_fits_is_taken),
	    T(all_that_is_named_must_fit),
	    T(each_that_is_taken_is_logged),
	    T(what_is_asked_for_is_logged_if_all_of_it_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
