/** Reads `branchline.yaml`; every fault names file, line, key, what was found and what is allowed. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type Document, isCollection, isNode, LineCounter, parseDocument } from 'yaml';
import * as z from 'zod';
import { BranchlineError } from '../../lambdas/domain/errors.ts';
import { crossCheck, type Fault } from './cross-check.ts';
import { nearest } from './nearest.ts';
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
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${String(line)}:${String(col)}`;
  };
  if (document.errors.length > 0) {
    const faults = document.errors.map(({ pos, message }) => `${place(pos[0])} ${message.split('\n')[0] ?? ''}`);
    throw new BranchlineError('BL1002', faults.join('\n'));
  }
  const parsed = configSchema.safeParse(document.toJS());
  const faults = parsed.success
    ? crossCheck(parsed.data)
    : parsed.error.issues.flatMap((issue) => faultsOf(issue, document));
  if (parsed.success && faults.length === 0) return parsed.data;
  const told = faults.map(
    ({ path, message }) => `${place(offsetOf(document, path))} ${path.join('.') || '(file)'}: ${message}`,
  );
  throw new BranchlineError('BL1002', told.join('\n'), { details: { faults } });
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

const show = (value: unknown): string => {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
};

const faultsOf = (issue: z.core.$ZodIssue, document: Document): Fault[] => {
  if (issue.code === 'unrecognized_keys') {
    const allowed = keysAt(issue.path);
    return issue.keys.map((key) => {
      const guess = nearest(key, allowed);
      return {
        path: [...issue.path, key],
        message: `unknown key${guess === undefined ? '' : `, did you mean "${guess}"?`} Allowed: ${allowed.join(', ')}`,
      };
    });
  }
  const node = document.getIn(issue.path, true);
  const found = issue.path.length === 0 ? document.toJS() : isNode(node) ? node.toJS(document) : undefined;
  const allowed = issue.code === 'invalid_value' ? `one of ${issue.values.map(String).join(', ')}` : issue.message;
  return [{ path: issue.path, message: `found ${show(found)}; allowed: ${allowed}` }];
};

/** The keys that the schema knows at a path. */
const keysAt = (path: readonly PropertyKey[]): string[] => {
  let schema: z.core.$ZodType = configSchema;
  for (const step of path) schema = inside(unwrap(schema), step) ?? schema;
  const plain = unwrap(schema);
  return plain instanceof z.ZodObject ? Object.keys(plain.shape) : [];
};

const unwrap = (schema: z.core.$ZodType): z.core.$ZodType => {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional)
    return unwrap(schema.unwrap());
  return schema;
};

const inside = (schema: z.core.$ZodType, step: PropertyKey): z.core.$ZodType | undefined => {
  if (schema instanceof z.ZodObject) return schema.shape[String(step)];
  if (schema instanceof z.ZodRecord) return schema.valueType;
  return schema instanceof z.ZodArray ? schema.element : undefined;
};
