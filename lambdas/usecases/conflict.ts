/** A run that cannot be promoted as it is: what is written down, and what its pipeline's policy does about it. */
import { COMMIT_KIND } from '../contract.ts';
import type { ErrorCode } from '../domain/errors.ts';
import { pipelineOf } from '../domain/pipelines.ts';
import { MAX_RESOLUTIONS } from '../domain/promotion.ts';
import { type Cause, type Clash, formatRunKey, type Run } from '../domain/run.ts';
import { advance } from '../domain/transitions.ts';
import type { Ports } from '../ports.ts';
import { changeRun } from './change.ts';
import { rerunIdOf } from './rerun.ts';
import { resolveConflict } from './resolution.ts';
import { discard } from './settle-run.ts';

const describe = (run: Run, clashes: readonly Clash[]): string => {
  const first = clashes[0];
  if (first === undefined) return `${run.target} and the run changed the same paths`;
  const who = first.run === undefined ? '' : ` (run ${first.run})`;
  const more = clashes.length > 1 ? ` and ${String(clashes.length - 1)} more` : '';
  return `${first.kind} ${first.what === '' ? '/' : first.what} changed on ${run.target} too${who}${more}`;
};

/** Writes the conflict down with what clashed, keeps the branch, and follows the policy. */
export const conflict = async (ports: Ports, run: Run, clashes: readonly Clash[], code: ErrorCode): Promise<Run> => {
  const pipeline = pipelineOf(await ports.config.load(), run.job);
  const onConflict = pipeline?.onConflict ?? 'keep';
  const mayRerun = run.rerunNumber < (pipeline?.maxReruns ?? 0);
  const mayResolve = code === 'BL2003' && (run.promotionTries ?? 0) < MAX_RESOLUTIONS;
  const isDue = onConflict === 'rerun' ? mayRerun : onConflict !== 'keep' && mayResolve;
  const written = await changeRun(ports, run, (current) => {
    if (current.state !== 'COMMITTED' && current.state !== 'PROMOTING') return undefined;
    return advance(
      current,
      ports.clock.now(),
      {
        state: 'CONFLICTED',
        clashes,
        cause: { code, message: describe(run, clashes) },
        ...(isDue && onConflict !== 'keep' ? { policy: onConflict } : {}),
      },
      { note: describe(run, clashes), forget: isDue ? ['lease'] : ['lease', 'policy'] },
    );
  });
  return written.state === 'CONFLICTED' && written.policy !== undefined ? applyPolicy(ports, written) : written;
};

/** Does what the policy says; repeated by reconcile where it was interrupted. */
export const applyPolicy = async (ports: Ports, run: Run): Promise<Run> => {
  if (run.state !== 'CONFLICTED' || run.policy === undefined) return run;
  return run.policy === 'rerun' ? rerunInstead(ports, run) : resolveConflict(ports, run, run.policy);
};

/** Ends this run and has the job run again on a fresh branch. */
export const rerunInstead = async (ports: Ports, run: Run): Promise<Run> => {
  const rerunAs = rerunIdOf(run);
  ports.log.info('rerun', { run: formatRunKey(run), rerunAs, kind: COMMIT_KIND.run });
  return discard(
    ports,
    run,
    { code: 'BL2010', message: `superseded by run ${rerunAs}` },
    { extra: { rerunAs, rerunDue: true }, keep: false },
  );
};

/** A hook of lakeFS said no; never tried again by itself. */
export const reject = (ports: Ports, run: Run, cause: Cause): Promise<Run> =>
  changeRun(ports, run, (current) =>
    current.state === 'COMMITTED' || current.state === 'PROMOTING'
      ? advance(
          current,
          ports.clock.now(),
          { state: 'REJECTED', cause },
          { note: cause.message, forget: ['lease', 'policy'] },
        )
      : undefined,
  );
