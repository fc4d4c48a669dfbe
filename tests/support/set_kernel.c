/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "set_kernel.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

int set_kernel__open(struct set_kernel *kernel, const char *object_path)
{
	struct probe_settings *settings;
	char name[] = "sets0";
	int err = 0, i;

	*kernel = (struct set_kernel){};
	kernel->object = bpf_object__open_file(object_path, NULL);
	if (!kernel->object)
		return -errno;
	err = bpf_object__load(kernel->object);
	if (err)
		goto out;
	kernel->probe = find_program(kernel->object, "probe");
	kernel->bench = find_program(kernel->object, "bench");
	kernel->listed = find_map(kernel->object, "listed");
	for (i = 0; i < SET_CLASS__N; i++, name[4]++)
		kernel->store.outer[i] = find_map(kernel->object, name);
	settings = mmap(NULL, page_up(sizeof(*settings)), PROT_READ | PROT_WRITE, MAP_SHARED,
			find_map(kernel->object, ".data.settings"), 0);
	if (settings == MAP_FAILED)
		err = -errno;
	else
		kernel->settings = settings;
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
	*kernel = (struct set_kernel){};
}

int set_kernel__put(struct set_kernel *kernel, const struct blob *blob)
{
	/* The other slot, so that the tables of both are looked up right. */
	__u32 slot = !kernel->settings->slot, class;
	int err;

	err = set_store__put(&kernel->store, slot, blob, &class, NULL);
	if (err)
		return err;
	kernel->settings->class = class;
	kernel->settings->slot = slot;
	return 0;
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
