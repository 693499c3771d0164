/* SPDX-License-Identifier: Apache-2.0 */
/* A cache, and who waits for it. */
#include "tests/support/creds_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/fake_clock.h"
#include "tests/support/fake_creds.h"
#include "tests/support/fake_loop.h"
#include "tests/support/fake_random.h"

struct creds_rig rig;

static void
on_news(const struct error *err, const char *text, void *arg)
{
	(void)arg;
	if (err == NULL) {
		assert_non_null(strstr(text, "are there"));
		rig.reliefs++;
		return;
	}
	rig.troubles++;
	snprintf(rig.trouble, sizeof(rig.trouble), "%s", err->text);
}

void
begin(void)
{
	struct creds_cache_options o = {
	    .env.loop = rig.loop,
	    .news = on_news,
	};
	struct error err;

	if (creds_cache_new(&o, &rig.cache, &err) == -1)
		fail_msg("%s", err.text);
}

void
touch_config(const char *text)
{
	int fd = open(rig.config, O_WRONLY | O_CREAT | O_APPEND, 0600);

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

int
creds_rig_setup(void **state)
{
	(void)state;
	fake_clock_reset();
	fake_random_seed(1);
	fake_random_set_unit(0);
	fake_creds_reset();
	memset(&rig, 0, sizeof(rig));
	snprintf(rig.config, sizeof(rig.config), "/tmp/test-creds-XXXXXX");
	close(mkstemp(rig.config));
	setenv("AWS_CONFIG_FILE", rig.config, 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", 1);
	rig.loop = loop_new();
	return 0;
}

int
creds_rig_teardown(void **state)
{
	const char *verdict;

	(void)state;
	creds_cache_free(rig.cache);
	assert_int_equal(fake_creds_under_way(), 0);
	assert_int_equal(fake_loop_timers(rig.loop), 0);
	loop_free(rig.loop);
	unlink(rig.config);
	verdict = fake_creds_verdict();
	if (verdict != NULL)
		fail_msg("%s", verdict);
	return 0;
}

void
pass(int64_t ms)
{
	assert_true(fake_loop_pass(rig.loop, ms));
}

const char *
now(void)
{
	const struct creds *c = creds_cache_now(rig.cache);

	if (c == NULL)
		return "-";
	return c->access_key;
}

static void
on_ready(const struct creds *creds, const struct error *err, void *arg)
{
	struct heard *h = arg;

	h->times++;
	h->waiter = NULL;
	snprintf(h->key, sizeof(h->key), "%s",
	    creds != NULL ? creds->access_key : "");
	if (err != NULL)
		h->err = *err;
}

void
hear(struct heard *h)
{
	memset(h, 0, sizeof(*h));
	creds_cache_wait(rig.cache, on_ready, h, &h->waiter);
	assert_int_equal(h->times, 0);
}
