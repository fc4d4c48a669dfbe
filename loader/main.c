/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The command table, and the only place where an error becomes an exit code. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "out.h"

const struct command commands[] = {
	{"attach", cmd_attach, "filter interfaces",
	 "attach IFACE... [OPTION...]\n"
	 "  --xdp-mode auto|native|generic   native where the driver can (auto)\n"
	 "  --policy enforce|monitor         drop, or only count what would be dropped (enforce)\n"
	 "  --scope any|local                drop what is sent to anybody, or to this host (any)\n"
	 "  --allow-file FILE                start with this allow-list\n"
	 "  --sources N                      slots to count sources in, over all CPUs\n"
	 "  --source-len V4,V6               count sources by prefix (32,128)\n"
	 "Several interfaces share one filter. All of them are attached, or none.\n"},
	{"detach", cmd_detach, "let interfaces go",
	 "detach IFACE... | --all [--keep-state]\n"
	 "  --all          every interface\n"
	 "  --keep-state   keep counters and allow-list when the last interface goes\n"},
	{"upgrade", cmd_upgrade, "swap the running program for this build's",
	 "upgrade\n"
	 "No packet goes unfiltered meanwhile, and no counter is lost.\n"},
	{"status", cmd_status, "what is attached, and how",
	 "status [--json]\n"
	 "Exit code 3: not attached, or not everywhere.\n"},
	{"policy", cmd_policy, "drop, or only count what would be dropped",
	 "policy enforce|monitor [--confirm SECONDS] [--force]\n"
	 "  --confirm SECONDS   go back by itself unless `drop53 confirm` comes in time\n"
	 "  --force             enforce although this host seems to serve DNS to others\n"},
	{"confirm", cmd_confirm, "keep a policy that is on trial", "confirm\n"},
	{"allow", cmd_allow, "who may query: the allow-list",
	 "allow add|del PREFIX... | list [--json] | replace FILE | check FILE\n"
	 "  add, del       prefixes; !PREFIX takes a part out of a wider one\n"
	 "  list           the list as it was given, in order of address\n"
	 "  replace FILE   another list, at once for all traffic\n"
	 "  check FILE     say what is wrong with a file, or what it amounts to\n"},
	{"explain", cmd_explain, "verdict and reason for a packet",
	 "explain --src ADDR [--dst ADDR] [--proto udp|tcp] [--iface IF] [--json] | --pcap FILE "
	 "[--json]\n"
	 "Asks the loaded program itself; nothing is counted.\n"},
	{"counters", cmd_counters, "totals by interface, protocol, verdict and reason",
	 "counters [--json]\n"},
	{"sources", cmd_sources, "drops by source",
	 "sources [--allowed] [--json|--csv] [--sort packets|bytes|last-seen] [--limit N] "
	 "[--aggregate V4,V6]\n"
	 "  --allowed   the packets that were let through by the allow-list instead\n"},
	{"reset", cmd_reset, "zero the counters",
	 "reset [--sources|--all]\n"
	 "  --all       counters and sources (the default)\n"
	 "  --sources   forget who, also who was allowed; how much stays, as `untracked`\n"},
	{"metrics", cmd_metrics, "the counters for Prometheus, once",
	 "metrics [--textfile FILE]\n"
	 "  --textfile FILE   write them for node_exporter, whole or not at all\n"
	 "Series by source need a memory of what was said before: drop53 run has one.\n"},
	{"run", cmd_run, "the daemon: follow a configuration, serve metrics",
	 "run -c FILE [--check] [--on-exit keep|detach] [--force]\n"
	 "  -c, --config FILE        deploy/drop53.conf is an example\n"
	 "  --check                  only say whether FILE and its allow-list are good\n"
	 "  --on-exit keep|detach    what becomes of the filter (as FILE says, else keep)\n"
	 "  --force                  enforce although this host seems to serve DNS to others\n"
	 "SIGHUP, and a change of FILE or of its allow-list, reload both, or leave all as it was.\n"},
	{"version", cmd_version, "this build's version", "version\n"},
	{"help", cmd_help, "this list, or a command's options", "help [COMMAND]\n"},
	{},
};

#define STDOUT_BUFFER (256 * 1024)

static enum exit_code exit_code_of(int error)
{
	switch (error) {
	case EINVAL:
		return EXIT_USAGE;
	case EPERM:
	case EACCES:
		return EXIT_NOT_PERMITTED;
	case EOPNOTSUPP:
		return EXIT_NOT_SUPPORTED;
	case EBUSY:
		return EXIT_HELD;
	default:
		return EXIT_FAILED;
	}
}

/*
 * Takes --bpffs out of the arguments, wherever it stands: every command knows it.
 * Returns the number of arguments left, or -EINVAL.
 */
static int take_bpffs(struct context *context, int argc, char **argv)
{
	int from, to = 1;

	for (from = 1; from < argc; from++) {
		if (!strncmp(argv[from], "--bpffs=", strlen("--bpffs="))) {
			context->bpffs = argv[from] + strlen("--bpffs=");
		} else if (!strcmp(argv[from], "--bpffs")) {
			if (++from == argc)
				return diag__fail(&context->diag, EINVAL,
						  "--bpffs: needs the path "
						  "of a bpf file system");
			context->bpffs = argv[from];
		} else {
			argv[to++] = argv[from];
		}
	}
	argv[to] = NULL;
	return to;
}

static int dispatch(struct context *context, int argc, char **argv)
{
	const struct command *command;
	const char *name;

	argc = take_bpffs(context, argc, argv);
	if (argc < 0)
		return argc;
	if (argc < 2)
		return diag__fail(&context->diag, EINVAL, "no command; drop53 help lists them");
	name = argv[1];
	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		name = "help";
	if (!strcmp(name, "--version"))
		name = "version";
	for (command = commands; command->name; command++) {
		if (strcmp(command->name, name))
			continue;
		argv[1] = (char *)command->name;
		if (argc > 2 && !strcmp(argv[2], "--help")) {
			out("usage: drop53 %s", command->usage);
			return EXIT_DONE;
		}
		return command->run(context, argc - 1, argv + 1);
	}
	return diag__fail(&context->diag, EINVAL, "'%s': no such command; drop53 help lists them",
			  name);
}

int main(int argc, char **argv)
{
	struct context context = {};
	int result, written;

	/* A listing is long: fewer, larger writes. */
	setvbuf(stdout, NULL, _IOFBF, STDOUT_BUFFER);
	/* A reader that has seen enough (`| head`) is no reason to die in the middle of a change.
	 */
	signal(SIGPIPE, SIG_IGN);
	result = dispatch(&context, argc, argv);
	if (result < 0) {
		out_error("%s", context.diag.text);
		result = exit_code_of(-result);
	}
	written = out_finish();
	if (written && written != -EPIPE) {
		out_error("standard output: %s", strerror(-written));
		return result ? result : EXIT_FAILED;
	}
	return result;
}
