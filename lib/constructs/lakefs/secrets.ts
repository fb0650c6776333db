/**
 * What nobody chooses and nobody sees: lakeFS's key pair, and what it encrypts and signs with.
 *
 * What you get: secrets that Secrets Manager generates at deployment, encrypted with a key of their own; kept when the stack is
 * removed, since a backup of the metadata store is worthless without them.
 */
import { createHash } from 'node:crypto';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { acknowledge } from '../../compliance.ts';
import type { ServerConfig } from '../../config/server-schema.ts';
import { asInterface } from '../as-interface.ts';
import { removalOf } from '../removal.ts';

export interface LakefsSecretsProps {
  /** Deleted with the stack. */
  readonly isRemoved: boolean;
  /** What an earlier deployment left. @default they are made */
  readonly adopt?: NonNullable<ServerConfig['adopt']>;
}

/** Keys of the JSON in the secret, as functions and jobs read them. */
export const CREDENTIALS_FIELD = { accessKeyId: 'access_key_id', secretAccessKey: 'secret_access_key' } as const;

export class LakefsSecrets extends Construct {
  readonly key: IKey;
  /** The one key pair: `access_key_id`, `secret_access_key`. */
  readonly credentials: ISecret;
  /** What the metadata store encrypts with. Whoever loses it loses the key pair that the store knows. */
  readonly encryption: ISecret;
  /** Signs addresses of uploads that are under way. */
  readonly signing: ISecret;

  constructor(scope: Construct, id: string, props: LakefsSecretsProps) {
    super(scope, id);
    const { adopt } = props;
    const removalPolicy = removalOf(props.isRemoved);
    if (adopt === undefined) {
      this.key = new Key(this, 'Key', {
        description: 'Secrets and metadata of lakeFS',
        enableKeyRotation: true,
        removalPolicy,
      });
      this.credentials = this.#generated('Credentials', 'Key pair of lakeFS', {
        secretStringTemplate: JSON.stringify({ [CREDENTIALS_FIELD.accessKeyId]: accessKeyId(this) }),
        generateStringKey: CREDENTIALS_FIELD.secretAccessKey,
        passwordLength: 40,
      });
      this.encryption = this.#generated('Encryption', 'What the metadata store of lakeFS encrypts with', {
        passwordLength: 64,
      });
      for (const secret of [this.credentials, this.encryption]) secret.applyRemovalPolicy(removalPolicy);
    } else {
      this.key = Key.fromKeyArn(this, 'Key', adopt.secretsKeyArn);
      const left = (key: string, secretCompleteArn: string): ISecret =>
        Secret.fromSecretAttributes(this, key, { secretCompleteArn, encryptionKey: this.key });
      this.credentials = left('Credentials', adopt.credentialsSecretArn);
      this.encryption = left('Encryption', adopt.encryptionSecretArn);
    }
    // An upload that is under way while this one changes is begun again; nothing at rest depends on it.
    this.signing = this.#generated('Signing', 'What lakeFS signs the addresses of uploads with', {
      passwordLength: 64,
    });
  }

  #generated(id: string, description: string, generate: object): ISecret {
    const secret = new Secret(this, id, {
      description,
      encryptionKey: this.key,
      generateSecretString: { excludePunctuation: true, ...generate },
    });
    const reason = 'lakeFS reads it at start and stores what depends on it: docs/deploy.md tells how to change it.';
    acknowledge(secret, 'SMG4', undefined, reason);
    return asInterface<ISecret>(secret);
  }
}

/** An id is no secret; it only has to be one of its own. Secrets Manager generates a single value of a JSON. */
const accessKeyId = (scope: Construct): string =>
  `BRANCHLINE${createHash('sha256').update(scope.node.addr).digest('hex').slice(0, 10).toUpperCase()}`;
