/** What is made from code, by its path in the project. */
import { join } from 'node:path';
import { errorsPage } from './errors.ts';
import { eventsPage } from './events.ts';
import { schemaFiles } from './schemas.ts';

export const PROJECT = join(import.meta.dirname, '..', '..');

export const generatedFiles = (): ReadonlyMap<string, string> =>
  new Map([
    ['docs/errors.md', errorsPage()],
    ['docs/events.md', eventsPage()],
    ...[...schemaFiles()].map(([file, text]) => [`schema/${file}`, text] as const),
  ]);
