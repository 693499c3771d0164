/* SPDX-License-Identifier: Apache-2.0 */
/* Files and questions of the cases. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "awsprobe.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#define TEXT_BYTES (1024 * 1024)
#define LONG_LEN 4096

struct maker {
	const char *peer;
	char *dir; /* of the case */
	char *long_text;
};

static void
die(const char *name, const char *text)
{
	fprintf(stderr, "awsprobe: the case '%s': %s\n", name, text);
	exit(2);
}

/* No two pieces of it are alike, so that a cut one shows by its end. */
static char *
make_long(void)
{
	struct buf b;
	int i;

	buf_init(&b, TEXT_BYTES);
	for (i = 0; b.len < LONG_LEN; i++)
		buf_printf(&b, "%05d/+=", i);
	buf_truncate(&b, LONG_LEN - 4);
	buf_puts(&b, "lEnd");
	return buf_take(&b);
}

/* *s is behind the '@'; 0: not one of these words, it stands for itself. */
static size_t
put_word(const struct maker *m, const char *s, struct buf *out)
{
	const struct {
		const char *word, *text;
	} words[] = {
	    {"DIR@", m->dir},
	    {"PEER@", m->peer},
	    {"LONG@", m->long_text},
	    {"TAB@", "\t"},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++) {
		if (!str_starts(s, words[i].word) || words[i].text == NULL)
			continue;
		buf_puts(out, words[i].text);
		return strlen(words[i].word);
	}
	return 0;
}

static void
expand(const struct maker *m, const char *s, struct buf *out)
{
	size_t n;

	for (; *s != '\0'; s++) {
		n = *s == '@' ? put_word(m, s + 1, out) : 0;
		if (n == 0)
			buf_putc(out, *s);
		s += n;
	}
}

/* A string as it is, or an array of lines. */
static void
put_text(const struct maker *m, const struct json *text, struct buf *out)
{
	const struct json *line;

	if (json_str(text) != NULL)
		expand(m, json_str(text), out);
	for (line = json_first(text); line != NULL; line = json_next(line)) {
		expand(m, json_str(line), out);
		buf_putc(out, '\n');
	}
}

static void
write_file(const struct maker *m, const char *name, const struct json *text)
{
	char *path = xasprintf("%s/%s", m->dir, name), *slash;
	struct error err;
	struct buf out;
	FILE *f;

	slash = strrchr(path, '/');
	*slash = '\0';
	if (file_mkdirs(path, 0700, &err) == -1)
		die(name, err.text);
	*slash = '/';
	buf_init(&out, TEXT_BYTES);
	put_text(m, text, &out);
	f = fopen(path, "wb");
	if (f == NULL || fwrite(out.data, 1, out.len, f) != out.len ||
	    fclose(f) != 0)
		die(name, "cannot be written");
	buf_done(&out);
	free(path);
}

static void
put_strings(struct maker *m, const struct json *from, struct jsonw *w)
{
	const struct json *v;
	struct buf out;

	for (v = json_first(from); v != NULL; v = json_next(v)) {
		if (json_str(v) == NULL)
			die(json_name(v), "no string");
		buf_init(&out, TEXT_BYTES);
		expand(m, json_str(v), &out);
		buf_putc(&out, '\0');
		jsonw_str(w, json_name(v), out.data);
		buf_done(&out);
	}
}

/* Whatever a case is about, nothing of this machine is in it. */
static void
put_environment(struct maker *m, const struct json *env, struct jsonw *w)
{
	jsonw_begin(w, "env", '{');
	if (json_get(env, "HOME") == NULL)
		jsonw_str(w, "HOME", m->dir);
	if (json_get(env, "AWS_EC2_METADATA_SERVICE_ENDPOINT") == NULL &&
	    json_get(env, "AWS_EC2_METADATA_DISABLED") == NULL)
		jsonw_str(w, "AWS_EC2_METADATA_DISABLED", "true");
	put_strings(m, env, w);
	jsonw_end(w, '}');
}

static void
make_files(const struct maker *m, const struct json *one)
{
	const struct json *files = json_get(one, "files"), *f;
	struct error err;

	if (file_mkdirs(m->dir, 0700, &err) == -1)
		die(m->dir, err.text);
	if (json_get(one, "config") != NULL)
		write_file(m, ".aws/config", json_get(one, "config"));
	if (json_get(one, "credentials") != NULL)
		write_file(m, ".aws/credentials", json_get(one, "credentials"));
	for (f = json_first(files); f != NULL; f = json_next(f))
		write_file(m, json_name(f), f);
}

static void
prepare_one(struct maker *m, const struct json *one)
{
	const char *name = json_get_str(one, "name");
	struct jsonw w;
	struct buf out;

	if (name == NULL || json_get_str(json_get(one, "ask"), "what") == NULL)
		die(name != NULL ? name : "?", "no name or no question");
	if (m->peer == NULL && json_get(one, "peer") != NULL)
		return;
	umask(json_get(one, "loose") != NULL ? 022 : 077);
	make_files(m, one);
	buf_init(&out, TEXT_BYTES);
	jsonw_init(&w, &out);
	jsonw_begin(&w, NULL, '{');
	jsonw_str(&w, "name", name);
	put_environment(m, json_get(one, "env"), &w);
	jsonw_begin(&w, "ask", '{');
	put_strings(m, json_get(one, "ask"), &w);
	jsonw_end(&w, '}');
	jsonw_end(&w, '}');
	printf("%.*s\n", (int)out.len, out.data);
	buf_done(&out);
}

void
awsprobe_prepare(const struct json *cases, const char *dir, const char *peer)
{
	struct maker m = {.peer = peer, .long_text = make_long()};
	const struct json *one;

	for (one = json_first(cases); one != NULL; one = json_next(one)) {
		m.dir = xasprintf("%s/%s", dir, json_get_str(one, "name"));
		prepare_one(&m, one);
		xfree(&m.dir);
	}
	free(m.long_text);
}
