/** The branchline.yaml of the local environment. */
import { writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';

export const CONTROL_PLANE_STACK = 'BranchlineControlPlane';

export interface ConfigFacts {
  readonly endpoint: string;
  readonly secretArn: string;
  readonly repository: string;
  readonly storageNamespace: string;
}

export const writeConfig = async (file: string, facts: ConfigFacts): Promise<void> => {
  await writeFile(file, stringify({ lakefs: facts }));
};
