/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <getopt.h>
#include <syslog.h>
#include <unistd.h>

#include "cmd.h"
#include "lib/reset.h"
#include "out.h"

enum { OPTION_ALL = 1, OPTION_SOURCES };

static const struct option options[] = {
	{"all", no_argument, NULL, OPTION_ALL},
	{"sources", no_argument, NULL, OPTION_SOURCES},
	{},
};

int cmd_reset(struct context *context, int argc, char **argv)
{
	bool all = false, sources = false;
	struct filter filter;
	struct state state;
	const char *what;
	int option, err;

	while ((option = next_option(context, argc, argv, options)) != -1) {
		if (option == '?')
			return -EINVAL;
		all |= option == OPTION_ALL;
		sources |= option == OPTION_SOURCES;
	}
	if (optind < argc)
		return usage_error(context, argv[0], "'%s': takes no arguments", argv[optind]);
	if (all && sources)
		return usage_error(context, argv[0], "--all or --sources, not both");
	err = open_filter(context, &state, &filter, FILTER_WRITE);
	if (!err) {
		reset__counters(&filter, sources);
		what = sources ? "sources forgotten; their counts are now untracked"
			       : "all counters are zero";
		out_note("%s", what);
		/* Whoever wonders later why a graph fell finds it in the journal. */
		openlog("drop53", 0, LOG_DAEMON);
		syslog(LOG_NOTICE, "reset by uid %d: %s", (int)getuid(), what);
		closelog();
	}
	close_filter(&state, &filter);
	return err;
}
