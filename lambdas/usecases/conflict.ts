/** A run that cannot be promoted as it is: what is written down, and what its pipeline's policy does about it. */
import { COMMIT_KIND, type PipelineConfig } from '../contract.ts';
import { ERASURE_JOB } from '../domain/erasure-record.ts';
import { isBranchlineError } from '../domain/errors.ts';
import { pipelineOf } from '../domain/pipelines.ts';
import { MAX_RESOLUTIONS, mayDecide, promotionBaseOf } from '../domain/promotion.ts';
import { type Cause, type Clash, formatRunKey, MAX_MESSAGE, type Run } from '../domain/run.ts';
import { advance } from '../domain/transitions.ts';
import type { Ports } from '../ports.ts';
import { changeRun } from './change.ts';
import { rerunIdOf } from './rerun.ts';
import { resolveConflict } from './resolution.ts';
import { discard } from './settle-run.ts';

/** Why a promotion stopped: a clash, a base that is not in the target's history or was undone there, a part merged by hand, a merge that lost files. */
export type ConflictCode = 'BL2003' | 'BL2007' | 'BL2017' | 'BL2018' | 'BL2023';

/** A resolution copies every object of the run: more than so many take longer than others should wait for. */
const MAX_OBJECTS_AT_ONCE = 1000;

const describe = (run: Run, clashes: readonly Clash[], code: ConflictCode): string => {
  const first = clashes[0];
  if (code === 'BL2007') return `base commit ${promotionBaseOf(run)} is not in the history of ${run.target}`;
  if (code === 'BL2018') {
    return `a checkpoint of the run was merged into ${run.target} by hand: ${first?.commit ?? ''}; promote it with a strategy`;
  }
  if (code === 'BL2017') {
    return `${run.target} was rolled back past base commit ${promotionBaseOf(run).slice(0, 12)} by commit ${first?.commit ?? ''}`;
  }
  const more = clashes.length > 1 ? ` and ${String(clashes.length - 1)} more` : '';
  if (code === 'BL2023') return `lakeFS lost ${first?.what ?? 'a file'}${more} in the merge; it was taken back`;
  if (first === undefined) return `${run.target} and the run changed the same paths`;
  const who = first.run === undefined ? '' : ` (run ${first.run})`;
  return `${first.kind} ${first.what === '' ? '/' : first.what} changed on ${run.target} too${who}${more}`;
};

const policyFor = (run: Run, code: ConflictCode, pipeline: PipelineConfig | undefined): Run['policy'] => {
  const onConflict = pipeline?.onConflict ?? 'keep';
  // Nobody changed what another did: laid on the head anew, the same changes make a merge that has nothing to lose.
  if (code === 'BL2023') return (run.resolutions ?? 0) < MAX_RESOLUTIONS ? 'source-wins' : undefined;
  // What was computed from data that is gone is computed anew; no side of it is worth taking.
  const policy = code === 'BL2017' ? 'rerun' : onConflict;
  if (policy === 'keep') return undefined;
  if (policy === 'rerun') return run.rerunNumber < (pipeline?.maxReruns ?? 0) ? policy : undefined;
  return code === 'BL2003' && (run.resolutions ?? 0) < MAX_RESOLUTIONS ? policy : undefined;
};

/** No pattern is meant for the runs of erasures, which belong to no job. */
const pipelineOfRun = async ({ config }: Ports, { job, pipeline }: Run): Promise<PipelineConfig | undefined> =>
  pipeline === ERASURE_JOB ? undefined : pipelineOf(await config.load(), job);

/** Writes the conflict down with what clashed, keeps the branch, and follows the policy. */
export const conflict = async (ports: Ports, run: Run, clashes: readonly Clash[], code: ConflictCode): Promise<Run> => {
  const policy = policyFor(run, code, await pipelineOfRun(ports, run));
  const message = describe(run, clashes, code);
  const written = await changeRun(ports, run, (current) => {
    if (!mayDecide(current, run, ports.clock.now())) return undefined;
    return advance(
      current,
      ports.clock.now(),
      { state: 'CONFLICTED', clashes, cause: { code, message }, ...(policy === undefined ? {} : { policy }) },
      { note: message, forget: policy === undefined ? ['lease', 'policy'] : ['lease'] },
    );
  });
  const isLong = written.policy !== 'rerun' && (written.changedObjects ?? 0) > MAX_OBJECTS_AT_ONCE;
  if (written.state !== 'CONFLICTED' || written.policy === undefined || isLong) return written;
  try {
    return await applyPolicy(ports, written);
  } catch (error) {
    // It is written down what is due, and reconcile does it: the next run of this target need not wait for it.
    if (!isBranchlineError(error)) throw error;
    ports.log.warn('policy put off', { run: formatRunKey(run), policy, reason: error.message });
    return (await ports.ledger.getRun(run)) ?? written;
  }
};

/** Does what the policy says; repeated by reconcile where it was interrupted. */
export const applyPolicy = async (ports: Ports, run: Run): Promise<Run> => {
  if (run.state !== 'CONFLICTED' || run.policy === undefined) return run;
  return run.policy === 'rerun' ? rerunInstead(ports, run) : resolveConflict(ports, run, run.policy);
};

/** Ends this run and has the job run again on a fresh branch. */
export const rerunInstead = async (ports: Ports, run: Run): Promise<Run> => {
  const rerunAs = await rerunIdOf(ports, run);
  ports.log.info('rerun', { run: formatRunKey(run), rerunAs, kind: COMMIT_KIND.run });
  return discard(
    ports,
    run,
    { code: 'BL2010', message: `superseded by run ${rerunAs}` },
    { extra: { rerunAs, rerunDue: true }, keep: false },
  );
};

/** A hook of lakeFS said no, or something that the promotion needs is gone; never tried again by itself. */
export const reject = (ports: Ports, run: Run, { code, message }: Cause): Promise<Run> => {
  // A hook may say a whole page.
  const cause = { code, message: message.slice(0, MAX_MESSAGE) };
  return changeRun(ports, run, (current) =>
    mayDecide(current, run, ports.clock.now())
      ? advance(
          current,
          ports.clock.now(),
          { state: 'REJECTED', cause },
          { note: cause.message, forget: ['lease', 'policy'] },
        )
      : undefined,
  );
};
