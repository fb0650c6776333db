/** Which export is meant, and which commit it is to hold. */
import type { ExportConfig } from '../contract.ts';
import { BranchlineError } from '../domain/errors.ts';
import type { ExportPorts } from '../export-ports.ts';

export const exportNamed = async ({ config }: Pick<ExportPorts, 'config'>, name: string): Promise<ExportConfig> => {
  const { exports = [] } = await config.load();
  const found = exports.find((each) => each.name === name);
  if (found !== undefined) return found;
  const known = exports.map((each) => each.name).join(', ');
  throw new BranchlineError('BL9001', `no export "${name}"; configured are: ${known === '' ? 'none' : known}`);
};

/** The commit that is to be exported. @throws BL3004 for a tag that is not there. */
export const commitToExport = async (
  ports: Pick<ExportPorts, 'ledger' | 'lakefs'>,
  { repository, target, tag }: ExportConfig,
): Promise<string | undefined> => {
  if (target !== undefined) return (await ports.ledger.getTarget(repository, target))?.verifiedCommit;
  for await (const { id } of ports.lakefs.log(repository, tag ?? '', { limit: 1 })) return id;
  return undefined;
};
