/* SPDX-License-Identifier: Apache-2.0 */
/* Request heads, strictly. */
#include "net/http_parse.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"

#define METHOD_MAX 24

enum scan_state {
	SCAN_START,
	SCAN_EMPTY_LF, /* behind the CR of an empty first line */
	SCAN_FIRST, /* the next byte begins the request line */
	SCAN_LINE,
	SCAN_LINE_LF, /* behind the CR of a line */
	SCAN_NEXT, /* the next byte begins a line */
	SCAN_LAST_LF, /* behind the CR of the empty last line */
	SCAN_END,
	SCAN_BAD,
};

static int
refuse(struct error *err, int status, const char *text)
{
	err_set(err, ERR_PROTOCOL, "%s", text);
	err->http_status = status;
	return -1;
}

void
http_scan_init(struct http_scan *s, size_t max_head, unsigned max_headers)
{
	memset(s, 0, sizeof(*s));
	s->max_head = max_head;
	s->max_headers = max_headers;
	s->state = SCAN_START;
}

static bool
is_text(unsigned char c)
{
	return (c >= 0x20 && c != 0x7f) || c == '\t';
}

static int
begin_line(unsigned char c, struct error *err)
{
	if (c == ' ' || c == '\t')
		return refuse(err, 400, "a line begins with a blank");
	if (!is_text(c))
		return refuse(err, 400, "a control byte in the head");
	return SCAN_LINE;
}

static int
scan_line_byte(unsigned char c, struct error *err)
{
	if (c == '\r')
		return SCAN_LINE_LF;
	if (c == '\n')
		return refuse(err, 400, "a line end without CR");
	return refuse(err, 400, "a control byte in the head");
}

static int
end_line(struct http_scan *s, struct error *err)
{
	s->lines++;
	if (s->lines > s->max_headers + 1)
		return refuse(err, 431, "too many header fields");
	return SCAN_NEXT;
}

/* The state behind one byte that matters; -1 where it is refused. */
static int
scan_byte(struct http_scan *s, unsigned char c, struct error *err)
{
	switch ((enum scan_state)s->state) {
	case SCAN_START:
		return c == '\r' ? SCAN_EMPTY_LF : begin_line(c, err);
	case SCAN_FIRST:
		return begin_line(c, err);
	case SCAN_NEXT:
		return c == '\r' ? SCAN_LAST_LF : begin_line(c, err);
	case SCAN_LINE:
		return scan_line_byte(c, err);
	case SCAN_EMPTY_LF:
	case SCAN_LINE_LF:
	case SCAN_LAST_LF:
		if (c != '\n')
			return refuse(err, 400, "a CR without LF");
		if (s->state == SCAN_LINE_LF)
			return end_line(s, err);
		return s->state == SCAN_LAST_LF ? SCAN_END : SCAN_FIRST;
	case SCAN_END:
	case SCAN_BAD:
		break;
	}
	abort();
}

static enum http_scan_result
scan_refused(struct http_scan *s)
{
	s->state = SCAN_BAD;
	return HTTP_SCAN_BAD;
}

static enum http_scan_result
scan_too_long(struct http_scan *s, struct error *err)
{
	if (s->lines == 0)
		refuse(err, 414, "the request line is too long");
	else
		refuse(err, 431, "the header fields are too long");
	return scan_refused(s);
}

enum http_scan_result
http_scan_feed(
    struct http_scan *s, const char *data, size_t len, struct error *err)
{
	size_t i = 0, room = s->max_head - s->seen;
	size_t end = len < room ? len : room;
	int next;

	while (i < end) {
		if (s->state == SCAN_LINE) {
			while (i < end && is_text((unsigned char)data[i]))
				i++;
			if (i == end)
				break;
		}
		next = scan_byte(s, (unsigned char)data[i], err);
		if (next == -1)
			return scan_refused(s);
		s->state = next;
		i++;
		if (next == SCAN_END) {
			s->seen += i;
			return HTTP_SCAN_END;
		}
	}
	s->seen += i;
	if (s->seen == s->max_head)
		return scan_too_long(s, err);
	return HTTP_SCAN_MORE;
}

