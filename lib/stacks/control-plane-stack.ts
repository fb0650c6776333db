/**
 * The control plane: ledger, functions, hops, schedules, set-up, alarms, dashboard. Needs a lakeFS server by endpoint and
 * secret, be it ours, the user's own, or lakeFS Cloud.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CfnOutput, Duration, Fn, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { SecurityGroup, Subnet, Vpc } from 'aws-cdk-lib/aws-ec2';
import { EventBus, type EventPattern, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { ManagedPolicy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { DynamoEventSource, SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import {
  type CompiledConfig,
  ENV,
  FUNCTION,
  type FunctionName,
  functionName,
  GLUE_DETAIL_TYPE,
  GLUE_EVENT_SOURCE,
} from '../../lambdas/contract.ts';
import { acknowledge, asNagWrites } from '../compliance.ts';
import { compileConfig } from '../config/compile.ts';
import { type Config, durationSeconds, rotationOf } from '../config/schema.ts';
import { RunAlarms } from '../constructs/alarms.ts';
import { BranchlineFunction, type Network } from '../constructs/branchline-function.ts';
import { CatalogRefresh, REFRESH_TIMEOUT } from '../constructs/catalog-refresh.ts';
import { CredentialRotation } from '../constructs/credential-rotation.ts';
import { RunDashboard } from '../constructs/dashboard.ts';
import { ExampleJobs } from '../constructs/example-jobs.ts';
import { EXPORT_TIMEOUT, Exports } from '../constructs/exports.ts';
import { DeadLetterQueue, Hop } from '../constructs/hop.ts';
import type { JobSide } from '../constructs/job-arguments.ts';
import { JobLibrary } from '../constructs/job-library.ts';
import { connectionFrom, type LakefsConnection } from '../constructs/lakefs/connection.ts';
import { RestoreRole } from '../constructs/restore-role.ts';
import { RunLedger } from '../constructs/run-ledger.ts';
import { SetUp } from '../constructs/set-up.ts';
import { Snapshots, TEND_EVERY } from '../constructs/snapshots.ts';
import { ACCESS, glueStatements, glueWildcards, jobArns, jobWildcards } from './access.ts';

export interface ControlPlaneStackProps extends StackProps {
  readonly config: Config;
  /** The server of a `LakefsStack`. @default the one that the configuration names by endpoint and secret */
  readonly lakefs?: LakefsConnection;
}

/**
 * promote-run must end before its lease (180 s, domain/promotion.ts), and the lease before the message is seen again: while
 * a lease stands nobody else decides.
 */
export const PROMOTE_TIMEOUT = Duration.seconds(150);
export const PROMOTE_VISIBILITY = Duration.seconds(240);

/** Of each minute, so long are heads looked at. */
const WATCH_SECONDS = 58;

const DESCRIPTION: Readonly<Record<FunctionName, string>> = {
  'start-run': 'Claims a run, makes its branch, starts its job',
  'claim-run': 'Tells a job its run and branch',
  'open-run': 'Opens runs on hints that a job run began',
  'settle-run': 'Commits or discards what an ended job run left',
  'promote-run': 'Promotes committed runs, one at a time per target',
  'resolve-run': 'Does what a person decides about a run or a target',
  'refresh-catalog': 'Brings what readers see of a target to its newest verified commit',
  catalog: 'Looks at what readers see, has it put right, and shows other refs',
  snapshot: 'Makes, verifies and prunes snapshots of targets',
  export: 'Runs, plans, verifies and lists exports',
  'run-exports': 'Brings plain copies of targets to their newest verified commit',
  reconcile: 'Repairs what an event should have done',
  sweep: 'Removes what has expired',
  inspect: 'Answers what ledger and lakeFS say',
  'rotate-credentials': 'Gives lakeFS a new key pair',
  restore: 'Brings a lost repository or branch back',
  rollback: 'Puts a target back to an earlier state, or undoes one run',
  'set-up': 'Brings lakeFS to what the configuration says',
  'publish-events': 'Turns changes of the ledger into domain events and metrics',
};

