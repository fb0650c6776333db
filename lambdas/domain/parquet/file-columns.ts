/** The columns that readers find in one Parquet file. Pure. */
import type { Column } from '../catalog/table.ts';
import { BranchlineError } from '../errors.ts';
import type { ParquetFooter } from './footer.ts';
import { glueType } from './glue-types.ts';
import { schemaTree } from './schema-tree.ts';

/** A column of the file that Glue cannot show, and why. */
export interface LeftOut {
  readonly name: string;
  readonly why: string;
}

export interface FileColumns {
  /** In the order of the file; names in lower case, as Glue has them. */
  readonly columns: readonly Column[];
  readonly leftOut: readonly LeftOut[];
}

/** Source: Glue API, Column: Name 1 to 255, Type at most 131,072 characters. */
const MAX_NAME = 255;
const MAX_TYPE = 131_072;

const CONTROL = /\p{Cc}/u;

/** @throws BL7004 where the schema of the footer is damaged. */
export const columnsOf = (footer: Pick<ParquetFooter, 'schema'>, file: string): FileColumns => {
  const root = schemaTree(footer.schema);
  if (typeof root === 'string') throw new BranchlineError('BL7004', `${file} has a damaged footer (${root})`);
  const columns: Column[] = [];
  const leftOut: LeftOut[] = [];
  const names = new Set<string>();
  for (const node of root.children) {
    const name = node.element.name.toLowerCase();
    const found = glueType(node);
    const why = nameFault(name, names) ?? ('why' in found ? found.why : typeFault(found.type));
    names.add(name);
    if (why !== undefined) leftOut.push({ name: node.element.name.slice(0, MAX_NAME), why });
    else if ('type' in found) columns.push({ name, type: found.type });
  }
  return { columns, leftOut };
};

const nameFault = (name: string, others: ReadonlySet<string>): string | undefined => {
  if (others.has(name)) return 'another column has this name, but for case';
  if (name === '') return 'it has no name';
  if (name.length > MAX_NAME) return `its name is longer than ${String(MAX_NAME)} characters`;
  return CONTROL.test(name) ? 'its name holds a control character' : undefined;
};

const typeFault = (type: string): string | undefined =>
  type.length > MAX_TYPE ? `its type is longer than ${String(MAX_TYPE)} characters` : undefined;
