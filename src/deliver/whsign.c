/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of webhooks, made and verified. */
#include "deliver/whsign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "deliver/whkey.h"

/* An id, a timestamp and two dots. */
#define HEAD_MAX 512
#define V1A_LOOKED_AT 16

struct whsign {
	struct whkey keys[WHSIGN_KEYS_MAX];
	size_t n;
};

struct whsign_run {
	const struct whsign *set;
	struct hash_mac *macs[WHSIGN_KEYS_MAX];
	struct buf message; /* for those who need all of it */
	bool whole; /* it is kept */
};

/* --- sets of keys --------------------------------------------------- */

int
whsign_new(const char *secret, struct whsign **out, struct error *err)
{
	struct whsign *s = xcalloc(1, sizeof(*s));

	if (whkey_init(&s->keys[0], secret, err) == -1) {
		free(s);
		return -1;
	}
	s->n = 1;
	*out = s;
	return 0;
}

typedef int key_fn(struct whkey *k, const char *from, struct error *err);

/* Of a rotation with the old key alone nobody would know. */
static int
check_new(const struct whsign *s, struct error *err)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (!whkey_same(&s->keys[i], &s->keys[s->n]))
			continue;
		err_set(err, ERR_CONFIG, "secrets %zu and %zu are the same",
		    i + 1, s->n + 1);
		return err_hint(err, "Name each of them once.");
	}
	return 0;
}

static int
add(struct whsign *s, key_fn *fn, const char *from, struct error *err)
{
	int rc;

	if (s->n == WHSIGN_KEYS_MAX)
		return err_set(err, ERR_CONFIG,
		    "there are more than %d secrets", WHSIGN_KEYS_MAX);
	if (fn(&s->keys[s->n], from, err) == -1)
		return -1;
	rc = check_new(s, err);
	s->n++;
	return rc;
}

static int
from_all(
    key_fn *fn, const char *const *from, struct whsign **out, struct error *err)
{
	struct whsign *s = xcalloc(1, sizeof(*s));

	for (; *from != NULL; from++) {
		if (add(s, fn, *from, err) == -1) {
			whsign_free(s);
			return -1;
		}
	}
	*out = s;
	return 0;
}

int
whsign_from_files(
    const char *const *paths, struct whsign **out, struct error *err)
{
	return from_all(whkey_from_file, paths, out, err);
}

int
whsign_from_texts(
    const char *const *secrets, struct whsign **out, struct error *err)
{
	return from_all(whkey_init, secrets, out, err);
}

int
whsign_from_file(const char *path, struct whsign **out, struct error *err)
{
	const char *const paths[] = {path, NULL};

	return whsign_from_files(paths, out, err);
}

void
whsign_free(struct whsign *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < s->n; i++)
		whkey_done(&s->keys[i]);
	free(s);
}

bool
whsign_can_sign(const struct whsign *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (s->keys[i].kind == WHKEY_PUBLIC)
			return false;
	}
	return true;
}

static bool
has(const struct whsign *s, enum whkey_kind kind)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (s->keys[i].kind == kind)
			return true;
	}
	return false;
}

bool
whsign_reaches(const struct whsign *s, int64_t size)
{
	return has(s, WHKEY_SECRET) ||
	    (has(s, WHKEY_PAIR) && size <= WHSIGN_V1A_MAX);
}

/* --- signing -------------------------------------------------------- */

static void
put(struct buf *out, const char *version, const void *signature, size_t len)
{
	if (out->len > 0)
		buf_putc(out, ' ');
	buf_puts(out, version);
	encode_base64(out, signature, len);
}

static void
put_v1(struct buf *out, struct hash_mac *mac)
{
	unsigned char digest[HASH_SHA256_SIZE];

	hash_mac_final(mac, digest);
	put(out, "v1,", digest, sizeof(digest));
}

static void
put_v1a(struct buf *out, const struct ed25519 *pair, const struct buf *message)
{
	unsigned char signature[ED25519_SIZE];

	ed25519_sign(pair, message->data, message->len, signature);
	put(out, "v1a,", signature, sizeof(signature));
}

