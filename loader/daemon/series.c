/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/series.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/memory.h"
#include "daemon/shadow.h"
#include "lib/diag.h"
#include "lib/metrics.h"
#include "lib/prefix.h"

/* What a source must have of all drops in the window: a flood from forged ones has no such. */
#define LEAST_SHARE    1000
#define SECONDS_MINUTE 60.0

struct series {
	struct config config;
	__u8 length[DROP53_FAMILY__N]; /* what sources are cut to, with this filter's table */
	struct topk topk;
	struct topk_round round;
	struct frequent *others;
	struct memory memory;
	double budget; /* newcomers that may be now */
	__u64 last;    /* walk, in seconds */

	struct shadow shadow;
	__u64 epochs;
	__u64 identity; /* of the filter: its random key */
	__u64 untracked;
	__u64 dropped; /* in this window, by any source or none */
};

int series__open(struct series **series, struct diag *diag)
{
	struct series *made = calloc(1, sizeof(*made));

	if (made)
		made->others = frequent__new();
	if (!made || !made->others) {
		series__close(made);
		return diag__fail(diag, ENOMEM, "out of memory");
	}
	*series = made;
	return 0;
}

void series__close(struct series *series)
{
	if (!series)
		return;
	shadow__close(&series->shadow);
	memory__close(&series->memory);
	frequent__free(series->others);
	free(series);
}

void series__configure(struct series *series, const struct config *config)
{
	series->config = *config;
	if (series->budget > config->newcomers || !series->last)
		series->budget = config->newcomers;
}

static __u64 now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec;
}

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

/* Another filter than at the last walk: its own memory, and nothing known of its slots. */
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
	series->identity = filter->settings->config.hash_key[0];
	series->epochs = filter->settings->epochs;
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

/* The whole of what the table had, at the first walk, for those that it made series of. */
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
	if (entry->chosen_at != series->last || entry->seen)
		return;
	packets = shadow__seen(&series->shadow, slot);
	entry->packets += packets;
	series->round.sum[found] += packets;
}

/* Newcomers whose counts are not known yet are exactly those with nothing seen. */
static int count_added(struct series *series, const struct filter *filter, const int *added,
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

static int choose(struct series *series, const struct filter *filter, double elapsed,
		  struct diag *diag)
{
	const struct config *config = &series->config;
	const struct topk_limits limits = {config->top, config->min_rate, config->newcomers};
	__u64 least = config->min_rate * elapsed;
	struct frequent_item others[TOPK_MAX];
	int added[TOPK_MAX];
	size_t n;

	if (least < series->dropped / LEAST_SHARE)
		least = series->dropped / LEAST_SHARE;
	if (!least)
		least = 1;
	series->budget += config->newcomers * elapsed / SECONDS_MINUTE;
	if (series->budget > config->newcomers)
		series->budget = config->newcomers;
	topk__settle(&series->round, least, series->last);
	if (!series->shadow.known)
		return 0;
	n = frequent__list(series->others, least, others, TOPK_MAX);
	n = topk__choose(&series->round, &limits, others, n, least, series->last, &series->budget,
			 added);
	return count_added(series, filter, added, n, diag);
}

/* A reset makes every slot and every count nobody's; what comes then is all new. */
static void notice_reset(struct series *series, const struct filter *filter)
{
	if (series->epochs == filter->settings->epochs)
		return;
	series->epochs = filter->settings->epochs;
	series->untracked = 0;
	series->topk = (struct topk){};
	shadow__clear(&series->shadow);
}

static int walk(struct series *series, const struct filter *filter, struct source_summary *summary,
		struct diag *diag)
{
	__u64 now = now_seconds();
	double elapsed = series->last ? now - series->last : SERIES_WINDOW_SECONDS;
	int err;

	notice_reset(series, filter);
	set_lengths(series, filter);
	forget_other_lengths(series);
	frequent__clear(series->others);
	topk__begin(&series->round, &series->topk);
	series->last = now;
	series->dropped = 0;
	err = sources__each(filter, on_slot, series, summary, diag);
	if (err)
		return err;
	/* Read while packets arrive, it could be seen to fall. */
	if (summary->untracked.packets < series->untracked)
		summary->untracked.packets = series->untracked;
	if (series->shadow.known)
		series->dropped += summary->untracked.packets - series->untracked;
	else
		topk__infer_gains(&series->round);
	series->untracked = summary->untracked.packets;
	err = choose(series, filter, elapsed, diag);
	series->shadow.known = true;
	memory__keep(&series->memory, filter);
	memory__store(&series->memory, series->epochs, &series->topk);
	return err;
}

static int walk_filter(struct series *series, const struct filter *filter,
		       struct source_summary *summary, struct diag *diag)
{
	int err = 0;

	if (series->config.sources == METRICS_SOURCES_OFF) {
		shadow__close(&series->shadow);
		return sources__each(filter, NULL, NULL, summary, diag);
	}
	if (!series->shadow.slot || series->shadow.n != filter__capacity(filter) ||
	    series->identity != filter->settings->config.hash_key[0])
		err = meet(series, filter, diag);
	return err ? err : walk(series, filter, summary, diag);
}

int series__walk(struct series *series, const char *bpffs, struct source_summary *summary,
		 struct diag *diag)
{
	struct source_summary now = {};
	struct filter filter;
	struct state state;
	int err;

	err = state__open(&state, bpffs, diag);
	if (err)
		return err;
	err = filter__open(&filter, &state, FILTER_READ, diag);
	if (!err) {
		err = walk_filter(series, &filter, &now, diag);
	} else if (err == -ENOENT) {
		shadow__close(&series->shadow);
		series->topk = (struct topk){};
		err = 0;
	}
	filter__close(&filter);
	if (!err)
		*summary = now;
	return err;
}

void series__write(FILE *out, const struct series *series)
{
	static const char *const name = "drop53_source_dropped_packets_total";
	const struct topk_entry *entry;
	struct source source = {};
	char text[SOURCE_TEXT];
	__u32 i;

	if (series->config.sources == METRICS_SOURCES_OFF)
		return;
	metrics__head(out, name, "counter", "Packets dropped from the sources that send most.");
	for (i = 0; i < series->topk.n; i++) {
		entry = &series->topk.entry[i];
		if (!entry->chosen_at)
			continue;
		source.family = entry->key.family;
		memcpy(source.address, entry->key.address, sizeof(source.address));
		source__format(&source, series->length, text);
		fprintf(out, "%s{source=\"%s\",family=\"%s\"} %llu\n", name, text,
			family__name(source.family), entry->packets);
	}
}
