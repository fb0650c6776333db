/** Copies one chunk of objects and writes the part of the manifest that names them. Safe to repeat. */
import type { ExportConfig } from '../contract.ts';
import { atOnce } from '../domain/at-once.ts';
import { BranchlineError, isBranchlineError } from '../domain/errors.ts';
import { partKey, redshiftKey } from '../domain/export.ts';
import type { CopySource, Destination, Place } from '../export-ports.ts';

export interface ExportCopy {
  /** Below the destination's prefix. */
  readonly key: string;
  readonly source: CopySource;
}

export interface ExportChunk {
  /** Id of the run of the export. */
  readonly run: string;
  readonly part: number;
  readonly copies: readonly ExportCopy[];
}

/** S3 answers a copy within tens of milliseconds; so many at once fill one function without tripping over its limits. */
const AT_ONCE = 32;
const NAMED_FAILURES = 5;

export const placeOfExport = ({ bucket, kmsKeyArn, storageClass }: ExportConfig): Place => ({
  bucket,
  kmsKeyArn,
  storageClass,
});

/** @throws BL9003 naming objects that could not be copied, after all others have been. */
export const copyChunk = async (
  { destination }: { readonly destination: Destination },
  config: ExportConfig,
  chunk: ExportChunk,
): Promise<void> => {
  const place = placeOfExport(config);
  const failures: string[] = [];
  await atOnce(AT_ONCE, chunk.copies, async ({ key, source }) => {
    try {
      await destination.copy(source, place, `${config.prefix}${key}`);
    } catch (error) {
      // One object that is gone or refused must not keep the others; a bucket that is away is tried again as a whole.
      if (!isBranchlineError(error, 'BL9003', 'BL4002')) throw error;
      failures.push(`${key} (${error.message})`);
    }
  });
  if (failures.length > 0) {
    const named = failures.slice(0, NAMED_FAILURES).join('; ');
    throw new BranchlineError(
      'BL9003',
      `${String(failures.length)} of ${String(chunk.copies.length)} objects could not be copied: ${named}`,
    );
  }
  const uri = (key: string): string => `s3://${config.bucket}/${config.prefix}${key}`;
  const lines = chunk.copies.map(({ key, source }) =>
    JSON.stringify({ key, url: uri(key), sizeBytes: source.sizeBytes, checksum: source.checksum }),
  );
  await destination.put(place, `${config.prefix}${partKey(chunk.run, chunk.part)}`, `${lines.join('\n')}\n`);
  const entries = chunk.copies
    .filter(({ source }) => source.sizeBytes > 0)
    .map(({ key, source }) => ({ url: uri(key), mandatory: true, meta: { content_length: source.sizeBytes } }));
  const manifest = JSON.stringify({ entries });
  await destination.put(place, `${config.prefix}${redshiftKey(chunk.run, chunk.part)}`, manifest);
};
