/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * vm_traffic [OPTION]... SERVER_NETNS CLIENT_NETNS ADDRESS udp|tcp PORT COUNT
 *
 * Sends COUNT datagrams, or opens COUNT connections, from the client's network namespace to real
 * sockets at ADDRESS and PORT in the server's, and prints how many arrived:
 *	sent COUNT arrived N
 *	-e EXPECTED  exit code 1 when another number arrived
 *	-s SIZE      bytes in a datagram (5)
 *	-f FIRST     datagrams come from this address and those behind it, in turn; all of them
 *	-n SOURCES   must be local to the client (a route of type local does)
 *
 * No clock decides: behind the traffic goes an echoed datagram to another port, twice, the second
 * for a handshake's last step. On one queue packets keep their order, so whatever has not arrived
 * by then never will. Several queues may reorder: when fewer than EXPECTED are there, it waits for
 * the rest. There is such an echo after every few packets too, so that no queue overflows and what
 * did not arrive was dropped. A path with no echo is an error (exit code 2), not a drop.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FENCE_PORT  5300
#define FENCE_TRIES 100
#define LATE_TRIES  100
#define WAIT_MS	    100
#define MAX_CLIENTS 512
#define MAX_SIZE    60000
#define IN_FLIGHT   64
#define BUFFER	    (16 << 20) /* of a socket: what is under way must fit */

struct traffic {
	struct sockaddr_storage to, fence, first;
	socklen_t length;
	int server, fence_server; /* in the server's namespace */
	int client, fence_client; /* in the client's; a connection is its own socket */
	int type;
	long count, arrived, expected, size, sources, fences;
};

static void enter(const char *netns)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(2, "%s", path);
	close(fd);
}

static socklen_t address(const char *text, int port, struct sockaddr_storage *to)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;
	struct sockaddr_in *v4 = (struct sockaddr_in *)to;

	memset(to, 0, sizeof(*to));
	v4->sin_port = htons((uint16_t)port); /* at the same place in both */
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1)
		errx(2, "%s: not an address", text);
	v6->sin6_family = AF_INET6;
	return sizeof(*v6);
}

static int new_socket(const struct sockaddr_storage *to, int type)
{
	int fd = socket(to->ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), room = BUFFER;

	if (fd < 0)
		err(2, "socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	return fd;
}

static int bound(const struct sockaddr_storage *to, socklen_t length, int type)
{
	int fd = new_socket(to, type), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_IP, IP_FREEBIND, &one, sizeof(one));
	setsockopt(fd, SOL_IPV6, IPV6_FREEBIND, &one, sizeof(one));
	if (bind(fd, (const struct sockaddr *)to, length))
		err(2, "bind");
	if (type == SOCK_STREAM && listen(fd, MAX_CLIENTS))
		err(2, "listen");
	return fd;
}

static bool readable(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return poll(&poll_fd, 1, WAIT_MS) > 0;
}

/* Counts what is in the server's socket now. */
static void drain(struct traffic *traffic)
{
	char byte;
	int fd;

	if (traffic->type == SOCK_DGRAM) {
		while (recv(traffic->server, &byte, 1, 0) >= 0)
			traffic->arrived++;
		return;
	}
	while ((fd = accept(traffic->server, NULL, NULL)) >= 0) {
		traffic->arrived++;
		close(fd);
	}
}

/* A socket whose datagrams come from the source that is the @nth's turn. */
static int socket_of_source(const struct traffic *traffic, long nth)
{
	struct sockaddr_storage from = traffic->first;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&from;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&from;
	bool is_v6 = from.ss_family == AF_INET6;
	uint32_t *low = is_v6 ? &v6->sin6_addr.s6_addr32[3] : &v4->sin_addr.s_addr;

	*low = htonl(ntohl(*low) + (uint32_t)(nth % traffic->sources));
	return bound(&from, traffic->length, SOCK_DGRAM);
}

static void send_datagram(const struct traffic *traffic, long nth)
{
	static const char payload[MAX_SIZE];
	int fd = traffic->sources ? socket_of_source(traffic, nth) : traffic->client;

	if (sendto(fd, payload, (size_t)traffic->size, 0, (const struct sockaddr *)&traffic->to,
		   traffic->length) != traffic->size)
		err(2, "sendto");
	if (traffic->sources)
		close(fd);
}

