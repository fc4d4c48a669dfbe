/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/shadow.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* One more, for a table of no slots: mmap() refuses an empty mapping. */
static size_t length_of(__u32 slots)
{
	return (slots + 1ul) * sizeof(struct shadow_slot);
}

int shadow__open(struct shadow *shadow, __u32 slots)
{
	void *at = mmap(NULL, length_of(slots), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);

	if (at == MAP_FAILED)
		return -ENOMEM;
	*shadow = (struct shadow){.slot = at, .n = slots};
	return 0;
}

void shadow__close(struct shadow *shadow)
{
	if (shadow->slot)
		munmap(shadow->slot, length_of(shadow->n));
	*shadow = (struct shadow){};
}

void shadow__clear(struct shadow *shadow)
{
	memset(shadow->slot, 0, shadow->n * sizeof(*shadow->slot));
}

__u64 shadow__gain(struct shadow *shadow, const struct source_slot *slot)
{
	__u64 packets = slot->source.count.packets, gain = 0;
	struct shadow_slot *seen;

	if (slot->index >= shadow->n)
		return 0;
	seen = &shadow->slot[slot->index];
	/* From one walk to the next the slot has lost its tenant, or that has sent more. */
	if (shadow->known)
		gain = seen->tenant == slot->tenant ? (__u32)packets - seen->packets : packets;
	seen->tenant = slot->tenant;
	seen->packets = packets;
	return gain;
}

__u64 shadow__seen(const struct shadow *shadow, const struct source_slot *slot)
{
	__u64 packets = slot->source.count.packets;
	const struct shadow_slot *seen;

	if (slot->index >= shadow->n)
		return 0;
	seen = &shadow->slot[slot->index];
	if (seen->tenant != slot->tenant)
		return 0;
	return packets - ((__u32)packets - seen->packets);
}
