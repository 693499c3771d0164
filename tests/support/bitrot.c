/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bitrot make FILE JOBS
 *	A database with something of everything.
 * bitrot flip FILE SEED
 *	One bit of it becomes the other; says which.
 * bitrot sums FILE
 *	What may leave: "hook ID SHA256" of each body of a delivery, "input JOB
 *	SHA256" of each job's own bytes.
 * bitrot look FILE DAMAGED
 *	Every answer of the second file that is other than the first one's.
 * bitrot run FILE WORK SEED FLIPS
 *	So many times: a copy with one such bit, opened and read as a
 *	service does, in a process of its own, and compared with the intact
 *	one. SQLite by itself says whether a row reads differently at all. A
 *	line of figures; 1 where wrong bytes were handed out or the process
 *	crashed.
 */
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "tests/support/rot.h"

#define TABLES_MAX 32
#define PATIENCE_S 60

/* What became of one flip; over a pipe. */
struct verdict {
	bool changed; /* a row reads differently, or cannot be read */
	char table[64]; /* … the first of this one */
	bool refused;
	bool detected; /* set aside, an error, unsound, or refused */
	unsigned wrong; /* jobs and parcels that were handed out so */
	unsigned differ; /* other answers */
	unsigned missing; /* answers that did not come */
	unsigned idle; /* … of work that is to be carried on */
	unsigned keys; /* … of idempotency keys: see struct tally */
	char what[200]; /* the first of those, or the error */
};

struct scan {
	size_t n;
	char *name[TABLES_MAX];
	unsigned char sum[TABLES_MAX][HASH_SHA256_SIZE]; /* of all its rows */
	bool unreadable[TABLES_MAX];
};

static struct {
	unsigned char *bytes;
	size_t size;
	struct rot_reading reading;
	struct scan scan;
} intact;

static void __attribute__((noreturn)) die(const char *what, const char *why)
{
	fprintf(stderr, "bitrot: %s: %s\n", what, why);
	exit(2);
}

/* xorshift64*: the same on every machine. */
static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(2685821657736338717);
}

static uint64_t
seeded(const char *text)
{
	uint64_t state = strtoull(text, NULL, 10) * 2 + 1;

	next_random(&state);
	return state;
}

/* --- files ----------------------------------------------------------- */

static unsigned char *
slurp(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned char *bytes;
	struct stat st;

	if (fd == -1 || fstat(fd, &st) == -1 || st.st_size == 0)
		die(path, "cannot be read");
	*size = (size_t)st.st_size;
	bytes = xmalloc(*size);
	if (read(fd, bytes, *size) != st.st_size)
		die(path, "cannot be read");
	close(fd);
	return bytes;
}

static void
write_copy(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd == -1 ||
	    write(fd, intact.bytes, intact.size) != (ssize_t)intact.size)
		die(path, "cannot be written");
	close(fd);
}

/* What an earlier run left beside it. */
static void
remove_log(const char *path)
{
	char *wal = xasprintf("%s-wal", path);

	unlink(wal);
	free(wal);
}

/* --- what SQLite itself reads ---------------------------------------- */

static void
hash_value(struct hash *h, sqlite3_stmt *stmt, int i)
{
	const void *data;
	int kind = sqlite3_column_type(stmt, i), len;

	hash_update(h, &kind, sizeof(kind));
	data = sqlite3_column_blob(stmt, i);
	len = sqlite3_column_bytes(stmt, i);
	hash_update(h, &len, sizeof(len));
	if (len > 0)
		hash_update(h, data, (size_t)len);
}

static void
scan_table(sqlite3 *db, struct scan *s, size_t i)
{
	char *text = xasprintf("SELECT * FROM \"%s\" NOT INDEXED", s->name[i]);
	struct hash *h = hash_new(HASH_SHA256);
	sqlite3_stmt *stmt = NULL;
	int rc, col;

	rc = sqlite3_prepare_v2(db, text, -1, &stmt, NULL);
	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(stmt);
		for (col = 0;
		     rc == SQLITE_ROW && col < sqlite3_column_count(stmt);
		     col++)
			hash_value(h, stmt, col);
	}
	s->unreadable[i] = rc != SQLITE_DONE;
	sqlite3_finalize(stmt);
	hash_final(h, s->sum[i]);
	hash_free(h);
	free(text);
}

