/* SPDX-License-Identifier: Apache-2.0 */
/* Which deliveries are meant: options that 'deliveries' and 'replay' share. */
#ifndef CMD_FILTER_H
#define CMD_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/timefmt.h"
#include "cmd/options.h"
#include "cmd/remote.h"

/* First in the struct of a command's options. */
struct filter_options {
	const char *state;
	const char *target;
	const char *job;
	const char *event;
	const char *since;
	const char *until;
	const char *error;
	const char *status;
};

extern const struct cmd_option filter_cmd_options[];
extern const size_t filter_cmd_options_len;

/* What a query of it borrows. */
struct filter {
	char since[TIMEFMT_ISO_SIZE];
	char until[TIMEFMT_ISO_SIZE];
};

/* "2h", which is ago, or "2026-03-04T05:06:07Z"; NULL leaves *out as it is.
 * ERR_USAGE names the option. */
int filter_time(
    const char *name, const char *text, int64_t *out, struct error *err);

bool filter_none(const struct filter_options *o);

/* Spans become instants, counted back from now. ERR_USAGE names the option;
 * what only the service knows it checks. */
int filter_query(const struct filter_options *o, struct filter *f,
    struct remote_query *out, struct error *err);

#endif
