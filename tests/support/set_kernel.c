/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "set_kernel.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/set_pages.h"

static size_t page_up(size_t bytes)
{
	size_t page = sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page;
}

static int find_program(struct bpf_object *object, const char *name)
{
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);

	return program ? bpf_program__fd(program) : -ENOENT;
}

static int find_map(struct bpf_object *object, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);

	return map ? bpf_map__fd(map) : -ENOENT;
}

/* By the spare page, so that every other one begins on a cache line. */
static int measure_skew(struct set_kernel *kernel)
{
	__u8 frame[64] = {};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = sizeof(frame));
	int err = set_pages__wait(kernel->sets, NULL);

	if (!err)
		err = bpf_prog_test_run_opts(find_program(kernel->object, "anchor"), &run);
	kernel->filter->line_skew = kernel->settings->skew;
	return err;
}

int set_kernel__open(struct set_kernel *kernel, const char *object_path)
{
	struct probe_settings *settings;
	int err = 0;

	*kernel = (struct set_kernel){};
	kernel->object = bpf_object__open_file(object_path, NULL);
	if (!kernel->object)
		return -errno;
	kernel->filter = calloc(1, sizeof(*kernel->filter));
	err = kernel->filter ? bpf_object__load(kernel->object) : -ENOMEM;
	if (err)
		goto out;
	kernel->probe = find_program(kernel->object, "probe");
	kernel->bench = find_program(kernel->object, "bench");
	kernel->sets = find_map(kernel->object, "sets");
	kernel->listed = find_map(kernel->object, "listed");
	settings = mmap(NULL, page_up(sizeof(*settings)), PROT_READ | PROT_WRITE, MAP_SHARED,
			find_map(kernel->object, ".data.settings"), 0);
	if (settings == MAP_FAILED)
		err = -errno;
	else
		kernel->settings = settings;
	if (!err)
		err = measure_skew(kernel);
out:
	if (err)
		set_kernel__close(kernel);
	return err;
}

void set_kernel__close(struct set_kernel *kernel)
{
	if (kernel->settings)
		munmap(kernel->settings, page_up(sizeof(*kernel->settings)));
	bpf_object__close(kernel->object);
	free(kernel->filter);
	*kernel = (struct set_kernel){};
}

int set_kernel__put(struct set_kernel *kernel, const struct blob *blob)
{
	int err = set_pages__put(kernel->sets, kernel->filter, 0, blob->lines, blob->n, NULL);

	kernel->settings->roots = kernel->filter->address_set[0].roots;
	return err;
}

int set_kernel__contains(struct set_kernel *kernel, enum drop53_family family,
			 const __u8 address[static 16])
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = address, .data_size_in = 16);
	int err;

	kernel->settings->ipv6 = family == DROP53_FAMILY_IPV6;
	err = bpf_prog_test_run_opts(kernel->probe, &options);
	if (err)
		return err;
	return options.retval == 2; /* XDP_PASS */
}

__u32 set_kernel__verified(int program)
{
	struct bpf_prog_info info = {};
	__u32 length = sizeof(info);

	if (bpf_obj_get_info_by_fd(program, &info, &length))
		return 0;
	return info.verified_insns;
}
