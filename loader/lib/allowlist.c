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
#include "lib/set_pages.h"
#include "lib/view.h"
#include "set_layout.h"

/* So that it stands alone: no roots, the list behind it. */
static struct set_line list_header(const struct set_header *header)
{
	return (struct set_line){.header = {
					 .magic = header->magic,
					 .list_line = 1,
					 .generation = header->generation,
					 .prefixes = {header->prefixes[0], header->prefixes[1]},
				 }};
}

/* A map with the list as it was given, for readers alone. Returns its descriptor or -errno. */
static int make_list(const struct blob *blob, struct diag *diag)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	__u32 first = blob->lines->header.list_line, n = blob->n - first + 1;
	size_t length = (size_t)n * sizeof(*blob->lines);
	struct set_line *at;
	int fd;

	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "list", sizeof(__u32), sizeof(*blob->lines), n,
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
	at[0] = list_header(&blob->lines->header);
	memcpy(&at[1], &blob->lines[first], length - sizeof(*at));
	munmap(at, length);
	return fd;
}

static __u32 families_in(const struct blob *blob)
{
	return (compile__any(blob->lines, DROP53_FAMILY_IPV4) ? DROP53_SET_IPV4 : 0) |
	       (compile__any(blob->lines, DROP53_FAMILY_IPV6) ? DROP53_SET_IPV6 : 0);
}

/* An empty set is not even looked at, and takes no page. */
static __u32 lines_in(const struct blob *blob)
{
	return families_in(blob) ? blob->lines->header.list_line : 0;
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

/* Makes the list's map, and pins it as the slot's. */
static int keep_list(const struct blob *blob, const char *directory, __u32 slot, struct diag *diag)
{
	int map = make_list(blob, diag), err;

	if (map < 0)
		return map;
	err = pin_list(map, directory, slot, diag);
	close(map);
	return err;
}

int allowlist__create(const char *directory, struct diag *diag)
{
	const struct list empty = {};
	struct blob blob = {};
	int err;

	err = compile__blob(&empty, 1, &blob, diag);
	if (!err)
		err = keep_list(&blob, directory, DROP53_SETS_ALLOW, diag);
	compile__free(&blob);
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
	__u32 slot = DROP53_SETS_ALLOW + (filter->settings->allow & DROP53_SET_INDEX);
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
		.bytes = (__u64)info.max_entries * sizeof(struct set_line) +
			 (__u64)filter->settings->address_set[slot].pages * SET_PAGE_BYTES,
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

/* Compiles @list into the slot that is not in force, where no packet looks any more. */
static int fill_slot(struct filter *filter, __u32 slot, const struct blob *blob, struct diag *diag)
{
	int err = set_pages__wait(filter->sets, diag);

	if (err)
		return err;
	return set_pages__put(filter->sets, filter->settings, slot, blob->lines, lines_in(blob),
			      diag);
}

/*
 * The switch: before it the old set holds, after it the new one. Then the old one's memory is given
 * back; if that fails, the next change does it.
 * @word: settings' for the pair of slots from @pair on
 */
static void switch_to(struct filter *filter, __u32 *word, __u32 pair, __u32 slot, __u32 flags)
{
	__u32 old = pair + (*word & DROP53_SET_INDEX);

	__atomic_store_n(word, slot | flags, __ATOMIC_RELEASE);
	if (filter->settings->address_set[old].pages && !set_pages__wait(filter->sets, NULL))
		set_pages__release(filter->sets, filter->settings, old, 0, NULL);
}

int allowlist__commit(struct filter *filter, const struct list *list, __u64 *generation,
		      struct diag *diag)
{
	struct drop53_settings *settings = filter->settings;
	__u32 slot = !(settings->allow & DROP53_SET_INDEX);
	struct allowlist_status old;
	struct blob blob = {};
	int err;

	err = allowlist__status(filter, &old, diag);
	if (!err)
		err = compile__blob(list, old.generation + 1, &blob, diag);
	if (!err)
		err = fill_slot(filter, DROP53_SETS_ALLOW + slot, &blob, diag);
	if (!err)
		err = keep_list(&blob, filter->state->directory, DROP53_SETS_ALLOW + slot, diag);
	if (!err)
		switch_to(filter, &settings->allow, DROP53_SETS_ALLOW, slot, families_in(&blob));
	if (!err && generation)
		*generation = old.generation + 1;
	compile__free(&blob);
	return err;
}

int allowlist__commit_local(struct filter *filter, const struct list *list, struct diag *diag)
{
	struct drop53_settings *settings = filter->settings;
	__u32 slot = !(settings->local & DROP53_SET_INDEX);
	struct blob blob = {};
	int err;

	err = compile__blob(list, 0, &blob, diag);
	if (!err)
		err = fill_slot(filter, DROP53_SETS_LOCAL + slot, &blob, diag);
	if (!err)
		switch_to(filter, &settings->local, DROP53_SETS_LOCAL, slot, families_in(&blob));
	compile__free(&blob);
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
