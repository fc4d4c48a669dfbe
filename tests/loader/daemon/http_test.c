// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The server on an event loop of the test's own, with clients in the same process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../support/kernel.h"
#include "daemon/http.h"
#include "daemon/listen.h"
#include "lib/diag.h"

#define PORT  20053
#define LARGE (256 << 10)

static struct {
	sd_event *event;
	struct http *http;
	char path[256]; /* of the last request */
	size_t length;	/* of the answers to come; 0: none can be made */
	int answers;
} server;

static char letter(size_t at)
{
	return 'a' + at % 23;
}

static void answer(void *context, const char *path, struct http_page *page)
{
	size_t i;

	(void)context;
	server.answers++;
	snprintf(server.path, sizeof(server.path), "%s", path);
	if (!server.length)
		return;
	page->body = malloc(server.length);
	assert_non_null(page->body);
	for (i = 0; i < server.length; i++)
		page->body[i] = letter(i);
	page->length = server.length;
}

static struct sockaddr_storage address_of(const char *text)
{
	struct sockaddr_storage address = {};
	struct sockaddr_in *ipv4 = (struct sockaddr_in *)&address;

	ipv4->sin_family = AF_INET;
	ipv4->sin_port = htons(PORT);
	assert_int_equal(inet_pton(AF_INET, text, &ipv4->sin_addr), 1);
	return address;
}

static void start(size_t length)
{
	struct sockaddr_storage address = address_of("127.0.0.1");
	struct diag diag;
	int fd = listen__open(&address, -1, &diag);

	assert_true(fd >= 0);
	assert_true(sd_event_new(&server.event) >= 0);
	assert_int_equal(http__open(&server.http, server.event, fd, answer, NULL, &diag), 0);
	server.length = length;
	server.answers = 0;
}

static void end(void)
{
	http__close(server.http);
	server.event = sd_event_unref(server.event);
}

/* Until the server has nothing to do for a moment. */
static void serve(void)
{
	while (sd_event_run(server.event, 20000) > 0)
		;
}

/* A client that has sent @request. */
static int client(const char *request)
{
	struct sockaddr_storage address = address_of("127.0.0.1");
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), small = 2048;

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	if (*request)
		assert_int_equal(write(fd, request, strlen(request)), strlen(request));
	return fd;
}

/* Everything until the server closes; freed by the caller. @length may be NULL. */
static char *read_all(int fd, size_t *length)
{
	size_t room = 8 * LARGE, used = 0;
	char *text = calloc(1, room);
	ssize_t got;

	assert_non_null(text);
	for (;;) {
		got = recv(fd, text + used, room - 1 - used, MSG_DONTWAIT);
		if (got > 0)
			used += got;
		else if (got < 0 && errno == EAGAIN)
			sd_event_run(server.event, 1000);
		else
			break;
	}
	close(fd);
	if (length)
		*length = used;
	return text;
}

static char *ask(const char *request)
{
	int fd = client(request);

	serve();
	return read_all(fd, NULL);
}

static void assert_answer(const char *request, const char *first_line, const char *holds)
{
	char *text = ask(request);

	if (strncmp(text, first_line, strlen(first_line)) || !strstr(text, holds))
		fail_msg("%s\nis answered: %s", request, text);
	free(text);
}

