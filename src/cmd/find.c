/* SPDX-License-Identifier: Apache-2.0 */
/* Finding a job: the service is asked before the folder is searched. */
#include "cmd/find.h"

#include <stdlib.h>

#include "cmd/known.h"
#include "cmd/remote.h"
#include "cmd/runs.h"

static int
nowhere(const struct app *app, const char *id, struct error *err)
{
	struct error runs = *err;

	if (app->client == NULL)
		return -1;
	/* Who has no folder of state files has no job in one. */
	if (err->code == ERR_CONFIG) {
		err_set(err, ERR_NOT_FOUND, "there is no job %s at %s", id,
		    client_address(app->client));
		return err_hint(err, "'awaitd list' shows the jobs there are.");
	}
	if (err->code != ERR_NOT_FOUND)
		return -1;
	err_set(err, ERR_NOT_FOUND, "%s, nor at %s", runs.text,
	    client_address(app->client));
	return err_hint(err, "%s", runs.hint);
}

int
find_job(struct app *app, const char *id, struct found *out, struct error *err)
{
	struct found f = {0};

	if (known_job_form(id, err) == -1)
		return -1;
	if (app->client != NULL) {
		if (remote_find(app, id, &f.job, err) == 0) {
			*out = f;
			return 0;
		}
		if (err->code != ERR_NOT_FOUND)
			return -1;
	}
	if (runs_find(app, id, &f.job, &f.path, err) == -1)
		return nowhere(app, id, err);
	*out = f;
	return 0;
}

void
find_done(struct found *f)
{
	job_free(f->job);
	free(f->path);
}
