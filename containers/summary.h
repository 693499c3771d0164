/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A summary of a text out of its own sentences: those whose words are frequent
 * in the whole, in the order of the text. No language model, no data files:
 * H. P. Luhn, "The automatic creation of literature abstracts", 1958, with a
 * bonus for the place. For languages that part words by blanks and end their
 * sentences as English does; the words that count for nothing are English.
 */
#ifndef CONTAINERS_SUMMARY_H
#define CONTAINERS_SUMMARY_H

#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

#define SUMMARY_SENTENCES_DEFAULT 3
#define SUMMARY_SENTENCES_MAX 100
/* Longer ones are cut at a blank, or between two characters. */
#define SUMMARY_SENTENCE_BYTES 4096

/*
 * Append the best n sentences (1 to SUMMARY_SENTENCES_MAX) of the text, a line
 * each, runs of blanks and control characters as one blank. Takes time in
 * proportion to len, and 24 bytes of memory a sentence. ERR_USAGE where the
 * text is not UTF-8 (NUL is not allowed) or holds no word.
 */
int summary_write(
    const char *text, size_t len, size_t n, struct buf *out, struct error *err);

/*
 * How many sentences custom attributes such as "lang=en;sentences=5" ask for;
 * parts end at ';' or ','. The default where they do not say. ERR_USAGE where
 * the number is none from 1 to SUMMARY_SENTENCES_MAX.
 */
int summary_sentences(const char *attributes, size_t *out, struct error *err);

#endif
