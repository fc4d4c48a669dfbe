/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "lib/attachment.h"
#include "lib/counters.h"
#include "lib/explain.h"
#include "out.h"

enum { OPTION_SRC = 1, OPTION_DST, OPTION_PROTO, OPTION_IFACE, OPTION_PCAP, OPTION_JSON };

static const struct option options[] = {
	{"src", required_argument, NULL, OPTION_SRC},
	{"dst", required_argument, NULL, OPTION_DST},
	{"proto", required_argument, NULL, OPTION_PROTO},
	{"iface", required_argument, NULL, OPTION_IFACE},
	{"pcap", required_argument, NULL, OPTION_PCAP},
	{"json", no_argument, NULL, OPTION_JSON},
	{},
};

struct request {
	struct packet_question question;
	enum drop53_family target_family; /* NONE: no --dst */
	const char *interface;
	const char *pcap;
	bool has_source;
	bool json;
};

/* One answer on stdout; @number counts from 1. */
static void print(const struct explanation *explanation, unsigned long number, bool snapped,
		  __u64 generation, bool json)
{
	static const __u8 whole[DROP53_FAMILY__N] = {0, 32, 128};
	char source[INET6_ADDRSTRLEN] = "no source", match[PREFIX_TEXT];
	json_t *result;

	if (explanation->family != DROP53_FAMILY_NONE)
		inet_ntop(whole[explanation->family] == 32 ? AF_INET : AF_INET6,
			  explanation->source, source, sizeof(source));
	if (explanation->match)
		prefix__format(explanation->match, match);
	if (!json) {
		out("%lu: %s, %s (%s), from %s", number, verdict__name(explanation->verdict),
		    reason__name(explanation->reason), reason__meaning(explanation->reason),
		    source);
		if (explanation->match)
			out(", matches %s of generation %llu", match, generation);
		out("%s\n", snapped ? ", cut short by the capture" : "");
		return;
	}
	result = json_pack("{s:I, s:s, s:s, s:s?, s:s?, s:I}", "frame", (json_int_t)number,
			   "verdict", verdict__name(explanation->verdict), "reason",
			   reason__name(explanation->reason), "source",
			   explanation->family != DROP53_FAMILY_NONE ? source : NULL,
			   "matched_prefix", explanation->match ? match : NULL, "generation",
			   (json_int_t)generation);
	if (snapped)
		json_object_set_new(result, "snapped", json_true());
	out("%s", number > 1 ? "," : "");
	out_json_part(result);
}

static int explain_file(struct context *context, const struct explainer *explainer,
			const struct request *request)
{
	char error[PCAP_ERRBUF_SIZE];
	struct explanation explanation;
	struct pcap_pkthdr *header;
	const __u8 *frame;
	unsigned long number = 0;
	int more, err = 0;
	pcap_t *pcap;

	pcap = pcap_open_offline(request->pcap, error);
	if (!pcap)
		return diag__fail(&context->diag, EBADMSG,
				  "%s: cannot be read as pcap or "
				  "pcapng: %s",
				  request->pcap, error);
	if (pcap_datalink(pcap) != DLT_EN10MB)
		err = diag__fail(&context->diag, EBADMSG,
				 "%s: holds %s frames; drop53 explains "
				 "Ethernet alone (tcpdump -i IFACE, not -i any)",
				 request->pcap,
				 pcap_datalink_val_to_name(pcap_datalink(pcap)) ?: "unknown");
	while (!err && (more = pcap_next_ex(pcap, &header, &frame)) == 1) {
		err = explainer__judge(explainer, frame, header->caplen, &explanation,
				       &context->diag);
		if (!err)
			print(&explanation, ++number, header->caplen < header->len,
			      explainer->generation, request->json);
	}
	if (!err && more == PCAP_ERROR)
		err = diag__fail(&context->diag, EBADMSG, "%s: broken after frame %lu: %s",
				 request->pcap, number, pcap_geterr(pcap));
	pcap_close(pcap);
	return err;
}

