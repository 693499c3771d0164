/* SPDX-License-Identifier: Apache-2.0 */
/* Handles of curl that are used again. */
#include "net/http_easy.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define CONNECT_MS_DEFAULT 10000
#define STALL_MS_DEFAULT 60000
#define ORIGINS_MAX 64

void
http_easies_init(struct http_easies *s)
{
	memset(s, 0, sizeof(*s));
	s->share = curl_share_init();
	if (s->share == NULL)
		abort();
	/* A handshake that resumes one costs half; by itself each handle would
	 * only know its own. */
	curl_share_setopt(
	    s->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	TAILQ_INIT(&s->idle);
	TAILQ_INIT(&s->origins);
}

/* --- origins -------------------------------------------------------- */

static void
drop_origin(struct http_easies *s, struct http_origin *o)
{
	TAILQ_REMOVE(&s->origins, o, entry);
	s->norigins--;
	curl_url_cleanup(o->url);
	free(o->name);
	free(o);
}

static bool
is_loopback(const char *url)
{
	const char *host = strstr(url, "://");
	size_t len;

	if (host == NULL)
		return false;
	host += 3;
	len = strcspn(host, ":/?");
	if (len == strlen("localhost") && str_starts(host, "localhost"))
		return true;
	return str_starts(host, "[::1]") ||
	    (str_starts(host, "127.") && strspn(host, "0123456789.") == len);
}

/*
 * How long the URL is up to its path; 0 where curl has to read all of it: where
 * it holds what curl may refuse, or leave out, and where a proxy of the
 * environment may want it whole.
 */
static size_t
origin_len(const char *url, bool no_proxy)
{
	const char *authority, *path, *p;

	if (str_starts(url, "https://"))
		authority = url + strlen("https://");
	else if (no_proxy && str_starts(url, "http://"))
		authority = url + strlen("http://");
	else
		return 0;
	path = authority + strcspn(authority, "/?#@");
	if (*path != '/' || path == authority)
		return 0;
	for (p = path; *p > ' ' && *p < 0x7f && *p != '#'; p++)
		;
	return *p == '\0' ? (size_t)(path - url) : 0;
}

static void
make_room(struct http_easies *s)
{
	struct http_origin *o;

	if (s->norigins < ORIGINS_MAX)
		return;
	TAILQ_FOREACH_REVERSE(o, &s->origins, http_origins, entry)
	{
		if (o->refs == 0) {
			drop_origin(s, o);
			return;
		}
	}
}

/* NULL: there are too many, or curl does not like it and says so later. */
static struct http_origin *
add_origin(struct http_easies *s, const char *url, size_t len)
{
	struct http_origin *o;

	make_room(s);
	if (s->norigins >= ORIGINS_MAX)
		return NULL;
	o = xcalloc(1, sizeof(*o));
	o->name = xstrndup(url, len);
	o->url = curl_url();
	if (o->url == NULL)
		abort();
	TAILQ_INSERT_HEAD(&s->origins, o, entry);
	s->norigins++;
	if (curl_url_set(o->url, CURLUPART_URL, o->name, 0) == CURLUE_OK)
		return o;
	drop_origin(s, o);
	return NULL;
}

static struct http_origin *
find_origin(struct http_easies *s, const char *url, bool no_proxy)
{
	size_t len = origin_len(url, no_proxy);
	struct http_origin *o;

	if (len == 0)
		return NULL;
	TAILQ_FOREACH (o, &s->origins, entry) {
		if (strncmp(o->name, url, len) == 0 && o->name[len] == '\0')
			break;
	}
	if (o == NULL)
		return add_origin(s, url, len);
	if (o != TAILQ_FIRST(&s->origins)) {
		TAILQ_REMOVE(&s->origins, o, entry);
		TAILQ_INSERT_HEAD(&s->origins, o, entry);
	}
	return o;
}

/* --- kinds ---------------------------------------------------------- */

static bool
has_body(const struct http_request *r)
{
	return r->file_len > 0 || str_eq(r->method, "POST") ||
	    str_eq(r->method, "PUT");
}

static struct http_kind
kind_of(struct http_easies *s, const struct http_request *r)
{
	struct http_kind k = {
	    .timeout_ms = r->timeout_ms,
	    .connect_ms =
		r->connect_ms > 0 ? r->connect_ms : CONNECT_MS_DEFAULT,
	    .stall_ms = r->stall_ms > 0 ? r->stall_ms : STALL_MS_DEFAULT,
	    /* A proxy of the environment is not for ourselves. */
	    .no_proxy =
		r->direct || r->unix_socket != NULL || is_loopback(r->url),
	};
	size_t len = strlen(r->method);

	/* What is special is set anew each time. */
	if (has_body(r) || r->unix_socket != NULL || r->once ||
	    r->connect_only || len >= sizeof(k.method))
		return k;
	memcpy(k.method, r->method, len);
	k.origin = find_origin(s, r->url, k.no_proxy);
	return k;
}

static bool
is_same(const struct http_kind *a, const struct http_kind *b)
{
	return a->origin == b->origin && a->timeout_ms == b->timeout_ms &&
	    a->connect_ms == b->connect_ms && a->stall_ms == b->stall_ms &&
	    a->no_proxy == b->no_proxy && str_eq(a->method, b->method);
}

/* --- what is set ---------------------------------------------------- */

static void
set_kind(CURL *e, const struct http_kind *k)
{
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)k->connect_ms);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)k->timeout_ms);
	/* What is over before it could stall needs no timer for that. */
	if (k->timeout_ms == 0 || k->timeout_ms > k->stall_ms) {
		curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, 1L);
		curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME,
		    (long)((k->stall_ms + 999) / 1000));
	}
	if (k->no_proxy)
		curl_easy_setopt(e, CURLOPT_PROXY, "");
	if (k->origin != NULL)
		curl_easy_setopt(e, CURLOPT_CURLU, k->origin->url);
}

