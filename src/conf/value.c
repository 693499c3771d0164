/* SPDX-License-Identifier: Apache-2.0 */
/* Values of each type: read, released, written. */
#include "conf/value.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/schedule.h"
#include "base/str.h"
#include "conf/conf.h"

#define LIST_MAX 64
#define CREDENTIALS "credentials:"
static const int64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000};

#define WORDS_MAX 256

/* Each type has one way to its place. */
#define PLACE(type, base, key) \
	((type *)(void *)((char *)(base) + (key)->offset))
#define PLACE_OF(type, base, key) \
	((const type *)(const void *)((const char *)(base) + (key)->offset))

/* --- secrets -------------------------------------------------------- */

static bool
is_secret_type(enum conf_type type)
{
	return type == CONF_SECRET || type == CONF_SECRETS;
}

/* The end of what stands before the '@' of a URL's host, or NULL. */
static const char *
userinfo_end(const char *url)
{
	const char *host = strstr(url, "://");

	return host == NULL ? NULL
			    : memrchr(host + 3, '@', strcspn(host + 3, "/?#"));
}

bool
value_text_is_secret(const struct conf_key *key, const char *text)
{
	if (key->type == CONF_URL)
		return userinfo_end(text) != NULL;
	return is_secret_type(key->type) && *text != '\0';
}

/* --- reading -------------------------------------------------------- */

static int
refuse(const struct conf_key *key, const char *text, const char *why,
    struct error *err)
{
	/* A password may stand in a URL. */
	if (key->type == CONF_URL || is_secret_type(key->type) ||
	    (key->type == CONF_LIST && strstr(text, "://") != NULL &&
		strchr(text, '@') != NULL))
		return err_set(err, ERR_CONFIG, "%s: %s", key->name, why);
	return err_set(err, ERR_CONFIG, "%s = %s: %s", key->name, text, why);
}

/* Whatever it was: it may have been a secret. */
static void
put_text(char **place, const char *text)
{
	hash_wipe_free(place);
	*place = *text != '\0' ? xstrdup(text) : NULL;
}

static int
set_text(const struct conf_key *key, const char *text, char **place,
    struct error *err)
{
	const char *why = NULL;

	if (key->must != NULL && *text != '\0')
		why = key->must(text);
	if (why != NULL)
		return refuse(key, text, why, err);
	put_text(place, text);
	return 0;
}

/* NULL: it is no such path. */
static const char *
credential_of(const char *path)
{
	return str_starts(path, CREDENTIALS) ? path + strlen(CREDENTIALS)
					     : NULL;
}

/* Who is not started by systemd reads the same file, and has no need of what
 * only the service uses: so without a folder the name is kept as it is. */
static int
set_credential(const struct conf_key *key, const char *text, char **place,
    struct error *err)
{
	const char *name = credential_of(text);
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	char *path;
	int rc;

	if (*name == '\0' || strchr(name, '/') != NULL || str_eq(name, ".") ||
	    str_eq(name, "..")) {
		refuse(key, text, "it must be credentials:NAME", err);
		return err_hint(err,
		    "NAME is that of LoadCredential= in the unit, without a "
		    "slash.");
	}
	if (str_empty(folder))
		return set_text(key, text, place, err);
	path = xasprintf("%s/%s", folder, name);
	rc = set_text(key, path, place, err);
	free(path);
	return rc;
}

static int
set_path(const struct conf_key *key, const char *text, const char *folder,
    char **place, struct error *err)
{
	char *base, *path;
	int rc;

	if (str_ends(key->name, "_file") && credential_of(text) != NULL)
		return set_credential(key, text, place, err);
	if (*text == '\0' || *text == '/')
		return set_text(key, text, place, err);
	base = realpath(folder != NULL ? folder : ".", NULL);
	if (base == NULL)
		return err_set_errno(
		    err, ERR_CONFIG, "%s = %s", key->name, text);
	path = xasprintf("%s/%s", str_eq(base, "/") ? "" : base, text);
	rc = set_text(key, path, place, err);
	free(path);
	free(base);
	return rc;
}

