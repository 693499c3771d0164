/* SPDX-License-Identifier: Apache-2.0 */
/* Objects between draft and index: all of a change, or nothing of it. */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "local/db.h"
#include "local/objects.h"
#include "local/seal.h"

static char *dir, *objects_dir, *db_path;
static struct loop *loop;
static struct db *db;
static struct seal *seal;
static struct objects *objects;
static unsigned files;
static const char *if_etag;

static struct outcome {
	unsigned calls;
	enum error_code code;
	char etag[64];
	char checksum[64];
} last;

static int
remove_entry(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static int
count_entry(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)path;
	(void)st;
	(void)at;
	files += kind == FTW_F;
	return 0;
}

static unsigned
count_files(void)
{
	files = 0;
	nftw(objects_dir, count_entry, 8, FTW_PHYS);
	return files;
}

static unsigned
count_lost(void)
{
	char *lost = xasprintf("%s/lost+found", dir);

	files = 0;
	nftw(lost, count_entry, 8, FTW_PHYS);
	free(lost);
	return files;
}

static void
open_all(void)
{
	struct error err;

	loop = loop_new();
	if (db_open(loop, db_path, &db, &err) == -1)
		fail_msg("%s", err.text);
	seal = seal_new(loop);
	if (objects_new(db, seal, objects_dir, &objects, &err) == -1)
		fail_msg("%s", err.text);
}

static void
close_all(void)
{
	seal_free(seal);
	db_flush(db);
	objects_free(objects);
	db_close(db);
	loop_free(loop);
}

