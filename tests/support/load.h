/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many requests, how they follow each other, and what they cost: what the
 * clients that are compared have in common, so that they do the same and are
 * measured alike.
 */
#ifndef TESTS_LOAD_H
#define TESTS_LOAD_H

#include <stdbool.h>
#include <stdint.h>

struct load {
	/* HOST PORT COUNT AT-ONCE [PER-SECOND TICK-MS] */
	const char *host;
	const char *port;
	long count;
	long at_once;
	long per_s; /* 0: the next one follows the last */
	long tick_ms;

	long begun, over, failed;
	int64_t cpu_ns; /* when the first tenth was over: it is not counted */
	int64_t began_ns;
	long counted;
};

/* Exits where the words are senseless. */
void load_read(struct load *l, int argc, char **argv);

/* How many may begin at the start, or with a tick. */
long load_turn(const struct load *l);

/* May one more begin? It is counted as one that did. */
bool load_begin(struct load *l);

/* One is over: 404 is what is right. True: that was the last one. */
bool load_over(struct load *l, int status);

/* "us=CPU-each n=COUNTED ms=TIME failed=N" */
void load_print(const struct load *l);

/* The key of the n-th object that is not there, as ours look. */
void load_key(long n, char out[96]);

#endif