/* "id.timestamp." */
static void
make_head(struct buf *out, const char *id, const char *timestamp)
{
	buf_puts(out, id);
	buf_putc(out, '.');
	buf_puts(out, timestamp);
	buf_putc(out, '.');
}

struct whsign_run *
whsign_begin(
    struct whsign *s, const char *id, int64_t timestamp_s, int64_t size)
{
	struct whsign_run *run = xcalloc(1, sizeof(*run));
	char timestamp[24];
	size_t i;

	run->set = s;
	run->whole = size <= WHSIGN_V1A_MAX && has(s, WHKEY_PAIR);
	buf_init(&run->message, HEAD_MAX + (size_t)WHSIGN_V1A_MAX);
	snprintf(timestamp, sizeof(timestamp), "%lld", (long long)timestamp_s);
	make_head(&run->message, id, timestamp);
	for (i = 0; i < s->n; i++) {
		if (s->keys[i].kind != WHKEY_SECRET)
			continue;
		run->macs[i] = hash_mac_clone(s->keys[i].mac);
		hash_mac_begin(run->macs[i]);
		hash_mac_update(
		    run->macs[i], run->message.data, run->message.len);
	}
	return run;
}

void
whsign_update(struct whsign_run *run, const void *data, size_t len)
{
	size_t i;

	for (i = 0; i < run->set->n; i++) {
		if (run->macs[i] != NULL)
			hash_mac_update(run->macs[i], data, len);
	}
	if (run->whole)
		buf_append(&run->message, data, len);
}

void
whsign_end(struct whsign_run *run, struct buf *out)
{
	bool whole = run->whole && !run->message.overflow;
	size_t i;

	for (i = 0; i < run->set->n; i++) {
		const struct whkey *k = &run->set->keys[i];

		if (out != NULL && run->macs[i] != NULL)
			put_v1(out, run->macs[i]);
		else if (out != NULL && k->kind == WHKEY_PAIR && whole)
			put_v1a(out, k->pair, &run->message);
		hash_mac_free(run->macs[i]);
	}
	buf_done(&run->message);
	free(run);
}

static void
sign(struct hash_mac *mac, const struct buf *head, const void *body, size_t len)
{
	hash_mac_begin(mac);
	hash_mac_update(mac, head->data, head->len);
	if (len > 0)
		hash_mac_update(mac, body, len);
}

static void
make_message(struct buf *message, const char *id, const char *timestamp,
    const void *body, size_t len)
{
	buf_init(message, HEAD_MAX + len);
	make_head(message, id, timestamp);
	if (len > 0)
		buf_append(message, body, len);
}

void
whsign_sign(struct whsign *s, const char *id, int64_t timestamp_s,
    const void *body, size_t len, struct buf *out)
{
	bool whole = has(s, WHKEY_PAIR) && (int64_t)len <= WHSIGN_V1A_MAX;
	struct buf head, message;
	char timestamp[24];
	size_t i;

	snprintf(timestamp, sizeof(timestamp), "%lld", (long long)timestamp_s);
	buf_init(&head, HEAD_MAX);
	make_head(&head, id, timestamp);
	make_message(&message, id, timestamp, body, whole ? len : 0);
	for (i = 0; i < s->n; i++) {
		if (s->keys[i].kind == WHKEY_SECRET) {
			sign(s->keys[i].mac, &head, body, len);
			put_v1(out, s->keys[i].mac);
		} else if (s->keys[i].kind == WHKEY_PAIR && whole) {
			put_v1a(out, s->keys[i].pair, &message);
		}
	}
	buf_done(&message);
	buf_done(&head);
}

/* --- verifying ------------------------------------------------------ */

static int
check_timestamp(const char *timestamp, int64_t now_s, struct error *err)
{
	int64_t at;

	/* "-5" and "007" are no times that anybody writes. */
	if (str_to_i64(timestamp, 0, INT64_MAX / 2, &at) == -1 ||
	    timestamp[0] == '-' || (timestamp[0] == '0' && timestamp[1] != 0))
		return err_set(err, ERR_AUTH, "the timestamp is no number");
	if (at < now_s - WHSIGN_TOLERANCE_S)
		return err_set(err, ERR_AUTH,
		    "the timestamp is %lld s in the past",
		    (long long)(now_s - at));
	if (at > now_s + WHSIGN_TOLERANCE_S)
		return err_set(err, ERR_AUTH,
		    "the timestamp is %lld s in the future",
		    (long long)(at - now_s));
	return 0;
}

