/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP header fields in their order, names compared without case. */
#ifndef NET_HEADER_H
#define NET_HEADER_H

#include <stdbool.h>
#include <stddef.h>

/* Both strings are one piece of memory. */
struct header {
	char *name;
	char *value;
};

struct headers {
	struct header *v;
	size_t n;
	size_t cap;
};

void headers_init(struct headers *h);
void headers_done(struct headers *h);

/* Room for so many at once. */
void headers_reserve(struct headers *h, size_t n);

/* Add one behind the others, or replace all of that name by one. */
void headers_add(struct headers *h, const char *name, const char *value);
void headers_addn(struct headers *h, const char *name, size_t name_len,
    const char *value, size_t value_len);
void headers_addf(struct headers *h, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void headers_set(struct headers *h, const char *name, const char *value);
void headers_remove(struct headers *h, const char *name);

/* The first field of that name, or NULL. Borrowed. */
const char *headers_get(const struct headers *h, const char *name);
size_t headers_count(const struct headers *h, const char *name);

/* RFC 9110, 5.1 and 5.5: a token; no CR, LF, NUL or other control but tab. */
bool header_name_ok(const char *name);
bool header_value_ok(const char *value);

#endif