/* Left open: what has not been answered goes on asking until this process ends. */
static void open_connection(const struct traffic *traffic)
{
	int fd = new_socket(&traffic->to, SOCK_STREAM);

	if (connect(fd, (const struct sockaddr *)&traffic->to, traffic->length) &&
	    errno != EINPROGRESS)
		err(2, "connect");
}

/* A datagram there and its echo back. Numbered: an echo that came late is not the next one's. */
static void fence(struct traffic *traffic)
{
	long number = ++traffic->fences, got = 0;
	struct sockaddr_storage from;
	socklen_t length = sizeof(from);

	for (int i = 0; i < FENCE_TRIES; i++) {
		sendto(traffic->fence_client, &number, sizeof(number), 0,
		       (const struct sockaddr *)&traffic->fence, traffic->length);
		while (got != number && readable(traffic->fence_server))
			recvfrom(traffic->fence_server, &got, sizeof(got), 0,
				 (struct sockaddr *)&from, &length);
		if (got != number)
			continue;
		sendto(traffic->fence_server, &got, sizeof(got), 0, (struct sockaddr *)&from,
		       length);
		while (readable(traffic->fence_client))
			if (recv(traffic->fence_client, &got, sizeof(got), 0) == sizeof(got) &&
			    got == number)
				return;
	}
	errx(2, "no echo from the server: the path itself is dead");
}

static void send_all(struct traffic *traffic)
{
	for (long i = 0; i < traffic->count; i++) {
		if (traffic->type == SOCK_STREAM)
			open_connection(traffic);
		else
			send_datagram(traffic, i);
		if (i % IN_FLIGHT == IN_FLIGHT - 1) {
			fence(traffic);
			drain(traffic);
		}
	}
}

static long number(const char *text, long most)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (*end || end == text || value < 0 || value > most)
		errx(2, "%s: not a number up to %ld", text, most);
	return value;
}

static void open_sockets(struct traffic *traffic, const char *server, const char *client)
{
	enter(server);
	traffic->server = bound(&traffic->to, traffic->length, traffic->type);
	traffic->fence_server = bound(&traffic->fence, traffic->length, SOCK_DGRAM);
	enter(client);
	traffic->client = new_socket(&traffic->to, SOCK_DGRAM);
	traffic->fence_client = new_socket(&traffic->to, SOCK_DGRAM);
}

static void options(struct traffic *traffic, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "e:s:f:n:")) != -1) {
		if (option == 'e')
			traffic->expected = number(optarg, LONG_MAX - 1);
		else if (option == 's')
			traffic->size = number(optarg, MAX_SIZE);
		else if (option == 'f')
			address(optarg, 0, &traffic->first);
		else if (option == 'n')
			traffic->sources = number(optarg, UINT16_MAX);
		else
			exit(2);
	}
	if (argc - optind != 6)
		errx(2, "usage: vm_traffic [-e EXPECTED] [-s SIZE] [-f FIRST -n SOURCES] "
			"SERVER_NETNS CLIENT_NETNS ADDRESS udp|tcp PORT COUNT");
}

int main(int argc, char **argv)
{
	struct traffic traffic = {.expected = -1, .size = 5};
	int port;

	options(&traffic, argc, argv);
	argv += optind;
	traffic.type = strcmp(argv[3], "tcp") ? SOCK_DGRAM : SOCK_STREAM;
	port = (int)number(argv[4], UINT16_MAX);
	traffic.count = number(argv[5], traffic.type == SOCK_STREAM ? MAX_CLIENTS : LONG_MAX);
	traffic.length = address(argv[2], port, &traffic.to);
	address(argv[2], FENCE_PORT, &traffic.fence);
	open_sockets(&traffic, argv[0], argv[1]);

	send_all(&traffic);
	fence(&traffic);
	fence(&traffic);
	drain(&traffic);
	for (int i = 0; traffic.arrived < traffic.expected && i < LATE_TRIES; i++) {
		readable(traffic.server);
		drain(&traffic);
	}
	printf("sent %ld arrived %ld\n", traffic.count, traffic.arrived);
	return traffic.expected >= 0 && traffic.arrived != traffic.expected;
}
