/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/diag.h"

#define BACKLOG 128
#define USEC	1000000ull
/* A connection that was shut down to make room is there until the library looks at it. */
#define LEAVING HTTP_MAX_CONNECTIONS

struct connection {
	struct connection *next; /* a younger one */
	int fd;
	bool closing;	 /* shut down; the library has not seen it yet */
	uint64_t opened; /* CLOCK_MONOTONIC, microseconds */
};

struct http {
	sd_event *event;
	struct MHD_Daemon *daemon;
	sd_event_source *ready, *timer;
	http_answer answer;
	void *context;
	struct connection *oldest;
	unsigned int open; /* connections that are not closing */
};

static uint64_t now(struct http *http)
{
	uint64_t usec = 0;

	sd_event_now(http->event, CLOCK_MONOTONIC, &usec);
	return usec;
}

static const char *address_text(const struct sockaddr_storage *address, char text[64])
{
	const struct sockaddr_in6 *ipv6 = (const void *)address;
	const struct sockaddr_in *ipv4 = (const void *)address;
	char host[INET6_ADDRSTRLEN];

	if (address->ss_family == AF_INET6)
		snprintf(text, 64, "[%s]:%u",
			 inet_ntop(AF_INET6, &ipv6->sin6_addr, host, sizeof(host)),
			 ntohs(ipv6->sin6_port));
	else
		snprintf(text, 64, "%s:%u", inet_ntop(AF_INET, &ipv4->sin_addr, host, sizeof(host)),
			 ntohs(ipv4->sin_port));
	return text;
}

int http__listen(const struct sockaddr_storage *address, struct diag *diag)
{
	socklen_t length = address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
							  : sizeof(struct sockaddr_in);
	const int one = 1;
	char text[64];
	int fd, err;

	fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return diag__fail(diag, errno, "listen %s: %s", address_text(address, text),
				  strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (!bind(fd, (const struct sockaddr *)address, length) && !listen(fd, BACKLOG))
		return fd;
	err = errno;
	close(fd);
	return diag__fail(diag, err == EINVAL ? EADDRNOTAVAIL : err, "listen %s: %s%s",
			  address_text(address, text), strerror(err),
			  err == EADDRINUSE ? "; choose another port" : "");
}

static void shut(struct http *http, struct connection *connection)
{
	if (connection->closing)
		return;
	connection->closing = true;
	http->open--;
	shutdown(connection->fd, SHUT_RDWR);
}

static struct connection *oldest_open(struct http *http)
{
	struct connection *connection;

	for (connection = http->oldest; connection && connection->closing;
	     connection = connection->next)
		;
	return connection;
}

/* Who comes now may be the scraper; who has been here longest has had its time: it makes room. */
static void on_open(struct http *http, struct MHD_Connection *mhd, void **slot)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct connection *connection = calloc(1, sizeof(*connection)), **end;

	*slot = connection;
	if (!connection) {
		shutdown(info->connect_fd, SHUT_RDWR);
		return;
	}
	if (http->open >= HTTP_MAX_CONNECTIONS)
		shut(http, oldest_open(http));
	connection->fd = info->connect_fd;
	connection->opened = now(http);
	for (end = &http->oldest; *end; end = &(*end)->next)
		;
	*end = connection;
	http->open++;
}

static void on_close(struct http *http, struct connection *connection)
{
	struct connection **at;

	for (at = &http->oldest; *at && *at != connection; at = &(*at)->next)
		;
	if (!*at)
		return;
	*at = connection->next;
	http->open -= !connection->closing;
	free(connection);
}

static void on_connection(void *context, struct MHD_Connection *mhd, void **slot,
			  enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		on_open(context, mhd, slot);
	else if (*slot)
		on_close(context, *slot);
}

static enum MHD_Result respond(struct MHD_Connection *mhd, struct http_page *page)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	response = MHD_create_response_from_buffer(page->length, page->body, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(page->body);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, page->type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	/* A connection's age can be bounded only if it does not serve one scrape after another. */
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	if (page->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(mhd, page->status, response);
	MHD_destroy_response(response);
	return result;
}

/* Called with the headers: whatever else a client has to say is not waited for. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *mhd, const char *url,
				  const char *method, const char *version, const char *body,
				  size_t *body_length, void **request)
{
	struct http_page page = {.status = MHD_HTTP_OK, .type = "text/plain; charset=utf-8"};
	struct http *http = context;

	(void)version, (void)body, (void)body_length, (void)request;
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD)) {
		page.status = MHD_HTTP_METHOD_NOT_ALLOWED;
		page.body = strdup("only GET and HEAD\n");
	} else {
		http->answer(http->context, url, &page);
	}
	if (!page.body) {
		page.status = MHD_HTTP_INTERNAL_SERVER_ERROR;
		page.body = strdup("out of memory\n");
	}
	if (!page.body)
		return MHD_NO;
	if (!page.length)
		page.length = strlen(page.body);
	return respond(mhd, &page);
}

/* The next moment at which something is to be done though no client moves. */
static void set_timer(struct http *http)
{
	struct connection *oldest = oldest_open(http);
	uint64_t at = UINT64_MAX;
	MHD_UNSIGNED_LONG_LONG wait;

	if (MHD_get_timeout(http->daemon, &wait) == MHD_YES)
		at = now(http) + wait * 1000;
	if (oldest && oldest->opened + HTTP_MAX_SECONDS * USEC < at)
		at = oldest->opened + HTTP_MAX_SECONDS * USEC;
	sd_event_source_set_time(http->timer, at);
	sd_event_source_set_enabled(http->timer,
				    at == UINT64_MAX ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

static void serve(struct http *http)
{
	struct connection *oldest;

	while ((oldest = oldest_open(http)) &&
	       now(http) >= oldest->opened + HTTP_MAX_SECONDS * USEC)
		shut(http, oldest);
	MHD_run(http->daemon);
	set_timer(http);
}

static int on_ready(sd_event_source *source, int fd, uint32_t events, void *context)
{
	(void)source, (void)fd, (void)events;
	serve(context);
	return 0;
}

static int on_time(sd_event_source *source, uint64_t usec, void *context)
{
	(void)source, (void)usec;
	serve(context);
	return 0;
}

static struct MHD_Daemon *start(struct http *http, int socket)
{
	return MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, on_request, http, MHD_OPTION_LISTEN_SOCKET, socket,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned int)(HTTP_MAX_CONNECTIONS + LEAVING), MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned int)HTTP_IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)HTTP_MAX_REQUEST, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

int http__open(struct http **http, sd_event *event, int socket, http_answer answer, void *context,
	       struct diag *diag)
{
	struct http *made = calloc(1, sizeof(*made));
	int err = -ENOMEM;

	if (made) {
		*made = (struct http){.event = event, .answer = answer, .context = context};
		made->daemon = start(made, socket);
	}
	if (!made || !made->daemon) {
		close(socket);
		goto out;
	}
	err = sd_event_add_io(event, &made->ready,
			      MHD_get_daemon_info(made->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
			      EPOLLIN, on_ready, made);
	if (err >= 0)
		err = sd_event_add_time(event, &made->timer, CLOCK_MONOTONIC, 0, 0, on_time, made);
out:
	if (err < 0) {
		http__close(made);
		return diag__fail(diag, -err, "cannot serve metrics: %s", strerror(-err));
	}
	*http = made;
	return 0;
}

void http__close(struct http *http)
{
	if (!http)
		return;
	sd_event_source_unref(http->ready);
	sd_event_source_unref(http->timer);
	if (http->daemon)
		MHD_stop_daemon(http->daemon);
	free(http);
}
