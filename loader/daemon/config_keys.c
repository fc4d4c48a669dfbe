/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/config_keys.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/diag.h"
#include "lib/quote.h"

#define MAX_SOURCES (1u << 24)

static const char *quoted(struct quote *quote, const char *text)
{
	return quote__text(quote, text, strlen(text));
}

/* One of @n words. Returns its index or -EBADMSG. */
static int take_word(struct config_reader *reader, const struct config_key *key, yaml_node_t *value,
		     const char *const words[], int n)
{
	const char *text = config__scalar(reader, key->name, value);
	char choice[128] = "";
	struct quote quote;
	size_t used = 0;
	int i;

	if (!text)
		return -EBADMSG;
	for (i = 0; i < n; i++) {
		if (!strcmp(words[i], text))
			return i;
		used += snprintf(choice + used, sizeof(choice) - used, "%s%s", i ? ", " : "",
				 words[i]);
	}
	return config__bad(reader, &value->start_mark, "%s: %s: must be one of %s", key->name,
			   quoted(&quote, text), choice);
}

static int take_number(struct config_reader *reader, const struct config_key *key,
		       yaml_node_t *value, __u32 low, __u32 high, __u32 *number)
{
	const char *text = config__scalar(reader, key->name, value);
	unsigned long long parsed;
	struct quote quote;
	char *end;

	if (!text)
		return -EBADMSG;
	errno = 0;
	parsed = strtoull(text, &end, 10);
	if (value->data.scalar.style != YAML_PLAIN_SCALAR_STYLE || !isdigit(*text) || *end ||
	    errno || parsed < low || parsed > high)
		return config__bad(reader, &value->start_mark,
				   "%s: %s: must be a number from %u to %u", key->name,
				   quoted(&quote, text), low, high);
	*number = parsed;
	return 0;
}

static int take_lengths(struct config_reader *reader, const struct config_key *key,
			yaml_node_t *value, __u8 lengths[DROP53_FAMILY__N])
{
	const char *text = config__scalar(reader, key->name, value);
	unsigned int ipv4, ipv6;
	struct quote quote;
	int used = 0;

	if (!text)
		return -EBADMSG;
	if (!isdigit(*text) || sscanf(text, "%3u,%3u%n", &ipv4, &ipv6, &used) != 2 || text[used] ||
	    ipv4 < 1 || ipv4 > 32 || ipv6 < 1 || ipv6 > 128)
		return config__bad(reader, &value->start_mark,
				   "%s: %s: must be two prefix lengths, IPv4's from 1 to 32 and "
				   "IPv6's from 1 to 128, as in 24,56",
				   key->name, quoted(&quote, text));
	lengths[DROP53_FAMILY_IPV4] = ipv4;
	lengths[DROP53_FAMILY_IPV6] = ipv6;
	return 0;
}

static int take_interface(struct config_reader *reader, const struct config_key *key,
			  yaml_node_t *item)
{
	const char *name = config__scalar(reader, key->name, item);
	struct config *config = reader->config;
	struct quote quote;
	size_t i;

	if (!name)
		return -EBADMSG;
	if (strlen(name) >= DROP53_IFNAME || strpbrk(name, "/: \t\n"))
		return config__bad(reader, &item->start_mark, "%s: %s: not an interface's name",
				   key->name, quoted(&quote, name));
	for (i = 0; i < config->n_interfaces; i++)
		if (!strcmp(config->interfaces[i], name))
			return config__bad(reader, &item->start_mark, "%s: %s: is there twice",
					   key->name, quoted(&quote, name));
	if (config->n_interfaces == DROP53_MAX_INTERFACES)
		return config__bad(reader, &item->start_mark, "%s: at most %d of them", key->name,
				   DROP53_MAX_INTERFACES);
	strcpy(config->interfaces[config->n_interfaces++], name);
	return 0;
}

static int take_interfaces(struct config_reader *reader, const struct config_key *key,
			   yaml_node_t *value)
{
	yaml_node_item_t *item;
	int err = 0;

	if (value->type != YAML_SEQUENCE_NODE)
		return config__bad(reader, &value->start_mark, "%s: must be a list, as in [eth0]",
				   key->name);
	for (item = value->data.sequence.items.start; !err && item < value->data.sequence.items.top;
	     item++)
		err = take_interface(reader, key, yaml_document_get_node(reader->document, *item));
	if (!err && !reader->config->n_interfaces)
		err = config__bad(reader, &value->start_mark, "%s: the list is empty", key->name);
	return err;
}

static int take_mode(struct config_reader *reader, const struct config_key *key, yaml_node_t *value)
{
	static const char *const words[] = {"auto", "native", "generic"};
	int word = take_word(reader, key, value, words, 3);

	reader->config->mode = word;
	return word < 0 ? word : 0;
}

static int take_policy(struct config_reader *reader, const struct config_key *key,
		       yaml_node_t *value)
{
	static const char *const words[] = {"enforce", "monitor"};
	int word = take_word(reader, key, value, words, 2);

	reader->config->policy = word;
	return word < 0 ? word : 0;
}

