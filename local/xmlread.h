/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The small XML documents that S3's clients send and S3 answers, read strictly
 * and without anything that could grow: no DTD, no entities of its own, no
 * namespaces (a prefix is cut off, attributes are passed over).
 */
#ifndef LOCAL_XMLREAD_H
#define LOCAL_XMLREAD_H

#include <stddef.h>

#include "base/error.h"

/*
 * Called at the end of each element: its path such as "/Delete/Object/Key",
 * and the text behind its last child, UTF-8 without NUL. 0, or -1 with *err
 * to break off.
 */
typedef int xmlread_fn(
    const char *path, const char *text, void *arg, struct error *err);

/* ERR_PROTOCOL where the text is no such document. */
int xmlread(
    const char *text, size_t len, xmlread_fn *fn, void *arg, struct error *err);

#endif
