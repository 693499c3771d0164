/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log lines. One static line is enough: only the loop's thread logs, and the
 * store's thread hands its news to the loop.
 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/str.h"
#include "base/timefmt.h"

#define LINE_MAX_BYTES 16384
#define VALUE_MAX_BYTES 4096 /* as written, escapes and all */
#define TAIL_BYTES 32 /* kept free for how a line ends */

static enum log_level threshold = LOG_INFO;
static enum log_format format = LOG_TEXT;
static void (*line_sink)(const char *line, void *arg);
static void *line_sink_arg;
static void (*before_fn)(void *arg);
static void *before_arg;
static struct buf line;
static bool line_open;
static bool line_cut; /* a field did not fit */

static const char *const level_names[] = {
    "debug", "info", "warn", "error", "none"};

void
log_init(enum log_level level, enum log_format fmt)
{
	threshold = level;
	format = fmt;
}

bool
log_wants(enum log_level level)
{
	return level >= threshold;
}

int
log_parse_level(const char *s, enum log_level *out)
{
	int i;

	for (i = LOG_DEBUG; i <= LOG_NONE; i++) {
		if (str_eq(s, level_names[i])) {
			*out = (enum log_level)i;
			return 0;
		}
	}
	return -1;
}

int
log_parse_format(const char *s, enum log_format *out)
{
	if (str_eq(s, "text"))
		*out = LOG_TEXT;
	else if (str_eq(s, "json"))
		*out = LOG_JSON;
	else
		return -1;
	return 0;
}

void
log_set_sink(void (*sink)(const char *line, void *arg), void *arg)
{
	line_sink = sink;
	line_sink_arg = arg;
}

void
log_before(void (*fn)(void *arg), void *arg)
{
	before_fn = fn;
	before_arg = arg;
}

static bool
needs_quotes(const char *value)
{
	const char *p;

	if (*value == '\0' || strlen(value) > VALUE_MAX_BYTES)
		return true;
	for (p = value; *p != '\0'; p++) {
		if (*p <= ' ' || *p >= 0x7f || strchr("\"=\\", *p) != NULL)
			return true;
	}
	return false;
}

/* The character of n bytes (0: one byte that is not UTF-8). */
static void
append_char(const char *s, size_t n)
{
	unsigned char c = (unsigned char)s[0];

	if (c == '"' || c == '\\')
		buf_printf(&line, "\\%c", c);
	else if (n == 0)
		buf_printf(&line, "\\u%04x", c);
	else if (!str_is_harmless(s, n))
		encode_u(&line, s, n);
	else
		buf_append(&line, s, n);
}

static void
append_quoted(const char *value)
{
	size_t end = line.len + VALUE_MAX_BYTES, n;

	buf_putc(&line, '"');
	for (; *value != '\0'; value += n != 0 ? n : 1) {
		if (line.len >= end) {
			buf_puts(&line, "\xe2\x80\xa6");
			break;
		}
		n = str_utf8_len(value, strnlen(value, 4));
		append_char(value, n);
	}
	buf_putc(&line, '"');
}

/* A field that does not fit goes as a whole: half of one is no line. */
static void
end_field(size_t before)
{
	if (!line.overflow)
		return;
	buf_truncate(&line, before);
	line.overflow = false;
	line_cut = true;
}

static void
append_key(const char *key)
{
	if (format == LOG_JSON)
		buf_printf(&line, ",\"%s\":", key);
	else
		buf_printf(&line, " %s=", key);
}

void
log_begin(enum log_level level, const char *token)
{
	char now[TIMEFMT_ISO_SIZE];

	/* A line that somebody else forgot, or is in the middle of. */
	log_end();
	line_open = log_wants(level);
	if (!line_open)
		return;
	line_cut = false;
	timefmt_iso(clock_wall_ms(), now);
	buf_init(&line, LINE_MAX_BYTES);
	if (format == LOG_JSON)
		buf_printf(&line,
		    "{\"time\":\"%s\",\"level\":\"%s\",\"part\":\"%s\"", now,
		    level_names[level], token);
	else
		buf_printf(&line, "%s %s %s:", now, level_names[level], token);
}

void
log_str(const char *key, const char *value)
{
	size_t before = line.len;

	if (!line_open || value == NULL)
		return;
	append_key(key);
	if (format == LOG_JSON || needs_quotes(value))
		append_quoted(value);
	else
		buf_puts(&line, value);
	end_field(before);
}

void
log_int(const char *key, int64_t value)
{
	size_t before = line.len;

	if (!line_open)
		return;
	append_key(key);
	buf_printf(&line, "%lld", (long long)value);
	end_field(before);
}

void
log_err(const struct error *err)
{
	log_str("error", err->text);
	log_str("code",
	    err->remote_code[0] != '\0' ? err->remote_code
					: error_code_name(err->code));
	if (err->hint[0] != '\0')
		log_str("hint", err->hint);
}

/* A log that cannot be written is no reason to stop. */
static void
write_line(void)
{
	ssize_t n;

	if (line_sink != NULL) {
		line_sink(line.data, line_sink_arg);
		return;
	}
	if (before_fn != NULL)
		before_fn(before_arg);
	buf_putc(&line, '\n');
	n = write(STDERR_FILENO, line.data, line.len);
	(void)n;
}

void
log_end(void)
{
	if (!line_open)
		return;
	line.max += TAIL_BYTES;
	if (line_cut) {
		append_key("cut");
		buf_puts(&line, "true");
	}
	if (format == LOG_JSON)
		buf_putc(&line, '}');
	write_line();
	buf_done(&line);
	line_open = false;
}

static void __attribute__((format(printf, 3, 0)))
say(enum log_level level, const char *token, const char *fmt, va_list ap)
{
	char text[VALUE_MAX_BYTES + 8]; /* so that a cut is seen */

	if (!log_wants(level))
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	log_begin(level, token);
	log_str("msg", text);
	log_end();
}

#define SAY(name, level)                                   \
	void name(const char *token, const char *fmt, ...) \
	{                                                  \
		va_list ap;                                \
		va_start(ap, fmt);                         \
		say(level, token, fmt, ap);                \
		va_end(ap);                                \
	}

SAY(log_debug, LOG_DEBUG)
SAY(log_info, LOG_INFO)
SAY(log_warn, LOG_WARN)
SAY(log_error, LOG_ERROR)
