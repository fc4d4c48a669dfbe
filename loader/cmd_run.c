/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "cmd.h"
#include "daemon/config.h"
#include "daemon/daemon.h"
#include "lib/counters.h"
#include "lib/list.h"
#include "out.h"

enum { OPTION_CONFIG = 1, OPTION_CHECK, OPTION_ON_EXIT, OPTION_FORCE };

static const struct option options[] = {
	{"config", required_argument, NULL, OPTION_CONFIG},
	{"check", no_argument, NULL, OPTION_CHECK},
	{"on-exit", required_argument, NULL, OPTION_ON_EXIT},
	{"force", no_argument, NULL, OPTION_FORCE},
	{},
};

/* Everything that can be said of the files without touching the kernel. */
static int check(struct context *context, const char *path)
{
	struct config config;
	struct list list = {};
	int err;

	err = config__parse_file(path, &config, &context->diag);
	if (!err && *config.allow_file)
		err = list__parse_file(config.allow_file, &list, NULL, &context->diag);
	if (err)
		return err;
	out_note("%s: good; %zu %s, policy %s, scope %s, %zu prefixes allowed", path,
		 config.n_interfaces, config.n_interfaces == 1 ? "interface" : "interfaces",
		 policy__name(config.policy), scope__name(config.scope), list.n);
	list__free(&list);
	return EXIT_DONE;
}

int cmd_run(struct context *context, int argc, char **argv)
{
	static const char *const exits[] = {"keep", "detach"};
	struct daemon_options daemon = {.bpffs = context->bpffs, .on_exit = -1};
	bool only_check = false;
	int option, i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], "-c"))
			argv[i] = "--config";
	while ((option = next_option(context, argc, argv, options)) != -1) {
		if (option == '?')
			return -EINVAL;
		if (option == OPTION_CONFIG)
			daemon.config = optarg;
		if (option == OPTION_ON_EXIT)
			daemon.on_exit = parse_word(context, "--on-exit", optarg, exits, 2);
		if (option == OPTION_ON_EXIT && daemon.on_exit < 0)
			return -EINVAL;
		only_check |= option == OPTION_CHECK;
		daemon.force |= option == OPTION_FORCE;
	}
	if (optind < argc)
		return usage_error(context, argv[0], "'%s': takes no arguments", argv[optind]);
	if (!daemon.config)
		return usage_error(context, argv[0], "no configuration given");
	return only_check ? check(context, daemon.config) : daemon__run(&daemon, &context->diag);
}
