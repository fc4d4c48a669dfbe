/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The words of the contract in include/drop53.h, as counters.h declares them. */
#include "lib/counters.h"

#define WORD(name, word)		 word,
#define REASON_WORD(name, word, why)	 word,
#define REASON_WHY(name, word, why)	 why,
#define OUTCOME_REASON(reason, verdict)	 DROP53_REASON_##reason,
#define OUTCOME_VERDICT(reason, verdict) DROP53_VERDICT_##verdict,

#define LOOK_UP(words, index) \
	((size_t)(index) < sizeof(words) / sizeof((words)[0]) ? (words)[index] : NULL)

static const char *const families[] = {DROP53_FAMILIES(WORD)};
static const char *const protocols[] = {DROP53_PROTOCOLS(WORD)};
static const char *const verdicts[] = {DROP53_VERDICTS(WORD)};
static const char *const reasons[] = {DROP53_REASONS(REASON_WORD)};
static const char *const meanings[] = {DROP53_REASONS(REASON_WHY)};
static const char *const policies[] = {DROP53_POLICIES(WORD)};
static const char *const scopes[] = {DROP53_SCOPES(WORD)};
static const enum drop53_reason outcome_reasons[] = {DROP53_OUTCOMES(OUTCOME_REASON)};
static const enum drop53_verdict outcome_verdicts[] = {DROP53_OUTCOMES(OUTCOME_VERDICT)};

const char *family__name(enum drop53_family family)
{
	return LOOK_UP(families, family);
}

const char *protocol__name(enum drop53_protocol protocol)
{
	return LOOK_UP(protocols, protocol);
}

const char *verdict__name(enum drop53_verdict verdict)
{
	return LOOK_UP(verdicts, verdict);
}

const char *reason__name(enum drop53_reason reason)
{
	return LOOK_UP(reasons, reason);
}

const char *reason__meaning(enum drop53_reason reason)
{
	return LOOK_UP(meanings, reason);
}

const char *policy__name(enum drop53_policy policy)
{
	return LOOK_UP(policies, policy);
}

const char *scope__name(enum drop53_scope scope)
{
	return LOOK_UP(scopes, scope);
}

enum drop53_reason outcome__reason(enum drop53_outcome outcome)
{
	return outcome_reasons[outcome];
}

enum drop53_verdict outcome__verdict(enum drop53_outcome outcome)
{
	return outcome_verdicts[outcome];
}
