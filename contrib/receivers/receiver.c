/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A receiver of awaitd's webhooks: verifies, takes each event once, answers.
 *
 *	cc -o receiver receiver.c -levent -lcrypto
 *	AWAITD_WEBHOOK_SECRET=$(cat hook.secret) ./receiver [PORT]
 *
 * Several secrets, while one takes the place of another, with blanks between.
 * Prints a line for each event that is new: id, content type, bytes.
 */
#include <arpa/inet.h>
#include <search.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#define BODY_MAX (1024 * 1024)
#define TOLERANCE_S 300
#define KEYS_MAX 8
#define MAC_SIZE 32
#define V1_SIZE 48 /* "v1," and the base64 of a MAC */

struct key {
	unsigned char bytes[66];
	int len;
};

static struct key keys[KEYS_MAX];
static size_t nkeys;

/* A real one keeps these where it keeps what it does with an event, and in
 * the same transaction: then a copy that comes after a crash does no harm. */
static void *seen;

/* --- the secrets ---------------------------------------------------- */

static bool
add_key(const char *base64)
{
	size_t len = strlen(base64), pad = 0;
	struct key *k = &keys[nkeys];
	int n;

	if (nkeys == KEYS_MAX || len == 0 || len > 88 || len % 4 != 0)
		return false;
	while (pad < 2 && base64[len - 1 - pad] == '=')
		pad++;
	n = EVP_DecodeBlock(k->bytes, (const unsigned char *)base64, (int)len);
	if (n == -1)
		return false;
	k->len = n - (int)pad;
	nkeys++;
	return true;
}

static bool
read_keys(void)
{
	const char *env = getenv("AWAITD_WEBHOOK_SECRET");
	char *text = strdup(env != NULL ? env : ""), *rest = text, *word;
	bool ok = text != NULL;

	while (ok && (word = strsep(&rest, " \t\r\n")) != NULL) {
		if (*word != '\0')
			ok = strncmp(word, "whsec_", 6) == 0 &&
			    add_key(word + 6);
	}
	free(text);
	return ok && nkeys > 0;
}

/* --- is it to be believed? ------------------------------------------ */

static void
sign(const struct key *k, const char *id, const char *at,
    const unsigned char *body, size_t len, char out[V1_SIZE])
{
	size_t head = strlen(id) + strlen(at) + 2;
	unsigned char mac[MAC_SIZE];
	char *message = malloc(head + len + 1);

	if (message == NULL)
		abort();
	snprintf(message, head + 1, "%s.%s.", id, at);
	if (len > 0)
		memcpy(message + head, body, len);
	if (HMAC(EVP_sha256(), k->bytes, k->len, (const unsigned char *)message,
		head + len, mac, NULL) == NULL)
		abort();
	free(message);
	memcpy(out, "v1,", 3);
	EVP_EncodeBlock((unsigned char *)out + 3, mac, MAC_SIZE);
}

static bool
is_listed(const char *list, const char right[V1_SIZE])
{
	size_t n, want = strlen(right);
	bool found = false;

	for (; *list != '\0'; list += n + strspn(list + n, " ")) {
		n = strcspn(list, " ");
		if (n == want && CRYPTO_memcmp(list, right, n) == 0)
			found = true;
	}
	return found;
}

static bool
is_fresh(const char *at)
{
	size_t n = strspn(at, "0123456789");
	int64_t age;

	if (n == 0 || n > 12 || at[n] != '\0' || at[0] == '0')
		return false;
	age = (int64_t)time(NULL) - strtoll(at, NULL, 10);
	return age <= TOLERANCE_S && age >= -TOLERANCE_S;
}

/* Why it is not; or NULL. */
static const char *
doubt(struct evkeyvalq *h, const unsigned char *body, size_t len)
{
	const char *id = evhttp_find_header(h, "webhook-id");
	const char *at = evhttp_find_header(h, "webhook-timestamp");
	const char *list = evhttp_find_header(h, "webhook-signature");
	char right[V1_SIZE];
	size_t i;

	if (id == NULL || *id == '\0' || at == NULL || list == NULL)
		return "not signed\n";
	if (!is_fresh(at))
		return "too old, or from the future\n";
	for (i = 0; i < nkeys; i++) {
		sign(&keys[i], id, at, body, len, right);
		if (is_listed(list, right))
			return NULL;
	}
	return "no signature is right\n";
}

/* --- one request ---------------------------------------------------- */

static int
compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* What this receiver is there for. A 2xx answer says that it is done, or
 * safe. */
static bool
take(const char *id, const char *type, size_t len)
{
	return printf("%s %s %zu\n", id, type != NULL ? type : "-", len) > 0 &&
	    fflush(stdout) == 0;
}

static bool
take_once(const char *id, const char *type, size_t len)
{
	char *copy;

	if (tfind(id, &seen, compare) != NULL)
		return true;
	if (!take(id, type, len))
		return false;
	copy = strdup(id);
	if (copy == NULL || tsearch(copy, &seen, compare) == NULL)
		abort();
	return true;
}

static void
answer(struct evhttp_request *r, int status, const char *text)
{
	struct evbuffer *out = evbuffer_new();

	if (out == NULL)
		abort();
	evbuffer_add(out, text, strlen(text));
	evhttp_send_reply(r, status, NULL, out);
	evbuffer_free(out);
}

static void
on_request(struct evhttp_request *r, void *arg)
{
	struct evkeyvalq *h = evhttp_request_get_input_headers(r);
	struct evbuffer *in = evhttp_request_get_input_buffer(r);
	size_t len = evbuffer_get_length(in);
	/* The bytes as they came: a signature is over nothing else. */
	const unsigned char *body = evbuffer_pullup(in, -1);
	const char *why;

	(void)arg;
	if (evhttp_request_get_command(r) != EVHTTP_REQ_POST) {
		answer(r, 405, "a webhook is a POST\n");
		return;
	}
	why = doubt(h, body, len);
	if (why != NULL)
		answer(r, 401, why);
	else if (take_once(evhttp_find_header(h, "webhook-id"),
		     evhttp_find_header(h, "content-type"), len))
		answer(r, 204, "");
	else
		answer(r, 500, "not taken\n");
}

/* --- the program ---------------------------------------------------- */

static int
port_of(struct evhttp_bound_socket *s)
{
	struct sockaddr_in sa = {0};
	socklen_t len = sizeof(sa);

	if (getsockname(evhttp_bound_socket_get_fd(s), (struct sockaddr *)&sa,
		&len) == -1)
		return 0;
	return ntohs(sa.sin_port);
}

int
main(int argc, char **argv)
{
	int port = argc > 1 ? atoi(argv[1]) : 8787;
	struct event_base *base = event_base_new();
	struct evhttp *http = base != NULL ? evhttp_new(base) : NULL;
	struct evhttp_bound_socket *s;

	if (!read_keys()) {
		fputs("AWAITD_WEBHOOK_SECRET holds no whsec_ secret\n", stderr);
		return 2;
	}
	if (http == NULL)
		return 1;
	evhttp_set_max_body_size(http, BODY_MAX);
	evhttp_set_max_headers_size(http, 65536);
	evhttp_set_timeout(http, 30);
	evhttp_set_gencb(http, on_request, NULL);
	s = evhttp_bind_socket_with_handle(http, "127.0.0.1", (uint16_t)port);
	if (s == NULL) {
		perror("bind");
		return 1;
	}
	fprintf(stderr, "listening at http://127.0.0.1:%d/\n", port_of(s));
	return event_base_dispatch(base) == 0 ? 0 : 1;
}