static void
free_list(struct conf_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		hash_wipe(list->v[i], strlen(list->v[i]));
	str_free_words(list->v);
	list->v = NULL;
	list->n = 0;
}

static void
add_item(struct conf_list *list, const char *item)
{
	list->v = xreallocarray(list->v, list->n + 2, sizeof(*list->v));
	list->v[list->n++] = xstrdup(item);
	list->v[list->n] = NULL;
}

static int
take_item(const struct conf_key *key, const char *item, struct conf_list *list,
    struct error *err)
{
	const char *why = NULL;

	if (*item == '\0')
		why = "something is missing beside a comma";
	else if (list->n == LIST_MAX)
		why = "these are more than 64";
	else if (key->must != NULL)
		why = key->must(item);
	if (why != NULL)
		return refuse(key, item, why, err);
	add_item(list, item);
	return 0;
}

static int
set_list(const struct conf_key *key, const char *text, struct conf_list *place,
    struct error *err)
{
	struct conf_list list = {.n = 0};
	char *copy = xstrdup(text), *item = copy, *comma;
	int rc = 0;

	while (rc == 0 && item != NULL && *text != '\0') {
		comma = strchr(item, ',');
		if (comma != NULL)
			*comma = '\0';
		rc = take_item(key, str_trim(item), &list, err);
		item = comma != NULL ? comma + 1 : NULL;
	}
	hash_wipe(copy, strlen(text));
	free(copy);
	free_list(rc == 0 ? place : &list);
	if (rc == 0)
		*place = list;
	return rc;
}

/* Each path below the folder. */
static int
set_paths(const struct conf_key *key, const char *text, const char *folder,
    struct conf_list *place, struct error *err)
{
	struct conf_list list = {.n = 0};
	size_t i;

	if (set_list(key, text, &list, err) == -1)
		return -1;
	for (i = 0; i < list.n; i++) {
		char *item = xstrdup(list.v[i]);
		int rc = set_path(key, item, folder, &list.v[i], err);

		free(item);
		if (rc == -1) {
			free_list(&list);
			return -1;
		}
	}
	free_list(place);
	*place = list;
	return 0;
}

static int
set_command(const struct conf_key *key, const char *text,
    struct conf_list *place, struct error *err)
{
	struct conf_list words;

	if (str_split_words(text, WORDS_MAX, &words.v, &words.n, err) == -1) {
		err->code = ERR_CONFIG;
		return err_prefix(err, "%s = %s", key->name, text);
	}
	if (words.n > 0 && *words.v[0] == '\0') {
		free_list(&words);
		return refuse(key, text, "its first word is empty", err);
	}
	free_list(place);
	*place = words;
	return 0;
}

static int
set_duration(const struct conf_key *key, const char *text, int64_t *place,
    struct error *err)
{
	int64_t ms;

	if (*text == '\0') {
		*place = 0;
		return 0;
	}
	if (str_to_duration_ms(text, &ms) == -1)
		return refuse(key, text,
		    "it must be a time such as 500ms, 5s, 2m or 6h", err);
	if (key->max == 0 && ms < key->min)
		return err_set(err, ERR_CONFIG,
		    "%s = %s: it must be at least %g s", key->name, text,
		    (double)key->min / 1000);
	if (key->max != 0 && (ms < key->min || ms > key->max))
		return err_set(err, ERR_CONFIG,
		    "%s = %s: it must be from %g s to %g s", key->name, text,
		    (double)key->min / 1000, (double)key->max / 1000);
	if (key->type == CONF_SECONDS && ms % 1000 != 0)
		return refuse(key, text, "it must be whole seconds", err);
	*place = ms;
	return 0;
}

static int
set_size(const struct conf_key *key, const char *text, int64_t *place,
    struct error *err)
{
	int64_t n;

	if (str_to_size(text, &n) == -1)
		return refuse(key, text,
		    "it must be a size such as 500, 20kB or 64KiB", err);
	if (n < key->min || n > key->max)
		return err_set(err, ERR_CONFIG,
		    "%s = %s: it must be from %lld to %lld bytes", key->name,
		    text, (long long)key->min, (long long)key->max);
	*place = n;
	return 0;
}

