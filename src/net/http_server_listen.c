/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listening, and who connects: the addresses of TCP, the users of a UNIX
 * socket, what counts as one source. How many there may be of each is
 * http_server_source's, the socket's file http_server_unix's, connections are
 * http_server_conn's.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/listener.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "net/http_server_conn.h"

/* So many above the limit are still told so; more are closed unheard. */
#define REFUSED_MAX 64

/* Out of descriptors: to ask again at once would only burn the processor. */
#define ACCEPT_PAUSE_MS 100

/* Of an address of IPv6, what one customer has: a /56. */
#define SOURCE_BYTES 7

static uint64_t
source_of(unsigned kind, const unsigned char *address, size_t n)
{
	uint64_t source = kind;
	size_t i;

	for (i = 0; i < n; i++)
		source = source << 8 | address[i];
	return source;
}

uint64_t
http_listen_source(const struct sockaddr *sa)
{
	const struct sockaddr_in *v4 = (const void *)sa;
	const struct sockaddr_in6 *v6 = (const void *)sa;
	const unsigned char *b = v6->sin6_addr.s6_addr;

	if (sa->sa_family == AF_INET)
		return source_of(4, (const void *)&v4->sin_addr, 4);
	if (sa->sa_family != AF_INET6)
		return 0;
	if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		return source_of(4, b + 12, 4);
	return source_of(6, b, SOURCE_BYTES);
}

/* address:port, the address of IPv6 in brackets. */
static void
name_address(const struct sockaddr *sa, socklen_t len, struct http_peer *peer)
{
	char host[64], port[8];

	if (getnameinfo(sa, len, host, sizeof(host), port, sizeof(port),
		NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		snprintf(peer->name, sizeof(peer->name), "?");
	else
		snprintf(peer->name, sizeof(peer->name),
		    sa->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host,
		    port);
	peer->source = http_listen_source(sa);
	peer->uid = -1;
}

static int
name_user(int fd, struct http_peer *peer)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1)
		return -1;
	peer->uid = cred.uid;
	snprintf(peer->name, sizeof(peer->name), "unix:uid=%lld",
	    (long long)peer->uid);
	return 0;
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd,
    struct sockaddr *sa, int len, void *arg)
{
	struct http_server *s = arg;
	struct http_peer peer;
	const char *why;
	int one = 1;

	(void)listener;
	memset(&peer, 0, sizeof(peer));
	if (sa->sa_family != AF_UNIX) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		name_address(sa, (socklen_t)len, &peer);
	} else if (name_user(fd, &peer) == -1) {
		log_debug("http", "a peer without a user: %s", strerror(errno));
		close(fd);
		return;
	}
	why = http_source_no_place(s, &peer);
	if (why != NULL && (s->n_refused >= REFUSED_MAX || s->opt.tls != NULL))
		close(fd);
	else
		http_conn_start(s, fd, &peer, why);
}

static void
on_accept_error(struct evconnlistener *listener, void *arg)
{
	struct http_server *s = arg;

	log_debug("http", "cannot accept: %s", strerror(errno));
	evconnlistener_disable(listener);
	loop_timer_set(s->pause, ACCEPT_PAUSE_MS);
}

void
http_listen_again(void *arg)
{
	struct http_server *s = arg;

	if (s->listener != NULL)
		evconnlistener_enable(s->listener);
}

bool
http_listen_is_loopback(const char *host)
{
	return str_eq(host, "localhost") || str_eq(host, "::1") ||
	    str_starts(host, "127.");
}

static struct addrinfo *
resolve(const char *host, int port, struct error *err)
{
	struct addrinfo hints, *found = NULL;
	char service[16];
	int rc;

	if (host == NULL || str_eq(host, "localhost"))
		host = "127.0.0.1";
	memset(&hints, 0, sizeof(hints));
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
	snprintf(service, sizeof(service), "%d", port);
	if (port < 0 || port > 65535) {
		err_set(err, ERR_CONFIG, "there is no port %d", port);
		return NULL;
	}
	rc = getaddrinfo(host, service, &hints, &found);
	if (rc != 0) {
		err_set(err, ERR_CONFIG, "cannot listen on \"%s\": %s", host,
		    gai_strerror(rc));
		err_hint(err, "Give a numeric address or localhost.");
		return NULL;
	}
	return found;
}

static int
bound_port(struct evconnlistener *listener)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	memset(&sa, 0, sizeof(sa));
	if (getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&sa,
		&len) != 0)
		return 0;
	if (sa.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&sa)->sin6_port);
	return ntohs(((struct sockaddr_in *)&sa)->sin_port);
}

static const char *
remedy_of(int error)
{
	switch (error) {
	case EADDRINUSE:
		return "Something listens there already ('ss -ltnp' says "
		       "what): end it, or choose another port.";
	case EADDRNOTAVAIL:
		return "This machine has no such address: choose one that 'ip "
		       "address' shows, or 0.0.0.0 for all of them.";
	case EACCES:
		return "A port below 1024 takes CAP_NET_BIND_SERVICE "
		       "(AmbientCapabilities in a unit of systemd): give "
		       "that, or choose another port.";
	default:
		return "";
	}
}

static int
open_tcp(struct http_server *s, const char *host, int port, struct error *err)
{
	struct addrinfo *ai = resolve(host, port, err);

	if (ai == NULL)
		return -1;
	s->listener = evconnlistener_new_bind(loop_event_base(s->loop),
	    on_accept, s,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
	    SOMAXCONN, ai->ai_addr, (int)ai->ai_addrlen);
	if (s->listener == NULL) {
		err_set_errno(err, ERR_NET, "cannot listen on %s:%d",
		    host != NULL ? host : "127.0.0.1", port);
		err_hint(err, "%s", remedy_of(err->sys_errno));
	}
	freeaddrinfo(ai);
	if (s->listener == NULL)
		return -1;
	s->port = bound_port(s->listener);
	return 0;
}

static int
open_unix(struct http_server *s, const char *path, struct error *err)
{
	int fd;

	if (http_unix_listen(&s->file, path, s->opt.unix_mode, &fd, err) == -1)
		return -1;
	s->listener = evconnlistener_new(loop_event_base(s->loop), on_accept, s,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (s->listener != NULL)
		return 0;
	http_unix_remove(&s->file);
	close(fd);
	return err_set(err, ERR_IO, "cannot listen on %s", path);
}

int
http_listen_open(struct http_server *s,
    const struct http_server_options *options, struct error *err)
{
	int rc = options->unix_path != NULL
	    ? open_unix(s, options->unix_path, err)
	    : open_tcp(s, options->host, options->port, err);

	if (rc == 0)
		evconnlistener_set_error_cb(s->listener, on_accept_error);
	return rc;
}

void
http_listen_close(struct http_server *s)
{
	http_unix_remove(&s->file);
	if (s->listener != NULL)
		evconnlistener_free(s->listener);
	s->listener = NULL;
}
