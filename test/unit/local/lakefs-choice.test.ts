import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { chooseLakefs } from '../../../local/lakefs.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'choice-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const program = async (name: string, script = 'exit 1'): Promise<string> => {
  const file = join(folder, name);
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return file;
};
const keys = { LAKEFS_ACCESS_KEY_ID: 'a', LAKEFS_SECRET_ACCESS_KEY: 's' };

test('a given endpoint comes before everything, with or without /api/v1', async () => {
  const binary = await program('lakefs');
  for (const LAKEFS_ENDPOINT of ['http://lakefs.example:8000/', 'http://lakefs.example:8000/api/v1'])
    expect(await chooseLakefs({ LAKEFS_ENDPOINT, LAKEFS_BIN: binary, ...keys })).toEqual({
      kind: 'endpoint',
      endpoint: 'http://lakefs.example:8000',
      keys: { accessKeyId: 'a', secretAccessKey: 's' },
    });
});

test('an endpoint without keys is refused with what to do', async () => {
  await expect(chooseLakefs({ LAKEFS_ENDPOINT: 'http://lakefs.example' })).rejects.toThrow(
    /LAKEFS_SECRET_ACCESS_KEY is not\. Set both/,
  );
});

test('LAKEFS_BIN comes before the PATH, and has to be a program', async () => {
  const named = await program('my-lakefs');
  const onPath = await program('lakefs');
  expect(await chooseLakefs({ LAKEFS_BIN: named, PATH: folder })).toEqual({ kind: 'binary', path: named });
  expect(await chooseLakefs({ PATH: folder })).toEqual({ kind: 'binary', path: onPath });
  await expect(chooseLakefs({ LAKEFS_BIN: join(folder, 'absent') })).rejects.toThrow('no program that can be run');
});

test('Docker is used only where its engine answers; else the emulator', async () => {
  await program('docker', 'exit 1');
  expect(await chooseLakefs({ PATH: folder })).toEqual({ kind: 'emulator' });
  await program('docker', 'echo 27.1');
  expect(await chooseLakefs({ PATH: folder })).toEqual({ kind: 'docker' });
});
