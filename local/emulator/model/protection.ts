/** Which branches are protected, and since when: a change of the settings takes a while to apply. Pure. */
import { ModelError, type Protection } from './types.ts';

const inForce = ({ patterns, since, before }: Protection, now: number): readonly string[] =>
  now >= since ? patterns : before;

export const withPatterns = (
  protection: Protection,
  patterns: readonly string[],
  now: number,
  delayMs: number,
): Protection => ({ patterns, since: now + delayMs, before: inForce(protection, now) });

/** @param what in the words of a real server, which tells its refusals apart. */
export const refuseProtected = (
  protection: Protection,
  branch: string,
  now: number,
  what = 'cannot write to protected branch',
): void => {
  const isHit = inForce(protection, now).some((pattern) => {
    const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
    return new RegExp(`^${parts.join('.*')}$`).test(branch);
  });
  if (isHit) throw new ModelError(403, what);
};
