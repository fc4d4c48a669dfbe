/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/view.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/diag.h"

#define BATCH 4096 /* values a system call */

int view__open(struct view *view, int map, __u32 value_size, struct diag *diag)
{
	struct bpf_map_info info = {};
	__u32 length = sizeof(info);
	void *at;

	*view = (struct view){.fd = map};
	if (bpf_obj_get_info_by_fd(map, &info, &length))
		return diag__fail(diag, errno, "bpf(OBJ_GET_INFO_BY_FD): %s", strerror(errno));
	if (info.value_size != value_size)
		return diag__fail(diag, EPROTO,
				  "map %s: values of %u bytes where %u were "
				  "expected; made by another version of drop53",
				  info.name, info.value_size, value_size);
	view->entries = info.max_entries;
	view->value_size = value_size;
	view->length = (size_t)info.max_entries * value_size;
	at = mmap(NULL, view->length, PROT_READ, MAP_SHARED, map, 0);
	if (at != MAP_FAILED) {
		view->data = at;
		view->mapped = true;
		return 0;
	}
	view->data = malloc(view->length);
	if (!view->data)
		return diag__fail(diag, ENOMEM, "out of memory: %zu bytes", view->length);
	return view__refresh(view, diag);
}

int view__refresh(struct view *view, struct diag *diag)
{
	LIBBPF_OPTS(bpf_map_batch_opts, options);
	__u32 *keys, position = 0, done = 0, count;
	int err = 0;

	if (view->mapped)
		return 0;
	keys = malloc(BATCH * sizeof(*keys));
	if (!keys)
		return diag__fail(diag, ENOMEM, "out of memory");
	while (!err && done < view->entries) {
		count = view->entries - done < BATCH ? view->entries - done : BATCH;
		/* ENOENT comes with the last batch. */
		if (bpf_map_lookup_batch(view->fd, done ? &position : NULL, &position, keys,
					 (char *)view->data + (size_t)done * view->value_size,
					 &count, &options) &&
		    errno != ENOENT)
			err = diag__fail(diag, errno, "cannot read the table: %s", strerror(errno));
		else if (!count)
			break;
		done += count;
	}
	free(keys);
	return err;
}

void view__close(struct view *view)
{
	if (view->mapped)
		munmap(view->data, view->length);
	else
		free(view->data);
	view->data = NULL;
}
