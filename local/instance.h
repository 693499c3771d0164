/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One container of an endpoint: a process that is started and ended here, or
 * a URL where somebody else runs one. It knows its health and what runs in
 * it; how many there are is the fleet's to decide.
 */
#ifndef LOCAL_INSTANCE_H
#define LOCAL_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/child.h"
#include "base/error.h"
#include "base/loop.h"
#include "local/conf.h"
#include "local/childlog.h"
#include "local/model.h"
#include "local/model_kind.h"
#include "net/http_client.h"

enum instance_state {
	INSTANCE_STARTING, /* no good answer to a ping yet */
	INSTANCE_IN_SERVICE,
	INSTANCE_UNHEALTHY, /* a process is being ended, a URL waited for */
	INSTANCE_DRAINING, /* takes nothing new, ends when it is idle */
	INSTANCE_STOPPING, /* asked to end */
	INSTANCE_GONE, /* its process has ended */
};

/* How long things take; tests are in more of a hurry. */
struct instance_pace {
	int64_t start_ping_ms; /* while it starts: from here, growing, … */
	int64_t start_ping_max_ms; /* … to here */
	int64_t ping_ms; /* while all is well */
	int64_t again_ms; /* after a bad answer */
	int64_t grace_ms; /* from SIGTERM to SIGKILL */
	int64_t short_grace_ms; /* the same, of one that hangs */
	int64_t linger_ms; /* of a URL, see container_options */
	int64_t connect_ms; /* the same */
	int64_t proven_ms; /* in service so long, it is a good one */
};

/* All borrowed for its life. */
struct instance_options {
	struct loop *loop;
	struct http_client *http;
	const struct conf_endpoint *endpoint;
	int number; /* of those that are served: no two have one at a time */
	const struct instance_pace *pace;
	const struct model_kind *kind; /* of its calls */
	int64_t output_max;
	loop_fn *changed; /* look again in a later turn */
	void *arg;
};

struct invocation;
LIST_HEAD(invocations, invocation);

/* The fleet reads the first half, and changes nothing. */
struct instance {
	TAILQ_ENTRY(instance) entry; /* the fleet's own */
	enum instance_state state;
	int port; /* 0: a URL */
	bool failed; /* it ended, and nobody had asked it to */
	bool proven; /* it worked before that */
	size_t running; /* invocations that somebody waits for */
	size_t left; /* that were given up, and may still be worked at */
	int64_t began_at; /* clock_mono_ms */
	int64_t idle_at; /* since when nothing runs */

	struct instance_options o;
	char *name;
	char *base; /* URL */
	int64_t since_at; /* of its state */
	struct child *child;
	struct childlog *lines;
	struct http_call *ping;
	struct loop_timer *ping_timer;
	struct loop_timer *limit; /* of its start, or of what it leaves */
	int64_t ping_delay_ms;
	unsigned pings_failed; /* in a row */
	bool reachable; /* as far as the last look tells */
	bool wanted; /* of a URL: it is looked at */
	int64_t grace_ms;
	struct invocations calls;
};

/* A process on a free port. -1 where it cannot be started now. */
int instance_serve(const struct instance_options *options, int port,
    struct instance **out, struct error *err);

/* The endpoint's URL. It is not looked at before instance_want. */
struct instance *instance_attach(const struct instance_options *options);

/* Kill it, forget what runs in it; nothing is called any more. */
void instance_free(struct instance *in);

/* Of a URL: look at it and go on with that, or stop. */
void instance_want(struct instance *in, bool wanted);

size_t instance_room(const struct instance *in);

/* See model_invoke. */
int instance_invoke(struct instance *in, const struct model_invocation *v,
    bool crash, model_done_fn *done, void *arg, struct model_call **out,
    struct error *err);

/* See model_cancel. */
void instance_cancel(struct model_call *call);

/* Take nothing new; end the process when it is idle. `why` is for the log. */
void instance_drain(struct instance *in, const char *why);

#endif
