/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log lines on standard error, as text or as JSON, one line each.
 *
 * Control characters in values are escaped; a value is cut after 4 KiB with an
 * ellipsis, and fields that find no room in 16 KiB are left out ("cut").
 * Secrets are never handed in: nothing here could tell them apart. Only
 * engine, serve, cmd and local log above debug; the layers below return errors.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_NONE };
enum log_format { LOG_TEXT, LOG_JSON };

void log_init(enum log_level threshold, enum log_format format);
bool log_wants(enum log_level level);

/* 0, or -1 where the name is none of ours. */
int log_parse_level(const char *s, enum log_level *out);
int log_parse_format(const char *s, enum log_format *out);

/* A sentence. `token` names the part that speaks, such as "engine". */
void log_debug(const char *token, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void log_info(const char *token, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void log_warn(const char *token, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void log_error(const char *token, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * A line of key=value facts: begin, any number of fields, end. Nothing is
 * written where the level is below the threshold. NULL strings are left out.
 */
void log_begin(enum log_level level, const char *token);
void log_str(const char *key, const char *value);
void log_int(const char *key, int64_t value);
void log_err(const struct error *err); /* error=, code=, hint= */
void log_end(void);

/* Called before each line that is written to standard error, by whoever has
 * something else there that must make way; NULL: nobody. It must not log. */
void log_before(void (*fn)(void *arg), void *arg);

/* Tests read lines instead of standard error; NULL gives it back. */
void log_set_sink(void (*sink)(const char *line, void *arg), void *arg);

#endif
