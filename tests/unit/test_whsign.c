/* SPDX-License-Identifier: Apache-2.0 */
/* Webhook signatures: known answers, what is no secret, what is no proof. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "deliver/whsign.h"

#define CAP (1024 * 1024)
#define OWN_CASES 7
#define KNOWN_CASES 4 /* of version v1 */

/* 32 bytes, and others. */
#define SECRET "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#define OTHER "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWc="
#define ID "msg_01hz4k9p3w7x5v2q8r6t0y1n3b"
#define NOW 1795334400
#define BODY "{\"a\":1}"

static struct whsign *
new_sign(const char *secret)
{
	struct whsign *s = NULL;
	struct error err;

	if (whsign_new(secret, &s, &err) == -1)
		fail_msg("%s", err.text);
	return s;
}

/* --- known answers -------------------------------------------------- */

static struct json *
read_json(const char *path)
{
	struct error err;
	struct json *root = NULL;
	struct buf b;

	buf_init(&b, CAP);
	if (file_read(path, &b, &err) == -1 ||
	    json_parse(b.data, b.len, &root, &err) == -1)
		fail_msg("%s: %s", path, err.text);
	buf_done(&b);
	return root;
}

static void
body_of(const struct json *c, struct buf *out)
{
	const char *text = json_get_str(c, "body");
	const char *coded = json_get_str(c, "body_base64");

	buf_init(out, CAP);
	if (text != NULL)
		buf_puts(out, text);
	else
		assert_int_equal(decode_base64(out, coded, strlen(coded)), 0);
}

static void
check_case(const struct json *c)
{
	struct whsign *s = new_sign(json_get_str(c, "secret"));
	const char *id = json_get_str(c, "id");
	char got[WHSIGN_SIZE], timestamp[24];
	struct error err;
	struct buf body;
	int64_t at;

	body_of(c, &body);
	assert_int_equal(json_i64(json_get(c, "timestamp"), &at), 0);
	whsign_v1(s, id, at, body.data, body.len, got);
	assert_string_equal(got, json_get_str(c, "signature"));
	snprintf(timestamp, sizeof(timestamp), "%lld", (long long)at);
	if (whsign_verify(s, id, timestamp, json_get_str(c, "signature"),
		body.data, body.len, at, &err) == -1)
		fail_msg("%s", err.text);
	buf_done(&body);
	whsign_free(s);
}

static int
check_file(const char *path)
{
	struct json *root = read_json(path);
	const struct json *c;
	int n = 0;

	for (c = json_first(root); c != NULL; c = json_next(c)) {
		const char *scheme = json_get_str(c, "scheme");

		if (scheme != NULL && !str_eq(scheme, "v1"))
			continue;
		check_case(c);
		n++;
	}
	json_free(root);
	return n;
}

static void
agrees_with_the_answers_of_other_libraries(void **state)
{
	const char *vectors = getenv("AWAITD_VECTORS");
	const char *top = getenv("top_srcdir");
	char *path = vectors != NULL
	    ? xasprintf("%s/webhook-vectors.json", vectors)
	    : xasprintf("%s/../shared/vectors/webhook-vectors.json",
		  top != NULL ? top : ".");
	int n;

	(void)state;
	if (access(path, R_OK) != 0) {
		print_message("# nothing at %s (AWAITD_VECTORS)\n", path);
		free(path);
		skip();
	}
	n = check_file(path);
	free(path);
	print_message("# webhook vectors: %d cases\n", n);
	assert_int_equal(n, KNOWN_CASES);
}

static void
agrees_with_answers_that_another_program_computed(void **state)
{
	const char *top = getenv("top_srcdir");
	char *path = xasprintf(
	    "%s/tests/vectors/webhook/v1.json", top != NULL ? top : ".");

	(void)state;
	assert_int_equal(check_file(path), OWN_CASES);
	free(path);
}

/* --- secrets -------------------------------------------------------- */

static void
refused(const char *secret, const char *because)
{
	struct whsign *s = (struct whsign *)(void *)1;
	struct error err = {0};

	assert_int_equal(whsign_new(secret, &s, &err), -1);
	assert_ptr_equal(s, (void *)1);
	assert_int_equal(err.code, ERR_CONFIG);
	if (strstr(err.text, because) == NULL)
		fail_msg("'%s' is not in '%s'", because, err.text);
	/* None of the secret's own letters. */
	assert_null(strstr(err.text, "QUJD"));
	assert_null(strstr(err.hint, "QUJD"));
}

