/** Wake-ups for refresh-catalog: one message group per target, so that each target has one refresh at a time. */
import * as z from 'zod/mini';
import type { Refreshes } from '../catalog-ports.ts';
import { type FifoQueue, parseBody, sendWakeUp } from './wake-ups.ts';

const body = z.object({ repository: z.string().check(z.minLength(1)), target: z.string().check(z.minLength(1)) });

/** @throws BL1006 where the body is no wake-up. */
export const parseRefresh = (text: string): { readonly repository: string; readonly target: string } =>
  parseBody(body, text);

export const createRefreshes = (queue: FifoQueue): Refreshes => ({
  wake({ repository, branch, version }, again = '') {
    const group = `${repository}/${branch}`;
    return sendWakeUp(queue, { repository, target: branch }, group, `${group}#v${String(version)}#${again}`);
  },
});
