/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A child process of its own process group, with a time-out that ends the
 * whole group. Input and output are descriptors, usually of files, so no
 * payload passes through our memory and no pipe can fill up and block.
 * No shell is ever involved.
 *
 * The kernel kills the child when the thread that started it ends, however it
 * ends: work that is begun again after a crash must not meet its former self.
 * Processes that the child started are not reached by that, unless it is kept:
 * then a keeper stands between it and us, and all that came of the child is
 * ended at its time-out, at its end, and when we die; see base/keeper.h.
 */
#ifndef BASE_CHILD_H
#define BASE_CHILD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"

struct child;

struct child_options {
	const char *const *argv; /* argv[0] is looked up in PATH */
	const char *const *env; /* "NAME=value", NULL: ours */
	int stdin_fd; /* borrowed; -1: /dev/null */
	int stdout_fd;
	int stderr_fd;
	int64_t timeout_ms; /* 0: none. SIGTERM, and after 2 s SIGKILL */
	bool kept; /* whatever came of it ends with it, also what left its
		      group; it leads a session of its own */
};

struct child_result {
	int exit_code; /* -1 where a signal ended it, or nobody knows (-1 and
			  signal 0): SIGCHLD was ignored in this process */
	int signal; /* 0 where it exited */
	bool timed_out;
	/* Of one that is kept: */
	int error; /* errno: it could not be started, and is no program. Not
		      kept, child_start() says that */
	unsigned left; /* processes that it left behind, which were killed */
	bool stuck; /* something that came of it could not be killed */
	bool lost; /* its keeper was killed: nobody knows how it ended */
};

typedef void child_done_fn(const struct child_result *r, void *arg);

/*
 * done is called once, later; what is left of the group is killed then, and of
 * one that is kept nothing is left by then. ERR_NOT_FOUND where the program
 * (or the keeper) is not there or is none, ERR_IO where the machine is short of
 * something.
 */
int child_start(struct loop *loop, const struct child_options *options,
    child_done_fn *done, void *arg, struct child **out, struct error *err);

/*
 * SIGTERM to the group, or to all that came of one that is kept, and SIGKILL
 * after grace_ms; 0: SIGKILL at once. done
 * is called as ever, and says the signal, not a time-out. The time-out of its
 * start no longer counts; a later call replaces the grace of an earlier one.
 */
void child_terminate(struct child *child, int64_t grace_ms);

/*
 * Kill as at its end; done is not called. Does not wait: the loop reaps the
 * child when it is dead, and runs so long if it has nothing else to do.
 */
void child_cancel(struct child *child);

/*
 * The file that would be run for this name: as it is where it holds a '/', else
 * from PATH, made absolute. The caller's. ERR_NOT_FOUND where there is none
 * that may be executed.
 */
char *child_find(const char *name, struct error *err);

#endif
