/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "lib/attachment.h"
#include "lib/diag.h"
#include "lib/policy.h"

void metrics__head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/*
 * An interface's name may hold any byte but '/', ':' and blanks, and one label that is not UTF-8
 * makes a scraper refuse the whole answer.
 */
void metrics__label(FILE *out, const char *name, const char *value)
{
	const unsigned char *byte;

	fprintf(out, "%s=\"", name);
	for (byte = (const unsigned char *)value; *byte; byte++) {
		if (*byte < ' ' || *byte > '~')
			fprintf(out, "\\\\x%02x", *byte);
		else if (*byte == '\\' || *byte == '"')
			fprintf(out, "\\%c", *byte);
		else
			fputc(*byte, out);
	}
	fputc('"', out);
}

static void write_gauge(FILE *out, const char *name, const char *help, unsigned long long value)
{
	metrics__head(out, name, "gauge", help);
	fprintf(out, "%s %llu\n", name, value);
}

static void write_counters(FILE *out, const struct metrics *metrics, const char *name,
			   const char *help, size_t offset)
{
	const struct counter *counter;
	size_t i;

	metrics__head(out, name, "counter", help);
	for (i = 0; i < metrics->n_counters; i++) {
		counter = &metrics->counters[i];
		fprintf(out, "%s{", name);
		metrics__label(out, "interface", counter->interface);
		fprintf(out, ",family=\"%s\",protocol=\"%s\",verdict=\"%s\",reason=\"%s\"} %llu\n",
			family__name(counter->family), protocol__name(counter->protocol),
			verdict__name(counter->verdict), reason__name(counter->reason),
			*(const __u64 *)((const char *)&counter->count + offset));
	}
}

static void write_interfaces(FILE *out, const struct metrics *metrics)
{
	static const char *const name = "drop53_interface_attached";
	const struct metrics_interface *interface;
	size_t i;

	metrics__head(out, name, "gauge", "Whether the filter is on the interface (1) or not (0).");
	for (i = 0; i < metrics->n_interfaces; i++) {
		interface = &metrics->interfaces[i];
		fprintf(out, "%s{", name);
		metrics__label(out, "interface", interface->name);
		fprintf(out, ",xdp_mode=\"%s\"} %d\n",
			interface->mode == XDP_MODE_AUTO ? "none" : xdp_mode__name(interface->mode),
			interface->attached);
	}
}

static void write_allow(FILE *out, const struct metrics *metrics)
{
	static const char *const name = "drop53_allow_prefixes";
	int family;

	metrics__head(out, name, "gauge", "Prefixes in the allow-list, exceptions included.");
	for (family = DROP53_FAMILY_IPV4; family < DROP53_FAMILY__N; family++)
		fprintf(out, "%s{family=\"%s\"} %u\n", name, family__name(family),
			metrics->allow.prefixes[family]);
	write_gauge(out, "drop53_allow_generation",
		    "Number of the allow-list in force; a new list has the next one.",
		    metrics->allow.generation);
}

static void write_sources(FILE *out, const struct metrics *metrics)
{
	static const char *const name = "drop53_sources_untracked_packets_total";

	write_gauge(out, "drop53_sources_tracked", "Sources that drops are counted for now.",
		    metrics->sources.tracked);
	write_gauge(out, "drop53_sources_allowed",
		    "Sources that allowed packets are counted for now, in slots of the same table.",
		    metrics->sources.allowed);
	write_gauge(out, "drop53_sources_capacity", "Slots for sources, over all CPUs.",
		    metrics->sources.capacity);
	metrics__head(out, name, "counter",
		      "Dropped packets whose source has no slot, or has lost it.");
	fprintf(out, "%s %llu\n", name, metrics->sources.untracked.packets);
}

