/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/counters.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/diag.h"
#include "lib/view.h"

/* What the last slot counts for: packets of an interface that has no slot (a bond's member). */
#define UNKNOWN_INTERFACE "unknown"

/* Whether a packet can get this outcome: a later fragment may be of any protocol, and so on. */
static bool is_possible(enum drop53_outcome outcome, enum drop53_family family,
			enum drop53_protocol protocol)
{
	switch (outcome__reason(outcome)) {
	case DROP53_REASON_PORT53:
	case DROP53_REASON_ALLOWED:
	case DROP53_REASON_NOT_LOCAL:
		return family != DROP53_FAMILY_NONE && protocol != DROP53_PROTOCOL_NONE;
	case DROP53_REASON_FRAGMENT:
		return family != DROP53_FAMILY_NONE;
	case DROP53_REASON_MALFORMED:
		return family != DROP53_FAMILY_NONE || protocol == DROP53_PROTOCOL_NONE;
	default:
		return protocol == DROP53_PROTOCOL_NONE;
	}
}

/* The last slot is for strays; what gave its slot away is shown with them. */
static bool is_stray(const struct filter *filter, __u32 slot)
{
	return slot == filter->settings->config.interfaces - 1;
}

static void sum_cpus(const struct filter *filter, const struct view *view, __u32 slot,
		     struct drop53_count cells[DROP53_CELLS])
{
	const struct drop53_settings *settings = filter->settings;
	__u32 zero = settings->epochs >> 32, cpu, cell;
	const struct drop53_counters *block;

	if (is_stray(filter, slot))
		memcpy(cells, settings->retired, DROP53_CELLS * sizeof(*cells));
	else
		memset(cells, 0, DROP53_CELLS * sizeof(*cells));
	for (cpu = 0; cpu < settings->cpus; cpu++) {
		if (cpu * settings->config.interfaces + slot >= view->entries)
			break;
		block = (const struct drop53_counters *)view->data +
			cpu * settings->config.interfaces + slot;
		if (block->epoch < zero)
			continue;
		for (cell = 0; cell < DROP53_CELLS; cell++) {
			cells[cell].packets += block->cell[cell].packets;
			cells[cell].bytes += block->cell[cell].bytes;
		}
	}
}

static void name_slot(const struct filter *filter, __u32 slot, char name[DROP53_IFNAME])
{
	const struct drop53_interface *record = &filter->settings->interface[slot];
	char now[IF_NAMESIZE];

	if (is_stray(filter, slot))
		snprintf(name, DROP53_IFNAME, UNKNOWN_INTERFACE);
	else if (record->mode && filter->settings->netns == filter__netns() &&
		 if_indextoname(record->ifindex, now))
		snprintf(name, DROP53_IFNAME, "%s", now);
	else
		memcpy(name, record->name, DROP53_IFNAME);
}

/* Appends one interface's counters. The slot for strays shows only what is not zero. */
static int append(const struct filter *filter, const struct view *view, __u32 slot,
		  struct counter *counters)
{
	bool stray = is_stray(filter, slot);
	struct drop53_count cells[DROP53_CELLS];
	char name[DROP53_IFNAME];
	int n = 0, outcome, family, protocol;

	sum_cpus(filter, view, slot, cells);
	name_slot(filter, slot, name);
	for (outcome = 0; outcome < DROP53_OUTCOME__N; outcome++) {
		for (family = 0; family < DROP53_FAMILY__N; family++) {
			for (protocol = 0; protocol < DROP53_PROTOCOL__N; protocol++) {
				__u32 cell = drop53_cell(outcome, family, protocol);

				if (!cells[cell].packets &&
				    (stray || !is_possible(outcome, family, protocol)))
					continue;
				counters[n] = (struct counter){
					.family = family,
					.protocol = protocol,
					.verdict = outcome__verdict(outcome),
					.reason = outcome__reason(outcome),
					.count = cells[cell],
				};
				memcpy(counters[n++].interface, name, sizeof(name));
			}
		}
	}
	return n;
}

/*
 * Adds what a slot has to the rows of another one of the same name: an interface that was deleted
 * and made again has two. Both have the same rows in the same order, or more where there were
 * oddities. Returns how many rows were added at the end.
 */
static int merge(struct counter *all, int n, const struct counter *more, int n_more)
{
	int added = 0, i, j;

	for (i = 0; i < n_more; i++) {
		for (j = 0; j < n; j++)
			if (!strncmp(all[j].interface, more[i].interface, DROP53_IFNAME) &&
			    all[j].family == more[i].family &&
			    all[j].protocol == more[i].protocol &&
			    all[j].verdict == more[i].verdict && all[j].reason == more[i].reason)
				break;
		if (j == n) {
			all[n + added++] = more[i];
			continue;
		}
		all[j].count.packets += more[i].count.packets;
		all[j].count.bytes += more[i].count.bytes;
	}
	return added;
}

int counters__read(const struct filter *filter, struct counter **counters, struct diag *diag)
{
	__u32 slots = filter->settings->config.interfaces, slot;
	struct counter *all, one[DROP53_CELLS];
	struct view view;
	int err, n = 0;

	err = view__open(&view, filter->counters, sizeof(struct drop53_counters), diag);
	if (err)
		return err;
	all = malloc(slots * DROP53_CELLS * sizeof(*all));
	if (!all) {
		view__close(&view);
		return diag__fail(diag, ENOMEM, "out of memory");
	}
	for (slot = 0; slot < slots; slot++)
		if (slot == slots - 1 || filter->settings->interface[slot].ifindex)
			n += merge(all, n, one, append(filter, &view, slot, one));
	view__close(&view);
	*counters = all;
	return n;
}

static bool is_of(const struct counter *counter, enum drop53_account account)
{
	return account == DROP53_ACCOUNT_ALLOWED ? counter->reason == DROP53_REASON_ALLOWED
						 : counter->verdict != DROP53_VERDICT_PASS;
}

struct drop53_count counters__of(const struct counter *counters, int n, enum drop53_account account)
{
	struct drop53_count sum = {};
	int i;

	for (i = 0; i < n; i++) {
		if (!is_of(&counters[i], account))
			continue;
		sum.packets += counters[i].count.packets;
		sum.bytes += counters[i].count.bytes;
	}
	return sum;
}
