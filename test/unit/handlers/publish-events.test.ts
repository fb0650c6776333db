import { marshall } from '@aws-sdk/util-dynamodb';
import type { DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import type { EventBus } from '../../../lambdas/adapters/event-bus.ts';
import { type Item, runItem, targetItem } from '../../../lambdas/adapters/ledger/items.ts';
import { requestItem } from '../../../lambdas/adapters/ledger/request-items.ts';
import type { DomainEvent } from '../../../lambdas/domain/domain-events.ts';
import { endedRequest, newRequest } from '../../../lambdas/domain/request.ts';
import type { Target } from '../../../lambdas/domain/target.ts';
import { createHandler } from '../../../lambdas/handlers/publish-events.ts';
import { sampleRun } from '../adapters/ledger/sample-run.ts';
import { context, failedOf, linesDuring } from './invoke.ts';

const image = (item: Item | undefined) =>
  item === undefined ? undefined : (marshall(item, { removeUndefinedValues: true }) as never);
let sequence = 0;
const record = (before: Item | undefined, after: Item | undefined): DynamoDBRecord => {
  sequence += 1;
  const [OldImage, NewImage] = [image(before), image(after)];
  return {
    dynamodb: {
      SequenceNumber: `s${String(sequence)}`,
      ...(OldImage === undefined ? {} : { OldImage }),
      ...(NewImage === undefined ? {} : { NewImage }),
    },
  };
};

const publish = async (records: DynamoDBRecord[], refuse: (event: DomainEvent) => boolean = () => false) => {
  const published: DomainEvent[] = [];
  const woken: string[] = [];
  const publisher = (): EventBus => ({
    async publish(events) {
      for (const event of events) {
        if (refuse(event)) throw new Error('bus is away');
        published.push(event);
      }
    },
  });
  const handler = createHandler(publisher, () => ({
    async wake({ repository, branch, version }) {
      woken.push(`${repository}/${branch}#${String(version)}`);
    },
  }));
  const event: DynamoDBStreamEvent = { Records: records };
  const { answer, lines } = await linesDuring(() => handler(event, context()));
  return { failed: failedOf(answer), types: published.map(({ type }) => type), lines, woken };
};

const open = runItem(sampleRun(), 'w');
const promoting = sampleRun({ version: 3, state: 'PROMOTING', jobEndedAt: 1_000_000 });
const promoted = sampleRun({ ...promoting, version: 4, state: 'PROMOTED', settledAt: 1_004_500 });
const target: Target = {
  schemaVersion: 1,
  version: 1,
  repository: 'lake',
  branch: 'main',
  verifiedCommit: 'c',
  updatedAt: 1,
};
const blocked: Target = {
  ...target,
  version: 2,
  blocked: { commit: 'd', cause: { code: 'BL2016', message: 'clash' }, since: 1 },
};

describe('a target that moved', () => {
  const moved = (version: number): Target => ({ ...target, version, verifiedCommit: `c${String(version)}` });
  const step = (version: number): DynamoDBRecord =>
    record(targetItem(moved(version - 1), 'w'), targetItem(moved(version), 'w'));

  it('wakes one refresh for a whole batch', async () => {
    expect((await publish([step(2), step(3), step(4)])).woken).toEqual(['lake/main#4']);
  });

  it('wakes it also where a later record could not be published', async () => {
    const { woken, failed } = await publish([step(2), record(undefined, targetItem(blocked, 'w'))], () => true);
    expect(woken).toEqual(['lake/main#2']);
    expect(failed).toHaveLength(1);
  });

  it('wakes nothing where only the hold or the block changed', async () => {
    expect((await publish([record(targetItem(target, 'w'), targetItem(blocked, 'w'))])).woken).toEqual([]);
  });
});

describe('changes of the ledger become events', () => {
  it('of runs and targets, and nothing else', async () => {
    const { types, failed } = await publish([
      record(undefined, open),
      record(open, runItem(sampleRun({ version: 2, jobRunId: 'jr' }), 'w')),
      record(targetItem(target, 'w'), targetItem(blocked, 'w')),
      record(undefined, { pk: 'RUN#r1x', sk: 'CHANGES#000000#0000', kind: 'changes', partitions: ['a/'] }),
      record({ pk: 'UNMANAGED#jr', sk: 'UNMANAGED', kind: 'unmanaged' }, undefined),
    ]);
    expect(types).toEqual(['Run Opened', 'Target Blocked']);
    expect(failed).toEqual([]);
  });

  it('stops at the first that fails, and comes back from there', async () => {
    const records = [
      record(undefined, open),
      record(runItem(promoting, 'w'), runItem(promoted, 'w')),
      record(undefined, open),
    ];
    const { types, failed } = await publish(records, ({ type }) => type === 'Run Promoted');
    expect(types).toEqual(['Run Opened']);
    expect(failed).toEqual([records[1]?.dynamodb?.SequenceNumber]);
  });

  it('does not pass over an entry that it cannot read', async () => {
    const odd = record(undefined, { ...open, state: 'ASLEEP' });
    const { types, failed, lines } = await publish([odd, record(undefined, open)]);
    expect(types).toEqual([]);
    expect(failed).toEqual([odd.dynamodb?.SequenceNumber]);
    expect(lines).toContainEqual(expect.objectContaining({ code: 'BL5001' }));
  });
});

describe('metrics', () => {
  const metrics = (lines: Record<string, unknown>[]) => lines.filter((line) => line._aws !== undefined);

  it('count outcomes and the time from the end of the job to the promotion', async () => {
    const { lines } = await publish([record(runItem(promoting, 'w'), runItem(promoted, 'w'))]);
    expect(metrics(lines)).toEqual([
      expect.objectContaining({ service: 'branchline', Outcome: 'PROMOTED', RunsSettled: 1 }),
      expect.objectContaining({ service: 'branchline', PromotionSeconds: 4.5 }),
    ]);
  });

  it('do not time a promotion that a later roll-forward brings back', async () => {
    const rolledBack = runItem(sampleRun({ ...promoted, version: 5, state: 'ROLLED_BACK' }), 'w');
    const { lines } = await publish([record(rolledBack, runItem({ ...promoted, version: 6 }, 'w'))]);
    expect(metrics(lines)).toEqual([expect.objectContaining({ Outcome: 'PROMOTED', RunsSettled: 1 })]);
  });

  it('are silent about steps in between', async () => {
    expect(metrics((await publish([record(undefined, open)])).lines)).toEqual([]);
  });
});

describe('who asked for what', () => {
  it('is published when it is asked, and when it has ended', async () => {
    const asking = { function: 'snapshot', action: 'prune', dryRun: true, requestedBy: 'anna', asked: {} };
    const made = newRequest(asking, 'o', 1000);
    const [before, after] = [
      requestItem(made, 'w'),
      requestItem(endedRequest(made, { outcome: 'would-prune' }, 2000), 'w'),
    ];
    expect(await publish([record(undefined, before), record(before, after)])).toMatchObject({
      ...{ failed: [], types: ['Request Made', 'Request Ended'] },
    });
    // What the table forgets after a year is no news.
    expect((await publish([record(after, undefined)])).types).toEqual([]);
  });
});
