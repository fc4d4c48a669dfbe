/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/upgrade.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "drop53.skel.h"
#include "lib/diag.h"
#include "lib/link.h"
#include "lib/load.h"

static int reuse_tables(struct drop53_bpf *skeleton, const struct filter *filter, struct diag *diag)
{
	const struct {
		struct bpf_map *map;
		int fd;
		const char *pin; /* where the filter keeps no descriptor of its own */
	} tables[] = {
		{skeleton->maps.data_settings, filter->settings_fd, NULL},
		{skeleton->maps.counters, filter->counters, NULL},
		{skeleton->maps.cpus, filter->cpus, NULL},
		{skeleton->maps.sources, filter->sources, NULL},
		{skeleton->maps.sets, filter->sets, NULL},
		{skeleton->maps.tags, -1, PIN_TAGS},
	};
	char path[PATH_MAX];
	size_t i;
	int fd, err;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		fd = tables[i].fd;
		if (tables[i].pin)
			fd = bpf_obj_get(state__path(filter->state, path, "%s", tables[i].pin));
		err = fd < 0 ? -errno : bpf_map__reuse_fd(tables[i].map, fd);
		if (tables[i].pin && fd >= 0)
			close(fd);
		if (err)
			return diag__fail(diag, -err, "cannot take over the table %s: %s",
					  bpf_map__name(tables[i].map), strerror(-err));
	}
	return 0;
}

/* The kind of program stays: a driver lays its buffers out for one or the other. */
static int swap(const struct filter *filter, const struct drop53_bpf *skeleton,
		struct drop53_interface *record, struct diag *diag)
{
	const struct bpf_program *program =
		record->frags ? skeleton->progs.drop53_frags : skeleton->progs.drop53;
	int link = link__open(filter, record->ifindex), err = 0;

	if (link < 0)
		return link == -ENOENT ? 0
				       : link__fail(-link, record->name, record->ifindex,
						    XDP_MODE_AUTO, diag);
	/* ENOLINK: the interface is gone; status says so. */
	if (bpf_link_update(link, bpf_program__fd(program), NULL)) {
		if (errno != ENOLINK)
			err = diag__fail(diag, errno, "%s: cannot swap the program: %s",
					 record->name, strerror(errno));
	} else {
		link__alive(link, record->ifindex, &record->program_id);
	}
	close(link);
	return err;
}

int upgrade__programs(struct filter *filter, int *swapped, struct diag *diag)
{
	struct drop53_bpf *skeleton = load__open(diag);
	struct drop53_interface *record;
	int slot, err, n = 0;

	if (!skeleton)
		return -ENOEXEC;
	load__configure(skeleton, &filter->settings->config);
	err = reuse_tables(skeleton, filter, diag);
	if (!err)
		err = load__programs(skeleton, diag);
	for (slot = 0; !err && slot < DROP53_MAX_INTERFACES; slot++) {
		record = &filter->settings->interface[slot];
		if (!record->mode)
			continue;
		err = swap(filter, skeleton, record, diag);
		n += !err;
	}
	if (!err)
		err = load__pin_programs(skeleton, filter->state->directory, diag);
	if (!err)
		*swapped = n;
	drop53_bpf__destroy(skeleton);
	return err;
}
