/** Asks S3 for each object: whether it is served, and which earlier versions are left. The answer is the proof. */
import { atOnce } from '../domain/at-once.ts';
import { MAX_ERASURE_EXAMPLES } from '../domain/erasure.ts';
import { type ErasureProof, erasureFolder } from '../domain/erasure-record.ts';
import type { ErasurePorts } from '../erasure-ports.ts';
import { timeIsUp } from './erasure-search.ts';
import { type ErasureWorker, sha256 } from './erasure-worker.ts';

const AT_ONCE = 16;
const DAY_MS = 86_400_000;

interface Answer {
  readonly address: string;
  readonly isServed: boolean;
  /** Earlier versions and delete markers. */
  readonly versions: number;
}

export interface Proof extends ErasureProof {
  readonly answers: readonly Answer[];
}

/** @throws BL8607 where the time was up. */
export const prove = async (ports: ErasurePorts, worker: ErasureWorker): Promise<Proof> => {
  const answers: Answer[] = [];
  const { all } = worker.objects;
  const days = (await ports.versions.facts(all[0]?.address ?? '')).earlierVersionsDays;
  let newest = 0;
  await atOnce(AT_ONCE, all, async ({ address }) => {
    if (ports.clock.now() >= worker.until) throw timeIsUp(worker.repository.name, 'asking S3');
    const isServed = await ports.storage.exists(address);
    const versions = await ports.versions.of(address);
    for (const { since } of versions) newest = Math.max(newest, since);
    answers.push({ address, isServed, versions: versions.length });
  });
  const left = answers.filter(({ isServed }) => isServed);
  const hidden = answers.filter(({ isServed, versions }) => !isServed && versions > 0);
  return {
    ...{ at: ports.clock.now(), gone: answers.length - left.length - hidden.length, left: left.length },
    versions: hidden.length,
    // S3 counts whole days from the next midnight. Source: S3 user guide, lifecycle rules based on an object's age.
    ...(hidden.length === 0 || days === undefined ? {} : { versionsUntil: newest + (days + 1) * DAY_MS }),
    examples: [...left, ...hidden].slice(0, MAX_ERASURE_EXAMPLES).map(({ address }) => address),
    answers,
  };
};

/** Written before the entry says DONE. */
export const writeReport = async (
  ports: ErasurePorts,
  worker: ErasureWorker,
  { answers, ...proof }: Proof,
): Promise<{ readonly uri: string; readonly sha256: string }> => {
  const { erasure } = worker;
  const { lease: _, ...told } = erasure;
  const storage = await ports.versions.facts(answers[0]?.address ?? '');
  const text = JSON.stringify({ ...told, state: 'DONE', proof, storage, answers }, null, 1);
  const key = `${erasureFolder(erasure.repository, erasure.id)}report.json`;
  await ports.backups.put(key, text);
  return { uri: ports.backups.uri(key), sha256: sha256(text) };
};
