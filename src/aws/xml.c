/* SPDX-License-Identifier: Apache-2.0 */
/* A walk over an XML document; the only home of libxml2. */
#include "aws/xml.h"

#include <libxml/xmlreader.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/str.h"

/* Nobody has longer names. */
#define PATH_MAX_BYTES ((size_t)256)

static pthread_once_t xml_once = PTHREAD_ONCE_INIT;

struct walk {
	xmlTextReaderPtr reader;
	const char *root;
	struct buf path;
	/* Where the path ended before the element of each depth. */
	size_t path_len[XML_DEPTH_MAX + 1];
	struct buf text[XML_DEPTH_MAX + 1]; /* of the open ones, by depth */
	xml_leaf_fn *leaf;
	void *arg;
};

/* Nothing outside the document is ever loaded. */
static xmlParserInputPtr
refuse_entity(const char *url, const char *id, xmlParserCtxtPtr ctx)
{
	(void)url;
	(void)id;
	(void)ctx;
	return NULL;
}

static void
init_xml(void)
{
	xmlInitParser();
	xmlSetExternalEntityLoader(refuse_entity);
}

static void
end_element(struct walk *w, int depth)
{
	if (depth < 1 || depth > XML_DEPTH_MAX)
		return;
	w->leaf(w->path.data, w->text[depth].data, w->arg);
	buf_truncate(&w->path, w->path_len[depth]);
}

static bool
begin_element(struct walk *w, int depth)
{
	const char *name = (const char *)xmlTextReaderConstLocalName(w->reader);

	if (depth == 0)
		return str_eq(name, w->root);
	if (depth > XML_DEPTH_MAX)
		return true;
	buf_clear(&w->text[depth]);
	w->path_len[depth] = w->path.len;
	if (depth > 1)
		buf_putc(&w->path, '/');
	if (buf_puts(&w->path, name) == -1)
		return false;
	if (xmlTextReaderIsEmptyElement(w->reader) == 1)
		end_element(w, depth);
	return true;
}

/* One step of the reader; false where the document is refused. */
static bool
take_node(struct walk *w)
{
	int depth = xmlTextReaderDepth(w->reader);
	const char *value;

	switch (xmlTextReaderNodeType(w->reader)) {
	case XML_READER_TYPE_DOCUMENT_TYPE:
	case XML_READER_TYPE_ENTITY_REFERENCE:
		return false;
	case XML_READER_TYPE_ELEMENT:
		return begin_element(w, depth);
	case XML_READER_TYPE_TEXT:
	case XML_READER_TYPE_CDATA:
	case XML_READER_TYPE_WHITESPACE:
	case XML_READER_TYPE_SIGNIFICANT_WHITESPACE:
		/* A text with CDATA in it comes in pieces. */
		value = (const char *)xmlTextReaderConstValue(w->reader);
		if (depth >= 2 && depth <= XML_DEPTH_MAX + 1 && value != NULL)
			buf_puts(&w->text[depth - 1], value);
		return true;
	case XML_READER_TYPE_END_ELEMENT:
		end_element(w, depth);
		return true;
	default:
		return true;
	}
}

static void
wipe(struct buf *b)
{
	hash_wipe(b->data, b->len);
	buf_done(b);
}

static bool
walk(struct walk *w, const char *data, size_t len)
{
	bool ok = true;
	int rc = -1;

	w->reader = xmlReaderForMemory(data, (int)len, NULL, NULL,
	    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	if (w->reader == NULL)
		return false;
	while (ok && (rc = xmlTextReaderRead(w->reader)) == 1)
		ok = take_node(w);
	xmlFreeTextReader(w->reader);
	return ok && rc == 0;
}

int
xml_walk(const char *data, size_t len, const char *root, size_t max,
    xml_leaf_fn *leaf, void *arg, struct error *err)
{
	struct walk w = {.root = root, .leaf = leaf, .arg = arg};
	bool ok = false;
	size_t i;

	if (len > 0 && len <= max && len <= INT_MAX) {
		pthread_once(&xml_once, init_xml);
		buf_init(&w.path, PATH_MAX_BYTES);
		for (i = 0; i <= XML_DEPTH_MAX; i++)
			buf_init(&w.text[i], len);
		ok = walk(&w, data, len);
		for (i = 0; i <= XML_DEPTH_MAX; i++)
			wipe(&w.text[i]);
		buf_done(&w.path);
	}
	if (!ok)
		return err_set(err, ERR_PROTOCOL, "no XML document <%s>", root);
	return 0;
}
