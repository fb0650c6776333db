/** Wake-ups for refresh-catalog: an SQS FIFO queue, one message group per target, so that each target has one refresh at a time. */
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod/mini';
import type { Refreshes } from '../catalog-ports.ts';
import { SCHEMA_VERSION } from '../contract.ts';
import { BranchlineError } from '../domain/errors.ts';
import { describeIssues, shown } from '../issues.ts';
import { callAws } from './aws-errors.ts';
import { asId } from './promotions.ts';

/** It names the target and nothing else: the ledger says what is to be shown. */
const body = z.object({ repository: z.string().check(z.minLength(1)), target: z.string().check(z.minLength(1)) });

/** @throws BL1006 where the body is no wake-up. */
export const parseRefresh = (text: string): { readonly repository: string; readonly target: string } => {
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

export const createRefreshes = (options: { readonly client: SQSClient; readonly queueUrl: string }): Refreshes => ({
  async wake({ repository, branch, version }, again = '') {
    await callAws(`sqs:SendMessage ${options.queueUrl}`, () =>
      options.client.send(
        new SendMessageCommand({
          QueueUrl: options.queueUrl,
          MessageBody: JSON.stringify({ schemaVersion: SCHEMA_VERSION, repository, target: branch }),
          MessageGroupId: asId(`${repository}/${branch}`),
          MessageDeduplicationId: asId(`${repository}/${branch}#v${String(version)}#${again}`),
        }),
      ),
    );
  },
});
