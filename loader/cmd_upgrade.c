/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cmd.h"
#include "lib/upgrade.h"
#include "out.h"

int cmd_upgrade(struct context *context, int argc, char **argv)
{
	struct filter filter;
	struct state state;
	int err, swapped;

	if (argc > 1)
		return usage_error(context, argv[0], "'%s': takes no arguments", argv[1]);
	err = open_filter(context, &state, &filter, FILTER_WRITE);
	if (!err)
		err = upgrade__programs(&filter, &swapped, &context->diag);
	if (!err)
		out_note("drop53 %s runs on %d interface%s", DROP53_VERSION, swapped,
			 swapped == 1 ? "" : "s");
	close_filter(&state, &filter);
	return err;
}