const TIMEOUT: Readonly<Record<FunctionName, Duration>> = {
  'start-run': Duration.seconds(60),
  'claim-run': Duration.seconds(30),
  'open-run': Duration.seconds(60),
  // Reading the changes of a run with a million objects takes a thousand pages.
  'settle-run': Duration.minutes(5),
  'promote-run': PROMOTE_TIMEOUT,
  'resolve-run': Duration.minutes(15),
  'refresh-catalog': REFRESH_TIMEOUT,
  // A full comparison lists every object of a table.
  catalog: Duration.minutes(15),
  // Counts the objects of a target; what is not done by then goes on in the next invocation.
  snapshot: Duration.minutes(15),
  export: EXPORT_TIMEOUT,
  'run-exports': EXPORT_TIMEOUT,
  reconcile: Duration.minutes(10),
  sweep: Duration.minutes(10),
  inspect: Duration.seconds(60),
  // As long as a function may: prefixes are put back object by object; what is left another call goes on with.
  rollback: Duration.minutes(15),
  'set-up': Duration.minutes(5),
  // It may wait until no run is open.
  'rotate-credentials': Duration.minutes(15),
  // Bringing the refs of a large repository back takes lakeFS its time.
  restore: Duration.minutes(15),
  'publish-events': Duration.seconds(60),
};

export class ControlPlaneStack extends Stack {
  readonly #config: Config;
  readonly #compiled: CompiledConfig;
  readonly #lakefs: LakefsConnection;
  readonly #functions = new Map<FunctionName, BranchlineFunction>();
  /** What Glue jobs need of this control plane: for `BranchedGlueJob` and `BranchlineOnJobs`. */
  readonly jobs: JobSide & { readonly policy: ManagedPolicy };

