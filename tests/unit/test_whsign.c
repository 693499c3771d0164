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

#include "base/ed25519.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "deliver/whsign.h"

#define CAP (1024 * 1024)
#define OWN_CASES 7
#define KNOWN_CASES 5

/* 32 bytes, and others. */
#define SECRET "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#define OTHER "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWc="
#define ID "msg_01hz4k9p3w7x5v2q8r6t0y1n3b"
#define NOW 1795334400
#define BODY "{\"a\":1}"

/* A pair of keys, its public half, and that of another. */
#define PAIR                                                                  \
	"whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0" \
	"dRqSKJp4AJ6p9lMicMFs6Kvg=="
#define PUBLIC "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
#define OTHER_PUBLIC "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

/* The header's list. */
static void
sign_text(struct whsign *s, const char *id, int64_t at, const void *body,
    size_t len, char out[WHSIGN_LIST_SIZE])
{
	struct buf b;

	buf_init(&b, WHSIGN_LIST_SIZE - 1);
	whsign_sign(s, id, at, body, len, &b);
	assert_false(b.overflow);
	memcpy(out, b.data, b.len + 1);
	buf_done(&b);
}

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
	char got[WHSIGN_LIST_SIZE], timestamp[24];
	struct error err;
	struct buf body;
	int64_t at;

	body_of(c, &body);
	assert_int_equal(json_i64(json_get(c, "timestamp"), &at), 0);
	sign_text(s, id, at, body.data, body.len, got);
	assert_string_equal(got, json_get_str(c, "signature"));
	snprintf(timestamp, sizeof(timestamp), "%lld", (long long)at);
	if (whsign_verify(s, id, timestamp, json_get_str(c, "signature"),
		body.data, body.len, at, &err) == -1)
		fail_msg("%s", err.text);
	whsign_free(s);
	if (json_get_str(c, "public") != NULL) {
		s = new_sign(json_get_str(c, "public"));
		assert_int_equal(whsign_verify(s, id, timestamp,
				     json_get_str(c, "signature"), body.data,
				     body.len, at, &err),
		    0);
		whsign_free(s);
	}
	buf_done(&body);
}

