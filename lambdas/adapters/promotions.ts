/** Wake-ups for promote-run: one message group per target, so that each target sees one promotion at a time. */
import * as z from 'zod/mini';
import type { RunKey } from '../domain/run.ts';
import type { Promotions } from '../ports.ts';
import { asId, type FifoQueue, parseBody, sendWakeUp } from './wake-ups.ts';

export type WakeUp = Parameters<Promotions['wake']>[0];

export const groupIdOf = (run: Pick<WakeUp, 'repository' | 'target'>): string =>
  asId(`${run.repository}/${run.target}`);

/**
 * A deduplication id seen within five minutes is dropped without a word, so it carries what makes two wake-ups differ: the
 * version of the entry, and how often the run was woken.
 */
export const deduplicationIdOf = (run: WakeUp): string =>
  asId(`${run.runId}#${String(run.attempt)}#v${String(run.version)}#w${String(run.wakeUps ?? 0)}`);

const wakeUpBody = z.object({ runId: z.string().check(z.minLength(1)), attempt: z.int().check(z.gte(0)) });

/** @throws BL1006 where the body is no wake-up. */
export const parseWakeUp = (text: string): RunKey => parseBody(wakeUpBody, text);

export const createPromotions = (queue: FifoQueue): Promotions => ({
  wake: (run) => sendWakeUp(queue, { runId: run.runId, attempt: run.attempt }, groupIdOf(run), deduplicationIdOf(run)),
});
