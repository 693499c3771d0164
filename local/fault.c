/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which faults are asked for: their lines, read strictly, so that one that
 * could never strike is not believed to be in place; and whose turn it is.
 */
#include "local/fault.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

#define FAULTS_MAX 256
#define LINE_MAX_LEN ((size_t)8 << 10)
#define WORDS_MAX 16
#define TEXT_MAX ((size_t)256 << 10)
/* Of a list in a hint, with words around it. */
#define HINT_LIST_MAX ((size_t)220)
#define COUNT_MAX 1000000000
#define BYTES_MAX ((int64_t)1 << 40)
#define DAY_MS ((int64_t)24 * 3600 * 1000)

/* Keys of a line, and of a subject. */
#define K_STATUS 0x001u
#define K_BYTES 0x002u
#define K_MS 0x004u
#define K_AFTER 0x008u
#define K_COUNT 0x010u
#define K_OPERATION 0x020u
#define K_ENDPOINT 0x040u
#define K_BUCKET 0x080u
#define K_KEY 0x100u
#define K_TOPIC 0x200u
#define K_ALWAYS (K_AFTER | K_COUNT)
#define K_CALL (K_OPERATION | K_ENDPOINT | K_BUCKET | K_KEY | K_TOPIC)
#define K_OBJECT (K_BUCKET | K_KEY)
#define K_NOTICE (K_ENDPOINT | K_TOPIC)

/* What a reply to an operation has that a fault can spoil. */
#define REPLY_ANY 0x1u
#define REPLY_BODY 0x2u
#define REPLY_MISSING 0x4u /* that there is no such key */
#define REPLY_ETAG 0x8u

static const struct kind {
	const char *name;
	unsigned needs;
	unsigned may;
	unsigned reply; /* of the operations that it can strike; 0: of none */
} kinds[] = {
    [FAULT_THROTTLE] = {"throttle", 0, K_CALL, REPLY_ANY},
    [FAULT_ERROR_BEFORE] = {"error-before", 0, K_STATUS | K_CALL, REPLY_ANY},
    [FAULT_ERROR_AFTER] = {"error-after", 0, K_STATUS | K_CALL, REPLY_ANY},
    [FAULT_DROP_REPLY] = {"drop-reply", 0, K_CALL, REPLY_ANY},
    [FAULT_HANG] = {"hang", 0, K_CALL, REPLY_ANY},
    [FAULT_TRUNCATE] = {"truncate", K_BYTES, K_CALL, REPLY_BODY},
    [FAULT_DRIP] = {"drip", K_BYTES | K_MS, K_CALL, REPLY_BODY},
    [FAULT_FORBIDDEN_FOR_MISSING] = {"forbidden-for-missing", 0,
	K_OPERATION | K_OBJECT, REPLY_MISSING},
    [FAULT_WRONG_ETAG] = {"wrong-etag", 0, K_OPERATION | K_OBJECT, REPLY_ETAG},
    [FAULT_CLOCK_SKEW] = {"clock-skew", K_MS, K_CALL, REPLY_ANY},
    [FAULT_LOSE_NOTIFICATION] = {"lose-notification", 0, K_NOTICE, 0},
    [FAULT_DOUBLE_NOTIFICATION] = {"double-notification", 0, K_NOTICE, 0},
    [FAULT_DELAY_NOTIFICATION] = {"delay-notification", K_MS, K_NOTICE, 0},
    [FAULT_REORDER_NOTIFICATION] = {"reorder-notification", 0, K_NOTICE, 0},
    [FAULT_CRASH_MODEL] = {"crash-model", 0, K_ENDPOINT, 0},
    [FAULT_LOSE_RESULT] = {"lose-result", 0, K_ENDPOINT, 0},
};
_Static_assert(ARRAY_LEN(kinds) == FAULT_N, "each kind has its row");

