/**
 * lakeFS's own exporters beside ours: its symlink exporter and its Glue exporter as hooks after each merge into `main`, set up as lakeFS
 * documents it. They run inside the server, when the merge has been answered.
 */
import { CreateDatabaseCommand, GlueClient } from '@aws-sdk/client-glue';
import { waitFor } from '../../local/wait.ts';
import type { CatalogLab } from './catalog-lab.ts';
import { REPOSITORY } from './storage-lab.ts';
import type { Wire } from './wire.ts';

export interface ExporterSettings {
  readonly repository: string;
  /** Of S3 and Glue. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Glue database, which is there already. */
  readonly database: string;
}

const field = (name: string, type: string) => ({ name, type, nullable: true, metadata: {} });

/** Of the table that is measured: its descriptor, in the form that the exporters read. */
const DESCRIPTOR = {
  ...{ name: 'sales', type: 'hive', path: 'sales', partition_columns: ['dt'] },
  schema: { type: 'struct', fields: [field('id', 'long'), field('dt', 'string')] },
};

const TABLE_INPUT = {
  StorageDescriptor: {
    InputFormat: 'org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat',
    OutputFormat: 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
    SerdeInfo: { SerializationLibrary: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe' },
  },
  TableType: 'EXTERNAL_TABLE',
};

const PATH = '_lakefs_tables/sales.yaml';
const EXPORTED = 'exported';

const hook = (id: string, script: readonly string[], args: unknown) => ({
  ...{ id, type: 'lua' },
  properties: { script: script.join('\n'), args },
});

/** JSON is YAML. */
const action = ({ endpoint, region, accessKeyId, secretAccessKey, database }: ExporterSettings): string => {
  const args = { key: accessKeyId, secret: secretAccessKey, region, endpoint, table: PATH };
  const client = (name: string): string => `aws.${name}_client(args.key, args.secret, args.region, args.endpoint)`;
  const symlinks = [
    'local aws = require("aws")',
    'local exporter = require("lakefs/catalogexport/symlink_exporter")',
    `exporter.export_s3(${client('s3')}, args.table, action, {})`,
  ];
  const glue = [
    'local aws = require("aws")',
    'local exporter = require("lakefs/catalogexport/glue_exporter")',
    `exporter.export_glue(${client('glue')}, args.database, args.table, args.input, action, {})`,
  ];
  return JSON.stringify({
    name: 'exporters',
    on: { 'post-merge': { branches: ['main'] } },
    hooks: [hook('symlinks', symlinks, args), hook('glue', glue, { ...args, database, input: TABLE_INPUT })],
  });
};

/** Commits the hooks and the table's descriptor to `main`: they run with the next merge. */
const installExporters = async (wire: Wire, settings: ExporterSettings): Promise<void> => {
  const files = { '_lakefs_actions/exporters.yaml': action(settings), [PATH]: JSON.stringify(DESCRIPTOR) };
  const repository = `/repositories/${settings.repository}`;
  for (const [path, content] of Object.entries(files)) {
    const where = `${repository}/branches/main/objects?path=${encodeURIComponent(path)}`;
    const { status, text } = await wire('POST', where, new TextEncoder().encode(content));
    if (status !== 201) throw new Error(`upload of ${path} was answered ${String(status)}: ${text}`);
  }
  const committed = await wire('POST', `${repository}/branches/main/commits`, JSON.stringify({ message: 'exporters' }));
  if (committed.status !== 201) throw new Error(`commit was answered ${String(committed.status)}: ${committed.text}`);
};

/** Of the repository that is measured, into a Glue database of theirs. */
export const prepareExporters = async ({ settings, measured, wire }: CatalogLab): Promise<void> => {
  const glue = new GlueClient(settings);
  await glue.send(new CreateDatabaseCommand({ DatabaseInput: { Name: EXPORTED } }));
  glue.destroy();
  const where = { repository: REPOSITORY, endpoint: measured, region: settings.region, database: EXPORTED };
  await installExporters(wire, { ...where, ...settings.credentials });
};

interface ActionRun {
  readonly run_id: string;
  readonly status: string;
  readonly start_time: string;
  readonly end_time?: string;
}

const LONGEST_MS = 900_000;

/** Waits until they have run for this commit. @returns how long that took, by the server's clock. @throws where one of them failed. */
export const exported = async (wire: Wire, repository: string, commit: string): Promise<number> => {
  const runs = `/repositories/${repository}/actions/runs`;
  const run = await waitFor(
    async () => {
      const { text } = await wire('GET', `${runs}?commit=${commit}`);
      const [found] = (JSON.parse(text) as { results: readonly ActionRun[] }).results;
      return found?.end_time === undefined || found.status === 'running' ? undefined : found;
    },
    { what: 'the exporters have run', timeoutMs: LONGEST_MS, everyMs: 100 },
  );
  if (run.status !== 'completed') {
    const hooks = await wire('GET', `${runs}/${run.run_id}/hooks`);
    const { results } = JSON.parse(hooks.text) as { results: readonly { hook_run_id: string; status: string }[] };
    const failed = results.find(({ status }) => status === 'failed')?.hook_run_id ?? '';
    const { text } = await wire('GET', `${runs}/${run.run_id}/hooks/${failed}/output`);
    throw new Error(`the exporters ended as ${run.status}: ${text}`);
  }
  return Date.parse(run.end_time ?? '') - Date.parse(run.start_time);
};
