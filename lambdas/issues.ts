/** What a schema has to say against a value, in words: the field, what was found, what is allowed. */
import type * as z from 'zod/mini';

const SHOWN = 200;

/** A value cut to what fits into a message. */
export const shown = (value: unknown): string => {
  const text = typeof value === 'string' ? JSON.stringify(value) : (JSON.stringify(value) ?? 'nothing');
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}… (${String(text.length)} characters)`;
};

/** Only the type, where the value is of the wrong one: it may be anything, a secret too. */
const typeName = (value: unknown): string => {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
};

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );

const listed = (values: readonly unknown[]): string => values.map(String).join(', ');

const fieldOf = (...parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined && part !== '').join('.');

interface Finding {
  readonly allowed: string;
  readonly found: string;
}

const judge = (issue: z.core.$ZodIssue, found: unknown): Finding => {
  switch (issue.code) {
    case 'invalid_type':
      return {
        allowed: `expected ${issue.expected}`,
        found: typeof found === 'number' ? shown(found) : typeName(found),
      };
    case 'invalid_value':
      return { allowed: `expected one of ${listed(issue.values)}`, found: shown(found) };
    case 'invalid_union': {
      const options =
        'options' in issue && Array.isArray(issue.options) ? `expected one of ${listed(issue.options)}` : issue.message;
      return { allowed: options, found: shown(found) };
    }
    case 'unrecognized_keys':
      return { allowed: 'no such field', found: listed(issue.keys) };
    case 'too_small':
    case 'too_big': {
      const bound =
        issue.code === 'too_small' ? `at least ${String(issue.minimum)}` : `at most ${String(issue.maximum)}`;
      const isText = typeof found === 'string';
      return {
        allowed: `expected ${bound}${isText ? ' characters' : ''}`,
        found: isText ? `${String(found.length)} characters` : shown(found),
      };
    }
    case 'invalid_key':
      return {
        allowed: listed(issue.issues.map((inner) => inner.message)),
        found: `the name ${shown(issue.path.at(-1))}`,
      };
    default:
      return { allowed: issue.message, found: shown(found) };
  }
};

/**
 * @param value what was parsed.
 * @param prefix path of `value` within what the reader knows, e.g. `detail`.
 * @returns e.g. `runId: expected string, found nothing; foo: no such field`.
 */
export const describeIssues = (error: z.core.$ZodError, value: unknown, prefix = ''): string =>
  error.issues
    .map((issue) => {
      const { allowed, found } = judge(issue, valueAt(value, issue.path));
      const field = fieldOf(prefix, ...issue.path.map(String));
      return `${field === '' ? 'request' : field}: ${allowed}, found ${found}`;
    })
    .join('; ');
