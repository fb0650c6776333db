/**
 * Tables that files in `_lakefs_tables/` of a repository describe, beside those of the configuration: which of them are shown, and as
 * what. Pure.
 */
import {
  type CompiledConfig,
  type DescriptorSettings,
  glueNameOf,
  publishedViewName,
  type RepositoryConfig,
  type TableConfig,
} from '../../contract.ts';
import type { Cause } from '../run.ts';
import { type Column, describe, type TableDescriptor } from './table.ts';

export const DESCRIPTIONS = '_lakefs_tables/';

/** lakeFS Enterprise keeps pointers to Iceberg tables in folders below: they are no descriptions. */
export const isDescription = (path: string): boolean =>
  path.startsWith(DESCRIPTIONS) && /^[^/]+\.ya?ml$/.test(path.slice(DESCRIPTIONS.length));

export interface DescribedTable {
  readonly name: string;
  /** Ends in `/`. */
  readonly path: string;
  /** Empty: they are read off the files. */
  readonly columns: readonly Column[];
  /** As the path has them. */
  readonly partitionColumns: readonly string[];
  /** Of those that are not `string`. */
  readonly partitionTypes: Readonly<Record<string, string>>;
}

/** What is known of one file. */
export interface Description {
  /** Path in the repository. */
  readonly file: string;
  /** Of the content that was read last: the same one is not read again. */
  readonly checksum: string;
  /** As the file says; or, where it cannot be read any more, as it said before. */
  readonly table?: DescribedTable;
  /** Why the file cannot be read. */
  readonly broken?: string;
}

const configOf = (settings: DescriptorSettings, table: DescribedTable): TableConfig => ({
  ...{ name: table.name, path: table.path, partitionColumns: table.partitionColumns },
  ...{ overwrite: 'partition', appendOnly: false },
  publish: {
    ...settings,
    ...{ tableName: glueNameOf(table.name), columns: table.columns, partitionTypes: table.partitionTypes },
  },
});

interface Shown {
  readonly repository: string;
  readonly target: string;
  readonly name: string;
  readonly path: string;
  /** `database.table`. */
  readonly glue: string;
  /** Who says so, for people. */
  readonly by: string;
}

const shownOf = (table: TableDescriptor, by: string): Shown => ({
  ...{ repository: table.repository, target: table.target, name: table.name.toLowerCase(), path: table.path },
  ...{ glue: `${table.database}.${table.tableName}`, by },
});

const ofConfig = ({ repositories }: CompiledConfig): Shown[] =>
  repositories.flatMap(({ name, tables }) =>
    tables.flatMap((table) =>
      describe(name, table).map((each) => shownOf(each, `table "${table.name}" of branchline.yaml`)),
    ),
  );

const clashOf = (mine: Shown, others: readonly Shown[]): string | undefined => {
  for (const other of others) {
    if (other.glue === mine.glue) return `it would be shown as ${mine.glue}; so is ${other.by}`;
    if (other.repository !== mine.repository || other.target !== mine.target) continue;
    if (other.name === mine.name) return `its name is also that of ${other.by}`;
    if (other.path.startsWith(mine.path) || mine.path.startsWith(other.path)) {
      return `${mine.path} overlaps ${other.path} of ${other.by}`;
    }
  }
  return undefined;
};

export interface Arranged {
  /** The tables that are shown, as if the configuration had them. */
  readonly tables: readonly TableConfig[];
  /** The files that they come from. */
  readonly shown: ReadonlyMap<string, DescribedTable>;
  /** Why a file shows no table, or an earlier one. */
  readonly refused: ReadonlyMap<string, Cause>;
}

/**
 * Of two that cannot both be shown, the one of the configuration is, and of two descriptions the one that comes first.
 * @param descriptions in the order in which they may choose: see `inOrder`.
 */
export const arrange = (
  config: CompiledConfig,
  repository: string,
  settings: DescriptorSettings,
  descriptions: readonly Description[],
): Arranged => {
  const taken = ofConfig(config);
  const view = `${settings.database}.${publishedViewName(repository, settings.target)}`;
  const tables: TableConfig[] = [];
  const shown = new Map<string, DescribedTable>();
  const refused = new Map<string, Cause>();
  for (const { file, table, broken } of descriptions) {
    if (broken !== undefined) refused.set(file, { code: 'BL7010', message: `${file}: ${broken}` });
    if (table === undefined) continue;
    const asConfig = configOf(settings, table);
    const mine = describe(repository, asConfig).map((each) => shownOf(each, `${file}`));
    const isView = mine.some(({ glue }) => glue === view);
    const clash = isView
      ? `${view} is the name of the view of published snapshots`
      : mine.map((each) => clashOf(each, taken)).find((each) => each !== undefined);
    if (clash === undefined) {
      taken.push(...mine);
      tables.push(asConfig);
      shown.set(file, table);
    } else if (broken === undefined) refused.set(file, { code: 'BL7011', message: `${file}: ${clash}` });
  }
  return { tables, shown, refused };
};

/** What is shown already keeps its place: a file that comes later takes nothing away. */
export const inOrder = (
  descriptions: readonly Description[],
  shownBefore: ReadonlyMap<string, DescribedTable>,
): readonly Description[] => {
  const isKept = ({ file, table }: Description): boolean => {
    const before = shownBefore.get(file);
    return before !== undefined && before.name === table?.name && before.path === table.path;
  };
  const byName = descriptions.toSorted((a, b) => (a.file < b.file ? -1 : 1));
  return [...byName.filter(isKept), ...byName.filter((each) => !isKept(each))];
};

/** The configuration with these tables among those of the repository. */
export const withTables = (
  config: CompiledConfig,
  repository: string,
  tables: readonly TableConfig[],
): CompiledConfig => ({
  ...config,
  repositories: config.repositories.map((each) =>
    each.name === repository ? { ...each, tables: [...each.tables, ...tables] } : each,
  ),
});

export const repositoryOf = ({ repositories }: CompiledConfig, repository: string): RepositoryConfig | undefined =>
  repositories.find(({ name }) => name === repository);

/** How the tables are shown that the commits of this target describe; `undefined` where no descriptions are read. */
export const descriptionsOf = (
  config: CompiledConfig,
  repository: string,
  target: string,
): DescriptorSettings | undefined => {
  const settings = repositoryOf(config, repository)?.lakefsTables;
  return settings?.target === target ? settings : undefined;
};
