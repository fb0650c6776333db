/** Two keys to deleting what holds data: the configuration asks for it, and the context of the command line says so too. */
import { Annotations, RemovalPolicy } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** Second key to deletion. */
export const DATA_LOSS_CONTEXT = 'branchline:allow-data-loss';

/** @param asked first key to deletion: the configuration asks for it. */
export const mayRemove = (scope: Construct, asked: boolean): boolean =>
  asked && String(scope.node.tryGetContext(DATA_LOSS_CONTEXT)) === 'true';

export const removalOf = (isRemoved: boolean): RemovalPolicy =>
  isRemoved ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;

/** One key alone changes nothing; whoever turned it should not believe that it did. */
export const warnOfOneKey = (scope: Construct, asked: boolean, key: string): void => {
  if (asked && !mayRemove(scope, asked)) {
    const text = `${key} alone deletes nothing: data is kept unless -c ${DATA_LOSS_CONTEXT}=true is given too`;
    Annotations.of(scope).addWarningV2('branchline:one-key-of-two', text);
  }
};
