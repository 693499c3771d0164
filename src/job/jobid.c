/* SPDX-License-Identifier: Apache-2.0 */
/* ULIDs: https://github.com/ulid/spec, in lower case. */
#include "job/jobid.h"

#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/random.h"

#define RANDOM_BYTES 10
#define TIME_CHARS 10

static const char digits[] = ENCODE_BASE32_DIGITS;

/* The last id's parts: a second one in the same millisecond counts up. */
static int64_t last_ms;
static unsigned char last_random[RANDOM_BYTES];

static void
next_parts(int64_t *ms, unsigned char random[RANDOM_BYTES])
{
	int i = RANDOM_BYTES - 1;

	*ms = clock_wall_ms();
	if (*ms > last_ms) {
		random_bytes(last_random, RANDOM_BYTES);
		/* Room to count up. */
		last_random[0] &= 0x7f;
		last_ms = *ms;
	} else {
		*ms = last_ms;
		while (i >= 0 && ++last_random[i] == 0)
			i--;
	}
	memcpy(random, last_random, RANDOM_BYTES);
}

void
jobid_new(char out[JOBID_SIZE])
{
	unsigned char random[RANDOM_BYTES];
	int64_t ms;
	int i;

	next_parts(&ms, random);
	for (i = TIME_CHARS - 1; i >= 0; i--) {
		out[i] = digits[ms & 31];
		ms >>= 5;
	}
	encode_base32(random, RANDOM_BYTES, out + TIME_CHARS);
}

bool
jobid_ok(const char *s)
{
	return strlen(s) == JOBID_LEN && strspn(s, digits) == JOBID_LEN &&
	    *s <= '7';
}

int64_t
jobid_time(const char *id)
{
	int64_t ms = 0;
	int i;

	for (i = 0; i < TIME_CHARS; i++)
		ms = ms << 5 | (strchr(digits, id[i]) - digits);
	return ms;
}
