/* SPDX-License-Identifier: Apache-2.0 */
/* What only the whole configuration can tell: what is missing or at odds. */
#include "conf/conf.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/section.h"
#include "conf/value.h"
#include "job/route.h"

/* --- what a section is nothing without ------------------------------ */

static int
check_required(const struct conf_key *key, const struct conf_kind *kind,
    const struct conf_head *head, struct error *err)
{
	struct buf value;
	bool is_set;

	buf_init(&value, VALUE_TEXT_MAX);
	value_format(key, head, &value);
	is_set = value.len > 0;
	buf_done(&value);
	if (is_set)
		return 0;
	err_set(err, ERR_CONFIG, "%s: [%s %s] has no %s", head->place,
	    kind->name, head->name, key->name);
	return err_hint(
	    err, "Write '%s = ...' in it: %s.", key->name, key->help);
}

static int
check_section(const struct conf_kind *kind, const struct conf_head *head,
    struct error *err)
{
	struct section_keys k = section_keys(kind);

	for (; k.first < k.end; k.first++) {
		const struct conf_key *key = &conf_keys[k.first];

		if ((key->flags & CONF_REQUIRED) != 0 &&
		    check_required(key, kind, head, err) == -1)
			return -1;
	}
	return 0;
}

static int
check_sections(const struct conf *conf, struct error *err)
{
	size_t i, j;

	for (i = 0; i < conf_kinds_len; i++) {
		const struct conf_kind *kind = &conf_kinds[i];

		for (j = 0; j < section_count(conf, kind); j++) {
			if (check_section(
				kind, section_at(conf, kind, j), err) == -1)
				return -1;
		}
	}
	return 0;
}

/* --- targets -------------------------------------------------------- */

void
conf_hint_targets(const struct conf *conf, const char *name, struct error *err)
{
	char title[sizeof(err->hint)];
	struct buf known;
	size_t i, j;

	buf_init(&known, sizeof(err->hint) / 2);
	for (i = 0; i < conf_kinds_len; i++) {
		const struct conf_kind *kind = &conf_kinds[i];

		for (j = 0; j < section_count(conf, kind) && kind->target;
		     j++) {
			snprintf(title, sizeof(title), "%s %s", kind->name,
			    section_at(conf, kind, j)->name);
			buf_printf(
			    &known, "%s%s", known.len > 0 ? ", " : "", title);
			if (name != NULL && str_near(title, name)) {
				buf_done(&known);
				err_hint(err, "Did you mean \"%s\"?", title);
				return;
			}
		}
	}
	if (known.len == 0)
		err_hint(err, "Add it; the configuration has no target yet.");
	else
		err_hint(err, "Known targets: %s%s.", known.data,
		    known.overflow ? ", and more" : "");
	buf_done(&known);
}

static int
check_target(const struct conf *conf, const char *const *routes, size_t i,
    const char *target, struct error *err)
{
	size_t j;

	if (!conf_has_target(conf, target)) {
		err_set(err, ERR_CONFIG, "there is no section [%s]", target);
		conf_hint_targets(conf, NULL, err);
		return -1;
	}
	for (j = 0; j < i; j++) {
		if (!route_same(routes[i], routes[j]))
			continue;
		err_set(err, ERR_CONFIG, "%s is named twice", target);
		return err_hint(err,
		    "Name it once; without ' on success' or ' on failure' it "
		    "hears of both.");
	}
	return 0;
}

int
conf_check_targets(const struct conf *conf, const char *const *routes, size_t n,
    struct error *err)
{
	struct route route;
	size_t i;
	int rc = 0;

	for (i = 0; i < n && rc == 0; i++) {
		if (route_parse(routes[i], &route) == -1) {
			err_set(
			    err, ERR_CONFIG, "\"%s\" is no route", routes[i]);
			return err_hint(err,
			    "Write 'webhook NAME', and behind it ' on "
			    "success' or ' on failure' for one of the two.");
		}
		rc = check_target(conf, routes, i, route.target, err);
		route_done(&route);
	}
	return rc;
}

