/**
 * What the first region leaves beside its backups, so that the second one knows it when the first is away: the newest snapshot that was
 * found to be all there. It is replicated as every file, and so names an older one at worst.
 */
import * as z from 'zod/mini';
import { REPLICA_NOTE } from '../contract.ts';

export const replicaNote = z.object({
  schemaVersion: z.int(),
  repository: z.string(),
  snapshot: z.string(),
  /** ISO 8601, UTC. */
  takenAt: z.string(),
  /** When the first region last looked: what came later it could not tell. */
  foundAt: z.string(),
  /** What its refs say of each target. */
  commits: z.record(z.string(), z.string()),
  /** What each target had brought since, as far as the first region looked back. Absent in notes of earlier versions. */
  since: z.optional(
    z.record(
      z.string(),
      z.object({
        ...{ head: z.string(), commits: z.int(), more: z.exactOptional(z.boolean()) },
        runs: z.readonly(z.array(z.string())),
      }),
    ),
  ),
});
export type ReplicaNote = z.infer<typeof replicaNote>;

/** Below the root of all backups. */
export const noteKey = (repository: string): string => `${repository}/${REPLICA_NOTE}`;

export const noteText = (note: ReplicaNote): string => `${JSON.stringify(note, null, 2)}\n`;

/** `undefined` where the text is no such file. */
export const parseNote = (text: string): ReplicaNote | undefined => {
  try {
    const parsed = replicaNote.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
};
