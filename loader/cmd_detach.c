/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <getopt.h>

#include "cmd.h"
#include "lib/attachment.h"
#include "lib/detach.h"
#include "out.h"

enum { OPTION_ALL = 1, OPTION_KEEP };

static const struct option options[] = {
	{"all", no_argument, NULL, OPTION_ALL},
	{"keep-state", no_argument, NULL, OPTION_KEEP},
	{},
};

static int detach(struct context *context, struct filter *filter, bool all, bool keep,
		  char *const names[], int n)
{
	struct attachment left[DROP53_MAX_INTERFACES];
	int err, i;

	err = all ? detach__everything(filter, &context->diag)
		  : detach__interfaces(filter, names, n, &context->diag);
	if (err)
		return err;
	for (i = 0; i < n; i++)
		out_note("%s: detached", names[i]);
	if (all)
		out_note("detached from every interface");
	if (keep || attachments__list(filter, left) > 0)
		return EXIT_DONE;
	return filter__remove(filter, &context->diag);
}

int cmd_detach(struct context *context, int argc, char **argv)
{
	bool all = false, keep = false;
	struct filter filter;
	struct state state;
	int option, err;

	while ((option = next_option(context, argc, argv, options)) != -1) {
		if (option == '?')
			return -EINVAL;
		all |= option == OPTION_ALL;
		keep |= option == OPTION_KEEP;
	}
	if (all == (optind < argc))
		return usage_error(context, argv[0], "give interfaces, or --all");
	err = open_filter(context, &state, &filter, FILTER_WRITE);
	if (err == -EPROTO && all && !keep) {
		err = detach__unread(&state, &context->diag);
		if (!err)
			out_note("detached from every interface");
		goto out;
	}
	if (!err)
		err = detach(context, &filter, all, keep, argv + optind, argc - optind);
out:
	close_filter(&state, &filter);
	return err;
}
