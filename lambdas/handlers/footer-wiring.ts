/** Where footers of Parquet files are kept between settle-run and refresh-catalog: the functions that may have the root. */
import { type ByteObjects, createByteObjects } from '../adapters/byte-objects.ts';
import { readEnv } from '../adapters/env.ts';
import { ENV } from '../contract.ts';
import { rootOf } from './lake-wiring.ts';

let objects: ByteObjects | undefined;

/** `undefined` in functions that neither keep nor use them. */
export const footersOfContainer = (): ByteObjects | undefined => {
  if (process.env[ENV.footerRoot] === undefined) return undefined;
  objects ??= createByteObjects({ env: process.env, root: rootOf(readEnv(process.env, ['footerRoot']).footerRoot) });
  return objects;
};
