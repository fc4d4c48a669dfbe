/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/expected.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>

static void add(struct expected *expected, const char *name)
{
	size_t i;

	for (i = 0; i < expected->n; i++)
		if (!strcmp(expected->name[i], name))
			return;
	if (i < sizeof(expected->name) / sizeof(expected->name[0]))
		snprintf(expected->name[expected->n++], DROP53_IFNAME, "%s", name);
}

void expected__find(const struct config *config, struct expected *expected)
{
	struct if_nameindex *there = if_nameindex(), *each;
	size_t i;

	*expected = (struct expected){};
	for (i = 0; i < config->n_interfaces; i++)
		if (config__is_name(config->interfaces[i]))
			add(expected, config->interfaces[i]);
	for (each = there; each && each->if_index; each++)
		if (config__wants(config, each->if_name))
			add(expected, each->if_name);
	if (there)
		if_freenameindex(there);
	expected->nothing_matches = !expected->n;
	for (i = 0; expected->nothing_matches && i < config->n_interfaces; i++)
		add(expected, config->interfaces[i]);
}