static char *
secret_of(size_t bytes)
{
	char *raw = xmalloc(bytes + 1), *s;
	struct buf b;

	memset(raw, 'A', bytes);
	memcpy(raw, "ABC", bytes < 3 ? bytes : 3);
	buf_init(&b, CAP);
	encode_base64(&b, raw, bytes);
	s = xasprintf("whsec_%s", b.data);
	buf_done(&b);
	free(raw);
	return s;
}

static void
a_secret_is_24_to_64_bytes(void **state)
{
	size_t bytes;

	(void)state;
	for (bytes = 1; bytes < 100; bytes++) {
		char *secret = secret_of(bytes);

		if (bytes < 24 || bytes > 64)
			refused(secret, "bytes, not 24 to 64");
		else
			whsign_free(new_sign(secret));
		free(secret);
	}
}

static void
what_is_no_secret_is_refused_and_not_shown(void **state)
{
	(void)state;
	refused("", "empty");
	refused(" \t\n", "empty");
	refused("QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD", "does not begin with");
	refused("whsk_QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD", "does not begin with");
	refused("WHSEC_QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD", "does not begin");
	refused("whsec_", "bytes, not 24 to 64");
	refused("whsec_QUJDQUJDQUJDQUJDQUJDQUJDQUJDQU*D", "not base64");
	refused("whsec_QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJ", "not base64");
	refused("whsec_QUJD QUJDQUJDQUJDQUJDQUJDQUJDQUJ", "not base64");
	refused("whsec_QUJD\nQUJDQUJDQUJDQUJDQUJDQUJDQUJ", "not base64");
	refused(
	    "whsec_QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD\nwhsec_QUJD", "not base64");
}

static void
white_space_around_a_secret_does_not_matter(void **state)
{
	struct whsign *plain = new_sign(SECRET);
	struct whsign *spaced = new_sign(" \t" SECRET "\r\n\n");
	char a[WHSIGN_SIZE], b[WHSIGN_SIZE];

	(void)state;
	whsign_v1(plain, ID, NOW, BODY, 7, a);
	whsign_v1(spaced, ID, NOW, BODY, 7, b);
	assert_string_equal(a, b);
	whsign_free(plain);
	whsign_free(spaced);
	whsign_free(NULL);
}

/* --- files ---------------------------------------------------------- */

static int
enter(void **state)
{
	char *dir = xstrdup("/tmp/test_whsign.XXXXXX");

	*state = dir;
	return mkdtemp(dir) == NULL;
}

static int
leave(void **state)
{
	char *dir = *state, *path = xasprintf("%s/secret", dir);

	unlink(path);
	rmdir(path);
	free(path);
	assert_int_equal(rmdir(dir), 0);
	free(dir);
	return 0;
}

static char *
write_file(const char *dir, const void *data, size_t len, mode_t mode)
{
	char *path = xasprintf("%s/secret", dir);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	return path;
}

static void
file_refused(const char *path, const char *because, const char *hint)
{
	struct whsign *s = (struct whsign *)(void *)1;
	struct error err = {0};

	assert_int_equal(whsign_from_file(path, &s, &err), -1);
	assert_ptr_equal(s, (void *)1);
	assert_int_equal(err.code, ERR_CONFIG);
	if (strstr(err.text, because) == NULL || strstr(err.text, path) == NULL)
		fail_msg("'%s' is not in '%s'", because, err.text);
	if (strstr(err.hint, hint) == NULL)
		fail_msg("'%s' is not in '%s'", hint, err.hint);
	assert_null(strstr(err.text, "MDEy"));
	assert_null(strstr(err.hint, "MDEy"));
}

static void
a_file_of_our_own_is_read(void **state)
{
	char *path = write_file(*state, SECRET "\n", strlen(SECRET "\n"), 0600);
	struct whsign *from_file, *plain = new_sign(SECRET);
	char a[WHSIGN_SIZE], b[WHSIGN_SIZE];
	struct error err;

	assert_int_equal(whsign_from_file(path, &from_file, &err), 0);
	whsign_v1(plain, ID, NOW, BODY, 7, a);
	whsign_v1(from_file, ID, NOW, BODY, 7, b);
	assert_string_equal(a, b);
	whsign_free(from_file);
	whsign_free(plain);
	free(path);
}

