/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands share that take some by name, or all that match: 'replay',
 * 'retry' and 'cancel'. */
#ifndef CMD_BULK_H
#define CMD_BULK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "cmd/app.h"
#include "cmd/cmd.h"
#include "cmd/remote_bulk.h"

struct bulk_words {
	const char *one, *many; /* "delivery", "deliveries" */
	const char *done; /* "replayed": its name in JSON */
	const char *what; /* "attempted again" */
	const char *passed; /* why some may be passed over; or NULL */
};

/* Either names or filters: `filtered` says that there are some, `more` that
 * there are other options for many. ERR_USAGE with that hint for neither. */
int bulk_check(const struct cmd_line *line, bool filtered, bool more,
    const struct bulk_words *words, const char *hint, struct error *err);

/* "12 deliveries are attempted again"; with --json {"replayed":12}. */
void bulk_say(const struct app *app, const struct bulk_words *words,
    bool dry_run, const struct remote_bulk_end *end);

#endif
