/* SPDX-License-Identifier: Apache-2.0 */
/* S3's XML, the only home of libxml2. */
#include "aws/s3xml.h"

#include <libxml/xmlreader.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define DOCUMENT_MAX_BYTES ((size_t)64 * 1024)

static pthread_once_t xml_once = PTHREAD_ONCE_INIT;

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

/* The field that the element at depth 1 fills, or NULL. */
static char *
field_of(struct s3xml_error *e, const char *name, size_t *size)
{
	const struct {
		const char *name;
		char *field;
		size_t size;
	} fields[] = {
	    {"Code", e->code, sizeof(e->code)},
	    {"Message", e->message, sizeof(e->message)},
	    {"Region", e->region, sizeof(e->region)},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(fields); i++) {
		if (str_eq(name, fields[i].name)) {
			*size = fields[i].size;
			return fields[i].field;
		}
	}
	return NULL;
}

/* A text with CDATA in it comes in pieces. */
static void
append(char *field, size_t size, const char *more)
{
	size_t len = strlen(field);

	snprintf(field + len, size - len, "%s", more);
}

/* One step of the reader; false where the document is refused. */
static bool
take_node(
    xmlTextReaderPtr reader, struct s3xml_error *e, char **field, size_t *size)
{
	int depth = xmlTextReaderDepth(reader);
	const char *name, *value;

	switch (xmlTextReaderNodeType(reader)) {
	case XML_READER_TYPE_DOCUMENT_TYPE:
	case XML_READER_TYPE_ENTITY_REFERENCE:
		return false;
	case XML_READER_TYPE_ELEMENT:
		name = (const char *)xmlTextReaderConstLocalName(reader);
		if (depth == 0)
			return str_eq(name, "Error");
		*field = depth == 1 ? field_of(e, name, size) : NULL;
		if (*field != NULL)
			**field = '\0';
		return true;
	case XML_READER_TYPE_TEXT:
	case XML_READER_TYPE_CDATA:
		value = (const char *)xmlTextReaderConstValue(reader);
		if (*field != NULL && depth == 2 && value != NULL)
			append(*field, *size, value);
		return true;
	case XML_READER_TYPE_END_ELEMENT:
		*field = NULL;
		return true;
	default:
		return true;
	}
}

int
s3xml_parse_error(
    const char *data, size_t len, struct s3xml_error *out, struct error *err)
{
	struct s3xml_error e;
	xmlTextReaderPtr reader;
	char *field = NULL;
	size_t size = 0;
	bool ok = true;
	int rc = -1;

	if (len == 0 || len > DOCUMENT_MAX_BYTES)
		return err_set(err, ERR_PROTOCOL, "no XML error document");
	pthread_once(&xml_once, init_xml);
	memset(&e, 0, sizeof(e));
	reader = xmlReaderForMemory(data, (int)len, NULL, NULL,
	    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	if (reader != NULL) {
		while (ok && (rc = xmlTextReaderRead(reader)) == 1)
			ok = take_node(reader, &e, &field, &size);
		xmlFreeTextReader(reader);
	}
	if (!ok || rc != 0 || e.code[0] == '\0')
		return err_set(err, ERR_PROTOCOL, "no XML error document");
	*out = e;
	return 0;
}
