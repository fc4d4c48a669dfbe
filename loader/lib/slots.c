/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/slots.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/diag.h"
#include "lib/sources.h"

/*
 * A slot is taken over by a new source between two additions to `state`. On x86 stores become
 * visible in their order, so an equal, even `state` before and after a copy proves it whole.
 * Elsewhere they may not: there the reader lets every CPU pass a quiescent point, after which
 * what a program wrote before is visible, on either side of the copy.
 */
static void settle(void)
{
#if !defined(__x86_64__) && !defined(__i386__)
	syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
#endif
}

#define STATE_BUSY(state) ((state)&DROP53_STATE_STEP)

static __u32 state_of(const struct drop53_source *slot)
{
	return __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
}

/* One slot out of the mapped table, whole; false if it changes hands all the time. */
static bool copy_slot(const struct drop53_source *slot, struct drop53_source *copy)
{
	const volatile __u64 *from = (const volatile __u64 *)slot;
	__u64 *to = (__u64 *)copy;
	int tries;
	size_t i;

	for (tries = 0; tries < 1000; tries++) {
		__u32 before = state_of(slot);

		if (STATE_BUSY(before))
			continue;
		for (i = 0; i < sizeof(*copy) / sizeof(*to); i++)
			to[i] = from[i];
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (state_of(slot) == before)
			return true;
	}
	return false;
}

/* The states alone, in passes before and after the copy. */
static void copy_states(const struct view *view, __u32 *states)
{
	const struct drop53_source *slots = view->data;
	__u32 i;

	for (i = 0; i < view->entries; i++)
		states[i] = state_of(&slots[i]);
}

/*
 * The whole table for a reader without write access, or on a CPU that reorders stores: three
 * passes, and a slot counts if its state is the same in the first and the last.
 */
static int copy_table(struct view *view, struct drop53_source *copy, __u32 *before,
		      struct diag *diag)
{
	const struct drop53_source *slots = view->data;
	int err;
	__u32 i;

	copy_states(view, before);
	settle();
	err = view__refresh(view, diag);
	if (err)
		return err;
	memcpy(copy, view->data, view->length);
	settle();
	err = view__refresh(view, diag);
	if (err)
		return err;
	for (i = 0; i < view->entries; i++)
		if (STATE_BUSY(before[i]) || state_of(&slots[i]) != before[i] ||
		    copy[i].state != before[i])
			copy[i].packets = 0;
	return 0;
}

static bool in_order(void)
{
#if defined(__x86_64__) || defined(__i386__)
	return true;
#else
	return false;
#endif
}

int slots__open(struct slots *slots, const struct filter *filter, struct diag *diag)
{
	__u32 *before;
	int err;

	*slots = (struct slots){};
	err = view__open(&slots->view, filter->sources, sizeof(struct drop53_source), diag);
	if (err || (slots->view.mapped && in_order()))
		return err;
	slots->copy = malloc(slots->view.length);
	before = malloc(slots->view.entries * sizeof(*before));
	if (slots->copy && before)
		err = copy_table(&slots->view, slots->copy, before, diag);
	else
		err = diag__fail(diag, ENOMEM, "out of memory for %u sources", slots->view.entries);
	free(before);
	return err;
}

bool slots__get(const struct slots *slots, __u32 i, struct drop53_source *slot)
{
	const struct drop53_source *mapped = slots->view.data;

	if (slots->copy) {
		*slot = slots->copy[i];
		return slot->packets;
	}
	return mapped[i].packets && copy_slot(&mapped[i], slot);
}

void slots__close(struct slots *slots)
{
	free(slots->copy);
	if (slots->view.data)
		view__close(&slots->view);
}

bool slot__interpret(const struct drop53_source *slot, __u64 epochs, struct source *source,
		     struct drop53_count untracked[DROP53_ACCOUNT__N])
{
	struct drop53_count *lost = &untracked[drop53_account(slot->state)];
	__u32 epoch = epochs, zero = epochs >> 32;

	if (!slot->packets || slot->epoch < zero)
		return false;
	if (slot->epoch != epoch) {
		lost->packets += slot->packets;
		lost->bytes += slot->bytes;
		return false;
	}
	memcpy(source->address, slot->address, sizeof(source->address));
	source->family = slot->state & DROP53_STATE_FAMILY;
	source->count.packets = slot->packets;
	source->count.bytes = slot->bytes;
	source->tcp_packets = slot->tcp_packets;
	source->first_seen = slot->first_seen;
	source->last_seen = slot->last_seen;
	return true;
}
