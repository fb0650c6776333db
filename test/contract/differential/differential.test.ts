/**
 * The same random stories told to the emulator and to a real server: every answer has to be the same. Runs where a real
 * server is named. FAST_CHECK_RUNS stories (30), from FAST_CHECK_SEED (any).
 */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SERVERS, type Server } from '../server.ts';
import { type Operation, story } from './operations.ts';
import { Side } from './side.ts';

const RUNS = Number(process.env['FAST_CHECK_RUNS'] ?? '30');
const SEED = Number(process.env['FAST_CHECK_SEED'] ?? Date.now() % 2 ** 31);

/** What is there at the end. */
const LAST: readonly Operation[] = [
  { method: 'GET', path: ['branches'] },
  { method: 'GET', path: ['tags'] },
  ...['main', 'x', 'y', 'z'].flatMap((name): Operation[] => [
    { method: 'GET', path: ['refs', name, 'objects', 'ls'] },
    { method: 'GET', path: ['branches', name, 'diff'] },
    { method: 'GET', path: ['refs', name, 'commits'], query: { first_parent: 'true' } },
    { method: 'GET', path: ['refs', name, 'commits'] },
  ]),
];

describe.runIf(SERVERS.length > 1)('the emulator and the real server', () => {
  let servers: readonly Server[] = [];
  beforeAll(async () => {
    servers = await Promise.all(SERVERS.map(({ start }) => start()));
  });
  afterAll(() => Promise.all(servers.map((server) => server.close())));

  it(`answer ${String(RUNS)} random stories alike (seed ${String(SEED)})`, { timeout: 10_000 * RUNS }, async () => {
    console.info(`differential: ${String(RUNS)} stories, FAST_CHECK_SEED=${String(SEED)}`);
    await fc.assert(
      fc.asyncProperty(story, async (steps) => {
        const [emulator, real] = await Promise.all(servers.map((server) => Side.begin(server)));
        for (const operation of [...steps.flat(), ...LAST]) {
          const answers = await Promise.all([emulator?.tell(operation), real?.tell(operation)]);
          expect(answers[0], JSON.stringify(operation)).toEqual(answers[1]);
        }
      }),
      { numRuns: RUNS, seed: SEED, endOnFailure: process.env['FAST_CHECK_FAST'] !== undefined },
    );
  });
});
