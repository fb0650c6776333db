/** BatchDeletePartition, which the local Glue lacks: one DeletePartition after the other, answered as AWS answers a batch. */

/** Sends one action of Glue on: its status and parsed body. */
export type GlueCall = (action: string, body: unknown) => Promise<{ readonly status: number; readonly body: unknown }>;

interface Batch {
  readonly DatabaseName: string;
  readonly TableName: string;
  readonly PartitionsToDelete: readonly { readonly Values: readonly string[] }[];
}

interface Refusal {
  readonly __type?: string;
  readonly message?: string;
  readonly Message?: string;
}

/** Source: AWS Glue API, BatchDeletePartition: at most 25 in a call. */
const MAX_BATCH = 25;

export const deletePartitions = async (call: GlueCall, batch: Batch): Promise<{ status: number; body: unknown }> => {
  const { DatabaseName, TableName, PartitionsToDelete: all } = batch;
  if (all.length > MAX_BATCH) {
    const message = `1 validation error detected: partitionsToDelete has ${String(all.length)} members, at most ${String(MAX_BATCH)}`;
    return { status: 400, body: { __type: 'ValidationException', message } };
  }
  const Errors: unknown[] = [];
  for (const { Values } of all) {
    const { status, body } = await call('DeletePartition', { DatabaseName, TableName, PartitionValues: Values });
    if (status === 200) continue;
    const { __type = 'InternalServiceException', message, Message } = body as Refusal;
    const ErrorDetail = {
      ErrorCode: __type.slice(__type.lastIndexOf('#') + 1),
      ErrorMessage: message ?? Message ?? '',
    };
    Errors.push({ PartitionValues: Values, ErrorDetail });
  }
  return { status: 200, body: { Errors } };
};
