/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metrics of awaitd-local, under CloudWatch's names: each has its value,
 * and the whole is what the text format 0.0.4 allows, read by a checker of
 * its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "local/metrics.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_:"
#define DIGITS "0123456789"

static const struct metrics_endpoint two[] = {
    {
	.endpoint = "ocr",
	.max_concurrent = 4,
	.waiting = 5,
	.running = 2,
	.oldest_ms = 61250,
	.instances_starting = 1,
	.instances_in_service = 3,
	.instances_draining = 2,
	.accepted = 100,
	.processed = 93,
	.failures = 11,
	.client_errors = 6,
	.server_errors = 7,
	.expired = 8,
	.download_failures = 9,
	.upload_failures = 10,
	.notification_failures = 12,
	.model_us = {5000000000, 90},
	.download_us = {21, 22},
	.upload_us = {31, 32},
	.backlog_ms = {41, 42},
	.total_ms = {51, 52},
    },
    {.endpoint = "cold", .waiting = 1, .oldest_ms = 5},
};

static struct buf text;

static int
setup(void **state)
{
	(void)state;
	buf_init(&text, 1 << 20);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	buf_done(&text);
	return 0;
}

static void
expect(const char *sample)
{
	char *line = xasprintf("\n%s\n", sample);

	if (strstr(text.data, line) == NULL)
		fail_msg("there is no %s", sample);
	free(line);
}

static void
write_two(void)
{
	buf_putc(&text, '\n');
	metrics_write(&text, two, ARRAY_LEN(two));
}

/* --- a checker of the format ---------------------------------------- */

#define SEEN_MAX 256

struct checker {
	char *family; /* whose samples come */
	bool summary;
	char *families[SEEN_MAX];
	size_t nfamilies;
	char *series[SEEN_MAX]; /* names with labels */
	size_t nseries;
	size_t samples; /* of the family */
};

static void
remember(char **seen, size_t *n, const char *what, size_t len)
{
	size_t i;

	for (i = 0; i < *n; i++) {
		if (strlen(seen[i]) == len && strncmp(seen[i], what, len) == 0)
			fail_msg("twice: %s", seen[i]);
	}
	assert_true(*n < SEEN_MAX);
	seen[(*n)++] = xstrndup(what, len);
}

static size_t
name_len(const char *s)
{
	size_t n = strspn(s, LETTERS DIGITS);

	if (n == 0 || strspn(s, LETTERS) == 0)
		fail_msg("no name: %s", s);
	return n;
}

/* Behind the brace that ends the labels. */
static const char *
skip_labels(const char *s)
{
	for (;;) {
		s += name_len(s);
		assert_int_equal(strncmp(s, "=\"", 2), 0);
		for (s += 2; *s != '"'; s++) {
			assert_int_not_equal(*s, '\0');
			if (*s == '\\') {
				s++;
				assert_non_null(strchr("\\\"n", *s));
			}
		}
		s++;
		if (*s == '}')
			return s + 1;
		assert_int_equal(*s++, ',');
	}
}

static void
check_help(struct checker *c, const char *line)
{
	size_t n = name_len(line);

	assert_true(c->nfamilies == 0 || c->family != NULL);
	assert_int_equal(line[n], ' ');
	assert_int_not_equal(line[n + 1], '\0');
	remember(c->families, &c->nfamilies, line, n);
	free(c->family);
	c->family = NULL;
	c->samples = 0;
}

/* Right behind its HELP. */
static void
check_type(struct checker *c, const char *line)
{
	size_t n = name_len(line);

	assert_null(c->family);
	c->family = xstrndup(line, n);
	assert_true(c->nfamilies > 0);
	assert_string_equal(c->family, c->families[c->nfamilies - 1]);
	c->summary = str_eq(line + n, " summary");
	assert_true(c->summary || str_eq(line + n, " gauge") ||
	    str_eq(line + n, " counter"));
}

static void
check_sample(struct checker *c, const char *line)
{
	size_t n = name_len(line), family;
	const char *at = line + n;
	char *end;

	assert_non_null(c->family);
	family = strlen(c->family);
	assert_int_equal(strncmp(line, c->family, family), 0);
	if (c->summary)
		assert_true((n == family + 4 && str_starts(at - 4, "_sum")) ||
		    (n == family + 6 && str_starts(at - 6, "_count")));
	else
		assert_int_equal(n, family);
	if (*at == '{')
		at = skip_labels(at + 1);
	remember(c->series, &c->nseries, line, (size_t)(at - line));
	assert_int_equal(*at++, ' ');
	assert_true(strspn(at, DIGITS ".") == strlen(at) && *at != '\0');
	strtod(at, &end);
	assert_int_equal(*end, '\0');
	c->samples++;
}

