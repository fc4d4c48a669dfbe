/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/local.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "lib/allowlist.h"
#include "lib/diag.h"

#define NETLINK_BUFFER 32768 /* what the kernel fills at most in a dump */

struct dump {
	struct list *list;
	struct diag *diag;
	int err;
};

/* Linux delivers to what the table `local` holds as local, broadcast, anycast and (IPv6) local. */
static bool is_delivered(const struct rtmsg *route, __u32 table)
{
	return table == RT_TABLE_LOCAL &&
	       (route->rtm_type == RTN_LOCAL || route->rtm_type == RTN_BROADCAST ||
		route->rtm_type == RTN_ANYCAST);
}

static int on_route(const struct nlmsghdr *message, void *data)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);
	struct prefix prefix = {.length = route->rtm_dst_len};
	__u32 table = route->rtm_table;
	struct dump *dump = data;
	const struct nlattr *attribute;
	bool has_target = false;

	prefix.family = route->rtm_family == AF_INET6 ? DROP53_FAMILY_IPV6 : DROP53_FAMILY_IPV4;
	mnl_attr_for_each(attribute, message, sizeof(*route))
	{
		size_t length = mnl_attr_get_payload_len(attribute);

		if (mnl_attr_get_type(attribute) == RTA_TABLE && length == sizeof(table))
			table = mnl_attr_get_u32(attribute);
		if (mnl_attr_get_type(attribute) != RTA_DST || length > sizeof(prefix.address))
			continue;
		memcpy(prefix.address, mnl_attr_get_payload(attribute), length);
		has_target = true;
	}
	if (!is_delivered(route, table) || (!has_target && route->rtm_dst_len))
		return MNL_CB_OK;
	prefix__mask(prefix.address, prefix.length);
	dump->err = list__add(dump->list, &prefix, 1, NULL, dump->diag);
	return dump->err ? MNL_CB_STOP : MNL_CB_OK;
}

static int dump_family(struct mnl_socket *netlink, int family, struct dump *dump)
{
	char buffer[NETLINK_BUFFER];
	struct nlmsghdr *header;
	struct rtmsg *request;
	int result = MNL_CB_OK;
	ssize_t length;

	header = mnl_nlmsg_put_header(buffer);
	header->nlmsg_type = RTM_GETROUTE;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	header->nlmsg_seq = time(NULL);
	request = mnl_nlmsg_put_extra_header(header, sizeof(*request));
	request->rtm_family = family;
	if (mnl_socket_sendto(netlink, header, header->nlmsg_len) < 0)
		return -errno;
	while (result > MNL_CB_STOP) {
		length = mnl_socket_recvfrom(netlink, buffer, sizeof(buffer));
		if (length < 0)
			return -errno;
		result = mnl_cb_run(buffer, length, 0, 0, on_route, dump);
	}
	return result < 0 ? -errno : dump->err;
}

int local__read(struct list *list, struct diag *diag)
{
	struct dump dump = {.list = list, .diag = diag};
	struct mnl_socket *netlink;
	int err = 0;

	memset(list, 0, sizeof(*list));
	netlink = mnl_socket_open(NETLINK_ROUTE);
	if (!netlink)
		return diag__fail(diag, errno, "rtnetlink: %s", strerror(errno));
	if (mnl_socket_bind(netlink, 0, MNL_SOCKET_AUTOPID) < 0)
		err = -errno;
	if (!err)
		err = dump_family(netlink, AF_INET, &dump);
	if (!err)
		err = dump_family(netlink, AF_INET6, &dump);
	mnl_socket_close(netlink);
	if (!err)
		return 0;
	list__free(list);
	return dump.err ? err
			: diag__fail(diag, -err, "cannot read this host's addresses: %s",
				     strerror(-err));
}

int local__update(struct filter *filter, struct diag *diag)
{
	struct list list;
	int err;

	err = local__read(&list, diag);
	if (err)
		return err;
	err = allowlist__commit_local(filter, &list, diag);
	list__free(&list);
	return err;
}