static int explain_question(struct context *context, const struct explainer *explainer,
			    const struct request *request)
{
	struct explanation explanation;
	__u8 frame[QUESTION_FRAME];
	size_t length;
	int err;

	length = question__frame(&request->question, frame);
	err = explainer__judge(explainer, frame, length, &explanation, &context->diag);
	if (!err)
		print(&explanation, 1, false, explainer->generation, request->json);
	return err;
}

static int parse_address(struct context *context, const char *what, const char *text,
			 enum drop53_family *family, __u8 address[16])
{
	memset(address, 0, 16);
	if (inet_pton(AF_INET, text, address) == 1)
		*family = DROP53_FAMILY_IPV4;
	else if (inet_pton(AF_INET6, text, address) == 1)
		*family = DROP53_FAMILY_IPV6;
	else
		return diag__fail(&context->diag, EINVAL,
				  "%s '%s': must be an IPv4 or IPv6 "
				  "address",
				  what, text);
	return 0;
}

static int take_option(struct context *context, int option, struct request *request)
{
	static const char *const protocols[] = {"udp", "tcp"};
	int result = 0;

	switch (option) {
	case OPTION_SRC:
		request->has_source = true;
		return parse_address(context, "--src", optarg, &request->question.family,
				     request->question.source);
	case OPTION_DST:
		return parse_address(context, "--dst", optarg, &request->target_family,
				     request->question.target);
	case OPTION_PROTO:
		result = parse_word(context, "--proto", optarg, protocols, 2);
		request->question.protocol = result + DROP53_PROTOCOL_UDP;
		return result < 0 ? result : 0;
	case OPTION_IFACE:
		request->interface = optarg;
		return 0;
	case OPTION_PCAP:
		request->pcap = optarg;
		return 0;
	case OPTION_JSON:
		request->json = true;
		return 0;
	default:
		return -EINVAL;
	}
}

static int parse(struct context *context, int argc, char **argv, struct request *request)
{
	static const __u8 loopback[16] = {127, 0, 0, 1}, loopback6[16] = {[15] = 1};
	int option, err;

	while ((option = next_option(context, argc, argv, options)) != -1) {
		err = take_option(context, option, request);
		if (err)
			return err;
	}
	if (optind < argc)
		return usage_error(context, argv[0], "'%s': takes options alone", argv[optind]);
	if (request->has_source == !!request->pcap)
		return usage_error(context, argv[0], "give --src or --pcap");
	if (request->target_family && request->target_family != request->question.family)
		return usage_error(context, argv[0], "--src and --dst must be of one family");
	/* Sent to this host, unless it is said otherwise. */
	if (!request->target_family)
		memcpy(request->question.target,
		       request->question.family == DROP53_FAMILY_IPV6 ? loopback6 : loopback, 16);
	return 0;
}

static int check_interface(struct context *context, const struct filter *filter, const char *name)
{
	struct attachment all[DROP53_MAX_INTERFACES];
	int n = attachments__list(filter, all), i;

	for (i = 0; i < n; i++)
		if (!strcmp(all[i].name, name) && all[i].attached)
			return 0;
	return diag__fail(&context->diag, ENOENT,
			  "%s: not attached, so every packet passes "
			  "there; drop53 attach %s",
			  name, name);
}

int cmd_explain(struct context *context, int argc, char **argv)
{
	struct request request = {.question.protocol = DROP53_PROTOCOL_UDP};
	struct explainer explainer = {};
	struct filter filter;
	struct state state;
	int err;

	err = parse(context, argc, argv, &request);
	if (err)
		return err;
	err = open_filter(context, &state, &filter, FILTER_READ);
	if (!err && filter.explain < 0)
		err = diag__fail(&context->diag, EPERM,
				 "the program may not be run by this user; "
				 "run as root");
	if (!err && request.interface)
		err = check_interface(context, &filter, request.interface);
	if (!err)
		err = explainer__open(&explainer, &filter, &context->diag);
	if (err)
		goto out;
	if (request.json)
		out("{\"schema_version\":1,\"results\":[");
	err = request.pcap ? explain_file(context, &explainer, &request)
			   : explain_question(context, &explainer, &request);
	if (request.json)
		out("]}\n");
out:
	explainer__close(&explainer);
	close_filter(&state, &filter);
	return err;
}