static void
list_tables(sqlite3 *db, struct scan *s)
{
	sqlite3_stmt *stmt = NULL;

	sqlite3_prepare_v2(db,
	    "SELECT name FROM sqlite_schema WHERE type = 'table' "
	    "AND name NOT LIKE 'sqlite_%' ORDER BY name",
	    -1, &stmt, NULL);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		if (s->n == TABLES_MAX)
			die("scan", "too many tables");
		s->name[s->n++] =
		    xstrdup((const char *)sqlite3_column_text(stmt, 0));
	}
	sqlite3_finalize(stmt);
}

/* The tables of `like`, or where that is NULL what there is. */
static void
scan_file(const char *path, const struct scan *like, struct scan *out)
{
	char *uri = xasprintf("file:%s?immutable=1", path);
	sqlite3 *db = NULL;
	size_t i;

	memset(out, 0, sizeof(*out));
	if (sqlite3_open_v2(uri, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
		NULL) != SQLITE_OK)
		die(path, sqlite3_errmsg(db));
	if (like == NULL)
		list_tables(db, out);
	for (i = 0; like != NULL && i < like->n; i++)
		out->name[out->n++] = like->name[i];
	for (i = 0; i < out->n; i++)
		scan_table(db, out, i);
	sqlite3_close(db);
	free(uri);
}

static void
judge_rows(const char *path, struct verdict *v)
{
	struct scan now;
	size_t i;

	scan_file(path, &intact.scan, &now);
	for (i = 0; i < now.n && !v->changed; i++) {
		if (!now.unreadable[i] &&
		    memcmp(now.sum[i], intact.scan.sum[i], HASH_SHA256_SIZE) ==
			0)
			continue;
		v->changed = true;
		snprintf(v->table, sizeof(v->table), "%s%s", now.name[i],
		    now.unreadable[i] ? " (unreadable)" : "");
	}
}

/* --- what the store makes of it -------------------------------------- */

static void
tell(struct verdict *v, const char *what, const char *key)
{
	if (v->what[0] == '\0')
		snprintf(v->what, sizeof(v->what), "%s: %s", what, key);
}

/* What a service begins with. */
static bool
is_work(const struct rot_record *record)
{
	return rot_id(record, "unfinished") != NULL ||
	    rot_id(record, "waiting") != NULL;
}

static void
miss(struct verdict *v, const struct rot_record *record, bool missing)
{
	if (!missing)
		return;
	v->missing++;
	v->idle += is_work(record);
	v->keys += rot_id(record, "key") != NULL;
}

/* What leaves for a model or a receiver counts as bytes. */
static void
judge_record(const struct rot_record *record, struct verdict *v)
{
	const struct rot_record *was = rot_find(&intact.reading, record->key);

	if (record->code != ERR_NONE) {
		miss(v, record, was != NULL && was->code == ERR_NONE);
		v->detected |= record->code != ERR_NOT_FOUND;
		if (was == NULL || was->code == ERR_NONE)
			tell(v, error_code_name(record->code), record->key);
		return;
	}
	if (was != NULL && str_eq(was->text, record->text))
		return;
	if (rot_id(record, "parcel") != NULL ||
	    rot_id(record, "unfinished") != NULL)
		v->wrong++;
	else
		v->differ++;
	tell(v, was == NULL ? "is new" : "is other", record->key);
}

static void
judge_reading(const struct rot_reading *now, struct verdict *v)
{
	size_t i;

	v->refused = now->refused;
	v->detected = now->refused || now->damaged > 0 || now->unsound > 0;
	if (now->refused) {
		tell(v, "refused", now->err.text);
		return;
	}
	for (i = 0; i < now->n; i++)
		judge_record(&now->v[i], v);
	for (i = 0; i < intact.reading.n; i++) {
		if (rot_find(now, intact.reading.v[i].key) != NULL)
			continue;
		miss(v, &intact.reading.v[i], true);
		tell(v, "is missing", intact.reading.v[i].key);
	}
}