/* Every operation that a call can be, and what is known of it then. */
static const struct operation {
	const char *name;
	unsigned subject;
	unsigned reply;
} operations[] = {
    {"InvokeEndpointAsync", K_ENDPOINT, REPLY_ANY | REPLY_BODY},
    {"GetObject", K_OBJECT,
	REPLY_ANY | REPLY_BODY | REPLY_MISSING | REPLY_ETAG},
    {"HeadObject", K_OBJECT, REPLY_ANY | REPLY_MISSING | REPLY_ETAG},
    {"PutObject", K_OBJECT, REPLY_ANY | REPLY_ETAG},
    {"DeleteObject", K_OBJECT, REPLY_ANY},
    {"ListObjectsV2", K_BUCKET, REPLY_ANY | REPLY_BODY | REPLY_MISSING},
    {"DeleteObjects", K_BUCKET, REPLY_ANY | REPLY_BODY},
    {"CreateBucket", K_BUCKET, REPLY_ANY},
    {"HeadBucket", K_BUCKET, REPLY_ANY},
    {"GetBucketLocation", K_BUCKET, REPLY_ANY | REPLY_BODY},
    {"ListBuckets", 0, REPLY_ANY | REPLY_BODY},
    {"ConfirmSubscription", K_TOPIC, REPLY_ANY | REPLY_BODY},
    {"CreateTopic", 0, REPLY_ANY | REPLY_BODY},
    {"DeleteTopic", K_TOPIC, REPLY_ANY | REPLY_BODY},
    {"GetSubscriptionAttributes", K_TOPIC, REPLY_ANY | REPLY_BODY},
    {"GetTopicAttributes", K_TOPIC, REPLY_ANY | REPLY_BODY},
    {"ListSubscriptions", 0, REPLY_ANY | REPLY_BODY},
    {"ListSubscriptionsByTopic", K_TOPIC, REPLY_ANY | REPLY_BODY},
    {"ListTopics", 0, REPLY_ANY | REPLY_BODY},
    {"Publish", K_TOPIC, REPLY_ANY | REPLY_BODY},
    {"PublishBatch", K_TOPIC, REPLY_ANY | REPLY_BODY},
    {"GetBucketNotificationConfiguration", K_BUCKET, REPLY_ANY | REPLY_BODY},
    {"PutBucketNotificationConfiguration", K_BUCKET, REPLY_ANY},
    {"ChangeMessageVisibility", 0, REPLY_ANY | REPLY_BODY},
    {"ChangeMessageVisibilityBatch", 0, REPLY_ANY | REPLY_BODY},
    {"CreateQueue", 0, REPLY_ANY | REPLY_BODY},
    {"DeleteMessage", 0, REPLY_ANY | REPLY_BODY},
    {"DeleteMessageBatch", 0, REPLY_ANY | REPLY_BODY},
    {"DeleteQueue", 0, REPLY_ANY | REPLY_BODY},
    {"GetQueueAttributes", 0, REPLY_ANY | REPLY_BODY},
    {"GetQueueUrl", 0, REPLY_ANY | REPLY_BODY},
    {"ListQueues", 0, REPLY_ANY | REPLY_BODY},
    {"PurgeQueue", 0, REPLY_ANY | REPLY_BODY},
    {"ReceiveMessage", 0, REPLY_ANY | REPLY_BODY},
    {"SendMessage", 0, REPLY_ANY | REPLY_BODY},
    {"SendMessageBatch", 0, REPLY_ANY | REPLY_BODY},
    {"SetQueueAttributes", 0, REPLY_ANY | REPLY_BODY},
    {"SetSubscriptionAttributes", K_TOPIC, REPLY_ANY | REPLY_BODY},
    {"SetTopicAttributes", K_TOPIC, REPLY_ANY | REPLY_BODY},
    {"Subscribe", K_TOPIC, REPLY_ANY | REPLY_BODY},
    {"Unsubscribe", K_TOPIC, REPLY_ANY | REPLY_BODY},
};

#define NUMBERS 5

/* In the order of the bits. */
static const struct key {
	const char *name;
	int64_t min;
	int64_t max;
	size_t text; /* the offset of a text in struct fault */
} keys[] = {
    {"status", 500, 599, 0},
    {"bytes", 0, BYTES_MAX, 0},
    {"ms", -366 * DAY_MS, 366 * DAY_MS, 0},
    {"after", 0, COUNT_MAX, 0},
    {"count", 0, COUNT_MAX, 0},
    {"operation", 0, 0, offsetof(struct fault, operation)},
    {"endpoint", 0, 0, offsetof(struct fault, endpoint)},
    {"bucket", 0, 0, offsetof(struct fault, bucket)},
    {"key", 0, 0, offsetof(struct fault, key)},
    {"topic", 0, 0, offsetof(struct fault, topic)},
};

struct entry {
	TAILQ_ENTRY(entry) link;
	struct fault fault;
	int64_t passed; /* that fitted, and were let pass */
};

struct faults {
	TAILQ_HEAD(fault_list, entry) list;
	size_t n;
	int64_t last_id;
};

const char *
fault_name(enum fault_kind kind)
{
	return kinds[kind].name;
}

