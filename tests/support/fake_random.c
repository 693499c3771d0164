/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of a small generator (splitmix64), and a unit that a test names. */
#include "tests/support/fake_random.h"

#include <string.h>

#include "base/random.h"

static uint64_t state = 1;
static double unit = 0.5;

void
fake_random_seed(uint64_t seed)
{
	state = seed;
	unit = 0.5;
}

void
fake_random_set_unit(double value)
{
	unit = value;
}

static unsigned char
next_byte(void)
{
	uint64_t z;

	state += UINT64_C(0x9e3779b97f4a7c15);
	z = (state ^ (state >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (unsigned char)(z >> 56);
}

void
random_bytes(void *out, size_t len)
{
	unsigned char *p = out;

	while (len-- > 0)
		*p++ = next_byte();
}

double
random_unit(void)
{
	return unit;
}

void
random_uuid(char out[RANDOM_UUID_SIZE])
{
	static const char shape[] = "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx";
	size_t i;

	memcpy(out, shape, RANDOM_UUID_SIZE);
	for (i = 0; i < RANDOM_UUID_SIZE; i++) {
		if (out[i] == 'x')
			out[i] = "0123456789abcdef"[next_byte() & 15];
	}
}
