/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/netwatch.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/diag.h"

#define BUFFER 32768

struct netwatch {
	struct mnl_socket *socket;
	sd_event_source *source;
	netwatch_moved moved;
	void *context;
	bool links, addresses;
};

/* Of routes only those of the table `local` matter: a router's others come by the thousand. */
static int on_message(const struct nlmsghdr *message, void *context)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);
	struct netwatch *netwatch = context;

	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		netwatch->links = true;
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		netwatch->addresses = true;
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		netwatch->addresses |= route->rtm_table == RT_TABLE_LOCAL;
		break;
	}
	return MNL_CB_OK;
}

static int on_ready(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct netwatch *netwatch = context;
	char buffer[BUFFER];
	ssize_t length;

	(void)source, (void)events;
	while ((length = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0)
		mnl_cb_run(buffer, length, 0, 0, on_message, netwatch);
	/* Messages were lost: anything may have changed. */
	if (length < 0 && errno == ENOBUFS)
		netwatch->links = netwatch->addresses = true;
	if (netwatch->links || netwatch->addresses)
		netwatch->moved(netwatch->context, netwatch->links, netwatch->addresses);
	netwatch->links = netwatch->addresses = false;
	return 0;
}

static int subscribe(struct mnl_socket *socket)
{
	static const int groups[] = {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
				     RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE};
	size_t i;

	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (mnl_socket_setsockopt(socket, NETLINK_ADD_MEMBERSHIP, (void *)&groups[i],
					  sizeof(groups[i])) < 0)
			return -errno;
	return 0;
}

int netwatch__open(struct netwatch **netwatch, sd_event *event, netwatch_moved moved, void *context,
		   struct diag *diag)
{
	struct netwatch *made = calloc(1, sizeof(*made));
	int err = -ENOMEM;

	if (made) {
		made->moved = moved;
		made->context = context;
		made->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
		err = made->socket ? subscribe(made->socket) : -errno;
	}
	if (!err)
		err = sd_event_add_io(event, &made->source, mnl_socket_get_fd(made->socket),
				      EPOLLIN, on_ready, made);
	if (err < 0) {
		netwatch__close(made);
		return diag__fail(diag, -err, "cannot watch interfaces: rtnetlink: %s",
				  strerror(-err));
	}
	*netwatch = made;
	return 0;
}

void netwatch__close(struct netwatch *netwatch)
{
	if (!netwatch)
		return;
	sd_event_source_unref(netwatch->source);
	if (netwatch->socket)
		mnl_socket_close(netwatch->socket);
	free(netwatch);
}
