/** Which target a command is about: REPOSITORY/TARGET, or the target alone where only one has that name. */
import type { Target } from '../../lambdas/domain/target.ts';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { during } from '../progress.ts';

export const nameOfTarget = ({ repository, branch }: Pick<Target, 'repository' | 'branch'>): string =>
  `${repository}/${branch}`;

export const chosenTarget = async (context: Context, name: string): Promise<Target> => {
  const { targets } = await during(context, 'reading the ledger', () => context.deployment.targets());
  const found = targets.filter((target) => nameOfTarget(target) === name || target.branch === name);
  const [target, ...others] = found;
  if (target === undefined) {
    const all = targets.map(nameOfTarget).join(', ');
    throw new Failure('BL3004', `the ledger knows no target "${name}"; it knows ${all === '' ? 'none' : all}`);
  }
  if (others.length > 0)
    throw new Failure(
      'BL6001',
      `"${name}" may be ${found.map(nameOfTarget).join(' or ')}: say which, as REPOSITORY/TARGET`,
    );
  return target;
};

/** Who asks, for the audit trail: AWS tells a function nothing of who invokes it. */
export const whoAsks = ({ environment }: Pick<Context, 'environment'>, given: string | undefined): string =>
  given ?? environment['BRANCHLINE_WHO'] ?? environment['USER'] ?? environment['USERNAME'] ?? 'unknown';
