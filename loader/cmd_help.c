/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <bpf/libbpf.h>
#include <string.h>

#include "cmd.h"
#include "out.h"

int cmd_help(struct context *context, int argc, char **argv)
{
	const struct command *command;

	if (argc > 2)
		return usage_error(context, argv[0], "'%s': one command at most", argv[2]);
	for (command = commands; argc == 2 && command->name; command++) {
		if (!strcmp(command->name, argv[1])) {
			out("usage: drop53 %s", command->usage);
			return EXIT_DONE;
		}
	}
	if (argc == 2)
		return usage_error(context, argv[0], "'%s': no such command", argv[1]);
	out("drop53 drops inbound port-53 traffic in the network driver (XDP).\n\n"
	    "usage: drop53 COMMAND [--bpffs DIR] ...\n\n");
	for (command = commands; command->name; command++)
		out("  %-10s %s\n", command->name, command->summary);
	out("\ndrop53 help COMMAND explains one. Exit codes: 0 done, 1 failed, 2 usage,\n"
	    "3 not attached (status), 4 not permitted, 5 not supported, 6 hook held.\n");
	return EXIT_DONE;
}

int cmd_version(struct context *context, int argc, char **argv)
{
	if (argc > 1)
		return usage_error(context, argv[0], "'%s': takes no arguments", argv[1]);
	out("drop53 %s (libbpf %s)\n", DROP53_VERSION, libbpf_version_string());
	return EXIT_DONE;
}
