import type { Command } from 'commander';
import type { Check } from '../../lambdas/payloads.ts';
import type { Context, Session } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { withExamples } from '../help.ts';
import { checkAccess, checkClock, checkVersions, failedBy } from '../local-checks.ts';
import { during } from '../progress.ts';
import { checkList, checkSummary } from '../views/check-list.ts';

/** A check, and who made it. */
type Finding = Check & { readonly from: 'here' | 'deployment' };

const from = (where: Finding['from'], checks: readonly Check[]): Finding[] =>
  checks.map((check) => ({ from: where, ...check }));

const examine = async (context: Context, readOnly: boolean): Promise<readonly Finding[]> => {
  const access = await during(context, 'looking at credentials and permissions', () => checkAccess(context));
  const isDenied = access.some(({ name, status }) => status === 'failed' && !name.endsWith('-run'));
  if (isDenied) return from('here', [...access, ...checkClock(context.connection.skewMs())]);
  try {
    const { checks } = await during(context, 'asking the deployment', () => context.deployment.doctor({ readOnly }));
    const versions = checkVersions(checks.find(({ name }) => name === 'version'));
    const here = [...access, ...checkClock(context.connection.skewMs()), ...versions];
    return [...from('here', here), ...from('deployment', checks)];
  } catch (error) {
    return from('here', [...access, failedBy('deployment', error)]);
  }
};

export const addDoctor = (program: Command, session: Session): void => {
  const doctor = program
    .command('doctor')
    .description(
      'Checks a deployment: configuration, lakeFS, permissions, protection, storage, queue depths, clocks. Changes nothing that lasts.',
    )
    .option('--read-only', 'leave out the probe that writes an object on a branch of its own and removes it')
    .action(async ({ readOnly = false }: { readonly readOnly?: boolean }, command: Command) => {
      const context = session.open(command);
      const checks = await examine(context, readOnly);
      if (checks.some(({ status }) => status === 'failed')) session.exitCode = EXIT.fault;
      context.answer({ checks }, () => {
        const { terminal } = context;
        for (const [where, title] of [
          ['here', 'From here'],
          ['deployment', 'From the deployment'],
        ] as const) {
          const some = checks.filter((check) => check.from === where);
          if (some.length === 0) continue;
          terminal.out(`${terminal.styleOut('bold', title)}\n${checkList(terminal, some)}\n`);
        }
        terminal.out(`${checkSummary(checks)}\n`);
      });
    });
  withExamples(
    doctor,
    ['branchline doctor', 'exit code 1 if a check failed'],
    ['branchline doctor --prefix second', 'another deployment in the same account'],
    ['branchline doctor --json | jq ".checks[] | select(.status != \\"ok\\")"', 'for a script'],
  );
};