static int
check_deliver(const struct conf *conf, struct error *err)
{
	size_t i;

	for (i = 0; i < conf->nendpoints; i++) {
		const struct conf_endpoint *e = conf->endpoints[i];

		if (conf_check_targets(conf, (const char *const *)e->deliver.v,
			e->deliver.n, err) == -1)
			return err_prefix(err, "%s: [endpoint %s] deliver",
			    conf_source(&e->head, "endpoint", "deliver"),
			    e->head.name);
	}
	return 0;
}

/* Who is told of what is given up. */
static int
check_dead_letter(const struct conf *conf, struct error *err)
{
	const struct conf_global *g = &conf->global;

	if (g->dead_letter == NULL || conf_has_target(conf, g->dead_letter))
		return 0;
	err_set(err, ERR_CONFIG,
	    "%s: [awaitd] dead_letter: there is no section [%s]",
	    conf_source(&g->head, "awaitd", "dead_letter"), g->dead_letter);
	conf_hint_targets(conf, g->dead_letter, err);
	return -1;
}

/* A structured CloudEvent is one JSON object, and a result is what it is. */
static int
check_form(const struct conf_webhook *w, const char *kind, const char *title,
    struct error *err)
{
	if (w->payload != CONF_PAYLOAD_RAW ||
	    w->cloudevents != CONF_CLOUDEVENTS_STRUCTURED)
		return 0;
	err_set(err, ERR_CONFIG,
	    "%s: [%s] payload = raw cannot be a structured CloudEvent",
	    conf_source(&w->head, kind, "cloudevents"), title);
	return err_hint(
	    err, "Set cloudevents = binary, or payload = event or reference.");
}

static int
check_forms(const struct conf *conf, struct error *err)
{
	size_t i;
	int rc = check_form(&conf->callback, "callback", "callback", err);

	for (i = 0; i < conf->nwebhooks && rc == 0; i++) {
		const struct conf_webhook *w = conf->webhooks[i];
		char *title = xasprintf("webhook %s", w->head.name);

		rc = check_form(w, "webhook", title, err);
		free(title);
	}
	return rc;
}

/* --- the API -------------------------------------------------------- */

/* Of a secret and the file that holds it. */
static int
check_either(const struct conf_head *head, const char *kind, const char *key,
    bool inside, bool file, struct error *err)
{
	char *key_file;

	if (!inside || !file)
		return 0;
	key_file = xasprintf("%s_file", key);
	err_set(err, ERR_CONFIG, "%s: [%s%s%s] %s is set beside %s (%s)",
	    conf_source(head, kind, key_file), kind,
	    *head->name != '\0' ? " " : "", head->name, key_file, key,
	    conf_source(head, kind, key));
	free(key_file);
	return err_hint(err, "Keep one of them.");
}

/* Who connects over TCP is known by nothing but a token. */
static int
check_api(const struct conf *conf, struct error *err)
{
	const struct conf_api *api = &conf->api;
	size_t i;

	if (check_either(&api->head, "api", "token", api->token != NULL,
		api->token_file != NULL, err) == -1)
		return -1;
	for (i = 0; i < api->listen.n; i++) {
		if (str_starts(api->listen.v[i], "unix:") ||
		    api->token_file != NULL || api->token != NULL)
			continue;
		err_set(err, ERR_CONFIG,
		    "%s: [api] listen = %s: over TCP anybody could come",
		    conf_source(&api->head, "api", "listen"), api->listen.v[i]);
		return err_hint(err,
		    "Set token_file in [api] to a file of yours that holds a "
		    "long random token.");
	}
	return 0;
}

/* Nobody could sign what is asked for there. */
static int
check_gateway(const struct conf *conf, struct error *err)
{
	const struct conf_gateway *g = &conf->gateway;

	if (g->listen == NULL || g->credentials_file != NULL)
		return 0;
	err_set(err, ERR_CONFIG,
	    "%s: [gateway] listen = %s: there is no credentials_file",
	    conf_source(&g->head, "gateway", "listen"), g->listen);
	return err_hint(err,
	    "Set credentials_file in [gateway] to a private file with the "
	    "access keys that its clients sign with.");
}

/* --- notifications -------------------------------------------------- */

