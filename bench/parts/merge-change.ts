/** A change of the table that is measured: partitions of two files each, written anew on a branch that is merged into `main`. */
import { REPOSITORY, sendTo } from './storage-lab.ts';
import { stage, type Wire } from './wire.ts';

const FILES = 2;
const AT_ONCE = 4;

const partition = (at: number): string => `sales/dt=${String(at).padStart(5, '0')}/`;

/** @param content of every file; by default a text that is its own. @returns the merge commit. */
export const mergeChange = async (
  wire: Wire,
  name: string,
  partitions: readonly number[],
  content?: (partition: number, file: number) => Uint8Array<ArrayBuffer>,
): Promise<string> => {
  const send = sendTo(wire);
  await send('/branches', { name, source: 'main' });
  const left = partitions.values();
  const worker = async (): Promise<void> => {
    for (const at of left) {
      const where = { repository: REPOSITORY, branch: name, prefix: partition(at) };
      await stage(wire, where, FILES, content && ((file) => content(at, file)));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  await send(`/branches/${name}/commits`, { message: name });
  const { reference } = JSON.parse(await send(`/refs/${name}/merge/main`, { message: name })) as { reference: string };
  return reference;
};
