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
import { EventBus } from 'aws-cdk-lib/aws-events';
import { type ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { DynamoEventSource, SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { type CompiledConfig, ENV, FUNCTION, type FunctionName } from '../../lambdas/contract.ts';
import { compileConfig } from '../config/compile.ts';
import { type Config, durationSeconds, rotationOf } from '../config/schema.ts';
import { RunAlarms } from '../constructs/alarms.ts';
import { BranchlineFunction, type Network } from '../constructs/branchline-function.ts';
import { CatalogRefresh } from '../constructs/catalog-refresh.ts';
import { CredentialRotation } from '../constructs/credential-rotation.ts';
import { RunDashboard } from '../constructs/dashboard.ts';
import { Drills } from '../constructs/drills.ts';
import { Erasure } from '../constructs/erasure.ts';
import { ExampleJobs } from '../constructs/example-jobs.ts';
import { Exports } from '../constructs/exports.ts';
import { GarbageCollection } from '../constructs/garbage-collection.ts';
import { DeadLetterQueue, Hop } from '../constructs/hop.ts';
import type { JobSide } from '../constructs/job-arguments.ts';
import { connectionFrom, type LakefsConnection } from '../constructs/lakefs/connection.ts';
import { ReplicationWatch } from '../constructs/replication-watch.ts';
import { RestoreFromReplica } from '../constructs/restore-from-replica.ts';
import { RestoreRole } from '../constructs/restore-role.ts';
import { RunLedger } from '../constructs/run-ledger.ts';
import { SetUp } from '../constructs/set-up.ts';
import { Snapshots } from '../constructs/snapshots.ts';
import { ACCESS, glueStatements, glueWildcards, jobArns } from './access.ts';
import { addCallerPolicies, addJobSide } from './callers.ts';
import { DESCRIPTION, idOf, memoryOf, PROMOTE_VISIBILITY, TIMEOUT } from './functions.ts';
import { addIntake } from './intake.ts';
import { addSchedules } from './schedules.ts';

export interface ControlPlaneStackProps extends StackProps {
  readonly config: Config;
  /** The server of a `LakefsStack`. @default the one that the configuration names by endpoint and secret */
  readonly lakefs?: LakefsConnection;
}

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
    const fnOf = (name: FunctionName): BranchlineFunction => this.#fn(name);

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
      settler: this.#fn('settle-run'),
      reader: this.#fn('catalog'),
      cleaner: this.#fn('sweep'),
      collectors: [this.#fn('collect-garbage'), this.#fn('erase')],
      wakers: [this.#fn('publish-events'), this.#fn('reconcile'), this.#fn('rollback')],
    });
    const scheduleDeadLetters = addSchedules(this, config, fnOf, alarmActions);
    const { hop: exports, sparkRuns } = new Exports(this, 'Exports', {
      ...hop,
      config,
      compiled: this.#compiled,
      runner: this.#fn('run-exports'),
      operator: this.#fn('export'),
      worker: this.#fn('copy-chunk'),
      scheduleDeadLetters,
      wakers: [this.#fn('publish-events'), this.#fn('reconcile'), this.#fn('erase')],
      ...(this.#lakefs.storageKmsKeyArn === undefined ? {} : { storageKmsKeyArn: this.#lakefs.storageKmsKeyArn }),
    });
    addIntake(this, open, settle);
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
    const snapshots = new Snapshots(this, 'Snapshots', {
      ...{ prefix, settings: this.#compiled.snapshots, target: this.#fn('snapshot'), actions: alarmActions },
      ...{ readers: [this.#fn('restore'), this.#fn('replication')], planner: this.#fn('restore') },
      driller: this.#fn('drill'),
      writers: [this.#fn('erase')],
      ...(rotationOf(config) === undefined ? {} : { rotator: this.#fn('rotate-credentials') }),
      ...(objectLockDays === undefined ? {} : { objectLockDays }),
      ...(config.replication.to === undefined ? {} : { replicateTo: config.replication.to }),
      ...(metadataStore === undefined ? {} : { metadataStore }),
    });
    new GarbageCollection(this, 'GarbageCollection', {
      ...{ prefix, config, compiled: this.#compiled, lakefs: this.#lakefs, target: this.#fn('collect-garbage') },
      ...{ secretStatements: this.#secretStatements(), actions: alarmActions },
    });
    if (this.#compiled.drills === undefined) throw new Error('the compiled configuration has no drills');
    new Drills(this, 'Drills', {
      ...{ prefix, settings: this.#compiled.drills, target: this.#fn('drill'), actions: alarmActions },
      namespaces: this.#compiled.repositories.map(({ storageNamespace }) => storageNamespace),
      keys: [...new Set([config.garbageCollection.storageKmsKeyArn ?? [], this.#lakefs.storageKmsKeyArn ?? []].flat())],
    });
    new Erasure(this, 'Erasure', {
      ...{ prefix, config, compiled: this.#compiled, lakefs: this.#lakefs, target: this.#fn('erase') },
      actions: alarmActions,
    });
    new ReplicationWatch(this, 'ReplicationWatch', {
      ...{ prefix, config, compiled: this.#compiled, target: this.#fn('replication'), actions: alarmActions },
      backups: snapshots,
    });
    new RestoreFromReplica(this, 'RestoreFromReplica', { config, target: this.#fn('restore') });
    new RestoreRole(this, 'RestoreRole', { target: this.#fn('restore') });
    new SetUp(this, 'LakefsSetUp', {
      target: this.#fn('set-up'),
      configUri: configAsset.s3ObjectUrl,
      endpoint: this.#lakefs.endpoint,
    });
    this.jobs = addJobSide(this, {
      compiled: this.#compiled,
      prefix,
      fnOf,
      secretStatements: this.#secretStatements(),
    });
    addCallerPolicies(this, fnOf);
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
      sparkRuns,
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
        memoryMb: memoryOf(name),
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
          ...(access.lakefs ? this.#secretStatements() : []),
          ...(access.lakefs || access.config === true ? [readObject(configAsset)] : []),
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
}

const readObject = (asset: Asset): PolicyStatement =>
  new PolicyStatement({
    sid: 'ReadConfig',
    actions: ['s3:GetObject'],
    resources: [asset.bucket.arnForObjects(asset.s3ObjectKey)],
  });
