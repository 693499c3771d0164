/* SPDX-License-Identifier: Apache-2.0 */
/* A program around a container: options, environment, signals. */
#include "containers/container.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

#define EXIT_USAGE 2
#define PORT_DEFAULT 8080
#define WORKERS_DEFAULT_MAX 8
#define QUEUE_DEFAULT 16

static const struct option long_options[] = {
    {"port", required_argument, NULL, 'p'},
    {"host", required_argument, NULL, 'H'},
    {"workers", required_argument, NULL, 'w'},
    {"queue", required_argument, NULL, 'q'},
    {"max-payload", required_argument, NULL, 'm'},
    {"port-file", required_argument, NULL, 'f'},
    {"log-level", required_argument, NULL, 'L'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "usage: %s [OPTION]... [serve]\n"
    "\n"
    "%s\n"
    "A container as Amazon SageMaker starts it: GET /ping, POST /invocations.\n"
    "\n"
    "  --port N          listen there; 0 takes any free one. Default:\n"
    "                    SAGEMAKER_BIND_TO_PORT, else 8080\n"
    "  --host ADDRESS    default 127.0.0.1; 0.0.0.0 inside of an image\n"
    "  --workers N       how many requests run at once, 1 to 64. Default:\n"
    "                    SAGEMAKER_MODEL_SERVER_WORKERS, else one a "
    "processor,\n"
    "                    up to 8\n"
    "  --queue N         how many may wait for a worker (16)\n"
    "  --max-payload N   bytes, or with a unit such as 64MiB\n"
    "  --port-file FILE  write the port there when requests are served\n"
    "  --log-level LEVEL debug, info, warn, error or none (info)\n"
    "  --help, --version\n";

struct program {
	const char *name;
	const char *host;
	const char *port_file;
	enum log_level log_level;
	int64_t port;
	int64_t workers;
	int64_t queue;
	int64_t max_payload;
	struct loop *loop;
	struct container *container;
	struct loop_signal *on_term;
	struct loop_signal *on_int;
	bool stopping;
};

/* --- options -------------------------------------------------------- */

/* NULL leaves what is there. */
static int
set_number(const char *name, const char *value, int64_t min, int64_t max,
    int64_t *out, struct error *err)
{
	if (value == NULL || str_to_i64(value, min, max, out) == 0)
		return 0;
	return err_set(err, ERR_USAGE,
	    "%s: '%s' is no number from %lld to %lld", name, value,
	    (long long)min, (long long)max);
}

static int
set_option(struct program *p, int option, const char *value, struct error *err)
{
	switch (option) {
	case 'p':
		return set_number("--port", value, 0, 65535, &p->port, err);
	case 'w':
		return set_number("--workers", value, 1, CONTAINER_WORKERS_MAX,
		    &p->workers, err);
	case 'q':
		return set_number(
		    "--queue", value, 0, CONTAINER_QUEUE_MAX, &p->queue, err);
	case 'm':
		if (str_to_size(value, &p->max_payload) == 0 &&
		    p->max_payload >= 1 &&
		    p->max_payload <= CONTAINER_PAYLOAD_MAX)
			return 0;
		return err_set(err, ERR_USAGE,
		    "--max-payload: '%s' is no size from 1 to 1GiB", value);
	case 'H':
		p->host = value;
		return 0;
	case 'f':
		p->port_file = value;
		return 0;
	case 'L':
		if (log_parse_level(value, &p->log_level) == 0)
			return 0;
		return err_set(
		    err, ERR_USAGE, "--log-level: '%s' is no level", value);
	default:
		return err_set(err, ERR_USAGE, "see --help");
	}
}

static int
set_options(struct program *p, int argc, char **argv, struct error *err)
{
	int option;

	if (set_number("SAGEMAKER_BIND_TO_PORT",
		getenv("SAGEMAKER_BIND_TO_PORT"), 0, 65535, &p->port,
		err) == -1 ||
	    set_number("SAGEMAKER_MODEL_SERVER_WORKERS",
		getenv("SAGEMAKER_MODEL_SERVER_WORKERS"), 1,
		CONTAINER_WORKERS_MAX, &p->workers, err) == -1)
		return -1;
	while (
	    (option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (set_option(p, option, optarg, err) == -1)
			return -1;
	}
	if (optind < argc && str_eq(argv[optind], "serve"))
		optind++;
	if (optind < argc)
		return err_set(err, ERR_USAGE, "'%s' is no option; see --help",
		    argv[optind]);
	return 0;
}

static int64_t
default_workers(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	if (n < 1)
		return 1;
	return n > WORKERS_DEFAULT_MAX ? WORKERS_DEFAULT_MAX : n;
}

/* --help and --version win, wherever they stand. */
static bool
told(const struct container_model *m, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (str_eq(argv[i], "--help")) {
			printf(usage, m->name, m->purpose);
			return true;
		}
		if (str_eq(argv[i], "--version")) {
			printf("%s " PACKAGE_VERSION "\n", m->name);
			return true;
		}
	}
	return false;
}

/* --- the run -------------------------------------------------------- */

static void
on_stopped(void *arg)
{
	struct program *p = arg;

	loop_stop(p->loop);
}

/* Then the signals are the kernel's again: the next one kills. */
static void
forget_signals(void *arg)
{
	struct program *p = arg;

	loop_signal_free(p->on_term);
	loop_signal_free(p->on_int);
	p->on_term = p->on_int = NULL;
}

static void
on_signal(void *arg)
{
	struct program *p = arg;

	if (p->stopping)
		return;
	p->stopping = true;
	log_info(p->name, "stopping");
	container_stop(p->container, on_stopped, p);
	loop_post(p->loop, forget_signals, p);
}

static int
announce(
    const struct program *p, const struct container_model *m, struct error *err)
{
	int port = container_port(p->container), rc = 0;
	char *text;

	log_begin(LOG_INFO, m->name);
	log_str("msg", "ready");
	log_int("port", port);
	log_int("workers", p->workers);
	log_end();
	if (p->port_file != NULL) {
		text = xasprintf("%d\n", port);
		rc = file_write_atomic(
		    p->port_file, text, strlen(text), 0644, err);
		free(text);
	}
	return rc;
}

static int
serve(struct program *p, const struct container_model *m, struct error *err)
{
	const struct container_options options = {
	    .host = p->host,
	    .port = (int)p->port,
	    .workers = (size_t)p->workers,
	    .queue = (size_t)p->queue,
	    .max_payload = p->max_payload,
	};
	int rc;

	p->loop = loop_new();
	p->on_term = loop_signal_new(p->loop, SIGTERM, on_signal, p);
	p->on_int = loop_signal_new(p->loop, SIGINT, on_signal, p);
	rc = container_new(p->loop, m, &options, &p->container, err);
	if (rc == 0)
		rc = announce(p, m, err);
	if (rc == 0)
		loop_run(p->loop);
	container_free(p->container);
	loop_unpost(p->loop, p);
	forget_signals(p);
	loop_free(p->loop);
	return rc;
}

int
container_main(const struct container_model *model, int argc, char **argv)
{
	struct program p = {
	    .name = model->name,
	    .log_level = LOG_INFO,
	    .port = PORT_DEFAULT,
	    .workers = default_workers(),
	    .queue = QUEUE_DEFAULT,
	    .max_payload = model->max_payload,
	};
	int status = EXIT_USAGE;
	struct error err;

	if (told(model, argc, argv))
		return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	if (set_options(&p, argc, argv, &err) == 0) {
		log_init(p.log_level, LOG_TEXT);
		if (serve(&p, model, &err) == 0)
			return EXIT_SUCCESS;
		status = EXIT_FAILURE;
	}
	fprintf(stderr, "%s: %s\n", model->name, err.text);
	return status;
}
