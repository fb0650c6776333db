/**
 * lakeFS on Fargate.
 *
 * What you get: two tasks or more across zones, more of them by CPU and by requests; a deployment that fails is rolled back; a
 * task that goes is drained first; nothing reaches a task but the load balancer.
 */
import { Duration } from 'aws-cdk-lib';
import { type ISecurityGroup, Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import {
  AvailabilityZoneRebalancing,
  Cluster,
  ContainerInsights,
  FargateService,
  type ICluster,
} from 'aws-cdk-lib/aws-ecs';
import { ApplicationProtocol, type ApplicationTargetGroup } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import type { ServerConfig } from '../../config/server-schema.ts';
import { asInterface } from '../as-interface.ts';
import type { LakefsLoadBalancer } from './load-balancer.ts';
import type { MetadataStore } from './metadata-store.ts';
import type { LakefsNetwork } from './network.ts';
import { type LakefsTask, PORT } from './task.ts';

export interface LakefsServiceProps {
  readonly network: LakefsNetwork;
  readonly door: LakefsLoadBalancer;
  readonly task: LakefsTask;
  readonly store: MetadataStore;
  readonly tasks: ServerConfig['tasks'];
}

/** Requests of a task in a minute above which another one is started. A figure to begin with: nothing was measured on Fargate. */
const REQUESTS_PER_MINUTE = 6000;

export class LakefsService extends Construct {
  readonly service: FargateService;
  readonly targets: ApplicationTargetGroup;

  constructor(scope: Construct, id: string, props: LakefsServiceProps) {
    super(scope, id);
    const { network, door, task, store } = props;
    const { min, max } = props.tasks;
    const group = new SecurityGroup(this, 'SecurityGroup', {
      vpc: network.vpc,
      description: 'Tasks of lakeFS',
      allowAllOutbound: false,
    });
    group.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'S3 and other APIs of AWS, the registry of the image');
    const tasksGroup = asInterface<ISecurityGroup>(group);
    store.letIn(tasksGroup);
    this.service = new FargateService(this, 'Service', {
      cluster: asInterface<ICluster>(
        new Cluster(this, 'Cluster', { vpc: network.vpc, containerInsightsV2: ContainerInsights.ENABLED }),
      ),
      taskDefinition: task.definition,
      vpcSubnets: { subnets: [...network.privateSubnets] },
      securityGroups: [tasksGroup],
      assignPublicIp: false,
      desiredCount: min,
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      circuitBreaker: { enable: true, rollback: true },
      availabilityZoneRebalancing: AvailabilityZoneRebalancing.ENABLED,
      healthCheckGracePeriod: Duration.seconds(120),
      enableExecuteCommand: false,
    });
    // A task that starts before its way to the registry and to the secrets is there fails the first deployment.
    this.service.node.addDependency(network);
    this.targets = door.listener.addTargets('Lakefs', {
      port: PORT,
      protocol: ApplicationProtocol.HTTP,
      targets: [this.service.loadBalancerTarget({ containerName: task.server.containerName, containerPort: PORT })],
      healthCheck: {
        path: '/_health',
        interval: Duration.seconds(15),
        timeout: Duration.seconds(5),
        healthyThresholdCount: 2,
        unhealthyThresholdCount: 4,
      },
      // Requests that are under way have so long; a task is told to stop only then.
      deregistrationDelay: Duration.minutes(10),
    });
    const scaling = this.service.autoScaleTaskCount({ minCapacity: min, maxCapacity: max });
    const pace = { scaleOutCooldown: Duration.minutes(1), scaleInCooldown: Duration.minutes(10) };
    scaling.scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: 60, ...pace });
    scaling.scaleOnRequestCount('Requests', {
      requestsPerTarget: REQUESTS_PER_MINUTE,
      targetGroup: this.targets,
      ...pace,
    });
  }
}