static void methods_and_paths(void **unused)
{
	char *text;

	(void)unused;
	start(5);
	assert_answer("GET /a/b?c=d HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 ", "\r\n\r\nabcde");
	assert_string_equal(server.path, "/a/b");
	assert_answer("GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 200 ", "\r\nContent-Length: 5\r\n");
	assert_answer("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 ",
		      "\r\nConnection: close\r\n");
	text = ask("HEAD /h HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_non_null(strstr(text, "\r\nContent-Length: 5\r\n"));
	assert_string_equal(strstr(text, "\r\n\r\n"), "\r\n\r\n");
	free(text);
	server.answers = 0;
	assert_answer("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n", "HTTP/1.1 405 ",
		      "\r\nAllow: GET, HEAD\r\n");
	assert_answer("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "", "");
	assert_int_equal(server.answers, 0);
	end();
}

/* Two requests in one go: the first is answered, and nothing is taken for its body. */
static void one_request_a_connection(void **unused)
{
	(void)unused;
	start(5);
	assert_answer("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n",
		      "HTTP/1.1 200 ", "abcde");
	assert_int_equal(server.answers, 1);
	assert_string_equal(server.path, "/1");
	end();
}

static void no_page_is_an_error(void **unused)
{
	(void)unused;
	start(0);
	assert_answer("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 500 ", "out of memory");
	end();
}

/* And soon: a pause for every piece that a socket takes would be minutes in all. */
static void a_large_answer_arrives_whole(void **unused)
{
	const size_t size = 4 * LARGE + 7;
	time_t since = time(NULL);
	size_t length, i;
	char *text, *body;
	int fd;

	(void)unused;
	start(size);
	fd = client("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	serve();
	text = read_all(fd, &length);
	body = strstr(text, "\r\n\r\n");
	assert_non_null(body);
	body += 4;
	assert_int_equal(text + length - body, size);
	for (i = 0; i < size; i++)
		assert_int_equal(body[i], letter(i));
	free(text);
	assert_true(time(NULL) - since < 6);
	end();
}

/* As many as may be, none reads: what they hold is bounded, and one that reads gets its answer. */
static void clients_that_never_read(void **unused)
{
	int held[2 * HTTP_MAX_CONNECTIONS], i;
	size_t before;
	char *text;

	(void)unused;
	start(LARGE);
	before = mallinfo2().uordblks + mallinfo2().hblkhd;
	for (i = 0; i < 2 * HTTP_MAX_CONNECTIONS; i++) {
		held[i] = client("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
		if (i % 8 == 7)
			serve();
	}
	assert_int_equal(server.answers, 2 * HTTP_MAX_CONNECTIONS);
	assert_true(mallinfo2().uordblks + mallinfo2().hblkhd - before <
		    HTTP_MAX_UNREAD + (2 << 20));
	text = ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(strlen(strstr(text, "\r\n\r\n")), 4 + LARGE);
	free(text);
	for (i = 0; i < 2 * HTTP_MAX_CONNECTIONS; i++)
		close(held[i]);
	serve();
	assert_true(mallinfo2().uordblks + mallinfo2().hblkhd < before + (1 << 20));
	end();
}

/* The library frees what is under way, and so do we. */
static void closed_in_the_middle(void **unused)
{
	int held[8], i;

	(void)unused;
	start(LARGE);
	for (i = 0; i < 8; i++)
		held[i] = client(i % 2 ? "GET / HTTP/1.1\r\nHost: x\r\n\r\n" : "GET /");
	serve();
	end();
	for (i = 0; i < 8; i++)
		close(held[i]);
}

/* Who has been here longest makes room. */
static void more_connections_than_may_be(void **unused)
{
	int held[4 * HTTP_MAX_CONNECTIONS], i, open = 0;
	char byte;

	(void)unused;
	start(5);
	for (i = 0; i < 4 * HTTP_MAX_CONNECTIONS; i++) {
		held[i] = client("GET /slo");
		serve();
	}
	assert_answer("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 ", "abcde");
	for (i = 0; i < 4 * HTTP_MAX_CONNECTIONS; i++) {
		if (recv(held[i], &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN)
			open++;
		else
			assert_int_equal(open, 0); /* those that are left are the youngest */
		close(held[i]);
	}
	assert_in_range(open, HTTP_MAX_CONNECTIONS / 2, HTTP_MAX_CONNECTIONS);
	end();
}

static void a_port_that_is_taken(void **unused)
{
	struct sockaddr_storage all = address_of("0.0.0.0"), elsewhere = address_of("192.0.2.1");
	struct diag diag;
	int ours, moved;

	(void)unused;
	start(5);
	assert_int_equal(listen__open(&all, -1, &diag), -EADDRINUSE);
	assert_string_equal(diag.text,
			    "listen 0.0.0.0:20053: Address already in use; choose another port");
	assert_int_equal(listen__open(&elsewhere, -1, &diag), -EADDRNOTAVAIL);
	/* Ours may move to another of its addresses, and back, before the old one is closed. */
	ours = http__socket(server.http);
	moved = listen__open(&all, ours, &diag);
	assert_true(moved >= 0);
	assert_int_equal(listen__open(&all, -1, &diag), -EADDRINUSE);
	/* A stranger's port is a stranger's, also for one who has another. */
	((struct sockaddr_in *)&all)->sin_port = htons(PORT + 1);
	assert_true((ours = listen__open(&all, -1, &diag)) >= 0);
	assert_int_equal(listen__open(&all, moved, &diag), -EADDRINUSE);
	close(ours);
	close(moved);
	end();
}

static int enter(void **unused)
{
	int err = sandbox__enter();

	(void)unused;
	/* The kernel would take a whole answer off our hands. */
	if (!err)
		sandbox__do("echo 4096 4096 4096 >/proc/sys/net/ipv4/tcp_wmem");
	return err;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(methods_and_paths),
		cmocka_unit_test(one_request_a_connection),
		cmocka_unit_test(no_page_is_an_error),
		cmocka_unit_test(a_large_answer_arrives_whole),
		cmocka_unit_test(clients_that_never_read),
		cmocka_unit_test(closed_in_the_middle),
		cmocka_unit_test(more_connections_than_may_be),
		cmocka_unit_test(a_port_that_is_taken),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
