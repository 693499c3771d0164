/* SPDX-License-Identifier: Apache-2.0 */
/* containers/summary: where sentences end, which are chosen, hostile text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/str.h"
#include "containers/summary.h"

#define OUT_MAX ((size_t)16 << 20)
#define LARGE_TEXT ((size_t)1 << 20)
#define HUGE_TEXT ((size_t)8 << 20)
#define CPU_MAX_S 20 /* a thousand times what it takes */

/* The summary of a text must be exactly this. */
static void
check(const char *text, size_t n, const char *want)
{
	struct error err;
	struct buf out;

	buf_init(&out, OUT_MAX);
	if (summary_write(text, strlen(text), n, &out, &err) == -1)
		fail_msg("%s: %s", text, err.text);
	assert_string_equal(out.data, want);
	buf_done(&out);
}

/* All sentences of a text, a line each. */
static void
check_cut(const char *text, const char *want)
{
	check(text, SUMMARY_SENTENCES_MAX, want);
}

static void
refused(const char *text, size_t len, const char *why)
{
	struct error err;
	struct buf out;

	buf_init(&out, OUT_MAX);
	assert_int_equal(summary_write(text, len, 3, &out, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_string_equal(err.text, why);
	assert_int_equal(out.len, 0);
	buf_done(&out);
}

/* --- sentences ------------------------------------------------------ */

static void
sentences_end_at_their_stops(void **state)
{
	(void)state;
	check_cut("One goes. Two stay! Are three left? Four",
	    "One goes.\nTwo stay!\nAre three left?\nFour\n");
	check_cut(
	    "He said \"Go.\" (She went.) \xe2\x80\x9cWhy?\xe2\x80\x9d Ha!",
	    "He said \"Go.\"\n(She "
	    "went.)\n\xe2\x80\x9cWhy?\xe2\x80\x9d\nHa!\n");
	check_cut("Wait... What?! Yes.", "Wait...\nWhat?!\nYes.\n");
}

static void
a_full_stop_inside_of_a_sentence_is_none(void **state)
{
	(void)state;
	check_cut("Dr. Ahab of St. Ives, e.g. J. R. Ahab, came.",
	    "Dr. Ahab of St. Ives, e.g. J. R. Ahab, came.\n");
	check_cut("It is 3.14 at a.example.org now.",
	    "It is 3.14 at a.example.org now.\n");
	check_cut("Some (etc.) and more etc. go on here.",
	    "Some (etc.) and more etc. go on here.\n");
	check_cut("Ship 7. and ship 9. left.", "Ship 7. and ship 9. left.\n");
	/* A number is no initial. */
	check_cut(
	    "They were 7. Then they left.", "They were 7.\nThen they left.\n");
}

static void
an_empty_line_ends_a_sentence_and_a_line_does_not(void **state)
{
	(void)state;
	check_cut("A heading\n \t\nThe\nfirst  line\r\nof it",
	    "A heading\nThe first line of it\n");
	check_cut("One\r\n\r\nTwo", "One\nTwo\n");
}

static void
what_holds_no_letter_is_no_sentence(void **state)
{
	(void)state;
	check_cut("--- Here. *** !!! \xe2\x80\xa6 There.",
	    "--- Here.\n\xe2\x80\xa6 There.\n");
}

static void
a_long_sentence_is_cut_at_a_blank_or_between_characters(void **state)
{
	char *text = xmalloc(3 * SUMMARY_SENTENCE_BYTES + 1);
	struct error err;
	struct buf out;
	size_t i;

	(void)state;
	buf_init(&out, OUT_MAX);
	/* Three bytes each: no multiple of them is the cap. */
	for (i = 0; i < SUMMARY_SENTENCE_BYTES; i++)
		memcpy(text + 3 * i, "\xe6\xb0\xb4", 3);
	assert_int_equal(summary_write(text, 3 * SUMMARY_SENTENCE_BYTES,
			     SUMMARY_SENTENCES_MAX, &out, &err),
	    0);
	assert_true(str_is_text(out.data, out.len));
	assert_int_equal(out.len, 3 * SUMMARY_SENTENCE_BYTES + 4);
	assert_int_equal(
	    strcspn(out.data, "\n"), SUMMARY_SENTENCE_BYTES / 3 * 3);

	buf_clear(&out);
	memset(text, 'w', SUMMARY_SENTENCE_BYTES + 100);
	text[SUMMARY_SENTENCE_BYTES - 50] = ' ';
	assert_int_equal(
	    summary_write(text, SUMMARY_SENTENCE_BYTES + 100, 9, &out, &err),
	    0);
	assert_int_equal(strcspn(out.data, "\n"), SUMMARY_SENTENCE_BYTES - 50);
	buf_done(&out);
	free(text);
}

/* --- choice --------------------------------------------------------- */

static const char harbour[] =
    "The harbour book lists each ship. Rain fell. A cat slept by the wall.\n\n"
    "Clerks copy the harbour book of ships twice. Somebody sang an old song. "
    "Ships without a line in the harbour book wait.";

static void
sentences_with_frequent_words_are_chosen_in_their_order(void **state)
{
	(void)state;
	check(harbour, 1, "The harbour book lists each ship.\n");
	check(harbour, 2,
	    "The harbour book lists each ship.\n"
	    "Clerks copy the harbour book of ships twice.\n");
	check(harbour, 3,
	    "The harbour book lists each ship.\n"
	    "Clerks copy the harbour book of ships twice.\n"
	    "Ships without a line in the harbour book wait.\n");
}

static void
a_summary_is_the_same_each_time(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 50; i++)
		sentences_with_frequent_words_are_chosen_in_their_order(NULL);
}

/* "the" is everywhere, and yet says nothing. */
static void
stop_words_count_for_nothing(void **state)
{
	(void)state;
	check("Start here. Then of the, in the, to the, at the last. "
	      "Tea and tea leaves make tea. So it was and so it is with the.",
	    1, "Tea and tea leaves make tea.\n");
}

/* Of five alike the first wins; one that opens a paragraph wins over them. */
static void
the_place_counts(void **state)
{
	(void)state;
	check("Red fox. Blue fox. Grey fox. Pink fox.", 1, "Red fox.\n");
	check("Red fox. Blue fox. Grey fox.\n\nPink fox. Teal fox.", 2,
	    "Red fox.\nPink fox.\n");
	check("Red fox. Blue fox. Grey fox. Pink fox.", 3,
	    "Red fox.\nBlue fox.\nGrey fox.\n");
}

/* Else a sentence of one word, said over and over, would be the best. */
static void
a_word_counts_once_a_sentence(void **state)
{
	(void)state;
	check("Well now. Bell bell bell bell bell bell bell bell. "
	      "Clouds carry rain. Rain feeds rivers, clouds carry rivers.",
	    1, "Rain feeds rivers, clouds carry rivers.\n");
}

static void
words_are_compared_without_case_and_marks(void **state)
{
	(void)state;
	check("Nothing. Empty line. WHALE \xe2\x80\x93 whale, \"Whale\". "
	      "Another line. Small whale\xe2\x80\x94"
	      "big whale.",
	    1,
	    "Small whale\xe2\x80\x94"
	    "big whale.\n");
}

static void
blanks_and_control_characters_become_one_blank(void **state)
{
	(void)state;
	check_cut("A\x1b[31m \x07\t red \x7f\n word.", "A [31m red word.\n");
	check_cut("\xef\xbb\xbf"
		  "A mark before it.",
	    "A mark before it.\n");
}

/* --- bad and hostile text ------------------------------------------- */

static void
what_is_no_text_is_refused(void **state)
{
	(void)state;
	refused("caf\xe9 au lait", 12, "the text is not UTF-8");
	refused("nul \0 here", 10, "the text is not UTF-8");
	refused("cut \xe2\x80", 6, "the text is not UTF-8");
	refused(" \n\t ... !!", 10, "the text holds no word");
	refused(
	    "\xe2\x80\x94 \xc2\xb7 \xe2\x81\x87", 10, "the text holds no word");
	refused("\xef\xbb\xbf", 3, "the text holds no word");
}

static time_t
cpu_s(void)
{
	struct timespec now;

	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now), 0);
	return now.tv_sec;
}

