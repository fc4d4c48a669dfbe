/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/diag.h"

const char *xdp_mode__name(enum xdp_mode mode)
{
	static const char *const names[] = {"auto", "native", "generic"};

	return names[mode];
}

static enum xdp_mode mode_of(__u32 flags)
{
	return flags == XDP_FLAGS_SKB_MODE ? XDP_MODE_GENERIC : XDP_MODE_NATIVE;
}

/* The slot that belongs to @ifindex, or where the program would look for it next; -1: no room. */
static int slot_for(const struct filter *filter, __u32 ifindex)
{
	const struct drop53_settings *settings = filter->settings;
	__u32 i, slot, usable = settings->config.interfaces - 1;

	for (i = 0; i < DROP53_MAX_INTERFACES; i++) {
		slot = (ifindex + i) % DROP53_MAX_INTERFACES;
		if (settings->ifindex[slot] == ifindex)
			return slot;
		if (!settings->ifindex[slot])
			return slot < usable ? (int)slot : -1;
	}
	return -1;
}

static int open_link(const struct filter *filter, __u32 ifindex)
{
	char path[PATH_MAX];

	return bpf_obj_get(state__path(filter->state, path, PIN_LINK, ifindex));
}

/* The program on the other end of our link; false if the link leads to no interface any more. */
static bool link_alive(int link, __u32 ifindex, __u32 *program_id)
{
	struct bpf_link_info info = {};
	__u32 length = sizeof(info);

	if (bpf_obj_get_info_by_fd(link, &info, &length) || info.type != BPF_LINK_TYPE_XDP)
		return false;
	*program_id = info.prog_id;
	return info.xdp.ifindex == ifindex;
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

/* True if a program is on the interface in any mode, which the kernel would not always refuse. */
static bool is_held(__u32 ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	return !bpf_xdp_query(ifindex, 0, &query) &&
	       (query.prog_id || query.drv_prog_id || query.skb_prog_id || query.hw_prog_id);
}

static int attach_error(int err, const char *name, __u32 ifindex, enum xdp_mode mode,
			struct diag *diag)
{
	char holder[128];

	switch (err) {
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
				  name, xdp_mode__name(mode), strerror(err));
	case EPERM:
	case EACCES:
		return diag__fail(diag, EPERM,
				  "%s: not permitted to attach; run as root, or with "
				  "CAP_BPF and CAP_NET_ADMIN",
				  name);
	default:
		return diag__fail(diag, err, "%s: cannot attach: %s", name, strerror(err));
	}
}

static int create_link(const struct filter *filter, __u32 ifindex, enum xdp_mode mode)
{
	LIBBPF_OPTS(bpf_link_create_opts, options,
		    .flags = mode == XDP_MODE_GENERIC ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE);
	int fd = bpf_link_create(filter->program, ifindex, BPF_XDP, &options);

	return fd < 0 ? -errno : fd;
}

/* An interface on its way to being attached. */
struct job {
	const char *name;
	__u32 ifindex;
	int slot;
	int link; /* new, not pinned yet; -1: attached already */
	enum xdp_mode mode;
	bool pinned;
};

/* What is there already: ours, alive (then *already) or dead (then its pin goes). */
static int check_existing(struct filter *filter, struct job *job, enum xdp_mode mode, bool *already,
			  struct diag *diag)
{
	enum xdp_mode is = mode_of(filter->settings->interface[job->slot].mode);
	int link = open_link(filter, job->ifindex);
	char path[PATH_MAX];
	__u32 program;
	bool alive;

	*already = false;
	if (link < 0)
		return errno == ENOENT ? 0
				       : attach_error(errno, job->name, job->ifindex, mode, diag);
	alive = link_alive(link, job->ifindex, &program);
	close(link);
	if (!alive) {
		if (unlink(state__path(filter->state, path, PIN_LINK, job->ifindex)))
			return diag__fail(diag, errno, "%s: cannot remove a dead link's pin: %s",
					  path, strerror(errno));
		return 0;
	}
	if (mode != XDP_MODE_AUTO && mode != is)
		return diag__fail(diag, EINVAL,
				  "%s: already attached in %s mode; drop53 detach "
				  "%s first to change it",
				  job->name, xdp_mode__name(is), job->name);
	job->mode = is;
	*already = true;
	return 0;
}

