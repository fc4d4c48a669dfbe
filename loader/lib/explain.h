/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the loaded program says of a frame, and why; nothing is counted. */
#ifndef DROP53_EXPLAIN_H
#define DROP53_EXPLAIN_H

#include <stdbool.h>

#include "lib/filter.h"
#include "lib/list.h"

struct diag;

struct explanation {
	enum drop53_verdict verdict;
	enum drop53_reason reason;
	enum drop53_family family;  /* NONE: there is no source */
	__u8 source[16];	    /* network byte order */
	const struct prefix *match; /* the longest prefix around the source, or NULL */
};

/* Made once for many frames: the list in force, and the policy. */
struct explainer {
	const struct filter *filter;
	enum drop53_policy policy;
	struct list list;
	__u64 generation;
};

int explainer__open(struct explainer *explainer, const struct filter *filter, struct diag *diag);
void explainer__close(struct explainer *explainer);

/* @frame: from its Ethernet header on; any length, also none. */
int explainer__judge(const struct explainer *explainer, const void *frame, size_t length,
		     struct explanation *explanation, struct diag *diag);

/* What `explain --src` asks about. */
struct packet_question {
	enum drop53_family family;
	enum drop53_protocol protocol;
	__u8 source[16];
	__u8 target[16];
};

#define QUESTION_FRAME 128
/* Writes a frame to port 53 as asked into @frame. Returns its length. */
size_t question__frame(const struct packet_question *question, __u8 frame[QUESTION_FRAME]);

#endif
