/**
 * Copies of the objects at the destinations of exports. They are found by content, whatever they are called and whenever they were
 * copied: an export leaves lakeFS's checksum with each copy. What the commit that was exported shows of another object with the same
 * content is not among them: it is no copy of what is erased.
 */
import type { ExportConfig } from '../contract.ts';
import { MAX_ERASED, pathsOfKey } from '../domain/erasure.ts';
import { BranchlineError } from '../domain/errors.ts';
import { OWN_PREFIX } from '../domain/export.ts';
import type { EpochMs } from '../domain/run.ts';
import type { ErasurePorts } from '../erasure-ports.ts';
import type { ErasureMemory } from './erasure-memory.ts';
import { timeIsUp } from './erasure-search.ts';

export interface CopyLook {
  readonly memory: ErasureMemory;
  /** The commit that the destination holds; absent where nothing was exported. */
  readonly commit: string | undefined;
  readonly until: EpochMs;
}

/** @returns keys at the destination, with its prefix. */
export const copiesOf = async (
  ports: Pick<ErasurePorts, 'destination' | 'lakefs' | 'clock'>,
  config: ExportConfig,
  { memory, commit, until }: CopyLook,
): Promise<readonly string[]> => {
  const { bucket, prefix, repository, name } = config;
  const objects = memory.objects.all;
  const sums = new Map<number, Set<string>>();
  for (const { sizeBytes, checksum } of objects) {
    if (sizeBytes === undefined || checksum === undefined) continue;
    sums.set(sizeBytes, (sums.get(sizeBytes) ?? new Set<string>()).add(checksum));
  }
  const erased = new Set(objects.map(({ address }) => address));
  const before = memory.copiesOf(name, commit);
  const found: string[] = [...(before?.found ?? [])];
  let seen = 0;
  let after = before?.after;
  for await (const { key, sizeBytes } of ports.destination.list({ bucket }, prefix, after)) {
    seen += 1;
    if (seen % 1000 === 0) {
      if (after !== undefined) memory.copies(name, { commit, after, found: [...found] });
      if (ports.clock.now() >= until) throw timeIsUp(repository, `looking at export ${name}`);
      await memory.saveIfDue();
    }
    after = key;
    const wanted = sums.get(sizeBytes);
    const own = key.slice(prefix.length);
    if (wanted === undefined || own.startsWith(OWN_PREFIX)) continue;
    const checksum = await ports.destination.checksumOf({ bucket }, key);
    if (checksum === undefined || !wanted.has(checksum)) continue;
    if (commit !== undefined && (await isAnothers(ports, config, { commit, own, checksum, erased }))) continue;
    found.push(key);
    if (found.length > MAX_ERASED)
      throw new BranchlineError('BL8604', `export ${name} holds more than ${String(MAX_ERASED)} copies`);
  }
  memory.copies(name, undefined);
  return found;
};

/** The exported commit shows an object of this content there that is not erased. */
const isAnothers = async (
  { lakefs }: Pick<ErasurePorts, 'lakefs'>,
  config: ExportConfig,
  of: {
    readonly commit: string;
    readonly own: string;
    readonly checksum: string;
    readonly erased: ReadonlySet<string>;
  },
): Promise<boolean> => {
  for (const prefix of pathsOfKey(config, of.own)) {
    for await (const object of lakefs.listObjects(config.repository, of.commit, { prefix })) {
      if (object.path !== prefix) break;
      if (object.checksum === of.checksum && !of.erased.has(object.physicalAddress)) return true;
      break;
    }
  }
  return false;
};
