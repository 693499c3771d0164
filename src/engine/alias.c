/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing; nothing is taken out but when all move. */
#include "engine/alias.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/siphash.h"

#define CAP_FIRST 16
#define PACKED 16

static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

struct alias {
	uint64_t hash; /* 0: nothing is here */
	unsigned char job[PACKED];
};

struct aliases {
	alias_alive_fn *alive;
	void *arg;
	uint64_t seed[2];
	struct alias *v;
	size_t cap; /* 0 or a power of two */
	size_t n;
};

/* --- 26 digits of five bits, the first of three ---------------------- */

static void
pack(const char *id, unsigned char out[PACKED])
{
	unsigned acc = 0, n = 0;
	int bits = -2; /* in front, always 0 */

	for (; *id != '\0'; id++) {
		acc = acc << 5 | (unsigned)(strchr(digits, *id) - digits);
		bits += 5;
		if (bits >= 8) {
			bits -= 8;
			out[n++] = (unsigned char)(acc >> bits);
		}
	}
}

static void
unpack(const unsigned char in[PACKED], char out[JOBID_SIZE])
{
	unsigned acc = 0, n = 0, i;
	int bits = 2;

	for (i = 0; i < PACKED; i++) {
		acc = acc << 8 | in[i];
		for (bits += 8; bits >= 5; bits -= 5)
			out[n++] = digits[acc >> (bits - 5) & 31];
	}
	out[n] = '\0';
}

/* --- the table ------------------------------------------------------- */

static uint64_t
hash_of(const struct aliases *a, const char *name)
{
	uint64_t hash = siphash(a->seed, name, strlen(name));

	return hash != 0 ? hash : 1;
}

static void
put(struct aliases *a, const struct alias *one)
{
	size_t i = (size_t)one->hash & (a->cap - 1);

	while (a->v[i].hash != 0)
		i = (i + 1) & (a->cap - 1);
	a->v[i] = *one;
	a->n++;
}

static bool
is_alive(const struct aliases *a, const struct alias *one)
{
	char id[JOBID_SIZE];

	unpack(one->job, id);
	return a->alive(id, a->arg);
}

/* Those that are alive, in as much room as they need twice. */
static void
make_room(struct aliases *a)
{
	struct alias *old = a->v;
	size_t i, cap = a->cap, alive = 0;

	for (i = 0; i < cap; i++) {
		if (old[i].hash != 0 && !is_alive(a, &old[i]))
			old[i].hash = 0;
		alive += old[i].hash != 0;
	}
	for (a->cap = CAP_FIRST; a->cap < 2 * (alive + 1);)
		a->cap *= 2;
	a->v = xcalloc(a->cap, sizeof(*a->v));
	a->n = 0;
	for (i = 0; i < cap; i++) {
		if (old[i].hash != 0)
			put(a, &old[i]);
	}
	free(old);
}

struct aliases *
aliases_new(alias_alive_fn *alive, void *arg)
{
	struct aliases *a = xcalloc(1, sizeof(*a));

	a->alive = alive;
	a->arg = arg;
	random_bytes(a->seed, sizeof(a->seed));
	return a;
}

void
aliases_free(struct aliases *a)
{
	free(a->v);
	free(a);
}

void
alias_add(struct aliases *a, const char *name, const char *job_id)
{
	struct alias one = {.hash = hash_of(a, name)};
	char other[JOBID_SIZE];
	size_t place = 0;

	while (alias_find(a, name, &place, other)) {
		if (strcmp(other, job_id) == 0)
			return;
	}
	if (4 * (a->n + 1) > 3 * a->cap)
		make_room(a);
	pack(job_id, one.job);
	put(a, &one);
}

bool
alias_find(const struct aliases *a, const char *name, size_t *place,
    char out[JOBID_SIZE])
{
	uint64_t hash = hash_of(a, name);
	const struct alias *one;

	while (a->cap > 0) {
		one = &a->v[((size_t)hash + (*place)++) & (a->cap - 1)];
		if (one->hash == 0)
			break;
		if (one->hash == hash) {
			unpack(one->job, out);
			return true;
		}
	}
	return false;
}

size_t
aliases_count(const struct aliases *a)
{
	return a->n;
}
