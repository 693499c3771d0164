/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands share that take some by name, or all that match: 'replay',
 * 'retry' and 'cancel'. */
#ifndef CMD_BULK_H
#define CMD_BULK_H

#include <stdbool.h>

#include "base/error.h"
#include "cmd/app.h"
#include "cmd/cmd.h"
#include "cmd/find.h"
#include "cmd/remote_bulk.h"

struct bulk_words {
	const char *one, *many; /* "delivery", "deliveries" */
	const char *done; /* "replayed": its name in JSON */
	const char *what; /* "attempted again" */
	const char *passed; /* why some may be passed over; or NULL */
	const char *neither; /* what to do where nothing was named */
};

/* What a command does; each tells how that went and returns a status. */
struct bulk_ways {
	const struct bulk_words *words;
	const char *service; /* "'awaitd replay'": it needs one; or NULL */
	/* Each that is named has this form, or nothing is done; or NULL. */
	int (*form)(const char *id, struct error *err);
	int (*named)(struct app *app, const struct cmd_line *line);
	int (*matching)(struct app *app, const struct cmd_line *line);
};

/* The command, which takes either names or filters: `filtered` says that there
 * are some, `more` that there are other options for many. */
int bulk_run(const struct cmd_line *line, const struct bulk_ways *ways,
    bool filtered, bool more);

/* Each that is named, up to a signal. The worst status. */
int bulk_each(struct app *app, const struct cmd_line *line,
    int (*one)(struct app *app, const char *id, void *arg), void *arg);

/*
 * All that match, by the service; without one the jobs of all state files, each
 * by `one`. What came of it is told: "12 jobs are given up", with --json
 * {"cancelled":12}; by `one` itself, unless it is a dry run. The worst status.
 */
int bulk_matching(struct app *app, const struct bulk_words *words,
    const struct remote_bulk *b,
    int (*one)(struct app *app, const struct found *f, void *arg), void *arg);

#endif