static int
set_count(const struct conf_key *key, const char *text, int64_t *place,
    struct error *err)
{
	if (str_to_i64(text, key->min, key->max, place) == -1)
		return err_set(err, ERR_CONFIG,
		    "%s = %s: it must be a whole number from %lld to %lld",
		    key->name, text, (long long)key->min, (long long)key->max);
	return 0;
}

static int
set_decimal(const struct conf_key *key, const char *text, int64_t *place,
    struct error *err)
{
	int64_t n;

	if (str_to_millionths(text, &n) == -1)
		return refuse(key, text,
		    "it must be a number such as 0.005, with at most 6 digits "
		    "behind the point",
		    err);
	if (n < key->min || n > key->max)
		return err_set(err, ERR_CONFIG,
		    "%s = %s: it must be from %.6f to %g", key->name, text,
		    (double)key->min / 1e6, (double)key->max / 1e6);
	*place = n;
	return 0;
}

static int
set_choice(
    const struct conf_key *key, const char *text, int *place, struct error *err)
{
	const char *p = key->choices;
	size_t len;
	int i;

	for (i = 0; *p != '\0'; i++, p += len + (p[len] == '|')) {
		len = strcspn(p, "|");
		if (strlen(text) == len && memcmp(p, text, len) == 0) {
			*place = i;
			return 0;
		}
	}
	return err_set(err, ERR_CONFIG, "%s = %s: it must be one of %s",
	    key->name, text, key->choices);
}

static int
set_schedule(const struct conf_key *key, const char *text,
    struct schedule *place, struct error *err)
{
	if (schedule_parse(text, place, err) == -1) {
		err->code = ERR_CONFIG;
		err_prefix(err, "%s", key->name);
		return err_hint(
		    err, "Write delays such as \"5s, 30s, 2m\", or none.");
	}
	return 0;
}

/* A tab is a blank; nothing that is printed may hold more of them. */
static bool
has_control(const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s != '\t' && ((unsigned char)*s < 0x20 || *s == 0x7f))
			return true;
	}
	return false;
}

static int
set_typed(const struct conf_key *key, void *base, const char *text,
    const char *folder, struct error *err)
{
	switch (key->type) {
	case CONF_TEXT:
	case CONF_URL:
	case CONF_SECRET:
		return set_text(key, text, PLACE(char *, base, key), err);
	case CONF_PATH:
		return set_path(
		    key, text, folder, PLACE(char *, base, key), err);
	case CONF_LIST:
	case CONF_SECRETS:
		return set_list(
		    key, text, PLACE(struct conf_list, base, key), err);
	case CONF_PATHS:
		return set_paths(
		    key, text, folder, PLACE(struct conf_list, base, key), err);
	case CONF_COMMAND:
		return set_command(
		    key, text, PLACE(struct conf_list, base, key), err);
	case CONF_DURATION:
	case CONF_SECONDS:
		return set_duration(key, text, PLACE(int64_t, base, key), err);
	case CONF_SIZE:
		return set_size(key, text, PLACE(int64_t, base, key), err);
	case CONF_COUNT:
		return set_count(key, text, PLACE(int64_t, base, key), err);
	case CONF_DECIMAL:
		return set_decimal(key, text, PLACE(int64_t, base, key), err);
	case CONF_CHOICE:
		return set_choice(key, text, PLACE(int, base, key), err);
	case CONF_SCHEDULE:
		return set_schedule(
		    key, text, PLACE(struct schedule, base, key), err);
	}
	abort();
}

int
value_set(const struct conf_key *key, void *section, const char *text,
    const char *folder, struct error *err)
{
	if (strlen(text) > VALUE_MAX)
		return err_set(err, ERR_CONFIG, "%s is longer than %d bytes",
		    key->name, VALUE_MAX);
	if (has_control(text))
		return err_set(
		    err, ERR_CONFIG, "%s holds a control character", key->name);
	if (*text == '\0')
		text = key->def;
	return set_typed(key, section, text, folder, err);
}

