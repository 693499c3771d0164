/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What awaitd makes of AWS's settings, asked without a service.
 *
 *   awsprobe prepare CASES DIR [PEER_URL]   makes the files of the cases, and
 *                                           prints a question a line
 *   awsprobe answer                         reads such lines, answers each in
 *                                           a process of its own
 *   awsprobe hosts                          reads SERVICE REGION FIPS DUAL
 *                                           BUCKET (0 or 1, or "-") and prints
 *                                           the URL, or "error"
 *
 * An answer holds no secret, but its length and its last four characters.
 */
#include "awsprobe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aws/endpoint.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#define INPUT_BYTES (16 * 1024 * 1024)
#define ANSWER_SECONDS 60

static void
die(const char *what, const char *text)
{
	fprintf(stderr, "awsprobe: %s: %s\n", what, text);
	exit(2);
}

/* --- answer --------------------------------------------------------- */

/* Nothing of our own environment, but where programs are. */
static void
enter(const struct json *env)
{
	char *path = xstrdup_or_null(getenv("PATH"));
	const struct json *v;

	clearenv();
	if (path != NULL)
		setenv("PATH", path, 1);
	free(path);
	for (v = json_first(env); v != NULL; v = json_next(v))
		setenv(json_name(v), json_str(v), 1);
}

static void
answer(const struct json *question)
{
	struct jsonw w;
	struct buf out;

	alarm(ANSWER_SECONDS);
	enter(json_get(question, "env"));
	buf_init(&out, INPUT_BYTES);
	jsonw_init(&w, &out);
	jsonw_begin(&w, NULL, '{');
	jsonw_str(&w, "name", json_get_str(question, "name"));
	awsprobe_answer(json_get(question, "ask"), &w);
	jsonw_end(&w, '}');
	printf("%.*s\n", (int)out.len, out.data);
	fflush(stdout);
	buf_done(&out);
}

static void
answer_line(const char *line, size_t len)
{
	struct json *question;
	struct error err;
	int status;
	pid_t pid;

	if (json_parse(line, len, &question, &err) == -1)
		die("question", err.text);
	fflush(stdout);
	pid = fork();
	if (pid == -1)
		die("fork", "failed");
	if (pid == 0) {
		answer(question);
		json_free(question);
		return;
	}
	if (waitpid(pid, &status, 0) == -1 || status != 0)
		printf("{\"name\":\"%s\",\"error\":\"died: status %d\"}\n",
		    json_get_str(question, "name"), status);
	json_free(question);
}

/* All are read before the first is answered: a process that ends puts the
 * offset of a file back to where its own reading was. */
static void
answer_all(void)
{
	pid_t self = getpid();
	char piece[65536], *line, *end;
	struct buf in;
	size_t n;

	buf_init(&in, INPUT_BYTES);
	while ((n = fread(piece, 1, sizeof(piece), stdin)) > 0) {
		if (buf_append(&in, piece, n) == -1)
			die("stdin", "too much");
	}
	for (line = in.data; in.len > 0 && getpid() == self; line = end + 1) {
		end = strchr(line, '\n');
		if (end == NULL)
			break;
		answer_line(line, (size_t)(end - line));
	}
	buf_done(&in);
}

/* --- hosts ---------------------------------------------------------- */

static char *
url_of(const struct endpoint_options *o, const char *bucket)
{
	struct aws_endpoint e;
	struct error err;
	char *host, *path, *url;

	if (endpoint_resolve(o, &e, &err) == -1)
		return xstrdup("error");
	if (str_eq(bucket, "-")) {
		url = xasprintf("%s/", e.url);
	} else if (endpoint_s3_target(&e, bucket, "", &host, &path, &err) ==
	    -1) {
		url = xstrdup("error");
	} else {
		url = xasprintf("%s://%s%s", e.scheme, host, path);
		free(host);
		free(path);
	}
	endpoint_done(&e);
	return url;
}

static void
hosts(void)
{
	struct endpoint_options o = {0};
	char service[64], region[64], fips[8], dual[8], bucket[64], *url;

	while (scanf("%63s %63s %7s %7s %63s", service, region, fips, dual,
		   bucket) == 5) {
		o.service = service;
		o.region = region;
		setenv("AWS_USE_FIPS_ENDPOINT",
		    str_eq(fips, "1") ? "true" : "false", 1);
		setenv("AWS_USE_DUALSTACK_ENDPOINT",
		    str_eq(dual, "1") ? "true" : "false", 1);
		url = url_of(&o, bucket);
		printf("%s %s %s %s %s %s\n", service, region, fips, dual,
		    bucket, url);
		free(url);
	}
}

static void
prepare(const char *file, const char *dir, const char *peer)
{
	struct json *cases = NULL;
	struct buf text;
	struct error err;

	buf_init(&text, INPUT_BYTES);
	if (file_read(file, &text, &err) == -1 ||
	    json_parse(text.data, text.len, &cases, &err) == -1)
		die(file, err.text);
	awsprobe_prepare(cases, dir, peer);
	json_free(cases);
	buf_done(&text);
}

int
main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (str_eq(verb, "prepare") && (argc == 4 || argc == 5))
		prepare(argv[2], argv[3], argc == 5 ? argv[4] : NULL);
	else if (str_eq(verb, "answer") && argc == 2)
		answer_all();
	else if (str_eq(verb, "hosts") && argc == 2)
		hosts();
	else
		die("usage", "prepare CASES DIR [URL] | answer | hosts");
	return 0;
}
