/* SPDX-License-Identifier: Apache-2.0 */
/* The two forms of a message: to be signed and to be sent. */
#include "local/sns_letter.h"

#include <stddef.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

static void
add_line(struct buf *out, const char *name, const char *value)
{
	if (value == NULL)
		return;
	buf_puts(out, name);
	buf_putc(out, '\n');
	buf_puts(out, value);
	buf_putc(out, '\n');
}

/* Both kinds of confirmation sign SubscribeURL and Token, and no Subject. */
void
sns_letter_text(const struct sns_letter *l, struct buf *out)
{
	bool notification = str_eq(l->type, "Notification");

	add_line(out, "Message", l->message);
	add_line(out, "MessageId", l->message_id);
	if (notification)
		add_line(out, "Subject", l->subject);
	else
		add_line(out, "SubscribeURL", l->subscribe_url);
	add_line(out, "Timestamp", l->timestamp);
	if (!notification)
		add_line(out, "Token", l->token);
	add_line(out, "TopicArn", l->topic);
	add_line(out, "Type", l->type);
}

/* As SNS escapes: "\n" and not "\u000a", which jsonw.h writes. What comes here
 * is UTF-8. */
static void
put_string(struct buf *out, const char *s)
{
	static const char plain[] = "\"\\\b\f\n\r\t";
	static const char letters[] = "\"\\bfnrt";
	const char *p;

	buf_putc(out, '"');
	for (; *s != '\0'; s++) {
		p = strchr(plain, *s);
		if (p != NULL)
			buf_printf(out, "\\%c", letters[p - plain]);
		else if ((unsigned char)*s < 0x20)
			buf_printf(out, "\\u%04X", (unsigned)*s);
		else
			buf_putc(out, *s);
	}
	buf_putc(out, '"');
}

static void
add_field(struct buf *out, const char *name, const char *value)
{
	if (value == NULL)
		return;
	buf_puts(out, out->len > 2 ? ",\n  " : "  ");
	buf_printf(out, "\"%s\" : ", name);
	put_string(out, value);
}

/* A line for each; each value is {"Type":…,"Value":…}. */
static int
add_attributes(struct buf *out, const char *text, struct error *err)
{
	const struct json *m;
	struct json *root;

	if (text == NULL)
		return 0;
	if (json_parse(text, strlen(text), &root, err) == -1)
		return -1;
	buf_puts(out, ",\n  \"MessageAttributes\" : {");
	for (m = json_first(root); m != NULL; m = json_next(m)) {
		buf_puts(out, m == json_first(root) ? "\n    " : ",\n    ");
		put_string(out, json_name(m));
		buf_puts(out, " : {\"Type\":");
		put_string(out, json_get_str(m, "Type"));
		buf_puts(out, ",\"Value\":");
		put_string(out, json_get_str(m, "Value"));
		buf_putc(out, '}');
	}
	buf_puts(out, "\n  }");
	json_free(root);
	return 0;
}

int
sns_letter_write(const struct sns_letter *l, struct buf *out, struct error *err)
{
	const struct {
		const char *name;
		const char *value;
	} fields[] = {
	    {"Type", l->type},
	    {"MessageId", l->message_id},
	    {"Token", l->token},
	    {"TopicArn", l->topic},
	    {"Subject", l->subject},
	    {"Message", l->message},
	    {"SubscribeURL", l->subscribe_url},
	    {"Timestamp", l->timestamp},
	    {"SignatureVersion", l->signature_version},
	    {"Signature", l->signature},
	    {"SigningCertURL", l->cert_url},
	    {"UnsubscribeURL", l->unsubscribe_url},
	};
	size_t i;

	buf_puts(out, "{\n");
	for (i = 0; i < ARRAY_LEN(fields); i++)
		add_field(out, fields[i].name, fields[i].value);
	if (add_attributes(out, l->attributes, err) == -1)
		return -1;
	buf_puts(out, "\n}");
	if (out->overflow)
		return err_set(err, ERR_LIMIT, "the message is too large");
	return 0;
}
