/* SPDX-License-Identifier: Apache-2.0 */
/* A listener, and everybody around it. */
#include "tests/unit/sns_listener_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/sns_api.h"
#include "aws/sns_verify.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/conf.h"
#include "net/http_server.h"
#include "serve/sns_inner.h"
#include "tests/support/conf_fixture.h"

#define PATIENCE_MS 10000
#define WAITING_MAX 64

struct fake fake;
struct sns_rig sns;

static struct conf *conf;
static struct loop_timer *tick;

/* --- what is told later --------------------------------------------- */

struct later {
	void (*tell)(struct later *l);
	void *done;
	void *arg;
	bool *held;
	bool gone;
};
static struct later *waiting[WAITING_MAX];

static void
tell(void *arg)
{
	struct later *l = arg;
	size_t i;

	for (i = 0; i < WAITING_MAX; i++) {
		if (waiting[i] == l)
			waiting[i] = NULL;
	}
	if (!l->gone)
		l->tell(l);
	free(l);
}

static struct later *
later(void (*fn)(struct later *l), void *done, void *arg, bool *held)
{
	struct later *l = xcalloc(1, sizeof(*l));
	size_t i = 0;

	l->tell = fn;
	l->done = done;
	l->arg = arg;
	l->held = held;
	while (waiting[i] != NULL)
		i++;
	assert_true(i < WAITING_MAX);
	waiting[i] = l;
	if (!*held)
		loop_post(sns.loop, tell, l);
	return l;
}

void
sns_let_go(void)
{
	size_t i;

	fake.check_held = fake.ring_held = fake.confirm_held = false;
	for (i = 0; i < WAITING_MAX; i++) {
		if (waiting[i] != NULL)
			loop_post(sns.loop, tell, waiting[i]);
	}
	sns_turn();
}

/* --- in place of aws/sns_verify.c ----------------------------------- */

static struct sns_verifier *const verifier = (struct sns_verifier *)&fake;

static void
tell_check(struct later *l)
{
	sns_verified_fn *done = (sns_verified_fn *)(uintptr_t)l->done;
	struct error err;

	if (fake.check == ERR_NONE) {
		done(NULL, l->arg);
		return;
	}
	err_set(&err, fake.check, "so it was told");
	err.retryable = fake.check != ERR_AUTH && !fake.check_final;
	done(&err, l->arg);
}

int
sns_verify(struct sns_verifier *v, const struct sns_message *m, bool fresh,
    sns_verified_fn *done, void *arg, struct sns_check **out, struct error *err)
{
	assert_ptr_equal(v, verifier);
	(void)m;
	(void)err;
	fake.checks++;
	fake.was_fresh = fresh;
	*out = (struct sns_check *)(void *)later(
	    tell_check, (void *)(uintptr_t)done, arg, &fake.check_held);
	return 0;
}

void
sns_verify_cancel(struct sns_check *c)
{
	struct later *l = (struct later *)(void *)c;

	if (c == NULL)
		return;
	fake.checks_cancelled++;
	l->gone = true;
}

/* --- in place of serve/doorbell.c ----------------------------------- */

static void
tell_ring(struct later *l)
{
	struct error err;

	err_set(&err, ERR_STORE, "the disk is full");
	((doorbell_done_fn *)(uintptr_t)l->done)(fake.verdict,
	    fake.verdict == DOORBELL_FAILED ? &err : NULL, l->arg);
}

void
doorbell_ring(struct doorbell *b, const struct doorbell_note *note,
    doorbell_done_fn *done, void *arg)
{
	(void)b;
	fake.rings++;
	fake.note = *note;
	free(fake.source);
	free(fake.message_id);
	free(fake.text);
	fake.source = xstrdup(note->source);
	fake.message_id = xstrdup(note->message_id);
	fake.text = xstrndup(note->text, note->len);
	later(tell_ring, (void *)(uintptr_t)done, arg, &fake.ring_held);
}

/* --- in place of aws/sns_api.c -------------------------------------- */

static void
tell_confirm(struct later *l)
{
	sns_confirmed_fn *done = (sns_confirmed_fn *)(uintptr_t)l->done;
	struct error err;

	if (fake.confirm == ERR_NONE) {
		done(TOPIC ":8e1c", NULL, l->arg);
		return;
	}
	err_set(&err, fake.confirm, "SNS says no");
	done(NULL, &err, l->arg);
}

