/**
 * A managed policy for the roles of query engines, whatever else they may: with it they write and delete nothing of the lake. What an
 * engine wrote to a published table would not be in lakeFS, and what it deleted other branches and earlier commits may still hold.
 *
 * What you get: denials of writing and deleting objects below the storage namespaces and in the bucket of metadata, and of changing
 * published tables in Glue. Other buckets, such as that of query results, are not touched.
 */
import { ArnFormat, CfnOutput, Stack } from 'aws-cdk-lib';
import { Effect, ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { CompiledConfig } from '../../lambdas/contract.ts';
import { placeOfNamespace } from './namespace.ts';

export interface ReadOnlyEnginesProps {
  readonly config: CompiledConfig;
  /** Of manifests and of Iceberg metadata. */
  readonly metadata: Bucket;
  /** ARNs of published tables, with those of their catalog and databases. */
  readonly tables: readonly string[];
}

/** A managed policy takes 6,144 characters: with more storage namespaces than this, whole buckets are named. */
const MAX_NAMESPACES = 20;

export class ReadOnlyEngines extends Construct {
  constructor(scope: Construct, id: string, { config, metadata, tables }: ReadOnlyEnginesProps) {
    super(scope, id);
    // A call about a table is about its catalog and database too: denied for these, it would be for every table.
    const only = tables.filter((arn) => arn.includes(':table/'));
    const policy = new ManagedPolicy(this, 'Policy', {
      description: 'For roles of query engines with wider rights: denies what would change the lake or its tables',
      statements: [
        new PolicyStatement({
          sid: 'NoDeletesByQueryEngines',
          effect: Effect.DENY,
          actions: ['s3:PutObject', 's3:DeleteObject', 's3:DeleteObjectVersion'],
          resources: [metadata.arnForObjects('*'), ...this.#objectsOf(config)],
        }),
        ...(only.length === 0
          ? []
          : [
              new PolicyStatement({
                sid: 'NoChangesOfPublishedTables',
                effect: Effect.DENY,
                actions: [
                  ...['glue:UpdateTable', 'glue:DeleteTable', 'glue:BatchDeleteTable'],
                  ...['glue:CreatePartition', 'glue:UpdatePartition', 'glue:DeletePartition'],
                  ...['glue:BatchCreatePartition', 'glue:BatchUpdatePartition', 'glue:BatchDeletePartition'],
                ],
                resources: only,
              }),
              // Tables go with their database, whoever may not drop them one by one.
              new PolicyStatement({
                sid: 'NoDroppingOfTheirDatabases',
                effect: Effect.DENY,
                actions: ['glue:DeleteDatabase'],
                resources: tables.filter((arn) => arn.includes(':database/')),
              }),
            ]),
      ],
    });
    new CfnOutput(this, 'ReadOnlyPolicyArn', {
      value: policy.managedPolicyArn,
      description: 'For the roles of query engines, whatever else they may: denies writes and deletes of the lake',
    });
  }

  #objectsOf({ repositories }: CompiledConfig): string[] {
    const places = repositories
      .map(({ storageNamespace }) => placeOfNamespace(storageNamespace))
      .filter(({ bucket }) => bucket !== '');
    const all = new Set(places.map(({ bucket, prefix }) => `${bucket}/${prefix}*`));
    const named = all.size <= MAX_NAMESPACES ? all : new Set(places.map(({ bucket }) => `${bucket}/*`));
    return [...named].map((objects) =>
      Stack.of(this).formatArn({
        ...{ service: 's3', region: '', account: '', resource: objects, arnFormat: ArnFormat.NO_RESOURCE_NAME },
      }),
    );
  }
}
