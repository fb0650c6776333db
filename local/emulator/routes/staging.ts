/** Uploads past the server: an address to write to, then the object is put on its branch. */
import { createHmac, randomBytes } from 'node:crypto';
import { ModelError } from '../model/types.ts';
import { newAddress } from '../objects.ts';
import { requiredIn, requiredText } from '../request.ts';
import { BRANCH, type Route } from '../route.ts';
import { wireObject } from '../wire.ts';

const EXPIRY_S = 900;

/** An address carries its own proof: only what this server gave away is put on a branch. */
const secret = randomBytes(32);
const proofOf = (address: string): string => createHmac('sha256', secret).update(address).digest('base64url');
const isSigned = (address: string): boolean => {
  const at = address.lastIndexOf(',');
  return at > 0 && address.slice(at + 1) === proofOf(address.slice(0, at));
};

interface Link {
  readonly staging?: { readonly physical_address?: string };
  readonly checksum?: string;
  readonly size_bytes?: number;
  readonly content_type?: string;
  readonly user_metadata?: Record<string, string>;
}

export const STAGING_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: `${BRANCH}/staging/backing`,
    // Whether there is such a branch is asked only when the object is put there (seen on 1.84).
    handle: async ({ repository, query, objects, now }) => {
      requiredIn(query, 'path');
      const address = newAddress(repository().storageNamespace);
      const signed = `${address},${proofOf(address)}`;
      const presigned =
        query.get('presign') === 'true'
          ? {
              presigned_url: await objects.urlOf(signed),
              presigned_url_expiry: Math.floor(now() / 1000) + EXPIRY_S,
            }
          : { presigned_url: null };
      return { status: 200, body: { physical_address: signed, ...presigned } };
    },
  },
  {
    method: 'PUT',
    path: `${BRANCH}/staging/backing`,
    handle: async ({ model, repository, params, query, headers, json, now }) => {
      const [found, branch, path] = [repository(), params['branch'] ?? '', requiredIn(query, 'path')];
      const body = json() as Link;
      const physicalAddress = requiredText(body.staging?.physical_address, 'physical_address');
      const checksum = requiredText(body.checksum, 'checksum');
      model.branch(found, branch);
      if (!isSigned(physicalAddress)) throw new ModelError(400, 'address is not signed: link address invalid');
      if (headers['if-none-match'] === '*' && model.view(found, branch).has(path)) {
        throw new ModelError(412, 'Precondition failed');
      }
      const entry = {
        physicalAddress,
        checksum,
        sizeBytes: body.size_bytes ?? 0,
        mtime: Math.floor(now() / 1000),
        contentType: body.content_type ?? 'application/octet-stream',
        metadata: body.user_metadata ?? {},
      };
      model.stage(found, branch, path, entry);
      return { status: 200, body: wireObject({ path, entry }) };
    },
  },
];
