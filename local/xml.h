/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XML written piece by piece into a buffer, as S3 answers. Names are ours and
 * are not checked; texts are anybody's and are escaped.
 */
#ifndef LOCAL_XML_H
#define LOCAL_XML_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* The declaration that begins a document. */
void xml_start(struct buf *out);

/* `xmlns` may be NULL. */
void xml_open(struct buf *out, const char *name, const char *xmlns);
void xml_close(struct buf *out, const char *name);

/*
 * <name>text</name>. Control characters become references such as &#x1;,
 * which S3 sends too although XML 1.0 has no such characters: clients that
 * mind ask for encoding-type=url. Bytes that are no UTF-8 become U+FFFD.
 */
void xml_text(struct buf *out, const char *name, const char *text);
void xml_textn(struct buf *out, const char *name, const char *text, size_t len);
/* The text alone. */
void xml_escape(struct buf *out, const char *text);
void xml_int(struct buf *out, const char *name, int64_t value);

#endif
