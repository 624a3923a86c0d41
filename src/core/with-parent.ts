/**
 * For the entry of a process that works for its parent: where that is killed, nobody waits for what it finds, and it ends at
 * once. Not by `process.exit`, which would run onnxruntime's clean-up under threads that still compute.
 */
export function endWithParent(): void {
  const end = () => process.kill(process.pid, 'SIGKILL');
  if (process.connected) process.once('disconnect', end);
  else end(); // it was killed while this process began
}
