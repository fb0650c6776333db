/** Requests to lakeFS with nothing around them: what everything else is measured against. */
import type { KeyPair } from '../../local/lakefs-settings.ts';

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** @param path below `/api/v1`. @param body JSON, or the bytes of an object. */
export type Wire = (method: string, path: string, body?: string | Uint8Array<ArrayBuffer>) => Promise<Answer>;

export const wireTo = (endpoint: string, { accessKeyId, secretAccessKey }: KeyPair): Wire => {
  const authorization = `Basic ${Buffer.from(`${accessKeyId}:${secretAccessKey}`).toString('base64')}`;
  return async (method, path, body) => {
    const type = typeof body === 'string' ? 'application/json' : 'application/octet-stream';
    const response = await fetch(`${endpoint}/api/v1${path}`, {
      method,
      headers: { authorization, ...(body === undefined ? {} : { 'content-type': type }) },
      ...(body === undefined ? {} : { body }),
    });
    return { status: response.status, text: await response.text() };
  };
};

const STAGING_AT_ONCE = 8;

/** What a job does: so many new objects below `prefix` on a branch. */
export const stage = async (
  wire: Wire,
  at: { readonly repository: string; readonly branch: string; readonly prefix: string },
  objects: number,
  content?: (object: number) => Uint8Array<ArrayBuffer>,
): Promise<void> => {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < objects) {
      const object = next;
      next += 1;
      const path = `${at.prefix}part-${String(object).padStart(5, '0')}.parquet`;
      const { status, text } = await wire(
        'POST',
        `/repositories/${at.repository}/branches/${at.branch}/objects?path=${encodeURIComponent(path)}`,
        content?.(object) ?? new TextEncoder().encode(`${at.branch} ${path}`),
      );
      if (status !== 201) throw new Error(`upload of ${path} was answered ${String(status)}: ${text}`);
    }
  };
  await Promise.all(Array.from({ length: STAGING_AT_ONCE }, worker));
};
