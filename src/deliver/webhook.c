/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Webhooks: one POST an attempt, over connections that are kept. curl repeats a
 * request by itself where a kept one turns out dead, which the receiver may
 * have read before: the attempt's note says so then. Connections are dropped
 * before most servers would drop them (Node.js after 5 s), so that this is
 * rare.
 *
 * A body in a file is read twice: once in slices for its signature, which
 * stands before it, and once on its way out. Without a signature it may leave
 * while it still comes.
 */
#include "deliver/webhook.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "deliver/headerfile.h"
#include "deliver/secretfile.h"
#include "deliver/whanswer.h"
#include "deliver/whfields.h"
#include "deliver/whrequest.h"
#include "deliver/whsign.h"
#include "net/egress.h"
#include "net/proxy.h"
#include "net/url.h"

/* Of a kept connection; a second more at most. */
#define IDLE_MAX_S 3
#define PROXY_MAX 4096
/* A file has to leave at 16 kB/s or faster, so that there is an end to it. */
#define BYTES_PER_MS_MIN 16
/* Of signing, in one turn of the loop. */
#define SLICE_MS 4
#define SLICE_PIECE 65536

struct webhook {
	struct loop *loop;
	struct http_client *http; /* its own */
	char *url; /* NULL: the job's */
	int64_t timeout_ms;
	struct whsign *sign; /* or NULL */
	struct headers extra;
};

struct call {
	struct webhook *webhook;
	struct parcel parcel;
	struct http_call *http; /* or NULL */
	int64_t timestamp_s; /* of the attempt */
	struct whsign_run *run; /* over the file, up to … */
	int64_t signed_to;
	const char *never; /* why it is not tried at all, or NULL */
	char *fields; /* of the request, as they are kept; or NULL */
	deliver_done_fn *done;
	void *arg;
};

static const char *
url_of(const struct webhook *w, const struct parcel *p)
{
	return w->url != NULL ? w->url : p->job->spec.callback_url;
}

/* --- the answer ----------------------------------------------------- */

static void
finish(struct call *c, struct deliver_result *result)
{
	result->request_headers = c->fields;
	c->done(result, c->arg);
	free(c->fields);
	free(c);
}

static void
fail(struct call *c, const struct error *err)
{
	struct deliver_result result;

	whanswer_judge(NULL, err, &result);
	finish(c, &result);
	whanswer_done(&result);
}

static void
on_done(const struct http_response *r, const struct error *err, void *arg)
{
	struct call *c = arg;
	const struct headers *extra = &c->webhook->extra;
	const char *const urls[] = {
	    c->parcel.result_url, url_of(c->webhook, &c->parcel)};
	struct deliver_result result;

	if (r != NULL)
		crash_point("C11");
	if (c->parcel.source != NULL)
		c->parcel.source->ready = NULL;
	whanswer_judge(r, err, &result);
	whanswer_mask(&result, extra, urls, ARRAY_LEN(urls));
	if (r != NULL)
		result.response_headers = whfields_of_answer(
		    &r->headers, extra, urls, ARRAY_LEN(urls));
	finish(c, &result);
	whanswer_done(&result);
}

/* --- the request ---------------------------------------------------- */

static bool
in_file(const struct parcel *p)
{
	return p->fd != -1 && p->source == NULL && p->size > 0;
}

static void
on_ready(void *arg)
{
	struct call *c = arg;

	c->parcel.source->ready = NULL;
	http_resume(c->http);
}

static int
pull(void *out, size_t max, size_t *len, void *arg, struct error *err)
{
	struct call *c = arg;
	struct deliver_source *source = c->parcel.source;
	ssize_t n = source->read(source, out, max, err);

	if (n == DELIVER_LATER) {
		source->ready_arg = c;
		source->ready = on_ready;
	} else if (n > 0) {
		*len = (size_t)n;
	} else if (n == 0) {
		return err_set(err, ERR_IO, "the result ends too early");
	} else {
		return -1;
	}
	return 0;
}

/* Where the bytes come from that are not in memory. */
static void
set_large(struct http_request *r, struct call *c)
{
	const struct parcel *p = &c->parcel;

	r->body_fd = p->fd;
	r->file_len = p->size;
	r->timeout_ms += p->size / BYTES_PER_MS_MIN;
	/* Beside it a handshake is nothing. */
	r->once = true;
	if (p->source != NULL) {
		r->source = pull;
		r->source_arg = c;
	}
}

static int
post(struct call *c, const struct headers *headers, struct error *err)
{
	const struct webhook *w = c->webhook;
	const struct parcel *p = &c->parcel;
	struct http_request r = {
	    .method = "POST",
	    .url = url_of(w, p),
	    .headers = headers,
	    .body_max = ATTEMPT_RESPONSE_MAX,
	    .cut_body = true,
	    .timeout_ms = w->timeout_ms,
	    .stall_ms = w->timeout_ms,
	    .no_copy = true,
	    .kept_max_s = IDLE_MAX_S,
	};

	if (in_file(p) || (p->source != NULL && p->size > 0)) {
		set_large(&r, c);
	} else if (p->size > 0) {
		r.body = p->body;
		r.body_len = (size_t)p->size;
	}
	return http_start(w->http, &r, on_done, c, &c->http, err);
}

