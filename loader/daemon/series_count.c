/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/series_priv.h"

#include <errno.h>
#include <string.h>

#include "lib/diag.h"
#include "lib/prefix.h"

/* The lengths that the table has, or the configuration's where that is shorter. */
static void set_lengths(struct series *series, const struct filter *filter)
{
	const struct drop53_config *config = &filter->settings->config;
	int family, length;

	for (family = DROP53_FAMILY_IPV4; family < DROP53_FAMILY__N; family++) {
		length = __builtin_popcountll(config->source_mask[family][0]) +
			 __builtin_popcountll(config->source_mask[family][1]);
		if (series->config.sources == METRICS_SOURCES_PREFIX &&
		    series->config.source_length[family] < length)
			length = series->config.source_length[family];
		series->length[family] = length;
	}
}

/* Series of other lengths than are wanted now are other series. */
static void forget_other_lengths(struct series *series)
{
	struct topk *topk = &series->topk;
	__u32 i, kept = 0;

	for (i = 0; i < topk->n; i++)
		if (topk->entry[i].key.length == series->length[topk->entry[i].key.family])
			topk->entry[kept++] = topk->entry[i];
	topk->n = kept;
}

/*
 * Another filter than at the last walk has a memory of its own, and nothing is known of its slots.
 * A reset makes every slot and every count nobody's; what comes then is all new.
 */
static void notice_change(struct series *series, const struct filter *filter)
{
	const struct drop53_settings *settings = filter->settings;
	bool other = series->identity != settings->config.hash_key[0];

	if (!other && series->epochs == settings->epochs)
		return;
	if (other) {
		shadow__close(&series->shadow);
		memory__close(&series->memory);
	} else if (series->shadow.slot) {
		shadow__clear(&series->shadow);
	}
	series->identity = settings->config.hash_key[0];
	series->epochs = settings->epochs;
	series->untracked = 0;
	series->topk = (struct topk){};
}

/* Takes up what was known of this filter before: at the first walk, or with series again. */
static int meet(struct series *series, const struct filter *filter, struct diag *diag)
{
	__u32 slots = filter__capacity(filter);
	int err;

	shadow__close(&series->shadow);
	memory__close(&series->memory);
	err = memory__open(&series->memory, filter, diag);
	if (err)
		return err;
	if (shadow__open(&series->shadow, slots)) {
		memory__close(&series->memory);
		return diag__fail(diag, ENOMEM, "out of memory for %u sources", slots);
	}
	memory__load(&series->memory, series->epochs, &series->topk);
	return 0;
}

static void key_of(const struct series *series, const struct source *source,
		   struct frequent_key *key)
{
	__u32 length = series->length[source->family];
	__u8 address[16];

	memcpy(address, source->address, sizeof(address));
	prefix__mask(address, length);
	*key = (struct frequent_key){.family = source->family, .length = length};
	memcpy(key->address, address, sizeof(address));
}

static void on_slot(void *context, const struct source_slot *slot)
{
	struct series *series = context;
	__u64 gain = shadow__gain(&series->shadow, slot);
	struct frequent_key key;
	int entry;

	series->dropped += gain;
	key_of(series, &slot->source, &key);
	entry = topk__find(&series->round, &key);
	if (entry >= 0)
		topk__count(&series->round, entry, slot->source.count.packets, gain);
	else
		frequent__add(series->others, &key, gain);
}

/* What was evicted counts too: it was dropped in this window. */
static void count_untracked(struct series *series, struct source_summary *summary)
{
	__u64 packets = summary->untracked.packets;

	/* Read while packets arrive, it could be seen to fall. */
	if (packets < series->untracked)
		summary->untracked.packets = packets = series->untracked;
	if (series->shadow.known)
		series->dropped += packets - series->untracked;
	series->untracked = packets;
}

int series__count(struct series *series, const struct filter *filter,
		  struct source_summary *summary, struct diag *diag)
{
	bool wanted = series->config.sources != METRICS_SOURCES_OFF;
	int err = 0;

	notice_change(series, filter);
	if (!wanted)
		shadow__close(&series->shadow);
	else if (!series->shadow.slot || series->shadow.n != filter__capacity(filter))
		err = meet(series, filter, diag);
	if (err)
		return err;
	set_lengths(series, filter);
	forget_other_lengths(series);
	frequent__clear(series->others);
	topk__begin(&series->round, &series->topk);
	series->dropped = 0;
	err = sources__each(filter, wanted ? on_slot : NULL, series, summary, diag);
	if (err)
		return err;
	count_untracked(series, summary);
	if (!series->shadow.known)
		topk__infer_gains(&series->round);
	return 0;
}

static void on_slot_again(void *context, const struct source_slot *slot)
{
	struct series *series = context;
	struct topk_entry *entry;
	struct frequent_key key;
	__u64 packets;
	int found;

	key_of(series, &slot->source, &key);
	found = topk__find(&series->round, &key);
	if (found < 0)
		return;
	entry = &series->topk.entry[found];
	if (entry->chosen_at != (__u64)series->last || entry->seen)
		return;
	packets = shadow__seen(&series->shadow, slot);
	entry->packets += packets;
	series->round.sum[found] += packets;
}

/* Newcomers whose counts are not known yet are exactly those with nothing seen. */
int series__count_added(struct series *series, const struct filter *filter, const int *added,
			size_t n, struct diag *diag)
{
	struct source_summary ignored;
	int err;
	size_t i;

	if (!n)
		return 0;
	err = sources__each(filter, on_slot_again, series, &ignored, diag);
	for (i = 0; i < n; i++)
		series->topk.entry[added[i]].seen = series->round.sum[added[i]];
	return err;
}
