/** What is written down of what people ask for, and what is not. */
import { describe, expect, it } from 'vitest';
import { REQUESTS } from '../../../docs/generate/schemas.ts';
import { FUNCTION, type FunctionName } from '../../../lambdas/contract.ts';
import { digestOfSelection } from '../../../lambdas/domain/erasure-record.ts';
import { askingOf, endedRequest, newRequest, RECORDED } from '../../../lambdas/domain/request.ts';
import { requestEventsOf } from '../../../lambdas/domain/request-events.ts';

/** They look, or are sent by a schedule or a job; or what they do has an entry of its own, which says who asked. */
const NOT_RECORDED: Readonly<Partial<Record<FunctionName, readonly string[]>>> = {
  [FUNCTION.catalog]: ['status', 'verify', 'at', 'previews', 'sweep-previews', 'watch'],
  [FUNCTION.snapshot]: ['list', 'tend'],
  [FUNCTION.collectGarbage]: ['status', 'tend'],
  [FUNCTION.erase]: ['status', 'tend'],
  [FUNCTION.export]: ['verify', 'list'],
  [FUNCTION.drill]: ['list', 'tend'],
  [FUNCTION.replication]: ['status', 'tend'],
  // `Rollback Requested`, `Restore Requested`, `Rotation Requested`; to go on with a rollback is no new request.
  [FUNCTION.rollback]: ['roll-back', 'undo-run', 'continue'],
  [FUNCTION.restore]: ['plan', 'run', 'check'],
  [FUNCTION.rotateCredentials]: ['status', 'rotate'],
};

interface Option {
  readonly def: { readonly shape?: Readonly<Record<string, unknown>>; readonly options?: readonly Option[] };
}

const actionsIn = (schema: Option): string[] =>
  (schema.def.options ?? [schema]).flatMap((option) => {
    const action = option.def.shape?.['action'] as
      | { def: { values?: readonly string[]; entries?: Readonly<Record<string, string>> } }
      | undefined;
    return action === undefined ? [] : [...(action.def.values ?? []), ...Object.values(action.def.entries ?? {})];
  });

describe('requests', () => {
  it.each(Object.entries(REQUESTS))('every action of %s is written down, or known not to be', (name, schema) => {
    const known = [...(RECORDED[name as FunctionName] ?? []), ...(NOT_RECORDED[name as FunctionName] ?? [])];
    expect([...new Set(known)].toSorted()).toEqual([...new Set(actionsIn(schema as unknown as Option))].toSorted());
  });

  it.each([
    [FUNCTION.collectGarbage, { action: 'plan' }, { dryRun: true, requestedBy: 'unknown' }],
    [FUNCTION.snapshot, { action: 'prune', dryRun: true, requestedBy: 'anna' }, { dryRun: true, requestedBy: 'anna' }],
    [
      FUNCTION.snapshot,
      { action: 'release', repository: 'lake', id: 's', requestedBy: 'anna' },
      { dryRun: false, repository: 'lake', asked: { id: 's' } },
    ],
    [
      FUNCTION.resolveRun,
      { action: 'hold-target', repository: 'lake', target: 'main', owner: 'ben', reason: 'why', expiresInSeconds: 9 },
      { requestedBy: 'ben', reason: 'why', target: 'main', asked: { owner: 'ben', expiresInSeconds: 9 } },
    ],
    // The owner of a release is a condition, not the one who asks.
    [FUNCTION.resolveRun, { action: 'release-target', owner: 'ben' }, { requestedBy: 'unknown' }],
  ] as const)('%s %j tells who, what and whether anything was to change', (name, request, expected) => {
    expect(askingOf(name, request)).toMatchObject({ function: name, action: request.action, ...expected });
  });

  it('keeps no path of a person whose data is erased', () => {
    const selection = { paths: ['people/maria.json', 'people/maria.txt'], prefixes: [] };
    const replacements = [{ path: 'people/maria.json', ref: 'main', from: 'people/x.json' }];
    const asked = { repository: 'lake', selection, replacements, confirm: 'lake' };
    const [plan, run] = [
      askingOf(FUNCTION.erase, { action: 'plan', ...asked }),
      askingOf(FUNCTION.erase, { action: 'run', ...asked, selection: { paths: selection.paths.toReversed() } }),
    ];
    expect(JSON.stringify([plan, run])).not.toContain('maria');
    // Spelled in two ways: told as one, by the name that the erasure itself has for it.
    expect(plan?.asked['selection']).toBe(digestOfSelection(selection));
    expect(run?.asked['selection']).toBe(digestOfSelection(selection));
    expect(run?.asked['replacements']).toBe(1);
  });

  it('leaves out what no entry could hold', () => {
    const tables = Array.from({ length: 5000 }, (_, n) => `table-${String(n)}`);
    expect(askingOf(FUNCTION.catalog, { action: 'preview', ref: 'main', tables })?.asked).toEqual({ truncated: true });
  });

  it('are told on the bus when they are made and when they end, once each', () => {
    const asking = askingOf(FUNCTION.export, { action: 'run', export: 'daily', dryRun: true, requestedBy: 'anna' });
    if (asking === undefined) throw new Error('not recorded');
    const begun = newRequest(asking, 'o', 1000);
    const ended = endedRequest(begun, { outcome: 'failed', code: 'BL9001', message: 'BL9001 …' }, 2000);
    expect(requestEventsOf(undefined, begun)).toMatchObject([
      {
        type: 'Request Made',
        at: 1000,
        detail: { function: 'export', requestedBy: 'anna', dryRun: true, ledgerVersion: 1 },
      },
    ]);
    expect(requestEventsOf(begun, ended)).toMatchObject([
      { type: 'Request Ended', at: 2000, detail: { outcome: 'failed', code: 'BL9001', ledgerVersion: 2 } },
    ]);
    expect(requestEventsOf(ended, ended)).toEqual([]);
  });
});
