/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies of requests: from memory, from a file, from whoever has them piece by
 * piece.
 *
 * Where a kept connection turns out dead before a byte of the answer, curl
 * sends the request again over a new one. It says so to nobody, but asks each
 * time before it sends.
 */
#include "net/http_upload.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

/* Where there is but a head: curl allocates it for each transfer. */
#define BUFFER_SIZE_HEAD 1024L

static struct error *
own_error(struct http_upload *u)
{
	if (*u->err == NULL)
		*u->err = xcalloc(1, sizeof(**u->err));
	return *u->err;
}

static int
read_file(struct http_upload *u, void *out, size_t want, size_t *got)
{
	ssize_t n = pread(u->fd, out, want, u->at);

	if (n <= 0) {
		if (n == 0)
			errno = ENODATA;
		return err_set_errno(
		    own_error(u), ERR_IO, "read the request's body");
	}
	*got = (size_t)n;
	return 0;
}

static int
read_source(struct http_upload *u, void *out, size_t want, size_t *got)
{
	struct error err;

	*got = 0;
	if (u->source(out, want, got, u->source_arg, &err) == 0)
		return 0;
	*own_error(u) = err;
	return -1;
}

static size_t
on_read(char *out, size_t size, size_t n, void *arg)
{
	struct http_upload *u = arg;
	size_t want = size * n, got;
	int rc;

	if ((int64_t)want > u->len - u->at)
		want = (size_t)(u->len - u->at);
	if (want == 0)
		return 0;
	rc = u->source != NULL ? read_source(u, out, want, &got)
			       : read_file(u, out, want, &got);
	if (rc == -1)
		return CURL_READFUNC_ABORT;
	if (got == 0) {
		u->waits = true;
		return CURL_READFUNC_PAUSE;
	}
	u->at += (int64_t)got;
	return got;
}

/* What came from a source is gone. */
static int
on_seek(void *arg, curl_off_t offset, int origin)
{
	struct http_upload *u = arg;

	if (origin != SEEK_SET || offset < 0 || offset > u->len ||
	    (u->source != NULL && offset != u->at))
		return CURL_SEEKFUNC_FAIL;
	u->at = offset;
	return CURL_SEEKFUNC_OK;
}

/* There is a connection, and the request is about to be sent over it. */
static int
on_send(void *arg, char *peer, char *own, int peer_port, int own_port)
{
	struct http_upload *u = arg;
	long sent = 0;

	(void)peer;
	(void)own;
	(void)peer_port;
	(void)own_port;
	/* A connection that took no byte got no copy. */
	curl_easy_getinfo(u->curl, CURLINFO_REQUEST_SIZE, &sent);
	u->stale = u->no_copy && u->begun && sent > 0;
	u->begun = true;
	if (!u->stale)
		return CURL_PREREQFUNC_OK;
	err_set(own_error(u), ERR_NET,
	    "the kept connection was closed; it may have arrived");
	(*u->err)->retryable = true;
	return CURL_PREREQFUNC_ABORT;
}

static void
set_pulled(struct http_upload *u, const struct http_request *r)
{
	u->fd = r->body_fd;
	u->source = r->source;
	u->source_arg = r->source_arg;
	u->len = r->file_len;
	curl_easy_setopt(u->curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(u->curl, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(u->curl, CURLOPT_READDATA, u);
	curl_easy_setopt(u->curl, CURLOPT_SEEKFUNCTION, on_seek);
	curl_easy_setopt(u->curl, CURLOPT_SEEKDATA, u);
	curl_easy_setopt(
	    u->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)r->file_len);
	/* It could not be sent again where a kept one turned out dead. */
	if (r->source != NULL)
		curl_easy_setopt(u->curl, CURLOPT_FRESH_CONNECT, 1L);
}

static void
set_kept(struct http_upload *u, const struct http_request *r)
{
	u->body = xmemdup(r->body != NULL ? r->body : "", r->body_len);
	u->len = (int64_t)r->body_len;
	curl_easy_setopt(u->curl, CURLOPT_POSTFIELDS, u->body);
	curl_easy_setopt(
	    u->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
}

void
http_upload_set(struct http_upload *u, CURL *curl, const struct http_request *r,
    struct error **err)
{
	u->curl = curl;
	u->err = err;
	u->no_copy = r->no_copy;
	if (r->file_len > 0) {
		set_pulled(u, r);
	} else if (str_eq(r->method, "POST") || str_eq(r->method, "PUT")) {
		set_kept(u, r);
	} else if (str_eq(r->method, "HEAD")) {
		curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
		curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, BUFFER_SIZE_HEAD);
	}
	if (u->len > 0 || u->body != NULL) {
		curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, on_send);
		curl_easy_setopt(curl, CURLOPT_PREREQDATA, u);
	}
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, r->method);
}

bool
http_upload_resume(struct http_upload *u)
{
	if (!u->waits)
		return false;
	u->waits = false;
	curl_easy_pause(u->curl, CURLPAUSE_CONT);
	return true;
}

bool
http_upload_whole(const struct http_upload *u)
{
	curl_off_t sent = 0;

	if (u->len == 0)
		return true;
	curl_easy_getinfo(u->curl, CURLINFO_SIZE_UPLOAD_T, &sent);
	return sent >= u->len;
}

void
http_upload_done(struct http_upload *u)
{
	free(u->body);
	u->body = NULL;
}
