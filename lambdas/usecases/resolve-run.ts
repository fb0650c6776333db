/** What a person decides about a run that waits, or about a blocked target. */
import { COMMIT_KIND, METADATA } from '../contract.ts';
import { BranchlineError } from '../domain/errors.ts';
import { formatRunKey, MAX_MESSAGE, type Run, type RunState } from '../domain/run.ts';
import { type Target, withNoted } from '../domain/target.ts';
import { advance } from '../domain/transitions.ts';
import type { ResolveRunRequest } from '../payloads.ts';
import type { Ports } from '../ports.ts';
import { changeRun, changeTarget, requireRun } from './change.ts';
import { cleanUp } from './clean-up.ts';
import { rerunInstead } from './conflict.ts';
import { holdTarget, releaseTarget } from './hold-target.ts';
import { rerunIdOf } from './rerun.ts';
import { planResolution, resolveConflict } from './resolution.ts';
import { schemaChangesAgain } from './run-schema.ts';
import { discard } from './settle-run.ts';
import { verifyTarget } from './verify-target.ts';

export interface ResolveAnswer {
  readonly outcome: string;
  readonly run?: Run;
  readonly target?: Target;
  /** Partitions in which one side was or would be taken as a whole. */
  readonly contested?: readonly string[];
  readonly objectsCopied?: number;
  readonly objectsRemoved?: number;
}

type TargetRequest = Extract<ResolveRunRequest, { commit: string }>;
type Of<A extends ResolveRunRequest['action']> = Extract<ResolveRunRequest, { action: A }>;

export const resolveRun = async (ports: Ports, request: ResolveRunRequest): Promise<ResolveAnswer> => {
  switch (request.action) {
    case 'promote':
      return promote(ports, request);
    case 'discard':
      return discardByHand(ports, request);
    case 'retry':
      return retry(ports, request);
    case 'accept-target':
    case 'revert-target':
      return unblock(ports, request);
    case 'hold-target':
      return holdTarget(ports, request);
    case 'release-target':
      return releaseTarget(ports, request);
  }
};

const requireState = (run: Run, action: string, states: readonly RunState[]): void => {
  if (!states.includes(run.state)) {
    throw new BranchlineError(
      'BL1005',
      `run ${formatRunKey(run)} is ${run.state}; ${action} is possible in ${states.join(', ')}`,
      {
        details: { run: formatRunKey(run), state: run.state, possible: states },
      },
    );
  }
};

const keyOf = (request: { runId: string; attempt?: number | undefined }) => ({
  runId: request.runId,
  attempt: request.attempt ?? 0,
});

const promote = async (ports: Ports, request: Of<'promote'>): Promise<ResolveAnswer> => {
  const run = await requireRun(ports, keyOf(request));
  if (run.runCommit === undefined) requireState(run, 'promote', ['CONFLICTED']);
  if (request.strategy !== undefined) {
    requireState(run, 'promote with a strategy', ['CONFLICTED']);
    const plan = await planResolution(ports, run, request.strategy);
    const effect = {
      contested: plan.contested,
      objectsCopied: plan.copy.length,
      objectsRemoved: plan.remove.length,
    };
    if (request.dryRun === true) return { outcome: 'would-promote', run, ...effect };
    const resolved = await resolveConflict(ports, run, request.strategy);
    if (resolved.version === run.version) {
      throw new BranchlineError(
        'BL1005',
        `run ${formatRunKey(run)} is being resolved by another call; look again in a quarter of an hour`,
      );
    }
    return { outcome: 'promotion-requested', run: resolved, ...effect };
  }
  requireState(run, 'promote', ['CONFLICTED', 'REJECTED', 'COMMITTED']);
  if (request.dryRun === true) return { outcome: 'would-promote', run };
  // The table's columns may be others by now.
  const isMisfit = run.cause?.code === 'BL2019' && request.acceptSchema !== true;
  const schemaChanges = isMisfit ? await schemaChangesAgain(ports, run) : run.schemaChanges;
  const committed = await changeRun(ports, run, (current) =>
    current.state === 'CONFLICTED' || current.state === 'REJECTED' || current.state === 'COMMITTED'
      ? advance(
          current,
          ports.clock.now(),
          {
            state: 'COMMITTED',
            wakeUps: (current.wakeUps ?? 0) + 1,
            ...(schemaChanges === undefined ? {} : { schemaChanges }),
            ...(request.acceptSchema === true ? { schemaAccepted: true as const } : {}),
          },
          { note: 'promotion asked for by hand', forget: ['clashes', 'cause', 'policy'] },
        )
      : undefined,
  );
  requireState(committed, 'promote', ['COMMITTED']);
  await ports.promotions.wake(committed);
  return { outcome: 'promotion-requested', run: committed };
};

