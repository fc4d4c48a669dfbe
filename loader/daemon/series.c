/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/series_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/diag.h"
#include "lib/metrics.h"

/* What a source must have of all drops in the window: a flood from forged ones has no such. */
#define LEAST_SHARE    1000
#define SECONDS_MINUTE 60.0

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

static double now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
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
	return series__count_added(series, filter, added, n, diag);
}

static int walk(struct series *series, const struct filter *filter, struct source_summary *summary,
		struct diag *diag)
{
	double now = now_seconds();
	double elapsed = series->last ? now - series->last : SERIES_WINDOW_SECONDS;
	int err;

	err = series__count(series, filter, summary, diag);
	if (err)
		return err;
	series->last = now;
	if (series->config.sources == METRICS_SOURCES_OFF)
		return 0;
	err = choose(series, filter, elapsed, diag);
	series->shadow.known = true;
	memory__keep(&series->memory, filter);
	memory__store(&series->memory, series->epochs, &series->topk);
	return err;
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
		err = walk(series, &filter, &now, diag);
	} else if (err == -ENOENT) {
		shadow__close(&series->shadow);
		series->identity = 0;
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
