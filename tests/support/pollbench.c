/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pollbench HOST PORT COUNT AT-ONCE [PER-SECOND TICK-MS]
 * Signed HEADs of keys that are not there with all that a look of awaitd's
 * consists of below the engine: s3, call, signature, HTTP client, loop. Prints
 * what each cost.
 */
#include <stdio.h>
#include <stdlib.h>

#include "aws/call.h"
#include "aws/endpoint.h"
#include "aws/s3.h"
#include "base/loop.h"
#include "base/mem.h"
#include "net/http_client.h"
#include "tests/support/load.h"

static struct load load;
static struct loop *loop;
static struct loop_timer *tick;
static struct s3 *s3;

static void
fail(const struct error *err)
{
	fprintf(stderr, "pollbench: %s\n", err->text);
	exit(EXIT_FAILURE);
}

static void look(void);

static void
on_looked(const struct s3_object *o, const struct error *err, void *arg)
{
	(void)arg;
	if (load_over(&load, o != NULL ? 200 : err->http_status))
		loop_stop(loop);
	else if (load.per_s == 0)
		look();
}

static void
look(void)
{
	char key[96], uri[128];
	struct s3_ref ref = {.uri = uri};
	struct s3_call *call;
	struct error err;

	if (!load_begin(&load))
		return;
	load_key(load.begun, key);
	snprintf(uri, sizeof(uri), "s3://bucket/%s", key);
	if (s3_head(s3, &ref, on_looked, NULL, &call, &err) == -1)
		fail(&err);
}

static void
on_tick(void *arg)
{
	long n = load_turn(&load);

	(void)arg;
	while (n-- > 0)
		look();
	if (load.per_s != 0)
		loop_timer_set(tick, load.tick_ms);
}

static void
run(struct http_client *http, const struct aws_endpoint *endpoint)
{
	struct creds fixed = {.access_key = "AKIDEXAMPLE",
	    .secret_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
	    .source = "fixed"};
	struct aws_client_options ao = {
	    .loop = loop, .http = http, .fixed = &fixed};
	struct s3_options so = {.endpoint = endpoint};
	struct error err;

	if (aws_client_new(&ao, &so.client, &err) == -1)
		fail(&err);
	s3 = s3_new(&so);
	tick = loop_timer_new(loop, on_tick, NULL);
	on_tick(NULL);
	loop_run(loop);
	loop_timer_free(tick);
	s3_free(s3);
	aws_client_free(so.client);
}

int
main(int argc, char **argv)
{
	struct http_client_options ho = {.user_agent = "awaitd/bench"};
	struct endpoint_options eo = {.service = "S3", .region = "us-east-1"};
	struct aws_endpoint endpoint;
	struct http_client *http = NULL;
	struct error err;
	char *url;

	load_read(&load, argc, argv);
	ho.max_per_host = (unsigned)load.at_once;
	url = xasprintf("http://%s:%s", load.host, load.port);
	eo.url = url;
	loop = loop_new();
	if (endpoint_resolve(&eo, &endpoint, &err) == -1 ||
	    http_client_new(loop, &ho, &http, &err) == -1)
		fail(&err);
	run(http, &endpoint);
	load_print(&load);
	http_client_free(http);
	endpoint_done(&endpoint);
	loop_free(loop);
	free(url);
	return load.failed != 0;
}
