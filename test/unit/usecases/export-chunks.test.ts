/** What a chunk becomes, to the byte: the same fixture is held against the Glue job (glue/tests/test_copy_chunks.py). */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { ExportConfig } from '../../../lambdas/contract.ts';
import { BranchlineError } from '../../../lambdas/domain/errors.ts';
import { leftKey, partKey, redshiftKey } from '../../../lambdas/domain/export.ts';
import type { Place } from '../../../lambdas/export-ports.ts';
import { writeTodo } from '../../../lambdas/usecases/copy-chunk.ts';
import { copyAll, type ExportCopy, writePart } from '../../../lambdas/usecases/export-copy.ts';
import { EXPORT } from '../../fakes/exports.ts';

const SHARED = JSON.parse(
  await readFile(join(import.meta.dirname, '..', '..', 'fixtures', 'export-chunk.json'), 'utf8'),
) as Record<'todo' | 'part' | 'redshift' | 'left', string>;
const RUN = '000001-abc';

const destinationOf = (gone: string) => {
  const written = new Map<string, string>();
  return {
    written,
    destination: {
      copy: async ({ address }: ExportCopy['source']) => {
        if (address.endsWith(gone)) throw new BranchlineError('BL9003', `${address} is not there`);
        return { etag: 'opaque' };
      },
      put: async (_: Place, key: string, content: string) => void written.set(key, content),
    } as never,
  };
};

const config: ExportConfig = { ...EXPORT, prefix: 'lake/' };

it('is a part for people and one for Redshift', async () => {
  const { copies } = JSON.parse(SHARED.todo) as { copies: ExportCopy[] };
  expect(writeTodo(copies)).toBe(SHARED.todo);
  const { destination, written } = destinationOf('nothing');
  await writePart({ destination }, config, { run: RUN, part: 0, copies });
  expect(Object.fromEntries(written)).toEqual({
    [`lake/${redshiftKey(RUN, 0)}`]: SHARED.redshift,
    [`lake/${partKey(RUN, 0)}`]: SHARED.part,
  });
});

it('notes what could not be copied', async () => {
  const copies = ['gone', 'here'].map((key) => ({
    key,
    source: { address: `s3://lake/data/${key}`, sizeBytes: 3, checksum: 'sum' },
  }));
  const { left } = await copyAll({ destination: destinationOf('gone').destination }, config, copies);
  expect(JSON.stringify({ left })).toBe(SHARED.left);
  expect(leftKey(RUN, 0)).toBe(`_branchline/exports/${RUN}/left/000000.json`);
});