/* In a process of its own. */
static void
try_flip(const char *work, int out)
{
	struct rot_reading now;
	struct verdict v = {0};

	alarm(PATIENCE_S);
	judge_rows(work, &v);
	rot_read(work, &intact.reading, &now);
	judge_reading(&now, &v);
	rot_done(&now);
	if (write(out, &v, sizeof(v)) != sizeof(v))
		_exit(3);
	_exit(0);
}

/* 0, or -1 where it crashed. */
static int
run_child(const char *work, struct verdict *v)
{
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	if (pipe(fds) == -1 || (pid = fork()) == -1)
		die("fork", "no process");
	if (pid == 0)
		try_flip(work, fds[1]);
	close(fds[1]);
	n = read(fds[0], v, sizeof(*v));
	close(fds[0]);
	if (waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 0 && n == sizeof(*v))
		return 0;
	memset(v, 0, sizeof(*v));
	snprintf(v->what, sizeof(v->what), "status %x", (unsigned)status);
	return -1;
}

/* --- the campaign ---------------------------------------------------- */

struct tally {
	unsigned long changed, detected, wrong, crashes, refused;
	unsigned long unread; /* changed, and every answer is as it was */
	unsigned long missed; /* changed, some answer differs, not a word */
	unsigned long astray; /* not changed, and an answer differs */
	unsigned long idle; /* of both, some work is not carried on */
	/* An idempotency key whose own bytes are other is another key: who
	 * looks for the first one reads a row beside it. */
	unsigned long lost_keys;
};

static void
count(struct tally *t, const struct verdict *v)
{
	bool other = v->wrong + v->differ + v->missing > v->keys;

	t->refused += v->refused;
	t->wrong += v->wrong;
	t->changed += v->changed;
	t->detected += v->changed && v->detected;
	t->unread += v->changed && !v->detected && !other;
	t->missed += v->changed && !v->detected && other;
	t->astray += !v->changed && !v->detected && other;
	t->idle += !v->detected && v->idle > 0;
	t->lost_keys += !v->detected && v->keys > 0;
}

static void
describe(size_t bit, const struct verdict *v, bool crashed)
{
	bool other = v->wrong + v->differ + v->missing > 0;

	if (!crashed && v->wrong == 0 &&
	    (v->detected || !(v->changed || other)))
		return;
	printf("# byte %zu bit %zu: %s%s%s wrong=%u differ=%u missing=%u "
	       "idle=%u %s\n",
	    bit / 8, bit % 8, crashed ? "crashed " : "",
	    v->detected ? "detected " : "not detected ",
	    v->changed ? v->table : "no row changed", v->wrong, v->differ,
	    v->missing, v->idle, v->what);
}

static void
flip(size_t bit)
{
	intact.bytes[bit / 8] ^= (unsigned char)(1U << (bit % 8));
}

static int
run(const char *path, const char *work, const char *seed, long flips)
{
	uint64_t state = seeded(seed);
	struct tally t = {0};
	struct verdict v;
	long i;

	intact.bytes = slurp(path, &intact.size);
	write_copy(work);
	scan_file(work, NULL, &intact.scan);
	rot_read(work, NULL, &intact.reading);
	if (intact.reading.refused || intact.reading.n == 0)
		die(path, intact.reading.err.text);
	for (i = 0; i < flips; i++) {
		size_t bit = (size_t)(next_random(&state) % (intact.size * 8));
		bool crashed;

		flip(bit);
		write_copy(work);
		remove_log(work);
		flip(bit);
		crashed = run_child(work, &v) == -1;
		t.crashes += crashed;
		count(&t, &v);
		describe(bit, &v, crashed);
	}
	printf("flips=%ld changed=%lu detected=%lu wrong_bytes=%lu "
	       "crashes=%lu refused=%lu unread=%lu missed=%lu astray=%lu "
	       "idle=%lu lost_keys=%lu "
	       "detected_share=%.4f bytes=%zu answers=%zu\n",
	    flips, t.changed, t.detected, t.wrong, t.crashes, t.refused,
	    t.unread, t.missed, t.astray, t.idle, t.lost_keys,
	    t.detected + t.missed > 0
		? (double)t.detected / (double)(t.detected + t.missed)
		: 1,
	    intact.size, intact.reading.n);
	rot_done(&intact.reading);
	free(intact.bytes);
	return t.wrong + t.crashes > 0;
}

