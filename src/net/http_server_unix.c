/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of a UNIX socket: made with its mode, put in the place of one that
 * nobody listens on any more, and removed again. Who connects is
 * http_server_listen's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "net/http_server_conn.h"

#define PATH_LEN_MAX (sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1)

static int
set_address(struct sockaddr_un *sa, const char *path, struct error *err)
{
	size_t len = strlen(path);

	memset(sa, 0, sizeof(*sa));
	sa->sun_family = AF_UNIX;
	if (len == 0)
		return err_set(
		    err, ERR_CONFIG, "the path of a socket is empty");
	if (len > PATH_LEN_MAX) {
		err_set(err, ERR_CONFIG,
		    "the path of a socket has %zu bytes, and %zu is the most: "
		    "%s",
		    len, PATH_LEN_MAX, path);
		return err_hint(err, "Choose a shorter path for the socket.");
	}
	memcpy(sa->sun_path, path, len);
	return 0;
}

/*
 * Between the look whether a socket is dead and the new one that listens,
 * another process may do the same and remove ours. A lock on the folder keeps
 * the two apart and leaves no file behind; where it cannot be had at all
 * (a file system without locks), it is done without.
 */
static int
lock_folder(const char *path, int *out_fd, struct error *err)
{
	char *folder = file_folder(path);
	int fd;

	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(folder);
	if (fd != -1 && flock(fd, LOCK_EX | LOCK_NB) == -1 &&
	    errno == EWOULDBLOCK) {
		close(fd);
		err_set(err, ERR_BUSY,
		    "somebody else has the folder of %s locked", path);
		err->retryable = true;
		return -1;
	}
	*out_fd = fd;
	return 0;
}

/* ERR_BUSY where somebody listens, 0 where surely nobody does. */
static int
probe(const struct sockaddr_un *sa, struct error *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int rc = -1;

	if (fd == -1)
		return err_set_errno(err, ERR_IO, "socket");
	/* EAGAIN: a full queue is somebody's; EPROTOTYPE: not of our kind. */
	if (connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) == 0 ||
	    errno == EAGAIN || errno == EPROTOTYPE)
		err_set(err, ERR_BUSY, "somebody listens on %s already",
		    sa->sun_path);
	else if (errno == ECONNREFUSED || errno == ENOENT)
		rc = 0;
	else
		err_set_errno(err, ERR_IO,
		    "cannot tell whether somebody listens on %s", sa->sun_path);
	close(fd);
	return rc;
}

static int
remove_dead(const struct sockaddr_un *sa, struct error *err)
{
	const char *path = sa->sun_path;
	struct stat st;

	if (lstat(path, &st) == -1) {
		if (errno == ENOENT)
			return 0;
		return err_set_errno(err, ERR_IO, "cannot listen on %s", path);
	}
	if (!S_ISSOCK(st.st_mode)) {
		err_set(err, ERR_CONFIG, "%s is there and is no socket", path);
		return err_hint(
		    err, "Remove it, or choose another path for the socket.");
	}
	if (probe(sa, err) == -1)
		return -1;
	if (unlink(path) == -1 && errno != ENOENT)
		return err_set_errno(err, ERR_IO,
		    "cannot remove %s, on which nobody listens", path);
	return 0;
}

/*
 * The kernel makes the file with the mode that the descriptor has, less the
 * umask; so it never has more than it shall have, and what the umask took is
 * given back before anybody can connect. The umask itself is every thread's.
 */
static int
bind_with_mode(int fd, const struct sockaddr_un *sa, unsigned mode,
    struct stat *st, struct error *err)
{
	const char *path = sa->sun_path;

	if (fchmod(fd, (mode_t)mode) == -1 ||
	    bind(fd, (const struct sockaddr *)sa, sizeof(*sa)) == -1)
		return err_set_errno(err,
		    errno == EADDRINUSE ? ERR_BUSY : ERR_IO,
		    "cannot listen on %s", path);
	if (lstat(path, st) == 0 &&
	    ((st->st_mode & 07777) == mode || chmod(path, (mode_t)mode) == 0) &&
	    listen(fd, SOMAXCONN) == 0)
		return 0;
	err_set_errno(err, ERR_IO, "cannot listen on %s", path);
	unlink(path);
	return -1;
}

int
http_unix_listen(struct http_unix *u, const char *path, unsigned mode,
    int *out_fd, struct error *err)
{
	struct sockaddr_un sa;
	struct stat st;
	int fd, lock, rc;

	if (set_address(&sa, path, err) == -1 ||
	    lock_folder(path, &lock, err) == -1)
		return -1;
	memset(&st, 0, sizeof(st));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		rc = err_set_errno(err, ERR_IO, "socket");
	else if ((rc = remove_dead(&sa, err)) == 0)
		rc = bind_with_mode(fd, &sa, mode, &st, err);
	if (lock != -1)
		close(lock);
	if (rc == -1) {
		if (fd != -1)
			close(fd);
		return -1;
	}
	u->path = xstrdup(path);
	u->dev = st.st_dev;
	u->ino = st.st_ino;
	*out_fd = fd;
	return 0;
}

/* While we listen, no other file can have got the number of ours. */
void
http_unix_remove(struct http_unix *u)
{
	struct stat st;

	if (u->path == NULL)
		return;
	if (lstat(u->path, &st) == 0 && st.st_dev == u->dev &&
	    st.st_ino == u->ino)
		unlink(u->path);
	xfree(&u->path);
}
