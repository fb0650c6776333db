/** How a target and a snapshot are named on the command line. */
import { Failure } from '../failure.ts';

/** `REPOSITORY` or `REPOSITORY/TARGET`. */
export const placeOf = (text: string): { readonly repository: string; readonly target?: string } => {
  const [, repository, target] = /^([a-z0-9][a-z0-9-]*)(?:\/(\w[-\w]*))?$/.exec(text) ?? [];
  if (repository === undefined)
    throw new Failure('BL6001', `"${text}" is no target: REPOSITORY/TARGET, such as lake/main`);
  return { repository, ...(target === undefined ? {} : { target }) };
};

/** `REPOSITORY/SNAPSHOT`, as lists show it. */
export const snapshotPlaceOf = (text: string): { readonly repository: string; readonly id: string } => {
  const [, repository, id] = /^([a-z0-9][a-z0-9-]*)\/(snapshot-[-\w]+-\d{8}T\d{6}Z)$/.exec(text) ?? [];
  if (repository === undefined || id === undefined)
    throw new Failure(
      'BL6001',
      `"${text}" is no snapshot: REPOSITORY/SNAPSHOT, as \`branchline snapshots list\` shows them`,
    );
  return { repository, id };
};
