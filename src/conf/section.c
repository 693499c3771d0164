/* SPDX-License-Identifier: Apache-2.0 */
/* Sections of every kind, by the table of kinds. */
#include "conf/section.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/value.h"

/* --- titles --------------------------------------------------------- */

static int
refuse_title(const char *title, struct error *err)
{
	struct buf known;
	size_t i;

	buf_init(&known, sizeof(err->hint));
	for (i = 0; i < conf_kinds_len; i++)
		buf_printf(&known, "%s[%s%s]",
		    i == 0                       ? ""
			: i + 1 < conf_kinds_len ? ", "
						 : " and ",
		    conf_kinds[i].name, conf_kinds[i].named ? " NAME" : "");
	err_set(err, ERR_CONFIG, "unknown section [%s]", title);
	err_hint(err, "Known sections: %s.", known.data);
	for (i = 0; i < conf_kinds_len; i++) {
		if (conf_kinds[i].named && str_eq(conf_kinds[i].name, title)) {
			err_set(err, ERR_CONFIG, "[%s] has no name", title);
			err_hint(err, "Write [%s NAME].", title);
		}
	}
	buf_done(&known);
	return -1;
}

int
section_kind(const char *title, const struct conf_kind **kind,
    const char **name, struct error *err)
{
	const char *rest = "";
	size_t i, len;

	for (i = 0; i < conf_kinds_len; i++) {
		len = strlen(conf_kinds[i].name);
		if (strncmp(title, conf_kinds[i].name, len) != 0)
			continue;
		rest = title + len;
		if (*rest == '\0' && !conf_kinds[i].named)
			break;
		if (*rest == ' ' && conf_kinds[i].named && rest[1] != ' ' &&
		    rest[1] != '\0') {
			rest++;
			break;
		}
	}
	if (i == conf_kinds_len)
		return refuse_title(title, err);
	if (conf_kinds[i].target && !conf_name_ok(rest))
		return err_set(err, ERR_CONFIG,
		    "[%s]: a name is 1 to 63 characters of A-Z a-z 0-9 - _ .",
		    title);
	*kind = &conf_kinds[i];
	*name = rest;
	return 0;
}

char *
section_title(const struct conf_kind *kind, const struct conf_head *head)
{
	return kind->named ? xasprintf("%s %s", kind->name, head->name)
			   : xstrdup(kind->name);
}

size_t
section_key(const char *kind, const char *key)
{
	size_t i;

	for (i = 0; i < conf_keys_len; i++) {
		if (str_eq(conf_keys[i].section, kind) &&
		    str_eq(conf_keys[i].name, key))
			break;
	}
	return i;
}

/* --- one section ---------------------------------------------------- */

void
section_init(const struct conf_kind *kind, struct conf_head *head)
{
	struct error err;
	size_t i;

	for (i = 0; i < conf_keys_len; i++) {
		if (str_eq(conf_keys[i].section, kind->name) &&
		    value_set(&conf_keys[i], head, "", NULL, &err) == -1)
			abort();
	}
}

void
section_done(const struct conf_kind *kind, struct conf_head *head)
{
	size_t i;

	for (i = 0; i < conf_keys_len; i++) {
		xfree(&head->sources.v[i]);
		if (str_eq(conf_keys[i].section, kind->name))
			value_done(&conf_keys[i], head);
	}
	xfree(&head->name);
	xfree(&head->place);
}

struct conf_head *
section_new(const struct conf_kind *kind, const char *name, const char *place)
{
	struct conf_head *head = xcalloc(1, kind->size);

	head->name = xstrdup(name);
	head->place = xstrdup(place);
	section_init(kind, head);
	return head;
}

void
section_free(const struct conf_kind *kind, struct conf_head *head)
{
	if (head == NULL)
		return;
	section_done(kind, head);
	free(head);
}

/* --- all of them ---------------------------------------------------- */

/*
 * The array in struct conf is one of pointers to the kind's own struct. All
 * pointers to structs look alike (C11 6.2.5), but an lvalue of another such
 * type must not touch them: so they are copied.
 */
static char *
array_of(const struct conf *conf, const struct conf_kind *kind)
{
	char *array;

	memcpy(&array, (const char *)conf + kind->offset, sizeof(array));
	return array;
}

size_t
section_count(const struct conf *conf, const struct conf_kind *kind)
{
	if (!kind->named)
		return 1;
	return *(
	    const size_t *)(const void *)((const char *)conf + kind->count);
}

struct conf_head *
section_at(const struct conf *conf, const struct conf_kind *kind, size_t i)
{
	struct conf_head *head;

	if (!kind->named)
		return (struct conf_head *)(void *)((char *)(uintptr_t)conf +
		    kind->offset);
	memcpy(&head, array_of(conf, kind) + i * sizeof(head), sizeof(head));
	return head;
}

struct conf_head *
section_find(
    const struct conf *conf, const struct conf_kind *kind, const char *name)
{
	size_t i;

	for (i = 0; i < section_count(conf, kind); i++) {
		struct conf_head *head = section_at(conf, kind, i);

		if (!kind->named || str_eq(head->name, name))
			return head;
	}
	return NULL;
}

struct conf_head *
section_make(struct conf *conf, const struct conf_kind *kind, const char *name,
    const char *place)
{
	struct conf_head *head = section_find(conf, kind, name);
	size_t *n = (size_t *)(void *)((char *)conf + kind->count);
	char *array;

	if (head != NULL)
		return head;
	head = section_new(kind, name, place);
	array = xreallocarray(array_of(conf, kind), *n + 1, sizeof(head));
	memcpy(array + *n * sizeof(head), &head, sizeof(head));
	memcpy((char *)conf + kind->offset, &array, sizeof(array));
	(*n)++;
	return head;
}
