/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/diag.h"

#define BACKLOG 128

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

static in_port_t port_of(const struct sockaddr_storage *address)
{
	const struct sockaddr_in6 *ipv6 = (const void *)address;
	const struct sockaddr_in *ipv4 = (const void *)address;

	return address->ss_family == AF_INET6 ? ipv6->sin6_port : ipv4->sin_port;
}

static bool has_port(int fd, in_port_t port)
{
	struct sockaddr_storage address = {};
	socklen_t length = sizeof(address);

	return !getsockname(fd, (struct sockaddr *)&address, &length) && port_of(&address) == port;
}

static void set_option(int fd, int option, int value)
{
	setsockopt(fd, SOL_SOCKET, option, &value, sizeof(value));
}

/* Returns errno. */
static int bind_and_listen(int fd, const struct sockaddr_storage *address)
{
	socklen_t length = address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
							  : sizeof(struct sockaddr_in);

	if (bind(fd, (const struct sockaddr *)address, length) || listen(fd, BACKLOG))
		return errno;
	return 0;
}

/* Returns errno. */
static int take_port(int fd, const struct sockaddr_storage *address, int before)
{
	int err = bind_and_listen(fd, address);

	/* From 127.0.0.1 to 0.0.0.0, say: who has the port are we. */
	if (err == EADDRINUSE && has_port(before, port_of(address))) {
		set_option(before, SO_REUSEPORT, 1);
		set_option(fd, SO_REUSEPORT, 1);
		err = bind_and_listen(fd, address);
		set_option(before, SO_REUSEPORT, 0);
	}
	return err;
}

int listen__open(const struct sockaddr_storage *address, int before, struct diag *diag)
{
	char text[64];
	int fd, err;

	fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return diag__fail(diag, errno, "listen %s: %s", address_text(address, text),
				  strerror(errno));
	set_option(fd, SO_REUSEADDR, 1);
	err = take_port(fd, address, before);
	if (!err)
		return fd;
	close(fd);
	return diag__fail(diag, err == EINVAL ? EADDRNOTAVAIL : err, "listen %s: %s%s",
			  address_text(address, text), strerror(err),
			  err == EADDRINUSE ? "; choose another port" : "");
}
