/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `awaitd check` is made of: probes, each of which fills one row. They run
 * at the same time, a few at once, and are shown in the order in which they
 * were added. Only for check_*.c and cmd_check.c.
 */
#ifndef CMD_CHECK_H
#define CMD_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "cmd/app.h"

enum check_status {
	CHECK_OK,
	CHECK_WARN, /* it works, and could be better */
	CHECK_FAIL,
	CHECK_SKIPPED, /* not tried; the detail says why */
};
const char *check_status_name(enum check_status status);

struct check;
struct check_probe;

struct check_kind {
	const char *name; /* of the row */
	bool needs_creds; /* begins behind the credentials, if there are any */
	bool goes_last; /* behind all others */
	/* Ends in just one of the functions below, now or later. */
	void (*start)(struct check_probe *p);
	/* Let go of what is under way. */
	void (*cancel)(struct check_probe *p);
	/* Instead, where there is something to clean up: end soon. */
	void (*hurry)(struct check_probe *p);
	/* Free what the data holds; or NULL. */
	void (*forget)(struct check_probe *p);
};

struct check_probe {
	const struct check_kind *kind;
	struct check *check;
	char *subject;
	enum check_status status;
	char *detail;
	char *remedy; /* or NULL */
	int64_t began_mono;
	int64_t ms;
	bool started;
	bool done;
	const void *section; /* of the configuration, or NULL */
	void *data; /* of the kind; freed with the probe */
};

/* Where a region's services are. */
struct check_region {
	char *name;
	struct aws_endpoint runtime;
	struct aws_endpoint s3;
};

struct check {
	struct app *app;
	bool write;
	char **names; /* the endpoints to look at; nnames 0: all there are */
	int nnames;
	struct http_client *aws_http; /* for connections to AWS */
	struct error no_aws; /* code NONE: there are credentials to try */
	struct check_region *regions;
	size_t nregions;
	char **hosts; /* that were asked, for their clocks */
	size_t nhosts;
	struct check_probe **v;
	size_t n, running, shown;
	bool has_creds; /* their probe is over, and found some */
};

/* --- check_run.c ------------------------------------------------ */

struct check_probe *check_add(
    struct check *c, const struct check_kind *kind, char *take_subject);

void check_end(struct check_probe *p, enum check_status status, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));
/* The text is the detail and the hint the remedy. */
void check_end_err(
    struct check_probe *p, enum check_status status, const struct error *err);
/* Before the end; a later one replaces it. */
void check_remedy(struct check_probe *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Until all are over, so many milliseconds at most, and a little more for what
 * has to clean up. */
void check_run(struct check *c, int64_t timeout_ms);
void check_done(struct check *c);

/* --- the groups, in the order of their rows --------------------- */

typedef void check_group_fn(struct check *c);
check_group_fn check_conf_add; /* files, folder, service */
check_group_fn check_creds_add;
check_group_fn check_hosts_add; /* of each region */
check_group_fn check_identity_add;
check_group_fn check_s3_add; /* of each endpoint */
check_group_fn check_gateway_add;
check_group_fn check_topics_add; /* and our subscriptions */
check_group_fn check_queues_add;
check_group_fn check_targets_add;
check_group_fn check_callback_add; /* and presigned URLs */
check_group_fn check_clock_add;

/* --- what they share -------------------------------------------- */

/* The endpoint's region, as `awaitd invoke` finds it. *out is the caller's. */
int check_region_of(struct check *c, const struct conf_endpoint *e, char **out,
    struct error *err);

/* Is the endpoint one of those that are looked at? */
bool check_wants(const struct check *c, const char *endpoint);

/* It answered (or failed without an answer): its clock will be compared. */
void check_note_host(
    struct check *c, const char *host, const struct error *err);

/* Say what to do about a connection that failed; of other errors nothing. */
void check_hint_connect(struct error *err, bool is_aws);

/* --- check_print.c ---------------------------------------------- */

/* All rows from c->shown on that are over, up to the first that is not. */
void check_print(struct check *c);
void check_print_row(const struct app *app, const struct check_probe *p);

#endif