static char **
text_of(struct fault *f, size_t k)
{
	return (char **)(void *)((char *)f + keys[k].text);
}

static const char *
text_in(const struct fault *f, size_t k)
{
	return *(char *const *)(const void *)((const char *)f + keys[k].text);
}

struct faults *
faults_new(void)
{
	struct faults *f = xcalloc(1, sizeof(*f));

	TAILQ_INIT(&f->list);
	return f;
}

static void
fault_done(struct fault *f)
{
	size_t k;

	for (k = NUMBERS; k < ARRAY_LEN(keys); k++)
		free(*text_of(f, k));
}

static void
drop(struct faults *f, struct entry *e)
{
	TAILQ_REMOVE(&f->list, e, link);
	f->n--;
	fault_done(&e->fault);
	free(e);
}

void
faults_clear(struct faults *f)
{
	while (!TAILQ_EMPTY(&f->list))
		drop(f, TAILQ_FIRST(&f->list));
}

void
faults_free(struct faults *f)
{
	if (f == NULL)
		return;
	faults_clear(f);
	free(f);
}

/* --- a line --------------------------------------------------------- */

/* What a line has said so far. */
struct draft {
	struct fault fault;
	int64_t number[NUMBERS];
	unsigned given;
};

static void
name_kinds(struct error *err, const char *word)
{
	struct buf b;
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		if (str_near(kinds[i].name, word)) {
			err_hint(err, "Did you mean '%s'?", kinds[i].name);
			return;
		}
	}
	buf_init(&b, sizeof(err->hint));
	for (i = 0; i < ARRAY_LEN(kinds); i++)
		buf_printf(&b, "%s%s", i > 0 ? ", " : "", kinds[i].name);
	err_hint(err, "Faults are %s.", b.data);
	buf_done(&b);
}

static void
name_keys(struct error *err, enum fault_kind kind, const char *word)
{
	unsigned may = kinds[kind].needs | kinds[kind].may | K_ALWAYS;
	struct buf b;
	size_t k;

	for (k = 0; word != NULL && k < ARRAY_LEN(keys); k++) {
		if ((may & 1u << k) != 0 && str_near(keys[k].name, word)) {
			err_hint(err, "Did you mean '%s'?", keys[k].name);
			return;
		}
	}
	buf_init(&b, sizeof(err->hint));
	for (k = 0; k < ARRAY_LEN(keys); k++) {
		if ((may & 1u << k) != 0)
			buf_printf(
			    &b, "%s%s", b.len > 0 ? ", " : "", keys[k].name);
	}
	err_hint(err, "%s takes %s.", kinds[kind].name, b.data);
	buf_done(&b);
}

static int
find_kind(const char *word, enum fault_kind *out, struct error *err)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		if (str_eq(kinds[i].name, word)) {
			*out = (enum fault_kind)i;
			return 0;
		}
	}
	err_set(err, ERR_CONFIG, "there is no fault '%.64s'", word);
	name_kinds(err, word);
	return -1;
}

/* `word` ends where the value begins. */
static int
find_key(
    const struct draft *d, const char *word, size_t *out, struct error *err)
{
	const struct kind *kind = &kinds[d->fault.kind];
	size_t k;

	for (k = 0; k < ARRAY_LEN(keys) && !str_eq(keys[k].name, word); k++)
		continue;
	if (k == ARRAY_LEN(keys) ||
	    ((kind->needs | kind->may | K_ALWAYS) & 1u << k) == 0) {
		err_set(
		    err, ERR_CONFIG, "%s takes no '%.64s'", kind->name, word);
		name_keys(
		    err, d->fault.kind, k == ARRAY_LEN(keys) ? word : NULL);
		return -1;
	}
	if ((d->given & 1u << k) != 0) {
		err_set(err, ERR_CONFIG, "%s stands there twice", word);
		return err_hint(err, "Keep one of them.");
	}
	*out = k;
	return 0;
}

static int
take_number(struct draft *d, size_t k, const char *value, struct error *err)
{
	if (str_to_i64(value, keys[k].min, keys[k].max, &d->number[k]) == 0)
		return 0;
	err_set(err, ERR_CONFIG, "%s '%.64s' is no number that it can be",
	    keys[k].name, value);
	return err_hint(err, "Write %s=N with N from %lld to %lld.",
	    keys[k].name, (long long)keys[k].min, (long long)keys[k].max);
}