static int
check_file(const char *path)
{
	struct json *root = read_json(path);
	const struct json *c;
	int n = 0;

	for (c = json_first(root); c != NULL; c = json_next(c)) {
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
	refused("whxx_QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD", "does not begin with");
	refused(
	    "whsk_QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD", "has 24 bytes, not 64");
	refused("whsk_QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUI=",
	    "has 32 bytes, not 64");
	refused("whsk_QUJ", "not base64 behind \"whsk_\"");
	refused(
	    "whpk_QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD", "has 24 bytes, not 32");
	refused("whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfXWpgBgrEKt9VL/"
		"tPJZAc6DuFy89qmIyWvAhpo9wdRGg==",
	    "is not the public key of its first");
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
	char a[WHSIGN_LIST_SIZE], b[WHSIGN_LIST_SIZE];

	(void)state;
	sign_text(plain, ID, NOW, BODY, 7, a);
	sign_text(spaced, ID, NOW, BODY, 7, b);
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
	char a[WHSIGN_LIST_SIZE], b[WHSIGN_LIST_SIZE];
	struct error err;

	assert_int_equal(whsign_from_file(path, &from_file, &err), 0);
	sign_text(plain, ID, NOW, BODY, 7, a);
	sign_text(from_file, ID, NOW, BODY, 7, b);
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
	char right[WHSIGN_LIST_SIZE];
	int rc;

	sign_text(s, ID, NOW, BODY, strlen(BODY), right);
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
	char right[WHSIGN_LIST_SIZE], wrong[WHSIGN_LIST_SIZE];
	size_t i;

	(void)state;
	assert_null(verdict(&(struct message){0}));
	assert_string_equal(verdict(&(struct message){.body = "{\"a\":2}"}),
	    "the signature is wrong");
	assert_non_null(verdict(&(struct message){.body = BODY " "}));
	assert_non_null(verdict(&(struct message){.body = ""}));
	assert_non_null(verdict(&(struct message){.id = ID "x"}));
	assert_non_null(verdict(&(struct message){.timestamp = "1795334401"}));
	sign_text(s, ID, NOW, BODY, strlen(BODY), right);
	for (i = 0; i < strlen(right); i++) {
		memcpy(wrong, right, sizeof(wrong));
		wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
		assert_non_null(verdict(&(struct message){.list = wrong}));
		wrong[i] = '\0';
		assert_non_null(verdict(&(struct message){.list = wrong}));
	}
	sign_text(other, ID, NOW, BODY, strlen(BODY), wrong);
	assert_non_null(verdict(&(struct message){.list = wrong}));
	whsign_free(other);
	whsign_free(s);
}

static void
one_of_several_signatures_is_enough(void **state)
{
	struct whsign *s = new_sign(SECRET), *other = new_sign(OTHER);
	char right[WHSIGN_LIST_SIZE], wrong[WHSIGN_LIST_SIZE];
	static const char *const good[] = {"%2$s %1$s", "%1$s %2$s",
	    "v1a,%2$s %1$s", "  %1$s ", "v1, %1$s", "v2,x %2$s  %1$s v1,"};
	static const char *const bad[] = {
	    "%2$s x%1$s", "%1$s%2$s", "%1$sx", "x%1$s", "v1,%1$s", "%1$s,%2$s"};
	char list[400];
	size_t i;

	(void)state;
	sign_text(s, ID, NOW, BODY, strlen(BODY), right);
	sign_text(other, ID, NOW, BODY, strlen(BODY), wrong);
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
	char list[WHSIGN_LIST_SIZE + 1], right[WHSIGN_LIST_SIZE];

	(void)state;
	sign_text(s, ID, NOW, BODY, strlen(BODY), right);
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

/* --- several keys, and Ed25519 -------------------------------------- */

/* A set of these keys, from files. */
static struct whsign *
set_of(const char *dir, const char *const *keys)
{
	char *paths[WHSIGN_KEYS_MAX + 2] = {NULL};
	struct whsign *s = NULL;
	struct error err = {0};
	size_t n, i;

	for (n = 0; keys[n] != NULL; n++) {
		char *made = write_file(dir, keys[n], strlen(keys[n]), 0600);

		paths[n] = xasprintf("%s/%zu", dir, n);
		assert_int_equal(rename(made, paths[n]), 0);
		free(made);
	}
	if (whsign_from_files((const char *const *)paths, &s, &err) == -1)
		assert_null(s);
	for (i = 0; i < n; i++) {
		unlink(paths[i]);
		free(paths[i]);
	}
	if (s == NULL)
		print_message("# %s\n", err.text);
	return s;
}

static bool
verifies(const char *key, const char *list, const void *body, size_t len)
{
	struct whsign *s = new_sign(key);
	struct error err;
	int rc = whsign_verify(s, ID, "1795334400", list, body, len, NOW, &err);

	whsign_free(s);
	return rc == 0;
}

static void
every_key_signs_in_the_order_of_the_files(void **state)
{
	static const char *const keys[] = {OTHER, PAIR, SECRET, NULL};
	struct whsign *s = set_of(*state, keys);
	char list[WHSIGN_LIST_SIZE], one[WHSIGN_LIST_SIZE];
	struct whsign *first = new_sign(OTHER), *last = new_sign(SECRET);

	assert_true(whsign_can_sign(s));
	sign_text(s, ID, NOW, BODY, strlen(BODY), list);
	sign_text(first, ID, NOW, BODY, strlen(BODY), one);
	assert_memory_equal(list, one, strlen(one));
	assert_memory_equal(list + strlen(one), " v1a,", 5);
	sign_text(last, ID, NOW, BODY, strlen(BODY), one);
	assert_string_equal(list + strlen(list) - strlen(one), one);
	assert_int_equal(strlen(list), 47 + 1 + 4 + 88 + 1 + 47);
	assert_true(verifies(SECRET, list, BODY, strlen(BODY)));
	assert_true(verifies(OTHER, list, BODY, strlen(BODY)));
	assert_true(verifies(PAIR, list, BODY, strlen(BODY)));
	assert_true(verifies(PUBLIC, list, BODY, strlen(BODY)));
	assert_false(verifies(OTHER_PUBLIC, list, BODY, strlen(BODY)));
	assert_false(verifies(PUBLIC, list, BODY, strlen(BODY) - 1));
	whsign_free(first);
	whsign_free(last);
	whsign_free(s);
}

static void
any_key_of_a_set_verifies(void **state)
{
	static const char *const keys[] = {OTHER, OTHER_PUBLIC, PUBLIC, NULL};
	struct whsign *s = set_of(*state, keys), *of;
	static const char *const good[] = {OTHER, PAIR};
	char list[WHSIGN_LIST_SIZE], two[WHSIGN_LIST_SIZE + 40];
	struct error err;
	size_t i;

	assert_false(whsign_can_sign(s));
	for (i = 0; i < ARRAY_LEN(good); i++) {
		of = new_sign(good[i]);
		sign_text(of, ID, NOW, BODY, strlen(BODY), list);
		snprintf(two, sizeof(two), "v1a,AAAA v1,AAAA v1a, %s", list);
		assert_int_equal(whsign_verify(s, ID, "1795334400", two, BODY,
				     strlen(BODY), NOW, &err),
		    0);
		whsign_free(of);
	}
	of = new_sign(SECRET);
	sign_text(of, ID, NOW, BODY, strlen(BODY), list);
	assert_int_equal(whsign_verify(s, ID, "1795334400", list, BODY,
			     strlen(BODY), NOW, &err),
	    -1);
	assert_string_equal(err.text, "the signature is wrong");
	assert_int_equal(whsign_verify(s, ID, "1795334400", "v2,x", BODY,
			     strlen(BODY), NOW, &err),
	    -1);
	assert_string_equal(
	    err.text, "there is no signature of version v1 or v1a");
	whsign_free(of);
	whsign_free(s);
}

/* A pair of keys for each number. The caller's. */
static char *
pair_of(int n)
{
	unsigned char key[ED25519_SEED_SIZE + ED25519_PUBLIC_SIZE] = {0};
	struct ed25519 *pair;
	struct buf text;

	key[0] = (unsigned char)n;
	pair = ed25519_new(key);
	ed25519_public(pair, key + ED25519_SEED_SIZE);
	ed25519_free(pair);
	buf_init(&text, 256);
	buf_puts(&text, "whsk_");
	encode_base64(&text, key, sizeof(key));
	return buf_take(&text);
}

static void
there_can_be_too_many_keys(void **state)
{
	char *pairs[WHSIGN_KEYS_MAX + 2] = {NULL};
	const char *const *keys = (const char *const *)pairs;
	char list[WHSIGN_LIST_SIZE];
	struct whsign *s;
	int i;

	for (i = 0; i < WHSIGN_KEYS_MAX; i++)
		pairs[i] = pair_of(i);
	s = set_of(*state, keys);
	sign_text(s, ID, NOW, BODY, strlen(BODY), list);
	whsign_free(s);
	pairs[i] = pair_of(i);
	assert_null(set_of(*state, keys));
	for (; i >= 0; i--)
		free(pairs[i]);
}

/* Of two copies one is an oversight: the new key is not there. */
static void
no_key_is_there_twice(void **state)
{
	const char *const texts[] = {SECRET, OTHER, " " SECRET, NULL};
	const char *const pairs[] = {PAIR, PAIR, NULL};
	const char *const halves[] = {PAIR, PUBLIC, SECRET, NULL};
	struct whsign *s;
	struct error err;

	assert_null(set_of(*state, pairs));
	assert_null(set_of(*state, texts));
	assert_int_equal(whsign_from_texts(texts, &s, &err), -1);
	assert_string_equal(err.text, "secrets 1 and 3 are the same");
	assert_int_equal(whsign_from_texts(halves, &s, &err), 0);
	whsign_free(s);
}

/* In pieces of this size; the list is the caller's. */
static char *
in_pieces(struct whsign *s, const char *body, size_t len, size_t piece)
{
	struct whsign_run *run = whsign_begin(s, ID, NOW, (int64_t)len);
	struct buf list;
	size_t at, n;

	for (at = 0; at < len; at += n) {
		n = len - at < piece ? len - at : piece;
		whsign_update(run, body + at, n);
	}
	buf_init(&list, WHSIGN_LIST_SIZE - 1);
	whsign_end(run, &list);
	return buf_take(&list);
}

static void
pieces_are_signed_as_the_whole_is(void **state)
{
	static const char *const keys[] = {SECRET, PAIR, OTHER, NULL};
	struct whsign *s = set_of(*state, keys);
	char whole[WHSIGN_LIST_SIZE], body[1000], *list;
	size_t i, piece;

	for (i = 0; i < sizeof(body); i++)
		body[i] = (char)(i * 7);
	sign_text(s, ID, NOW, body, sizeof(body), whole);
	for (piece = 1; piece < 1200; piece += 111) {
		list = in_pieces(s, body, sizeof(body), piece);
		assert_string_equal(list, whole);
		free(list);
	}
	sign_text(s, ID, NOW, NULL, 0, whole);
	list = in_pieces(s, NULL, 0, 1);
	assert_string_equal(list, whole);
	free(list);
	/* Two at once, and one that is given up. */
	whsign_end(whsign_begin(s, ID, NOW, 5), NULL);
	whsign_free(s);
}

static void
a_large_body_has_no_v1a(void **state)
{
	static const char *const keys[] = {PAIR, SECRET, NULL};
	static const char *const pair[] = {PAIR, NULL};
	size_t max = (size_t)WHSIGN_V1A_MAX;
	struct whsign *s = set_of(*state, keys), *only = set_of(*state, pair);
	char whole[WHSIGN_LIST_SIZE], *body = xcalloc(1, max + 1), *list;

	assert_true(whsign_reaches(s, WHSIGN_V1A_MAX + 1));
	assert_true(whsign_reaches(only, WHSIGN_V1A_MAX));
	assert_false(whsign_reaches(only, WHSIGN_V1A_MAX + 1));
	sign_text(s, ID, NOW, body, max, whole);
	assert_true(str_starts(whole, "v1a,"));
	list = in_pieces(s, body, max, 65536);
	assert_string_equal(list, whole);
	assert_true(verifies(PUBLIC, list, body, max));
	free(list);
	sign_text(s, ID, NOW, body, max + 1, whole);
	assert_true(str_starts(whole, "v1,"));
	assert_int_equal(strlen(whole), 47);
	list = in_pieces(s, body, max + 1, 65536);
	assert_string_equal(list, whole);
	free(list);
	sign_text(only, ID, NOW, body, max + 1, whole);
	assert_string_equal(whole, "");
	whsign_free(only);
	whsign_free(s);
	free(body);
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
	    cmocka_unit_test_setup_teardown(
		every_key_signs_in_the_order_of_the_files, enter, leave),
	    cmocka_unit_test_setup_teardown(
		any_key_of_a_set_verifies, enter, leave),
	    cmocka_unit_test_setup_teardown(
		there_can_be_too_many_keys, enter, leave),
	    cmocka_unit_test_setup_teardown(
		no_key_is_there_twice, enter, leave),
	    cmocka_unit_test_setup_teardown(
		pieces_are_signed_as_the_whole_is, enter, leave),
	    cmocka_unit_test_setup_teardown(
		a_large_body_has_no_v1a, enter, leave),
	    cmocka_unit_test(one_byte_that_differs_is_no_proof),
	    cmocka_unit_test(one_of_several_signatures_is_enough),
	    cmocka_unit_test(another_version_says_so),
	    cmocka_unit_test(five_minutes_either_way_are_tolerated),
	    cmocka_unit_test(a_timestamp_is_a_plain_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
