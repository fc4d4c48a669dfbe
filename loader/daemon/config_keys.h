/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The configuration's keys: what each takes. Between config.c and config_keys.c alone. */
#ifndef DROP53_CONFIG_KEYS_H
#define DROP53_CONFIG_KEYS_H

#include <yaml.h>

#include "daemon/config.h"

/* One file being read. */
struct config_reader {
	const char *name;
	yaml_document_t *document;
	struct config *config;
	struct diag *diag;
};

struct config_key {
	const char *name;
	int (*take)(struct config_reader *reader, const struct config_key *key, yaml_node_t *value);
};

/* Ends with an entry without a name. */
extern const struct config_key config_keys[];

/* "FILE:LINE:COLUMN: message". Returns -EBADMSG. */
int config__bad(struct config_reader *reader, const yaml_mark_t *mark, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The text of a scalar, or NULL with the diagnostic filled. @what: the key, for the message */
const char *config__scalar(struct config_reader *reader, const char *what, yaml_node_t *value);

#endif
