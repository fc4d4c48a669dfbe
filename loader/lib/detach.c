/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/detach.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "lib/diag.h"
#include "lib/link.h"
#include "lib/places.h"

int detach__slot(struct filter *filter, int slot, struct diag *diag)
{
	struct drop53_interface *record = &filter->settings->interface[slot];
	char path[PATH_MAX];
	int link = link__open(filter, record->ifindex), err = 0;

	if (link >= 0) {
		/* ENOLINK: the interface is gone, and the link with it. */
		if (bpf_link_detach(link) && errno != ENOLINK)
			err = diag__fail(diag, errno, "%s: cannot detach: %s", record->name,
					 strerror(errno));
		close(link);
	} else if (link != -ENOENT) {
		err = diag__fail(diag, -link, "%s: cannot open its link: %s", record->name,
				 strerror(-link));
	}
	if (err)
		return err;
	if (unlink(state__path(filter->state, path, PIN_LINK, record->ifindex)) && errno != ENOENT)
		return diag__fail(diag, errno, "%s: cannot remove: %s", path, strerror(errno));
	record->mode = 0;
	return 0;
}

/* The slot of an attached interface that goes by @name today; -1. */
static int find_by_name(const struct filter *filter, const char *name)
{
	const struct drop53_interface *record = filter->settings->interface;
	char now[IF_NAMESIZE];
	int slot;

	for (slot = 0; slot < DROP53_MAX_INTERFACES; slot++)
		if (record[slot].mode && places__is_here(filter, &record[slot]) &&
		    if_indextoname(record[slot].ifindex, now) && !strcmp(now, name))
			return slot;
	return -1;
}

/* The same by its name when it was attached: it is gone, or renamed and nobody took the name. */
static int find_attached(const struct filter *filter, const char *name)
{
	const struct drop53_interface *record = filter->settings->interface;
	int slot = find_by_name(filter, name);

	if (slot >= 0)
		return slot;
	for (slot = 0; slot < DROP53_MAX_INTERFACES; slot++)
		if (record[slot].mode && !strncmp(record[slot].name, name, DROP53_IFNAME) &&
		    (!places__is_here(filter, &record[slot]) || !if_nametoindex(name)))
			return slot;
	return -1;
}

int detach__interfaces(struct filter *filter, char *const names[], size_t n, struct diag *diag)
{
	int err = 0, slot;
	size_t i;

	for (i = 0; i < n; i++)
		if (find_attached(filter, names[i]) < 0)
			return diag__fail(diag, ENOENT,
					  "%s: not attached; drop53 status lists "
					  "what is",
					  names[i]);
	for (i = 0; i < n; i++)
		while (!err && (slot = find_attached(filter, names[i])) >= 0)
			err = detach__slot(filter, slot, diag);
	return err;
}

int detach__everything(struct filter *filter, struct diag *diag)
{
	int slot, err = 0;

	for (slot = 0; !err && slot < DROP53_MAX_INTERFACES; slot++)
		if (filter->settings->interface[slot].mode)
			err = detach__slot(filter, slot, diag);
	return err;
}

int detach__unread(struct state *state, struct diag *diag)
{
	DIR *directory = opendir(state->directory);
	struct dirent *entry;
	char path[PATH_MAX];
	int err = 0, link;

	if (!directory)
		return diag__fail(diag, errno, "%s: %s", state->directory, strerror(errno));
	while (!err && (entry = readdir(directory))) {
		if (strncmp(entry->d_name, "link-", strlen("link-")))
			continue;
		link = bpf_obj_get(state__path(state, path, "%s", entry->d_name));
		if (link < 0 || (bpf_link_detach(link) && errno != ENOLINK))
			err = diag__fail(diag, errno, "%s: cannot detach: %s", path,
					 strerror(errno));
		if (link >= 0)
			close(link);
	}
	closedir(directory);
	return err ? err : state__discard(state, diag);
}
