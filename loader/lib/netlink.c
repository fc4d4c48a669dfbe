/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/netlink.h"

#include <errno.h>

struct mnl_socket *netlink__open(int bus)
{
	struct mnl_socket *socket = mnl_socket_open(bus);
	int err;

	if (!socket)
		return NULL;
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		err = errno;
		mnl_socket_close(socket);
		errno = err;
		return NULL;
	}
	return socket;
}

struct nlmsghdr *netlink__request(void *buffer, __u16 type)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);

	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	return header;
}

int netlink__dump(struct mnl_socket *socket, void *buffer, mnl_cb_t callback, void *data)
{
	const struct nlmsghdr *request = buffer;
	int result = MNL_CB_OK;
	ssize_t length;

	if (mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		return -errno;
	while (result > MNL_CB_STOP) {
		length = mnl_socket_recvfrom(socket, buffer, NETLINK_BUFFER);
		if (length < 0)
			return -errno;
		result = mnl_cb_run(buffer, length, 0, 0, callback, data);
	}
	return result < 0 ? -errno : 0;
}
