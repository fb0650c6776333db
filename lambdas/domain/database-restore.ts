/**
 * Bringing lakeFS's metadata store back to an earlier moment: what AWS keeps of it, which of that is the way back to a moment, and the steps
 * in their order. Pure: nothing of it is done here.
 */
import type { EpochMs } from './run.ts';

/** A snapshot of RDS, or an on-demand backup of DynamoDB. */
export interface StoredBackup {
  readonly id: string;
  readonly arn: string;
  /** The moment that it holds. */
  readonly at: EpochMs;
  /** As AWS names it: `manual`, `automated`, `awsbackup`, `USER`, `AWS_BACKUP`. */
  readonly kind: string;
  readonly isAvailable: boolean;
}

/** What AWS says of the store; an instance that was deleted may have left backups. */
export interface StoreState {
  readonly kind: 'rds' | 'dynamodb';
  /** Identifier of the instance, or name of the table. */
  readonly name: string;
  /** As AWS names it; absent where the store is gone. */
  readonly status?: string;
  /** RDS: what point-in-time recovery is asked by. It outlives the instance. */
  readonly resource?: string;
  /** Every second of it can be had back. */
  readonly window?: { readonly from: EpochMs; readonly to: EpochMs };
  /** Newest first. */
  readonly backups: readonly StoredBackup[];
}

/** How the store comes back to a moment, or to the last one before it that is kept. */
export type WayBack =
  | { readonly kind: 'point'; readonly at: EpochMs }
  | { readonly kind: 'backup'; readonly at: EpochMs; readonly backup: StoredBackup }
  | { readonly kind: 'none'; readonly reason: string };

/** CloudFormation and the command line of AWS take whole seconds. */
const wholeSecond = (at: EpochMs): EpochMs => Math.floor(at / 1000) * 1000;
export const inSeconds = (at: EpochMs): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

/** @param asked the newest moment that there is, without it. */
export const wayBackTo = (store: StoreState, asked: EpochMs | undefined): WayBack => {
  const { window, backups } = store;
  const at = wholeSecond(asked ?? window?.to ?? backups.find(({ isAvailable }) => isAvailable)?.at ?? 0);
  if (window !== undefined && at >= window.from && at <= window.to) {
    if (store.kind === 'dynamodb' || store.resource !== undefined) return { kind: 'point', at };
  }
  const backup = backups
    .filter((each) => each.isAvailable && wholeSecond(each.at) <= at)
    .toSorted((a, b) => b.at - a.at)[0];
  // Later than the window ends: its end is nearer than any backup before it.
  if (window !== undefined && at > window.to && (backup === undefined || backup.at < window.to)) {
    if (store.kind === 'dynamodb' || store.resource !== undefined) return { kind: 'point', at: wholeSecond(window.to) };
  }
  if (backup !== undefined) return { kind: 'backup', at: wholeSecond(backup.at), backup };
  return { kind: 'none', reason: `${store.name}: AWS keeps nothing of ${inSeconds(at)} or before it` };
};

export interface Step {
  readonly what: string;
  /** To be typed as they stand, or put into the configuration. */
  readonly commands: readonly string[];
}

const CONFIG = '# branchline.yaml, from then on';

/** @param repositories those whose ledger is brought in line afterwards. */
export const stepsOf = (store: StoreState, way: WayBack, repositories: readonly string[]): readonly Step[] => {
  if (way.kind === 'none') return [];
  const after = (old: string): Step[] => [
    { what: 'Does lakeFS answer?', commands: ['npx branchline doctor'] },
    {
      what: 'Compare the refs with the newest backup before that moment.',
      commands: [`npx branchline restore database check --at ${inSeconds(way.at)}`],
    },
    {
      what: 'Bring the ledger in line: runs whose commits are gone, verified commits, tables.',
      commands: repositories.map(
        (name) =>
          `npx branchline restore database settle --at ${inSeconds(way.at)} --repository ${name} --confirm ${name}`,
      ),
    },
    {
      what: 'What waits goes on.',
      commands: ['aws lambda invoke --function-name branchline-reconcile --cli-read-timeout 600 /dev/stdout'],
    },
    ...(store.status === undefined
      ? []
      : [{ what: 'When the new one has proved itself, and not before.', commands: [old] }]),
  ];
  const deploy: Step = { what: 'Make the new one, and lead the server to it.', commands: ['npx cdk deploy --all'] };
  const stop: Step = {
    what: 'Stop what writes: jobs, their schedules and triggers. What is committed from now on is lost.',
    commands: [],
  };
  if (store.kind === 'rds') {
    const key =
      way.kind === 'point'
        ? `restoreToPoint: { source: ${store.resource ?? ''}, time: "${inSeconds(way.at)}" }`
        : `restoreFromSnapshot: ${way.backup.kind === 'manual' ? way.backup.id : way.backup.arn}`;
    const config: Step = {
      what: 'Tell the deployment: it makes an instance beside the old one, which stays.',
      commands: [CONFIG, `lakefs: { server: { database: { ${key} } } }`],
    };
    return [stop, config, deploy, ...after(`aws rds delete-db-instance --db-instance-identifier ${store.name}`)];
  }
  const restored = `${store.name}-${inSeconds(way.at).replaceAll(/[-:]/g, '')}`;
  const make =
    way.kind === 'point'
      ? `aws dynamodb restore-table-to-point-in-time --source-table-name ${store.name} --target-table-name ${restored} --restore-date-time ${inSeconds(way.at)}`
      : `aws dynamodb restore-table-from-backup --target-table-name ${restored} --backup-arn ${way.backup.arn}`;
  return [
    stop,
    {
      what: 'Make a table beside the old one, which stays. What a table has besides its items does not come along.',
      commands: [
        make,
        `aws dynamodb wait table-exists --table-name ${restored}`,
        `aws dynamodb update-continuous-backups --table-name ${restored} --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true`,
        `aws dynamodb update-table --table-name ${restored} --deletion-protection-enabled`,
      ],
    },
    {
      what: 'Tell the deployment, with the outputs of BranchlineLakefs beside it.',
      commands: [
        CONFIG,
        `lakefs: { server: { adopt: { tableArn: <ARN of ${restored}>, bucketKeyArn: …, secretsKeyArn: …, credentialsSecretArn: …, encryptionSecretArn: … } } }`,
      ],
    },
    deploy,
    ...after(`aws dynamodb delete-table --table-name ${store.name}`),
  ];
};

/** Minutes, as AWS documents no promise: docs/not-seen-on-aws.md. */
export const expectedMinutes = ({ kind }: StoreState): readonly [least: number, most: number] =>
  kind === 'rds' ? [20, 60] : [10, 60];
