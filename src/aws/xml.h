/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XML as AWS sends it, element by element, by libxml2's pull reader: no DTD, no
 * entity of the document's own, no network, a cap on all of it.
 */
#ifndef AWS_XML_H
#define AWS_XML_H

#include <stddef.h>

#include "base/error.h"

/*
 * The end of an element below the root: its path, such as "Contents/Key", names
 * without namespaces; and its own text, without that of elements within it.
 * Elements more than XML_DEPTH_MAX below the root are passed over. Both are
 * borrowed for the length of the call.
 */
#define XML_DEPTH_MAX 4
typedef void xml_leaf_fn(const char *path, const char *text, void *arg);

/*
 * 0, or -1 where it is not one whole document with that root of at most max
 * bytes: ERR_PROTOCOL. Elements up to the fault were told by then. Texts are
 * wiped: they may be secrets.
 */
int xml_walk(const char *data, size_t len, const char *root, size_t max,
    xml_leaf_fn *leaf, void *arg, struct error *err);

#endif
