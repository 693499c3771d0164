/* SPDX-License-Identifier: Apache-2.0 */
/* Files on their way out, one at a time. */
#include "base/discard.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/offload.h"

struct item {
	int fd; /* or -1 */
	char *path; /* or NULL */
};

static struct offload *queue;

static void
drop(struct offload_call *call, void *arg)
{
	struct item *i = arg;

	(void)call;
	if (i->fd != -1)
		close(i->fd);
	if (i->path != NULL)
		unlink(i->path);
	free(i->path);
	free(i);
}

static const struct offload_work work = {.run = drop};

static void
add(int fd, char *take_path)
{
	struct item *i = xcalloc(1, sizeof(*i));

	i->fd = fd;
	i->path = take_path;
	if (queue == NULL)
		queue = offload_new(1);
	offload_start(queue, NULL, &work, i);
}

void
discard_fd(int take_fd)
{
	struct stat st;

	if (take_fd == -1)
		return;
	if (fstat(take_fd, &st) == 0 && st.st_nlink > 0)
		close(take_fd);
	else
		add(take_fd, NULL);
}

void
discard_path(const char *path)
{
	add(-1, xstrdup(path));
}

void
discard_wait(void)
{
	if (queue == NULL)
		return;
	offload_wait(queue);
	offload_free(queue);
	queue = NULL;
}
