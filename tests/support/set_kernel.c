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

static int create_set(__u32 lines, bool any_size)
{
	LIBBPF_OPTS(bpf_map_create_opts, options,
		    .map_flags = BPF_F_MMAPABLE | (any_size ? BPF_F_INNER_MAP : 0));

	return bpf_map_create(BPF_MAP_TYPE_ARRAY, "set", sizeof(__u32), SET_LINE, lines, &options);
}

/* Tells the verifier what sets look like: by a map that is such a one. */
static int load(struct bpf_object *object, __u32 lines)
{
	int set = create_set(lines ? lines : 1, !lines), err;

	if (set < 0)
		return set;
	err = bpf_map__set_inner_map_fd(bpf_object__find_map_by_name(object, "sets"), set);
	if (err)
		close(set);
	else
		err = bpf_object__load(object); /* and closes the set */
	return err;
}

int set_kernel__open(struct set_kernel *kernel, const char *object_path, __u32 lines)
{
	struct probe_settings *settings;
	int err = 0;

	*kernel = (struct set_kernel){.lines = lines};
	kernel->object = bpf_object__open_file(object_path, NULL);
	if (!kernel->object)
		return -errno;
	err = load(kernel->object, lines);
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
	__u32 slot = 0, n = kernel->lines ? kernel->lines : blob->n;
	size_t bytes = (size_t)blob->n * SET_LINE;
	int set, err = 0;
	void *lines;

	set = create_set(n, !kernel->lines);
	if (set < 0)
		return set;
	lines = mmap(NULL, page_up(bytes), PROT_READ | PROT_WRITE, MAP_SHARED, set, 0);
	if (lines == MAP_FAILED) {
		err = -errno;
		goto out;
	}
	memcpy(lines, blob->lines, bytes);
	munmap(lines, page_up(bytes));
	if (bpf_map_update_elem(kernel->sets, &slot, &set, BPF_ANY))
		err = -errno;
out:
	close(set);
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