void
value_done(const struct conf_key *key, void *section)
{
	switch (key->type) {
	case CONF_TEXT:
	case CONF_URL:
	case CONF_SECRET:
	case CONF_PATH:
		hash_wipe_free(PLACE(char *, section, key));
		return;
	case CONF_LIST:
	case CONF_SECRETS:
	case CONF_PATHS:
	case CONF_COMMAND:
		free_list(PLACE(struct conf_list, section, key));
		return;
	case CONF_DURATION:
	case CONF_SECONDS:
	case CONF_SIZE:
	case CONF_COUNT:
	case CONF_DECIMAL:
	case CONF_CHOICE:
	case CONF_SCHEDULE:
		return;
	}
	abort();
}

/* --- writing -------------------------------------------------------- */

static void
format_list(const struct conf_list *list, struct buf *out)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		buf_printf(out, "%s%s", i > 0 ? ", " : "", list->v[i]);
}

/* How many there are is no secret. */
static void
format_masks(const struct conf_list *list, struct buf *out)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		buf_printf(out, "%s" VALUE_MASK, i > 0 ? ", " : "");
}

static void
format_url(const char *url, struct buf *out)
{
	const char *at = url != NULL ? userinfo_end(url) : NULL;

	if (at != NULL)
		buf_printf(out, "%.*s" VALUE_MASK "%s",
		    (int)(strstr(url, "://") + 3 - url), url, at);
	else
		buf_puts(out, url != NULL ? url : "");
}

/* So that str_split_words() reads the same word again. */
static void
format_word(const char *word, struct buf *out)
{
	if (*word != '\0' && word[strcspn(word, " \t'\"")] == '\0') {
		buf_puts(out, word);
		return;
	}
	buf_putc(out, '"');
	for (; *word != '\0'; word++) {
		if (*word == '"' || *word == '\\')
			buf_putc(out, '\\');
		buf_putc(out, *word);
	}
	buf_putc(out, '"');
}

static void
format_command(const struct conf_list *words, struct buf *out)
{
	size_t i;

	for (i = 0; i < words->n; i++) {
		if (i > 0)
			buf_putc(out, ' ');
		format_word(words->v[i], out);
	}
}

/* In the largest unit that leaves no rest. */
static void
format_duration(int64_t ms, struct buf *out)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {
	    {"d", 86400000},
	    {"h", 3600000},
	    {"m", 60000},
	    {"s", 1000},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(units); i++) {
		if (ms % units[i].ms == 0 && (ms != 0 || units[i].ms == 1000)) {
			buf_printf(out, "%lld%s", (long long)(ms / units[i].ms),
			    units[i].unit);
			return;
		}
	}
	buf_printf(out, "%lldms", (long long)ms);
}

static void
format_size(int64_t n, struct buf *out)
{
	if (n != 0 && n % 1000 == 0)
		buf_printf(out, "%lldkB", (long long)n / 1000);
	else if (n != 0 && n % 1024 == 0)
		buf_printf(out, "%lldKiB", (long long)n / 1024);
	else
		buf_printf(out, "%lld", (long long)n);
}

/* No zeros behind. */
static void
format_decimal(int64_t n, struct buf *out)
{
	int digits = 6;

	for (; digits > 0 && n % 10 == 0; digits--)
		n /= 10;
	if (digits == 0)
		buf_printf(out, "%lld", (long long)n);
	else
		buf_printf(out, "%lld.%0*lld", (long long)(n / powers[digits]),
		    digits, (long long)(n % powers[digits]));
}

static void
format_schedule(const struct schedule *s, struct buf *out)
{
	size_t i;

	if (s->n == 0)
		buf_puts(out, "none");
	for (i = 0; i < s->n; i++) {
		if (i > 0)
			buf_puts(out, ", ");
		format_duration(s->delay_ms[i], out);
	}
}

static void
format_choice(const char *choices, int n, struct buf *out)
{
	for (; n > 0; n--)
		choices = strchr(choices, '|') + 1;
	buf_append(out, choices, strcspn(choices, "|"));
}