static int
sns_needs(const struct conf_sns *sns, const char *key, const char *text,
    const char *hint, struct error *err)
{
	err_set(err, ERR_CONFIG, "%s: [sns] %s: %s",
	    conf_source(&sns->head, "sns", key), key, text);
	return err_hint(err, "%s", hint);
}

/* A FIFO topic has no subscriptions but those of queues.
 * Source: "Message delivery for FIFO topics", SNS developer guide. */
static int
check_topics(const struct conf *conf, struct error *err)
{
	const struct conf_sns *sns = &conf->sns;
	size_t i;

	if (sns->listen == NULL || conf->sqs.queue_url.n > 0)
		return 0;
	for (i = 0; i < sns->topic.n; i++) {
		if (str_ends(sns->topic.v[i], ".fifo"))
			return sns_needs(sns, "topic",
			    "a FIFO topic posts to no address",
			    "Name a standard topic; or subscribe a queue to "
			    "this one, and set queue_url in [sqs].",
			    err);
	}
	return 0;
}

static int
check_sns(const struct conf *conf, struct error *err)
{
	const struct conf_sns *sns = &conf->sns;
	bool certificate = sns->certificate_file != NULL;

	if (certificate != (sns->private_key_file != NULL))
		return sns_needs(sns,
		    certificate ? "certificate_file" : "private_key_file",
		    certificate ? "there is no private_key_file"
				: "there is no certificate_file",
		    "https needs both. With neither, plain http is spoken, "
		    "behind a proxy that ends TLS.",
		    err);
	if (sns->raw == CONF_RAW_ACCEPT && sns->user_file == NULL)
		return sns_needs(sns, "raw",
		    "raw messages are not signed: anybody could send them",
		    "Set user_file to a file of yours that holds "
		    "user:password, and subscribe "
		    "https://user:password@host/sns; or leave raw delivery "
		    "off in the subscription.",
		    err);
	if (sns->listen != NULL && sns->topic.n == 0)
		return sns_needs(sns, "listen", "no topic is believed",
		    "Set topic in [sns] to the ARNs of the endpoints' "
		    "SuccessTopic and ErrorTopic.",
		    err);
	return check_topics(conf, err);
}

/* --- webhooks ------------------------------------------------------- */

/* A certificate is nothing without its key. */
static int
check_pair_of_files(
    const struct conf_webhook *w, const char *kind, struct error *err)
{
	bool certificate = w->certificate_file != NULL;
	const char *key = certificate ? "certificate_file" : "private_key_file";

	if (certificate == (w->private_key_file != NULL))
		return 0;
	err_set(err, ERR_CONFIG, "%s: [%s%s%s] %s: there is no %s",
	    conf_source(&w->head, kind, key), kind, w->url != NULL ? " " : "",
	    w->url != NULL ? w->head.name : "", key,
	    certificate ? "private_key_file" : "certificate_file");
	return err_hint(
	    err, "A receiver that asks for a certificate is shown both.");
}

/* A copy signs nothing more: another one was meant. */
static int
check_no_copy(const struct conf_webhook *w, const char *kind, const char *key,
    const struct conf_list *list, struct error *err)
{
	size_t i, j;

	for (i = 0; i < list->n; i++) {
		for (j = 0; j < i && !str_eq(list->v[i], list->v[j]); j++)
			;
		if (j == i)
			continue;
		err_set(err, ERR_CONFIG, "%s: [%s%s%s] %s: number %zu is %s",
		    conf_source(&w->head, kind, key), kind,
		    *w->head.name != '\0' ? " " : "", w->head.name, key, i + 1,
		    j == 0 ? "the first one again" : "there already");
		return err_hint(err, "Name each of them once.");
	}
	return 0;
}

static int
check_webhook(const struct conf_webhook *w, const char *kind, struct error *err)
{
	const struct conf_head *head = &w->head;
	const char *proxy = conf_source(head, kind, "proxy");

	if (check_pair_of_files(w, kind, err) == -1 ||
	    check_either(head, kind, "secret", w->secret.n > 0,
		w->secret_file.n > 0, err) == -1 ||
	    check_no_copy(w, kind, "secret", &w->secret, err) == -1 ||
	    check_no_copy(w, kind, "secret_file", &w->secret_file, err) == -1)
		return -1;
	return check_either(head, kind, "proxy", !str_eq(proxy, "default"),
	    w->proxy_file != NULL, err);
}

