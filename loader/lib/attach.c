/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/attach.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/detach.h"
#include "lib/diag.h"
#include "lib/link.h"
#include "lib/places.h"

const char *xdp_mode__name(enum xdp_mode mode)
{
	static const char *const names[] = {"auto", "native", "generic"};

	return names[mode];
}

enum xdp_mode xdp_mode__of(__u32 flags)
{
	return flags == XDP_FLAGS_SKB_MODE ? XDP_MODE_GENERIC : XDP_MODE_NATIVE;
}

/* An interface on its way to being attached. */
struct job {
	const char *name;
	__u32 ifindex;
	int slot;
	enum xdp_mode mode;
	bool already; /* nothing to do */
	int link;     /* ours alone until it is pinned; -1 */
	bool pinned;
	bool recorded;
	struct drop53_interface before; /* the slot's record, to go back to */
};

struct attach_plan {
	struct filter *filter;
	size_t n;
	struct job jobs[];
};

/* What there is to do, from what is there; changes nothing. */
static int examine(const struct filter *filter, struct job *job, enum xdp_mode mode,
		   struct diag *diag)
{
	enum xdp_mode is;
	__u32 program;
	int link;

	job->ifindex = if_nametoindex(job->name);
	if (!job->ifindex)
		return diag__fail(diag, ENODEV, "%s: no such interface here; `ip link` lists them",
				  job->name);
	job->slot = places__find(filter, job->ifindex);
	if (job->slot < 0)
		return diag__fail(diag, ENOSPC,
				  "%s: %u interfaces are attached already, and there "
				  "is no room for more",
				  job->name, filter->settings->config.interfaces - 1);
	job->before = filter->settings->interface[job->slot];
	job->mode = mode;
	is = xdp_mode__of(job->before.mode);
	link = link__open(filter, job->ifindex);
	if (link == -ENOENT)
		return 0;
	if (link < 0)
		return link__fail(-link, job->name, job->ifindex, mode, diag);
	job->already = link__alive(link, job->ifindex, &program);
	close(link);
	if (job->already && mode != XDP_MODE_AUTO && mode != is)
		return diag__fail(diag, EINVAL,
				  "%s: already attached in %s mode; drop53 detach "
				  "%s first to change it",
				  job->name, xdp_mode__name(is), job->name);
	return 0;
}

/* The slot first, so that the first packet is counted under the interface's name. */
static int make_link(struct filter *filter, struct job *job, struct diag *diag)
{
	int err;

	/* Two new interfaces of one command must not be given the same free slot. */
	job->slot = places__find(filter, job->ifindex);
	if (job->slot < 0)
		return diag__fail(diag, ENOSPC, "%s: no room for so many interfaces", job->name);
	job->before = filter->settings->interface[job->slot];
	err = places__take(filter, job->slot, job->ifindex, job->name, diag);
	if (err)
		return err;
	job->recorded = true;
	job->link = link__create(filter, job->name, job->ifindex, &job->mode, diag);
	return job->link < 0 ? job->link : 0;
}

/* An interface of this name that is gone made room for the one that is here now. */
static int retire_namesakes(struct filter *filter, const struct job *job, struct diag *diag)
{
	struct drop53_interface *record;
	int slot, err = 0;

	for (slot = 0; !err && slot < DROP53_MAX_INTERFACES; slot++) {
		record = &filter->settings->interface[slot];
		if (record->mode && record->ifindex != job->ifindex &&
		    !places__is_here(filter, record) &&
		    !strncmp(record->name, job->name, DROP53_IFNAME))
			err = detach__slot(filter, slot, diag);
	}
	return err;
}

static bool is_program(int fd, __u32 id)
{
	char tag[17];
	__u32 its;

	return fd >= 0 && !filter__program_info(fd, &its, tag) && its == id;
}

