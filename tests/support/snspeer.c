/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SNS as far as it posts: messages that are signed beforehand, each with an id
 * of its own, from 127.0.0.2.
 *   snspeer post PORT KEY CERTURL TOPIC COUNT EVERY_MS
 *     one after the other, each over a connection of its own:
 *       genuine=N ok=N p99_ms=X max_ms=X
 *   snspeer load PORT KEY CERTURL TOPIC COUNT CONNECTIONS
 *     as many as are taken, over kept connections:
 *       sent=N ok=N per_s=N
 *   snspeer write FILE KEY CERTURL TOPIC COUNT
 *     into a file, a JSON document a line.
 *   snspeer follow LOG KEY CERTURL TOPIC DIR
 *     of each run in DIR/runs.tsv, once it has ended, again and again until the
 *     answer is 200; to the port that LOG named last. Each answer is a line of
 *     DIR/notices.tsv: message, inference, status. Until it is killed.
 * KEY is the PEM of the private key, CERTURL where its certificate is; a '*' in
 * it stands for 32 other hexadecimal digits each time.
 * INFERENCES=FILE: inference ids, one a line, that the messages tell of.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "tests/support/sns_maker.h"

#define COUNT_MAX 1000000
#define CONNECTIONS_MAX 64
#define PATIENCE_MS 20000
#define PAUSE_MS 2
/* Behind the end of a run, its result is there. */
#define AFTER_MS 20

static int64_t port;
static EVP_PKEY *key;
static const char *cert_url, *topic;
static struct buf inferences; /* lines, or empty */
static const char *next_inference;

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "snspeer: %s: %s\n", what, strerror(errno));
	exit(2);
}

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* --- messages ------------------------------------------------------- */

static char *
inference(void)
{
	char uuid[RANDOM_UUID_SIZE];
	size_t len;
	char *id;

	if (inferences.len == 0) {
		random_uuid(uuid);
		return xstrdup(uuid);
	}
	if (next_inference == NULL || *next_inference == '\0')
		next_inference = inferences.data;
	len = strcspn(next_inference, "\n");
	id = xstrndup(next_inference, len);
	next_inference += len + (next_inference[len] == '\n');
	return id;
}

static char *
escape(const char *s)
{
	struct buf b;

	buf_init(&b, 65536);
	for (; *s != '\0'; s++)
		buf_printf(&b, *s == '"' ? "\\%c" : "%c", *s);
	return buf_take(&b);
}

static char *
certificate(void)
{
	const char *star = strchr(cert_url, '*');
	unsigned char digits[16];
	char hex[2 * sizeof(digits) + 1];

	if (star == NULL)
		return xstrdup(cert_url);
	random_bytes(digits, sizeof(digits));
	encode_hex(digits, sizeof(digits), hex);
	return xasprintf(
	    "%.*s%s%s", (int)(star - cert_url), cert_url, hex, star + 1);
}

static char *
make_message(const char *job, char id[RANDOM_UUID_SIZE])
{
	char at[TIMEFMT_ISO_SIZE];
	char *url = certificate();
	char *text, *escaped, *signature, *json;
	struct letter l;

	random_uuid(id);
	timefmt_iso(clock_wall_ms(), at);
	text = xasprintf(
	    "{\"awsRegion\":\"us-east-1\",\"eventTime\":\"%s\","
	    "\"receivedTime\":\"%s\",\"invocationStatus\":\"Completed\","
	    "\"requestParameters\":{\"endpointName\":\"cat\","
	    "\"inputLocation\":\"s3://bucket/in\"},\"responseParameters\":{"
	    "\"contentType\":\"text/plain\",\"outputLocation\":"
	    "\"s3://bucket/out/%s.out\"},\"inferenceId\":\"%s\","
	    "\"eventVersion\":\"1.0\",\"eventSource\":\"aws:sagemaker\","
	    "\"eventName\":\"InferenceResult\"}",
	    at, at, job, job);
	escaped = escape(text);
	memset(&l, 0, sizeof(l));
	l.f[F_TYPE] = "Notification";
	l.f[F_ID] = id;
	l.f[F_TOPIC] = topic;
	l.f[F_MESSAGE] = text;
	l.f[F_TIME] = at;
	l.f[F_VERSION] = "1";
	l.f[F_CERT_URL] = url;
	l.f[F_UNSUBSCRIBE] = "http://127.0.0.1/?Action=Unsubscribe";
	signature = maker_sign(&l, "Notification", "1", key);
	l.f[F_SIGNATURE] = signature;
	l.f[F_MESSAGE] = escaped;
	json = maker_json(&l);
	free(signature);
	free(escaped);
	free(text);
	free(url);
	return json;
}

