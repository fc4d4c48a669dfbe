/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The commands. Each parses its arguments, makes one or two library calls, and prints. */
#ifndef DROP53_CMD_H
#define DROP53_CMD_H

#include <stdbool.h>

#include "lib/diag.h"
#include "lib/filter.h"
#include "lib/state.h"

/* What the interface promises; see docs/drop53.8. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NOT_ATTACHED = 3,
	EXIT_NOT_PERMITTED = 4,
	EXIT_NOT_SUPPORTED = 5,
	EXIT_HELD = 6,
};

struct context {
	const char *bpffs; /* --bpffs, or NULL */
	struct diag diag;  /* what a command that returns -errno has to say */
};

/*
 * Returns an exit code, or -errno with context->diag filled: main.c prints it and turns it into an
 * exit code, nobody else does. argv[0] is the command's name.
 */
typedef int (*command_function)(struct context *context, int argc, char **argv);

struct command {
	const char *name;
	command_function run;
	const char *summary; /* one line of `drop53 help` */
	const char *usage;   /* what follows "usage: drop53 " and explains itself */
};

extern const struct command commands[];

int cmd_attach(struct context *context, int argc, char **argv);
int cmd_detach(struct context *context, int argc, char **argv);
int cmd_upgrade(struct context *context, int argc, char **argv);
int cmd_status(struct context *context, int argc, char **argv);
int cmd_policy(struct context *context, int argc, char **argv);
int cmd_confirm(struct context *context, int argc, char **argv);
int cmd_allow(struct context *context, int argc, char **argv);
int cmd_explain(struct context *context, int argc, char **argv);
int cmd_counters(struct context *context, int argc, char **argv);
int cmd_sources(struct context *context, int argc, char **argv);
int cmd_reset(struct context *context, int argc, char **argv);
int cmd_metrics(struct context *context, int argc, char **argv);
int cmd_run(struct context *context, int argc, char **argv);
int cmd_version(struct context *context, int argc, char **argv);
int cmd_help(struct context *context, int argc, char **argv);

/* "what is wrong; usage: drop53 ...". Returns -EINVAL. */
int usage_error(struct context *context, const char *command, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * getopt_long() with our words for what it refuses. Returns the option, -1 at the end, or '?' with
 * the diagnostic filled. @options end with a zero entry; there are no short ones.
 */
struct option;
int next_option(struct context *context, int argc, char **argv, const struct option *options);

/* A number in decimal, whole and in range, else -EINVAL with the diagnostic filled. */
int parse_number(struct context *context, const char *what, const char *text,
		 unsigned long long low, unsigned long long high, unsigned long long *number);

/* One of two words, as in --policy enforce|monitor. Returns its index or -EINVAL. */
int parse_word(struct context *context, const char *what, const char *text,
	       const char *const words[], int n);

/* "V4,V6" prefix lengths, or -EINVAL with the diagnostic filled. */
int parse_lengths(struct context *context, const char *what, const char *text,
		  __u8 lengths[DROP53_FAMILY__N]);

/* For commands that take --json and nothing else. 0 or -EINVAL with the diagnostic filled. */
int parse_json_alone(struct context *context, int argc, char **argv, bool *json);

/* The pinned filter, opened for reading or for writing under the lock. close_filter() always. */
int open_filter(struct context *context, struct state *state, struct filter *filter,
		enum filter_access access);
void close_filter(struct state *state, struct filter *filter);

#endif
