/* SPDX-License-Identifier: Apache-2.0 */
/* The client of AWS, and the wait for its first credentials. */
#include <stdlib.h>
#include <unistd.h>

#include "aws/profile.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/app.h"
#include "engine/news.h"

/* A service that has no credentials by then begins without. */
#define SERVICE_WAIT_MS 5000

/* Before that the command itself tells what is wrong. */
static void
on_news(const struct error *trouble, const char *text, void *arg)
{
	const struct app *app = arg;

	if (app->connected)
		news_log(trouble, text, NULL);
}

int
app_ca_bundle(const struct app *app, char **out, struct error *err)
{
	char *file, *from;
	int rc = 0;

	if (profile_or_env("AWS_CA_BUNDLE", app->globals->profile, "ca_bundle",
		&file, &from, err) == -1)
		return -1;
	if (file != NULL && access(file, R_OK) == -1) {
		rc = err_set_errno(err, ERR_CONFIG, "%s %s", from, file);
		err_hint(err,
		    "Name a file of certificates in PEM form, or unset it.");
		xfree(&file);
	}
	free(from);
	if (rc == 0)
		*out = file;
	return rc;
}

static int
make_clients(struct app *app, bool anonymous, struct error *err)
{
	struct http_client_options ho = {
	    /* S3 takes 5,500 looks a second below a prefix, and needs 20 to
	     * 40 ms for each. */
	    .max_per_host = 256,
	    .user_agent = "awaitd/" PACKAGE_VERSION,
	};
	struct aws_client_options ao = {
	    .loop = app->loop,
	    .profile = app->globals->profile,
	    .anonymous = anonymous,
	    .news = on_news,
	    .news_arg = app,
	};
	char *ca_file;
	int rc;

	if (app_ca_bundle(app, &ca_file, err) == -1)
		return -1;
	ho.ca_file = ca_file;
	rc = http_client_new(app->loop, &ho, &app->http, err);
	free(ca_file);
	if (rc == -1)
		return -1;
	ao.http = app->http;
	if (aws_client_new(&ao, &app->aws, err) == -1) {
		err->code = ERR_CONFIG;
		app_disconnect(app);
		return -1;
	}
	app->sites = sites_new(app->aws, app->globals->profile);
	return 0;
}

/* What the client has under way is of the one below it. */
void
app_disconnect(struct app *app)
{
	sites_free(app->sites);
	aws_client_free(app->aws);
	http_client_free(app->http);
	app->sites = NULL;
	app->aws = NULL;
	app->http = NULL;
	app->connected = false;
}

struct first {
	struct app *app;
	struct creds_waiter *waiter; /* NULL: they are there, or never will */
	bool late;
	struct error err;
};

static void
on_first(const struct creds *creds, const struct error *err, void *arg)
{
	struct first *f = arg;

	(void)creds;
	f->waiter = NULL;
	if (err != NULL)
		f->err = *err;
	loop_stop(f->app->loop);
}

static void
on_late(void *arg)
{
	struct first *f = arg;

	f->late = true;
	loop_stop(f->app->loop);
}

/* Until there is a set or an error, or the time is over (0: never). */
static void
wait_for_first(struct first *f, int64_t most_ms)
{
	struct app *app = f->app;
	bool caught = app->sigint != NULL;
	struct loop_timer *timer = loop_timer_new(app->loop, on_late, f);

	if (most_ms > 0)
		loop_timer_set(timer, most_ms);
	app_catch_signals(app);
	while (f->waiter != NULL && app->signo == 0 && !f->late)
		loop_run(app->loop);
	if (!caught)
		app_default_signals(app);
	loop_timer_free(timer);
	creds_waiter_cancel(f->waiter);
}

static void
show_warning(const struct app *app)
{
	struct creds_state state;

	creds_cache_state(aws_client_creds(app->aws), &state);
	if (state.warning != NULL)
		log_warn("creds", "%s", state.warning);
}

/* 0: it is there, or will be. */
static int
first_set(struct app *app, int64_t most_ms, struct error *err)
{
	struct creds_cache *cache = aws_client_creds(app->aws);
	struct first f = {.app = app};

	if (creds_cache_now(cache) != NULL)
		return 0;
	creds_cache_wait(cache, on_first, &f, &f.waiter);
	wait_for_first(&f, most_ms);
	if (app->signo != 0)
		return err_set(err, ERR_CANCELLED, "interrupted");
	if (f.late)
		log_warn("serve",
		    "jobs wait for credentials: they take long to come");
	if (f.err.code == ERR_NONE)
		return 0;
	*err = f.err;
	return -1;
}

int
app_connect(struct app *app, struct error *err)
{
	if (make_clients(app, false, err) == -1)
		return -1;
	show_warning(app);
	if (first_set(app, 0, err) == -1) {
		if (err->code != ERR_CANCELLED)
			err->code = ERR_CONFIG;
		app_disconnect(app);
		return -1;
	}
	app->connected = true;
	return 0;
}

/* Somebody has to change something, and will start the service again. */
static bool
is_final(const struct app *app)
{
	struct creds_state state;

	creds_cache_state(aws_client_creds(app->aws), &state);
	return state.failed != NULL && state.failed->code == ERR_CONFIG;
}

/* What jobs have to wait for now. */
static void
log_wait(const struct error *err)
{
	struct error e = *err;

	err_prefix(&e, "jobs wait for credentials");
	log_begin(LOG_WARN, "serve");
	log_err(&e);
	log_end();
}

int
app_connect_service(struct app *app, struct error *err)
{
	struct error e;
	int rc;

	if (make_clients(app, false, err) == -1)
		return -1;
	show_warning(app);
	rc = first_set(app, SERVICE_WAIT_MS, &e);
	app->connected = true;
	if (rc == 0)
		return 0;
	if (e.code != ERR_CANCELLED && !is_final(app)) {
		log_wait(&e);
		return 0;
	}
	*err = e;
	if (err->code != ERR_CANCELLED)
		err->code = ERR_CONFIG;
	return -1;
}

int
app_connect_later(struct app *app, struct error *err)
{
	return make_clients(app, false, err);
}

int
app_connect_unsigned(struct app *app, struct error *err)
{
	return make_clients(app, true, err);
}
