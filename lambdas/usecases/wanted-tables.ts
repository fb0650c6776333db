/**
 * The tables that readers are to see of a commit: those of the configuration, and those that the commit describes. What its descriptions say is
 * written down before any table is touched, so that whoever goes on shows the same ones.
 */
import type { CatalogPorts } from '../catalog-ports.ts';
import type { CompiledConfig, DescriptorSettings } from '../contract.ts';
import {
  type Arranged,
  arrange,
  type Description,
  descriptionsOf,
  inOrder,
  repositoryOf,
  withTables,
} from '../domain/catalog/description.ts';
import type { Described, Refusal } from '../domain/catalog/publication.ts';
import { publishedTables, type TableDescriptor } from '../domain/catalog/table.ts';
import { isBranchlineError } from '../domain/errors.ts';
import { knownConfig } from './known-tables.ts';
import type { PublicationWriter } from './publication-writer.ts';
import { digestOfDescriptions, isDescribedAnew, readDescriptions } from './read-descriptions.ts';

/** A person needs the first ones; an entry has to fit into 400 KB. */
const MAX_REFUSED = 50;
const MAX_MESSAGE = 500;

/** @param compare read the directory, though nothing in it seems to have changed. */
export const wantedTables = async (
  ports: CatalogPorts,
  writer: PublicationWriter,
  commit: string,
  compare: boolean,
): Promise<readonly TableDescriptor[]> => {
  const { repository, branch } = writer.entry;
  const config = await ports.config.load();
  const settings = descriptionsOf(config, repository, branch);
  if (settings === undefined) {
    if (writer.entry.described !== undefined) await writer.save(({ described: _, ...entry }) => entry);
    return publishedTables(config, repository, branch);
  }
  // The described tables of other repositories are shown elsewhere: the configuration does not let two name one database.
  const known = await knownDescriptions(ports, writer);
  const found = await lookAt(ports, writer, settings, { commit, compare, known });
  const before = arrange(config, repository, settings, known ?? []).shown;
  const descriptions = inOrder(found, before);
  const { tables, shown, refused } = arrange(config, repository, settings, descriptions);
  await note(ports, writer, { commit, descriptions, shown, refused, isNew: known === undefined });
  return publishedTables(withTables(config, repository, tables), repository, branch);
};

/** The tables as they were when the newest refresh began, at the commit that it leads to. */
export const wantedBefore = async (
  ports: CatalogPorts,
  { repository, branch }: Pick<PublicationWriter['entry'], 'repository' | 'branch'>,
): Promise<readonly TableDescriptor[]> => publishedTables(await knownConfig(ports, repository), repository, branch);

/** As the refresh would show any commit, were it the next one. Nothing is written down. */
export const describedAt = async (
  ports: CatalogPorts,
  config: CompiledConfig,
  repository: string,
  commit: string,
): Promise<Arranged | undefined> => {
  const settings = repositoryOf(config, repository)?.lakefsTables;
  if (settings === undefined) return undefined;
  const entry = await ports.publications.get(repository, settings.target);
  const known = entry === undefined ? undefined : await knownDescriptions(ports, { entry });
  const where = { repository, commit };
  const found = await readDescriptions(ports, where, settings.format === 'parquet', known ?? []);
  const before = arrange(config, repository, settings, known ?? []).shown;
  return arrange(config, repository, settings, inOrder(found, before));
};

const knownDescriptions = async (
  ports: CatalogPorts,
  { entry }: Pick<PublicationWriter, 'entry'>,
): Promise<readonly Description[] | undefined> =>
  entry.described === undefined ? undefined : ports.publications.getDescriptions(entry, entry.described.digest);

interface Look {
  readonly commit: string;
  readonly compare: boolean;
  readonly known: readonly Description[] | undefined;
}

const lookAt = async (
  ports: CatalogPorts,
  { entry: { repository, described } }: PublicationWriter,
  { format }: DescriptorSettings,
  { commit, compare, known }: Look,
): Promise<readonly Description[]> => {
  if (!compare && known !== undefined && described !== undefined) {
    if (described.commit === commit) return known;
    const isNew = await isDescribedAnew(ports, repository, described.commit, commit).catch((error: unknown) => {
      // A commit that lakeFS does not know any more.
      if (isBranchlineError(error, 'BL3004')) return true;
      throw error;
    });
    if (!isNew) return known;
  }
  return readDescriptions(ports, { repository, commit }, format === 'parquet', known ?? []);
};

interface Noted {
  readonly commit: string;
  readonly descriptions: readonly Description[];
  readonly shown: Arranged['shown'];
  readonly refused: Arranged['refused'];
  /** The list is not in the ledger, or not as a whole. */
  readonly isNew: boolean;
}

const note = async (
  ports: CatalogPorts,
  writer: PublicationWriter,
  { commit, descriptions, shown, refused, isNew }: Noted,
): Promise<void> => {
  const before = writer.entry.described;
  const digest = digestOfDescriptions(descriptions);
  const now = ports.clock.now();
  const why: Record<string, Refusal> = {};
  let isSaid = before?.commit === commit && before.digest === digest;
  for (const [file, cause] of [...refused].slice(0, MAX_REFUSED)) {
    const message = cause.message.slice(0, MAX_MESSAGE);
    const old = before?.refused?.[file];
    const isSame = old?.code === cause.code && old.message === message;
    const table = shown.get(file)?.name;
    why[file] = {
      ...{ code: cause.code, message, since: isSame ? old.since : now },
      ...(table === undefined ? {} : { table }),
    };
    if (isSame) continue;
    isSaid = false;
    ports.log.error('description of a table is refused', { file, code: cause.code, reason: message });
  }
  if (isSaid && Object.keys(before?.refused ?? {}).length === Object.keys(why).length && !isNew) return;
  const described: Described = { commit, digest, ...(refused.size === 0 ? {} : { refused: why }) };
  if (isNew || digest !== before?.digest) await ports.publications.putDescriptions(writer.entry, digest, descriptions);
  await writer.save((entry) => ({ ...entry, described }));
};
