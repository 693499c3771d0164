/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three passes: cut into sentences, count words, weigh sentences. The table of
 * words has a fixed size and a fixed number of probes, so that no text, however
 * it was made, takes longer than its length.
 */
#include "containers/summary.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"

#define SLOTS ((size_t)1 << 17)
#define PROBES 16
#define CLOSERS 8 /* behind a full stop; more are no end of a sentence */
/* As if each sentence had so many words more: short ones do not win by that. */
#define SMOOTH 6

struct sentence {
	const char *at;
	uint32_t len;
	bool opens; /* a paragraph */
	uint64_t score;
};

/* A word is its hash alone; two that share one would be counted together. */
struct slot {
	uint64_t hash;
	uint32_t count;
	uint32_t seen_in; /* sentence, from 1: each counts a word once */
};

struct text {
	struct sentence *v;
	size_t n;
	size_t cap;
	struct slot *slots;
	uint64_t seed;
};

/* --- sentences ------------------------------------------------------ */

static bool
is_blank(char c)
{
	return (unsigned char)c <= ' ' || c == 0x7f;
}

static bool
is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Whether a letter or digit begins here: of ASCII, or anything behind it but
 * the signs of Latin-1 (c2 xx) and general punctuation (e2 80 xx, e2 81 xx).
 * The text is sound UTF-8. */
static bool
is_letter(const char *p)
{
	unsigned char c = (unsigned char)*p;

	if (c < 0x80)
		return str_is_alnum(c);
	return c > 0xc2 && !(c == 0xe2 && ((unsigned char)p[1] & ~1U) == 0x80);
}

static size_t
word_len(const char *p, const char *end)
{
	const char *q = p;

	while (q < end && is_letter(q)) {
		for (q++; q < end && is_continuation(*q); q++)
			continue;
	}
	return (size_t)(q - p);
}

/* Whether a full stop belongs to the word before it. */
static bool
is_abbreviation(const char *begin, const char *dot)
{
	static const char known[] =
	    " al ca cf co dr ed etc fig jr mr mrs ms no pp prof sr st vol vs ";
	char word[8] = " ";
	const char *p = dot;
	size_t len;

	while (p > begin && str_is_alnum((unsigned char)p[-1]))
		p--;
	len = (size_t)(dot - p);
	/* An initial, or the like of "e.g.". */
	if (len == 1)
		return !(*p >= '0' && *p <= '9');
	if (len == 0 || len + 3 > sizeof(word))
		return false;
	memcpy(word + 1, p, len);
	word[len + 1] = ' ';
	str_lower(word);
	return strstr(known, word) != NULL;
}

/* Behind .!? and a few closing quotes and brackets, where a blank comes and
 * then no lower-case letter; NULL where that is no end. */
static const char *
sentence_end(const char *begin, const char *p, const char *end)
{
	const char *stop = p;
	size_t i;

	if (*p != '.' && *p != '!' && *p != '?')
		return NULL;
	for (i = 0, p++; i < CLOSERS && p < end; i++) {
		if (end - p >= 3 && memcmp(p, "\xe2\x80", 2) == 0)
			p += 3;
		else if (*p != '\0' && strchr(".!?\"')]", *p) != NULL)
			p++;
	}
	if (p < end && !is_blank(*p))
		return NULL;
	if (*stop == '.' && is_abbreviation(begin, stop))
		return NULL;
	for (stop = p; stop < end && is_blank(*stop); stop++)
		continue;
	return stop < end && *stop >= 'a' && *stop <= 'z' ? NULL : p;
}

/* Whether p ends its line and the next one is empty. */
static bool
is_paragraph_end(const char *p, const char *end)
{
	if (*p != '\n')
		return false;
	for (p++; p < end && is_blank(*p); p++) {
		if (*p == '\n')
			return true;
	}
	return false;
}

/* Where a sentence is cut that would be too long. */
static const char *
cut_long(const char *begin)
{
	const char *p = begin + SUMMARY_SENTENCE_BYTES, *blank;

	for (blank = p; blank > begin + SUMMARY_SENTENCE_BYTES / 2; blank--) {
		if (is_blank(*blank))
			return blank;
	}
	while (is_continuation(*p))
		p--;
	return p;
}

static const char *
find_end(const char *begin, const char *end)
{
	const char *p, *stop;

	for (p = begin; p < end && !is_paragraph_end(p, end); p++) {
		if (p - begin == SUMMARY_SENTENCE_BYTES)
			return cut_long(begin);
		stop = sentence_end(begin, p, end);
		if (stop != NULL)
			return stop;
	}
	return p;
}

static void
add_sentence(struct text *t, const char *p, const char *end, bool opens)
{
	if (t->n == t->cap) {
		t->cap = t->cap == 0 ? 64 : t->cap * 2;
		t->v = xreallocarray(t->v, t->cap, sizeof(*t->v));
	}
	t->v[t->n++] = (struct sentence){
	    .at = p, .len = (uint32_t)(end - p), .opens = opens};
}

/* What holds no letter is no sentence. */
static void
cut(struct text *t, const char *p, const char *end)
{
	bool opens = true;
	const char *stop, *q;

	while (p < end) {
		if (is_blank(*p)) {
			opens = opens || is_paragraph_end(p, end);
			p++;
			continue;
		}
		stop = find_end(p, end);
		for (q = p; q < stop && word_len(q, stop) == 0; q++)
			continue;
		if (q < stop) {
			add_sentence(t, p, stop, opens);
			opens = false;
		}
		p = stop;
	}
}

/* --- words ---------------------------------------------------------- */

