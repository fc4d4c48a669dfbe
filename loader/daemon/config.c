/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/config_keys.h"
#include "lib/diag.h"
#include "lib/quote.h"

#define DEFAULT_PORT 20053

int config__bad(struct config_reader *reader, const yaml_mark_t *mark, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return diag__fail(reader->diag, EBADMSG, "%s:%zu:%zu: %s", reader->name, mark->line + 1,
			  mark->column + 1, text);
}

const char *config__scalar(struct config_reader *reader, const char *what, yaml_node_t *value)
{
	const char *text = (const char *)value->data.scalar.value;

	if (value->type != YAML_SCALAR_NODE) {
		config__bad(reader, &value->start_mark, "%s: must be one value, not a %s", what,
			    value->type == YAML_SEQUENCE_NODE ? "list" : "group of keys");
		return NULL;
	}
	if (!*text || strlen(text) != value->data.scalar.length) {
		config__bad(reader, &value->start_mark,
			    *text ? "%s: holds a NUL byte" : "%s: has no value", what);
		return NULL;
	}
	return text;
}

static const struct config_key *find_key(const char *name)
{
	const struct config_key *key;

	for (key = config_keys; key->name; key++)
		if (!strcmp(key->name, name))
			return key;
	return NULL;
}

static int take_pair(struct config_reader *reader, yaml_node_pair_t *pair, __u32 *seen)
{
	yaml_node_t *name = yaml_document_get_node(reader->document, pair->key);
	yaml_node_t *value = yaml_document_get_node(reader->document, pair->value);
	const char *text = config__scalar(reader, "a key", name);
	const struct config_key *key;
	struct quote quote;
	__u32 bit;

	if (!text)
		return -EBADMSG;
	key = find_key(text);
	if (!key)
		return config__bad(reader, &name->start_mark, "%s: no such key",
				   quote__text(&quote, text, strlen(text)));
	bit = 1u << (key - config_keys);
	if (*seen & bit)
		return config__bad(reader, &name->start_mark, "%s: is there twice", text);
	*seen |= bit;
	return key->take(reader, key, value);
}

static int take_document(struct config_reader *reader)
{
	yaml_node_t *root = yaml_document_get_root_node(reader->document);
	const yaml_mark_t start = {};
	yaml_node_pair_t *pair;
	__u32 seen = 0;
	int err = 0;

	if (root && root->type != YAML_MAPPING_NODE)
		return config__bad(reader, &root->start_mark, "must be lines of KEY: VALUE");
	for (pair = root ? root->data.mapping.pairs.start : NULL;
	     !err && root && pair < root->data.mapping.pairs.top; pair++)
		err = take_pair(reader, pair, &seen);
	if (!err && !reader->config->n_interfaces)
		err = config__bad(reader, root ? &root->start_mark : &start,
				  "interfaces: missing; which to filter, as in [eth0]");
	return err;
}

/* What libyaml says. Where the bytes are no UTF-8 it knows an offset alone. */
static int syntax_error(struct config_reader *reader, const yaml_parser_t *parser, const char *text)
{
	yaml_mark_t mark = parser->problem_mark;
	size_t i;

	if (parser->error == YAML_MEMORY_ERROR)
		return diag__fail(reader->diag, ENOMEM, "%s: out of memory", reader->name);
	if (parser->error == YAML_READER_ERROR) {
		mark = (yaml_mark_t){};
		for (i = 0; i < parser->problem_offset; i++) {
			mark.column = text[i] == '\n' ? 0 : mark.column + 1;
			mark.line += text[i] == '\n';
		}
	}
	return config__bad(reader, &mark, "%s%s%s", parser->context ? parser->context : "",
			   parser->context ? ": " : "", parser->problem);
}

/* A second document would be ignored in silence. */
static int check_end(struct config_reader *reader, yaml_parser_t *parser, const char *text)
{
	yaml_document_t next;
	yaml_node_t *root;
	int err = 0;

	if (!yaml_parser_load(parser, &next))
		return syntax_error(reader, parser, text);
	root = yaml_document_get_root_node(&next);
	if (root)
		err = config__bad(reader, &root->start_mark, "a second document; one is enough");
	yaml_document_delete(&next);
	return err;
}

static void set_defaults(struct config *config)
{
	struct sockaddr_in *listen = (struct sockaddr_in *)&config->listen;

	*config = (struct config){
		.mode = XDP_MODE_AUTO,
		.sources = METRICS_SOURCES_PREFIX,
		.top = 20,
		.min_rate = 10,
		.newcomers = 5,
	};
	config->source_length[DROP53_FAMILY_IPV4] = 24;
	config->source_length[DROP53_FAMILY_IPV6] = 56;
	listen->sin_family = AF_INET;
	listen->sin_port = htons(DEFAULT_PORT);
	listen->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

int config__parse_text(const char *name, const char *text, size_t length, struct config *config,
		       struct diag *diag)
{
	struct config_reader reader = {.name = name, .diag = diag};
	struct config result;
	yaml_document_t document;
	yaml_parser_t parser;
	int err;

	set_defaults(&result);
	reader.config = &result;
	reader.document = &document;
	if (!yaml_parser_initialize(&parser))
		return diag__fail(diag, ENOMEM, "%s: out of memory", name);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
	if (yaml_parser_load(&parser, &document)) {
		err = take_document(&reader);
		if (!err)
			err = check_end(&reader, &parser, text);
		yaml_document_delete(&document);
	} else {
		err = syntax_error(&reader, &parser, text);
	}
	yaml_parser_delete(&parser);
	if (!err)
		*config = result;
	return err;
}

/* Returns the length of the text, or -errno. */
static int read_text(const char *path, char *text, struct diag *diag)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	int used = 0;
	ssize_t got;

	if (fd < 0)
		return diag__fail(diag, errno, "%s: cannot read the configuration: %s", path,
				  strerror(errno));
	if (fstat(fd, &status) || !S_ISREG(status.st_mode)) {
		close(fd);
		return diag__fail(diag, EBADMSG, "%s: not a regular file", path);
	}
	while ((got = read(fd, text + used, CONFIG_MAX_BYTES + 1 - used)) > 0)
		used += got;
	if (got < 0)
		used = diag__fail(diag, errno, "%s: reading: %s", path, strerror(errno));
	close(fd);
	if (used > CONFIG_MAX_BYTES)
		return diag__fail(diag, EBADMSG, "%s: longer than %d bytes: not a configuration",
				  path, CONFIG_MAX_BYTES);
	return used;
}

int config__parse_file(const char *path, struct config *config, struct diag *diag)
{
	char *text = malloc(CONFIG_MAX_BYTES + 1);
	int length, err;

	if (!text)
		return diag__fail(diag, ENOMEM, "%s: out of memory", path);
	length = read_text(path, text, diag);
	err = length < 0 ? length : config__parse_text(path, text, length, config, diag);
	free(text);
	return err;
}

bool config__is_name(const char *interface)
{
	return !strpbrk(interface, "*?[");
}

bool config__wants(const struct config *config, const char *interface)
{
	const char *wanted;
	size_t i;

	for (i = 0; i < config->n_interfaces; i++) {
		wanted = config->interfaces[i];
		if (!strcmp(wanted, interface))
			return true;
		/* Who writes `*` means the network, not this host's talk with itself. */
		if (!config__is_name(wanted) && strcmp(interface, "lo") &&
		    !fnmatch(wanted, interface, 0))
			return true;
	}
	return false;
}
