/* SPDX-License-Identifier: Apache-2.0 */
/* Values as text: shown, and compared with those of before. */
#include "conf/conf.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/section.h"
#include "conf/value.h"

/* --- showing -------------------------------------------------------- */

static void
show_value(const struct conf_key *key, const char *title,
    const struct conf_head *head, const struct conf_head *plain,
    const char *source, conf_show_fn *fn, void *arg)
{
	struct conf_value v = {
	    .section = title,
	    .key = key,
	    .source = source != NULL ? source : "default",
	    .secret = value_is_secret(key, head),
	    .is_default = value_same(key, head, plain),
	};
	struct buf text;

	buf_init(&text, VALUE_TEXT_MAX);
	value_format(key, head, &text);
	v.value = text.data;
	fn(&v, arg);
	buf_done(&text);
}

/* `plain` has all defaults. */
static void
show_section(const struct conf_kind *kind, const struct conf_head *head,
    const struct conf_head *plain, conf_show_fn *fn, void *arg)
{
	struct section_keys k = section_keys(kind);
	char *title = section_title(kind, head);
	size_t i;

	for (i = k.first; i < k.end; i++)
		show_value(&conf_keys[i], title, head, plain,
		    head->sources.v[i - k.first], fn, arg);
	free(title);
}

/* Is it of this kind, and which name is asked for ("": any)? NULL: neither. */
static const char *
wanted_name(const struct conf_kind *kind, const char *section)
{
	size_t len = strlen(kind->name);

	if (section == NULL)
		return "";
	if (strncmp(section, kind->name, len) != 0)
		return NULL;
	if (section[len] == '\0')
		return "";
	return kind->named && section[len] == ' ' ? section + len + 1 : NULL;
}

void
conf_show(
    const struct conf *conf, const char *section, conf_show_fn *fn, void *arg)
{
	size_t i, j;

	for (i = 0; i < conf_kinds_len; i++) {
		const struct conf_kind *kind = &conf_kinds[i];
		const char *name = wanted_name(kind, section);
		struct conf_head *plain, *head;

		if (name == NULL)
			continue;
		plain = section_new(kind, "", "default");
		for (j = 0; j < section_count(conf, kind); j++) {
			head = section_at(conf, kind, j);
			if (*name == '\0' || str_eq(head->name, name))
				show_section(kind, head, plain, fn, arg);
		}
		section_free(kind, plain);
	}
}

void
conf_show_key(const struct conf *conf, const struct conf_key *key,
    conf_show_fn *fn, void *arg)
{
	const struct conf_kind *kind = section_kind_of(key->section);
	struct conf_head *plain = section_new(kind, "", "default");
	struct conf_head *head = section_at(conf, kind, 0);

	show_value(key, kind->name, head, plain,
	    *section_source(head, kind, key), fn, arg);
	section_free(kind, plain);
}

bool
conf_same_key(
    const struct conf *a, const struct conf *b, const struct conf_key *key)
{
	const struct conf_kind *kind = section_kind_of(key->section);

	return value_same(key, section_at(a, kind, 0), section_at(b, kind, 0));
}

static bool
is_near(const struct conf_kind *kind, const struct conf_head *head,
    const char *section)
{
	char *title = section_title(kind, head);
	bool near = str_near(title, section) ||
	    (kind->named && str_eq(head->name, section)) ||
	    str_near(kind->name, section);

	free(title);
	return near;
}

static void
hint_near(const struct conf *conf, const char *section, struct error *err)
{
	struct buf list;
	size_t i, j;

	buf_init(&list, sizeof(err->hint) / 2);
	for (i = 0; i < conf_kinds_len; i++) {
		const struct conf_kind *kind = &conf_kinds[i];

		for (j = 0; j < section_count(conf, kind); j++) {
			struct conf_head *head = section_at(conf, kind, j);

			if (is_near(kind, head, section))
				buf_printf(&list, "%s\"%s%s%s\"",
				    list.len > 0 ? ", " : "", kind->name,
				    kind->named ? " " : "", head->name);
		}
	}
	if (list.len > 0)
		err_hint(err, "Did you mean %s%s?", list.data,
		    list.overflow ? " …" : "");
	else
		err_hint(err,
		    "'awaitd config show' has those that are there, 'awaitd "
		    "config keys' those that there can be.");
	buf_done(&list);
}