int
sns_confirm_subscription(struct aws_client *client, const char *profile,
    const char *topic_arn, const char *token, sns_confirmed_fn *done, void *arg,
    struct sns_call **out, struct error *err)
{
	(void)client;
	(void)profile;
	(void)topic_arn;
	(void)err;
	fake.confirms++;
	free(fake.token);
	fake.token = xstrdup(token);
	*out = (struct sns_call *)(void *)later(
	    tell_confirm, (void *)(uintptr_t)done, arg, &fake.confirm_held);
	return 0;
}

void
sns_call_cancel(struct sns_call *call)
{
	fake.confirms_cancelled++;
	((struct later *)(void *)call)->gone = true;
}

/* --- the loop, the log, the folder ---------------------------------- */

static void
on_tick(void *arg)
{
	loop_stop(arg);
}

void
sns_turn(void)
{
	int i;

	for (i = 0; i < 3; i++) {
		loop_timer_set(tick, 1);
		loop_run(sns.loop);
	}
}

static void
keep_line(const char *line, void *arg)
{
	(void)arg;
	buf_puts(&sns.log, line);
}

size_t
sns_logged(const char *words)
{
	const char *s = sns.log.data;
	size_t n = 0;

	while ((s = strstr(s, words)) != NULL) {
		n++;
		s += strlen(words);
	}
	return n;
}

int
sns_rig_setup(void **state)
{
	conf_setup(state);
	memset(&fake, 0, sizeof(fake));
	memset(&sns, 0, sizeof(sns));
	strcpy(sns.dir, "/tmp/test_sns-XXXXXX");
	assert_non_null(mkdtemp(sns.dir));
	buf_init(&sns.log, 1 << 20);
	buf_init(&sns.head, 65536);
	buf_init(&sns.body, 65536);
	log_init(LOG_INFO, LOG_TEXT);
	log_set_sink(keep_line, NULL);
	sns.loop = loop_new();
	tick = loop_timer_new(sns.loop, on_tick, sns.loop);
	sns.service.loop = sns.loop;
	sns.service.verifier = verifier;
	return 0;
}

void
sns_stop(void)
{
	sns_listener_free(sns.listener);
	sns.listener = NULL;
}

int
sns_rig_teardown(void **state)
{
	size_t i;

	sns_stop();
	sns_let_go();
	for (i = 0; i < WAITING_MAX; i++)
		assert_null(waiting[i]);
	if (conf != NULL)
		conf_free(conf);
	conf = NULL;
	loop_timer_free(tick);
	loop_free(sns.loop);
	log_set_sink(NULL, NULL);
	log_init(LOG_NONE, LOG_TEXT);
	buf_done(&sns.log);
	buf_done(&sns.head);
	buf_done(&sns.body);
	free(fake.source);
	free(fake.message_id);
	free(fake.text);
	free(fake.token);
	sns_file("user", NULL, 0);
	sns_file("certificate", NULL, 0);
	sns_file("key", NULL, 0);
	assert_int_equal(rmdir(sns.dir), 0);
	return conf_teardown(state);
}

const char *
sns_file(const char *name, const char *text, unsigned mode)
{
	static char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", sns.dir, name);
	unlink(path);
	if (text == NULL)
		return path;
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, (mode_t)mode);
	return path;
}

static int
try_start(const char *more, struct error *err)
{
	char *text = xasprintf("[sns]\nlisten = 127.0.0.1:0\ntopic = " TOPIC
			       ", " TOPIC2 "\n%s\n",
	    more != NULL ? more : "");

	conf = conf_must_load(text, NULL);
	free(text);
	sns.service.conf = conf;
	return sns_listener_new(&sns.service, NULL, &sns.listener, err) == -1 ||
		sns_listener_open(sns.listener, err) == -1
	    ? -1
	    : 0;
}

void
sns_start(const char *more)
{
	struct error err;
	const char *port;

	if (try_start(more, &err) == -1)
		fail_msg("%s", err.text);
	port = strstr(sns.log.data, "://127.0.0.1:");
	assert_non_null(port);
	sns.port = (int)strtol(port + strlen("://127.0.0.1:"), NULL, 10);
}

