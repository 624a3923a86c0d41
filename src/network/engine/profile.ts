import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One node of one run. */
export interface NodeTime {
  readonly node: string;
  readonly op: string;
  readonly microseconds: number;
}

/** A temporary folder that onnxruntime writes its trace to. */
export interface ProfileFolder {
  /** Path and beginning of the trace file's name; onnxruntime puts the date after it. */
  readonly prefix: string;
  read(): Promise<readonly NodeTime[]>;
  remove(): Promise<void>;
}

export async function profileFolder(): Promise<ProfileFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'nas-profile-'));
  return {
    prefix: join(folder, 'trace'),
    async read() {
      const [file] = await readdir(folder);
      return file === undefined ? [] : nodeTimes(await readFile(join(folder, file), 'utf8'));
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** An event of Chrome's trace format; those that onnxruntime writes of a node's run are called `<node>_kernel_time`. */
interface TraceEvent {
  readonly name: string;
  readonly cat: string;
  /** Microseconds. */
  readonly dur: number;
  readonly args?: { readonly op_name?: string };
}

const kernelTime = '_kernel_time';

function nodeTimes(trace: string): NodeTime[] {
  const events = JSON.parse(trace) as readonly TraceEvent[];
  return events
    .filter((event) => event.cat === 'Node' && event.name.endsWith(kernelTime))
    .map(({ name, dur, args }) => ({ node: name.slice(0, -kernelTime.length), op: args?.op_name ?? '', microseconds: dur }));
}
