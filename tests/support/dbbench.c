/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dbbench FOLDER COUNT TOGETHER [BYTES]: what awaitd-local's store can take at
 * the most: COUNT requests written to a database in FOLDER, TOGETHER of them
 * in each transaction, and nothing else done.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"
#include "local/db.h"

static long wanted, together, written;
static size_t bytes = 100;
static struct db *db;
static struct loop *loop;

static void on_commit(const struct error *err, void *arg);

static void
write_some(void)
{
	char id[] = "01jd2k3m4n5p6q7r8s9t0v1w2x-1";
	char endpoint[] = "nothing",
	     output[] = "s3://bucket/nothing/output/"
			"01jd2k3m4n5p6q7r8s9t0v1w2x-1"
			".out";
	struct db_request r = {
	    .inference_id = id,
	    .endpoint = endpoint,
	    .output = output,
	    .failure = output,
	    .accepted_at = clock_wall_ms(),
	    .ttl_s = 21600,
	    .timeout_s = 900,
	    .body_len = bytes,
	};
	struct error err;
	long i;

	r.body = xcalloc(1, bytes);
	for (i = 0; i < together; i++) {
		if (db_request_add(db, &r, &err) == -1) {
			fprintf(stderr, "dbbench: %s\n", err.text);
			exit(2);
		}
	}
	free(r.body);
	written += together;
	db_on_commit(db, on_commit, NULL);
}

static void
on_commit(const struct error *err, void *arg)
{
	(void)arg;
	if (err != NULL) {
		fprintf(stderr, "dbbench: %s\n", err->text);
		exit(2);
	}
	if (written < wanted)
		write_some();
	else
		loop_stop(loop);
}

int
main(int argc, char **argv)
{
	int64_t began_at, ms;
	struct error err;
	char *path;

	if (argc < 4) {
		fputs("usage: dbbench FOLDER COUNT TOGETHER [BYTES]\n", stderr);
		return 2;
	}
	wanted = strtol(argv[2], NULL, 10);
	together = strtol(argv[3], NULL, 10);
	if (argc > 4)
		bytes = (size_t)strtol(argv[4], NULL, 10);
	path = xasprintf("%s/bench.db", argv[1]);
	loop = loop_new();
	if (db_open(loop, path, &db, &err) == -1) {
		fprintf(stderr, "dbbench: %s\n", err.text);
		return 2;
	}
	began_at = clock_mono_ms();
	write_some();
	loop_run(loop);
	ms = clock_mono_ms() - began_at;
	printf("written=%ld ms=%lld per_s=%lld\n", written, (long long)ms,
	    (long long)(written * 1000 / (ms > 0 ? ms : 1)));
	db_close(db);
	loop_free(loop);
	free(path);
	return 0;
}
