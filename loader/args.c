/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the commands' argument parsing has in common: cmd.h says what each does. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

static const char *usage_of(const char *name)
{
	const struct command *command;

	for (command = commands; command->name; command++)
		if (!strcmp(command->name, name))
			return command->usage;
	return name;
}

int usage_error(struct context *context, const char *command, const char *format, ...)
{
	const char *usage = usage_of(command);
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* The first line of the usage: an error is one line. */
	return diag__fail(&context->diag, EINVAL, "%s; usage: drop53 %.*s", text,
			  (int)strcspn(usage, "\n"), usage);
}

int next_option(struct context *context, int argc, char **argv, const struct option *options)
{
	int option;

	opterr = 0;
	option = getopt_long(argc, argv, ":", options, NULL);
	if (option == ':')
		usage_error(context, argv[0], "%s: needs a value", argv[optind - 1]);
	else if (option == '?' && optopt)
		usage_error(context, argv[0], "%s: unknown option, or one that takes no value",
			    argv[optind - 1]);
	else if (option == '?')
		usage_error(context, argv[0], "%s: unknown option", argv[optind - 1]);
	return option == ':' ? '?' : option;
}

int parse_number(struct context *context, const char *what, const char *text,
		 unsigned long long low, unsigned long long high, unsigned long long *number)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	/* strtoull takes a sign and blanks; a count has neither. */
	if (*text < '0' || *text > '9' || *end || errno || value < low || value > high)
		return diag__fail(&context->diag, EINVAL,
				  "%s '%s': must be a number from %llu "
				  "to %llu",
				  what, text, low, high);
	*number = value;
	return 0;
}

int parse_word(struct context *context, const char *what, const char *text,
	       const char *const words[], int n)
{
	char choice[128] = "";
	size_t used;
	int i;

	for (i = 0; i < n; i++)
		if (!strcmp(words[i], text))
			return i;
	for (i = 0; i < n; i++) {
		used = strlen(choice);
		snprintf(choice + used, sizeof(choice) - used, "%s%s", i ? ", " : "", words[i]);
	}
	return diag__fail(&context->diag, EINVAL, "%s '%s': must be one of %s", what, text, choice);
}

int parse_lengths(struct context *context, const char *what, const char *text,
		  __u8 lengths[DROP53_FAMILY__N])
{
	unsigned int ipv4, ipv6;
	int used = 0;

	if (sscanf(text, "%3u,%3u%n", &ipv4, &ipv6, &used) != 2 || text[used] || ipv4 < 1 ||
	    ipv4 > 32 || ipv6 < 1 || ipv6 > 128)
		return diag__fail(&context->diag, EINVAL,
				  "%s '%s': must be V4,V6, two prefix "
				  "lengths from 1 to 32 and from 1 to 128, as in 24,64",
				  what, text);
	lengths[DROP53_FAMILY_IPV4] = ipv4;
	lengths[DROP53_FAMILY_IPV6] = ipv6;
	return 0;
}

int parse_json_alone(struct context *context, int argc, char **argv, bool *json)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {}};
	int option;

	*json = false;
	while ((option = next_option(context, argc, argv, options)) != -1) {
		if (option == '?')
			return -EINVAL;
		*json = true;
	}
	if (optind < argc)
		return usage_error(context, argv[0], "'%s': takes --json alone", argv[optind]);
	return 0;
}

int open_filter(struct context *context, struct state *state, struct filter *filter,
		enum filter_access access)
{
	int err;

	filter__init(filter, state);
	err = state__open(state, context->bpffs, &context->diag);
	if (!err && access == FILTER_WRITE)
		err = state__lock(state, &context->diag);
	if (!err)
		err = filter__open(filter, state, access, &context->diag);
	return err;
}

void close_filter(struct state *state, struct filter *filter)
{
	filter__close(filter);
	state__close(state);
}
