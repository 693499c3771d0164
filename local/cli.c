/* SPDX-License-Identifier: Apache-2.0 */
/* Options into a configuration, and a configuration into a server. */
#include "local/cli.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "local/conf.h"
#include "local/server.h"

#define EXIT_USAGE 2
#define HELP_MAX (64 * 1024)

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"listen", required_argument, NULL, 'l'},
    {"data", required_argument, NULL, 'd'},
    {"port-file", required_argument, NULL, 'p'},
    {"endpoint", required_argument, NULL, 'e'},
    {"model", required_argument, NULL, 'm'},
    {"set", required_argument, NULL, 's'},
    {"faults", required_argument, NULL, 'f'},
    {"log-level", required_argument, NULL, 'L'},
    {"log-format", required_argument, NULL, 'F'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "usage: awaitd-local [-c FILE] [OPTION]...\n"
    "       awaitd-local --data DIR --endpoint NAME --model 'COMMAND ARG...'\n"
    "\n"
    "An asynchronous inference endpoint of your own, with an object store.\n"
    "\n"
    "  -c, --config FILE      read this configuration\n"
    "      --listen HOST:PORT listen there (127.0.0.1:7070)\n"
    "      --data DIR         keep objects and the queue there\n"
    "      --port-file FILE   write the port there when it is ready\n"
    "      --endpoint NAME    an endpoint without a file, with --model\n"
    "      --model COMMAND    its model: payload on stdin, result on stdout\n"
    "      --set 'S.KEY=V'    set any key, such as 'endpoint "
    "ocr.names=ignored'\n"
    "      --faults FILE      go wrong as its lines say, see the manual\n"
    "      --log-level LEVEL  debug, info, warn, error or none\n"
    "      --log-format FORM  text or json\n"
    "      --help, --version\n"
    "\n"
    "Keys of the configuration, and their defaults:\n";

struct cli {
	const char *port_file;
	const char *endpoint;
	const char *model;
};

static int
print_help(void)
{
	struct buf b;

	buf_init(&b, HELP_MAX);
	buf_puts(&b, usage);
	conf_help(&b);
	fputs(b.data, stdout);
	buf_done(&b);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void
complain(const struct error *err)
{
	fprintf(stderr, "awaitd-local: %s%s%s\n", err->text,
	    err->hint[0] != '\0' ? ". " : "", err->hint);
}

/* An endpoint from two options; its places follow from its name. */
static int
set_quick_endpoint(struct conf *conf, const struct cli *cli, struct error *err)
{
	char *section, *output, *failure;
	int rc;

	if (cli->endpoint == NULL && cli->model == NULL)
		return 0;
	if (cli->endpoint == NULL || cli->model == NULL) {
		err_set(err, ERR_USAGE, "--endpoint and --model go together");
		return err_hint(
		    err, "Write --endpoint NAME --model 'COMMAND ARGUMENTS'.");
	}
	section = xasprintf("endpoint %s", cli->endpoint);
	output = xasprintf("s3://awaitd-local/%s/output", cli->endpoint);
	failure = xasprintf("s3://awaitd-local/%s/failure", cli->endpoint);
	rc = conf_set_key(conf, section, "command", cli->model, err);
	if (rc == 0)
		rc = conf_set_key(conf, section, "s3_output_path", output, err);
	if (rc == 0)
		rc = conf_set_key(
		    conf, section, "s3_failure_path", failure, err);
	free(section);
	free(output);
	free(failure);
	return rc;
}

static int
take_option(struct conf *conf, struct cli *cli, int option, const char *value,
    struct error *err)
{
	switch (option) {
	case 'l':
		return conf_set_key(conf, "local", "listen", value, err);
	case 'd':
		return conf_set_key(conf, "local", "data", value, err);
	case 'L':
		return conf_set_key(conf, "local", "log_level", value, err);
	case 'F':
		return conf_set_key(conf, "local", "log_format", value, err);
	case 'f':
		return conf_set_key(conf, "local", "faults", value, err);
	case 's':
		return conf_set(conf, value, err);
	case 'p':
		cli->port_file = value;
		return 0;
	case 'e':
		cli->endpoint = value;
		return 0;
	case 'm':
		cli->model = value;
		return 0;
	default:
		return 0;
	}
}

/* The file first, wherever -c stands: options are stronger. */
static int
read_files(struct conf *conf, int argc, char **argv, struct error *err)
{
	int option, rc = 0;

	optind = 1;
	while (rc == 0 &&
	    (option = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		if (option == 'c')
			rc = conf_read(conf, optarg, err);
	}
	return rc;
}

static int
configure(struct conf *conf, struct cli *cli, int argc, char **argv,
    struct error *err)
{
	int option, rc = read_files(conf, argc, argv, err);

	optind = 1;
	while (rc == 0 &&
	    (option = getopt_long(argc, argv, "c:", options, NULL)) != -1)
		rc = take_option(conf, cli, option, optarg, err);
	if (rc == 0)
		rc = set_quick_endpoint(conf, cli, err);
	return rc == 0 ? conf_finish(conf, err) : -1;
}

/* Options that end the program at once; -1: go on. */
static int
check_options(int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		if (option == 'h')
			return print_help();
		if (option == 'V') {
			puts("awaitd-local " PACKAGE_VERSION);
			return EXIT_SUCCESS;
		}
		if (option == '?') {
			fputs(
			    "awaitd-local: see awaitd-local --help\n", stderr);
			return EXIT_USAGE;
		}
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "awaitd-local: '%s' is no option; see --help\n",
	    argv[optind]);
	return EXIT_USAGE;
}

static int
run(const struct conf *conf, const struct cli *cli)
{
	struct error err;

	log_init(
	    (enum log_level)conf->log_level, (enum log_format)conf->log_format);
	if (server_run(conf, cli->port_file, &err) == 0)
		return EXIT_SUCCESS;
	complain(&err);
	return err.code == ERR_CONFIG ? EXIT_USAGE : EXIT_FAILURE;
}

int
cli_main(int argc, char **argv)
{
	int status = check_options(argc, argv);
	struct cli cli = {0};
	struct conf conf;
	struct error err;

	if (status != -1)
		return status;
	conf_init(&conf);
	if (configure(&conf, &cli, argc, argv, &err) == -1) {
		complain(&err);
		status = EXIT_USAGE;
	} else
		status = run(&conf, &cli);
	conf_done(&conf);
	return status;
}
