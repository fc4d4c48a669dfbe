/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <getopt.h>

#include "cmd.h"
#include "lib/counters.h"
#include "lib/sources.h"
#include "out.h"
#include "rows.h"

enum { OPTION_JSON = 1, OPTION_CSV, OPTION_SORT, OPTION_LIMIT, OPTION_AGGREGATE, OPTION_ALLOWED };

static const struct option options[] = {
	{"json", no_argument, NULL, OPTION_JSON},
	{"csv", no_argument, NULL, OPTION_CSV},
	{"sort", required_argument, NULL, OPTION_SORT},
	{"limit", required_argument, NULL, OPTION_LIMIT},
	{"aggregate", required_argument, NULL, OPTION_AGGREGATE},
	{"allowed", no_argument, NULL, OPTION_ALLOWED},
	{},
};

struct request {
	bool json;
	bool csv;
	enum drop53_account account;
	enum source_order order;
	unsigned long long limit;
	__u8 aggregate[DROP53_FAMILY__N];
};

/* What every row needs. */
struct listing {
	const struct filter *filter;
	const struct source_table *table;
	size_t n; /* rows to print */
	struct row_clock clock;
};

static const char *account_name(enum drop53_account account)
{
	return account == DROP53_ACCOUNT_ALLOWED ? "allowed" : "dropped";
}

static char *put_source(char *at, const struct listing *listing, const struct source *source)
{
	return at + source__format(source, listing->table->length, at);
}

static char *put_jiffies(char *at, struct listing *listing, __u64 jiffies)
{
	return put_time(at, &listing->clock, filter__wall_time(listing->filter, jiffies));
}

static char *put_json(char *at, struct listing *listing, const struct source *source)
{
	at = put_text(at, "{\"source\":\"");
	at = put_source(at, listing, source);
	at = put_text(at, "\",\"family\":\"");
	at = put_text(at, family__name(source->family));
	at = put_text(at, "\",\"packets\":");
	at = put_number(at, source->count.packets);
	at = put_text(at, ",\"bytes\":");
	at = put_number(at, source->count.bytes);
	at = put_text(at, ",\"udp_packets\":");
	at = put_number(at, source->count.packets - source->tcp_packets);
	at = put_text(at, ",\"tcp_packets\":");
	at = put_number(at, source->tcp_packets);
	at = put_text(at, ",\"first_seen\":\"");
	at = put_jiffies(at, listing, source->first_seen);
	at = put_text(at, "\",\"last_seen\":\"");
	at = put_jiffies(at, listing, source->last_seen);
	return put_text(at, "\"}");
}

/* The table may hold hundreds of thousands: written as it goes, not built whole. */
static void print_json(struct listing *listing)
{
	const struct source_table *table = listing->table;
	char row[ROW_TEXT], *end;
	size_t i;

	out("{\"schema_version\":1,\"account\":\"%s\",\"tracked\":%zu,\"capacity\":%u,"
	    "\"total\":{\"packets\":%llu,\"bytes\":%llu},"
	    "\"untracked\":{\"packets\":%llu,\"bytes\":%llu},\"sources\":[",
	    account_name(table->account), table->n, table->capacity, table->total.packets,
	    table->total.bytes, table->untracked.packets, table->untracked.bytes);
	for (i = 0; i < listing->n; i++) {
		end = i ? put_text(row, ",") : row;
		end = put_json(end, listing, &table->sources[i]);
		out_bytes(row, end - row);
	}
	out("]}\n");
}

static void print_csv(struct listing *listing)
{
	char row[ROW_TEXT], *at;
	size_t i;

	out("source,family,packets,bytes,udp_packets,tcp_packets,first_seen,last_seen\n");
	for (i = 0; i < listing->n; i++) {
		const struct source *source = &listing->table->sources[i];
		const __u64 numbers[] = {source->count.packets, source->count.bytes,
					 source->count.packets - source->tcp_packets,
					 source->tcp_packets};

		at = put_text(put_source(row, listing, source), ",");
		at = put_text(at, family__name(source->family));
		for (size_t j = 0; j < sizeof(numbers) / sizeof(numbers[0]); j++)
			at = put_number(put_text(at, ","), numbers[j]);
		at = put_jiffies(put_text(at, ","), listing, source->first_seen);
		at = put_jiffies(put_text(at, ","), listing, source->last_seen);
		at = put_text(at, "\n");
		out_bytes(row, at - row);
	}
}

#define SOURCE_WIDTH 39

static void print_text(struct listing *listing)
{
	const struct source_table *table = listing->table;
	char row[ROW_TEXT], *at;
	size_t i;

	if (listing->n)
		out("%-39s %14s %16s %14s %14s  %-24s %s\n", "SOURCE", "PACKETS", "BYTES", "UDP",
		    "TCP", "FIRST SEEN", "LAST SEEN");
	for (i = 0; i < listing->n; i++) {
		const struct source *source = &table->sources[i];

		at = put_source(row, listing, source);
		if (at - row < SOURCE_WIDTH)
			at = put_blanks(at, row, SOURCE_WIDTH);
		at = put_column(at, source->count.packets, 14);
		at = put_column(at, source->count.bytes, 16);
		at = put_column(at, source->count.packets - source->tcp_packets, 14);
		at = put_column(at, source->tcp_packets, 14);
		at = put_jiffies(put_text(at, "  "), listing, source->first_seen);
		at = put_jiffies(put_text(at, " "), listing, source->last_seen);
		at = put_text(at, "\n");
		out_bytes(row, at - row);
	}
	out_note("%zu of %zu sources; %llu packets and %llu bytes %s, of which %llu packets from "
		 "sources not tracked",
		 listing->n, table->n, table->total.packets, table->total.bytes,
		 account_name(table->account), table->untracked.packets);
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
		case OPTION_ALLOWED:
			request->account = DROP53_ACCOUNT_ALLOWED;
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

static void print(const struct filter *filter, const struct source_table *table,
		  const struct request *request)
{
	struct listing listing = {
		.filter = filter,
		.table = table,
		.n = table->n < request->limit ? table->n : request->limit,
	};

	if (request->json)
		print_json(&listing);
	else if (request->csv)
		print_csv(&listing);
	else
		print_text(&listing);
}

int cmd_sources(struct context *context, int argc, char **argv)
{
	struct request request = {.order = SOURCES_BY_PACKETS, .limit = ~0ull};
	struct source_table table;
	struct filter filter;
	struct state state;
	int err;

	err = parse(context, argc, argv, &request);
	if (err)
		return err;
	err = open_filter(context, &state, &filter, FILTER_READ);
	if (!err)
		err = sources__read(&filter, request.account, &table, &context->diag);
	if (err)
		goto out;
	err = sources__aggregate(&table, request.aggregate, &context->diag);
	if (!err)
		err = sources__sort(&table, request.order, &context->diag);
	if (!err)
		print(&filter, &table, &request);
	sources__free(&table);
out:
	close_filter(&state, &filter);
	return err;
}