/* A piece over and over: whoever looks ahead or back without a bound takes
 * hours for one of these. */
static void
endure(const char *piece, bool numbered, size_t size)
{
	time_t began = cpu_s();
	struct buf text, out;
	struct error err;
	size_t i;

	buf_init(&text, 2 * HUGE_TEXT);
	buf_init(&out, OUT_MAX);
	for (i = 0; text.len < size; i++) {
		buf_puts(&text, piece);
		if (numbered)
			buf_printf(&text, "%zx", i);
	}
	if (summary_write(
		text.data, text.len, SUMMARY_SENTENCES_MAX, &out, &err) == 0) {
		assert_true(str_is_text(out.data, out.len));
		assert_true(out.len <=
		    SUMMARY_SENTENCES_MAX * (SUMMARY_SENTENCE_BYTES + 1));
	}
	if (cpu_s() - began > CPU_MAX_S)
		fail_msg("'%s' takes more than %d s", piece, CPU_MAX_S);
	buf_done(&text);
	buf_done(&out);
}

static void
huge_texts_take_their_length_and_no_more(void **state)
{
	static const char *const pieces[] = {"a", "a ", "a.", "ab. ", ".\")a ",
	    "\n ", "a\n", ". \t \t \t \t  a", "!", "\xe2\x80\x9d",
	    "\xf0\x9f\x90\x8b", "Mr. "};
	char dots[4000];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(pieces); i++)
		endure(pieces[i], false, LARGE_TEXT);
	/* A full stop that is none until its last byte is seen. */
	memset(dots, '.', sizeof(dots));
	memcpy(dots + sizeof(dots) - 2, "a", 2);
	endure(dots, false, HUGE_TEXT);
	/* More words than the table has room for. */
	endure(" w", true, HUGE_TEXT);
	endure(". W", true, LARGE_TEXT);
}

