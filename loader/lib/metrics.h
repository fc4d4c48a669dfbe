/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the filter has to tell, in Prometheus' text format 0.0.4. */
#ifndef DROP53_METRICS_H
#define DROP53_METRICS_H

#include <stdbool.h>
#include <stdio.h>

#include "lib/allowlist.h"
#include "lib/attach.h"
#include "lib/counters.h"
#include "lib/sources.h"

struct diag;

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct metrics_interface {
	char name[DROP53_IFNAME];
	enum xdp_mode mode; /* AUTO: not attached in any */
	bool attached;
};

/* All zero is a host without a filter: nothing is enforced there. */
struct metrics {
	bool loaded;
	enum drop53_policy policy;
	/* Each combination of labels once, whatever became of an interface in between. */
	struct counter *counters;
	size_t n_counters;
	/* Those that are attached or were, and those of metrics__expect(); each name once. */
	struct metrics_interface interfaces[2 * DROP53_MAX_INTERFACES];
	size_t n_interfaces;
	struct allowlist_status allow;
	struct source_summary sources; /* the caller's to fill: it takes a walk over the table */
};

/* @metrics: metrics__free() it */
int metrics__read(const struct filter *filter, struct metrics *metrics, struct diag *diag);
void metrics__free(struct metrics *metrics);

/* An interface that should be attached: told as not attached if it is not there. */
void metrics__expect(struct metrics *metrics, const char *interface);

/* Errors stay in @out, as with any stdio. */
void metrics__write(FILE *out, const struct metrics *metrics);

/* "# HELP" and "# TYPE" of a metric, before its samples. @type: "counter" or "gauge" */
void metrics__head(FILE *out, const char *name, const char *type, const char *help);

/* name="value" with what the format wants escaped; bytes that are not ASCII as \xHH. */
void metrics__label(FILE *out, const char *name, const char *value);

#endif
