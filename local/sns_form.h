/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parameters of AWS's query protocol: name=value pairs of a form or of a
 * query string, and lists spelt out in names such as "Attributes.entry.1.key".
 */
#ifndef LOCAL_SNS_FORM_H
#define LOCAL_SNS_FORM_H

#include <stddef.h>

#include "base/error.h"

#define SNS_FORM_FIELDS_MAX 1000

struct sns_form_field {
	char *name;
	char *value;
};

struct sns_form {
	struct sns_form_field *v;
	size_t n;
	size_t cap;
};

void sns_form_init(struct sns_form *f);
void sns_form_done(struct sns_form *f);

/* Adds the pairs of a text. ERR_PROTOCOL where an escape is broken, a value
 * is no UTF-8 or holds a NUL, a name comes twice, or there are too many. */
int sns_form_add(
    struct sns_form *f, const char *text, size_t len, struct error *err);

/* NULL where there is none. Borrowed. */
const char *sns_form_get(const struct sns_form *f, const char *name);
/* "prefix.n.suffix" of a list; n from 1; suffix NULL: "prefix.n". */
const char *sns_form_item(
    const struct sns_form *f, const char *prefix, size_t n, const char *suffix);

#endif