static int
setup(void **state)
{
	(void)state;
	dir = xstrdup("/tmp/test_local_objects.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	objects_dir = xasprintf("%s/objects", dir);
	db_path = xasprintf("%s/db", dir);
	open_all();
	return 0;
}

static int
teardown(void **state)
{
	int rc;

	(void)state;
	close_all();
	rc = nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	free(dir);
	free(objects_dir);
	free(db_path);
	return rc;
}

static void
on_stored(
    const struct objects_stored *stored, const struct error *err, void *arg)
{
	(void)arg;
	last.calls++;
	last.code = err != NULL ? err->code : ERR_NONE;
	if (stored != NULL) {
		snprintf(last.etag, sizeof(last.etag), "%s", stored->etag);
		snprintf(last.checksum, sizeof(last.checksum), "%s",
		    stored->checksum);
	}
	loop_stop(loop);
}

static int
refuse(struct db *d, void *arg, struct error *err)
{
	(void)d;
	(void)arg;
	return err_set(err, ERR_STORE, "refused by the test");
}

/* Put text under the key "k" and wait for what comes of it. */
static enum error_code
put(const char *text, bool if_absent, objects_also_fn *also)
{
	struct objects_store what = {
	    .bucket = "abc",
	    .key = "k",
	    .headers = "A: b\n",
	    .if_absent = if_absent,
	    .if_etag = if_etag,
	    .also = also,
	    .done = on_stored,
	};
	struct objects_draft d;
	struct error err;

	memset(&last, 0, sizeof(last));
	assert_int_equal(objects_draft(objects, &d, &err), 0);
	assert_int_equal(file_write_all(d.fd, text, strlen(text), &err), 0);
	objects_store(objects, &d, &what);
	assert_int_equal(last.calls, 0);
	loop_run(loop);
	assert_int_equal(last.calls, 1);
	return last.code;
}

static void
assert_text(const char *expected)
{
	struct db_object o = {0};
	struct error err;
	char text[64] = "";
	int fd, rc;

	rc = objects_open(objects, "abc", "k", &o, &fd, &err);
	assert_int_equal(rc, expected != NULL);
	if (rc == 0)
		return;
	assert_int_equal(read(fd, text, sizeof(text) - 1), o.size);
	assert_string_equal(text, expected);
	assert_string_equal(o.headers, "A: b\n");
	close(fd);
	db_object_done(&o);
}

static void
an_object_is_digested_and_survives(void **state)
{
	(void)state;
	assert_int_equal(put("123456789", false, NULL), ERR_NONE);
	assert_string_equal(last.etag, "25f9e794323b453885f5181f1b624d0b");
	assert_string_equal(last.checksum, "crc64nvme=rosUhgp5mIg=");
	close_all();
	open_all();
	assert_text("123456789");
}

static void
an_overwritten_file_is_removed(void **state)
{
	(void)state;
	assert_int_equal(put("one", false, NULL), ERR_NONE);
	assert_int_equal(put("two", false, NULL), ERR_NONE);
	assert_int_equal(put("three", false, NULL), ERR_NONE);
	assert_text("three");
	assert_int_equal(count_files(), 1);
}

static void
if_absent_keeps_the_first(void **state)
{
	(void)state;
	assert_int_equal(put("one", true, NULL), ERR_NONE);
	assert_int_equal(put("two", true, NULL), ERR_REFUSED);
	assert_text("one");
	assert_int_equal(count_files(), 1);
}

static void
when_the_other_row_fails_nothing_changes(void **state)
{
	(void)state;
	assert_int_equal(put("one", false, NULL), ERR_NONE);
	assert_int_equal(put("two", false, refuse), ERR_STORE);
	db_flush(db);
	assert_text("one");
	assert_int_equal(count_files(), 1);
	assert_int_equal(put("three", false, NULL), ERR_NONE);
	assert_text("three");
	close_all();
	open_all();
	assert_text("three");
}

static void
a_discarded_draft_leaves_no_file(void **state)
{
	struct objects_draft d;
	struct error err;

	(void)state;
	assert_int_equal(objects_draft(objects, &d, &err), 0);
	assert_int_equal(count_files(), 1);
	objects_discard(objects, &d);
	objects_discard(objects, &d);
	assert_int_equal(count_files(), 0);
}

static void
a_draft_of_a_crash_is_swept(void **state)
{
	struct objects_draft d;
	struct error err;

	(void)state;
	assert_int_equal(put("kept", false, NULL), ERR_NONE);
	assert_int_equal(objects_draft(objects, &d, &err), 0);
	close(d.fd);
	close(d.dir_fd);
	close_all();
	open_all();
	assert_int_equal(count_files(), 1);
	assert_int_equal(count_lost(), 0);
	assert_text("kept");
}

static void
if_etag_replaces_only_what_was_meant(void **state)
{
	(void)state;
	if_etag = "*";
	assert_int_equal(put("none", false, NULL), ERR_NOT_FOUND);
	assert_int_equal(count_files(), 0);
	if_etag = NULL;
	assert_int_equal(put("123456789", false, NULL), ERR_NONE);
	if_etag = "00000000000000000000000000000000";
	assert_int_equal(put("two", false, NULL), ERR_REFUSED);
	assert_text("123456789");
	if_etag = "25f9e794323b453885f5181f1b624d0b";
	assert_int_equal(put("three", false, NULL), ERR_NONE);
	if_etag = "*";
	assert_int_equal(put("four", false, NULL), ERR_NONE);
	if_etag = NULL;
	assert_text("four");
	assert_int_equal(count_files(), 1);
}

static void
copy_file(const char *from, const char *to)
{
	struct error err;
	struct buf b;

	buf_init(&b, (size_t)16 << 20);
	if (file_read(from, &b, &err) == -1 ||
	    file_write_atomic(to, b.data, b.len, 0600, &err) == -1)
		fail_msg("%s", err.text);
	buf_done(&b);
}

/* The index that somebody put back knows nothing of what came later. */
static void
an_older_index_loses_no_bytes(void **state)
{
	char *copy = xasprintf("%s/copy", dir);

	(void)state;
	assert_int_equal(put("older", false, NULL), ERR_NONE);
	close_all();
	copy_file(db_path, copy);
	open_all();
	assert_int_equal(count_lost(), 0);
	assert_int_equal(put("newer", false, NULL), ERR_NONE);
	close_all();
	assert_int_equal(rename(copy, db_path), 0);
	open_all();
	assert_int_equal(count_files(), 0);
	assert_int_equal(count_lost(), 1);
	free(copy);
}

static void
another_programs_lock_is_told(void **state)
{
	struct db *other;
	struct error err = {0};

	(void)state;
	assert_int_equal(db_open(loop, db_path, &other, &err), 0);
	assert_int_equal(db_bucket_add(other, "abc", &err), 0);
	assert_int_equal(db_bucket_add(db, "def", &err), -1);
	assert_int_equal(err.code, ERR_BUSY);
	assert_non_null(strstr(err.hint, "local.db"));
	db_flush(other);
	assert_int_equal(db_bucket_add(db, "def", &err), 0);
	db_flush(db);
	db_close(other);
}

static void
on_commit(const struct error *err, void *arg)
{
	*(int *)arg = err == NULL ? 1 : -1;
}

static void
rows_are_seen_only_when_they_are_durable(void **state)
{
	char text[] = "x";
	struct db_object o = {text, 1, text, text, text, 1}, found = {0};
	struct error err;
	int committed = 0;

	(void)state;
	assert_int_equal(db_object_put(db, "abc", "k", &o, &err), 0);
	db_on_commit(db, on_commit, &committed);
	assert_int_equal(db_object_get(db, "abc", "k", &found, &err), 0);
	assert_int_equal(db_object_peek(db, "abc", "k", &found, &err), 1);
	db_object_done(&found);
	assert_int_equal(committed, 0);
	db_flush(db);
	assert_int_equal(committed, 1);
	assert_int_equal(db_object_get(db, "abc", "k", &found, &err), 1);
	db_object_done(&found);
}

static void
an_abandoned_transaction_is_lost_as_a_whole(void **state)
{
	struct error err;
	int committed = 0;

	(void)state;
	assert_int_equal(db_bucket_add(db, "abc", &err), 0);
	db_on_commit(db, on_commit, &committed);
	db_abandon(db);
	assert_int_equal(db_bucket_add(db, "def", &err), -1);
	db_flush(db);
	assert_int_equal(committed, -1);
	assert_int_equal(db_bucket_has(db, "abc", &err), 0);
	assert_int_equal(db_bucket_add(db, "abc", &err), 0);
	db_on_commit(db, on_commit, &committed);
	db_flush(db);
	assert_int_equal(committed, 1);
	assert_int_equal(db_bucket_has(db, "abc", &err), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_object_is_digested_and_survives),
	    TEST(an_overwritten_file_is_removed),
	    TEST(if_absent_keeps_the_first),
	    TEST(when_the_other_row_fails_nothing_changes),
	    TEST(a_discarded_draft_leaves_no_file),
	    TEST(a_draft_of_a_crash_is_swept),
	    TEST(if_etag_replaces_only_what_was_meant),
	    TEST(an_older_index_loses_no_bytes),
	    TEST(another_programs_lock_is_told),
	    TEST(rows_are_seen_only_when_they_are_durable),
	    TEST(an_abandoned_transaction_is_lost_as_a_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