/* With the signatures in `list`, if any. */
static int
send_it(struct call *c, const struct buf *list, struct error *err)
{
	struct headers headers;
	int rc;

	whrequest_fields(
	    &headers, &c->parcel, c->timestamp_s, &c->webhook->extra);
	if (list->len > 0)
		headers_add(&headers, "webhook-signature", list->data);
	c->fields = whfields_of_request(&headers, &c->webhook->extra);
	rc = post(c, &headers, err);
	headers_done(&headers);
	return rc;
}

static int
send_from_memory(struct call *c, struct error *err)
{
	const struct parcel *p = &c->parcel;
	struct whsign *sign = c->webhook->sign;
	struct buf list;
	int rc;

	buf_init(&list, WHSIGN_LIST_SIZE);
	if (sign != NULL)
		whsign_sign(sign, p->delivery->id, c->timestamp_s, p->body,
		    (size_t)p->size, &list);
	rc = send_it(c, &list, err);
	buf_done(&list);
	return rc;
}

/* --- a file --------------------------------------------------------- */

static int
read_piece(struct call *c, struct error *err)
{
	char piece[SLICE_PIECE];
	ssize_t n = pread(c->parcel.fd, piece, sizeof(piece), c->signed_to);

	if (n <= 0) {
		if (n == 0)
			errno = ENODATA;
		return err_set_errno(err, ERR_IO, "read the result");
	}
	if (n > c->parcel.size - c->signed_to)
		n = (ssize_t)(c->parcel.size - c->signed_to);
	whsign_update(c->run, piece, (size_t)n);
	c->signed_to += n;
	return 0;
}

static void
end_signing(struct call *c)
{
	struct error err;
	struct buf list;
	int rc;

	buf_init(&list, WHSIGN_LIST_SIZE);
	whsign_end(c->run, &list);
	c->run = NULL;
	rc = send_it(c, &list, &err);
	buf_done(&list);
	if (rc == -1)
		fail(c, &err);
}

static void
on_slice(void *arg)
{
	struct call *c = arg;
	int64_t begun = clock_mono_ms();
	struct error err;

	while (c->signed_to < c->parcel.size &&
	    clock_mono_ms() - begun < SLICE_MS) {
		if (read_piece(c, &err) == -1) {
			whsign_end(c->run, NULL);
			fail(c, &err);
			return;
		}
	}
	if (c->signed_to < c->parcel.size)
		loop_post(c->webhook->loop, on_slice, c);
	else
		end_signing(c);
}

static void
on_never(void *arg)
{
	struct call *c = arg;
	struct deliver_result result = {
	    .verdict = DELIVER_DEAD,
	    .status = ATTEMPT_NO_STATUS,
	    .error_class = CLASS_CONFIG,
	    .note = c->never,
	};

	finish(c, &result);
}

static int
begin(struct call *c, struct error *err)
{
	const struct parcel *p = &c->parcel;
	struct webhook *w = c->webhook;

	if (url_of(w, p) == NULL)
		c->never = "the job names no URL to call back";
	else if (w->sign != NULL && !whsign_reaches(w->sign, p->size))
		c->never = "it is too large for a signature of version v1a: "
			   "that needs a secret whsec_";
	if (c->never != NULL) {
		loop_post(w->loop, on_never, c);
		return 0;
	}
	if (w->sign == NULL || !in_file(p))
		return send_from_memory(c, err);
	c->run =
	    whsign_begin(w->sign, p->delivery->id, c->timestamp_s, p->size);
	loop_post(w->loop, on_slice, c);
	return 0;
}

/* --- the driver ----------------------------------------------------- */

static int
webhook_start(void *self, const struct parcel *p, deliver_done_fn *done,
    void *arg, void **out, struct error *err)
{
	struct call *c = xcalloc(1, sizeof(*c));

	c->webhook = self;
	c->parcel = *p;
	c->timestamp_s = clock_wall_ms() / 1000;
	c->done = done;
	c->arg = arg;
	if (begin(c, err) == -1) {
		free(c->fields);
		free(c);
		return -1;
	}
	*out = c;
	return 0;
}

static void
webhook_cancel(void *call)
{
	struct call *c = call;

	loop_unpost(c->webhook->loop, c);
	if (c->run != NULL)
		whsign_end(c->run, NULL);
	http_cancel(c->http);
	if (c->parcel.source != NULL)
		c->parcel.source->ready = NULL;
	free(c->fields);
	free(c);
}

