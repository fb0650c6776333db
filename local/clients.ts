/** AWS clients of the local environment. */
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { GlueClient } from '@aws-sdk/client-glue';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { CREDENTIALS, REGION } from './ministack.ts';

export interface Clients {
  readonly cloudFormation: CloudFormationClient;
  readonly dynamo: DynamoDBClient;
  readonly events: EventBridgeClient;
  readonly glue: GlueClient;
  readonly lambda: LambdaClient;
  readonly s3: S3Client;
  readonly secrets: SecretsManagerClient;
  readonly sqs: SQSClient;
  /** Closes their connections, so that the process can end. */
  destroy(): void;
}

export const connect = (endpoint: string): Clients => {
  const settings = {
    endpoint,
    region: REGION,
    credentials: { accessKeyId: CREDENTIALS.AWS_ACCESS_KEY_ID, secretAccessKey: CREDENTIALS.AWS_SECRET_ACCESS_KEY },
  };
  const clients = {
    cloudFormation: new CloudFormationClient(settings),
    dynamo: new DynamoDBClient(settings),
    events: new EventBridgeClient(settings),
    glue: new GlueClient(settings),
    lambda: new LambdaClient(settings),
    s3: new S3Client({ ...settings, forcePathStyle: true }),
    secrets: new SecretsManagerClient(settings),
    // ministack names its own address in queue URLs; requests are to go through the front all the same.
    sqs: new SQSClient({ ...settings, useQueueUrlAsEndpoint: false }),
  };
  return {
    ...clients,
    destroy: () => {
      for (const client of Object.values(clients)) client.destroy();
    },
  };
};
