import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { EXIT, EXIT_MEANING, exitCodeOf } from '../../../cli/exit-codes.ts';
import { functionFailure } from '../../../cli/failure.ts';
import { VERSION } from '../../../lambdas/contract.ts';
import { ERROR_CATALOG, type ErrorCode } from '../../../lambdas/domain/errors.ts';
import { openStage } from './stage.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const codes = Object.keys(ERROR_CATALOG) as ErrorCode[];

describe('every code of the catalog', () => {
  it.each(codes)('%s ends the command with its exit code and is told whole', async (code) => {
    const stage = await openStage();
    const { title, exitCode, retryable } = ERROR_CATALOG[code];
    stage.invoke = async () => {
      throw functionFailure('branchline-inspect', code, `${code} ${title}: the very reason`);
    };
    const json = await stage.run(['runs', 'list', '--json']);
    expect(json.code).toBe(exitCode);
    expect(json.json()).toEqual({
      ...{ code, message: `${code} ${title}: the very reason`, data: { function: 'branchline-inspect' }, retryable },
      remedy: ERROR_CATALOG[code].remedy,
    });
    expect(json.err).toBe('');
    const told = await stage.run(['runs', 'list']);
    expect(told).toMatchObject({ code: exitCode, out: '' });
    expect(told.err).toBe(`${code} ${title}: the very reason\n  ${ERROR_CATALOG[code].remedy}\n`);
    expect(exitCode).not.toBe(EXIT.ok);
  });
});

it('a code that only a newer deployment knows is a fault that says so', async () => {
  const stage = await openStage();
  stage.invoke = async () => {
    throw functionFailure('branchline-inspect', 'Runtime.HandlerError', 'BL2999 from the future: x');
  };
  const { code, json } = await stage.run(['runs', 'list', '--json']);
  expect(code).toBe(EXIT.fault);
  expect(json()).toMatchObject({
    code: 'BL2999',
    retryable: false,
    remedy: expect.stringContaining('another version'),
  });
  expect(exitCodeOf('BL2999')).toBe(EXIT.fault);
  expect(exitCodeOf('toString')).toBe(EXIT.fault);
});

test('each exit code has a meaning, in --help and in docs/cli.md', async () => {
  const { out } = await (await openStage()).run(['--help']);
  const page = readFileSync(join(root, 'docs', 'cli.md'), 'utf8');
  expect(Object.keys(EXIT_MEANING).map(Number)).toEqual(Object.values(EXIT));
  for (const [code, meaning] of Object.entries(EXIT_MEANING)) {
    expect(out).toContain(`  ${code}  ${meaning}\n`);
    expect(page).toContain(`| ${code} | ${meaning} |`);
  }
});

test('the version is that of the package', async () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  expect(VERSION).toBe(version);
  expect(await (await openStage()).run(['--version'])).toMatchObject({ code: 0, out: `${version}\n` });
});
