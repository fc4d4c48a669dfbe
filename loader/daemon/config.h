/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The configuration of `drop53 run`: a YAML file of flat keys. deploy/drop53.conf explains them. */
#ifndef DROP53_CONFIG_H
#define DROP53_CONFIG_H

#include <limits.h>
#include <netinet/in.h>
#include <stdbool.h>

#include "lib/attach.h"
#include "lib/filter.h"

struct diag;

/* What makes a series by source: nothing, the prefix of metrics_source_len, or the address. */
enum metrics_sources { METRICS_SOURCES_OFF, METRICS_SOURCES_PREFIX, METRICS_SOURCES_ADDRESS };

#define CONFIG_MAX_BYTES  16384
#define CONFIG_MAX_SERIES 100

struct config {
	/* Names, or patterns as fnmatch(3) takes them. */
	char interfaces[DROP53_MAX_INTERFACES][DROP53_IFNAME];
	size_t n_interfaces;
	enum xdp_mode mode;
	enum drop53_policy policy;
	enum drop53_scope scope;
	char allow_file[DROP53_PATH]; /* absolute, or empty: the list is the command line's */
	struct filter_options load;
	/* Where metrics are served; ss_family 0: nowhere. */
	struct sockaddr_storage listen;
	enum metrics_sources sources;
	__u8 source_length[DROP53_FAMILY__N];
	__u32 top;	 /* series by source at most */
	__u32 min_rate;	 /* packets a second that a source needs to become one */
	__u32 newcomers; /* sources that may become one in a minute */
	bool detach_on_exit;
};

/*
 * -EBADMSG and "FILE:LINE:COLUMN: ..." where the text is wrong; nothing of it is taken then.
 * @config: untouched on failure
 */
int config__parse_file(const char *path, struct config *config, struct diag *diag);

/* The same from memory. @name: the file's, for messages and for what is relative to it. */
int config__parse_text(const char *name, const char *text, size_t length, struct config *config,
		       struct diag *diag);

/* A name without `*`, `?` or `[`: that interface is expected, whether it is there or not. */
bool config__is_name(const char *interface);

/* Whether the configuration wants this interface. A pattern never means `lo`. */
bool config__wants(const struct config *config, const char *interface);

#endif
