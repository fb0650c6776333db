/** Writes every page and schema that is made from code: `npm run generate:docs`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generatedFiles, PROJECT } from './files.ts';

for (const [file, text] of generatedFiles()) {
  mkdirSync(dirname(join(PROJECT, file)), { recursive: true });
  writeFileSync(join(PROJECT, file), text);
}
