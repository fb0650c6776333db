/** What lakeFS's jobs leave in the storage namespace: receipts and lists, and what is really there. */
import type { CollectionPorts, LakeObject } from '../collection-ports.ts';
import { COLLECTION_FOLDER } from '../contract.ts';
import { AddressSet } from '../domain/address-set.ts';
import { atOnce } from '../domain/at-once.ts';
import { BranchlineError } from '../domain/errors.ts';

/** With a slash at its end. */
export const rootOfNamespace = (namespace: string): string => `${namespace.replace(/\/+$/, '')}/`;

export interface Receipt {
  readonly mark_id: string;
  /** How many lines the list has. */
  readonly objects?: number;
}

/** Written last by a job that ran to its end: `undefined` where none did. */
export const readReceipt = async (
  { storage }: Pick<CollectionPorts, 'storage'>,
  namespace: string,
  of: { readonly id: string; readonly phase: 'mark' | 'sweep' },
): Promise<Receipt | undefined> => {
  const address = `${rootOfNamespace(namespace)}${COLLECTION_FOLDER}${of.id}-${of.phase}.json`;
  const text = await storage.read(address);
  if (text === undefined) return undefined;
  const receipt = JSON.parse(text) as Partial<Receipt>;
  if (typeof receipt.mark_id !== 'string' || receipt.mark_id === '')
    throw new BranchlineError('BL8504', `${address} is no receipt: ${text.slice(0, 200)}`);
  return receipt as Receipt;
};

/** The list as addresses: lines such as `data/…/…`, relative to the namespace. @throws BL8504 where it is not whole. */
export const readList = async (
  { storage }: Pick<CollectionPorts, 'storage'>,
  namespace: string,
  of: { readonly id: string; readonly objects: number },
): Promise<AddressSet> => {
  const root = rootOfNamespace(namespace);
  const marked = new AddressSet();
  for await (const { address } of storage.list(`${root}${COLLECTION_FOLDER}${of.id}/marked/`)) {
    if (!/\/part-[^/]*$/.test(address)) continue;
    const text = (await storage.read(address)) ?? '';
    for (const line of text.split('\n')) if (line !== '') marked.add(`${root}${line}`);
  }
  if (marked.size !== of.objects)
    throw new BranchlineError(
      'BL8504',
      `the list of ${of.id} has ${String(marked.size)} lines, its receipt says ${String(of.objects)}`,
    );
  return marked;
};

const AT_ONCE = 8;
const DATA = 'data/';

/** Every object below the namespace's `data/`, folder by folder and some folders at a time. @returns false where the time was up. */
export const everythingStored = async (
  { storage }: Pick<CollectionPorts, 'storage'>,
  namespace: string,
  options: { isTimeUp(): boolean; take(object: LakeObject): void },
): Promise<boolean> => {
  const below = `${rootOfNamespace(namespace)}${DATA}`;
  await atOnce(AT_ONCE, await storage.folders(below), async (folder) => {
    if (options.isTimeUp()) return;
    for await (const object of storage.list(folder)) {
      if (options.isTimeUp()) return;
      options.take(object);
    }
  });
  return !options.isTimeUp();
};
