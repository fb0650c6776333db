/** What signs calls to AWS that are made by hand: the SDK's own signer, by the credentials that Lambda puts into the environment. */
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import { BranchlineError } from '../domain/errors.ts';

/** Region, credentials and endpoints, under the names that Lambda gives them. */
export type AwsEnvironment = Readonly<Record<string, string | undefined>>;

/** What the signer wants of a hash. */
class Sha256 {
  readonly #hash: Hash | Hmac;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', asBytes(secret));
  }
  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(asBytes(data));
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

const asBytes = (data: string | ArrayBuffer | ArrayBufferView): Uint8Array => {
  if (typeof data === 'string') return Buffer.from(data, 'utf8');
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
};

/**
 * @param options.uriEscapePath `false` for S3, which alone signs a path as it is sent.
 * @throws BL4002 where the environment holds no credentials.
 */
export const signerFor = (
  service: string,
  { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION }: AwsEnvironment,
  options: { readonly uriEscapePath?: boolean } = {},
): SignatureV4 => {
  if (AWS_ACCESS_KEY_ID === undefined || AWS_SECRET_ACCESS_KEY === undefined) {
    throw new BranchlineError(
      'BL4002',
      'the environment holds no AWS credentials (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)',
    );
  }
  return new SignatureV4({
    ...options,
    service,
    region: AWS_REGION ?? 'us-east-1',
    credentials: {
      accessKeyId: AWS_ACCESS_KEY_ID,
      secretAccessKey: AWS_SECRET_ACCESS_KEY,
      ...(AWS_SESSION_TOKEN === undefined ? {} : { sessionToken: AWS_SESSION_TOKEN }),
    },
    sha256: Sha256,
  });
};