static int
check_webhooks(const struct conf *conf, struct error *err)
{
	size_t i;

	for (i = 0; i < conf->nwebhooks; i++) {
		if (check_webhook(conf->webhooks[i], "webhook", err) == -1)
			return -1;
	}
	return check_webhook(&conf->callback, "callback", err);
}

/* --- looks ---------------------------------------------------------- */

static bool
is_flag(const char *source)
{
	return str_starts(source, "--");
}

/* Of two keys the first one decides, and the second has no effect: whoever set
 * it should know. But a flag may go before what stands in a file. */
static int
check_pair(const struct conf_endpoint *e, const char *first, const char *second,
    struct error *err)
{
	const char *by = conf_source(&e->head, "endpoint", first);
	const char *idle = conf_source(&e->head, "endpoint", second);

	if (str_eq(by, "default") || str_eq(idle, "default") ||
	    (is_flag(by) && !is_flag(idle)))
		return 0;
	err_set(err, ERR_CONFIG,
	    "%s: [endpoint %s] %s has no effect beside %s (%s)", idle,
	    e->head.name, second, first, by);
	return err_hint(err, "Remove one of them.");
}

static int
check_looks(const struct conf_endpoint *e, struct error *err)
{
	const char *start = conf_source(&e->head, "endpoint", "poll_start");

	if (e->poll_interval_ms > 0 &&
	    ((e->poll_delay_ms > 0 &&
		 check_pair(e, "poll_interval", "poll_delay", err) == -1) ||
		check_pair(e, "poll_interval", "poll_requests", err) == -1))
		return -1;
	if (e->poll_delay_ms > 0 &&
	    check_pair(e, "poll_delay", "poll_requests", err) == -1)
		return -1;
	if (e->poll_start_ms <= e->poll_max_ms || str_eq(start, "default"))
		return 0;
	err_set(err, ERR_CONFIG,
	    "%s: [endpoint %s] poll_start is longer than poll_max (%g s)",
	    start, e->head.name, (double)e->poll_max_ms / 1000);
	return err_hint(err, "Set poll_max, too, or a shorter poll_start.");
}

static int
check_endpoints(const struct conf *conf, struct error *err)
{
	size_t i;

	for (i = 0; i < conf->nendpoints; i++) {
		if (check_looks(conf->endpoints[i], err) == -1)
			return -1;
	}
	return 0;
}

int
conf_check(const struct conf *conf, struct error *err)
{
	if (check_sections(conf, err) == -1 ||
	    check_dead_letter(conf, err) == -1 || check_api(conf, err) == -1 ||
	    check_gateway(conf, err) == -1 || check_sns(conf, err) == -1 ||
	    check_webhooks(conf, err) == -1 ||
	    check_endpoints(conf, err) == -1 || check_forms(conf, err) == -1)
		return -1;
	return check_deliver(conf, err);
}

/* --- what a service needs ------------------------------------------- */

static int
check_credentials(const struct conf_kind *kind, const struct conf_head *head,
    struct error *err)
{
	struct section_keys k = section_keys(kind);

	for (; k.first < k.end; k.first++) {
		const struct conf_key *key = &conf_keys[k.first];
		const char *name = value_credential(key, head);

		if (name == NULL)
			continue;
		err_set(err, ERR_CONFIG,
		    "%s: [%s%s%s] %s: there is no folder for credentials:%s",
		    conf_source(head, kind->name, key->name), kind->name,
		    kind->named ? " " : "", head->name, key->name, name);
		return err_hint(err,
		    "Write LoadCredential=%s:PATH into the unit, which sets "
		    "CREDENTIALS_DIRECTORY; or name the file itself.",
		    name);
	}
	return 0;
}

int
conf_check_service(const struct conf *conf, struct error *err)
{
	size_t i, j;

	for (i = 0; i < conf_kinds_len; i++) {
		const struct conf_kind *kind = &conf_kinds[i];

		for (j = 0; j < section_count(conf, kind); j++) {
			if (check_credentials(
				kind, section_at(conf, kind, j), err) == -1)
				return -1;
		}
	}
	return 0;
}
