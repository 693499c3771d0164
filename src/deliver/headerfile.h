/* SPDX-License-Identifier: Apache-2.0 */
/* Header fields that a file adds to each request of a webhook: secrets. */
#ifndef DELIVER_HEADERFILE_H
#define DELIVER_HEADERFILE_H

#include <stddef.h>

#include "base/error.h"
#include "net/header.h"

#define HEADERFILE_FIELDS_MAX 32
#define HEADERFILE_SIZE_MAX 8192

/*
 * "Name: value" a line, of printable ASCII; empty lines and those that begin
 * with '#' say nothing. No name twice, none that is ours to set or that HTTP
 * itself needs. ERR_CONFIG names the line, never its value.
 */
int headerfile_parse(const char *text, struct headers *out, struct error *err);

/* The same from a file that others cannot read. */
int headerfile_read(const char *path, struct headers *out, struct error *err);

/* Wiped. */
void headerfile_done(struct headers *h);

#endif