static bool
method_ok(const char *s)
{
	if (*s == '\0' || strlen(s) > METHOD_MAX)
		return false;
	for (; *s != '\0'; s++) {
		if ((*s < 'A' || *s > 'Z') && *s != '-')
			return false;
	}
	return true;
}

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
	    (c >= 'A' && c <= 'F');
}

/* Origin form (RFC 9112, 3.2.1) in printable ASCII; no fragment. */
static bool
target_ok(const char *s)
{
	if (*s != '/')
		return false;
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c <= 0x20 || c >= 0x7f || c == '#')
			return false;
		if (c == '%' && (!is_hex(s[1]) || !is_hex(s[2])))
			return false;
	}
	return true;
}

static int
parse_version(const char *s, struct http_head *h, struct error *err)
{
	if (str_eq(s, "HTTP/1.1") || str_eq(s, "HTTP/1.0")) {
		h->minor = s[7] - '0';
		return 0;
	}
	if (strlen(s) == 8 && str_starts(s, "HTTP/") && s[6] == '.' &&
	    s[5] >= '0' && s[5] <= '9' && s[7] >= '0' && s[7] <= '9')
		return refuse(err, 505, "this server speaks HTTP/1.1");
	return refuse(err, 400, "the request line names no HTTP version");
}

/* METHOD SP target SP version, each blank exactly one. */
static int
parse_request_line(char *line, struct http_head *h, struct error *err)
{
	char *target = strchr(line, ' ');
	char *version = target != NULL ? strchr(target + 1, ' ') : NULL;
	char *query;

	if (version == NULL)
		return refuse(err, 400, "the request line has no three parts");
	*target++ = '\0';
	*version++ = '\0';
	if (parse_version(version, h, err) == -1)
		return -1;
	if (!method_ok(line))
		return refuse(err, 400, "the method is malformed");
	if (!target_ok(target))
		return refuse(err, 400, "the target is no plain path");
	query = strchr(target, '?');
	if (query != NULL)
		*query++ = '\0';
	h->method = line;
	h->path = target;
	h->query = query != NULL ? query : "";
	return 0;
}

static int
parse_field(char *line, struct headers *headers, struct error *err)
{
	char *colon = strchr(line, ':');

	if (colon == NULL)
		return refuse(err, 400, "a header line without a colon");
	*colon = '\0';
	if (!header_name_ok(line))
		return refuse(err, 400, "a header name is no token");
	headers_add(headers, line, str_trim(colon + 1));
	return 0;
}

/* Every line ends in CR LF and no CR stands elsewhere: the scan saw to it. */
static int
parse_lines(char *text, struct http_head *h, struct error *err)
{
	char *line = text, *end;

	if (str_starts(line, "\r\n"))
		line += 2;
	end = line + strcspn(line, "\r");
	*end = '\0';
	if (parse_request_line(line, h, err) == -1)
		return -1;
	for (line = end + 2; *line != '\r'; line = end + 2) {
		end = line + strcspn(line, "\r");
		*end = '\0';
		if (parse_field(line, &h->headers, err) == -1)
			return -1;
	}
	return 0;
}

/* A port of digits, or nothing at all. */
static bool
port_ok(const char *s)
{
	size_t n;

	if (*s == '\0')
		return true;
	if (*s++ != ':')
		return false;
	n = strspn(s, "0123456789");
	return n >= 1 && n <= 5 && s[n] == '\0';
}

