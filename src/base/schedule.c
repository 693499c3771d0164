/* SPDX-License-Identifier: Apache-2.0 */
/* A schedule: read from its text, and asked for its delays. */
#include "base/schedule.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define JITTER 0.2

/* One delay; `part` is changed. */
static int
take_part(struct schedule *s, char *part, struct error *err)
{
	char *text = str_trim(part);
	int64_t ms;

	if (s->n == SCHEDULE_MAX)
		return err_set(
		    err, ERR_USAGE, "more than %d delays", SCHEDULE_MAX);
	if (str_to_duration_ms(text, &ms) == -1)
		return err_set(err, ERR_USAGE,
		    "\"%s\" is no time such as 5s, 2m or 10h", text);
	if (ms < 1)
		return err_set(err, ERR_USAGE, "\"%s\" is less than 1ms", text);
	s->delay_ms[s->n++] = ms;
	return 0;
}

int
schedule_parse(const char *text, struct schedule *out, struct error *err)
{
	struct schedule s = {.n = 0};
	char *copy = xstrdup(text), *part = copy, *comma;
	int rc = 0;

	if (!str_eq(str_trim(copy), "none")) {
		do {
			comma = strchr(part, ',');
			if (comma != NULL)
				*comma = '\0';
			rc = take_part(&s, part, err);
			part = comma != NULL ? comma + 1 : NULL;
		} while (rc == 0 && part != NULL);
	}
	free(copy);
	if (rc == 0)
		*out = s;
	return rc;
}

int64_t
schedule_delay_ms(const struct schedule *s, size_t k, double unit)
{
	double delay;

	if (k >= s->n)
		return -1;
	delay = (double)s->delay_ms[k] * (1 + JITTER * (2 * unit - 1));
	return delay < 1 ? 1 : (int64_t)delay;
}
