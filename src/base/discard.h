/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Getting rid of files that may be large, on a thread of its own: the last
 * link and the last descriptor of one with 1 GiB take 0.1 to 0.8 s to go, and
 * neither the loop nor a commit should wait for that.
 *
 * One queue for the process; its functions belong to one thread. A process that
 * dies leaves what was not done yet: names stay, descriptors go with it.
 */
#ifndef BASE_DISCARD_H
#define BASE_DISCARD_H

/* Close it: soon where the file has no name, else at once, since its bytes
 * stay. -1 is none. */
void discard_fd(int take_fd);

/* Unlink it soon; that it is not there, or cannot go, is told to nobody. */
void discard_path(const char *path);

/* All of it is gone when this returns: before a process ends. */
void discard_wait(void);

#endif