int
conf_need_section(
    const struct conf *conf, const char *section, struct error *err)
{
	size_t i;

	for (i = 0; i < conf_kinds_len; i++) {
		const struct conf_kind *kind = &conf_kinds[i];
		const char *name = wanted_name(kind, section);

		if (name != NULL &&
		    (*name == '\0' ? section_count(conf, kind) > 0
				   : section_find(conf, kind, name) != NULL))
			return 0;
	}
	err_set(err, ERR_NOT_FOUND, "there is no section [%s]", section);
	hint_near(conf, section, err);
	return -1;
}

/* --- comparing ------------------------------------------------------ */

struct comparing {
	conf_change_fn *fn;
	void *arg;
};

static void
tell_section(const struct comparing *c, enum conf_what what,
    const struct conf_kind *kind, const struct conf_head *head)
{
	char *title = section_title(kind, head);
	struct conf_change change = {.what = what, .section = title};

	c->fn(&change, c->arg);
	free(title);
}

static void
tell_key(const struct comparing *c, const struct conf_kind *kind,
    const struct conf_key *key, const struct conf_head *was,
    const struct conf_head *is)
{
	char *title = section_title(kind, is);
	struct conf_change change = {
	    .what = CONF_CHANGED,
	    .section = title,
	    .key = key,
	    .secret = value_is_secret(key, was) || value_is_secret(key, is),
	};
	struct buf one, other;

	buf_init(&one, VALUE_TEXT_MAX);
	buf_init(&other, VALUE_TEXT_MAX);
	value_format(key, was, &one);
	value_format(key, is, &other);
	change.was = one.data;
	change.value = other.data;
	c->fn(&change, c->arg);
	buf_done(&one);
	buf_done(&other);
	free(title);
}

static void
compare_section(const struct comparing *c, const struct conf_kind *kind,
    const struct conf_head *was, const struct conf_head *is)
{
	struct section_keys k = section_keys(kind);

	for (; k.first < k.end; k.first++) {
		if (!value_same(&conf_keys[k.first], was, is))
			tell_key(c, kind, &conf_keys[k.first], was, is);
	}
}

static void
compare_kind(const struct comparing *c, const struct conf_kind *kind,
    const struct conf *was, const struct conf *is)
{
	const struct conf_head *head, *other;
	size_t i;

	for (i = 0; i < section_count(is, kind); i++) {
		head = section_at(is, kind, i);
		other = section_find(was, kind, head->name);
		if (other != NULL)
			compare_section(c, kind, other, head);
		else
			tell_section(c, CONF_ADDED, kind, head);
	}
	for (i = 0; i < section_count(was, kind); i++) {
		head = section_at(was, kind, i);
		if (section_find(is, kind, head->name) == NULL)
			tell_section(c, CONF_REMOVED, kind, head);
	}
}

void
conf_compare(const struct conf *was, const struct conf *is, conf_change_fn *fn,
    void *arg)
{
	struct comparing c = {fn, arg};
	size_t i;

	for (i = 0; i < conf_kinds_len; i++)
		compare_kind(&c, &conf_kinds[i], was, is);
}

struct restarts {
	struct buf keys;
	int n;
};

static void
add_restart(const struct conf_change *c, void *arg)
{
	struct restarts *r = arg;

	if (c->key == NULL || (c->key->flags & CONF_RESTART) == 0)
		return;
	buf_printf(&r->keys, "%s[%s] %s", r->n > 0 ? ", " : "", c->section,
	    c->key->name);
	r->n++;
}

/* No key of a section with a name needs a restart. */
int
conf_needs_restart(
    const struct conf *was, const struct conf *is, char *out, size_t size)
{
	struct restarts r = {.n = 0};

	buf_init(&r.keys, size - 1);
	conf_compare(was, is, add_restart, &r);
	if (r.n > 0)
		memcpy(out, r.keys.data, r.keys.len + 1);
	buf_done(&r.keys);
	return r.n;
}
