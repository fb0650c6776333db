/** What the schema allows at a place in the file, in words for the person who wrote it. */
import * as z from 'zod';
import { nearest } from './nearest.ts';
import { configSchema } from './schema.ts';

export interface Fault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

const TYPE: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
};

/** @param value the whole file as plain data, to tell what was found. */
export const faultsOf = (issue: z.core.$ZodIssue, value: unknown): Fault[] => {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    const allowed = keysAt(path);
    return issue.keys.map((key) => {
      const guess = nearest(key, allowed);
      const hint = guess === undefined ? '.' : `, did you mean "${guess}"?`;
      return { path: [...path, key], message: `unknown key${hint} Allowed: ${allowed.join(', ')}` };
    });
  }
  if (issue.code === 'invalid_key') {
    const allowed = issue.issues.map((inner) => inner.message).join('; ');
    return [{ path, message: `found the name ${show(path.at(-1))}; allowed: ${allowed}` }];
  }
  return [{ path, message: `found ${show(valueAt(value, path))}; allowed: ${allowedBy(issue)}` }];
};

const allowedBy = (issue: z.core.$ZodIssue): string => {
  switch (issue.code) {
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_type': {
      const keys = keysAt(issue.path);
      const mapping = keys.length === 0 ? 'entries by name' : `the keys ${keys.join(', ')}`;
      return TYPE[issue.expected] ?? mapping;
    }
    case 'too_small':
      return `at least ${String(issue.minimum)}${UNIT[issue.origin] ?? ''}`;
    case 'too_big':
      return `at most ${String(issue.maximum)}${UNIT[issue.origin] ?? ''}`;
    default:
      return issue.message;
  }
};

const UNIT: Readonly<Record<string, string>> = { array: ' in the list', string: ' characters' };

const show = (value: unknown): string => {
  if (value === undefined || value === null) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
};

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (at, step) => (typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[step] : undefined),
    value,
  );

/** The keys that the schema knows at a path; none where names are free. */
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