void metrics__write(FILE *out, const struct metrics *metrics)
{
	metrics__head(out, "drop53_build_info", "gauge", "Always 1; the version is in the label.");
	fprintf(out, "drop53_build_info{version=\"%s\"} 1\n", DROP53_VERSION);
	write_gauge(out, "drop53_enforcing",
		    "Whether port-53 traffic is dropped (1), or only counted or not seen (0).",
		    metrics->loaded && metrics->policy == DROP53_POLICY_ENFORCE);
	write_interfaces(out, metrics);
	if (!metrics->loaded)
		return;
	write_counters(out, metrics, "drop53_packets_total",
		       "Port-53 packets and odd shapes, by what became of them.",
		       offsetof(struct drop53_count, packets));
	write_counters(out, metrics, "drop53_bytes_total",
		       "The same in bytes of whole frames, without FCS.",
		       offsetof(struct drop53_count, bytes));
	write_allow(out, metrics);
	write_sources(out, metrics);
}

static int by_labels(const void *a, const void *b)
{
	const struct counter *x = a, *y = b;
	int order = strncmp(x->interface, y->interface, sizeof(x->interface));

	order = order ? order : (int)x->verdict - (int)y->verdict;
	order = order ? order : (int)x->reason - (int)y->reason;
	order = order ? order : (int)x->family - (int)y->family;
	return order ? order : (int)x->protocol - (int)y->protocol;
}

/*
 * An interface that went and came back has a second slot under the same name. Its old packets
 * still count: a counter only grows.
 */
static void merge_names(struct metrics *metrics)
{
	struct counter *counters = metrics->counters;
	size_t from, to = 0;

	if (!metrics->n_counters)
		return;
	qsort(counters, metrics->n_counters, sizeof(*counters), by_labels);
	for (from = 1; from < metrics->n_counters; from++) {
		if (by_labels(&counters[to], &counters[from])) {
			counters[++to] = counters[from];
			continue;
		}
		counters[to].count.packets += counters[from].count.packets;
		counters[to].count.bytes += counters[from].count.bytes;
	}
	metrics->n_counters = to + 1;
}

/* The entry of that name, a new one if need be; NULL: no room. */
static struct metrics_interface *interface_named(struct metrics *metrics, const char *name)
{
	struct metrics_interface *interface;
	size_t i;

	for (i = 0; i < metrics->n_interfaces; i++)
		if (!strncmp(metrics->interfaces[i].name, name, DROP53_IFNAME))
			return &metrics->interfaces[i];
	if (i == sizeof(metrics->interfaces) / sizeof(metrics->interfaces[0]))
		return NULL;
	interface = &metrics->interfaces[metrics->n_interfaces++];
	*interface = (struct metrics_interface){.mode = XDP_MODE_AUTO};
	snprintf(interface->name, sizeof(interface->name), "%s", name);
	return interface;
}

void metrics__expect(struct metrics *metrics, const char *interface)
{
	interface_named(metrics, interface);
}

static void read_interfaces(const struct filter *filter, struct metrics *metrics)
{
	struct attachment all[DROP53_MAX_INTERFACES];
	struct metrics_interface *interface;
	int n = attachments__list(filter, all), i;

	for (i = 0; i < n; i++) {
		interface = interface_named(metrics, all[i].name);
		/* Of two with one name, the living one counts. */
		if (!interface || !all[i].attached)
			continue;
		interface->mode = all[i].mode;
		interface->attached = true;
	}
}

int metrics__read(const struct filter *filter, struct metrics *metrics, struct diag *diag)
{
	struct metrics result = {.loaded = true};
	__u64 until;
	int n, err;

	err = allowlist__status(filter, &result.allow, diag);
	if (err)
		return err;
	n = counters__read(filter, &result.counters, diag);
	if (n < 0)
		return n;
	result.n_counters = n;
	merge_names(&result);
	read_interfaces(filter, &result);
	result.policy = policy__get(filter, &until);
	result.sources.capacity = filter__capacity(filter);
	*metrics = result;
	return 0;
}

void metrics__free(struct metrics *metrics)
{
	free(metrics->counters);
	metrics->counters = NULL;
	metrics->n_counters = 0;
}