static void
a_file_that_others_can_read_is_refused_with_the_remedy(void **state)
{
	static const mode_t modes[] = {0640, 0604, 0620, 0602, 0610, 0601};
	size_t i;

	for (i = 0; i < ARRAY_LEN(modes); i++) {
		char *path =
		    write_file(*state, SECRET, strlen(SECRET), modes[i]);
		char *hint = xasprintf("chmod 600 %s", path);

		file_refused(path, "can be read by others", hint);
		free(hint);
		free(path);
	}
}

static void
what_is_no_file_with_a_secret_is_refused(void **state)
{
	char *path = xasprintf("%s/secret", (char *)*state);
	char large[5000];

	file_refused(path, "No such file", "");
	assert_int_equal(mkdir(path, 0700), 0);
	file_refused(path, "is no file", "");
	rmdir(path);
	/* Nobody writes to it: it must not be waited for. */
	assert_int_equal(mkfifo(path, 0600), 0);
	file_refused(path, "is no file", "");
	unlink(path);
	free(path);
	memset(large, 'A', sizeof(large));
	path = write_file(*state, large, sizeof(large), 0600);
	file_refused(path, "larger than 4096", "");
	free(path);
	free(write_file(*state, SECRET "\0x", strlen(SECRET) + 2, 0600));
	path = write_file(*state, SECRET "\0x", strlen(SECRET) + 2, 0600);
	file_refused(path, "zero byte", "");
	free(path);
	path = write_file(*state, "MDEy", 4, 0600);
	file_refused(path, "does not begin", "");
	free(path);
}

/* --- verifying ------------------------------------------------------ */

struct message {
	const char *id;
	const char *timestamp;
	const char *list; /* NULL: the right one alone */
	const char *body;
	int64_t now_s;
};

/* NULL where it is accepted, else why not. */
static const char *
verdict(const struct message *m)
{
	static struct error err;
	struct whsign *s = new_sign(SECRET);
	char right[WHSIGN_SIZE];
	int rc;

	whsign_v1(s, ID, NOW, BODY, strlen(BODY), right);
	rc = whsign_verify(s, m->id != NULL ? m->id : ID,
	    m->timestamp != NULL ? m->timestamp : "1795334400",
	    m->list != NULL ? m->list : right, m->body != NULL ? m->body : BODY,
	    strlen(m->body != NULL ? m->body : BODY),
	    m->now_s != 0 ? m->now_s : NOW, &err);
	whsign_free(s);
	if (rc == 0)
		return NULL;
	assert_int_equal(err.code, ERR_AUTH);
	return err.text;
}

static void
one_byte_that_differs_is_no_proof(void **state)
{
	struct whsign *s = new_sign(SECRET), *other = new_sign(OTHER);
	char right[WHSIGN_SIZE], wrong[WHSIGN_SIZE];
	size_t i;

	(void)state;
	assert_null(verdict(&(struct message){0}));
	assert_string_equal(verdict(&(struct message){.body = "{\"a\":2}"}),
	    "the signature is wrong");
	assert_non_null(verdict(&(struct message){.body = BODY " "}));
	assert_non_null(verdict(&(struct message){.body = ""}));
	assert_non_null(verdict(&(struct message){.id = ID "x"}));
	assert_non_null(verdict(&(struct message){.timestamp = "1795334401"}));
	whsign_v1(s, ID, NOW, BODY, strlen(BODY), right);
	for (i = 0; i < strlen(right); i++) {
		memcpy(wrong, right, sizeof(wrong));
		wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
		assert_non_null(verdict(&(struct message){.list = wrong}));
		wrong[i] = '\0';
		assert_non_null(verdict(&(struct message){.list = wrong}));
	}
	whsign_v1(other, ID, NOW, BODY, strlen(BODY), wrong);
	assert_non_null(verdict(&(struct message){.list = wrong}));
	whsign_free(other);
	whsign_free(s);
}

