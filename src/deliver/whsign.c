/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of webhooks, made and verified. */
#include "deliver/whsign.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/encode.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

#define PREFIX "whsec_"
#define KEY_MIN 24
#define KEY_MAX 64
#define FILE_MAX 4096

/* The key is kept only in its MAC. */
struct whsign {
	struct hash_mac *mac;
};

/* --- the secret ----------------------------------------------------- */

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static int
new_from_base64(
    const char *s, size_t len, struct whsign **out, struct error *err)
{
	struct whsign *sign;
	struct buf key;
	int rc = -1;

	/* All its memory at once: growing would leave copies behind. */
	buf_init(&key, len);
	buf_append(&key, s, len);
	buf_clear(&key);
	if (decode_base64(&key, s, len) == -1) {
		err_set(err, ERR_CONFIG,
		    "the secret is not base64 behind \"" PREFIX "\"");
	} else if (key.len < KEY_MIN || key.len > KEY_MAX) {
		err_set(err, ERR_CONFIG,
		    "the secret has %zu bytes, not %d to %d", key.len, KEY_MIN,
		    KEY_MAX);
	} else {
		sign = xcalloc(1, sizeof(*sign));
		sign->mac = hash_mac_new(key.data, key.len);
		*out = sign;
		rc = 0;
	}
	if (rc == -1)
		err_hint(err,
		    "'echo whsec_$(openssl rand -base64 32)' makes a new one.");
	hash_wipe(key.data, key.cap);
	buf_done(&key);
	return rc;
}

int
whsign_new(const char *secret, struct whsign **out, struct error *err)
{
	size_t len;

	while (is_space(*secret))
		secret++;
	len = strlen(secret);
	while (len > 0 && is_space(secret[len - 1]))
		len--;
	if (len == 0)
		return err_set(err, ERR_CONFIG, "the secret is empty");
	if (!str_starts(secret, PREFIX)) {
		err_set(err, ERR_CONFIG,
		    "the secret does not begin with \"" PREFIX "\"");
		return err_hint(err,
		    "A secret is " PREFIX " and base64 of %d to %d bytes.",
		    KEY_MIN, KEY_MAX);
	}
	return new_from_base64(
	    secret + strlen(PREFIX), len - strlen(PREFIX), out, err);
}

/* Only ourselves, and root, may be able to read it. */
static int
check_mode(int fd, const char *path, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return err_set_errno(err, ERR_CONFIG, "look at %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_CONFIG, "%s is no file", path);
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		err_set(err, ERR_CONFIG, "%s can be read by others", path);
		return err_hint(err, "Run 'chmod 600 %s'.", path);
	}
	return 0;
}

/* The file as a string, in `text` of FILE_MAX + 2 bytes. */
static int
read_secret(int fd, const char *path, char *text, struct error *err)
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, text + len, FILE_MAX + 1 - len)) > 0)
		len += (size_t)n;
	if (n == -1)
		return err_set_errno(err, ERR_CONFIG, "read %s", path);
	if (len > FILE_MAX)
		return err_set(err, ERR_CONFIG,
		    "%s is larger than %d bytes: no secret", path, FILE_MAX);
	if (memchr(text, '\0', len) != NULL)
		return err_set(err, ERR_CONFIG, "%s holds a zero byte", path);
	text[len] = '\0';
	return 0;
}

int
whsign_from_file(const char *path, struct whsign **out, struct error *err)
{
	char text[FILE_MAX + 2];
	int fd, rc;

	/* A FIFO in its place must not hold us up. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1)
		return err_set_errno(err, ERR_CONFIG, "open %s", path);
	rc = check_mode(fd, path, err);
	if (rc == 0)
		rc = read_secret(fd, path, text, err);
	close(fd);
	if (rc == 0 && (rc = whsign_new(text, out, err)) == -1)
		err_prefix(err, "%s", path);
	hash_wipe(text, sizeof(text));
	return rc;
}

void
whsign_free(struct whsign *s)
{
	if (s == NULL)
		return;
	hash_mac_free(s->mac);
	free(s);
}

/* --- signatures ----------------------------------------------------- */

static void
sign(struct whsign *s, const char *id, const char *timestamp, const void *body,
    size_t len, char out[WHSIGN_SIZE])
{
	unsigned char mac[HASH_SHA256_SIZE];
	size_t head = strlen(id) + strlen(timestamp) + 2;
	char *message = xmalloc(head + len + 1);
	struct buf text;

	snprintf(message, head + 1, "%s.%s.", id, timestamp);
	if (len > 0)
		memcpy(message + head, body, len);
	hash_mac_sha256(s->mac, message, head + len, mac);
	free(message);
	buf_init(&text, WHSIGN_SIZE - 1);
	buf_puts(&text, "v1,");
	encode_base64(&text, mac, sizeof(mac));
	memcpy(out, text.data, WHSIGN_SIZE);
	buf_done(&text);
}

void
whsign_v1(struct whsign *s, const char *id, int64_t timestamp_s,
    const void *body, size_t len, char out[WHSIGN_SIZE])
{
	char timestamp[24];

	snprintf(timestamp, sizeof(timestamp), "%lld", (long long)timestamp_s);
	sign(s, id, timestamp, body, len, out);
}

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

/* Is it one of the list's? Every one of them is looked at. */
static bool
is_listed(const char *list, const char *signature, bool *any_v1)
{
	size_t want = strlen(signature);
	bool found = false;

	*any_v1 = false;
	while (*list != '\0') {
		size_t n = strcspn(list, " ");

		if (strncmp(list, "v1,", 3) == 0)
			*any_v1 = true;
		if (n == want && hash_equal(list, signature, want))
			found = true;
		list += n;
		list += strspn(list, " ");
	}
	return found;
}

int
whsign_verify(struct whsign *s, const char *id, const char *timestamp,
    const char *signatures, const void *body, size_t len, int64_t now_s,
    struct error *err)
{
	char right[WHSIGN_SIZE];
	bool any_v1;

	if (check_timestamp(timestamp, now_s, err) == -1)
		return -1;
	sign(s, id, timestamp, body, len, right);
	if (is_listed(signatures, right, &any_v1))
		return 0;
	return err_set(err, ERR_AUTH, "%s",
	    any_v1 ? "the signature is wrong"
		   : "there is no signature of version v1");
}