void
value_format(const struct conf_key *key, const void *section, struct buf *out)
{
	const char *text;
	int64_t n;

	switch (key->type) {
	case CONF_TEXT:
	case CONF_PATH:
		text = *PLACE_OF(char *, section, key);
		buf_puts(out, text != NULL ? text : "");
		return;
	case CONF_URL:
		format_url(*PLACE_OF(char *, section, key), out);
		return;
	case CONF_SECRET:
		if (*PLACE_OF(char *, section, key) != NULL)
			buf_puts(out, VALUE_MASK);
		return;
	case CONF_SECRETS:
		format_masks(PLACE_OF(struct conf_list, section, key), out);
		return;
	case CONF_LIST:
	case CONF_PATHS:
		format_list(PLACE_OF(struct conf_list, section, key), out);
		return;
	case CONF_COMMAND:
		format_command(PLACE_OF(struct conf_list, section, key), out);
		return;
	case CONF_DURATION:
	case CONF_SECONDS:
		n = *PLACE_OF(int64_t, section, key);
		/* Where there is no default, 0 is what is not set. */
		if (n != 0 || *key->def != '\0')
			format_duration(n, out);
		return;
	case CONF_SIZE:
		format_size(*PLACE_OF(int64_t, section, key), out);
		return;
	case CONF_COUNT:
		n = *PLACE_OF(int64_t, section, key);
		buf_printf(out, "%lld", (long long)n);
		return;
	case CONF_DECIMAL:
		format_decimal(*PLACE_OF(int64_t, section, key), out);
		return;
	case CONF_CHOICE:
		format_choice(key->choices, *PLACE_OF(int, section, key), out);
		return;
	case CONF_SCHEDULE:
		format_schedule(PLACE_OF(struct schedule, section, key), out);
		return;
	}
	abort();
}

/* --- comparing ------------------------------------------------------ */

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : str_eq(a, b);
}

static bool
same_list(const struct conf_list *a, const struct conf_list *b)
{
	size_t i;

	for (i = 0; i < a->n && i < b->n; i++) {
		if (!str_eq(a->v[i], b->v[i]))
			return false;
	}
	return a->n == b->n;
}

bool
value_same(const struct conf_key *key, const void *section, const void *other)
{
	const struct schedule *a, *b;

	switch (key->type) {
	case CONF_TEXT:
	case CONF_URL:
	case CONF_SECRET:
	case CONF_PATH:
		return same_text(*PLACE_OF(char *, section, key),
		    *PLACE_OF(char *, other, key));
	case CONF_LIST:
	case CONF_SECRETS:
	case CONF_PATHS:
	case CONF_COMMAND:
		return same_list(PLACE_OF(struct conf_list, section, key),
		    PLACE_OF(struct conf_list, other, key));
	case CONF_DURATION:
	case CONF_SECONDS:
	case CONF_SIZE:
	case CONF_COUNT:
	case CONF_DECIMAL:
		return *PLACE_OF(int64_t, section, key) ==
		    *PLACE_OF(int64_t, other, key);
	case CONF_CHOICE:
		return *PLACE_OF(int, section, key) ==
		    *PLACE_OF(int, other, key);
	case CONF_SCHEDULE:
		a = PLACE_OF(struct schedule, section, key);
		b = PLACE_OF(struct schedule, other, key);
		return a->n == b->n &&
		    memcmp(a->delay_ms, b->delay_ms,
			a->n * sizeof(a->delay_ms[0])) == 0;
	}
	abort();
}

bool
value_is_secret(const struct conf_key *key, const void *section)
{
	const char *text;

	if (key->type == CONF_SECRETS)
		return PLACE_OF(struct conf_list, section, key)->n > 0;
	if (key->type != CONF_SECRET && key->type != CONF_URL)
		return false;
	text = *PLACE_OF(char *, section, key);
	return text != NULL && value_text_is_secret(key, text);
}

const char *
value_credential(const struct conf_key *key, const void *section)
{
	const struct conf_list *list;
	const char *text, *name = NULL;
	size_t i;

	if (!str_ends(key->name, "_file"))
		return NULL;
	if (key->type == CONF_PATH) {
		text = *PLACE_OF(char *, section, key);
		return text != NULL ? credential_of(text) : NULL;
	}
	list = PLACE_OF(struct conf_list, section, key);
	for (i = 0; i < list->n && name == NULL; i++)
		name = credential_of(list->v[i]);
	return name;
}
