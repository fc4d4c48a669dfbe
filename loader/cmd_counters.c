/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>

#include "cmd.h"
#include "lib/counters.h"
#include "out.h"

static void print_json(const struct counter *counters, int n)
{
	json_t *array = json_array();
	int i;

	for (i = 0; i < n; i++)
		json_array_append_new(array,
				      json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "interface",
						counters[i].interface, "family",
						family__name(counters[i].family), "protocol",
						protocol__name(counters[i].protocol), "verdict",
						verdict__name(counters[i].verdict), "reason",
						reason__name(counters[i].reason), "packets",
						(json_int_t)counters[i].count.packets, "bytes",
						(json_int_t)counters[i].count.bytes));
	out_json(json_pack("{s:i, s:o}", "schema_version", 1, "counters", array));
}

/* For a person: what happened, not what might have. */
static void print_text(const struct counter *counters, int n)
{
	int i, shown = 0;

	for (i = 0; i < n; i++) {
		if (!counters[i].count.packets)
			continue;
		if (!shown++)
			out("%-16s %-6s %-8s %-10s %-10s %15s %18s\n", "INTERFACE", "FAMILY",
			    "PROTOCOL", "VERDICT", "REASON", "PACKETS", "BYTES");
		out("%-16s %-6s %-8s %-10s %-10s %15llu %18llu\n", counters[i].interface,
		    family__name(counters[i].family), protocol__name(counters[i].protocol),
		    verdict__name(counters[i].verdict), reason__name(counters[i].reason),
		    counters[i].count.packets, counters[i].count.bytes);
	}
	if (!shown)
		out_note("nothing counted yet: no port-53 traffic, and no odd frames");
}

int cmd_counters(struct context *context, int argc, char **argv)
{
	struct counter *counters;
	struct filter filter;
	struct state state;
	bool json;
	int n;

	n = parse_json_alone(context, argc, argv, &json);
	if (n)
		return n;
	n = open_filter(context, &state, &filter, FILTER_READ);
	if (!n)
		n = counters__read(&filter, &counters, &context->diag);
	if (n >= 0) {
		if (json)
			print_json(counters, n);
		else
			print_text(counters, n);
		free(counters);
		n = EXIT_DONE;
	}
	close_filter(&state, &filter);
	return n;
}
