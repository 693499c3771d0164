/* SPDX-License-Identifier: Apache-2.0 */
/* A line of a manifest, and the names that it leads to: what is taken is
 * sound, and is taken again as it is. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cmd/batch_manifest.h"
#include "cmd/batch_names.h"
#include "job/tags.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
check_names(const char *path)
{
	struct batch_names *n = batch_names_new(), *again = batch_names_new();
	char *one = batch_names_make(n, path), *two = batch_names_make(n, path);
	struct error err;

	must(!str_eq(one, two) && *one != '/' && strstr(one, "/../") == NULL);
	must(!str_starts(one, "../") && !str_has_control(one));
	must(batch_names_claim(again, one, &err) == 0);
	must(batch_names_claim(again, two, &err) == 0);
	must(batch_names_claim(again, one, &err) == -1);
	free(one);
	free(two);
	batch_names_free(n);
	batch_names_free(again);
}

static void
check_line(const struct json *j)
{
	struct batch_line line;
	struct error err;
	char *tags;

	error_clear(&err);
	if (batch_line_read(j, &line, &err) == -1) {
		must(err.code == ERR_USAGE && *err.text != '\0');
		return;
	}
	must((line.input != NULL) != (line.body != NULL));
	must(line.request_ttl_s >= 0 && line.invocation_timeout_s >= 0);
	if (line.tags != NULL) {
		must(tags_parse(line.tags, &tags, &err) == 0);
		must(str_eq(tags, line.tags));
		free(tags);
	}
	check_names(line.input != NULL ? line.input : line.body);
	batch_line_done(&line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json *j;
	struct error err;
	char *path;

	if (json_parse((const char *)data, size, &j, &err) == 0) {
		check_line(j);
		json_free(j);
	}
	path = xstrndup((const char *)data, size);
	check_names(path);
	free(path);
	return 0;
}
