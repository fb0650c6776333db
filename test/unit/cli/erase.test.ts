import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { functionFailure } from '../../../cli/failure.ts';
import { isBranchlineError } from '../../../lambdas/domain/errors.ts';
import { eraseRequest } from '../../../lambdas/payloads.ts';
import { erase } from '../../../lambdas/usecases/erase.ts';
import { makeErasureWorld } from '../../fakes/erasure.ts';
import { openStage } from './stage.ts';

/** A deployment whose lake holds a person's file, rewritten once. */
const open = async () => {
  const world = await makeErasureWorld();
  await world.change({ 'people/1': 'first', 'people/2': 'another' });
  await world.change({ 'people/1': 'second', 'copies/1': 'second' });
  const stage = await openStage();
  stage.invoke = async (name, payload) => {
    try {
      return await erase(world, eraseRequest.parse(payload), Number.MAX_SAFE_INTEGER);
    } catch (error) {
      if (!isBranchlineError(error)) throw error;
      throw functionFailure(name, error.code, error.message);
    }
  };
  return { world, stage };
};

describe('erase plan', () => {
  it('tells who holds the objects, what would be done, and how long they are kept', async () => {
    const { stage, world } = await open();
    world.versions.settings = { bucket: 'bucket', versioning: 'on', earlierVersionsDays: 30, replicatesTo: ['copy'] };
    const { code, out } = await stage.run(['erase', 'plan', '--repository', 'lake', '--path', 'people/1']);
    expect(code).toBe(0);
    expect(out).toMatch(/^lake: 2 objects of 11 B\n {4}people\/1 {2}s3:\/\/bucket\/lake\/data\//);
    expect(out).toContain('target main: 1 object; a run of its own takes them out and is promoted');
    expect(out).toContain('bucket bucket keeps earlier versions (on): its lifecycle removes them after 30 days');
    expect(out).toContain('1 other object with the same content, not selected: copies/1');
    expect(out).toContain('copied to bucket copy');
    expect(out).toMatch(/garbage collection keeps what is removed now for \d+ days: until \d{4}-/);
  });

  it('takes a file of paths and addresses, and prefixes', async () => {
    const { stage } = await open();
    const folder = mkdtempSync(join(tmpdir(), 'branchline-erase-'));
    try {
      const file = join(folder, 'list.txt');
      writeFileSync(file, 'people/1\r\n\ns3://bucket/lake/data/nowhere\n');
      const asked = ['erase', 'plan', '--repository', 'lake', '--objects-from', file, '--below', 'people/2', '--json'];
      expect((await stage.run(asked)).json()).toMatchObject({ outcome: 'planned', plan: { objects: 4, unseen: 1 } });
      writeFileSync(file, '\n');
      expect(await stage.run(asked)).toMatchObject({ code: 2 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('exit code 2 where nothing is selected or the file is not there, 5 where something refuses', async () => {
    const { stage, world } = await open();
    expect(await stage.run(['erase', 'plan', '--repository', 'lake'])).toMatchObject({ code: 2 });
    const missing = ['erase', 'plan', '--repository', 'lake', '--objects-from', '/nowhere/at/all'];
    expect(await stage.run(missing)).toMatchObject({ code: 2, err: expect.stringContaining('/nowhere/at/all') });
    world.collecting = undefined;
    const refused = await stage.run(['erase', 'plan', '--repository', 'lake', '--path', 'people/1']);
    expect(refused).toMatchObject({ code: 5, out: expect.stringContaining('refused: BL8602') });
  });
});

describe('erase run', () => {
  const ORDER = ['erase', 'run', '--repository', 'lake', '--path', 'people/1', '--reason', 'request 1'];

  it('wants the name of the repository; begins under the name of the caller; goes on with exit code 7', async () => {
    const { stage, world } = await open();
    expect(await stage.run([...ORDER, '--confirm', 'leak'])).toMatchObject({ code: 2 });
    expect(await stage.run([...ORDER, '--dry-run'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('2 objects'),
    });
    expect(world.erasures.entries.size).toBe(0);
    const { code, out } = await stage.run([...ORDER, '--confirm', 'lake']);
    expect(code).toBe(7);
    expect(out).toMatch(
      /^lake (erase-\S+) REMOVING, 2 objects of 11 B\n {2}asked for by arn:aws:iam::111122223333:user\/op /,
    );
    expect(out).toContain('is to be promoted into main');
    const [id = ''] = /erase-\S+/.exec(out) ?? [];
    expect((await stage.run(['erase', 'list'])).out).toContain(id);
    expect((await stage.run(['erase', 'status', id, '--json'])).json()).toMatchObject({ erasures: [{ id }] });
    expect(await stage.run(['erase', 'cancel', 'lake', id])).toMatchObject({
      code: 0,
      out: expect.stringContaining('CANCELLED'),
    });
    expect(await stage.run(['erase', 'cancel', 'lake', id])).toMatchObject({ code: 5 });
    expect(await stage.run(['erase', 'status', 'erase-20200101t000000z'])).toMatchObject({ code: 3 });
  });

  it('takes rewritten files, and says how they are named', async () => {
    const { stage, world } = await open();
    await world.change({ 'people/fixed': 'without' });
    expect(await stage.run([...ORDER, '--confirm', 'lake', '--replacement', 'people/1'])).toMatchObject({ code: 2 });
    const asked = [...ORDER, '--confirm', 'lake', '--replacement', 'people/1=main:people/fixed', '--json'];
    expect((await stage.run(asked)).json()).toMatchObject({
      erasure: { replacements: [{ path: 'people/1', from: 'people/fixed' }] },
    });
  });

  it('says where nothing was erased yet', async () => {
    const { stage } = await open();
    expect(await stage.run(['erase', 'list'])).toMatchObject({
      code: 0,
      err: expect.stringContaining('nothing was erased'),
    });
  });
});
