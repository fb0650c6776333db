/** Reads `branchline.yaml`; every fault names file, line, key, what was found and what is allowed. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type Document, isCollection, isNode, LineCounter, parseDocument, visit } from 'yaml';
import { BranchlineError } from '../../lambdas/domain/errors.ts';
import { faultsOf } from './allowed.ts';
import { crossCheck } from './cross-check.ts';
import { type Config, configSchema } from './schema.ts';

/** @throws BL1002 with all faults of the file, one a line. */
export const loadConfig = (path: string): Config => {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new BranchlineError(
      'BL1002',
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return parseConfig(text, basename(path));
};

/** As `loadConfig`, for a text that is at hand. `name` stands in the messages. */
export const parseConfig = (text: string, name: string): Config => {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, merge: true, prettyErrors: false });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${String(line)}:${String(col)}`;
  };
  const broken = [
    ...document.errors.map(({ pos, message }) => `${place(pos[0])} ${message}`),
    ...danglingAliases(document).map(({ offset, alias }) => `${place(offset)} *${alias} names no anchor above it`),
  ];
  if (broken.length > 0) throw new BranchlineError('BL1002', broken.join('\n'));
  const value = plain(document, name);
  const parsed = configSchema.safeParse(value);
  const faults = parsed.success
    ? crossCheck(parsed.data)
    : parsed.error.issues.flatMap((issue) => faultsOf(issue, value));
  if (parsed.success && faults.length === 0) return parsed.data;
  const told = faults
    .map(({ path, message }) => ({ offset: offsetOf(document, path), path, message }))
    .sort((a, b) => a.offset - b.offset)
    .map(({ offset, path, message }) => `${place(offset)} ${path.join('.') || '(file)'}: ${message}`);
  throw new BranchlineError('BL1002', told.join('\n'), { details: { faults } });
};

/** @throws BL1002 where aliases of aliases would make the file grow without bound. */
const plain = (document: Document, name: string): unknown => {
  try {
    return document.toJS();
  } catch (error) {
    throw new BranchlineError('BL1002', `${name} ${error instanceof Error ? error.message : String(error)}`);
  }
};

const danglingAliases = (document: Document): { offset: number; alias: string }[] => {
  const found: { offset: number; alias: string }[] = [];
  visit(document, {
    Alias: (_, node) => {
      if (node.resolve(document) === undefined) found.push({ offset: node.range?.[0] ?? 0, alias: node.source });
    },
  });
  return found;
};

/** Where the node stands, or the nearest one above it that exists. */
const offsetOf = (document: Document, path: readonly PropertyKey[]): number => {
  for (let depth = path.length; depth >= 0; depth -= 1) {
    const found = depth === 0 ? document.contents : keyOrValue(document, path.slice(0, depth));
    if (isNode(found) && found.range) return found.range[0];
  }
  return 0;
};

/** A key says where it is better than its value, which may stand lines below. */
const keyOrValue = (document: Document, path: readonly PropertyKey[]): unknown => {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const last = path.at(-1);
  if (isCollection(parent) && 'items' in parent) {
    for (const item of parent.items) {
      if (
        typeof item === 'object' &&
        item !== null &&
        'key' in item &&
        isNode(item.key) &&
        String(item.key) === String(last)
      )
        return item.key;
    }
  }
  return document.getIn(path, true);
};