static bool
is_stop_word(const char *p, size_t len)
{
	static const char words[] =
	    " a about after all also an and any are as at be because been "
	    "before being but by can could did do does for from had has have "
	    "he her him his how i if in into is it its just may me might more "
	    "most must my no not of on one only or other our out over she "
	    "should so some such than that the their them then there these "
	    "they this those through to under up upon us very was we were "
	    "what when where which while who will with would you your ";
	char word[12] = " ";

	if (len + 3 > sizeof(word))
		return false;
	memcpy(word + 1, p, len);
	word[len + 1] = ' ';
	str_lower(word);
	return strstr(words, word) != NULL;
}

/* The next word at or behind *at (0: there is none); *at moves behind it. */
static uint64_t
next_word(const struct text *t, const char **at, const char *end)
{
	const char *p = *at;
	uint64_t hash;
	size_t len, i;

	for (; p<end; p += len> 0 ? len : 1) {
		len = word_len(p, end);
		if (len == 0 || is_stop_word(p, len))
			continue;
		hash = t->seed;
		for (i = 0; i < len; i++) {
			hash ^= (uint64_t)str_lower_char((unsigned char)p[i]);
			hash *= 0x100000001b3U;
			hash ^= hash >> 29;
		}
		*at = p + len;
		return hash != 0 ? hash : 1;
	}
	*at = p;
	return 0;
}

/* NULL where the table is full there: the word counts for nothing. */
static struct slot *
find_slot(const struct text *t, uint64_t hash)
{
	struct slot *s;
	size_t i;

	for (i = 0; i < PROBES; i++) {
		s = &t->slots[(hash + i) % SLOTS];
		if (s->hash == 0)
			s->hash = hash;
		if (s->hash == hash)
			return s;
	}
	return NULL;
}

static void
count_words(struct text *t)
{
	const char *p, *end;
	struct slot *s;
	uint64_t hash;
	size_t i;

	for (i = 0; i < t->n; i++) {
		p = t->v[i].at;
		end = p + t->v[i].len;
		while ((hash = next_word(t, &p, end)) != 0) {
			s = find_slot(t, hash);
			if (s != NULL)
				s->count++;
		}
	}
}

/* What opens a text or a paragraph often says what it is about. */
static uint64_t
weigh(const struct text *t, size_t i)
{
	const char *p = t->v[i].at, *end = p + t->v[i].len;
	uint64_t hash, sum = 0, words = 0, score;
	struct slot *s;

	while ((hash = next_word(t, &p, end)) != 0) {
		words++;
		s = find_slot(t, hash);
		if (s == NULL || s->seen_in == i + 1)
			continue;
		s->seen_in = (uint32_t)(i + 1);
		sum += s->count;
	}
	score = sum * 1024 / (words + SMOOTH);
	if (i == 0)
		return score + score / 2;
	return t->v[i].opens ? score + score / 4 : score;
}

/* --- the best ------------------------------------------------------- */

/* best[] falls by score; of two alike the earlier one stays before. */
static size_t
choose(const struct text *t, size_t n, size_t *best)
{
	size_t i, k, chosen = 0;

	for (i = 0; i < t->n; i++) {
		k = chosen;
		while (k > 0 && t->v[best[k - 1]].score < t->v[i].score)
			k--;
		if (k == n)
			continue;
		chosen += chosen < n;
		memmove(
		    &best[k + 1], &best[k], (chosen - k - 1) * sizeof(best[0]));
		best[k] = i;
	}
	return chosen;
}

static int
by_place(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return (x > y) - (x < y);
}

static void
write_line(const struct sentence *s, struct buf *out)
{
	size_t i;

	for (i = 0; i < s->len; i++) {
		if (!is_blank(s->at[i]))
			buf_putc(out, s->at[i]);
		else if (i + 1 < s->len && !is_blank(s->at[i + 1]))
			buf_putc(out, ' ');
	}
	buf_putc(out, '\n');
}

int
summary_write(
    const char *text, size_t len, size_t n, struct buf *out, struct error *err)
{
	size_t best[SUMMARY_SENTENCES_MAX], i, skip = 0;
	struct text t = {.v = NULL};

	if (!str_is_text(text, len))
		return err_set(err, ERR_USAGE, "the text is not UTF-8");
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		skip = 3; /* a byte order mark */
	cut(&t, text + skip, text + len);
	if (t.n == 0)
		return err_set(err, ERR_USAGE, "the text holds no word");
	t.slots = xcalloc(SLOTS, sizeof(*t.slots));
	random_bytes(&t.seed, sizeof(t.seed));
	count_words(&t);
	for (i = 0; i < t.n; i++)
		t.v[i].score = weigh(&t, i);
	n = choose(&t, n, best);
	qsort(best, n, sizeof(best[0]), by_place);
	for (i = 0; i < n; i++)
		write_line(&t.v[best[i]], out);
	free(t.slots);
	free(t.v);
	return 0;
}

int
summary_sentences(const char *attributes, size_t *out, struct error *err)
{
	const char *p = attributes != NULL ? attributes : "";
	int64_t n = SUMMARY_SENTENCES_DEFAULT;
	char number[8];
	size_t len;

	for (; *p != '\0'; p += len + (p[len] != '\0')) {
		p += strspn(p, " ");
		len = strcspn(p, ";, ");
		if (!str_starts(p, "sentences="))
			continue;
		snprintf(number, sizeof(number), "%.*s",
		    (int)(len - strlen("sentences=")),
		    p + strlen("sentences="));
		if (str_to_i64(number, 1, SUMMARY_SENTENCES_MAX, &n) == -1)
			return err_set(err, ERR_USAGE,
			    "sentences= in the custom attributes is no number "
			    "from 1 to %d",
			    SUMMARY_SENTENCES_MAX);
	}
	*out = (size_t)n;
	return 0;
}