/* The next one's base64 behind that version, or NULL at the end. */
static const char *
next_of(const char **list, const char *version, size_t *len)
{
	size_t prefix = strlen(version);

	while (**list != '\0') {
		const char *item = *list;
		size_t n = strcspn(item, " ");

		*list += n;
		*list += strspn(*list, " ");
		if (n >= prefix && strncmp(item, version, prefix) == 0) {
			*len = n - prefix;
			return item + prefix;
		}
	}
	return NULL;
}

/* Every one of them is looked at. */
static bool
has_v1(struct hash_mac *mac, const char *list)
{
	struct buf right;
	const char *item;
	bool found = false;
	size_t len;

	buf_init(&right, WHSIGN_LIST_SIZE);
	put_v1(&right, mac);
	while ((item = next_of(&list, "v1,", &len)) != NULL) {
		if (len + 3 == right.len &&
		    hash_equal(item, right.data + 3, len))
			found = true;
	}
	buf_done(&right);
	return found;
}

static bool
has_v1a(const struct ed25519 *pair, const char *list, const struct buf *message)
{
	struct buf signature;
	const char *item;
	bool found = false;
	size_t len, n;

	buf_init(&signature, ED25519_SIZE);
	for (n = 0; n < V1A_LOOKED_AT && !found; n++) {
		item = next_of(&list, "v1a,", &len);
		if (item == NULL)
			break;
		buf_clear(&signature);
		found = decode_base64(&signature, item, len) == 0 &&
		    signature.len == ED25519_SIZE &&
		    ed25519_verify(pair, message->data, message->len,
			(const void *)signature.data);
	}
	buf_done(&signature);
	return found;
}

static bool
is_right(struct whsign *s, const char *list, const char *id,
    const char *timestamp, const void *body, size_t len)
{
	struct buf head, message;
	bool found = false;
	size_t i;

	buf_init(&head, strlen(id) + strlen(timestamp) + 2);
	make_head(&head, id, timestamp);
	buf_init(&message, head.len + len);
	buf_append(&message, head.data, head.len);
	if (len > 0)
		buf_append(&message, body, len);
	for (i = 0; i < s->n; i++) {
		const struct whkey *k = &s->keys[i];

		if (k->kind == WHKEY_SECRET) {
			sign(k->mac, &head, body, len);
			found = has_v1(k->mac, list) || found;
		} else {
			found = has_v1a(k->pair, list, &message) || found;
		}
	}
	buf_done(&message);
	buf_done(&head);
	return found;
}

/* Is there one that any of the keys could have made? */
static bool
is_of_ours(const struct whsign *s, const char *list)
{
	bool v1 = has(s, WHKEY_SECRET);
	const char *rest = list;
	size_t len;

	if (v1 && next_of(&rest, "v1,", &len) != NULL)
		return true;
	rest = list;
	return (has(s, WHKEY_PAIR) || has(s, WHKEY_PUBLIC)) &&
	    next_of(&rest, "v1a,", &len) != NULL;
}

int
whsign_verify(struct whsign *s, const char *id, const char *timestamp,
    const char *signatures, const void *body, size_t len, int64_t now_s,
    struct error *err)
{
	if (check_timestamp(timestamp, now_s, err) == -1)
		return -1;
	if (is_right(s, signatures, id, timestamp, body, len))
		return 0;
	if (is_of_ours(s, signatures))
		return err_set(err, ERR_AUTH, "the signature is wrong");
	return err_set(err, ERR_AUTH, "there is no signature of version %s",
	    !has(s, WHKEY_SECRET)                            ? "v1a"
		: has(s, WHKEY_PAIR) || has(s, WHKEY_PUBLIC) ? "v1 or v1a"
							     : "v1");
}
