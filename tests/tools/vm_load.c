/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * vm_load OBJECT: loads each program of drop53's object by itself, in the form that the loader
 * gives it, and prints a line for each:
 *	PROGRAM verified INSTRUCTIONS jited BYTES ms MILLISECONDS
 * A program that needs more than this kernel has is told from one that is refused:
 *	PROGRAM unsupported NEED
 * Exit code 1, with the verifier's last words on stderr, when one is refused.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "drop53.h"

#define LOG_SIZE    (16u << 20)
#define LOG_STEPS   1 /* BPF_LOG_LEVEL1: every instruction of a path that is refused */
#define LOG_STATS   4 /* BPF_LOG_STATS: the closing line alone */
#define LAST_WORDS  2000
#define SOURCE_SETS 1024

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

/* Multi-buffer programs: the flag alone is refused before Linux 5.18. */
static bool kernel_has_frags(void)
{
	const struct bpf_insn pass[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 2},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .prog_flags = BPF_F_XDP_HAS_FRAGS);
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "probe", "GPL", pass, 2, &opts);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/* Where `config` lies in .rodata, which has other constants too. */
static int config_offset(const struct bpf_object *object)
{
	const struct btf *btf = bpf_object__btf(object);
	int id = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	const struct btf_type *section = btf__type_by_id(btf, id);
	const struct btf_var_secinfo *var = section ? btf_var_secinfos(section) : NULL;
	const char *name;

	for (int i = 0; section && i < btf_vlen(section); i++) {
		name = btf__name_by_offset(btf, btf__type_by_id(btf, var[i].type)->name_off);
		if (!strcmp(name, "config"))
			return (int)var[i].offset;
	}
	return -ENOENT;
}

/*
 * The settings that make the verifier walk the most: with none of a thing (no sources kept, no
 * multi-buffer frames) it prunes the code for it.
 */
static int configure(struct bpf_object *object, bool frags)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".rodata");
	int offset = config_offset(object), err = -EINVAL;
	struct drop53_config *config;
	const void *initial;
	char *constants;
	size_t size;

	if (!map || offset < 0)
		return -ENOENT;
	initial = bpf_map__initial_value(map, &size);
	constants = malloc(size);
	if (!constants)
		return -ENOMEM;
	if (size >= offset + sizeof(*config)) {
		memcpy(constants, initial, size);
		config = (struct drop53_config *)(constants + offset);
		config->frags = frags;
		config->interfaces = DROP53_MAX_INTERFACES + 1;
		config->sets = SOURCE_SETS;
		err = bpf_map__set_initial_value(map, constants, size);
	}
	free(constants);
	return err;
}

static unsigned int verified(const char *log)
{
	const char *line = strstr(log, "processed ");

	return line ? (unsigned int)strtoul(line + strlen("processed "), NULL, 10) : 0;
}

static unsigned int jited(int fd)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &size) ? 0 : info.jited_prog_len;
}

/* Loads the program @name of the object file @path alone. Returns the object, or NULL. */
static struct bpf_object *load(const char *path, const char *name, bool frags, int level, char *log)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_program *program;
	int err;

	if (!object)
		return NULL;
	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, !strcmp(bpf_program__name(program), name));
	program = bpf_object__find_program_by_name(object, name);
	bpf_program__set_log_buf(program, log, LOG_SIZE);
	bpf_program__set_log_level(program, level);
	err = configure(object, frags);
	if (!err)
		err = bpf_object__load(object);
	if (!err)
		return object;
	bpf_object__close(object);
	errno = -err;
	return NULL;
}

static int refused(const char *path, const char *name, bool frags, char *log)
{
	size_t length;

	log[0] = '\0';
	bpf_object__close(load(path, name, frags, LOG_STEPS, log));
	length = strlen(log);
	printf("%s refused %s\n", name, strerror(errno));
	fprintf(stderr, "%s: %s\n%s\n", path, name,
		length > LAST_WORDS ? log + length - LAST_WORDS : log);
	return 1;
}

static int report(const char *path, const struct bpf_program *program, char *log)
{
	bool frags = !strcmp(bpf_program__section_name(program), "xdp.frags");
	const char *name = bpf_program__name(program);
	struct bpf_object *object;
	double started = now_ms();
	int fd;

	if (frags && !kernel_has_frags()) {
		printf("%s unsupported xdp.frags\n", name);
		return 0;
	}
	object = load(path, name, frags, LOG_STATS, log);
	if (!object)
		return refused(path, name, frags, log);
	fd = bpf_program__fd(bpf_object__find_program_by_name(object, name));
	printf("%s verified %u jited %u ms %.1f\n", name, verified(log), jited(fd),
	       now_ms() - started);
	bpf_object__close(object);
	return 0;
}

int main(int argc, char **argv)
{
	struct bpf_program *program;
	struct bpf_object *list;
	int failed = 0;
	char *log;

	if (argc != 2) {
		fputs("usage: vm_load OBJECT\n", stderr);
		return 2;
	}
	libbpf_set_print(NULL); /* the lines on stdout and the log say it */
	log = malloc(LOG_SIZE);
	list = bpf_object__open_file(argv[1], NULL);
	if (!log || !list) {
		fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	bpf_object__for_each_program(program, list) failed |= report(argv[1], program, log);
	bpf_object__close(list);
	free(log);
	return failed;
}