static void
check(char *all)
{
	struct checker c = {0};
	char *line, *next;

	assert_true(str_ends(all, "\n"));
	for (line = all; *line != '\0'; line = next) {
		next = strchr(line, '\n');
		*next++ = '\0';
		if (str_starts(line, "# HELP "))
			check_help(&c, line + 7);
		else if (str_starts(line, "# TYPE "))
			check_type(&c, line + 7);
		else
			check_sample(&c, line);
	}
	assert_true(c.nfamilies >= 20 && c.family != NULL);
	free(c.family);
	while (c.nfamilies > 0)
		free(c.families[--c.nfamilies]);
	while (c.nseries > 0)
		free(c.series[--c.nseries]);
}

/* --- tests ---------------------------------------------------------- */

static void
the_whole_is_valid(void **state)
{
	struct metrics_endpoint odd = {.endpoint = "a\"b\\c\nd"};

	(void)state;
	metrics_write(&text, two, ARRAY_LEN(two));
	check(text.data);
	buf_clear(&text);
	metrics_write(&text, NULL, 0);
	check(text.data);
	buf_clear(&text);
	metrics_write(&text, &odd, 1);
	assert_non_null(
	    strstr(text.data, "{EndpointName=\"a\\\"b\\\\c\\nd\"}"));
	check(text.data);
}

static void
the_backlog_is_what_waits_and_what_runs(void **state)
{
	(void)state;
	write_two();
	expect("ApproximateBacklogSize{EndpointName=\"ocr\"} 7");
	expect("ApproximateBacklogSizePerInstance{EndpointName=\"ocr\"} 2.333");
	expect("ApproximateAgeOfOldestRequest{EndpointName=\"ocr\"} 61.25");
	expect("HasBacklogWithoutCapacity{EndpointName=\"ocr\"} 0");
}

static void
a_backlog_without_an_instance_says_so(void **state)
{
	struct metrics_endpoint idle = {.endpoint = "idle"};

	(void)state;
	write_two();
	metrics_write(&text, &idle, 1);
	expect("ApproximateBacklogSize{EndpointName=\"cold\"} 1");
	expect("ApproximateAgeOfOldestRequest{EndpointName=\"cold\"} 0.005");
	expect("HasBacklogWithoutCapacity{EndpointName=\"cold\"} 1");
	expect("HasBacklogWithoutCapacity{EndpointName=\"idle\"} 0");
	assert_null(
	    strstr(text.data, "SizePerInstance{EndpointName=\"cold\"}"));
}

/* As the developer guide spells them. */
static void
counters_have_the_names_of_cloudwatch(void **state)
{
#define V "{EndpointName=\"ocr\",VariantName=\"AllTraffic\"} "
	(void)state;
	write_two();
	expect("Invocation4XXErrors" V "6");
	expect("Invocation5XXErrors" V "7");
	expect("ExpiredRequests" V "8");
	expect("RequestDownloadFailures" V "9");
	expect("ResponseUploadFailures" V "10");
	expect("InvocationFailures" V "11");
	expect("NotificationFailures" V "12");
	expect("InvocationsProcesssed" V "93");
	expect("# TYPE ExpiredRequests counter");
}

static void
times_are_sums_with_their_counts(void **state)
{
	(void)state;
	write_two();
	expect("# TYPE ModelLatency summary");
	expect("ModelLatency_sum" V "5000000000");
	expect("ModelLatency_count" V "90");
	expect("RequestDownloadLatency_sum" V "21");
	expect("RequestDownloadLatency_count" V "22");
	expect("ResponseUploadLatency_sum" V "31");
	expect("ResponseUploadLatency_count" V "32");
	expect("TimeInBacklog_sum" V "41");
	expect("TimeInBacklog_count" V "42");
	expect("TotalProcessingTime_sum" V "51");
	expect("TotalProcessingTime_count" V "52");
}

static void
what_cloudwatch_lacks_has_a_prefix(void **state)
{
	(void)state;
	write_two();
#define OWN(name) "awaitd_local_" name "{EndpointName=\"ocr\""
	expect(OWN("requests_accepted_total") "} 100");
	expect(OWN("requests") ",state=\"waiting\"} 5");
	expect(OWN("requests") ",state=\"running\"} 2");
	expect(OWN("instances") ",state=\"starting\"} 1");
	expect(OWN("instances") ",state=\"in_service\"} 3");
	expect(OWN("instances") ",state=\"draining\"} 2");
	expect(OWN("max_concurrent_invocations_per_instance") "} 4");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	    T(the_whole_is_valid),
	    T(the_backlog_is_what_waits_and_what_runs),
	    T(a_backlog_without_an_instance_says_so),
	    T(counters_have_the_names_of_cloudwatch),
	    T(times_are_sums_with_their_counts),
	    T(what_cloudwatch_lacks_has_a_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
