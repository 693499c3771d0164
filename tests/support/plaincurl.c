/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plaincurl HOST PORT COUNT AT-ONCE [PER-SECOND TICK-MS]
 * What pollbench does, as one would write it by the book: libcurl's multi
 * interface with an event of libevent for each socket, added and deleted as
 * curl says; easy handles used again; one header list a request; the cheapest
 * signature there is (kept key, nothing escaped). Nothing else is looked at:
 * no error, no clock, no retry. The yardstick of `make bench-poll`.
 */
#include <curl/curl.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/encode.h"
#include "base/hash.h"
#include "base/mem.h"
#include "tests/support/load.h"

#define AT_ONCE_MAX 4096
#define SCOPE "us-east-1/s3/aws4_request"
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static struct load load;
static struct event_base *base;
static struct event *timer, *tick;
static CURLM *multi;
static CURL *idle[AT_ONCE_MAX];
static long idle_len;
static struct hash_mac *mac;
static char day[9];

/* --- the signature -------------------------------------------------- */

static void
make_key(void)
{
	static const char secret[] =
	    "AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
	static const char *const parts[] = {"us-east-1", "s3", "aws4_request"};
	unsigned char k[HASH_SHA256_SIZE];
	time_t now = time(NULL);
	struct tm tm;
	size_t i;

	strftime(day, sizeof(day), "%Y%m%d", gmtime_r(&now, &tm));
	hash_hmac_sha256(secret, strlen(secret), day, 8, k);
	for (i = 0; i < 3; i++)
		hash_hmac_sha256(k, sizeof(k), parts[i], strlen(parts[i]), k);
	mac = hash_mac_new(k, sizeof(k));
}

static struct curl_slist *
signed_fields(const char *path)
{
	static const char names[] = "host;x-amz-content-sha256;x-amz-date";
	char date[17], text[1024], hex[HASH_SHA256_HEX_SIZE];
	unsigned char digest[HASH_SHA256_SIZE];
	struct curl_slist *list;
	time_t now = time(NULL);
	struct tm tm;

	strftime(date, sizeof(date), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
	snprintf(text, sizeof(text),
	    "HEAD\n%s\n\nhost:%s:%s\nx-amz-content-sha256:" EMPTY
	    "\nx-amz-date:%s\n\n%s\n" EMPTY,
	    path, load.host, load.port, date, names);
	hash_sha256_hex(text, strlen(text), hex);
	snprintf(text, sizeof(text), "AWS4-HMAC-SHA256\n%s\n%s/" SCOPE "\n%s",
	    date, day, hex);
	hash_mac_sha256(mac, text, strlen(text), digest);
	encode_hex(digest, sizeof(digest), hex);
	list = curl_slist_append(NULL, "x-amz-content-sha256: " EMPTY);
	snprintf(text, sizeof(text), "x-amz-date: %s", date);
	list = curl_slist_append(list, text);
	snprintf(text, sizeof(text),
	    "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/%s/" SCOPE
	    ", SignedHeaders=%s, Signature=%s",
	    day, names, hex);
	return curl_slist_append(list, text);
}

/* --- libevent under curl -------------------------------------------- */

static void harvest(void);

static void
on_event(evutil_socket_t fd, short what, void *arg)
{
	int running, action = 0;

	(void)arg;
	if (what & EV_READ)
		action |= CURL_CSELECT_IN;
	if (what & EV_WRITE)
		action |= CURL_CSELECT_OUT;
	curl_multi_socket_action(multi, fd, action, &running);
	harvest();
}

static void
on_timeout(evutil_socket_t fd, short what, void *arg)
{
	int running;

	(void)fd;
	(void)what;
	(void)arg;
	curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
	harvest();
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *of_socket)
{
	struct event *ev = of_socket;
	short kind = EV_PERSIST;

	(void)easy;
	(void)arg;
	if (ev != NULL)
		event_free(ev);
	ev = NULL;
	if (what != CURL_POLL_REMOVE) {
		if (what != CURL_POLL_OUT)
			kind |= EV_READ;
		if (what != CURL_POLL_IN)
			kind |= EV_WRITE;
		ev = event_new(base, fd, kind, on_event, NULL);
		event_add(ev, NULL);
	}
	curl_multi_assign(multi, fd, ev);
	return 0;
}

static int
on_timer_change(CURLM *m, long ms, void *arg)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	(void)m;
	(void)arg;
	if (ms >= 0)
		evtimer_add(timer, &tv);
	else
		evtimer_del(timer);
	return 0;
}

/* --- requests ------------------------------------------------------- */

static void
look(void)
{
	char key[96], path[128], url[256];
	struct curl_slist *fields;
	CURL *e;

	if (idle_len == 0 || !load_begin(&load))
		return;
	e = idle[--idle_len];
	load_key(load.begun, key);
	snprintf(path, sizeof(path), "/bucket/%s", key);
	snprintf(
	    url, sizeof(url), "http://%s:%s%s", load.host, load.port, path);
	fields = signed_fields(path);
	curl_easy_setopt(e, CURLOPT_URL, url);
	curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "plain/bench");
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, 30000L);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, fields);
	curl_easy_setopt(e, CURLOPT_PRIVATE, fields);
	curl_multi_add_handle(multi, e);
}

static void
finish(CURL *e)
{
	struct curl_slist *fields;
	long status = 0;

	curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(e, CURLINFO_PRIVATE, &fields);
	curl_multi_remove_handle(multi, e);
	curl_slist_free_all(fields);
	idle[idle_len++] = e;
	if (load_over(&load, (int)status))
		event_base_loopbreak(base);
	else if (load.per_s == 0)
		look();
}

static void
harvest(void)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(multi, &left)) != NULL)
		if (msg->msg == CURLMSG_DONE)
			finish(msg->easy_handle);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct timeval tv = {.tv_usec = load.tick_ms * 1000};
	long n = load_turn(&load);

	(void)fd;
	(void)what;
	(void)arg;
	while (n-- > 0)
		look();
	if (load.per_s != 0)
		evtimer_add(tick, &tv);
}

int
main(int argc, char **argv)
{
	load_read(&load, argc, argv);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	make_key();
	base = event_base_new();
	timer = evtimer_new(base, on_timeout, NULL);
	tick = evtimer_new(base, on_tick, NULL);
	multi = curl_multi_init();
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer_change);
	while (idle_len < load.at_once && idle_len < AT_ONCE_MAX)
		idle[idle_len++] = curl_easy_init();
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, load.at_once * 2);
	on_tick(-1, 0, NULL);
	event_base_dispatch(base);
	load_print(&load);
	while (idle_len > 0)
		curl_easy_cleanup(idle[--idle_len]);
	curl_multi_cleanup(multi);
	event_free(timer);
	event_free(tick);
	event_base_free(base);
	hash_mac_free(mac);
	curl_global_cleanup();
	return load.failed != 0;
}
