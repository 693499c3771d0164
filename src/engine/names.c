/* SPDX-License-Identifier: Apache-2.0 */
/* The names of submissions and the places of their results. */
#include "engine/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timefmt.h"

#define PLACE_MAX 4096
#define LOCATION_MAX 1024 /* of the service */
#define EXT "{ext}"
#define NAME "{name}"

void
names_choose(const struct job *job, struct submission *s)
{
	const struct job_spec *spec = &job->spec;
	char day[TIMEFMT_DAY_SIZE], n = submission_digit(s->n);

	s->inference_id = spec->inference_id != NULL
	    ? xstrdup(spec->inference_id)
	    : xasprintf("%s-%c", job->id, n);
	s->filename = xstrdup_or_null(spec->filename);
	s->extension = xstrdup_or_null(spec->extension);
	if (!spec->own_names || spec->filename != NULL)
		return;
	s->filename = xasprintf("%s-%c.out", job->id, n);
	if (spec->extension != NULL || str_empty(spec->deployment))
		return;
	timefmt_day(job->created_at, day);
	s->extension = xasprintf("%s/%s", spec->deployment, day);
}

static void
join(struct buf *out, const char *part)
{
	if (str_empty(part))
		return;
	if (out->len > 0 && out->data[out->len - 1] != '/')
		buf_putc(out, '/');
	buf_puts(out, part);
}

/* What stands behind the output path, or NULL where it cannot be told. */
static char *
tail_of(const struct submission *s)
{
	struct buf b;

	if (str_empty(s->filename))
		return NULL;
	buf_init(&b, PLACE_MAX);
	join(&b, s->extension);
	join(&b, s->filename);
	return buf_take(&b);
}

char *
names_own_place(const struct job_spec *spec, const char *output_path)
{
	struct buf b;

	if (str_empty(output_path))
		return NULL;
	buf_init(&b, PLACE_MAX);
	join(&b, output_path);
	join(&b, spec->extension);
	join(&b, spec->filename);
	return buf_take(&b);
}

char *
names_output_path(const struct submission *s)
{
	char *tail = tail_of(s), *path = NULL;
	size_t len, place;

	if (tail != NULL && s->output_location != NULL) {
		len = strlen(tail);
		place = strlen(s->output_location);
		if (str_ends(s->output_location, tail) && place > len &&
		    s->output_location[place - len - 1] == '/')
			path = xstrndup(s->output_location, place - len);
	}
	free(tail);
	return path;
}

void
names_predict(struct job *job, const char *output_path)
{
	struct buf b;
	size_t i;

	for (i = 0; i < job->nsubs && !str_empty(output_path); i++) {
		struct submission *s = &job->subs[i];
		char *tail = tail_of(s);

		if (tail != NULL && s->predicted == NULL &&
		    s->output_location == NULL) {
			buf_init(&b, PLACE_MAX);
			join(&b, output_path);
			join(&b, tail);
			s->predicted = buf_take(&b);
		}
		free(tail);
	}
}

/* --- failures ------------------------------------------------------- */

/* Filename without its ending, where it is one of ours; or NULL. */
static char *
own_stem(const struct job *job, const struct submission *s)
{
	if (!job->spec.own_names || job->spec.filename != NULL ||
	    s->filename == NULL || !str_starts(s->filename, job->id))
		return NULL;
	return xstrndup(s->filename, strcspn(s->filename, "."));
}

/* `what` becomes `by` at its one place; the caller's, or NULL. */
static char *
swap(const char *text, const char *what, const char *by)
{
	const char *p = strstr(text, what);

	if (p == NULL || strstr(p + 1, what) != NULL)
		return NULL;
	return xasprintf(
	    "%.*s%s%s", (int)(p - text), text, by, p + strlen(what));
}

char *
names_failure_pattern(const struct job *job, const struct submission *s)
{
	char *stem = own_stem(job, s), *pattern = NULL, *more;

	if (stem != NULL && s->failure_location != NULL &&
	    strchr(s->failure_location, '{') == NULL)
		pattern = swap(s->failure_location, stem, NAME);
	free(stem);
	if (pattern == NULL || str_empty(s->extension))
		return pattern;
	more = swap(pattern, s->extension, EXT);
	if (more == NULL)
		return pattern;
	free(pattern);
	return more;
}

char *
names_failure(
    const struct job *job, const struct submission *s, const char *pattern)
{
	char *stem = own_stem(job, s), *place = NULL, *more;

	if (stem != NULL && pattern != NULL)
		place = swap(pattern, NAME, stem);
	free(stem);
	if (place == NULL || strstr(place, EXT) == NULL)
		return place;
	more = str_empty(s->extension) ? NULL : swap(place, EXT, s->extension);
	free(place);
	return more;
}

bool
names_pattern_ok(const char *pattern)
{
	const char *name = strstr(pattern, NAME);

	return str_starts(pattern, "s3://") && pattern[5] != '/' &&
	    pattern[5] != '{' && strlen(pattern) <= LOCATION_MAX &&
	    !str_has_control(pattern) && name != NULL &&
	    strstr(name + 1, NAME) == NULL;
}