  constructor(scope: Construct, id: string, props: ControlPlaneStackProps) {
    const { config, lakefs, ...stackProps } = props;
    super(scope, id, { description: 'Branchline: every Glue run on its own lakeFS branch', ...stackProps });
    this.#config = config;
    this.#lakefs = lakefs ?? connectionFrom(config);
    this.#compiled = compileConfig(props.config);
    const { prefix, removeLedger, adoptLedger, alarmTopicArn, tags } = props.config.controlPlane;
    const alarmActions: IAlarmAction[] =
      alarmTopicArn === undefined ? [] : [new SnsAction(Topic.fromTopicArn(this, 'AlarmTopic', alarmTopicArn))];

    const ledger = new RunLedger(this, 'Ledger', {
      tableName: `${prefix}-ledger`,
      remove: removeLedger,
      ...(adoptLedger === undefined ? {} : { adoptStreamArn: adoptLedger }),
    });
    new CfnOutput(this, 'LedgerStreamArn', {
      value: ledger.streamArn,
      description: 'For controlPlane.adoptLedger, should this stack be removed and deployed again',
    });
    const bus = new EventBus(this, 'Bus', { eventBusName: prefix, description: 'Domain events of Branchline' });
    const configAsset = this.#configAsset();
    this.#makeFunctions(ledger, bus, configAsset);

    const hop = { prefix, alarmActions };
    const open = new Hop(this, 'OpenHop', {
      ...hop,
      hop: 'open',
      target: this.#fn('open-run'),
      visibilityTimeout: Duration.minutes(6),
      batchSize: 10,
      maxReceiveCount: 3,
      maxConcurrency: 5,
      maxAge: Duration.minutes(30),
    });
    const settle = new Hop(this, 'SettleHop', {
      ...hop,
      hop: 'settle',
      target: this.#fn('settle-run'),
      visibilityTimeout: Duration.minutes(30),
      batchSize: 5,
      maxReceiveCount: 5,
      maxConcurrency: 20,
      maxAge: Duration.hours(3),
    });
    const promotions = new Hop(this, 'PromotionsHop', {
      ...hop,
      hop: 'promotions',
      target: this.#fn('promote-run'),
      visibilityTimeout: PROMOTE_VISIBILITY,
      batchSize: 10,
      maxReceiveCount: 5,
      maxConcurrency: 20,
      maxAge: Duration.minutes(30),
    });
    for (const name of Object.values(FUNCTION)) {
      if (!ACCESS[name].wakes) continue;
      const { fn } = this.#fn(name);
      fn.addEnvironment(ENV.promotionQueueUrl, promotions.queue.queueUrl);
      promotions.queue.grantSendMessages(fn);
    }
    const { hop: refreshes } = new CatalogRefresh(this, 'Catalog', {
      ...hop,
      config: this.#compiled,
      target: this.#fn('refresh-catalog'),
      reader: this.#fn('catalog'),
      cleaner: this.#fn('sweep'),
      wakers: [this.#fn('publish-events'), this.#fn('reconcile'), this.#fn('rollback')],
    });
    const scheduleDeadLetters = this.#schedules(alarmActions);
    const { hop: exports } = new Exports(this, 'Exports', {
      ...hop,
      config,
      compiled: this.#compiled,
      runner: this.#fn('run-exports'),
      operator: this.#fn('export'),
      scheduleDeadLetters,
      wakers: [this.#fn('publish-events'), this.#fn('reconcile')],
      ...(this.#lakefs.storageKmsKeyArn === undefined ? {} : { storageKmsKeyArn: this.#lakefs.storageKmsKeyArn }),
    });
    this.#intake(open, settle);
    this.#gauge([
      ...[open, settle, promotions, refreshes, exports].flatMap(({ queue, deadLetters }) => [queue, deadLetters]),
      this.#publish(ledger, alarmActions),
      scheduleDeadLetters,
    ]);
    new CredentialRotation(this, 'CredentialRotation', {
      prefix,
      target: this.#fn('rotate-credentials'),
      secretArn: this.#lakefs.secretArn,
      secretKmsKeyArn: this.#lakefs.secretKmsKeyArn,
      every: rotationOf(config),
      alarmActions,
    });
    const { objectLockDays } = props.config.snapshots;
    const { metadataStore } = this.#lakefs;
    if (this.#compiled.snapshots === undefined) throw new Error('the compiled configuration has no snapshots');
    new Snapshots(this, 'Snapshots', {
      ...{ prefix, settings: this.#compiled.snapshots, target: this.#fn('snapshot'), actions: alarmActions },
      readers: [this.#fn('restore')],
      ...(objectLockDays === undefined ? {} : { objectLockDays }),
      ...(metadataStore === undefined ? {} : { metadataStore }),
    });
    new RestoreRole(this, 'RestoreRole', { target: this.#fn('restore') });
    new SetUp(this, 'LakefsSetUp', {
      target: this.#fn('set-up'),
      configUri: configAsset.s3ObjectUrl,
      endpoint: this.#lakefs.endpoint,
    });
    this.jobs = this.#jobSide();
    this.#callers();
    if (props.config.examples) {
      const { lakefsJar } = props.config.jobs;
      const branchline = this.jobs;
      new ExampleJobs(this, 'Examples', { prefix, branchline, ...(lakefsJar !== undefined && { lakefsJar }) });
    }

    const functions = [...this.#functions.values()];
    const maxOpen = Math.max(3600, ...this.#compiled.pipelines.map(({ maxOpenSeconds }) => maxOpenSeconds));
    new RunAlarms(this, 'Alarms', {
      prefix,
      functions,
      maxOpen: Duration.seconds(maxOpen),
      reconcileEvery: Duration.seconds(durationSeconds(props.config.schedules.reconcile)),
      actions: alarmActions,
    });
    new RunDashboard(this, 'Dashboard', {
      prefix,
      queues: {
        open: open.queue,
        settle: settle.queue,
        promotions: promotions.queue,
        refreshes: refreshes.queue,
        exports: exports.queue,
      },
    });

    Tags.of(this).add('branchline:owned', 'true');
    Tags.of(this).add('branchline:stack', id);
    for (const [key, value] of Object.entries(tags)) Tags.of(this).add(key, value);
  }

  #fn(name: FunctionName): BranchlineFunction {
    const found = this.#functions.get(name);
    if (found === undefined) throw new Error(`function ${name} is not made yet`);
    return found;
  }

  /** Any number of pipelines: the configuration travels as a file, and its name changes with its content. */
  #configAsset(): Asset {
    const folder = mkdtempSync(join(tmpdir(), 'branchline-config-'));
    try {
      const path = join(folder, 'config.json');
      writeFileSync(path, JSON.stringify(this.#compiled));
      // The CDK copies the file into its own output at once.
      return new Asset(this, 'Config', { path });
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  #makeFunctions(ledger: RunLedger, bus: EventBus, configAsset: Asset): void {
    const { prefix, architecture, logRetentionDays } = this.#config.controlPlane;
    const jobs = jobArns(this, this.#compiled);
    const network = this.#network();
    for (const name of Object.values(FUNCTION)) {
      const access = ACCESS[name];
      const isPublisher = name === FUNCTION.publishEvents;
      const made = new BranchlineFunction(this, idOf(name), {
        prefix,
        name,
        description: DESCRIPTION[name],
        timeout: TIMEOUT[name],
        architecture,
        logRetentionDays,
        environment: isPublisher
          ? { [ENV.busName]: bus.eventBusName }
          : {
              [ENV.ledgerTable]: ledger.table.tableName,
              [ENV.configUri]: configAsset.s3ObjectUrl,
              [ENV.lakefsEndpoint]: this.#lakefs.endpoint,
              [ENV.lakefsSecretArn]: this.#lakefs.secretArn,
            },
        statements: [
          ...ledger.statements(access.ledger),
          ...glueStatements(access, jobs),
          ...(access.lakefs ? [...this.#secretStatements(), readObject(configAsset)] : []),
        ],
        wildcards: glueWildcards(access, jobs),
        ...(network === undefined ? {} : { network }),
      });
      if (isPublisher) bus.grantPutEventsTo(made.fn);
      this.#functions.set(name, made);
    }
  }

  #network(): Network | undefined {
    const settings = this.#config.controlPlane.vpc;
    if (settings === undefined) return this.#lakefs.network;
    const { vpcId, subnetIds, securityGroupIds } = settings;
    // Zones do not matter for functions; the CDK wants one for each subnet.
    const availabilityZones = subnetIds.map((_, i) => Fn.select(i, Fn.getAzs()));
    const vpc = Vpc.fromVpcAttributes(this, 'Vpc', { vpcId, availabilityZones, privateSubnetIds: [...subnetIds] });
    return {
      vpc,
      vpcSubnets: { subnets: subnetIds.map((id) => Subnet.fromSubnetId(this, id, id)) },
      securityGroups: securityGroupIds.map((id) => SecurityGroup.fromSecurityGroupId(this, id, id)),
    };
  }

  #secretStatements(): PolicyStatement[] {
    const { secretArn, secretKmsKeyArn } = this.#lakefs;
    return [
      new PolicyStatement({ sid: 'ReadSecret', actions: ['secretsmanager:GetSecretValue'], resources: [secretArn] }),
      ...(secretKmsKeyArn === undefined
        ? []
        : [new PolicyStatement({ sid: 'DecryptSecret', actions: ['kms:Decrypt'], resources: [secretKmsKeyArn] })]),
    ];
  }

  /** Glue's own events, those of CloudTrail where the account has a trail, and replays under a source of our own. */
  #intake(open: Hop, settle: Hop): void {
    const rule = (id: string, hop: Hop, description: string, eventPattern: EventPattern): void => {
      new Rule(this, id, { description, eventPattern, targets: [new SqsQueue(hop.queue)] });
    };
    const source = [...GLUE_EVENT_SOURCE];
    rule('JobEnded', settle, 'Glue job runs that ended', { source, detailType: [GLUE_DETAIL_TYPE.stateChange] });
    rule('JobRunning', open, 'Glue job runs that are going on', { source, detailType: [GLUE_DETAIL_TYPE.runStatus] });
    rule('JobStarted', open, 'Calls of StartJobRun, where a trail records them', {
      source,
      detailType: [GLUE_DETAIL_TYPE.apiCall],
      detail: { eventSource: ['glue.amazonaws.com'], eventName: ['StartJobRun'] },
    });
  }

  /** `doctor` finds the queues by their names and counts what lies in them; it can neither read nor send. */
  #gauge(queues: readonly Queue[]): void {
    for (const name of Object.values(FUNCTION)) {
      if (!ACCESS[name].gauges) continue;
      this.#fn(name).fn.addToRolePolicy(
        new PolicyStatement({
          sid: 'CountMessages',
          actions: ['sqs:GetQueueUrl', 'sqs:GetQueueAttributes'],
          resources: queues.map(({ queueArn }) => queueArn),
        }),
      );
    }
  }

  /** @returns its dead letters. */
  #publish(ledger: RunLedger, alarmActions: readonly IAlarmAction[]): Queue {
    const { prefix } = this.#config.controlPlane;
    const { queue } = new DeadLetterQueue(this, 'PublishEventsDeadLetters', {
      prefix,
      hop: 'publish-events',
      alarmActions,
    });
    const publisher = this.#fn('publish-events');
    publisher.fn.addEventSource(
      new DynamoEventSource(ledger.asTable, {
        startingPosition: StartingPosition.TRIM_HORIZON,
        batchSize: 100,
        // The stream keeps records for a day: a fault that lasts shorter loses nothing.
        retryAttempts: 100,
        bisectBatchOnError: true,
        reportBatchItemFailures: true,
        onFailure: new SqsDlq(queue),
      }),
    );
    return queue;
  }

  /** @returns their dead letters. */
  #schedules(alarmActions: readonly IAlarmAction[]): Queue {
    const { prefix } = this.#config.controlPlane;
    const { queue } = new DeadLetterQueue(this, 'SchedulesDeadLetters', { prefix, hop: 'schedules', alarmActions });
    const schedule = (name: FunctionName, called: string, every: string, description: string, input?: object): void => {
      const { fn } = this.#fn(name);
      // A role of our own: the one that the CDK makes may invoke any version of the function.
      const role = new Role(this, `${idOf(called)}ScheduleRole`, {
        assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
          conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
        }),
        description: `Of the schedule ${prefix}-${called}`,
      });
      role.addToPolicy(
        new PolicyStatement({ sid: 'Invoke', actions: ['lambda:InvokeFunction'], resources: [fn.functionArn] }),
      );
      role.addToPolicy(
        new PolicyStatement({ sid: 'GiveUp', actions: ['sqs:SendMessage'], resources: [queue.queueArn] }),
      );
      new Schedule(this, `${idOf(called)}Schedule`, {
        scheduleName: `${prefix}-${called}`,
        description,
        schedule: ScheduleExpression.rate(Duration.seconds(durationSeconds(every))),
        target: new LambdaInvoke(fn, {
          role: role.withoutPolicyUpdates(),
          deadLetterQueue: queue,
          retryAttempts: 2,
          maxEventAge: Duration.hours(1),
          ...(input === undefined ? {} : { input: ScheduleTargetInput.fromObject(input) }),
        }),
      });
    };
    const { reconcile, sweep, watch } = this.#config.schedules;
    schedule(FUNCTION.reconcile, FUNCTION.reconcile, reconcile, DESCRIPTION.reconcile);
    schedule(FUNCTION.sweep, FUNCTION.sweep, sweep, DESCRIPTION.sweep);
    // Only the function that makes previews has the rights to remove them.
    const previews = { action: 'sweep-previews' };
    schedule(FUNCTION.catalog, FUNCTION.catalog, sweep, 'Removes previews that have expired', previews);
    if (this.#config.snapshots.every !== 'never') {
      schedule(FUNCTION.snapshot, FUNCTION.snapshot, TEND_EVERY, DESCRIPTION.snapshot, { action: 'tend' });
    }
    if (watch !== undefined) {
      // One ends when the next begins: a schedule knows whole minutes.
      const input = { action: 'watch', everySeconds: durationSeconds(watch), forSeconds: WATCH_SECONDS };
      schedule(FUNCTION.catalog, 'watch', '1m', 'Looks at the heads of targets for merges by hand', input);
    }
    return queue;
  }

  /** For people and pipelines. Whoever may decide about runs need not be allowed to put a whole target back. */
  #callers(): void {
    const policy = (id: string, names: readonly FunctionName[], description: string): void => {
      const made = new ManagedPolicy(this, id, {
        description,
        statements: [
          new PolicyStatement({
            sid: 'Invoke',
            actions: ['lambda:InvokeFunction'],
            resources: names.map((name) => this.#fn(name).fn.functionArn),
          }),
        ],
      });
      new CfnOutput(this, `${id}Arn`, { value: made.managedPolicyArn, description });
    };
    policy(
      'OperatorPolicy',
      ['start-run', 'resolve-run', 'catalog', 'inspect'],
      'For operators: runs, targets, readers',
    );
    policy('RollbackPolicy', ['rollback', 'inspect'], 'For those who may put a target back to an earlier state');
  }

  /**
   * For the roles of Glue jobs: ask for the run, read library and lakeFS's key pair; a Python-shell job, which Glue tells no job run id,
   * finds its own among those of the job. Nothing else is needed for `begin()`.
   */
  #jobSide(): JobSide & { readonly policy: ManagedPolicy } {
    const library = new JobLibrary(this, 'JobLibrary');
    const jobs = jobArns(this, this.#compiled);
    const policy = new ManagedPolicy(this, 'JobPolicy', {
      description: 'Lets a Glue job claim its Branchline run and reach lakeFS',
      statements: [
        new PolicyStatement({
          sid: 'ClaimRun',
          actions: ['lambda:InvokeFunction'],
          resources: [this.#fn('claim-run').fn.functionArn],
        }),
        new PolicyStatement({ sid: 'FindJobRun', actions: ['glue:GetJobRuns'], resources: jobs }),
        ...this.#secretStatements(),
        library.readStatement(),
      ],
    });
    for (const { arn, reason } of jobWildcards(jobs)) {
      acknowledge(policy, 'IAM5', `Resource::${asNagWrites(this, arn)}`, reason);
    }
    new CfnOutput(this, 'JobPolicyArn', {
      value: policy.managedPolicyArn,
      description: 'Attach it to the roles of managed Glue jobs',
    });
    new CfnOutput(this, 'JobLibraryUri', {
      value: library.uri,
      description: 'For --additional-python-modules (Spark) or --extra-py-files (Python shell) of managed Glue jobs',
    });
    return {
      claimFunction: functionName(this.#config.controlPlane.prefix, 'claim-run'),
      library: library.uri,
      policy,
    };
  }
}

/** `start-run` → `StartRun`: a public contract, since changing it replaces the resource. */
const idOf = (name: string): string =>
  // `Catalog` is the construct that holds the bucket of manifests.
  name === FUNCTION.catalog
    ? 'AskCatalog'
    : name.replace(/(^|-)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());

const readObject = (asset: Asset): PolicyStatement =>
  new PolicyStatement({
    sid: 'ReadConfig',
    actions: ['s3:GetObject'],
    resources: [asset.bucket.arnForObjects(asset.s3ObjectKey)],
  });
