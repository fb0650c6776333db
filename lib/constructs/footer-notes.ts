/**
 * Footers of Parquet files between the function that reads them first and the one that shows the files. They hold the least and greatest
 * values of columns: whatever is left of them goes after a day, and nobody but these two has them.
 */
import { Duration } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { ENV } from '../../lambdas/contract.ts';
import { explain } from '../compliance.ts';
import { nagName } from '../nag-name.ts';
import type { BranchlineFunction } from './branchline-function.ts';

const PREFIX = 'footers/';
/** A refresh follows a promotion within minutes; what waits longer is read again. */
const KEPT = Duration.days(1);

export interface Between {
  readonly writer: BranchlineFunction;
  readonly reader: BranchlineFunction;
}

/** @param bucket that the reader may list. */
export const keepFooters = (bucket: Bucket, { writer, reader }: Between): void => {
  const objects = bucket.arnForObjects(`${PREFIX}*`);
  bucket.addLifecycleRule({ id: 'ExpireFooters', prefix: PREFIX, expiration: KEPT });
  for (const { fn } of [writer, reader]) fn.addEnvironment(ENV.footerRoot, `s3://${bucket.bucketName}/${PREFIX}`);
  writer.fn.addToRolePolicy(
    new PolicyStatement({ sid: 'KeepFooters', actions: ['s3:PutObject'], resources: [objects] }),
  );
  reader.fn.addToRolePolicy(
    new PolicyStatement({ sid: 'UseFooters', actions: ['s3:GetObject', 's3:DeleteObject'], resources: [objects] }),
  );
  for (const fn of [writer, reader]) explain(fn, `${nagName(bucket)}/${PREFIX}*`, 'They are named by commits.');
  // Who could write them could tell readers of rows that are not there, whatever rights he has.
  if (writer.fn.role === undefined) return;
  bucket.addToResourcePolicy(
    new PolicyStatement({
      sid: 'OnlyBranchlineKeepsFooters',
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions: ['s3:PutObject'],
      resources: [objects],
      conditions: { ArnNotEquals: { 'aws:PrincipalArn': writer.fn.role.roleArn } },
    }),
  );
};
