/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A small HTTP server on the event loop: GET and HEAD, one request a connection, all bounded. */
#ifndef DROP53_HTTP_H
#define DROP53_HTTP_H

#include <stddef.h>
#include <systemd/sd-event.h>

struct diag;
struct http;

/* What is answered. The server frees @body. */
struct http_page {
	unsigned int status;
	const char *type;
	char *body;
	size_t length;
};

/* Fills @page for @path; a page without a body is answered with 500. */
typedef void (*http_answer)(void *context, const char *path, struct http_page *page);

/* Serves on @socket, which is the server's from here on, also after a failure. */
int http__open(struct http **http, sd_event *event, int socket, http_answer answer, void *context,
	       struct diag *diag);
void http__close(struct http *http);

/* Where it listens; -1: @http is NULL. */
int http__socket(const struct http *http);

#define HTTP_MAX_CONNECTIONS 32
#define HTTP_IDLE_SECONDS    10
#define HTTP_MAX_SECONDS     30	       /* from connect to close */
#define HTTP_MAX_REQUEST     8192      /* bytes of request line and headers */
#define HTTP_MAX_UNREAD	     (4 << 20) /* bytes of answers that clients have not taken */

#endif