static int
take_text(struct draft *d, size_t k, const char *value, struct error *err)
{
	if (*value == '\0' || str_has_control(value)) {
		err_set(err, ERR_CONFIG,
		    *value == '\0' ? "%s is empty"
				   : "%s holds a control character",
		    keys[k].name);
		return err_hint(err,
		    "Leave it out where anything fits; a text that ends in an "
		    "asterisk is the beginning of what fits.");
	}
	*text_of(&d->fault, k) = xstrdup(value);
	return 0;
}

static int
take_word(struct draft *d, char *word, struct error *err)
{
	char *eq = strchr(word, '=');
	size_t k = 0;

	if (eq == NULL) {
		err_set(err, ERR_CONFIG, "'%.64s' is no KEY=VALUE", word);
		name_keys(err, d->fault.kind, NULL);
		return -1;
	}
	*eq = '\0';
	if (find_key(d, word, &k, err) == -1)
		return -1;
	d->given |= 1u << k;
	return k < NUMBERS ? take_number(d, k, eq + 1, err)
			   : take_text(d, k, eq + 1, err);
}

/* --- whether it can ever strike ------------------------------------- */

static bool
fits(const char *pattern, const char *text)
{
	size_t n;

	if (pattern == NULL)
		return true;
	if (text == NULL)
		return false;
	n = strlen(pattern);
	if (n > 0 && pattern[n - 1] == '*')
		return strncmp(pattern, text, n - 1) == 0;
	return str_eq(pattern, text);
}

static int
refuse_operation(const struct draft *d, struct error *err)
{
	const char *word = d->fault.operation;
	size_t i, j = ARRAY_LEN(operations);
	struct buf b;

	err_set(err, ERR_CONFIG, "%s strikes no operation '%.64s'",
	    fault_name(d->fault.kind), word);
	buf_init(&b, HINT_LIST_MAX);
	for (i = 0; i < ARRAY_LEN(operations); i++) {
		if ((operations[i].reply & kinds[d->fault.kind].reply) == 0)
			continue;
		if (j == ARRAY_LEN(operations) &&
		    str_near(operations[i].name, word))
			j = i;
		buf_printf(
		    &b, "%s%s", b.len > 0 ? ", " : "", operations[i].name);
	}
	if (j < ARRAY_LEN(operations))
		err_hint(err, "Did you mean '%s'?", operations[j].name);
	else
		err_hint(err, "It strikes %s%s.", b.data,
		    b.overflow ? " and more; see awaitd-local(1)" : "");
	buf_done(&b);
	return -1;
}

/* A fault of calls needs one that has everything it names. */
static int
check_operation(const struct draft *d, struct error *err)
{
	const unsigned named = d->given & (K_CALL & ~K_OPERATION);
	bool known = false;
	size_t i;

	for (i = 0; i < ARRAY_LEN(operations); i++) {
		const struct operation *o = &operations[i];

		if ((o->reply & kinds[d->fault.kind].reply) == 0 ||
		    !fits(d->fault.operation, o->name))
			continue;
		if ((named & ~o->subject) == 0)
			return 0;
		known = true;
	}
	if (!known)
		return refuse_operation(d, err);
	err_set(err, ERR_CONFIG, "no %s has all that is named here",
	    d->fault.operation != NULL ? d->fault.operation : "operation");
	return err_hint(err,
	    "InvokeEndpointAsync has an endpoint, S3's operations have a "
	    "bucket, those of objects a key, and SNS's a topic.");
}

static int
check_needs(const struct draft *d, struct error *err)
{
	unsigned missing = kinds[d->fault.kind].needs & ~d->given;
	size_t k;

	for (k = 0; k < ARRAY_LEN(keys) && (missing & 1u << k) == 0; k++)
		continue;
	if (k == ARRAY_LEN(keys))
		return 0;
	err_set(err, ERR_CONFIG, "%s needs %s", fault_name(d->fault.kind),
	    keys[k].name);
	return err_hint(
	    err, "Write %s %s=N.", fault_name(d->fault.kind), keys[k].name);
}

static int
check_amounts(const struct fault *f, struct error *err)
{
	if ((kinds[f->kind].needs & K_MS) != 0 &&
	    (f->ms == 0 || (f->ms < 0 && f->kind != FAULT_CLOCK_SKEW))) {
		err_set(err, ERR_CONFIG, "ms=%lld has no meaning for %s",
		    (long long)f->ms, fault_name(f->kind));
		return err_hint(err, "Write a number of milliseconds.");
	}
	if (f->kind == FAULT_DRIP && (f->bytes == 0 || f->ms > DAY_MS)) {
		err_set(err, ERR_CONFIG, "nothing would ever drip");
		return err_hint(err,
		    "Write bytes=N of 1 or more, and at the most a day in ms.");
	}
	return 0;
}

