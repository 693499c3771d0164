/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table of what is shown and where its value stands. CloudWatch's names
 * and units are kept, also where Prometheus would choose others: whoever has
 * a dashboard or a scaling rule for the one can use it for the other.
 */
#include "local/metrics.h"

#include <inttypes.h>
#include <stddef.h>

#include "base/mem.h"

enum form { GAUGE, COUNTER, SUMMARY };

#define AT(member) offsetof(struct metrics_endpoint, member)
#define VARIANT "VariantName", "AllTraffic"

/* Rows of one name stand together. */
static const struct row {
	const char *name;
	const char *help; /* NULL: as before */
	enum form form;
	size_t offset;
	const char *label; /* beside EndpointName, or NULL */
	const char *value;
} rows[] = {
    {"Invocation4XXErrors", "Invocations that the model answered with a 4xx.",
	COUNTER, AT(client_errors), VARIANT},
    {"Invocation5XXErrors",
	"Invocations that the model answered with a 5xx, or not at all.",
	COUNTER, AT(server_errors), VARIANT},
    {"InvocationFailures", "Requests that ended in a failure.", COUNTER,
	AT(failures), VARIANT},
    {"InvocationsProcesssed",
	"Requests that ended, well or not; with three s, as AWS documents it.",
	COUNTER, AT(processed), VARIANT},
    {"ExpiredRequests",
	"Requests that waited longer than their RequestTTLSeconds.", COUNTER,
	AT(expired), VARIANT},
    {"RequestDownloadFailures", "Requests whose input could not be read.",
	COUNTER, AT(download_failures), VARIANT},
    {"ResponseUploadFailures", "Requests whose result could not be written.",
	COUNTER, AT(upload_failures), VARIANT},
    {"NotificationFailures", "Notifications that could not be published.",
	COUNTER, AT(notification_failures), VARIANT},
    {"ModelLatency", "Time the model took, in microseconds.", SUMMARY,
	AT(model_us), VARIANT},
    {"RequestDownloadLatency", "Time to read the input, in microseconds.",
	SUMMARY, AT(download_us), VARIANT},
    {"ResponseUploadLatency", "Time to write the result, in microseconds.",
	SUMMARY, AT(upload_us), VARIANT},
    {"TimeInBacklog", "Time from acceptance to the model, in milliseconds.",
	SUMMARY, AT(backlog_ms), VARIANT},
    {"TotalProcessingTime", "Time from acceptance to the end, in milliseconds.",
	SUMMARY, AT(total_ms), VARIANT},
    {"awaitd_local_requests_accepted_total", "Requests answered with 202.",
	COUNTER, AT(accepted), NULL, NULL},
    {"awaitd_local_requests", "Requests now, by their state.", GAUGE,
	AT(waiting), "state", "waiting"},
    {"awaitd_local_requests", NULL, GAUGE, AT(running), "state", "running"},
    {"awaitd_local_instances", "Instances of the model now, by their state.",
	GAUGE, AT(instances_starting), "state", "starting"},
    {"awaitd_local_instances", NULL, GAUGE, AT(instances_in_service), "state",
	"in_service"},
    {"awaitd_local_instances", NULL, GAUGE, AT(instances_draining), "state",
	"draining"},
    {"awaitd_local_max_concurrent_invocations_per_instance",
	"How many invocations an instance takes at once.", GAUGE,
	AT(max_concurrent), NULL, NULL},
};

static const char *const types[] = {"gauge", "counter", "summary"};