/* A name or address with an optional port; narrower than RFC 3986 allows. */
static bool
host_ok(const char *s)
{
	size_t n = 0;

	if (*s == '[') {
		n = strspn(s + 1, "0123456789abcdefABCDEF:.");
		return n >= 2 && s[n + 1] == ']' && port_ok(s + n + 2);
	}
	while (str_is_alnum((unsigned char)s[n]) || s[n] == '-' ||
	    s[n] == '.' || s[n] == '_')
		n++;
	return n > 0 && port_ok(s + n);
}

static int
check_host(const struct http_head *h, struct error *err)
{
	size_t n = headers_count(&h->headers, "Host");

	if (n > 1 || (n == 0 && h->minor == 1))
		return refuse(err, 400, "exactly one Host is needed");
	if (n == 1 && !host_ok(headers_get(&h->headers, "Host")))
		return refuse(err, 400, "the Host is malformed");
	return 0;
}

static int
check_chunked(struct http_head *h, struct error *err)
{
	const char *coding = headers_get(&h->headers, "Transfer-Encoding");

	if (headers_count(&h->headers, "Transfer-Encoding") != 1 ||
	    headers_get(&h->headers, "Content-Length") != NULL)
		return refuse(err, 400, "the length of the body is ambiguous");
	if (h->minor == 0)
		return refuse(err, 400, "no chunks in HTTP/1.0");
	if (!str_ieq(coding, "chunked"))
		return refuse(err, 501, "no transfer coding but chunked");
	h->chunked = true;
	h->length = -1;
	return 0;
}

static int
check_length(struct http_head *h, struct error *err)
{
	const char *s = headers_get(&h->headers, "Content-Length");
	size_t n;

	if (headers_get(&h->headers, "Transfer-Encoding") != NULL)
		return check_chunked(h, err);
	if (s == NULL)
		return 0;
	n = strspn(s, "0123456789");
	if (headers_count(&h->headers, "Content-Length") != 1 || s[n] != '\0' ||
	    n > HTTP_LENGTH_DIGITS ||
	    str_to_i64(s, 0, HTTP_LENGTH_MAX, &h->length) == -1)
		return refuse(err, 400, "the Content-Length is malformed");
	return 0;
}

/* HTTP/1.0 cannot wait for a 100 (RFC 9110, 10.1.1). */
static int
check_expect(struct http_head *h, struct error *err)
{
	const char *s = headers_get(&h->headers, "Expect");

	if (s == NULL || h->minor == 0)
		return 0;
	if (headers_count(&h->headers, "Expect") != 1 ||
	    !str_ieq(s, "100-continue"))
		return refuse(err, 417, "no expectation but 100-continue");
	h->expect = h->length != 0;
	return 0;
}

/* Whether a comma-separated list names this option. */
static bool
list_names(const char *list, const char *option)
{
	size_t len = strlen(option);

	while (*list != '\0') {
		size_t n, word;

		list += strspn(list, ", \t");
		n = strcspn(list, ",");
		word = strcspn(list, ", \t");
		if (word == len && strncasecmp(list, option, len) == 0)
			return true;
		list += n;
	}
	return false;
}

static bool
wants_close(const struct http_head *h)
{
	size_t i;

	if (h->minor == 0)
		return true;
	for (i = 0; i < h->headers.n; i++) {
		if (str_ieq(h->headers.v[i].name, "Connection") &&
		    list_names(h->headers.v[i].value, "close"))
			return true;
	}
	return false;
}

int
http_parse_head(
    const char *data, size_t len, struct http_head *out, struct error *err)
{
	struct http_head h;

	memset(&h, 0, sizeof(h));
	headers_init(&h.headers);
	h.text = xstrndup(data, len);
	if (parse_lines(h.text, &h, err) == -1 || check_host(&h, err) == -1 ||
	    check_length(&h, err) == -1 || check_expect(&h, err) == -1) {
		http_head_done(&h);
		return -1;
	}
	h.close = wants_close(&h);
	*out = h;
	return 0;
}

void
http_head_done(struct http_head *h)
{
	headers_done(&h->headers);
	xfree(&h->text);
}