/* --- adding --------------------------------------------------------- */

static int
read_words(struct draft *d, char **words, struct error *err)
{
	struct fault *f = &d->fault;
	size_t i;

	if (words[0] == NULL) {
		err_set(err, ERR_CONFIG, "the line names no fault");
		name_kinds(err, "");
		return -1;
	}
	if (find_kind(words[0], &f->kind, err) == -1)
		return -1;
	for (i = 1; words[i] != NULL; i++) {
		if (take_word(d, words[i], err) == -1)
			return -1;
	}
	f->status = (int)d->number[0];
	f->bytes = d->number[1];
	f->ms = d->number[2];
	f->after = d->number[3];
	f->count = d->number[4];
	if (check_needs(d, err) == -1 || check_amounts(f, err) == -1)
		return -1;
	return kinds[f->kind].reply != 0 ? check_operation(d, err) : 0;
}

/* Where a # begins a comment: outside of quotes, before a word. */
static size_t
comment_at(const char *line)
{
	char quote = '\0';
	size_t i;

	for (i = 0; line[i] != '\0'; i++) {
		if (quote == '"' && line[i] == '\\' && line[i + 1] != '\0')
			i++;
		else if (line[i] == quote)
			quote = '\0';
		else if (quote == '\0' && (line[i] == '"' || line[i] == '\''))
			quote = line[i];
		else if (quote == '\0' && line[i] == '#' &&
		    (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t'))
			break;
	}
	return i;
}

static int
read_line(struct draft *d, const char *line, struct error *err)
{
	char **words, *text;
	size_t n;
	int rc;

	if (strlen(line) > LINE_MAX_LEN || !str_is_text(line, strlen(line))) {
		err_set(err, ERR_CONFIG, "the line is no text of 8 KiB");
		return err_hint(err, "Write a shorter one, in UTF-8.");
	}
	text = xstrndup(line, comment_at(line));
	rc = str_split_words(text, WORDS_MAX, &words, &n, err);
	free(text);
	if (rc == -1) {
		err->code = ERR_CONFIG;
		return err_hint(err, "Write NAME KEY=VALUE KEY=\"A VALUE\".");
	}
	rc = read_words(d, words, err);
	str_free_words(words);
	return rc;
}

static bool
is_spent(const struct fault *f)
{
	return f->count > 0 && f->taken >= f->count;
}

/* Those that have done their work stay to be looked at while there is room. */
static int
make_room(struct faults *f, struct error *err)
{
	struct entry *e;

	if (f->n < FAULTS_MAX)
		return 0;
	TAILQ_FOREACH (e, &f->list, link) {
		if (is_spent(&e->fault)) {
			drop(f, e);
			return 0;
		}
	}
	err_set(err, ERR_CONFIG, "there are %d faults already", FAULTS_MAX);
	return err_hint(err, "Take some of them back.");
}

int
faults_add(struct faults *f, const char *line, int64_t *id, struct error *err)
{
	struct draft d;
	struct entry *e;

	memset(&d, 0, sizeof(d));
	d.number[0] = 500;
	d.number[4] = 1;
	if (read_line(&d, line, err) == -1 || make_room(f, err) == -1) {
		fault_done(&d.fault);
		return -1;
	}
	e = xcalloc(1, sizeof(*e));
	e->fault = d.fault;
	e->fault.id = ++f->last_id;
	TAILQ_INSERT_TAIL(&f->list, e, link);
	f->n++;
	if (id != NULL)
		*id = e->fault.id;
	return 0;
}

static bool
is_blank_line(const char *line)
{
	line += strspn(line, " \t\r");
	return *line == '\0' || *line == '#';
}

static int
add_lines(struct faults *f, char *text, struct buf *ids, struct error *err)
{
	char *line, *next;
	int64_t id;
	int n;

	for (line = text, n = 1; line != NULL; line = next, n++) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		if (is_blank_line(line))
			continue;
		if (faults_add(f, str_trim(line), &id, err) == -1)
			return err_prefix(err, "line %d", n);
		if (ids != NULL)
			buf_printf(ids, "%lld\n", (long long)id);
	}
	return 0;
}

static void
log_asked(const struct fault *f)
{
	log_begin(LOG_INFO, "fault");
	log_str("asked_for", fault_name(f->kind));
	log_int("id", f->id);
	log_int("count", f->count);
	log_end();
}

int
faults_add_text(
    struct faults *f, const char *text, struct buf *ids, struct error *err)
{
	int64_t before = f->last_id;
	char *copy = xstrdup(text);
	struct entry *e;
	int rc = add_lines(f, copy, ids, err);

	free(copy);
	while (rc == -1 && (e = TAILQ_LAST(&f->list, fault_list)) != NULL &&
	    e->fault.id > before)
		drop(f, e);
	TAILQ_FOREACH (e, &f->list, link) {
		if (e->fault.id > before)
			log_asked(&e->fault);
	}
	return rc;
}

int
faults_read(struct faults *f, const char *path, struct error *err)
{
	struct buf b;
	int rc;

	buf_init(&b, TEXT_MAX);
	rc = file_read(path, &b, err);
	if (rc == 0 && strlen(b.data) != b.len)
		rc = err_set(err, ERR_CONFIG, "%s holds a NUL byte", path);
	else if (rc == 0 && faults_add_text(f, b.data, NULL, err) == -1)
		rc = err_prefix(err, "%s", path);
	buf_done(&b);
	return rc;
}

bool
faults_remove(struct faults *f, int64_t id)
{
	struct entry *e;

	TAILQ_FOREACH (e, &f->list, link) {
		if (e->fault.id == id) {
			drop(f, e);
			return true;
		}
	}
	return false;
}

/* --- showing -------------------------------------------------------- */

static void
put_text(struct buf *out, const char *name, const char *value)
{
	if (value == NULL)
		return;
	if (strpbrk(value, " '\"#") == NULL) {
		buf_printf(out, " %s=%s", name, value);
		return;
	}
	buf_printf(out, " %s=\"", name);
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\')
			buf_putc(out, '\\');
		buf_putc(out, *value);
	}
	buf_putc(out, '"');
}

