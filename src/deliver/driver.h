/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a way of delivering has to do: take one parcel to its target, once, and
 * say how that went. When to try again is the engine's affair, what is
 * written down, too.
 */
#ifndef DELIVER_DRIVER_H
#define DELIVER_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/schedule.h"
#include "deliver/class.h"
#include "job/delivery.h"
#include "job/job.h"

/*
 * Bytes that are sent while they still come; the result is never whole here.
 * The last byte is not given before all of them are known to be right, so a
 * driver must end as broken off whatever it has begun, where it does not get
 * to the end.
 */
struct deliver_source {
	/* Up to `len` bytes: how many; 0 at the end; DELIVER_LATER where there
	 * are none now; -1 where no more will come. */
	ssize_t (*read)(struct deliver_source *source, void *out, size_t len,
	    struct error *err);
	/* The driver's: called once behind DELIVER_LATER, from a turn of its
	 * own, when it is worth reading again. NULL: nobody waits. */
	void (*ready)(void *arg);
	void *ready_arg;
};
#define DELIVER_LATER (-2)

/* One attempt. Everything is borrowed until done, or until cancelled. */
struct parcel {
	const struct delivery *delivery;
	const struct job *job; /* DONE; without its input */
	unsigned attempt; /* 1, 2, … */
	bool replay;
	/* The bytes: in memory; where fd is not -1 that file from its
	 * beginning; where there is a source, what that gives. */
	const void *body;
	int64_t size;
	int fd;
	struct deliver_source *source; /* or NULL; of targets that stream */
	/* A presigned URL of the result, where the one in the body is over (or
	 * there is none) and the payload is a reference; or NULL. Secret. */
	const char *result_url;
};

enum deliver_verdict {
	DELIVER_OK,
	DELIVER_RETRY, /* as the schedule says */
	DELIVER_DEAD, /* never again */
	DELIVER_GONE, /* never again, and the target wants nothing any more */
};

/* "ok", "retry", "dead", "gone". */
const char *deliver_verdict_name(enum deliver_verdict verdict);

/* Borrowed for the length of the callback. */
struct deliver_result {
	enum deliver_verdict verdict;
	int status; /* HTTP's or the exit code, or ATTEMPT_NO_STATUS */
	int64_t retry_after_ms; /* RETRY: not before, says the target; or 0 */
	bool stale; /* RETRY: it went over a kept connection that was dead, and
		       may go at once over another */
	enum deliver_class error_class; /* what kind of trouble; NONE with OK */
	const char *note; /* what went wrong, one line; NULL with OK */
	const char *response; /* the beginning of what it said, or NULL */
	/* Of HTTP, as struct attempt has them, or NULL. */
	const char *request_headers;
	const char *response_headers;
};

typedef void deliver_done_fn(const struct deliver_result *r, void *arg);

struct deliver_driver {
	/* 0: done is called once, later. *out is for cancel, gone then. */
	int (*start)(void *self, const struct parcel *parcel,
	    deliver_done_fn *done, void *arg, void **out, struct error *err);
	/* done is not called any more. */
	void (*cancel)(void *call);
	void (*free)(void *self);
	/* Is somebody there now? Nothing is sent. NULL: who was made can. */
	int (*probe)(void *self, struct error *err);
};

/* A configured target. Made by a driver's constructor, shared by references:
 * an attempt under way keeps the one it began with over a reload. */
struct target {
	unsigned refs;
	char *name; /* "webhook NAME", "exec NAME", "callback" */
	enum delivery_payload payload;
	enum delivery_format format;
	size_t inline_max; /* EVENT: a result of so many bytes is part of it */
	int64_t url_valid_s; /* REFERENCE: of the presigned URL */
	struct schedule schedule;
	unsigned max_in_flight;
	unsigned rate; /* attempts a second, 0: no limit */
	unsigned breaker_failures; /* in a row, then it rests; 0: never */
	int64_t breaker_max_ms; /* between two probes */
	/* It takes a parcel with a source: nothing that goes first depends on
	 * the bytes, and it never takes a part for the whole. The driver's
	 * constructor sets it. */
	bool streams;
	const struct deliver_driver *driver;
	void *self; /* the driver's own */
};

/* What every target has; the rest is the driver's. */
struct target_options {
	const char *name; /* of the section: "webhook hook" */
	enum delivery_payload payload;
	enum delivery_format format;
	struct schedule schedule;
	unsigned max_in_flight; /* at least 1 */
	unsigned rate;
	unsigned breaker_failures;
	int64_t breaker_max_ms;
	int64_t timeout_ms;
	size_t inline_max;
	int64_t url_valid_s;
};

/* For constructors; takes `self`. One reference is the caller's. */
struct target *target_new(const struct target_options *o,
    const struct deliver_driver *driver, void *take_self);
struct target *target_ref(struct target *t);
void target_unref(struct target *t);

/*
 * For drivers: at most ATTEMPT_RESPONSE_MAX of what a foreign program said, as
 * one line that can be stored, shown and logged: without the signature of a
 * presigned URL. The caller's; NULL where it said nothing.
 */
char *deliver_text(const void *data, size_t len);

#endif
