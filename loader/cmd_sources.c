/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <getopt.h>

#include "cmd.h"
#include "lib/counters.h"
#include "lib/sources.h"
#include "out.h"

enum { OPTION_JSON = 1, OPTION_CSV, OPTION_SORT, OPTION_LIMIT, OPTION_AGGREGATE };

static const struct option options[] = {
	{"json", no_argument, NULL, OPTION_JSON},
	{"csv", no_argument, NULL, OPTION_CSV},
	{"sort", required_argument, NULL, OPTION_SORT},
	{"limit", required_argument, NULL, OPTION_LIMIT},
	{"aggregate", required_argument, NULL, OPTION_AGGREGATE},
	{},
};

struct request {
	bool json;
	bool csv;
	enum source_order order;
	unsigned long long limit;
	__u8 aggregate[DROP53_FAMILY__N];
};

/* A source in words, for all three formats. */
struct row {
	char source[SOURCE_TEXT];
	const char *family;
	__u64 udp_packets;
	char first_seen[TIME_TEXT];
	char last_seen[TIME_TEXT];
};

static void describe(const struct filter *filter, const struct source_table *table,
		     const struct source *source, struct row *row)
{
	source__format(source, table->length, row->source);
	row->family = family__name(source->family);
	row->udp_packets = source->count.packets - source->tcp_packets;
	format_time(filter__wall_time(filter, source->first_seen), row->first_seen);
	format_time(filter__wall_time(filter, source->last_seen), row->last_seen);
}

/* The table may hold hundreds of thousands: written as it goes, not built whole. */
static void print_json(const struct filter *filter, const struct source_table *table, size_t n)
{
	struct row row;
	size_t i;

	out("{\"schema_version\":1,\"tracked\":%zu,\"capacity\":%u,"
	    "\"total\":{\"packets\":%llu,\"bytes\":%llu},"
	    "\"untracked\":{\"packets\":%llu,\"bytes\":%llu},\"sources\":[",
	    table->n, table->capacity, table->total.packets, table->total.bytes,
	    table->untracked.packets, table->untracked.bytes);
	for (i = 0; i < n; i++) {
		const struct source *source = &table->sources[i];

		describe(filter, table, source, &row);
		out("%s{\"source\":\"%s\",\"family\":\"%s\",\"packets\":%llu,\"bytes\":%llu,"
		    "\"udp_packets\":%llu,\"tcp_packets\":%llu,\"first_seen\":\"%s\","
		    "\"last_seen\":\"%s\"}",
		    i ? "," : "", row.source, row.family, source->count.packets,
		    source->count.bytes, row.udp_packets, source->tcp_packets, row.first_seen,
		    row.last_seen);
	}
	out("]}\n");
}

static void print_csv(const struct filter *filter, const struct source_table *table, size_t n)
{
	struct row row;
	size_t i;

	out("source,family,packets,bytes,udp_packets,tcp_packets,first_seen,last_seen\n");
	for (i = 0; i < n; i++) {
		const struct source *source = &table->sources[i];

		describe(filter, table, source, &row);
		out("%s,%s,%llu,%llu,%llu,%llu,%s,%s\n", row.source, row.family,
		    source->count.packets, source->count.bytes, row.udp_packets,
		    source->tcp_packets, row.first_seen, row.last_seen);
	}
}

static void print_text(const struct filter *filter, const struct source_table *table, size_t n)
{
	struct row row;
	size_t i;

	if (n)
		out("%-39s %14s %16s %14s %14s  %-24s %s\n", "SOURCE", "PACKETS", "BYTES", "UDP",
		    "TCP", "FIRST SEEN", "LAST SEEN");
	for (i = 0; i < n; i++) {
		const struct source *source = &table->sources[i];

		describe(filter, table, source, &row);
		out("%-39s %14llu %16llu %14llu %14llu  %-24s %s\n", row.source,
		    source->count.packets, source->count.bytes, row.udp_packets,
		    source->tcp_packets, row.first_seen, row.last_seen);
	}
	out_note("%zu of %zu sources; %llu packets and %llu bytes dropped, of which %llu packets "
		 "from sources not tracked",
		 n, table->n, table->total.packets, table->total.bytes, table->untracked.packets);
}

static int parse(struct context *context, int argc, char **argv, struct request *request)
{
	static const char *const orders[] = {"packets", "bytes", "last-seen"};
	int option, word;

	while ((option = next_option(context, argc, argv, options)) != -1) {
		switch (option) {
		case OPTION_JSON:
			request->json = true;
			break;
		case OPTION_CSV:
			request->csv = true;
			break;
		case OPTION_SORT:
			word = parse_word(context, "--sort", optarg, orders, 3);
			if (word < 0)
				return word;
			request->order = SOURCES_BY_PACKETS + word;
			break;
		case OPTION_LIMIT:
			if (parse_number(context, "--limit", optarg, 0, 1u << 30, &request->limit))
				return -EINVAL;
			break;
		case OPTION_AGGREGATE:
			if (parse_lengths(context, "--aggregate", optarg, request->aggregate))
				return -EINVAL;
			break;
		default:
			return -EINVAL;
		}
	}
	if (optind < argc)
		return usage_error(context, argv[0], "'%s': takes no arguments", argv[optind]);
	if (request->json && request->csv)
		return usage_error(context, argv[0], "--json or --csv, not both");
	return 0;
}

int cmd_sources(struct context *context, int argc, char **argv)
{
	struct request request = {.order = SOURCES_BY_PACKETS, .limit = ~0ull};
	struct source_table table;
	struct filter filter;
	struct state state;
	size_t n;
	int err;

	err = parse(context, argc, argv, &request);
	if (err)
		return err;
	err = open_filter(context, &state, &filter, FILTER_READ);
	if (!err)
		err = sources__read(&filter, &table, &context->diag);
	if (!err) {
		sources__aggregate(&table, request.aggregate);
		sources__sort(&table, request.order);
		n = table.n < request.limit ? table.n : request.limit;
		if (request.json)
			print_json(&filter, &table, n);
		else if (request.csv)
			print_csv(&filter, &table, n);
		else
			print_text(&filter, &table, n);
		sources__free(&table);
	}
	close_filter(&state, &filter);
	return err;
}
