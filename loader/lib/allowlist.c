/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lib/allowlist.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/compile.h"
#include "lib/diag.h"
#include "lib/view.h"
#include "set_layout.h"

/* A map with the compiled list in it. Returns its descriptor or -errno. */
static int make_map(const struct set_line *lines, __u32 n, struct diag *diag)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	size_t length = (size_t)n * sizeof(*lines);
	void *at;
	int fd;

	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "set_lines", sizeof(__u32), sizeof(*lines), n,
			    &options);
	if (fd < 0)
		return diag__fail(diag, errno, "cannot make a table of %zu bytes for the list: %s",
				  length, strerror(errno));
	at = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED) {
		int err = errno;

		close(fd);
		return diag__fail(diag, err, "cannot map the list's table: %s", strerror(err));
	}
	memcpy(at, lines, length);
	munmap(at, length);
	return fd;
}

/* Compiles @list into a map of its own. Returns its descriptor or -errno. */
static int build(const struct list *list, __u64 generation, __u32 *flags, struct diag *diag)
{
	struct blob blob = {};
	int fd;

	fd = compile__blob(list, generation, &blob, diag);
	if (fd < 0)
		return fd;
	fd = make_map(blob.lines, blob.n, diag);
	if (fd >= 0)
		*flags = (compile__any(blob.lines, DROP53_FAMILY_IPV4) ? DROP53_SET_IPV4 : 0) |
			 (compile__any(blob.lines, DROP53_FAMILY_IPV6) ? DROP53_SET_IPV6 : 0);
	compile__free(&blob);
	return fd;
}

static int pin_list(int map, const char *directory, __u32 slot, struct diag *diag)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/" PIN_LIST, directory, slot);
	if (unlink(path) && errno != ENOENT)
		return diag__fail(diag, errno, "%s: cannot remove: %s", path, strerror(errno));
	if (bpf_obj_pin(map, path))
		return diag__fail(diag, errno, "%s: cannot pin: %s", path, strerror(errno));
	if (chmod(path, 0600))
		return diag__fail(diag, errno, "%s: chmod: %s", path, strerror(errno));
	return 0;
}

/*
 * Into the slot that is not in force. The kernel waits for a grace period, so no packet that saw
 * an earlier list there is still on its way.
 */
static int store(int sets, __u32 slot, int map, struct diag *diag)
{
	if (bpf_map_update_elem(sets, &slot, &map, BPF_ANY))
		return diag__fail(diag, errno, "cannot put the list in place: %s", strerror(errno));
	return 0;
}

int allowlist__create(int sets, const char *directory, struct diag *diag)
{
	const struct list empty = {};
	__u32 flags;
	int map, err;

	map = build(&empty, 1, &flags, diag);
	if (map < 0)
		return map;
	err = store(sets, DROP53_SETS_ALLOW, map, diag);
	if (!err)
		err = pin_list(map, directory, DROP53_SETS_ALLOW, diag);
	close(map);
	return err;
}

/* The map in force: opened by its pin, for its id would take CAP_SYS_ADMIN. */
static int open_list(const struct filter *filter, struct diag *diag)
{
	LIBBPF_OPTS(bpf_obj_get_opts, read_only, .file_flags = BPF_F_RDONLY);
	__u32 word = __atomic_load_n(&filter->settings->allow, __ATOMIC_ACQUIRE);
	char path[PATH_MAX];
	int fd;

	state__path(filter->state, path, PIN_LIST, DROP53_SETS_ALLOW + (word & DROP53_SET_INDEX));
	fd = bpf_obj_get(path);
	if (fd < 0 && (errno == EACCES || errno == EPERM))
		fd = bpf_obj_get_opts(path, &read_only);
	if (fd < 0)
		return diag__fail(diag, errno, "%s: cannot open the allow-list: %s", path,
				  strerror(errno));
	return fd;
}

