/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/link.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/diag.h"

int link__open(const struct filter *filter, __u32 ifindex)
{
	char path[PATH_MAX];
	int fd = bpf_obj_get(state__path(filter->state, path, PIN_LINK, ifindex));

	return fd < 0 ? -errno : fd;
}

bool link__alive(int link, __u32 ifindex, __u32 *program_id)
{
	struct bpf_link_info info = {};
	__u32 length = sizeof(info);

	if (bpf_obj_get_info_by_fd(link, &info, &length) || info.type != BPF_LINK_TYPE_XDP)
		return false;
	*program_id = info.prog_id;
	return info.xdp.ifindex == ifindex;
}

bool link__is_held(__u32 ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	return !bpf_xdp_query(ifindex, 0, &query) &&
	       (query.prog_id || query.drv_prog_id || query.skb_prog_id || query.hw_prog_id);
}

/* Who holds the hook, in words: the id always, the name where we may ask for it. */
static void describe_holder(__u32 ifindex, char *text, size_t size)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	struct bpf_prog_info info = {};
	__u32 length = sizeof(info), id;
	int fd;

	snprintf(text, size, "another XDP program");
	if (bpf_xdp_query(ifindex, 0, &query))
		return;
	id = query.prog_id	 ? query.prog_id
	     : query.drv_prog_id ? query.drv_prog_id
	     : query.skb_prog_id ? query.skb_prog_id
				 : query.hw_prog_id;
	if (!id)
		return;
	snprintf(text, size, "another XDP program, id %u", id);
	fd = bpf_prog_get_fd_by_id(id);
	if (fd < 0)
		return;
	if (!bpf_obj_get_info_by_fd(fd, &info, &length) && info.name[0])
		snprintf(text, size, "another XDP program, id %u, name %s", id, info.name);
	close(fd);
}

int link__fail(int error, const char *name, __u32 ifindex, enum xdp_mode mode, struct diag *diag)
{
	char holder[128];

	switch (error) {
	case EBUSY:
	case EEXIST:
		describe_holder(ifindex, holder, sizeof(holder));
		return diag__fail(diag, EBUSY,
				  "%s: the XDP hook is held by %s; drop53 does not "
				  "replace it: detach that first, or attach elsewhere",
				  name, holder);
	case EOPNOTSUPP:
		return diag__fail(diag, EOPNOTSUPP,
				  "%s: the driver has no native XDP; use "
				  "--xdp-mode generic, or auto",
				  name);
	case ERANGE:
	case EINVAL:
		return diag__fail(diag, EOPNOTSUPP,
				  "%s: the driver refuses %s XDP with this MTU "
				  "or queue set-up (%s); lower the MTU, or use --xdp-mode generic",
				  name, xdp_mode__name(mode), strerror(error));
	case EPERM:
	case EACCES:
		return diag__fail(diag, EPERM,
				  "%s: not permitted to attach; run as root, or with "
				  "CAP_BPF and CAP_NET_ADMIN",
				  name);
	default:
		return diag__fail(diag, error, "%s: cannot attach: %s", name, strerror(error));
	}
}

/* -errno, or the link's descriptor. */
static int create_link(int program, __u32 ifindex, enum xdp_mode mode)
{
	LIBBPF_OPTS(bpf_link_create_opts, options,
		    .flags = mode == XDP_MODE_GENERIC ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE);
	int fd = bpf_link_create(program, ifindex, BPF_XDP, &options);

	return fd < 0 ? -errno : fd;
}

static unsigned int mtu_of(const char *name)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {};
	unsigned int mtu = 0;

	if (fd < 0)
		return 0;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (!ioctl(fd, SIOCGIFMTU, &request))
		mtu = request.ifr_mtu;
	close(fd);
	return mtu;
}

/*
 * Links the interface to the program that suits its MTU, or to the other one where the driver
 * wants that: the one for several buffers costs a drop 8 ns more, the one for a single buffer is
 * refused where a frame might not fit (veth: ERANGE).
 */
static int link_program(const struct filter *filter, const char *name, __u32 ifindex,
			enum xdp_mode mode)
{
	bool jumbo = filter->program_frags >= 0 && mtu_of(name) > ETH_DATA_LEN;
	int first = jumbo ? filter->program_frags : filter->program;
	int second = jumbo ? filter->program : filter->program_frags;
	int link = create_link(first, ifindex, mode), other;

	if (second < 0 || (link != -ERANGE && link != -EINVAL && link != -EOPNOTSUPP))
		return link;
	other = create_link(second, ifindex, mode);
	return other >= 0 ? other : link;
}

int link__create(const struct filter *filter, const char *name, __u32 ifindex, enum xdp_mode *mode,
		 struct diag *diag)
{
	bool choose = *mode == XDP_MODE_AUTO;
	int link;

	/* The kernel would let us in beside a program in the other mode, on some of its versions.
	 */
	if (link__is_held(ifindex))
		return link__fail(EBUSY, name, ifindex, *mode, diag);
	if (choose)
		*mode = XDP_MODE_NATIVE;
	link = link_program(filter, name, ifindex, *mode);
	if ((link == -EOPNOTSUPP || link == -ERANGE) && choose) {
		*mode = XDP_MODE_GENERIC;
		link = link_program(filter, name, ifindex, *mode);
	}
	return link < 0 ? link__fail(-link, name, ifindex, *mode, diag) : link;
}