void
sns_start_fails(const char *more, const char *text, const char *hint)
{
	struct error err;

	error_clear(&err);
	assert_int_equal(try_start(more, &err), -1);
	assert_null(sns.listener);
	assert_int_equal(err.code, ERR_CONFIG);
	if (strstr(err.text, text) == NULL || strstr(err.hint, hint) == NULL)
		fail_msg("not %s, but %s: %s", text, err.text, err.hint);
	conf_free(conf);
	conf = NULL;
}

/* --- messages ------------------------------------------------------- */

char *
sns_json(const char *type, const char *topic, const char *message)
{
	static const char zeros[256];
	bool note = str_eq(type, "Notification");
	struct buf signature;
	char *json;

	buf_init(&signature, 1024);
	encode_base64(&signature, zeros, sizeof(zeros));
	json = xasprintf(
	    "{\n  \"Type\" : \"%s\",\n  \"MessageId\" : \"" ID "\",\n"
	    "%s  \"TopicArn\" : \"%s\",\n  \"Message\" : \"%s\",\n%s"
	    "  \"Timestamp\" : \"2026-11-22T10:00:00.000Z\",\n"
	    "  \"SignatureVersion\" : \"1\",\n"
	    "  \"Signature\" : \"%s\",\n"
	    "  \"SigningCertURL\" : \"https://sns.us-east-1.amazonaws.com/"
	    "SimpleNotificationService-00000000000000000000000000000000.pem\""
	    "%s\n}",
	    type, note ? "" : "  \"Token\" : \"abcdef0123\",\n", topic,
	    message != NULL ? message : "nothing",
	    note ? ""
		 : "  \"SubscribeURL\" : "
		   "\"https://sns.us-east-1.amazonaws.com/?Action=Confirm\",\n",
	    signature.data,
	    note ? ",\n  \"UnsubscribeURL\" : "
		   "\"https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe\""
		 : "");
	buf_done(&signature);
	return json;
}

/* --- a client ------------------------------------------------------- */

int
sns_connect(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sa.sin_port = htons((uint16_t)sns.port);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

/* As far as the peer takes it. */
void
sns_send(int fd, const void *data, size_t len)
{
	int64_t until = clock_mono_ms() + PATIENCE_MS;
	const char *at = data;

	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n == -1 && errno != EAGAIN)
			return;
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
		assert_true(clock_mono_ms() < until);
		sns_turn();
	}
}

bool
sns_has_reply(int fd)
{
	char byte;

	sns_turn();
	return recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) >= 0 ||
	    errno != EAGAIN;
}

static bool
read_byte(int fd, char *byte)
{
	int64_t until = clock_mono_ms() + PATIENCE_MS;
	ssize_t n;

	while ((n = recv(fd, byte, 1, MSG_DONTWAIT)) == -1 && errno == EAGAIN) {
		if (clock_mono_ms() > until)
			fail_msg("no answer");
		sns_turn();
	}
	return n == 1;
}

bool
sns_reply(int fd)
{
	const char *length;
	size_t n;
	char c;

	buf_clear(&sns.head);
	buf_clear(&sns.body);
	sns.status = 0;
	while (!str_ends(sns.head.data, "\r\n\r\n")) {
		if (!read_byte(fd, &c))
			return false;
		buf_putc(&sns.head, c);
	}
	sns.status = (int)strtol(sns.head.data + strlen("HTTP/1.1 "), NULL, 10);
	length = strstr(sns.head.data, "Content-Length: ");
	assert_non_null(length);
	for (n = strtoul(length + 16, NULL, 10); n > 0; n--) {
		assert_true(read_byte(fd, &c));
		buf_putc(&sns.body, c);
	}
	return true;
}

void
sns_post(int fd, const char *fields, const char *body)
{
	char *text = xasprintf("POST /sns HTTP/1.1\r\nHost: a\r\n%s"
			       "Content-Length: %zu\r\n\r\n%s",
	    fields, strlen(body), body);

	sns_send(fd, text, strlen(text));
	free(text);
}

int
sns_ask(const char *fields, const char *body)
{
	int fd = sns_connect();

	sns_post(fd, fields, body);
	if (!sns_reply(fd))
		fail_msg("no answer");
	close(fd);
	sns_turn();
	return sns.status;
}

int
sns_ask_type(const char *type)
{
	char *json = sns_json(type, TOPIC, NULL);
	int status = sns_ask("", json);

	free(json);
	return status;
}

uint64_t
sns_result(enum sns_result result)
{
	struct sns_counts counts;

	assert_true(sns_listener_count(sns.listener, &counts));
	return counts.results[result];
}
