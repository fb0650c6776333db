/** The claim that a job lays down on its own branch where it cannot invoke claim-run. */
import * as z from 'zod/mini';
import { CLAIM_OBJECT } from '../contract.ts';
import type { Ports } from '../ports.ts';

const claim = z.object({
  jobName: z.string(),
  jobRunId: z.string(),
  runId: z.string(),
  attempt: z.number(),
  baseCommit: z.string().check(z.regex(/^[0-9a-f]{6,128}$/)),
});
type Claim = z.infer<typeof claim>;

/** The claim on a branch; `undefined` where there is none that can be read. */
export const readClaim = async (ports: Ports, repository: string, branch: string): Promise<Claim | undefined> => {
  const content = await ports.lakefs.getObject(repository, branch, CLAIM_OBJECT);
  if (content === undefined) return undefined;
  try {
    return claim.parse(JSON.parse(new TextDecoder().decode(content)));
  } catch (error) {
    ports.log.warn('a claim that cannot be read', { repository, branch, reason: String(error) });
    return undefined;
  }
};
