/** An export of the deployed stack as its consumers and its operators see it. */
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { FUNCTION } from '../../../lambdas/contract.ts';
import type { ExportAnswer } from '../../../lambdas/usecases/export.ts';
import type { ExportStatus } from '../../../lambdas/usecases/look-at-export.ts';
import type { RunExportAnswer } from '../../../lambdas/usecases/run-export.ts';
import { EXPORT_BUCKET } from '../../../local/config.ts';
import type { Harness } from '../../../local/harness.ts';
import { waitFor } from '../../../local/wait.ts';
import { runTo } from './jobs.ts';

export interface Destination {
  /** Of an object in the destination's bucket. */
  contentOf(key: string): Promise<string | undefined>;
  keysBelow(prefix: string): Promise<readonly string[]>;
  /** What consumers find, without the prefix. */
  copies(): Promise<Record<string, string | undefined>>;
  run(): Promise<RunExportAnswer>;
  /** Waits for it. */
  whenState(state: ExportStatus['state'], commit?: string): Promise<ExportStatus>;
}

/** @param root of the export's copies; what it writes of its own lies in `_branchline/` below. */
export const openDestination = (
  harness: Harness,
  { name, root, timeoutMs = 90_000 }: { readonly name: string; readonly root: string; readonly timeoutMs?: number },
): Destination => {
  const { s3 } = harness.aws;
  const contentOf = async (key: string): Promise<string | undefined> => {
    try {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: EXPORT_BUCKET, Key: key }));
      return await Body?.transformToString();
    } catch (error) {
      if ((error as Error).name === 'NoSuchKey') return undefined;
      throw error;
    }
  };
  const keysBelow = async (prefix: string): Promise<readonly string[]> => {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: EXPORT_BUCKET, Prefix: prefix }));
    return Contents.map(({ Key = '' }) => Key).toSorted();
  };
  const status = async (): Promise<ExportStatus | undefined> => {
    const answer = await harness.invoke<ExportAnswer>(FUNCTION.export, { action: 'list' });
    return answer.outcome === 'listed' ? answer.exports.find((each) => each.name === name) : undefined;
  };
  return {
    contentOf,
    keysBelow,
    async copies() {
      const keys = (await keysBelow(root)).filter((key) => !key.startsWith(`${root}_branchline/`));
      const found = keys.map(async (key) => [key.slice(root.length), await contentOf(key)] as const);
      return Object.fromEntries(await Promise.all(found));
    },
    run: () => harness.invoke<RunExportAnswer>(FUNCTION.export, { action: 'run', export: name }),
    whenState(state, commit) {
      let seen: ExportStatus | undefined;
      return waitFor(
        async () => {
          seen = await status();
          const isThere = seen?.state === state && (commit === undefined || seen.record?.commit === commit);
          return isThere ? seen : undefined;
        },
        { what: `${name} is ${state}`, timeoutMs, everyMs: 300 },
        () => JSON.stringify(seen),
      );
    },
  };
};

export const fileOf = (serial: number): string => `{"id": ${String(serial)}}\n`;

/** So many, numbered, below a folder of the lake. */
export const filesIn = (folder: string, from: number, count: number): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`${folder}/f${String(from + i)}.json`, fileOf(from + i)]),
  );

/** A run of the job that writes them. @returns the commit by which they are in `main`. */
export const promoted = async (
  harness: Harness,
  job: string,
  files: Readonly<Record<string, string>>,
): Promise<string> => {
  await runTo(harness, job, { files }, 'PROMOTED');
  return harness.head('main');
};
