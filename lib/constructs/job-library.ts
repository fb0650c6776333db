/**
 * The Python package that jobs import, as a wheel in the bucket of the CDK's assets.
 *
 * What you get: its `s3://` address for `--additional-python-modules` or `--extra-py-files`, and the statement that lets a
 * job's role read it. pip reads a wheel's name, so the file keeps it; the folder changes with the content.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, parse } from 'node:path';
import { AssetStaging, FileAssetPackaging, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { makeWheel } from './wheel.ts';

export class JobLibrary extends Construct {
  readonly uri: string;
  readonly #arn: string;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const stack = Stack.of(this);
    const { fileName, content } = makeWheel();
    const folder = mkdtempSync(join(tmpdir(), 'branchline-wheel-'));
    try {
      const path = join(folder, fileName);
      writeFileSync(path, content);
      const staged = new AssetStaging(this, 'Wheel', { sourcePath: path });
      const { bucketName, objectKey, s3ObjectUrl } = stack.synthesizer.addFileAsset({
        fileName: staged.relativeStagedPath(stack),
        packaging: FileAssetPackaging.FILE,
        // The key is this and the extension of the file: unlike the CDK's own assets with a name that means something.
        sourceHash: `${createHash('sha256').update(content).digest('hex')}/${parse(fileName).name}`,
      });
      this.uri = s3ObjectUrl;
      this.#arn = `arn:${stack.partition}:s3:::${bucketName}/${objectKey}`;
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  readStatement(): PolicyStatement {
    return new PolicyStatement({ sid: 'ReadLibrary', actions: ['s3:GetObject'], resources: [this.#arn] });
  }
}