static int attach_one(struct filter *filter, struct job *job, enum xdp_mode mode,
		      enum attach_result *result, struct diag *diag)
{
	bool already;
	int err;

	job->ifindex = if_nametoindex(job->name);
	if (!job->ifindex)
		return diag__fail(diag, ENODEV, "%s: no such interface here; `ip link` lists them",
				  job->name);
	job->slot = slot_for(filter, job->ifindex);
	if (job->slot < 0)
		return diag__fail(diag, ENOSPC,
				  "%s: no room for more than %u interfaces; detach "
				  "all to start afresh",
				  job->name, filter->settings->config.interfaces - 1);
	err = check_existing(filter, job, mode, &already, diag);
	if (err)
		return err;
	*result = already ? ATTACH_ALREADY : ATTACH_NEW;
	if (already)
		return 0;
	if (is_held(job->ifindex))
		return attach_error(EBUSY, job->name, job->ifindex, mode, diag);
	job->mode = mode == XDP_MODE_AUTO ? XDP_MODE_NATIVE : mode;
	job->link = create_link(filter, job->ifindex, job->mode);
	if (job->link == -EOPNOTSUPP && mode == XDP_MODE_AUTO) {
		job->mode = XDP_MODE_GENERIC;
		job->link = create_link(filter, job->ifindex, job->mode);
	}
	if (job->link < 0)
		return attach_error(-job->link, job->name, job->ifindex, job->mode, diag);
	return 0;
}

/* From here on the interface is filtered whatever becomes of this process. */
static int keep(struct filter *filter, struct job *job, struct diag *diag)
{
	struct drop53_interface *record = &filter->settings->interface[job->slot];
	char path[PATH_MAX];
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	record->ifindex = job->ifindex;
	record->mode = job->mode == XDP_MODE_GENERIC ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
	record->since = now.tv_sec * 1000000000ull + now.tv_nsec;
	snprintf(record->name, sizeof(record->name), "%s", job->name);
	if (bpf_obj_pin(job->link, state__path(filter->state, path, PIN_LINK, job->ifindex)))
		return diag__fail(diag, errno, "%s: cannot pin: %s", path, strerror(errno));
	job->pinned = true;
	return 0;
}

/* The kernel lets go of a link some time after its last descriptor: say it at once instead. */
static void undo(struct filter *filter, struct job *job)
{
	char path[PATH_MAX];

	if (job->link < 0)
		return;
	bpf_link_detach(job->link);
	if (job->pinned)
		unlink(state__path(filter->state, path, PIN_LINK, job->ifindex));
	filter->settings->interface[job->slot].mode = 0;
}

static int check_netns(const struct filter *filter, struct diag *diag)
{
	if (filter->settings->netns == filter__netns())
		return 0;
	return diag__fail(diag, EXDEV,
			  "%s: filters interfaces of another network namespace; "
			  "give this one a bpffs of its own with --bpffs",
			  filter->state->directory);
}

int attach__all(struct filter *filter, char *const names[], size_t n, enum xdp_mode mode,
		enum attach_result *results, struct diag *diag)
{
	struct job *jobs = calloc(n, sizeof(*jobs));
	size_t i, made = 0;
	int err;

	if (!jobs)
		return diag__fail(diag, ENOMEM, "out of memory");
	err = check_netns(filter, diag);
	for (i = 0; !err && i < n; i++, made++) {
		jobs[i] = (struct job){.name = names[i], .link = -1};
		err = attach_one(filter, &jobs[i], mode, &results[i], diag);
		/* The program finds its slot by this: it counts right from the first packet. */
		if (!err)
			filter->settings->ifindex[jobs[i].slot] = jobs[i].ifindex;
	}
	for (i = 0; !err && i < n; i++)
		if (jobs[i].link >= 0)
			err = keep(filter, &jobs[i], diag);
	for (i = 0; i < made; i++) {
		if (err)
			undo(filter, &jobs[i]);
		if (jobs[i].link >= 0)
			close(jobs[i].link);
	}
	free(jobs);
	return err;
}

