/* SPDX-License-Identifier: Apache-2.0 */
/* Chance, from the kernel. */
#include "base/random.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

void
random_bytes(void *out, size_t len)
{
	unsigned char *p = out;

	while (len > 0) {
		ssize_t n = getrandom(p, len, 0);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0) {
			perror("awaitd: getrandom");
			abort();
		}
		p += n;
		len -= (size_t)n;
	}
}

double
random_unit(void)
{
	uint64_t n;

	random_bytes(&n, sizeof(n));
	return (double)(n >> 11) * 0x1.0p-53;
}

void
random_uuid(char out[RANDOM_UUID_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char b[16];
	size_t i;

	random_bytes(b, sizeof(b));
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	for (i = 0; i < sizeof(b); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*out++ = '-';
		*out++ = digits[b[i] >> 4];
		*out++ = digits[b[i] & 0x0f];
	}
	*out = '\0';
}
