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

/** An object that is not there yet, and why. */
export interface LeftCopy {
  readonly key: string;
  readonly reason: string;
}

/** S3 answers a copy within tens of milliseconds; so many at once fill one function without tripping over its limits. */
const AT_ONCE = 32;
const NAMED_FAILURES = 5;

export const placeOfExport = ({ bucket, kmsKeyArn, storageClass }: ExportConfig): Place => ({
  bucket,
  kmsKeyArn,
  storageClass,
});

export interface CopyOutcome {
  readonly left: readonly LeftCopy[];
  /** What kept all others from being tried. */
  readonly fault?: unknown;
}

/** @param goesOn asked before every copy: whether there is time for it. */
export const copyAll = async (
  { destination }: { readonly destination: Destination },
  config: ExportConfig,
  copies: readonly ExportCopy[],
  goesOn: () => boolean = () => true,
): Promise<CopyOutcome> => {
  const place = placeOfExport(config);
  const left: LeftCopy[] = [];
  let fault: unknown;
  await atOnce(AT_ONCE, copies, async ({ key, source }) => {
    if (fault !== undefined || !goesOn()) {
      left.push({ key, reason: 'it was not tried' });
      return;
    }
    try {
      await destination.copy(source, place, `${config.prefix}${key}`);
    } catch (error) {
      // One object that is gone or refused must not keep the others; a bucket that is away is tried again as a whole.
      if (!isBranchlineError(error, 'BL9003', 'BL4002')) fault ??= error;
      left.push({ key, reason: error instanceof Error ? error.message : String(error) });
    }
  });
  return fault === undefined ? { left } : { left, fault };
};

export const notCopied = (left: readonly LeftCopy[], of: number): BranchlineError => {
  const named = left.slice(0, NAMED_FAILURES).map(({ key, reason }) => `${key} (${reason})`);
  return new BranchlineError(
    'BL9003',
    `${String(left.length)} of ${String(of)} objects could not be copied: ${named.join('; ')}`,
  );
};

/** What the chunk has become: for people, and for Redshift. */
export const writePart = async (
  { destination }: { readonly destination: Destination },
  config: ExportConfig,
  { run, part, copies }: ExportChunk,
): Promise<void> => {
  const place = placeOfExport(config);
  const uri = (key: string): string => `s3://${config.bucket}/${config.prefix}${key}`;
  const entries = copies
    .filter(({ source }) => source.sizeBytes > 0)
    .map(({ key, source }) => ({ url: uri(key), mandatory: true, meta: { content_length: source.sizeBytes } }));
  await destination.put(place, `${config.prefix}${redshiftKey(run, part)}`, JSON.stringify({ entries }));
  const lines = copies.map(({ key, source }) =>
    JSON.stringify({ key, url: uri(key), sizeBytes: source.sizeBytes, checksum: source.checksum }),
  );
  // Last: where it lies the chunk is done.
  await destination.put(place, `${config.prefix}${partKey(run, part)}`, `${lines.join('\n')}\n`);
};

/** @throws BL9003 naming objects that could not be copied, after all others have been. */
export const copyChunk = async (
  ports: { readonly destination: Destination },
  config: ExportConfig,
  chunk: ExportChunk,
): Promise<void> => {
  const { left, fault } = await copyAll(ports, config, chunk.copies);
  if (fault !== undefined) throw fault;
  if (left.length > 0) throw notCopied(left, chunk.copies.length);
  await writePart(ports, config, chunk);
};
