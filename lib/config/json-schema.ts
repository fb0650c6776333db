/** Writes the JSON Schema of `branchline.yaml` for editors: `npm run generate:schema`. */
import { writeFileSync } from 'node:fs';
import * as z from 'zod';
import { configSchema } from './schema.ts';

export const SCHEMA_FILE = new URL('../../schema/branchline.schema.json', import.meta.url);

export const jsonSchema = (): string => {
  const schema = z.toJSONSchema(configSchema, { io: 'input', target: 'draft-7' });
  return `${JSON.stringify({ title: 'branchline.yaml', ...schema }, null, 2)}\n`;
};

if (import.meta.main) writeFileSync(SCHEMA_FILE, jsonSchema());
