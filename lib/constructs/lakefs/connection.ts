/** What the control plane has to know of a lakeFS server, whoever runs it. */
import type { Config } from '../../config/schema.ts';
import type { Network } from '../branchline-function.ts';

/** Where the name of a metadata store of ours is found: an instance of RDS, or the ARN of a table. */
export interface MetadataStoreReference {
  readonly kind: 'rds' | 'dynamodb';
  /** Of Systems Manager. */
  readonly parameterName: string;
}

export interface LakefsConnection {
  /** Base URL without a path. */
  readonly endpoint: string;
  /** Secret with `access_key_id` and `secret_access_key`. */
  readonly secretArn: string;
  /** Customer key that the secret is encrypted with. @default none */
  readonly secretKmsKeyArn?: string;
  /** Customer key that the bucket of the repositories is encrypted with. @default none, or as the configuration says */
  readonly storageKmsKeyArn?: string;
  /** Network in which functions reach the server. @default what the configuration says of the functions */
  readonly network?: Network;
  /** Names of Glue connections: the network in which jobs reach the server. @default none, or as the configuration says */
  readonly jobConnections?: readonly string[];
  /** @default the store is somebody else's */
  readonly metadataStore?: MetadataStoreReference;
}

/** A server that was there before. */
export const connectionFrom = ({ lakefs }: Config): LakefsConnection => {
  const { endpoint, secretArn, secretKmsKeyArn } = lakefs;
  if (endpoint === undefined || secretArn === undefined)
    throw new Error(
      'the configuration has no lakefs.endpoint and lakefs.secretArn: pass the connection of a LakefsStack',
    );
  return { endpoint, secretArn, ...(secretKmsKeyArn === undefined ? {} : { secretKmsKeyArn }) };
};
