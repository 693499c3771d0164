/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that are counted, and their CPU time. */
#include "tests/support/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/str.h"

static int64_t
read_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static long
number(const char *s)
{
	int64_t n;

	if (str_to_i64(s, 1, 10000000, &n) == -1) {
		fprintf(stderr, "'%s' is no number\n", s);
		exit(2);
	}
	return (long)n;
}

void
load_read(struct load *l, int argc, char **argv)
{
	if (argc != 5 && argc != 7) {
		fputs("usage: HOST PORT COUNT AT-ONCE [PER-SECOND TICK-MS]\n",
		    stderr);
		exit(2);
	}
	*l = (struct load){.host = argv[1], .port = argv[2]};
	l->count = number(argv[3]);
	l->at_once = number(argv[4]);
	if (argc == 7) {
		l->per_s = number(argv[5]);
		l->tick_ms = number(argv[6]);
	}
}

long
load_turn(const struct load *l)
{
	if (l->per_s == 0)
		return l->at_once;
	return l->per_s * l->tick_ms / 1000;
}

bool
load_begin(struct load *l)
{
	if (l->begun == l->count)
		return false;
	l->begun++;
	return true;
}

bool
load_over(struct load *l, int status)
{
	l->over++;
	if (status != 404)
		l->failed++;
	if (l->over == l->count / 10) {
		l->cpu_ns = read_ns(CLOCK_PROCESS_CPUTIME_ID);
		l->began_ns = read_ns(CLOCK_MONOTONIC);
		l->counted = l->count - l->over;
	}
	if (l->over < l->count)
		return false;
	l->cpu_ns = read_ns(CLOCK_PROCESS_CPUTIME_ID) - l->cpu_ns;
	l->began_ns = read_ns(CLOCK_MONOTONIC) - l->began_ns;
	return true;
}

void
load_print(const struct load *l)
{
	printf("us=%.2f n=%ld ms=%lld failed=%ld\n",
	    (double)l->cpu_ns / 1000 / (double)l->counted, l->counted,
	    (long long)(l->began_ns / 1000000), l->failed);
}

void
load_key(long n, char out[96])
{
	snprintf(out, 96, "out/awaitd/2026-11-22/01kaz5q8m4%016ld-1.out", n);
}
