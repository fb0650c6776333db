/**
 * Where the load balancer and the bucket write who asked for what.
 *
 * What you get: a bucket that only these two services write to, kept for a quarter of a year. Load balancers take S3's own
 * encryption alone. Source: Elastic Load Balancing user guide, access logs for your Application Load Balancer.
 */
import { Aws, Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { ApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption, CfnBucket, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledge } from '../../compliance.ts';

const PREFIX = { bucket: 'bucket/', loadBalancer: 'load-balancer' } as const;

export class AccessLogs extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Bucket', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      lifecycleRules: [{ expiration: Duration.days(90), abortIncompleteMultipartUploadAfter: Duration.days(1) }],
      // A bucket with objects in it cannot be deleted, and these are not worth a function that empties it.
      removalPolicy: RemovalPolicy.RETAIN,
    });
    acknowledge(this.bucket, 'S1', undefined, 'It holds access logs: logging it would log the logging.');
  }

  /** By bucket policy: the ACL that the CDK would give is not for buckets whose owner owns everything. */
  takeFromBucket(source: Bucket): void {
    const { defaultChild } = source.node;
    if (!(defaultChild instanceof CfnBucket)) throw new Error('the bucket has no CfnBucket beneath it');
    defaultChild.loggingConfiguration = { destinationBucketName: this.bucket.bucketName, logFilePrefix: PREFIX.bucket };
    this.#allow('BucketLogs', 'logging.s3.amazonaws.com', `${PREFIX.bucket}*`);
  }

  /** By service principal, which works in every region, so that the region need not be known. */
  takeFromLoadBalancer(source: ApplicationLoadBalancer): void {
    const objects = `${PREFIX.loadBalancer}/AWSLogs/${Aws.ACCOUNT_ID}/*`;
    this.#allow('LoadBalancerLogs', 'logdelivery.elasticloadbalancing.amazonaws.com', objects);
    source.setAttribute('access_logs.s3.enabled', 'true');
    source.setAttribute('access_logs.s3.bucket', this.bucket.bucketName);
    source.setAttribute('access_logs.s3.prefix', PREFIX.loadBalancer);
    // The load balancer tries to write a test object when it is made.
    if (this.bucket.policy !== undefined) source.node.addDependency(this.bucket.policy);
  }

  #allow(sid: string, service: string, objects: string): void {
    this.bucket.addToResourcePolicy(
      new PolicyStatement({
        sid,
        principals: [new ServicePrincipal(service)],
        actions: ['s3:PutObject'],
        resources: [this.bucket.arnForObjects(objects)],
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
    );
  }
}
