/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Totals: port-53 traffic and the odd shapes, by interface, family, protocol, verdict, reason. */
#ifndef DROP53_COUNTERS_H
#define DROP53_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>

#include "drop53.h"
#include "lib/filter.h"

struct diag;

struct counter {
	char interface[DROP53_IFNAME]; /* its name now, or when it was attached */
	enum drop53_family family;
	enum drop53_protocol protocol;
	enum drop53_verdict verdict;
	enum drop53_reason reason;
	struct drop53_count count;
};

/*
 * Every counter of every interface that is or was attached, summed over CPUs: each combination
 * that a packet can get, at 0 too, in a fixed order.
 * @counters: allocated; free() them. Returns how many, or -errno.
 */
int counters__read(const struct filter *filter, struct counter **counters, struct diag *diag);

/* The sum over what is accounted by source: what was dropped or would have been, or was allowed. */
struct drop53_count counters__of(const struct counter *counters, int n,
				 enum drop53_account account);

/* The words of the contract, by enum; NULL past the end. */
const char *family__name(enum drop53_family family);
const char *protocol__name(enum drop53_protocol protocol);
const char *verdict__name(enum drop53_verdict verdict);
const char *reason__name(enum drop53_reason reason);
const char *reason__meaning(enum drop53_reason reason);
const char *policy__name(enum drop53_policy policy);
const char *scope__name(enum drop53_scope scope);

/* What an outcome stands for. */
enum drop53_reason outcome__reason(enum drop53_outcome outcome);
enum drop53_verdict outcome__verdict(enum drop53_outcome outcome);

#endif