/* From here on the interface is filtered whatever becomes of this process. */
static int keep(struct filter *filter, struct job *job, struct diag *diag)
{
	struct drop53_interface *record = &filter->settings->interface[job->slot];
	char path[PATH_MAX];
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (!link__alive(job->link, job->ifindex, &record->program_id))
		return diag__fail(diag, ENODEV, "%s: went away while it was being attached",
				  job->name);
	record->since = now.tv_sec * 1000000000ull + now.tv_nsec;
	record->frags = is_program(filter->program_frags, record->program_id);
	record->mode = job->mode == XDP_MODE_GENERIC ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
	state__path(filter->state, path, PIN_LINK, job->ifindex);
	if (unlink(path) && errno != ENOENT) /* of a link that is dead */
		return diag__fail(diag, errno, "%s: cannot remove: %s", path, strerror(errno));
	if (bpf_obj_pin(job->link, path))
		return diag__fail(diag, errno, "%s: cannot pin: %s", path, strerror(errno));
	job->pinned = true;
	return 0;
}

/* The kernel lets go of a link some time after its last descriptor: say it at once instead. */
static void undo(struct filter *filter, struct job *job)
{
	struct drop53_interface *record = &filter->settings->interface[job->slot];
	char path[PATH_MAX];

	if (job->link >= 0)
		bpf_link_detach(job->link);
	if (job->pinned)
		unlink(state__path(filter->state, path, PIN_LINK, job->ifindex));
	if (!job->recorded)
		return;
	/* The slot stays this interface's, as one that is not attached, unless it was before. */
	record->mode = job->before.ifindex == job->ifindex ? job->before.mode : 0;
	record->since = job->before.since;
	record->program_id = job->before.program_id;
	record->frags = job->before.frags;
}

static void close_plan(struct attach_plan *plan)
{
	size_t i;

	for (i = 0; i < plan->n; i++)
		if (plan->jobs[i].link >= 0)
			close(plan->jobs[i].link);
	free(plan);
}

void attach__cancel(struct attach_plan *plan)
{
	size_t i;

	if (!plan)
		return;
	for (i = 0; i < plan->n; i++)
		undo(plan->filter, &plan->jobs[i]);
	close_plan(plan);
}

void attach__finish(struct attach_plan *plan)
{
	size_t i;

	if (!plan)
		return;
	for (i = 0; i < plan->n; i++)
		if (!plan->jobs[i].already)
			retire_namesakes(plan->filter, &plan->jobs[i], NULL);
	close_plan(plan);
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

int attach__begin(struct filter *filter, char *const names[], size_t n, enum xdp_mode mode,
		  enum attach_result *results, struct attach_plan **plan, struct diag *diag)
{
	struct attach_plan *made = calloc(1, sizeof(*made) + n * sizeof(made->jobs[0]));
	int err;
	size_t i;

	if (!made)
		return diag__fail(diag, ENOMEM, "out of memory");
	made->filter = filter;
	made->n = n;
	for (i = 0; i < n; i++)
		made->jobs[i] = (struct job){.name = names[i], .link = -1};
	err = check_netns(filter, diag);
	for (i = 0; !err && i < n; i++) {
		err = examine(filter, &made->jobs[i], mode, diag);
		results[i] = made->jobs[i].already ? ATTACH_ALREADY : ATTACH_NEW;
	}
	for (i = 0; !err && i < n; i++)
		if (!made->jobs[i].already)
			err = make_link(filter, &made->jobs[i], diag);
	for (i = 0; !err && i < n; i++)
		if (!made->jobs[i].already)
			err = keep(filter, &made->jobs[i], diag);
	if (err)
		attach__cancel(made);
	else
		*plan = made;
	return err;
}

int attach__all(struct filter *filter, char *const names[], size_t n, enum xdp_mode mode,
		enum attach_result *results, struct diag *diag)
{
	struct attach_plan *plan;
	int err = attach__begin(filter, names, n, mode, results, &plan, diag);

	if (!err)
		attach__finish(plan);
	return err;
}
