/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop: timers, descriptors, signals, and calls put off to the next
 * turn. Everything but loop_wakeup_signal() belongs to the loop's own thread.
 * Flow tests replace this file at link time and turn the clock themselves.
 *
 * Nothing is freed inside its own callback by its caller; loop_post() is the
 * way to free a thing that may still be in use further up the stack.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <stdint.h>

struct loop;
struct loop_timer;
struct loop_fd;
struct loop_signal;
struct loop_wakeup;
struct event_base;

typedef void loop_fn(void *arg);

struct loop *loop_new(void);
void loop_free(struct loop *loop);

/* Until loop_stop(), or until nothing is left that could happen. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Call fn(arg) in the next turn, after what is under way has returned. */
void loop_post(struct loop *loop, loop_fn *fn, void *arg);

/* Forget every posted call with this argument. */
void loop_unpost(struct loop *loop, void *arg);

/*
 * One-shot; set again as often as wanted, a later set replaces the earlier.
 * The delay counts from the call. The kernel's coarse clock may end it up to a
 * tick (10 ms) early: who needs an instant looks at the clock again.
 */
struct loop_timer *loop_timer_new(struct loop *loop, loop_fn *fn, void *arg);
void loop_timer_set(struct loop_timer *t, int64_t delay_ms);
void loop_timer_clear(struct loop_timer *t);
void loop_timer_free(struct loop_timer *t);

/*
 * Calls fn whenever fd is readable (level-triggered), until freed. A regular
 * file cannot be watched; trying ends the process.
 */
struct loop_fd *loop_fd_new(struct loop *loop, int fd, loop_fn *fn, void *arg);
/* The same whenever it is writable. */
struct loop_fd *loop_fd_new_writable(
    struct loop *loop, int fd, loop_fn *fn, void *arg);
void loop_fd_free(struct loop_fd *w);

struct loop_signal *loop_signal_new(
    struct loop *loop, int signo, loop_fn *fn, void *arg);
void loop_signal_free(struct loop_signal *s);

/* Calls fn on the loop soon after any thread signalled; several are one. */
struct loop_wakeup *loop_wakeup_new(struct loop *loop, loop_fn *fn, void *arg);
void loop_wakeup_signal(struct loop_wakeup *w);
void loop_wakeup_free(struct loop_wakeup *w);

/* For net/http_server, which builds on libevent's bufferevents. */
struct event_base *loop_event_base(struct loop *loop);

#endif