/* --- attributes ----------------------------------------------------- */

static void
attributes_say_how_many(void **state)
{
	static const struct {
		const char *text;
		size_t want; /* 0: refused */
	} rows[] = {
	    {NULL, 3},
	    {"", 3},
	    {"{}", 3},
	    {"sentences=1", 1},
	    {"lang=en;sentences=100", 100},
	    {"sentences=7, lang=en", 7},
	    {" ; ,sentences=2;", 2},
	    {"mysentences=9", 3},
	    {"sentences=0", 0},
	    {"sentences=101", 0},
	    {"sentences=", 0},
	    {"sentences=two", 0},
	    {"sentences=-1", 0},
	    {"sentences=1x", 0},
	    {"sentences=000000000000000000000000005", 0},
	    {"sentences=5;sentences=x", 0},
	};
	struct error err;
	size_t i, n;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		n = 55;
		if (summary_sentences(rows[i].text, &n, &err) == -1) {
			assert_int_equal(err.code, ERR_USAGE);
			assert_int_equal(n, 55);
			n = 0;
		}
		if (n != rows[i].want)
			fail_msg("%s: %zu", rows[i].text, n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sentences_end_at_their_stops),
	    cmocka_unit_test(a_full_stop_inside_of_a_sentence_is_none),
	    cmocka_unit_test(an_empty_line_ends_a_sentence_and_a_line_does_not),
	    cmocka_unit_test(what_holds_no_letter_is_no_sentence),
	    cmocka_unit_test(
		a_long_sentence_is_cut_at_a_blank_or_between_characters),
	    cmocka_unit_test(
		sentences_with_frequent_words_are_chosen_in_their_order),
	    cmocka_unit_test(a_summary_is_the_same_each_time),
	    cmocka_unit_test(stop_words_count_for_nothing),
	    cmocka_unit_test(the_place_counts),
	    cmocka_unit_test(a_word_counts_once_a_sentence),
	    cmocka_unit_test(words_are_compared_without_case_and_marks),
	    cmocka_unit_test(blanks_and_control_characters_become_one_blank),
	    cmocka_unit_test(what_is_no_text_is_refused),
	    cmocka_unit_test(huge_texts_take_their_length_and_no_more),
	    cmocka_unit_test(attributes_say_how_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
