/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/local.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/allowlist.h"
#include "lib/diag.h"
#include "lib/netlink.h"

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
	struct rtmsg *request;
	int err;

	request = mnl_nlmsg_put_extra_header(netlink__request(buffer, RTM_GETROUTE),
					     sizeof(*request));
	request->rtm_family = family;
	err = netlink__dump(netlink, buffer, on_route, dump);
	return err ? err : dump->err;
}

int local__read(struct list *list, struct diag *diag)
{
	struct dump dump = {.list = list, .diag = diag};
	struct mnl_socket *netlink;
	int err;

	memset(list, 0, sizeof(*list));
	netlink = netlink__open(NETLINK_ROUTE);
	if (!netlink)
		return diag__fail(diag, errno, "rtnetlink: %s", strerror(errno));
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