static int map_bytes(int map, struct bpf_map_info *info, struct diag *diag)
{
	__u32 length = sizeof(*info);

	memset(info, 0, sizeof(*info));
	if (bpf_obj_get_info_by_fd(map, info, &length))
		return diag__fail(diag, errno, "the allow-list: %s", strerror(errno));
	if (info->value_size != sizeof(struct set_line))
		return diag__fail(diag, EPROTO,
				  "the allow-list was made by another version of "
				  "drop53");
	return 0;
}

int allowlist__status(const struct filter *filter, struct allowlist_status *status,
		      struct diag *diag)
{
	struct bpf_map_info info;
	struct set_line header;
	const __u32 first = 0;
	int map, err;

	map = open_list(filter, diag);
	if (map < 0)
		return map;
	err = map_bytes(map, &info, diag);
	if (!err && bpf_map_lookup_elem(map, &first, &header))
		err = diag__fail(diag, errno, "cannot read the allow-list: %s", strerror(errno));
	close(map);
	if (err)
		return err;
	*status = (struct allowlist_status){
		.generation = header.header.generation,
		.bytes = (__u64)info.max_entries * sizeof(struct set_line),
	};
	status->prefixes[DROP53_FAMILY_IPV4] = header.header.prefixes[SET_IPV4];
	status->prefixes[DROP53_FAMILY_IPV6] = header.header.prefixes[SET_IPV6];
	return 0;
}

int allowlist__read(const struct filter *filter, struct list *list, __u64 *generation,
		    struct diag *diag)
{
	struct view view = {};
	__u64 number;
	int map, err;

	map = open_list(filter, diag);
	if (map < 0)
		return map;
	err = view__open(&view, map, sizeof(struct set_line), diag);
	if (!err)
		err = compile__read(view.data, view.entries, list, &number, diag);
	if (!err && generation)
		*generation = number;
	view__close(&view);
	close(map);
	return err;
}

int allowlist__commit(struct filter *filter, const struct list *list, __u64 *generation,
		      struct diag *diag)
{
	__u32 slot = !(filter->settings->allow & DROP53_SET_INDEX), flags;
	struct allowlist_status old;
	int map, err;

	err = allowlist__status(filter, &old, diag);
	if (err)
		return err;
	map = build(list, old.generation + 1, &flags, diag);
	if (map < 0)
		return map;
	err = store(filter->sets, DROP53_SETS_ALLOW + slot, map, diag);
	if (!err)
		err = pin_list(map, filter->state->directory, DROP53_SETS_ALLOW + slot, diag);
	close(map);
	if (err)
		return err;
	/* This is the switch: before it the old list holds, after it the new one. */
	__atomic_store_n(&filter->settings->allow, slot | flags, __ATOMIC_RELEASE);
	if (generation)
		*generation = old.generation + 1;
	return 0;
}

int allowlist__commit_local(struct filter *filter, const struct list *list, struct diag *diag)
{
	__u32 slot = !(filter->settings->local & DROP53_SET_INDEX), flags;
	int map, err;

	map = build(list, 0, &flags, diag);
	if (map < 0)
		return map;
	err = store(filter->sets, DROP53_SETS_LOCAL + slot, map, diag);
	close(map);
	if (!err)
		__atomic_store_n(&filter->settings->local, slot | flags, __ATOMIC_RELEASE);
	return err;
}

/* The daemon holds a lock on the state's directory as long as it lives. */
static bool daemon_lives(const struct filter *filter)
{
	int fd = open(filter->state->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool lives;

	if (fd < 0)
		return false;
	lives = flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
	close(fd);
	return lives;
}

int allowlist__check_owner(const struct filter *filter, struct diag *diag)
{
	const char *file = filter->settings->list_file;

	if (!*file || !daemon_lives(filter))
		return 0;
	return diag__fail(diag, EPERM,
			  "the allow-list is taken from %.*s by the running daemon; "
			  "change that file instead",
			  DROP53_PATH, file);
}
