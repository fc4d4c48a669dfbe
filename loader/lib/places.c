/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/places.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/diag.h"

/* No interface has it: a slot that is between two owners is found by nobody. */
#define NOBODY 0xffffffffu

int places__find(const struct filter *filter, __u32 ifindex)
{
	const struct drop53_settings *settings = filter->settings;
	__u32 slots = settings->config.interfaces - 1, i, slot;

	for (i = 0; i < slots; i++) {
		slot = (ifindex + i) & (slots - 1);
		if (settings->ifindex[slot] == ifindex || !settings->ifindex[slot])
			return slot;
	}
	/* All were used once, so the program passes over none of them: any will do. */
	for (slot = 0; slot < slots; slot++)
		if (!settings->interface[slot].mode)
			return slot;
	return -1;
}

/* Adds one CPU's block to the retired counts and clears it. Nobody else writes it any more. */
static void retire_block(struct drop53_settings *settings, struct drop53_counters *block)
{
	int cell;

	if (block->epoch >= (__u32)(settings->epochs >> 32)) {
		for (cell = 0; cell < DROP53_CELLS; cell++) {
			settings->retired[cell].packets += block->cell[cell].packets;
			settings->retired[cell].bytes += block->cell[cell].bytes;
		}
	}
	memset(block->cell, 0, sizeof(block->cell));
}

static int retire(struct filter *filter, int slot, struct diag *diag)
{
	struct drop53_settings *settings = filter->settings;
	__u32 per_cpu = settings->config.interfaces, cpu;
	size_t length = sizeof(struct drop53_counters) * per_cpu * settings->cpus;
	struct drop53_counters *blocks;

	/* Programs that still know the slot end before this returns: it waits for all CPUs. */
	syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	blocks = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, filter->counters, 0);
	if (blocks == MAP_FAILED)
		return diag__fail(diag, errno, "cannot map the counters: %s", strerror(errno));
	for (cpu = 0; cpu < settings->cpus; cpu++)
		retire_block(settings, &blocks[cpu * per_cpu + slot]);
	munmap(blocks, length);
	return 0;
}

int places__take(struct filter *filter, int slot, __u32 ifindex, const char *name,
		 struct diag *diag)
{
	struct drop53_settings *settings = filter->settings;
	struct drop53_interface *record = &settings->interface[slot];
	int err;

	if (settings->ifindex[slot] && settings->ifindex[slot] != ifindex) {
		__atomic_store_n(&settings->ifindex[slot], NOBODY, __ATOMIC_RELEASE);
		err = strncmp(record->name, name, DROP53_IFNAME) ? retire(filter, slot, diag) : 0;
		if (err)
			return err;
	}
	record->ifindex = ifindex;
	snprintf(record->name, sizeof(record->name), "%s", name);
	__atomic_store_n(&settings->ifindex[slot], ifindex, __ATOMIC_RELEASE);
	return 0;
}

bool places__is_here(const struct filter *filter, const struct drop53_interface *record)
{
	char name[IF_NAMESIZE];

	return filter->settings->netns == filter__netns() && if_indextoname(record->ifindex, name);
}