static int
flip_file(const char *path, const char *seed)
{
	uint64_t state = seeded(seed);
	size_t bit;

	intact.bytes = slurp(path, &intact.size);
	bit = (size_t)(next_random(&state) % (intact.size * 8));
	flip(bit);
	write_copy(path);
	printf("byte=%zu bit=%zu\n", bit / 8, bit % 8);
	free(intact.bytes);
	return 0;
}

static void
print_answer(const char *what, const struct rot_record *record)
{
	printf("%s %s: %s\n%s", what, record->key,
	    record->code != ERR_NONE ? error_code_name(record->code) : "",
	    record->text);
}

static int
look(const char *path, const char *damaged)
{
	struct rot_reading now;
	const struct rot_record *was;
	size_t i;

	rot_read(path, NULL, &intact.reading);
	rot_read(damaged, &intact.reading, &now);
	printf("refused=%d damaged=%u unsound=%u: %s\n", now.refused,
	    now.damaged, now.unsound,
	    now.err.code != ERR_NONE ? now.err.text : "");
	for (i = 0; i < now.n; i++) {
		was = rot_find(&intact.reading, now.v[i].key);
		if (was != NULL && was->code == now.v[i].code &&
		    str_eq(was->text, now.v[i].text))
			continue;
		if (was != NULL)
			print_answer("-", was);
		print_answer("+", &now.v[i]);
	}
	for (i = 0; i < intact.reading.n; i++) {
		if (rot_find(&now, intact.reading.v[i].key) == NULL)
			print_answer("-", &intact.reading.v[i]);
	}
	rot_done(&now);
	rot_done(&intact.reading);
	return 0;
}

static void
print_sums(sqlite3 *db, const char *what, const char *query)
{
	char hex[HASH_SHA256_HEX_SIZE];
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(db, query, -1, &stmt, NULL) != SQLITE_OK)
		die(query, sqlite3_errmsg(db));
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		hash_sha256_hex(sqlite3_column_blob(stmt, 1),
		    (size_t)sqlite3_column_bytes(stmt, 1), hex);
		printf("%s\t%s\t%s\n", what, sqlite3_column_text(stmt, 0), hex);
	}
	sqlite3_finalize(stmt);
}

static int
sums(const char *path)
{
	sqlite3 *db = NULL;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
		die(path, sqlite3_errmsg(db));
	print_sums(db, "input", "SELECT id, body FROM job");
	print_sums(db, "hook",
	    "SELECT d.id, b.body FROM delivery d "
	    "JOIN delivery_body b ON b.seq = d.seq");
	sqlite3_close(db);
	return 0;
}

int
main(int argc, char **argv)
{
	struct error err;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 4 && str_eq(argv[1], "make")) {
		if (rot_make(argv[2], (unsigned)strtoul(argv[3], NULL, 10),
			&err) == -1)
			die(argv[2], err.text);
		return 0;
	}
	if (argc == 4 && str_eq(argv[1], "flip"))
		return flip_file(argv[2], argv[3]);
	if (argc == 3 && str_eq(argv[1], "sums"))
		return sums(argv[2]);
	if (argc == 4 && str_eq(argv[1], "look"))
		return look(argv[2], argv[3]);
	if (argc == 6 && str_eq(argv[1], "run"))
		return run(
		    argv[2], argv[3], argv[4], strtol(argv[5], NULL, 10));
	die("usage",
	    "bitrot make FILE JOBS | flip FILE SEED | "
	    "sums FILE | look FILE DAMAGED | "
	    "run FILE WORK SEED FLIPS");
}
