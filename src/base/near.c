/* SPDX-License-Identifier: Apache-2.0 */
/* The distance of two words: optimal string alignment, ASCII case apart. */
#include "base/near.h"

#include <string.h>

#include "base/str.h"

#define WORD_MAX 64
/* A beginning is near, but a misspelling is nearer. */
#define PREFIX_MIN 3
#define PREFIX_DISTANCE 4

static int
least(int a, int b)
{
	return a < b ? a : b;
}

/* Where the last two letters changed places. */
static bool
swapped(const char *a, const char *b, size_t i, size_t j)
{
	return i > 1 && j > 1 &&
	    str_lower_char(a[i - 1]) == str_lower_char(b[j - 2]) &&
	    str_lower_char(a[i - 2]) == str_lower_char(b[j - 1]);
}

static int
distance(const char *a, size_t la, const char *b, size_t lb)
{
	int rows[3][WORD_MAX + 1]; /* i - 2, i - 1 and i, by turns */
	size_t i, j;

	for (j = 0; j <= lb; j++)
		rows[0][j] = (int)j;
	for (i = 1; i <= la; i++) {
		const int *before = rows[(i - 1) % 3];
		const int *first = rows[(i + 1) % 3];
		int *row = rows[i % 3];

		row[0] = (int)i;
		for (j = 1; j <= lb; j++) {
			int same = str_lower_char(a[i - 1]) ==
			    str_lower_char(b[j - 1]);

			row[j] = least(before[j - 1] + !same,
			    least(before[j], row[j - 1]) + 1);
			if (swapped(a, b, i, j))
				row[j] = least(row[j], first[j - 2] + 1);
		}
	}
	return rows[la % 3][lb];
}

/* As many slips as a word of that length may have and still be meant. */
static int
slips(size_t len)
{
	return len < 6 ? 1 : len < 9 ? 2 : 3;
}

void
near_init(struct near *n, const char *word)
{
	*n = (struct near){.word = word};
}

void
near_try(struct near *n, const char *candidate)
{
	size_t la = strlen(n->word), lb = strlen(candidate);
	int d;

	if (la == 0 || la > WORD_MAX || lb > WORD_MAX)
		return;
	d = distance(n->word, la, candidate, lb);
	if (d > slips(la)) {
		if (la < PREFIX_MIN || !str_starts(candidate, n->word))
			return;
		d = PREFIX_DISTANCE;
	}
	if (n->best == NULL || d < n->distance) {
		n->best = candidate;
		n->distance = d;
	}
}
