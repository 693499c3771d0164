/* SPDX-License-Identifier: Apache-2.0 */
/* Sections of every kind, by the table of kinds. */
#include "conf/section.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/value.h"

/* --- titles --------------------------------------------------------- */

static void
hint_kinds(struct error *err)
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
	err_hint(err, "Known sections: %s.", known.data);
	buf_done(&known);
}

/* "webhok hook", and "hook" alone is no kind. */
static int
refuse_title(const char *title, struct error *err)
{
	char *word = xstrndup(title, strcspn(title, " "));
	const char *rest = title + strlen(word);
	size_t i;

	rest += strspn(rest, " ");

	err_set(err, ERR_CONFIG, "unknown section [%s]", title);
	hint_kinds(err);
	for (i = 0; i < conf_kinds_len; i++) {
		const struct conf_kind *kind = &conf_kinds[i];

		if (kind->named && str_eq(kind->name, title)) {
			err_set(err, ERR_CONFIG, "[%s] has no name", title);
			err_hint(err, "Write [%s NAME].", title);
			break;
		}
		if (str_near(kind->name, word) &&
		    kind->named == (*rest != '\0'))
			err_hint(err, "Did you mean [%s%s%s]?", kind->name,
			    kind->named ? " " : "", rest);
	}
	free(word);
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

const struct conf_kind *
section_kind_of(const char *name)
{
	size_t i = 0;

	while (!str_eq(conf_kinds[i].name, name))
		i++;
	return &conf_kinds[i];
}

char *
section_title(const struct conf_kind *kind, const struct conf_head *head)
{
	return kind->named ? xasprintf("%s %s", kind->name, head->name)
			   : xstrdup(kind->name);
}

struct section_keys
section_keys(const struct conf_kind *kind)
{
	struct section_keys k = {0, 0};

	while (k.first < conf_keys_len &&
	    !str_eq(conf_keys[k.first].section, kind->name))
		k.first++;
	for (k.end = k.first; k.end < conf_keys_len &&
	     str_eq(conf_keys[k.end].section, kind->name);
	     k.end++)
		;
	if (k.end - k.first > CONF_KEYS_MAX)
		abort();
	return k;
}

const struct conf_key *
section_key(const struct conf_kind *kind, const char *key)
{
	struct section_keys k = section_keys(kind);

	for (; k.first < k.end; k.first++) {
		if (str_eq(conf_keys[k.first].name, key))
			return &conf_keys[k.first];
	}
	return NULL;
}

char **
section_source(struct conf_head *head, const struct conf_kind *kind,
    const struct conf_key *key)
{
	return &head->sources
		    .v[(size_t)(key - conf_keys) - section_keys(kind).first];
}

/* --- one section ---------------------------------------------------- */

void
section_init(const struct conf_kind *kind, struct conf_head *head)
{
	struct section_keys k = section_keys(kind);
	struct error err;

	for (; k.first < k.end; k.first++) {
		if (value_set(&conf_keys[k.first], head, "", NULL, &err) == -1)
			abort();
	}
}

void
section_done(const struct conf_kind *kind, struct conf_head *head)
{
	struct section_keys k = section_keys(kind);
	size_t i;

	for (i = 0; i < CONF_KEYS_MAX; i++)
		xfree(&head->sources.v[i]);
	for (; k.first < k.end; k.first++)
		value_done(&conf_keys[k.first], head);
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

/* One map a kind. */
struct conf_index {
	struct map *v;
};

static struct map *
names_of(const struct conf *conf, const struct conf_kind *kind)
{
	return &conf->index->v[kind - conf_kinds];
}

static const void *
name_key(const void *item, size_t *len)
{
	const struct conf_head *head = item;

	*len = strlen(head->name);
	return head->name;
}

void
sections_init(struct conf *conf)
{
	size_t i;

	conf->index = xcalloc(1, sizeof(*conf->index));
	conf->index->v = xcalloc(conf_kinds_len, sizeof(struct map));
	for (i = 0; i < conf_kinds_len; i++) {
		struct conf_head *head;

		map_init(&conf->index->v[i], name_key);
		if (conf_kinds[i].named)
			continue;
		head = section_at(conf, &conf_kinds[i], 0);
		head->name = xstrdup("");
		section_init(&conf_kinds[i], head);
	}
}

static void
kind_done(struct conf *conf, const struct conf_kind *kind)
{
	size_t i;

	map_done(names_of(conf, kind));
	for (i = 0; i < section_count(conf, kind); i++) {
		if (kind->named)
			section_free(kind, section_at(conf, kind, i));
		else
			section_done(kind, section_at(conf, kind, i));
	}
	if (kind->named)
		free(array_of(conf, kind));
}

void
sections_done(struct conf *conf)
{
	size_t i;

	for (i = 0; i < conf_kinds_len; i++)
		kind_done(conf, &conf_kinds[i]);
	free(conf->index->v);
	free(conf->index);
}

struct conf_head *
section_find(
    const struct conf *conf, const struct conf_kind *kind, const char *name)
{
	if (!kind->named)
		return section_at(conf, kind, 0);
	return map_find(names_of(conf, kind), name, strlen(name));
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
	map_add(names_of(conf, kind), head);
	return head;
}