static void
put_line(struct buf *out, const struct fault *f)
{
	const struct kind *kind = &kinds[f->kind];
	unsigned may = kind->needs | kind->may;
	size_t k;

	buf_puts(out, kind->name);
	if ((may & K_STATUS) != 0)
		buf_printf(out, " status=%d", f->status);
	if ((may & K_BYTES) != 0)
		buf_printf(out, " bytes=%lld", (long long)f->bytes);
	if ((may & K_MS) != 0)
		buf_printf(out, " ms=%lld", (long long)f->ms);
	if (f->after != 0)
		buf_printf(out, " after=%lld", (long long)f->after);
	buf_printf(out, " count=%lld", (long long)f->count);
	for (k = NUMBERS; k < ARRAY_LEN(keys); k++)
		put_text(out, keys[k].name, text_in(f, k));
	buf_printf(out, " # id=%lld taken=%lld\n", (long long)f->id,
	    (long long)f->taken);
}

void
faults_list(const struct faults *f, struct buf *out)
{
	const struct entry *e;

	TAILQ_FOREACH (e, &f->list, link)
		put_line(out, &e->fault);
}

/* --- taking --------------------------------------------------------- */

static bool
concerns(const struct fault *f, const struct fault_subject *s)
{
	return fits(f->operation, s->operation) &&
	    fits(f->endpoint, s->endpoint) && fits(f->bucket, s->bucket) &&
	    fits(f->key, s->key) && fits(f->topic, s->topic);
}

static void
log_taken(const struct fault *f, const struct fault_subject *s)
{
	log_begin(LOG_INFO, "fault");
	log_str("fault", fault_name(f->kind));
	log_int("id", f->id);
	log_str("operation", s->operation);
	log_str("endpoint", s->endpoint);
	log_str("bucket", s->bucket);
	log_str("key", s->key);
	log_str("topic", s->topic);
	if (f->count > 0)
		log_int("left", f->count - f->taken);
	log_end();
}

const struct fault *
fault_take(
    struct faults *f, enum fault_kind kind, const struct fault_subject *subject)
{
	struct entry *e;

	if (f == NULL)
		return NULL;
	TAILQ_FOREACH (e, &f->list, link) {
		if (e->fault.kind != kind || is_spent(&e->fault) ||
		    !concerns(&e->fault, subject))
			continue;
		if (e->passed < e->fault.after) {
			e->passed++;
			continue;
		}
		e->fault.taken++;
		log_taken(&e->fault, subject);
		return &e->fault;
	}
	return NULL;
}