static void
family(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* The text of a label: the name of an endpoint has none of these by now. */
static void
put_label(struct buf *out, const char *value)
{
	for (; *value != '\0'; value++) {
		if (*value == '\n')
			buf_puts(out, "\\n");
		else if (*value == '"' || *value == '\\')
			buf_printf(out, "\\%c", *value);
		else
			buf_putc(out, *value);
	}
}

/* name+suffix{EndpointName="…",label="value"}; label may be NULL. */
static void
begin(struct buf *out, const char *name, const char *suffix,
    const struct metrics_endpoint *e, const char *label, const char *value)
{
	buf_printf(out, "%s%s{EndpointName=\"", name, suffix);
	put_label(out, e->endpoint);
	buf_putc(out, '"');
	if (label != NULL)
		buf_printf(out, ",%s=\"%s\"", label, value);
	buf_puts(out, "} ");
}

static void
put_int(struct buf *out, int64_t value)
{
	buf_printf(out, "%" PRId64 "\n", value);
}

/* Thousandths, exactly and without zeros behind. */
static void
put_thousandths(struct buf *out, int64_t value)
{
	int64_t rest = value % 1000;

	buf_printf(out, "%" PRId64, value / 1000);
	if (rest == 0)
		buf_putc(out, '\n');
	else if (rest % 100 == 0)
		buf_printf(out, ".%" PRId64 "\n", rest / 100);
	else if (rest % 10 == 0)
		buf_printf(out, ".%02" PRId64 "\n", rest / 10);
	else
		buf_printf(out, ".%03" PRId64 "\n", rest);
}

/* --- the backlog, of an endpoint as a whole ------------------------- */

static int64_t
backlog(const struct metrics_endpoint *e)
{
	return e->waiting + e->running;
}

static void
put_backlog(struct buf *out, const struct metrics_endpoint *v, size_t n)
{
	size_t i;

	family(out, "ApproximateBacklogSize", "gauge",
	    "Requests that wait or are worked on.");
	for (i = 0; i < n; i++) {
		begin(out, "ApproximateBacklogSize", "", &v[i], NULL, NULL);
		put_int(out, backlog(&v[i]));
	}
	family(out, "ApproximateAgeOfOldestRequest", "gauge",
	    "Age of the oldest of them, in seconds.");
	for (i = 0; i < n; i++) {
		begin(out, "ApproximateAgeOfOldestRequest", "", &v[i], NULL,
		    NULL);
		put_thousandths(out, v[i].oldest_ms);
	}
	family(out, "HasBacklogWithoutCapacity", "gauge",
	    "1 where there is a backlog and no instance in service.");
	for (i = 0; i < n; i++) {
		begin(out, "HasBacklogWithoutCapacity", "", &v[i], NULL, NULL);
		put_int(
		    out, backlog(&v[i]) > 0 && v[i].instances_in_service == 0);
	}
}

/* There is no such number without an instance. */
static void
put_share(struct buf *out, const struct metrics_endpoint *v, size_t n)
{
	static const char name[] = "ApproximateBacklogSizePerInstance";
	size_t i;

	family(out, name, "gauge",
	    "The backlog divided by the instances in service; absent where "
	    "there are none.");
	for (i = 0; i < n; i++) {
		if (v[i].instances_in_service == 0)
			continue;
		begin(out, name, "", &v[i], NULL, NULL);
		put_thousandths(
		    out, backlog(&v[i]) * 1000 / v[i].instances_in_service);
	}
}

/* --- the table ------------------------------------------------------ */

static void
put_row(struct buf *out, const struct row *r, const struct metrics_endpoint *e)
{
	const void *at = (const char *)e + r->offset;
	const struct metrics_sum *sum = at;
	const int64_t *number = at;

	if (r->form != SUMMARY) {
		begin(out, r->name, "", e, r->label, r->value);
		put_int(out, *number);
		return;
	}
	begin(out, r->name, "_sum", e, r->label, r->value);
	put_int(out, sum->sum);
	begin(out, r->name, "_count", e, r->label, r->value);
	put_int(out, sum->n);
}

void
metrics_write(struct buf *out, const struct metrics_endpoint *v, size_t n)
{
	size_t i, j;

	put_backlog(out, v, n);
	put_share(out, v, n);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].help != NULL)
			family(out, rows[i].name, types[rows[i].form],
			    rows[i].help);
		for (j = 0; j < n; j++)
			put_row(out, &rows[i], &v[j]);
	}
}