static void
webhook_free(void *self)
{
	struct webhook *w = self;

	http_client_free(w->http);
	whsign_free(w->sign);
	headerfile_done(&w->extra);
	free(w->url);
	free(w);
}

static const struct deliver_driver webhook_driver = {
    .start = webhook_start,
    .cancel = webhook_cancel,
    .free = webhook_free,
};

static int
check_url(const char *s, const struct egress *egress, struct error *err)
{
	struct url url;
	int rc = url_parse(s, &url, err);

	if (rc == 0) {
		rc = egress_check_url(egress, &url, err);
		url_done(&url);
	}
	if (rc == -1)
		err->code = ERR_CONFIG;
	return rc;
}

/* As the client wants it: NULL for what the environment says. *out is the
 * caller's, to be released with hash_wipe_free(). */
static int
read_proxy(const struct webhook_options *o, char **out, struct error *err)
{
	*out = NULL;
	if (o->proxy_file != NULL) {
		if (secretfile_line(o->proxy_file, "a proxy's URL", 1,
			PROXY_MAX, out, err) == 0)
			return 0;
		return err_prefix(err, "proxy_file");
	}
	if (o->proxy != NULL && !str_eq(o->proxy, "environment"))
		*out = xstrdup(str_eq(o->proxy, "none") ? "" : o->proxy);
	return 0;
}

/* A host that nobody excepts, where each job names its own. */
static char *
environment_proxy(const struct webhook_options *o)
{
	const char *proxy;
	struct error ignored;
	struct url url;

	if (url_parse(o->url != NULL ? o->url : "https://any.invalid/", &url,
		&ignored) == -1)
		return NULL;
	proxy = proxy_of_environment(&url);
	url_done(&url);
	return proxy != NULL ? proxy_name(proxy) : NULL;
}

char *
webhook_proxy(const struct webhook_options *o)
{
	struct error ignored;
	char *proxy, *name = NULL;

	if (read_proxy(o, &proxy, &ignored) == -1)
		return NULL;
	if (proxy == NULL)
		return environment_proxy(o);
	if (*proxy != '\0')
		name = proxy_name(proxy);
	hash_wipe_free(&proxy);
	return name;
}

int
webhook_client(const struct webhook_options *o, struct http_client **out,
    struct error *err)
{
	struct http_client_options ho = {
	    .max_per_host = o->target.max_in_flight,
	    .ca_file = o->ca_file,
	    .certificate_file = o->certificate_file,
	    .private_key_file = o->private_key_file,
	    .user_agent = "awaitd/" PACKAGE_VERSION,
	};
	struct egress *egress;
	char *proxy;
	int rc;

	if (egress_new(o->allow_networks, &egress, err) == -1)
		return err_prefix(err, "allow_networks");
	if (read_proxy(o, &proxy, err) == -1) {
		egress_free(egress);
		return -1;
	}
	ho.egress = egress;
	ho.proxy = proxy;
	rc = o->url != NULL ? check_url(o->url, egress, err) : 0;
	if (rc == 0)
		rc = http_client_new(o->loop, &ho, out, err);
	hash_wipe_free(&proxy);
	egress_free(egress);
	return rc;
}

static int
read_keys(
    const struct webhook_options *o, struct whsign **out, struct error *err)
{
	bool texts = o->secrets != NULL && o->secrets[0] != NULL;
	bool files = o->secret_files != NULL && o->secret_files[0] != NULL;
	const char *key = texts ? "secret" : "secret_file";
	int rc;

	*out = NULL;
	if (!texts && !files)
		return 0;
	rc = texts ? whsign_from_texts(o->secrets, out, err)
		   : whsign_from_files(o->secret_files, out, err);
	if (rc == -1)
		return err_prefix(err, "%s", key);
	if (whsign_can_sign(*out))
		return 0;
	whsign_free(*out);
	*out = NULL;
	err_set(err, ERR_CONFIG, "%s: a public key cannot sign", key);
	return err_hint(
	    err, "whpk_ is for receivers: here its whsk_ is needed.");
}

static int
read_files(
    struct webhook *w, const struct webhook_options *o, struct error *err)
{
	if (read_keys(o, &w->sign, err) == -1)
		return -1;
	if (o->header_file != NULL &&
	    headerfile_read(o->header_file, &w->extra, err) == -1)
		return err_prefix(err, "header_file");
	return 0;
}

int
webhook_new(
    const struct webhook_options *o, struct target **out, struct error *err)
{
	struct webhook *w = xcalloc(1, sizeof(*w));

	w->loop = o->loop;
	w->url = xstrdup_or_null(o->url);
	w->timeout_ms = o->target.timeout_ms;
	if (webhook_client(o, &w->http, err) == -1 ||
	    read_files(w, o, err) == -1) {
		webhook_free(w);
		return -1;
	}
	*out = target_new(&o->target, &webhook_driver, w);
	/* A signature stands before the bytes. */
	(*out)->streams = w->sign == NULL;
	return 0;
}
