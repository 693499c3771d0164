/* SPDX-License-Identifier: Apache-2.0 */
/* The notification of a request that has ended, piece by piece. */
#include "local/notice.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/jsonw.h"
#include "base/timefmt.h"

/* A third of this in each turn, so that no padding comes between. */
#define PIECE (3 * 16384)

const char notice_test[] =
    "{\"eventVersion\":\"1.0\",\"eventSource\":\"aws:sagemaker\","
    "\"eventName\":\"TestNotification\"}";

/* Up to n bytes; fewer only at the end of the file. */
static ssize_t
read_piece(int fd, char *out, size_t n, off_t at)
{
	size_t len = 0;
	ssize_t got;

	while (len < n) {
		got = pread(fd, out + len, n - len, at + (off_t)len);
		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return -1;
		if (got == 0)
			break;
		len += (size_t)got;
	}
	return (ssize_t)len;
}

/* Base64 needs no escapes in JSON. */
static int
write_content(struct buf *out, int fd, struct error *err)
{
	char piece[PIECE];
	off_t at = 0;
	ssize_t n;

	buf_puts(out, "\"content\":\"");
	do {
		n = read_piece(fd, piece, sizeof(piece), at);
		if (n == -1)
			return err_set_errno(err, ERR_IO, "read the response");
		encode_base64(out, piece, (size_t)n);
		at += n;
	} while (n == PIECE && !out->overflow);
	buf_putc(out, '"');
	return 0;
}

static int
write_response(struct jsonw *w, int fd, struct error *err)
{
	struct stat st;

	if (fd == -1)
		return 0;
	if (fstat(fd, &st) == -1)
		return err_set_errno(err, ERR_IO, "read the response");
	if (st.st_size > NOTICE_RESPONSE_MAX)
		return 0;
	jsonw_begin(w, "responseBody", '{');
	if (write_content(w->out, fd, err) == -1)
		return -1;
	w->comma = true;
	jsonw_str(w, "message",
	    "Check S3 path location(if configured) or Cloudwatch for "
	    "additional details.");
	jsonw_str(w, "encoding", "BASE64");
	jsonw_end(w, '}');
	return 0;
}

static void
write_opt(struct jsonw *w, const char *key, const char *value)
{
	if (value != NULL)
		jsonw_str(w, key, value);
}

static void
write_request(struct jsonw *w, const struct notice *n)
{
	jsonw_begin(w, "requestParameters", '{');
	write_opt(w, "accept", n->accept);
	write_opt(w, "contentType", n->content_type);
	write_opt(w, "customAttributes", n->custom_attributes);
	write_opt(w, "endpointName", n->endpoint);
	write_opt(w, "inputLocation", n->input_location);
	jsonw_end(w, '}');
}

static void
write_places(struct jsonw *w, const struct notice *n)
{
	if (n->response_type == NULL && n->output_location == NULL &&
	    n->failure_location == NULL)
		return;
	jsonw_begin(w, "responseParameters", '{');
	write_opt(w, "contentType", n->response_type);
	write_opt(w, "outputLocation", n->output_location);
	write_opt(w, "failureLocation", n->failure_location);
	jsonw_end(w, '}');
}

static void
write_time(struct jsonw *w, const char *key, int64_t at)
{
	char text[TIMEFMT_ISO_SIZE];

	timefmt_iso(at, text);
	jsonw_str(w, key, text);
}

int
notice_write(struct buf *out, const struct notice *n, struct error *err)
{
	size_t start = out->len;
	struct jsonw w;

	jsonw_init(&w, out);
	jsonw_begin(&w, NULL, '{');
	jsonw_str(&w, "awsRegion", n->region);
	write_time(&w, "eventTime", n->event_at);
	write_time(&w, "receivedTime", n->received_at);
	jsonw_str(
	    &w, "invocationStatus", n->completed ? "Completed" : "Failed");
	write_opt(&w, "failureReason", n->failure_reason);
	write_request(&w, n);
	write_places(&w, n);
	if (write_response(&w, n->response_fd, err) == -1) {
		buf_truncate(out, start);
		return -1;
	}
	jsonw_str(&w, "inferenceId", n->inference_id);
	jsonw_str(&w, "eventVersion", "1.0");
	jsonw_str(&w, "eventSource", "aws:sagemaker");
	jsonw_str(&w, "eventName", "InferenceResult");
	jsonw_end(&w, '}');
	if (out->overflow)
		return err_set(
		    err, ERR_LIMIT, "the notification is larger than any");
	return 0;
}
