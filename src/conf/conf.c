/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration: from files, environment and flags into one struct. */
#include "conf/conf.h"

#include <stdlib.h>

#include "base/mem.h"
#include "conf/conf_read.h"
#include "conf/section.h"

static struct conf *
new_conf(void)
{
	struct conf *conf = xcalloc(1, sizeof(*conf));

	sections_init(conf);
	conf->fallback = (struct conf_endpoint *)(void *)section_new(
	    section_kind_of("endpoint"), "", "default");
	return conf;
}

int
conf_load(
    const struct conf_options *options, struct conf **out, struct error *err)
{
	struct conf *conf = new_conf();

	if (conf_read(conf, options, err) == -1 ||
	    conf_check(conf, err) == -1) {
		conf_free(conf);
		return -1;
	}
	*out = conf;
	return 0;
}

void
conf_free(struct conf *conf)
{
	if (conf == NULL)
		return;
	sections_done(conf);
	section_free(section_kind_of("endpoint"), &conf->fallback->head);
	free(conf->file);
	free(conf);
}

/* --- asking --------------------------------------------------------- */

const struct conf_endpoint *
conf_endpoint(const struct conf *conf, const char *name)
{
	const struct conf_head *head =
	    section_find(conf, section_kind_of("endpoint"), name);

	return head != NULL ? (const struct conf_endpoint *)(const void *)head
			    : conf->fallback;
}

bool
conf_has_target(const struct conf *conf, const char *title)
{
	const struct conf_kind *kind;
	const char *name;
	struct error none;

	return section_kind(title, &kind, &name, &none) == 0 && kind->target &&
	    section_find(conf, kind, name) != NULL;
}

const char *
conf_source(const struct conf_head *head, const char *kind, const char *key)
{
	const struct conf_kind *k = section_kind_of(kind);
	const struct conf_key *row = section_key(k, key);
	const char *source = row == NULL
	    ? NULL
	    : *section_source((struct conf_head *)(uintptr_t)head, k, row);

	return source != NULL ? source : "default";
}
