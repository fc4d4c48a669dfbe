// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * bench_time COMMAND...: runs it with its output thrown away, and prints the seconds it took and
 * its largest resident size in KiB.
 */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "bench.h"

int main(int argc, char **argv)
{
	double start = bench_clock(CLOCK_MONOTONIC);
	struct rusage usage;
	int status;
	pid_t child;

	if (argc < 2)
		error(2, 0, "a command is needed");
	child = fork();
	if (child == 0) {
		int nowhere = open("/dev/null", O_WRONLY);

		if (nowhere >= 0)
			dup2(nowhere, STDOUT_FILENO);
		execvp(argv[1], argv + 1);
		error(127, errno, "%s", argv[1]);
	}
	if (child < 0 || wait4(child, &status, 0, &usage) < 0)
		error(1, errno, "%s", argv[1]);
	printf("%.6f %ld\n", (bench_clock(CLOCK_MONOTONIC) - start) / 1e9, usage.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
