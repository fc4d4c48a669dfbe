/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/diag.h"

#define USEC 1000000ull
/* A connection that was shut down to make room is there until the library looks at it. */
#define LEAVING HTTP_MAX_CONNECTIONS

/* What a client has not taken yet. It goes with the client, or earlier. */
struct answer {
	struct http *http;
	struct connection *connection; /* NULL: gone */
	char *body;
	size_t length;
	bool taken_back;
};

struct connection {
	struct connection *next; /* a younger one */
	struct answer *answer;	 /* NULL: none yet */
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
	int socket; /* the library's */
	struct connection *oldest;
	unsigned int open; /* connections that are not closing */
	size_t unread;	   /* bytes of all answers that are not taken back */
};

static uint64_t now(struct http *http)
{
	uint64_t usec = 0;

	sd_event_now(http->event, CLOCK_MONOTONIC, &usec);
	return usec;
}

/*
 * The library keeps its pointer for a while, and finds zeros that no socket takes any more: the
 * memory goes back to the kernel at once, but for what shares its pages with others.
 */
static void take_back(struct answer *answer)
{
	uintptr_t page = sysconf(_SC_PAGESIZE), begin = (uintptr_t)answer->body;
	uintptr_t from = (begin + page - 1) / page * page,
		  to = (begin + answer->length) / page * page;

	if (answer->taken_back)
		return;
	answer->taken_back = true;
	answer->http->unread -= answer->length;
	if (to > from)
		madvise((void *)from, to - from, MADV_DONTNEED);
}

/* The library lets go of it later, when it looks; what it holds of ours goes now. */
static void shut(struct http *http, struct connection *connection)
{
	if (connection->closing)
		return;
	connection->closing = true;
	http->open--;
	if (connection->answer)
		take_back(connection->answer);
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
	if (connection->answer)
		connection->answer->connection = NULL;
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

static void free_answer(void *context)
{
	struct answer *answer = context;

	if (!answer->taken_back)
		answer->http->unread -= answer->length;
	if (answer->connection)
		answer->connection->answer = NULL;
	free(answer->body);
	free(answer);
}

/* Who asked first and has not read yet makes room. */
static void bound_unread(struct http *http, const struct connection *newest)
{
	struct connection *connection;

	for (connection = http->oldest; connection && http->unread > HTTP_MAX_UNREAD;
	     connection = connection->next)
		if (connection != newest && connection->answer)
			shut(http, connection);
}

/* Takes the body, also on failure. */
static struct MHD_Response *make_response(struct http *http, struct MHD_Connection *mhd,
					  struct http_page *page)
{
	struct answer *answer = calloc(1, sizeof(*answer));
	const union MHD_ConnectionInfo *info;
	struct MHD_Response *response;

	if (!answer) {
		free(page->body);
		return NULL;
	}
	*answer = (struct answer){.http = http, .body = page->body, .length = page->length};
	http->unread += page->length;
	response = MHD_create_response_from_buffer_with_free_callback_cls(page->length, page->body,
									  free_answer, answer);
	if (!response) {
		free_answer(answer);
		return NULL;
	}
	info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	answer->connection = info ? info->socket_context : NULL;
	if (answer->connection)
		answer->connection->answer = answer;
	bound_unread(http, answer->connection);
	return response;
}

static enum MHD_Result respond(struct http *http, struct MHD_Connection *mhd,
			       struct http_page *page)
{
	struct MHD_Response *response = make_response(http, mhd, page);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
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
	return respond(http, mhd, &page);
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
		*made = (struct http){
			.event = event, .answer = answer, .context = context, .socket = socket};
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

int http__socket(const struct http *http)
{
	return http ? http->socket : -1;
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
