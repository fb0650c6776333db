/**
 * The files of a backup, and where they lie: `backups/<repository>/<snapshot id>/refs.json` and, written last, `manifest.json`. A folder
 * without a manifest is half-made. Later versions only ever add fields.
 */
import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { BranchlineError } from './errors.ts';
import { SNAPSHOT_KINDS } from './snapshot.ts';

export const BACKUP_SCHEMA_VERSION = 1;

/** Keys below the root of all backups. */
export const backupFolder = (repository: string, snapshotId: string): string => `${repository}/${snapshotId}/`;
export const manifestKey = (repository: string, snapshotId: string): string =>
  `${backupFolder(repository, snapshotId)}manifest.json`;
export const refsKey = (repository: string, snapshotId: string): string =>
  `${backupFolder(repository, snapshotId)}refs.json`;

const ref = z.object({ id: z.string(), commitId: z.string() });

/** Every ref of the repository when it was dumped. */
export const backupRefs = z.object({
  schemaVersion: z.int(),
  branches: z.array(ref),
  tags: z.array(ref),
  /** Refs that moved, came or went while the dump was made: what the dump holds of them is one of the states in between. */
  moving: z.array(z.string()),
});
export type BackupRefs = z.infer<typeof backupRefs>;

const digests = z.object({ commits: z.string(), tags: z.string(), branches: z.string() });

export const backupManifest = z.object({
  schemaVersion: z.int(),
  /** ISO 8601, UTC. */
  createdAt: z.string(),
  snapshot: z.object({
    id: z.string(),
    kind: z.enum(SNAPSHOT_KINDS),
    requestedBy: z.string(),
    reason: z.optional(z.string()),
    startedAt: z.string(),
  }),
  lakefsVersion: z.string(),
  repository: z.object({
    name: z.string(),
    storageNamespace: z.string(),
    defaultBranch: z.string(),
    metadata: z.record(z.string(), z.string()),
  }),
  target: z.object({
    branch: z.string(),
    commit: z.string(),
    metaRangeId: z.string(),
    /** What readers saw. */
    verifiedCommit: z.optional(z.string()),
    keeperBranch: z.string(),
  }),
  content: z.object({ objects: z.int(), bytes: z.int(), digest: z.string() }),
  refs: z.object({
    /** For `POST /repositories/{repository}/restore`. */
    dump: z.object({
      commitsMetaRangeId: z.string(),
      tagsMetaRangeId: z.string(),
      branchesMetaRangeId: z.string(),
    }),
    /** SHA-256 of the three files, where the server gives them out. */
    dumpSha256: z.optional(digests),
    branches: z.int(),
    tags: z.int(),
    /** SHA-256 of `refs.json`. */
    listingSha256: z.string(),
  }),
  /** What a dump does not hold. */
  settings: z.object({
    protectedBranches: z.array(z.string()),
    garbageCollection: z.optional(
      z.object({ defaultRetentionDays: z.number(), branches: z.record(z.string(), z.number()) }),
    ),
  }),
  /** The repository in Branchline's own configuration: targets, tables, retention. */
  configuration: z.object({ sha256: z.string(), repository: z.unknown() }),
  database: z.optional(z.object({ kind: z.enum(['rds', 'dynamodb']), arn: z.string(), restorableTo: z.string() })),
});
export type BackupManifest = z.infer<typeof backupManifest>;

export const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** As it is written: the same entry always gives the same bytes. */
export const backupText = (file: BackupManifest | BackupRefs): string => `${JSON.stringify(file, null, 2)}\n`;

const parse = <T>(schema: z.ZodMiniType<T>, text: string, uri: string): T => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BranchlineError('BL8103', `${uri} is not JSON: ${String(error)}`, { cause: error });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new BranchlineError('BL8103', `${uri} is no file of a backup: ${fields.join('; ')}`);
};

/** @throws BL8103 where the text is no manifest. */
export const parseManifest = (text: string, uri: string): BackupManifest => parse(backupManifest, text, uri);
/** @throws BL8103 where the text is no listing of refs. */
export const parseRefs = (text: string, uri: string): BackupRefs => parse(backupRefs, text, uri);
