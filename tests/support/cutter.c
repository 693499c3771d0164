/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cutter PORT PORT-FILE CUTS-FILE SEED UP LOW HIGH DOWN LOW HIGH
 * A relay to 127.0.0.1:PORT that breaks connections (RST to both sides): UP of
 * them after LOW to HIGH bytes from the client, DOWN of them after so many from
 * the server; behind that it lets everything through. Its own port goes to
 * PORT-FILE; each cut is a line of CUTS-FILE.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

enum { UP, DOWN };

struct way {
	int64_t low, high;
	int from, to; /* of this process's connection */
	int64_t passed;
	int64_t cut_at;
};

/* Of all processes: there is one for each connection. */
static atomic_int *left; /* cuts, of each way */
static int cuts_fd;
static char buf[64 * 1024];

static void
die(const char *what)
{
	perror(what);
	exit(2);
}

static int64_t
number(const char *s)
{
	int64_t n;

	if (str_to_i64(s, 0, INT64_MAX, &n) == -1) {
		fprintf(stderr, "cutter: %s is no number\n", s);
		exit(2);
	}
	return n;
}

static struct sockaddr_in
at_port(int64_t port)
{
	struct sockaddr_in sa = {
	    .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	};

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sa;
}

static void
reset(int fd)
{
	const struct linger now = {.l_onoff = 1};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

static void
cut(const struct way *w, int which)
{
	dprintf(cuts_fd, "%s %lld\n", which == UP ? "up" : "down",
	    (long long)w->passed);
	reset(w->from);
	reset(w->to);
	_exit(0);
}

/* What there is goes on; 0: this side has no more. */
static int
pass(struct way *w, int which)
{
	ssize_t n = read(w->from, buf, sizeof(buf)), out, done;

	if (n <= 0) {
		shutdown(w->to, SHUT_WR);
		return 0;
	}
	for (done = 0; done < n; done += out) {
		out = write(w->to, buf + done, (size_t)(n - done));
		if (out <= 0)
			_exit(0);
	}
	w->passed += n;
	if (w->passed >= w->cut_at) {
		if (atomic_fetch_sub(&left[which], 1) > 0)
			cut(w, which);
		w->cut_at = INT64_MAX;
	}
	return 1;
}

static void
relay(int client, int64_t port, struct way ways[2])
{
	struct sockaddr_in sa = at_port(port);
	struct pollfd p[2] = {{.fd = client, .events = POLLIN}};
	int server = socket(AF_INET, SOCK_STREAM, 0), open = 2, i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (connect(server, (struct sockaddr *)&sa, sizeof(sa)) == -1)
		_exit(1);
	p[1] = (struct pollfd){.fd = server, .events = POLLIN};
	ways[UP].from = ways[DOWN].to = client;
	ways[UP].to = ways[DOWN].from = server;
	for (i = UP; i <= DOWN; i++)
		ways[i].cut_at = ways[i].low +
		    (int64_t)random() % (ways[i].high - ways[i].low + 1);
	while (open > 0 && poll(p, 2, -1) > 0) {
		for (i = UP; i <= DOWN; i++) {
			if (p[i].fd == -1 || p[i].revents == 0 ||
			    pass(&ways[i], i) == 1)
				continue;
			p[i].fd = -1;
			open--;
		}
	}
	_exit(0);
}

static int
listen_anywhere(const char *port_file)
{
	struct sockaddr_in sa = at_port(0);
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	FILE *f;

	if (fd == -1 || bind(fd, (struct sockaddr *)&sa, len) == -1 ||
	    listen(fd, 64) == -1 ||
	    getsockname(fd, (struct sockaddr *)&sa, &len) == -1)
		die("listen");
	f = fopen(port_file, "w");
	if (f == NULL)
		die(port_file);
	fprintf(f, "%u\n", ntohs(sa.sin_port));
	fclose(f);
	return fd;
}

int
main(int argc, char **argv)
{
	struct way ways[2] = {{.low = 0}};
	unsigned seed;
	int fd, client, i;

	if (argc != 11) {
		fprintf(stderr, "usage: see the first lines of cutter.c\n");
		return 2;
	}
	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	left = mmap(NULL, 2 * sizeof(*left), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cuts_fd = open(argv[3], O_WRONLY | O_CREAT | O_APPEND, 0666);
	if (left == MAP_FAILED || cuts_fd == -1)
		die(argv[3]);
	seed = (unsigned)number(argv[4]);
	for (i = UP; i <= DOWN; i++) {
		atomic_init(&left[i], (int)number(argv[5 + 3 * i]));
		ways[i].low = number(argv[6 + 3 * i]);
		ways[i].high = number(argv[7 + 3 * i]);
	}
	fd = listen_anywhere(argv[2]);
	while ((client = accept(fd, NULL, NULL)) != -1) {
		srandom(seed++);
		if (fork() == 0)
			relay(client, number(argv[1]), ways);
		close(client);
	}
	die("accept");
}