static void
one_of_several_signatures_is_enough(void **state)
{
	struct whsign *s = new_sign(SECRET), *other = new_sign(OTHER);
	char right[WHSIGN_SIZE], wrong[WHSIGN_SIZE];
	static const char *const good[] = {"%2$s %1$s", "%1$s %2$s",
	    "v1a,%2$s %1$s", "  %1$s ", "v1, %1$s", "v2,x %2$s  %1$s v1,"};
	static const char *const bad[] = {
	    "%2$s x%1$s", "%1$s%2$s", "%1$sx", "x%1$s", "v1,%1$s", "%1$s,%2$s"};
	char list[400];
	size_t i;

	(void)state;
	whsign_v1(s, ID, NOW, BODY, strlen(BODY), right);
	whsign_v1(other, ID, NOW, BODY, strlen(BODY), wrong);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	for (i = 0; i < ARRAY_LEN(good); i++) {
		snprintf(list, sizeof(list), good[i], right, wrong);
		assert_null(verdict(&(struct message){.list = list}));
	}
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(list, sizeof(list), bad[i], right, wrong);
		assert_non_null(verdict(&(struct message){.list = list}));
	}
#pragma GCC diagnostic pop
	whsign_free(other);
	whsign_free(s);
}

static void
another_version_says_so(void **state)
{
	static const char want[] = "there is no signature of version v1";
	struct whsign *s = new_sign(SECRET);
	char list[WHSIGN_SIZE + 1], right[WHSIGN_SIZE];

	(void)state;
	whsign_v1(s, ID, NOW, BODY, strlen(BODY), right);
	/* The right digest under the name of another version. */
	snprintf(list, sizeof(list), "v1a,%s", right + 3);
	assert_string_equal(verdict(&(struct message){.list = list}), want);
	snprintf(list, sizeof(list), "v2,%s", right + 3);
	assert_string_equal(verdict(&(struct message){.list = list}), want);
	assert_string_equal(verdict(&(struct message){.list = ""}), want);
	assert_string_equal(
	    verdict(&(struct message){.list = right + 3}), want);
	whsign_free(s);
}

static void
five_minutes_either_way_are_tolerated(void **state)
{
	(void)state;
	assert_null(verdict(&(struct message){.now_s = NOW + 300}));
	assert_null(verdict(&(struct message){.now_s = NOW - 300}));
	assert_string_equal(verdict(&(struct message){.now_s = NOW + 301}),
	    "the timestamp is 301 s in the past");
	assert_string_equal(verdict(&(struct message){.now_s = NOW - 301}),
	    "the timestamp is 301 s in the future");
}

static void
a_timestamp_is_a_plain_number(void **state)
{
	static const char *const bad[] = {"", " 1795334400", "1795334400 ",
	    "+1795334400", "-1795334400", "01795334400", "1795334400.0",
	    "1.7e9", "0x6b02d900", "2026-11-22T08:00:00Z", "-0",
	    "99999999999999999999999", "9223372036854775807",
	    "-9223372036854775808", "1795334400\n"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		const char *why =
		    verdict(&(struct message){.timestamp = bad[i]});

		if (why == NULL || !str_eq(why, "the timestamp is no number"))
			fail_msg(
			    "'%s': %s", bad[i], why != NULL ? why : "accepted");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(agrees_with_the_answers_of_other_libraries),
	    cmocka_unit_test(agrees_with_answers_that_another_program_computed),
	    cmocka_unit_test(a_secret_is_24_to_64_bytes),
	    cmocka_unit_test(what_is_no_secret_is_refused_and_not_shown),
	    cmocka_unit_test(white_space_around_a_secret_does_not_matter),
	    cmocka_unit_test_setup_teardown(
		a_file_of_our_own_is_read, enter, leave),
	    cmocka_unit_test_setup_teardown(
		a_file_that_others_can_read_is_refused_with_the_remedy, enter,
		leave),
	    cmocka_unit_test_setup_teardown(
		what_is_no_file_with_a_secret_is_refused, enter, leave),
	    cmocka_unit_test(one_byte_that_differs_is_no_proof),
	    cmocka_unit_test(one_of_several_signatures_is_enough),
	    cmocka_unit_test(another_version_says_so),
	    cmocka_unit_test(five_minutes_either_way_are_tolerated),
	    cmocka_unit_test(a_timestamp_is_a_plain_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
