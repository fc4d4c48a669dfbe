/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One question to the kernel with many answers: a netlink dump, over libmnl. */
#ifndef DROP53_NETLINK_H
#define DROP53_NETLINK_H

#include <libmnl/libmnl.h>

/* What the kernel fills at most at a time in a dump. */
#define NETLINK_BUFFER 32768

/* An open, bound socket of the protocol family @bus, or NULL with errno. */
struct mnl_socket *netlink__open(int bus);

/*
 * Starts a dump request of @type in @buffer (NETLINK_BUFFER bytes): the caller adds what @type
 * wants behind the header.
 */
struct nlmsghdr *netlink__request(void *buffer, __u16 type);

/* Sends the request that @buffer holds and hands each answer to @callback. 0 or -errno. */
int netlink__dump(struct mnl_socket *socket, void *buffer, mnl_cb_t callback, void *data);

#endif