/* The slot of an attached interface by its name, or -1. */
static int find_attached(const struct filter *filter, const char *name)
{
	const struct drop53_settings *settings = filter->settings;
	__u32 ifindex = 0;
	int slot;

	if (settings->netns == filter__netns())
		ifindex = if_nametoindex(name);
	for (slot = 0; slot < DROP53_MAX_INTERFACES; slot++)
		if (settings->interface[slot].mode && ifindex &&
		    settings->interface[slot].ifindex == ifindex)
			return slot;
	for (slot = 0; slot < DROP53_MAX_INTERFACES; slot++)
		if (settings->interface[slot].mode &&
		    !strncmp(settings->interface[slot].name, name, DROP53_IFNAME))
			return slot;
	return -1;
}

static int detach_slot(struct filter *filter, int slot, struct diag *diag)
{
	struct drop53_interface *record = &filter->settings->interface[slot];
	char path[PATH_MAX];
	int link = open_link(filter, record->ifindex), err = 0;

	if (link >= 0) {
		/* ENOLINK: the interface is gone, and the link with it. */
		if (bpf_link_detach(link) && errno != ENOLINK)
			err = diag__fail(diag, errno, "%s: cannot detach: %s", record->name,
					 strerror(errno));
		close(link);
	} else if (errno != ENOENT) {
		err = diag__fail(diag, errno, "%s: cannot open its link: %s", record->name,
				 strerror(errno));
	}
	if (err)
		return err;
	if (unlink(state__path(filter->state, path, PIN_LINK, record->ifindex)) && errno != ENOENT)
		return diag__fail(diag, errno, "%s: cannot remove: %s", path, strerror(errno));
	record->mode = 0;
	return 0;
}

int attach__detach(struct filter *filter, char *const names[], size_t n, struct diag *diag)
{
	size_t i;
	int err = 0, slot;

	for (i = 0; i < n; i++)
		if (find_attached(filter, names[i]) < 0)
			return diag__fail(diag, ENOENT,
					  "%s: not attached; drop53 status lists "
					  "what is",
					  names[i]);
	for (i = 0; !err && i < n; i++) {
		slot = find_attached(filter, names[i]);
		if (slot >= 0) /* else it was named twice */
			err = detach_slot(filter, slot, diag);
	}
	return err;
}

int attach__detach_everything(struct filter *filter, struct diag *diag)
{
	int slot, err = 0;

	for (slot = 0; !err && slot < DROP53_MAX_INTERFACES; slot++)
		if (filter->settings->interface[slot].mode)
			err = detach_slot(filter, slot, diag);
	return err;
}

static void describe(const struct filter *filter, const struct drop53_interface *record,
		     struct attachment *attachment)
{
	bool here = filter->settings->netns == filter__netns();
	char name[IF_NAMESIZE];
	int link, program;

	*attachment = (struct attachment){
		.ifindex = record->ifindex,
		.mode = mode_of(record->mode),
		.since = record->since,
	};
	memcpy(attachment->name, record->name, sizeof(attachment->name));
	if (here && if_indextoname(record->ifindex, name))
		snprintf(attachment->name, sizeof(attachment->name), "%s", name);
	link = open_link(filter, record->ifindex);
	if (link >= 0) {
		attachment->attached = link_alive(link, record->ifindex, &attachment->program_id);
		close(link);
	}
	/* By its pin, not by its id, which takes CAP_SYS_ADMIN. */
	program = filter->program;
	if (program >= 0) {
		__u32 id;

		filter__program_info(program, &id, attachment->program_tag);
	}
}

static int by_ifindex(const void *a, const void *b)
{
	const struct attachment *x = a, *y = b;

	return x->ifindex < y->ifindex ? -1 : x->ifindex > y->ifindex;
}

int attach__list(const struct filter *filter, struct attachment *attachments)
{
	int slot, n = 0;

	for (slot = 0; slot < DROP53_MAX_INTERFACES; slot++)
		if (filter->settings->interface[slot].mode)
			describe(filter, &filter->settings->interface[slot], &attachments[n++]);
	qsort(attachments, n, sizeof(*attachments), by_ifindex);
	return n;
}
