import { writeFileSync } from 'node:fs';

/**
 * Keeps this process's memory, and that of processes it starts, out of core dumps: audio and keys are in it. Node cannot
 * set RLIMIT_CORE; Linux lets a process choose what a dump holds (core(5), coredump_filter), and 0 is nothing. False
 * where that cannot be done: start the process with `ulimit -c 0` there.
 */
export function emptyCoreDumps(): boolean {
  try {
    writeFileSync('/proc/self/coredump_filter', '0');
    return true;
  } catch {
    return false;
  }
}