static int take_scope(struct config_reader *reader, const struct config_key *key,
		      yaml_node_t *value)
{
	static const char *const words[] = {"any", "local"};
	int word = take_word(reader, key, value, words, 2);

	reader->config->scope = word;
	return word < 0 ? word : 0;
}

/* Relative to where the configuration is: a directory can be moved as a whole. */
static int take_allow_file(struct config_reader *reader, const struct config_key *key,
			   yaml_node_t *value)
{
	const char *text = config__scalar(reader, key->name, value);
	const char *slash = strrchr(reader->name, '/');
	char *path = reader->config->allow_file;
	int used;

	if (!text)
		return -EBADMSG;
	used = snprintf(path, DROP53_PATH, "%.*s%s",
			*text == '/' || !slash ? 0 : (int)(slash + 1 - reader->name), reader->name,
			text);
	if (used >= DROP53_PATH)
		return config__bad(reader, &value->start_mark,
				   "%s: the path is longer than %d characters", key->name,
				   DROP53_PATH - 1);
	return 0;
}

static int take_sources(struct config_reader *reader, const struct config_key *key,
			yaml_node_t *value)
{
	return take_number(reader, key, value, 1, MAX_SOURCES, &reader->config->load.sources);
}

static int take_source_len(struct config_reader *reader, const struct config_key *key,
			   yaml_node_t *value)
{
	return take_lengths(reader, key, value, reader->config->load.source_length);
}

/* "ADDRESS:PORT" or "[ADDRESS]:PORT", numeric: no resolver is asked by those who stop DNS. */
static bool parse_listen(const char *text, struct sockaddr_storage *listen)
{
	struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)listen;
	struct sockaddr_in *ipv4 = (struct sockaddr_in *)listen;
	char address[INET6_ADDRSTRLEN];
	unsigned int port;
	int used = 0;

	memset(listen, 0, sizeof(*listen));
	if (sscanf(text, "[%45[0-9a-fA-F:.]]:%5u%n", address, &port, &used) == 2) {
		listen->ss_family = AF_INET6;
		ipv6->sin6_port = htons(port);
	} else if (sscanf(text, "%15[0-9.]:%5u%n", address, &port, &used) == 2) {
		listen->ss_family = AF_INET;
		ipv4->sin_port = htons(port);
	} else {
		return false;
	}
	return used && !text[used] && text[used - 1] != ' ' && port >= 1 && port <= 65535 &&
	       inet_pton(listen->ss_family, address,
			 listen->ss_family == AF_INET6 ? (void *)&ipv6->sin6_addr
						       : (void *)&ipv4->sin_addr) == 1;
}

static int take_listen(struct config_reader *reader, const struct config_key *key,
		       yaml_node_t *value)
{
	const char *text = config__scalar(reader, key->name, value);
	struct quote quote;

	if (!text)
		return -EBADMSG;
	if (!strcmp(text, "off"))
		memset(&reader->config->listen, 0, sizeof(reader->config->listen));
	else if (!parse_listen(text, &reader->config->listen))
		return config__bad(reader, &value->start_mark,
				   "%s: %s: must be ADDRESS:PORT, as in 127.0.0.1:20053 or "
				   "\"[::1]:20053\", or off",
				   key->name, quoted(&quote, text));
	return 0;
}

static int take_metrics_sources(struct config_reader *reader, const struct config_key *key,
				yaml_node_t *value)
{
	static const char *const words[] = {"off", "prefix", "address"};
	int word = take_word(reader, key, value, words, 3);

	reader->config->sources = word;
	return word < 0 ? word : 0;
}

static int take_metrics_len(struct config_reader *reader, const struct config_key *key,
			    yaml_node_t *value)
{
	return take_lengths(reader, key, value, reader->config->source_length);
}

static int take_top(struct config_reader *reader, const struct config_key *key, yaml_node_t *value)
{
	return take_number(reader, key, value, 1, CONFIG_MAX_SERIES, &reader->config->top);
}

static int take_min_rate(struct config_reader *reader, const struct config_key *key,
			 yaml_node_t *value)
{
	return take_number(reader, key, value, 1, 1000000000, &reader->config->min_rate);
}

static int take_newcomers(struct config_reader *reader, const struct config_key *key,
			  yaml_node_t *value)
{
	return take_number(reader, key, value, 1, CONFIG_MAX_SERIES, &reader->config->newcomers);
}

static int take_on_exit(struct config_reader *reader, const struct config_key *key,
			yaml_node_t *value)
{
	static const char *const words[] = {"keep", "detach"};
	int word = take_word(reader, key, value, words, 2);

	reader->config->detach_on_exit = word == 1;
	return word < 0 ? word : 0;
}

const struct config_key config_keys[] = {
	{"interfaces", take_interfaces},
	{"xdp_mode", take_mode},
	{"policy", take_policy},
	{"scope", take_scope},
	{"allow_file", take_allow_file},
	{"sources", take_sources},
	{"source_len", take_source_len},
	{"listen", take_listen},
	{"metrics_sources", take_metrics_sources},
	{"metrics_source_len", take_metrics_len},
	{"metrics_top", take_top},
	{"metrics_min_rate", take_min_rate},
	{"metrics_newcomers", take_newcomers},
	{"on_exit", take_on_exit},
	{},
};
