/** What doctor looks at from where the person sits: credentials, the right to invoke, clock, versions. */
import { FUNCTION, functionName, VERSION } from '../lambdas/contract.ts';
import type { Check } from '../lambdas/payloads.ts';
import type { Context } from './context.ts';
import { asFailure } from './failure.ts';

const ok = (name: string, message: string): Check => ({ name, status: 'ok', message });
export const failedBy = (name: string, error: unknown): Check => {
  const { message, remedy } = asFailure(error).report();
  return { name, status: 'failed', message, remedy };
};

const USED = [FUNCTION.inspect, FUNCTION.startRun, FUNCTION.resolveRun, FUNCTION.catalog] as const;

/** Nothing else can be looked at without credentials: they are the only finding then. */
export const checkAccess = async ({ connection, prefix }: Context): Promise<readonly Check[]> => {
  const checks: Check[] = [ok('command line', `version ${VERSION}, Node ${process.version}`)];
  try {
    const { arn, account, region } = await connection.identity();
    checks.push(ok('credentials', `${arn}, account ${account}, region ${region}`));
  } catch (error) {
    return [...checks, failedBy('credentials', error)];
  }
  const rights = await Promise.all(
    USED.map(async (name): Promise<Check> => {
      const title = `permission to invoke ${functionName(prefix, name)}`;
      try {
        await connection.tryInvoke(name);
        return ok(title, 'granted');
      } catch (error) {
        return failedBy(title, error);
      }
    }),
  );
  return [...checks, ...rights];
};

/** AWS refuses signatures that are 5 minutes off. Source: AWS General Reference, Signature Version 4. */
const REFUSED_MS = 300_000;
const NOTICED_MS = 5_000;

export const checkClock = (skewMs: number | undefined): readonly Check[] => {
  if (skewMs === undefined) return [];
  const name = 'clock of this machine';
  const off = Math.abs(skewMs);
  if (off < NOTICED_MS) return [ok(name, `within ${String(NOTICED_MS / 1000)} s of AWS's`)];
  const message = `${(off / 1000).toFixed(1)} s ${skewMs < 0 ? 'ahead of' : 'behind'} AWS's`;
  const remedy = 'Have it set by NTP: AWS refuses requests that are 5 minutes off.';
  return [{ name, status: off < REFUSED_MS ? 'warning' : 'failed', message, remedy }];
};

/** Payloads stay compatible within a major version; a different one is worth knowing all the same. */
export const checkVersions = (deployed: Check | undefined): readonly Check[] => {
  if (deployed?.message === VERSION) return [];
  const what = deployed === undefined ? 'does not tell its version' : `is of version ${deployed.message}`;
  return [
    {
      name: 'versions',
      status: 'warning',
      message: `the deployment ${what}, the command line is of ${VERSION}`,
      remedy: 'Deploy again, or use the command line of the deployed version.',
    },
  ];
};
