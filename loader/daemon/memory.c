/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/memory.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/diag.h"

#define VERSION 1

static int pin(int map, const struct filter *filter)
{
	char path[PATH_MAX];

	if (bpf_obj_pin(map, state__path(filter->state, path, PIN_SERIES)))
		return -errno;
	return chmod(path, 0600) ? -errno : 0;
}

/* Of another size: another version's, whose series start afresh. */
static int open_pinned(const struct filter *filter)
{
	struct bpf_map_info info = {};
	__u32 length = sizeof(info);
	char path[PATH_MAX];
	int map;

	map = bpf_obj_get(state__path(filter->state, path, PIN_SERIES));
	if (map < 0)
		return -errno;
	if (!bpf_obj_get_info_by_fd(map, &info, &length) &&
	    info.value_size == sizeof(struct memory_record))
		return map;
	close(map);
	return unlink(path) ? -errno : -ENOENT;
}

static int make(const struct filter *filter)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	int map, err;

	map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "drop53_series", sizeof(__u32),
			     sizeof(struct memory_record), 1, &options);
	if (map < 0)
		return -errno;
	err = pin(map, filter);
	if (!err)
		return map;
	close(map);
	return err;
}

int memory__open(struct memory *memory, const struct filter *filter, struct diag *diag)
{
	void *record;
	int map;

	map = open_pinned(filter);
	if (map == -ENOENT)
		map = make(filter);
	if (map < 0)
		return diag__fail(diag, -map, "%s/" PIN_SERIES ": %s", filter->state->directory,
				  strerror(-map));
	record = mmap(NULL, sizeof(struct memory_record), PROT_READ | PROT_WRITE, MAP_SHARED, map,
		      0);
	if (record == MAP_FAILED) {
		int err = errno;

		close(map);
		return diag__fail(diag, err, "%s/" PIN_SERIES ": cannot map: %s",
				  filter->state->directory, strerror(err));
	}
	memory->map = map;
	memory->record = record;
	return 0;
}

void memory__close(struct memory *memory)
{
	if (!memory->record)
		return;
	munmap(memory->record, sizeof(*memory->record));
	close(memory->map);
	memory->record = NULL;
}

void memory__load(const struct memory *memory, __u64 epochs, struct topk *topk)
{
	const struct memory_record *record = memory->record;
	__u32 half = __atomic_load_n(&record->half, __ATOMIC_ACQUIRE) & 1;

	if (record->version == VERSION && record->half_of[half].epochs == epochs &&
	    record->half_of[half].topk.n <= TOPK_REMEMBERED)
		*topk = record->half_of[half].topk;
	else
		*topk = (struct topk){};
}

void memory__store(struct memory *memory, __u64 epochs, const struct topk *topk)
{
	struct memory_record *record = memory->record;
	__u32 half = !(record->half & 1);

	record->half_of[half].epochs = epochs;
	record->half_of[half].topk = *topk;
	record->version = VERSION;
	__atomic_store_n(&record->half, half, __ATOMIC_RELEASE);
}

void memory__keep(const struct memory *memory, const struct filter *filter)
{
	char path[PATH_MAX];

	if (access(state__path(filter->state, path, PIN_SERIES), F_OK))
		pin(memory->map, filter);
}
