/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What it costs to run a command, alone and under a keeper: execbench KEEPER
 * N MEGABYTES. One after the other, /bin/true, in a process that has touched
 * so much memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/child.h"
#include "base/keeper.h"
#include "base/mem.h"

#define MB ((size_t)1024 * 1024)

struct cost {
	double wall_us, cpu_us, start_us; /* each */
};

static int failed;

static void
on_done(const struct child_result *r, void *arg)
{
	(void)arg;
	failed += r->exit_code != 0;
}

static int64_t
cpu_us(int who)
{
	struct rusage u;

	getrusage(who, &u);
	return (int64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
	    u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

static int64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static struct cost
measure(struct loop *loop, bool kept, int n)
{
	static const char *const argv[] = {"/bin/true", NULL};
	struct child_options o = {.argv = argv,
	    .stdin_fd = -1,
	    .stdout_fd = -1,
	    .stderr_fd = -1,
	    .kept = kept};
	int64_t began = now_us(), starts = 0, at;
	int64_t cpu = cpu_us(RUSAGE_SELF) + cpu_us(RUSAGE_CHILDREN);
	struct child *child;
	struct error err;
	int i;

	for (i = 0; i < n; i++) {
		at = now_us();
		if (child_start(loop, &o, on_done, NULL, &child, &err) == -1) {
			fprintf(stderr, "execbench: %s\n", err.text);
			exit(1);
		}
		starts += now_us() - at;
		loop_run(loop);
	}
	return (struct cost){
	    .wall_us = (double)(now_us() - began) / n,
	    .cpu_us =
		(double)(cpu_us(RUSAGE_SELF) + cpu_us(RUSAGE_CHILDREN) - cpu) /
		n,
	    .start_us = (double)starts / n,
	};
}

int
main(int argc, char **argv)
{
	struct cost alone, kept;
	struct loop *loop;
	size_t ballast;
	char *memory;
	int n;

	if (argc != 4)
		return 2;
	keeper_set_path(argv[1]);
	n = (int)strtol(argv[2], NULL, 10);
	ballast = (size_t)strtol(argv[3], NULL, 10) * MB;
	memory = xmalloc(ballast + 1);
	memset(memory, 1, ballast + 1);
	loop = loop_new();
	measure(loop, true, n / 10 + 1);
	measure(loop, false, n / 10 + 1);
	alone = measure(loop, false, n);
	kept = measure(loop, true, n);
	printf("exec: runs=%d memory_mb=%s alone_us=%.0f kept_us=%.0f "
	       "alone_cpu_us=%.0f kept_cpu_us=%.0f alone_loop_us=%.0f "
	       "kept_loop_us=%.0f failed=%d\n",
	    n, argv[3], alone.wall_us, kept.wall_us, alone.cpu_us, kept.cpu_us,
	    alone.start_us, kept.start_us, failed);
	loop_free(loop);
	free(memory);
	return failed > 0;
}
