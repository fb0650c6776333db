/** Wake-ups for run-exports: an SQS FIFO queue, one message group per export, so that each runs once at a time. */
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod/mini';
import { SCHEMA_VERSION } from '../contract.ts';
import { BranchlineError } from '../domain/errors.ts';
import type { ExportQueue } from '../export-ports.ts';
import { describeIssues, shown } from '../issues.ts';
import { callAws } from './aws-errors.ts';
import { asId } from './promotions.ts';

const name = z.string().check(z.minLength(1));
/** One export, or a target that moved: whoever reads it knows which exports follow that. */
const body = z.union([z.object({ export: name }), z.object({ repository: name, target: name })]);
export type ExportWakeUp = z.infer<typeof body>;

/** @throws BL1006 where the body is no wake-up. */
export const parseExportWakeUp = (text: string): ExportWakeUp => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new BranchlineError('BL1006', `a wake-up is JSON, found ${shown(text)}`);
  }
  const parsed = body.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new BranchlineError('BL1006', describeIssues(parsed.error, value, 'wake-up'));
};

export const createExportQueue = (options: { readonly client: SQSClient; readonly queueUrl: string }): ExportQueue => {
  const send = async (wakeUp: ExportWakeUp, group: string, id: string): Promise<void> => {
    await callAws(`sqs:SendMessage ${options.queueUrl}`, () =>
      options.client.send(
        new SendMessageCommand({
          QueueUrl: options.queueUrl,
          MessageBody: JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...wakeUp }),
          MessageGroupId: asId(group),
          MessageDeduplicationId: asId(id),
        }),
      ),
    );
  };
  return {
    wake: (export_, again) => send({ export: export_ }, `export/${export_}`, `export/${export_}#${again}`),
    wakeTarget: ({ repository, branch, version }) =>
      send(
        { repository, target: branch },
        `target/${repository}/${branch}`,
        `target/${repository}/${branch}#v${String(version)}`,
      ),
  };
};
