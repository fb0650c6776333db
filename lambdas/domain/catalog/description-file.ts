/**
 * A file of `_lakefs_tables/`: how lakeFS's users describe a table for its exporters. Pure; loaded only where one has to be read, as YAML
 * takes a library of its own.
 *
 * Source: lakeFS documentation, "Data Catalogs Export", "Hive tables": `name`, `type: hive`, `path`, `partition_columns`, `schema` as
 * Spark writes it.
 */
import { parseDocument } from 'yaml';
import * as z from 'zod/mini';
import { describeIssues } from '../../issues.ts';
import type { DescribedTable } from './description.ts';
import { glueTypeOf } from './spark-types.ts';
import type { Column } from './table.ts';

/** What a file says: a table, why none can be made of it, or that it is about a table of another kind. */
export type FoundDescription =
  | { readonly table: DescribedTable }
  | { readonly why: string }
  | { readonly otherKind: string };

const NAME = /^[A-Za-z0-9_][A-Za-z0-9_. -]{0,127}$/;

/**
 * Fields that lakeFS knows and that say nothing about a table in Glue are passed over. Only what the schema of the configuration uses too:
 * more of the library would be loaded at every start.
 */
const hiveTable = z.object({
  name: z.string(),
  path: z.string(),
  partition_columns: z.optional(z.array(z.string())),
  schema: z.optional(
    z.object({ type: z.enum(['struct']), fields: z.array(z.object({ name: z.string(), type: z.any() })) }),
  ),
});

/** Where descriptions lie is no place for data. */
const pathOf = (path: string): string | { readonly why: string } => {
  const rest = path.replace(/^\/+/, '').replace(/\/+$/, '');
  if (rest === '' || /:\/\/|\/\//.test(rest)) {
    return { why: `path: found ${JSON.stringify(path)}; allowed: a prefix in the repository, such as sales/` };
  }
  const [first] = rest.split('/');
  return first === '_lakefs_tables' || first === '_lakefs_actions'
    ? { why: `path: found ${JSON.stringify(path)}; allowed: a place for data, not one of lakeFS's own` }
    : `${rest}/`;
};

type Hive = z.infer<typeof hiveTable>;

/** Names in Glue are lower-case. */
const columnsOf = ({ schema }: Hive): readonly Column[] | { readonly why: string } => {
  const columns = new Map<string, Column>();
  for (const { name: given, type } of schema?.fields ?? []) {
    const name = given.toLowerCase();
    if (name === '' || name.length > 255) return { why: 'schema: found a column without a name, or with a long one' };
    const found = glueTypeOf(type);
    if ('why' in found) return { why: `schema: column ${given}: ${found.why}` };
    if (columns.has(name)) return { why: `schema: two columns are called ${name}` };
    columns.set(name, { name, type: found.type });
  }
  return [...columns.values()];
};

const tableOf = (hive: Hive, isParquet: boolean): FoundDescription => {
  if (!NAME.test(hive.name)) {
    const allowed = 'at most 128 letters, digits, _, -, . and spaces';
    return { why: `name: found ${JSON.stringify(hive.name.slice(0, 200))}; allowed: ${allowed}` };
  }
  const path = pathOf(hive.path);
  if (typeof path === 'object') return path;
  const columns = columnsOf(hive);
  if ('why' in columns) return columns;
  const keys = hive.partition_columns ?? [];
  const lower = keys.map((key) => key.toLowerCase());
  const odd = keys.find((key, i) => !/^\w+$/.test(key) || lower.indexOf(key.toLowerCase()) !== i);
  if (odd !== undefined) {
    const allowed = 'letters, digits and _, each once whatever its case';
    return { why: `partition_columns: found ${JSON.stringify(odd)}; allowed: ${allowed}` };
  }
  const ofFiles = columns.filter(({ name }) => !lower.includes(name));
  if (ofFiles.length === 0 && !isParquet) {
    return { why: 'schema: found no column of the files; allowed: at least one: only Parquet files tell theirs' };
  }
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  return {
    table: {
      ...{ name: hive.name, path, columns: ofFiles, partitionColumns: keys },
      partitionTypes: Object.fromEntries(
        keys.flatMap((key) => {
          const type = types.get(key.toLowerCase());
          return type === undefined || type === 'string' ? [] : [[key, type]];
        }),
      ),
    },
  };
};

const MAX_BRACKETS = 200;

/** The library takes minutes for what is nothing but brackets. */
const isDeep = (text: string): boolean => {
  let depth = 0;
  for (const char of text) {
    if (char === '[' || char === '{') depth += 1;
    if ((char === ']' || char === '}') && depth > 0) depth -= 1;
    if (depth > MAX_BRACKETS) return true;
  }
  return false;
};

const parseYaml = (text: string): { readonly value: unknown } | { readonly why: string } => {
  if (isDeep(text)) return { why: `it is no YAML: brackets are nested deeper than ${String(MAX_BRACKETS)}` };
  try {
    const document = parseDocument(text, { logLevel: 'error' });
    const [error] = document.errors;
    if (error !== undefined) return { why: `it is no YAML: ${error.message.split('\n')[0] ?? ''}` };
    return { value: document.toJS({ maxAliasCount: 100 }) as unknown };
  } catch (error) {
    // Aliases without end.
    return { why: `it is no YAML: ${error instanceof Error ? error.message : String(error)}` };
  }
};

/** @param isParquet where files tell their columns, a description may leave them out. */
export const parseDescription = (content: Uint8Array, isParquet: boolean): FoundDescription => {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    return { why: 'it is no text in UTF-8' };
  }
  const parsed = parseYaml(text);
  if ('why' in parsed) return parsed;
  const { value } = parsed;
  const kind = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
  if (typeof kind === 'string' && kind !== 'hive') return { otherKind: kind };
  if (kind === undefined) return { why: 'type: expected hive, found nothing' };
  const hive = hiveTable.safeParse(value);
  return hive.success ? tableOf(hive.data, isParquet) : { why: describeIssues(hive.error, value) };
};
