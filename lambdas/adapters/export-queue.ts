/** Wake-ups for run-exports: one message group per export, so that each runs once at a time. */
import * as z from 'zod/mini';
import type { ExportQueue } from '../export-ports.ts';
import { type FifoQueue, parseBody, sendWakeUp } from './wake-ups.ts';

const name = z.string().check(z.minLength(1));
/** One export, or a target that moved: whoever reads it knows which exports follow that. */
const body = z.union([z.object({ export: name }), z.object({ repository: name, target: name })]);
export type ExportWakeUp = z.infer<typeof body>;

/** @throws BL1006 where the body is no wake-up. */
export const parseExportWakeUp = (text: string): ExportWakeUp => parseBody(body, text);

export const createExportQueue = (queue: FifoQueue): ExportQueue => ({
  wake: (export_, again) => sendWakeUp(queue, { export: export_ }, `export/${export_}`, `export/${export_}#${again}`),
  wakeTarget: ({ repository, branch, version }) => {
    const group = `target/${repository}/${branch}`;
    return sendWakeUp(queue, { repository, target: branch }, group, `${group}#v${String(version)}`);
  },
});