const DISCARDABLE = ['CONFLICTED', 'REJECTED', 'AWAITING_APPROVAL'] as const satisfies RunState[];

const discardByHand = async (ports: Ports, request: Of<'discard'>): Promise<ResolveAnswer> => {
  const run = await requireRun(ports, keyOf(request));
  if (run.state === 'DISCARDED') return { outcome: 'already-discarded', run };
  requireState(run, 'discard', DISCARDABLE);
  if (request.dryRun === true) return { outcome: 'would-discard', run };
  const cause = { code: 'BL2011', message: (request.reason ?? 'discarded by hand').slice(0, MAX_MESSAGE) };
  const discarded = await discard(ports, run, cause, { keep: false });
  requireState(discarded, 'discard', ['DISCARDED']);
  return { outcome: 'discarded', run: discarded };
};

const retry = async (ports: Ports, request: Of<'retry'>): Promise<ResolveAnswer> => {
  const run = await requireRun(ports, keyOf(request));
  if (run.rerunAs !== undefined) return { outcome: 'already-retried', run };
  requireState(run, 'retry', [...DISCARDABLE, 'DISCARDED', 'ROLLED_BACK']);
  if (request.dryRun === true) return { outcome: `would-retry-as ${await rerunIdOf(ports, run)}`, run };
  if (run.state !== 'DISCARDED' && run.state !== 'ROLLED_BACK') {
    return { outcome: 'retried', run: await rerunInstead(ports, run) };
  }
  const rerunAs = await rerunIdOf(ports, run);
  const owing = await changeRun(ports, run, (current) =>
    current.rerunAs === undefined
      ? advance(current, ports.clock.now(), { rerunAs, rerunDue: true }, { note: `rerun ${rerunAs} asked for by hand` })
      : undefined,
  );
  return { outcome: 'retried', run: await cleanUp(ports, owing) };
};

const unblock = async (ports: Ports, request: TargetRequest): Promise<ResolveAnswer> => {
  const { repository, commit } = request;
  const target = await ports.ledger.getTarget(repository, request.target);
  if (target === undefined)
    throw new BranchlineError('BL3004', `the ledger knows no target ${repository}/${request.target}`);
  if (target.blocked?.commit !== commit) {
    const found = target.blocked === undefined ? 'is not blocked' : `is blocked by ${target.blocked.commit}`;
    throw new BranchlineError('BL1005', `target ${repository}/${request.target} ${found}, not by ${commit}`);
  }
  const isRevert = request.action === 'revert-target';
  if (isRevert && target.blocked.cause.code === 'BL2007') {
    throw new BranchlineError(
      'BL1005',
      `target ${repository}/${request.target} was reset by hand: there is no merge to revert; mend it by hand, then accept`,
    );
  }
  if (request.dryRun === true) return { outcome: `would-${request.action}`, target };
  if (isRevert) {
    const answer = await ports.lakefs.revert(repository, request.target, commit, 1, {
      message: `Take back ${commit.slice(0, 12)}: it clashes with what lay between`,
      metadata: { [METADATA.kind]: COMMIT_KIND.revert, [METADATA.reverts]: commit },
    });
    if (answer.outcome === 'conflict') {
      throw new BranchlineError(
        'BL2016',
        `${commit} cannot be reverted: something later overlaps it; mend the target by hand, then accept`,
      );
    }
  }
  const open = await changeTarget(ports, repository, request.target, target, (current) => {
    if (current?.blocked?.commit !== commit) return undefined;
    const { blocked: _, ...rest } = current;
    // What was reverted never becomes the verified commit, not even for a moment: readers would be shown it.
    const verifiedCommit = isRevert ? current.verifiedCommit : commit;
    const now = ports.clock.now();
    // Whoever looked at the history that was reset may be at it still.
    const isReset = current.blocked.cause.code === 'BL2007';
    return {
      ...{ ...rest, version: current.version + 1, verifiedCommit, updatedAt: now },
      ...(isReset ? { noted: withNoted(current, current.verifiedCommit, now) } : {}),
      ...(isRevert ? {} : { byHand: { commit, at: now } }),
    };
  });
  const verified = open === undefined ? undefined : await verifyTarget(ports, open);
  return {
    outcome: request.action === 'accept-target' ? 'accepted' : 'reverted',
    ...(verified === undefined ? {} : { target: verified }),
  };
};
