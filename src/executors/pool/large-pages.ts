/**
 * The environment of a process that trains: memory in pages of 2 MB instead of 4 kB, which the C library of Linux asks the
 * kernel for when it is told so at the start (glibc.malloc.hugetlb, from 2.35 on; elsewhere the setting is not read). The
 * tensors of a training step are megabytes that are read once each, so a step spends less time on finding their pages, and the
 * first one on getting them. What the user has set stays.
 *
 * Source: https://www.gnu.org/software/libc/manual/html_node/Memory-Allocation-Tunables.html
 */
export function withLargePages(environment: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const { GLIBC_TUNABLES: set } = environment;
  if (process.platform !== 'linux' || set?.includes('glibc.malloc.hugetlb')) return environment;
  return { ...environment, GLIBC_TUNABLES: [...(set ? [set] : []), 'glibc.malloc.hugetlb=1'].join(':') };
}