static size_t
fields_size(const struct headers *h)
{
	size_t i, size = 0;

	for (i = 0; i < h->n; i++)
		size +=
		    strlen(h->v[i].name) + strlen(h->v[i].value) + sizeof(": ");
	return size;
}

/* "Name;" is curl's way to send an empty value. */
static char *
write_field(char *at, const struct header *h)
{
	at = stpcpy(at, h->name);
	if (*h->value == '\0')
		return stpcpy(at, ";") + 1;
	return stpcpy(stpcpy(at, ": "), h->value) + 1;
}

/* What curl would add by itself is switched off: all is signed or left out.
 * Without a body it would add but the first. */
static const char *const off[] = {
    "Accept:", "Content-Type:", "Expect:", "Transfer-Encoding:"};
static const char *const off_names[] = {
    "Accept", "Content-Type", "Expect", "Transfer-Encoding"};

/* A list of curl's, of which curl only reads. */
static void
make_fields(struct http_easy *e, const struct headers *h, bool body)
{
	static const struct headers none;
	size_t i, n = 0;
	struct curl_slist *v;
	char *at;

	if (h == NULL)
		h = &none;
	v = e->fields = xreallocarray(NULL, h->n + ARRAY_LEN(off), sizeof(*v));
	at = e->texts = xmalloc(fields_size(h));
	for (i = 0; i < h->n; i++) {
		v[n++].data = at;
		at = write_field(at, &h->v[i]);
	}
	for (i = 0; i < (body ? ARRAY_LEN(off) : 1); i++) {
		if (headers_get(h, off_names[i]) == NULL)
			v[n++].data = (char *)(uintptr_t)off[i];
	}
	for (i = 0; i < n; i++)
		v[i].next = i + 1 < n ? &v[i + 1] : NULL;
	curl_easy_setopt(e->curl, CURLOPT_HTTPHEADER, n > 0 ? v : NULL);
}

static void
set_request(struct http_easy *e, const struct http_request *r)
{
	const struct http_origin *o = e->kind.origin;

	e->error[0] = '\0';
	make_fields(e, r->headers, has_body(r));
	if (o != NULL)
		curl_easy_setopt(
		    e->curl, CURLOPT_REQUEST_TARGET, r->url + strlen(o->name));
	else
		curl_easy_setopt(e->curl, CURLOPT_URL, r->url);
}

/* --- handles -------------------------------------------------------- */

static struct http_easy *
easy_new(const struct http_easies *s)
{
	struct http_easy *e = xcalloc(1, sizeof(*e));

	e->curl = curl_easy_init();
	if (e->curl == NULL)
		abort();
	curl_easy_setopt(e->curl, CURLOPT_SHARE, s->share);
	return e;
}

static void
forget_kind(struct http_easy *e)
{
	if (e->kind.origin != NULL)
		e->kind.origin->refs--;
	e->kind.origin = NULL;
}

static void
easy_free(struct http_easy *e)
{
	curl_easy_cleanup(e->curl);
	forget_kind(e);
	free(e);
}

/* One of that kind, or the one that was used longest ago; NULL: there is none
 * at all. */
static struct http_easy *
take_idle(struct http_easies *s, const struct http_kind *k, bool *same)
{
	struct http_easy *e;

	*same = false;
	if (k->origin != NULL) {
		TAILQ_FOREACH (e, &s->idle, entry) {
			*same = is_same(&e->kind, k);
			if (*same)
				break;
		}
	}
	if (!*same)
		e = TAILQ_LAST(&s->idle, http_easy_list);
	if (e != NULL) {
		TAILQ_REMOVE(&s->idle, e, entry);
		s->nidle--;
	}
	return e;
}

struct http_easy *
http_easy_get(struct http_easies *s, const struct http_request *r, bool *fresh)
{
	struct http_kind kind = kind_of(s, r);
	struct http_easy *e;
	bool same;

	e = take_idle(s, &kind, &same);
	if (!same) {
		if (e == NULL)
			e = easy_new(s);
		else
			curl_easy_reset(e->curl);
		/* First this one's: it may be the same origin. */
		if (kind.origin != NULL)
			kind.origin->refs++;
		forget_kind(e);
		e->kind = kind;
		set_kind(e->curl, &kind);
		curl_easy_setopt(e->curl, CURLOPT_ERRORBUFFER, e->error);
	}
	set_request(e, r);
	*fresh = !same;
	return e;
}

void
http_easy_put(struct http_easies *s, struct http_easy *e)
{
	curl_easy_setopt(e->curl, CURLOPT_HTTPHEADER, NULL);
	free(e->fields);
	e->fields = NULL;
	xfree(&e->texts);
	if (s->nidle >= HTTP_EASY_IDLE_MAX) {
		easy_free(e);
		return;
	}
	/* Nothing of a request with a body, a socket and the like stays. */
	if (e->kind.origin == NULL)
		curl_easy_reset(e->curl);
	TAILQ_INSERT_HEAD(&s->idle, e, entry);
	s->nidle++;
}

void
http_easies_done(struct http_easies *s)
{
	struct http_easy *e;
	struct http_origin *o;

	while ((e = TAILQ_FIRST(&s->idle)) != NULL) {
		TAILQ_REMOVE(&s->idle, e, entry);
		easy_free(e);
	}
	while ((o = TAILQ_FIRST(&s->origins)) != NULL)
		drop_origin(s, o);
	curl_share_cleanup(s->share);
}
