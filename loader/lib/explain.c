/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/explain.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "lib/allowlist.h"
#include "lib/counters.h"
#include "lib/policy.h"
#include "lib/diag.h"
#include "parse.h"

/*
 * BPF_PROG_TEST_RUN takes no frame shorter than an Ethernet header and none longer than some
 * 73,000 bytes (Linux before 5.18 and programs for one buffer: some 3,500). Shorter ones are judged
 * by the same parser in user space; longer ones lose their end. The parser's limits let it read 33
 * KiB at most, so that changes no verdict, but for headers nested past 3,000 bytes before 5.18.
 */
#define KERNEL_MIN     ETH_HLEN
#define FRAGS_MAX      40000
#define ONE_BUFFER_MAX 3000

int explainer__open(struct explainer *explainer, const struct filter *filter, struct diag *diag)
{
	__u64 until;

	*explainer = (struct explainer){.filter = filter, .policy = policy__get(filter, &until)};
	return allowlist__read(filter, &explainer->list, &explainer->generation, diag);
}

void explainer__close(struct explainer *explainer)
{
	list__free(&explainer->list);
}

static int judge_in_kernel(const struct explainer *explainer, const void *frame, size_t length,
			   struct packet_kind *kind, struct diag *diag)
{
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = length, .repeat = 1);
	union packet_word result;

	if (bpf_prog_test_run_opts(explainer->filter->explain, &run))
		return diag__fail(diag, errno,
				  "the kernel refuses to judge a frame of %zu bytes: "
				  "%s%s",
				  length, strerror(errno), errno == EPERM ? "; run as root" : "");
	result.word = run.retval;
	*kind = result.kind;
	return 0;
}

/* The parser's word alone: what user space judges by itself is never port 53 to an allowed one. */
static void judge_here(const void *data, size_t length, struct packet_kind *kind)
{
	struct frame frame = {.data = data, .data_end = (const char *)data + length};
	struct packet packet = {};

	parse_packet(&frame, &packet);
	*kind = packet.kind;
}

static enum drop53_verdict verdict_of(enum drop53_reason reason, enum drop53_policy policy)
{
	unsigned int outcome;

	for (outcome = 0; outcome < DROP53_OUTCOME__N; outcome++) {
		enum drop53_verdict verdict = outcome__verdict(outcome);

		if (outcome__reason(outcome) != reason)
			continue;
		if (verdict == DROP53_VERDICT_PASS ||
		    (verdict == DROP53_VERDICT_DROP) == (policy == DROP53_POLICY_ENFORCE))
			return verdict;
	}
	return DROP53_VERDICT_PASS;
}

/* The outermost source of any frame that has an IP header, ordinary ones too. */
static void find_source(const void *data, size_t length, struct explanation *explanation)
{
	struct frame frame = {.data = data, .data_end = (const char *)data + length};
	union packet_word word = {.word = parse_odd(&frame)};
	__u64 source[2];

	explanation->family = DROP53_FAMILY_NONE;
	memset(explanation->source, 0, sizeof(explanation->source));
	if (!load_address(&frame, &word.kind, IPV4_SOURCE, IPV6_SOURCE, source))
		return;
	explanation->family = word.kind.family;
	memcpy(explanation->source, source, sizeof(explanation->source));
}

int explainer__judge(const struct explainer *explainer, const void *frame, size_t length,
		     struct explanation *explanation, struct diag *diag)
{
	size_t most = filter__frags(explainer->filter) ? FRAGS_MAX : ONE_BUFFER_MAX;
	size_t judged = length < most ? length : most;
	struct packet_kind kind = {};
	int err;

	if (length < KERNEL_MIN) {
		judge_here(frame, length, &kind);
	} else {
		err = judge_in_kernel(explainer, frame, judged, &kind, diag);
		if (err)
			return err;
	}
	if (kind.why >= DROP53_REASON__N)
		return diag__fail(diag, EPROTO,
				  "the program answers %u, which is no reason; was "
				  "it loaded by another version of drop53?",
				  kind.why);
	explanation->reason = kind.why;
	explanation->verdict = verdict_of(kind.why, explainer->policy);
	find_source(frame, length, explanation);
	explanation->match =
		explanation->family == DROP53_FAMILY_NONE
			? NULL
			: list__match(&explainer->list, explanation->family, explanation->source);
	return 0;
}

static void put16(__u8 *at, __u16 number)
{
	at[0] = number >> 8;
	at[1] = number;
}

size_t question__frame(const struct packet_question *question, __u8 frame[QUESTION_FRAME])
{
	bool ipv6 = question->family == DROP53_FAMILY_IPV6;
	bool tcp = question->protocol == DROP53_PROTOCOL_TCP;
	__u8 *ip = frame + ETH_HLEN, *ports;
	size_t transport_length = tcp ? 20 : 8;

	memset(frame, 0, QUESTION_FRAME);
	put16(frame + 12, ipv6 ? ETH_P_IPV6 : ETH_P_IP);
	if (ipv6) {
		ports = ip + IPV6_HEADER;
		ip[0] = 0x60;
		put16(ip + 4, transport_length);
		ip[6] = tcp ? NEXT_TCP : NEXT_UDP;
		ip[7] = 64;
		memcpy(ip + IPV6_SOURCE, question->source, 16);
		memcpy(ip + IPV6_TARGET, question->target, 16);
	} else {
		ports = ip + IPV4_MIN_HEADER;
		ip[0] = 0x45;
		put16(ip + 2, IPV4_MIN_HEADER + transport_length);
		ip[8] = 64;
		ip[9] = tcp ? NEXT_TCP : NEXT_UDP;
		memcpy(ip + IPV4_SOURCE, question->source, 4);
		memcpy(ip + IPV4_TARGET, question->target, 4);
	}
	put16(ports, 40000);
	put16(ports + 2, DROP53_PORT);
	if (tcp) {
		ports[12] = 5 << 4;
		ports[13] = 2; /* SYN */
	} else {
		put16(ports + 4, transport_length);
	}
	return ports + transport_length - frame;
}
