/* SPDX-License-Identifier: Apache-2.0 */
/* Checksums of rows, over what is bound, what is read, and in SQL. */
#include "store/sqlite_sum.h"

#include <sqlite3.h>
#include <string.h>

#include "base/hash.h"

enum type { NONE, INT, TEXT, BLOB, REAL };

static void
flush(struct sum *s)
{
	s->crc = hash_crc64nvme(s->crc, s->data, s->n);
	s->n = 0;
}

static void
add(struct sum *s, const void *data, size_t len)
{
	if (len > sizeof(s->data) - s->n)
		flush(s);
	if (len > sizeof(s->data)) {
		s->crc = hash_crc64nvme(s->crc, data, len);
		return;
	}
	if (len > 0)
		memcpy(s->data + s->n, data, len);
	s->n += len;
}

/*
 * A type, and a value in as many bytes as it needs; the first byte has both
 * the type and that number: what follows can be read in one way only.
 */
static void
add_head(struct sum *s, enum type type, uint64_t value)
{
	unsigned char *head;
	unsigned n = 0;

	if (sizeof(s->data) - s->n < 9)
		flush(s);
	head = s->data + s->n;
	for (; value != 0; value >>= 8)
		head[++n] = (unsigned char)value;
	head[0] = (unsigned char)((unsigned)type << 4 | n);
	s->n += n + 1;
}

static void
add_bytes(struct sum *s, enum type type, const void *data, size_t len)
{
	add_head(s, type, len);
	add(s, data, len);
}

static void
add_real(struct sum *s, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	add_head(s, REAL, bits);
}

void
sum_start(struct sum *s, char table)
{
	s->crc = 0;
	s->n = 1;
	s->data[0] = (unsigned char)table;
}

void
sum_int(struct sum *s, int64_t value)
{
	add_head(s, INT, (uint64_t)value);
}

void
sum_null(struct sum *s)
{
	add_head(s, NONE, 0);
}

void
sum_text(struct sum *s, const char *value)
{
	if (value == NULL)
		sum_null(s);
	else
		add_bytes(s, TEXT, value, strlen(value));
}

static void
add_value(struct sum *s, sqlite3_value *v)
{
	const void *data;

	switch (sqlite3_value_type(v)) {
	case SQLITE_INTEGER:
		sum_int(s, sqlite3_value_int64(v));
		break;
	case SQLITE_TEXT:
		data = sqlite3_value_text(v);
		add_bytes(s, TEXT, data, (size_t)sqlite3_value_bytes(v));
		break;
	case SQLITE_BLOB:
		data = sqlite3_value_blob(v);
		add_bytes(s, BLOB, data, (size_t)sqlite3_value_bytes(v));
		break;
	case SQLITE_FLOAT:
		add_real(s, sqlite3_value_double(v));
		break;
	default:
		sum_null(s);
		break;
	}
}

void
sum_columns(struct sum *s, sqlite3_stmt *stmt, int from, int to)
{
	int i;

	/* Whoever reads has the connection for itself: then these are as good
	 * as copies, and cost half of what the column_ calls do. */
	for (i = from; i < to; i++)
		add_value(s, sqlite3_column_value(stmt, i));
}

int64_t
sum_end(struct sum *s)
{
	flush(s);
	return (int64_t)s->crc;
}

int64_t
sum_bytes(const void *data, size_t len)
{
	return (int64_t)hash_crc64nvme(0, data, len);
}

/* --- in SQL --------------------------------------------------------- */

static void
sql_sum(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct sum s;
	int i;

	sum_start(&s, (char)sqlite3_value_text(argv[0])[0]);
	for (i = 1; i < argc; i++)
		add_value(&s, argv[i]);
	sqlite3_result_int64(ctx, sum_end(&s));
}

static void
sql_bytes(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	const void *data = sqlite3_value_blob(argv[0]);
	int len = sqlite3_value_bytes(argv[0]);

	(void)argc;
	if (sqlite3_value_type(argv[0]) == SQLITE_NULL)
		sqlite3_result_null(ctx);
	else
		sqlite3_result_int64(ctx, sum_bytes(data, (size_t)len));
}

int
sum_register(sqlite3 *conn)
{
	const int flags =
	    SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
	int rc = sqlite3_create_function(
	    conn, "awaitd_sum", -1, flags, NULL, sql_sum, NULL, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_create_function(conn, "awaitd_bytes", 1, flags,
		    NULL, sql_bytes, NULL, NULL);
	return rc;
}
