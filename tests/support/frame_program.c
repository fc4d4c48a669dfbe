/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "frame_program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "drop53.skel.h"

#define SETS 64 /* of sources, a CPU: more than any table of frames fills */

/* An array, mapped: all that the program writes lies in such. */
struct table {
	void *bytes;
	size_t size;
	__u32 entries;
};

struct frame_program {
	struct drop53_bpf *skeleton;
	enum frame_variant variant;
	int filter, explain; /* descriptors, owned by the skeleton */
	struct table counters, cpus, tags, sources;
};

static int map_table(struct table *table, const struct bpf_map *map)
{
	size_t page = sysconf(_SC_PAGESIZE);
	void *bytes;

	table->entries = bpf_map__max_entries(map);
	table->size = (table->entries * bpf_map__value_size(map) + page - 1) / page * page;
	bytes = mmap(NULL, table->size, PROT_READ, MAP_SHARED, bpf_map__fd(map), 0);
	if (bytes == MAP_FAILED)
		return -errno;
	table->bytes = bytes;
	return 0;
}

static void unmap_table(struct table *table)
{
	if (table->bytes)
		munmap(table->bytes, table->size);
}

static int load(struct frame_program *program, enum frame_variant variant)
{
	struct drop53_bpf *skeleton = program->skeleton;
	struct drop53_config *config = &skeleton->rodata->config;
	__u32 cpus = libbpf_num_possible_cpus();
	bool frags = variant == FRAME_FRAGS;
	int err;

	config->frags = frags;
	config->sets = SETS;
	for (unsigned int i = 0; i < sizeof(config->hash_key) / sizeof(config->hash_key[0]); i++)
		config->hash_key[i] = 0x9e3779b97f4a7c15ull * (i + 1) | 1;
	bpf_map__set_max_entries(skeleton->maps.counters, cpus * config->interfaces);
	bpf_map__set_max_entries(skeleton->maps.cpus, cpus);
	bpf_map__set_max_entries(skeleton->maps.tags, cpus * SETS);
	bpf_map__set_max_entries(skeleton->maps.sources, cpus * SETS * DROP53_WAYS);
	bpf_program__set_autoload(skeleton->progs.drop53, !frags);
	bpf_program__set_autoload(skeleton->progs.explain, !frags);
	bpf_program__set_autoload(skeleton->progs.drop53_frags, frags);
	bpf_program__set_autoload(skeleton->progs.explain_frags, frags);
	err = drop53_bpf__load(skeleton);
	if (err)
		return err;
	program->filter =
		bpf_program__fd(frags ? skeleton->progs.drop53_frags : skeleton->progs.drop53);
	program->explain =
		bpf_program__fd(frags ? skeleton->progs.explain_frags : skeleton->progs.explain);
	return 0;
}

static int map_tables(struct frame_program *program)
{
	struct drop53_bpf *skeleton = program->skeleton;
	int err;

	err = map_table(&program->counters, skeleton->maps.counters);
	if (!err)
		err = map_table(&program->cpus, skeleton->maps.cpus);
	if (!err)
		err = map_table(&program->tags, skeleton->maps.tags);
	if (!err)
		err = map_table(&program->sources, skeleton->maps.sources);
	return err;
}

struct frame_program *frame_program__load(enum frame_variant variant)
{
	struct frame_program *program = calloc(1, sizeof(*program));
	int err = -ENOMEM;

	if (!program)
		return NULL;
	program->skeleton = drop53_bpf__open();
	program->variant = variant;
	if (program->skeleton)
		err = load(program, variant);
	if (!err)
		err = map_tables(program);
	if (err) {
		frame_program__free(program);
		errno = -err;
		return NULL;
	}
	return program;
}

void frame_program__free(struct frame_program *program)
{
	if (!program)
		return;
	unmap_table(&program->counters);
	unmap_table(&program->cpus);
	unmap_table(&program->tags);
	unmap_table(&program->sources);
	drop53_bpf__destroy(program->skeleton);
	free(program);
}

bool frame_program__has_frags(const struct frame_program *program)
{
	return program->variant == FRAME_FRAGS;
}

static int run(int fd, const void *frame, size_t length, unsigned int linear, __u32 *result)
{
	struct xdp_md ctx = {.data_end = linear};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = length, .repeat = 1);
	int err;

	if (linear != FRAME_ALL_LINEAR) {
		opts.ctx_in = &ctx;
		opts.ctx_size_in = sizeof(ctx);
	}
	err = bpf_prog_test_run_opts(fd, &opts);
	if (!err)
		*result = opts.retval;
	return err;
}

int frame_program__explain(struct frame_program *program, const void *frame, size_t length,
			   unsigned int linear, __u32 *word)
{
	return run(program->explain, frame, length, linear, word);
}

int frame_program__filter(struct frame_program *program, const void *frame, size_t length,
			  unsigned int linear, __u32 *action)
{
	return run(program->filter, frame, length, linear, action);
}

void frame_program__set_policy(struct frame_program *program, enum drop53_policy policy)
{
	program->skeleton->data_settings->settings.policy = policy;
}

/* FNV-1a, a word at a time. */
static __u64 hash_table(const struct table *table, __u64 hash)
{
	const __u64 *word = table->bytes;

	for (size_t i = 0; i < table->size / sizeof(*word); i++)
		hash = (hash ^ word[i]) * 0x100000001b3ull;
	return hash;
}

static void add(struct drop53_count *sum, __u64 packets, __u64 bytes)
{
	sum->packets += packets;
	sum->bytes += bytes;
}

void frame_program__accounts(struct frame_program *program, struct frame_accounts *accounts)
{
	const struct drop53_counters *block = program->counters.bytes;
	const struct drop53_source *source = program->sources.bytes;
	const struct drop53_cpu *cpu = program->cpus.bytes;

	memset(accounts, 0, sizeof(*accounts));
	for (__u32 i = 0; i < program->counters.entries; i++)
		for (__u32 cell = 0; cell < DROP53_CELLS; cell++)
			add(&accounts->cell[cell], block[i].cell[cell].packets,
			    block[i].cell[cell].bytes);
	for (__u32 i = 0; i < program->sources.entries; i++)
		add(&accounts->sources[drop53_account(source[i].state)], source[i].packets,
		    source[i].bytes);
	for (__u32 i = 0; i < program->cpus.entries; i++)
		for (__u32 account = 0; account < DROP53_ACCOUNT__N; account++)
			add(&accounts->sources[account], cpu[i].untracked[account].packets,
			    cpu[i].untracked[account].bytes);
	accounts->hash = hash_table(&program->counters, 0xcbf29ce484222325ull);
	accounts->hash = hash_table(&program->cpus, accounts->hash);
	accounts->hash = hash_table(&program->tags, accounts->hash);
	accounts->hash = hash_table(&program->sources, accounts->hash);
}

__u64 frame_program__source_packets(struct frame_program *program, enum drop53_family family,
				    const unsigned char address[16])
{
	const struct drop53_source *source = program->sources.bytes;
	__u64 packets = 0;

	for (__u32 i = 0; i < program->sources.entries; i++)
		if ((source[i].state & DROP53_STATE_FAMILY) == family &&
		    !memcmp(source[i].address, address, sizeof(source[i].address)))
			packets += source[i].packets;
	return packets;
}