static char *
make_request_of(const char *job, char id[RANDOM_UUID_SIZE])
{
	char *json = make_message(job, id);
	char *request = xasprintf("POST /sns HTTP/1.1\r\nHost: 127.0.0.1\r\n"
				  "x-amz-sns-message-type: Notification\r\n"
				  "x-amz-sns-topic-arn: %s\r\n"
				  "Content-Type: text/plain; charset=UTF-8\r\n"
				  "User-Agent: Amazon Simple Notification "
				  "Service Agent\r\n"
				  "Content-Length: %zu\r\n\r\n%s",
	    topic, strlen(json), json);

	free(json);
	return request;
}

static char *
make_request(void)
{
	char id[RANDOM_UUID_SIZE];
	char *job = inference(), *request = make_request_of(job, id);

	free(job);
	return request;
}

/* --- the wire ------------------------------------------------------- */

/* -1: nobody is there. */
static int
try_from(unsigned last)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sa.sin_addr.s_addr = htonl(0x7f000000 | last);
	if (fd == -1 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == -1)
		die("bind");
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sa.sin_port = htons((uint16_t)port);
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == -1) {
		close(fd);
		return -1;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static int
connect_from(unsigned last)
{
	int fd = try_from(last);

	if (fd == -1)
		die("connect");
	return fd;
}

static bool
send_request(int fd, const char *request)
{
	size_t len = strlen(request);

	return send(fd, request, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* Answers have no body here, or one in the same segment. 0: none. */
static int
read_status(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char piece[4096];
	ssize_t n;

	if (poll(&p, 1, PATIENCE_MS) != 1)
		return 0;
	n = recv(fd, piece, sizeof(piece) - 1, 0);
	if (n <= 9)
		return 0;
	piece[n] = '\0';
	return (int)strtol(piece + 9, NULL, 10);
}

/* --- one after the other -------------------------------------------- */

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static int
post(size_t n, int64_t every_ms)
{
	double *took = xcalloc(n, sizeof(*took));
	size_t i, ok = 0;

	for (i = 0; i < n; i++) {
		char *request = make_request();
		double began = now_ms();
		int status, fd = connect_from(2);

		status = send_request(fd, request) ? read_status(fd) : 0;
		took[i] = now_ms() - began;
		ok += status == 200;
		if (status != 200)
			printf("answer %zu: %d\n", i, status);
		close(fd);
		free(request);
		poll(NULL, 0, (int)every_ms);
	}
	qsort(took, n, sizeof(*took), compare);
	printf("genuine=%zu ok=%zu p99_ms=%.0f max_ms=%.0f\n", n, ok,
	    took[(n * 99 + 99) / 100 - 1], took[n - 1]);
	free(took);
	return ok != n;
}

/* --- as many as are taken ------------------------------------------- */

static int
load(size_t n, size_t connections)
{
	char **requests = xcalloc(n, sizeof(*requests));
	struct pollfd v[CONNECTIONS_MAX];
	size_t i, next = 0, done = 0, ok = 0;
	double began;

	for (i = 0; i < n; i++)
		requests[i] = make_request();
	began = now_ms();
	for (i = 0; i < connections; i++) {
		v[i].fd = connect_from(2);
		v[i].events = POLLIN;
		if (next < n)
			send_request(v[i].fd, requests[next++]);
	}
	while (done < n && poll(v, (nfds_t)connections, PATIENCE_MS) > 0) {
		for (i = 0; i < connections && done < n; i++) {
			if (v[i].revents == 0)
				continue;
			done++;
			ok += read_status(v[i].fd) == 200;
			if (next < n)
				send_request(v[i].fd, requests[next++]);
		}
	}
	printf("sent=%zu ok=%zu per_s=%.0f\n", n, ok,
	    (double)done * 1000 / (now_ms() - began));
	for (i = 0; i < n; i++)
		free(requests[i]);
	free(requests);
	return ok != n;
}

static int
write_file(const char *path, size_t n)
{
	FILE *f = fopen(path, "w");
	size_t i;

	if (f == NULL)
		die(path);
	for (i = 0; i < n; i++) {
		char id[RANDOM_UUID_SIZE];
		char *job = inference(), *json = make_message(job, id), *s;

		for (s = json; *s != '\0'; s++)
			*s = *s == '\n' ? ' ' : *s;
		fprintf(f, "%s\n", json);
		free(json);
		free(job);
	}
	return fclose(f) != 0;
}

/* --- until it is answered ------------------------------------------- */

struct parcel {
	TAILQ_ENTRY(parcel) entry;
	char id[RANDOM_UUID_SIZE];
	char *inference;
	char *request; /* the same each time */
	int64_t due_at; /* wall clock */
};
static TAILQ_HEAD(, parcel) parcels = TAILQ_HEAD_INITIALIZER(parcels);

/* The next whole line behind what was read; what is read is the caller's. */
static bool
next_line(FILE *f, char **line, size_t *size)
{
	long at = ftell(f);
	ssize_t n = getline(line, size, f);

	if (n > 0 && (*line)[n - 1] == '\n')
		return true;
	clearerr(f);
	fseek(f, at, SEEK_SET);
	return false;
}

static void
read_port(const char *line)
{
	static const char words[] = "SNS may post to http://127.0.0.1:";
	const char *at = strstr(line, words);

	if (at != NULL)
		port = strtol(at + strlen(words), NULL, 10);
}

/* When it was noted, when it ends, inference, object, digest. */
static void
read_run(char *line)
{
	struct parcel *p = xcalloc(1, sizeof(*p));
	const char *ends;

	strsep(&line, "\t");
	ends = strsep(&line, "\t");
	if (line == NULL)
		die("runs.tsv");
	p->inference = xstrdup(strsep(&line, "\t"));
	p->due_at = strtoll(ends, NULL, 10) + AFTER_MS;
	p->request = make_request_of(p->inference, p->id);
	TAILQ_INSERT_TAIL(&parcels, p, entry);
}

/* False: nobody is there now. */
static bool
deliver(struct parcel *p, int ledger)
{
	int fd = port != 0 ? try_from(2) : -1;
	int status;

	if (fd == -1)
		return false;
	status = send_request(fd, p->request) ? read_status(fd) : 0;
	close(fd);
	if (dprintf(ledger, "%s\t%s\t%d\n", p->id, p->inference, status) < 0)
		die("notices.tsv");
	if (status != 200)
		return status != 0;
	TAILQ_REMOVE(&parcels, p, entry);
	free(p->inference);
	free(p->request);
	free(p);
	return true;
}

static void
deliver_due(int ledger)
{
	struct parcel *p, *next;

	for (p = TAILQ_FIRST(&parcels); p != NULL; p = next) {
		next = TAILQ_NEXT(p, entry);
		if (p->due_at <= clock_wall_ms() && !deliver(p, ledger))
			return;
	}
}

static FILE *
open_in(const char *dir, const char *name, const char *mode)
{
	char *path = xasprintf("%s/%s", dir, name);
	FILE *f = fopen(path, mode);

	if (f == NULL)
		die(path);
	free(path);
	return f;
}

static void __attribute__((noreturn))
follow(const char *log_path, const char *dir)
{
	FILE *log = fopen(log_path, "r");
	FILE *runs = open_in(dir, "runs.tsv", "r");
	FILE *ledger = open_in(dir, "notices.tsv", "a");
	char *line = NULL;
	size_t size = 0;

	if (log == NULL)
		die(log_path);
	for (;;) {
		while (next_line(log, &line, &size))
			read_port(line);
		while (next_line(runs, &line, &size))
			read_run(line);
		deliver_due(fileno(ledger));
		poll(NULL, 0, PAUSE_MS);
	}
}

static void
read_files(const char *key_file)
{
	const char *path = getenv("INFERENCES");
	FILE *f = fopen(key_file, "r");
	struct error err;

	if (f == NULL)
		die(key_file);
	key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	if (key == NULL)
		die("no key");
	buf_init(&inferences, (size_t)64 << 20);
	if (path != NULL && file_read(path, &inferences, &err) == -1)
		die(path);
}

static int
usage(void)
{
	fputs("usage: snspeer post PORT KEY CERTURL TOPIC COUNT EVERY_MS\n"
	      "       snspeer load PORT KEY CERTURL TOPIC COUNT CONNECTIONS\n"
	      "       snspeer write FILE KEY CERTURL TOPIC COUNT\n"
	      "       snspeer follow LOG KEY CERTURL TOPIC DIR\n",
	    stderr);
	return 2;
}

int
main(int argc, char **argv)
{
	int64_t n, m = 0;
	bool follows = argc == 7 && str_eq(argv[1], "follow");
	int rc;

	if (argc < 7 ||
	    (!follows && str_to_i64(argv[6], 1, COUNT_MAX, &n) == -1) ||
	    (argc == 8 && str_to_i64(argv[7], 1, 60000, &m) == -1))
		return usage();
	cert_url = argv[4];
	topic = argv[5];
	read_files(argv[3]);
	if (follows)
		follow(argv[2], argv[6]);
	if (argc == 7 && str_eq(argv[1], "write"))
		rc = write_file(argv[2], (size_t)n);
	else if (argc != 8 || str_to_i64(argv[2], 1, 65535, &port) == -1)
		rc = usage();
	else if (str_eq(argv[1], "post"))
		rc = post((size_t)n, m);
	else if (str_eq(argv[1], "load") && m <= CONNECTIONS_MAX)
		rc = load((size_t)n, (size_t)m);
	else
		rc = usage();
	EVP_PKEY_free(key);
	buf_done(&inferences);
	return rc;
}
