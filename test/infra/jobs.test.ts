import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, AspectPriority, Aspects, Duration, Stack } from 'aws-cdk-lib';
import { CfnJob } from 'aws-cdk-lib/aws-glue';
import { Role } from 'aws-cdk-lib/aws-iam';
import { describe, expect, onTestFinished, test } from 'vitest';
import { GLUE_ARGUMENT, SPARK_ACCESS } from '../../lambdas/contract.ts';
import { checkCompliance } from '../../lib/compliance.ts';
import { parseConfig } from '../../lib/config/load.ts';
import { BranchedGlueJob, type BranchedGlueJobProps } from '../../lib/constructs/branched-glue-job.ts';
import { BranchlineOnJobs, type BranchlineOnJobsOptions } from '../../lib/constructs/branchline-on-jobs.ts';
import { ControlPlaneStack } from '../../lib/stacks/control-plane-stack.ts';
import { ACCOUNT, asList, asText, CONTEXT, ofType, REGION, templateOf, VARIANTS } from './template.ts';

const SCRIPT = join(import.meta.dirname, '..', '..', 'glue', 'jobs', 'sample_table.py');
const JAR = 's3://jars/hadoop-lakefs-assembly.jar';
const env = { account: ACCOUNT, region: REGION };

interface World {
  readonly stack: Stack;
  readonly controlPlane: ControlPlaneStack;
}

interface Job {
  readonly arguments: Readonly<Record<string, string>>;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** @returns the jobs of a stack beside the control plane, by name, and what their roles may do. */
const synth = (make: (world: World) => void, comply = false) => {
  const outdir = mkdtempSync(join(tmpdir(), 'branchline-synth-'));
  onTestFinished(() => rmSync(outdir, { recursive: true, force: true }));
  // The CDK's own judge takes a third of the time: it is asked where the test is about judges.
  const app = new App({ outdir, context: CONTEXT, analyticsReporting: false, builtinCloudFormationValidation: comply });
  const config = parseConfig(VARIANTS.plain, 'branchline.yaml');
  const controlPlane = new ControlPlaneStack(app, 'ControlPlane', { config, env });
  const stack = new Stack(app, 'Jobs', { env });
  make({ stack, controlPlane });
  if (comply) checkCompliance(app);
  const template = app.synth().getStackByName(stack.stackName).template as {
    Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
  };
  const resources = Object.values(template.Resources);
  const jobs = new Map(
    resources
      .filter(({ Type }) => Type === 'AWS::Glue::Job')
      .map(({ Properties }): [string, Job] => [
        String(Properties['Name']),
        {
          properties: Properties,
          arguments: Object.fromEntries(
            Object.entries((Properties['DefaultArguments'] ?? {}) as Record<string, unknown>).map(([key, value]) => [
              key,
              asText(value),
            ]),
          ),
        },
      ]),
  );
  return { jobs, resources };
};

interface Statement {
  readonly Sid: string;
  readonly Resource: unknown;
}

const statementsOf = (policy: Readonly<Record<string, unknown>> | undefined): readonly Statement[] =>
  ((policy?.['PolicyDocument'] ?? { Statement: [] }) as { Statement: Statement[] }).Statement;

const jobOf = (props: Partial<BranchedGlueJobProps>): Job => {
  const { jobs } = synth(({ stack, controlPlane }) => {
    new BranchedGlueJob(stack, 'Job', {
      branchline: controlPlane.jobs,
      jobName: 'sales-daily',
      script: SCRIPT,
      ...props,
    });
  });
  const job = jobs.get('sales-daily');
  if (job === undefined) throw new Error('no job in the template');
  return job;
};

const KINDS: Readonly<Record<string, Partial<BranchedGlueJobProps>>> = {
  ...Object.fromEntries(SPARK_ACCESS.map((access) => [`spark ${access}`, { access, lakefsJar: JAR }])),
  'spark with everything': {
    lakefsJar: JAR,
    jars: ['s3://jars/other.jar'],
    pythonModules: ['pandas==2.2.3'],
    bookmarks: true,
    retries: 2,
    timeout: Duration.hours(2),
    glueVersion: '4.0',
    workerType: 'G.2X',
    workers: 10,
    connections: ['network'],
    securityConfiguration: 'encrypted',
    description: 'Sales of a day',
  },
  pythonshell: { kind: 'pythonshell', pythonModules: ['s3://libs/more.whl'] },
};

describe('managed arguments', () => {
  test.each(Object.keys(KINDS))('%s: every argument in the template is refused by hand', (kind) => {
    const props = KINDS[kind] ?? {};
    const managed = Object.keys(jobOf(props).arguments);
    expect(managed).toContain(GLUE_ARGUMENT.claimFunction);
    for (const name of managed)
      expect(() => jobOf({ ...props, arguments: { [name]: 'x' } }), name).toThrow(`argument ${name} is managed`);
  });

  test.each([...Object.values(GLUE_ARGUMENT), '--JOB_NAME', '--JOB_RUN_ID'])(
    '%s belongs to a run and is no default of a job',
    (name) => {
      expect(() => jobOf({ access: 's3a', arguments: { [name]: 'x' } })).toThrow(`argument ${name} is managed`);
    },
  );

  test('the message says by what it is set instead', () => {
    expect(() => jobOf({ access: 's3a', arguments: { '--additional-python-modules': 'x' } })).toThrow(
      'job sales-daily: argument --additional-python-modules is managed and cannot be set by hand; set the property "pythonModules"',
    );
  });

  test('the job’s own pass', () => {
    expect(jobOf({ access: 's3a', arguments: { '--country': 'de' } }).arguments['--country']).toBe('de');
  });
});

const LIBRARY =
  /^s3:\/\/cdk-hnb659fds-assets-111122223333-eu-west-1\/[0-9a-f]{64}\/branchline-0\.1\.0-py3-none-any\.whl/;

describe('a branched job', () => {
  test('gets library, jar and access mode', () => {
    const found = jobOf({ lakefsJar: JAR, jars: ['s3://jars/other.jar'], pythonModules: ['pandas==2.2.3'] }).arguments;
    expect(found).toEqual({
      '--branchline_claim_function': 'branchline-claim-run',
      '--branchline_access': 'presigned',
      '--additional-python-modules': expect.stringMatching(LIBRARY) as string,
      '--extra-jars': `${JAR},s3://jars/other.jar`,
    });
    expect(found['--additional-python-modules']).toMatch(/\.whl,pandas==2\.2\.3$/);
  });

  test('of Python shell is told its name, which Glue does not tell', () => {
    expect(jobOf({ kind: 'pythonshell' }).arguments).toEqual({
      '--branchline_claim_function': 'branchline-claim-run',
      '--branchline_job': 'sales-daily',
      '--extra-py-files': expect.stringMatching(LIBRARY) as string,
    });
  });

  test('through the gateway needs no jar, by lakefs:// it does', () => {
    expect(jobOf({ access: 's3a' }).arguments['--extra-jars']).toBeUndefined();
    expect(() => jobOf({ access: 'simple' })).toThrow('needs lakeFS\'s hadoop-lakefs-assembly jar; set "lakefsJar"');
  });

  test('retries, and has one run at a time unless told otherwise', () => {
    const { properties } = jobOf({ access: 's3a', retries: 2 });
    expect(properties['MaxRetries']).toBe(2);
    expect(properties['ExecutionProperty']).toEqual({ MaxConcurrentRuns: 1 });
  });

  test('with bookmarks never has two runs at once, and Python shell has none', () => {
    expect(jobOf({ access: 's3a', bookmarks: true }).arguments['--job-bookmark-option']).toBe('job-bookmark-enable');
    expect(() => jobOf({ access: 's3a', bookmarks: true, maxConcurrentRuns: 2 })).toThrow('follow each other');
    expect(() => jobOf({ kind: 'pythonshell', bookmarks: true })).toThrow('no bookmarks');
  });

  test.each(Object.keys(KINDS))('%s: cdk-nag finds nothing that is not acknowledged', (kind) => {
    const make = ({ stack, controlPlane }: World): void => {
      const common = { branchline: controlPlane.jobs, jobName: 'sales-daily', script: SCRIPT };
      new BranchedGlueJob(stack, 'Job', { ...common, ...KINDS[kind] });
    };
    expect(() => synth(make, true)).not.toThrow();
  });

  test('has a role that reads its script and jar, writes its log, and has the job policy', () => {
    const { resources } = synth(({ stack, controlPlane }) => {
      const common = { branchline: controlPlane.jobs, jobName: 'sales-daily', script: SCRIPT };
      new BranchedGlueJob(stack, 'Job', { ...common, lakefsJar: JAR });
    });
    const policies = resources.filter(({ Type }) => Type === 'AWS::IAM::Policy').map(({ Properties }) => Properties);
    expect(policies).toHaveLength(1);
    const statements = statementsOf(policies[0]);
    expect(statements.map(({ Sid }) => Sid)).toEqual(['WriteLog', 'ReadCode']);
    const [script, jar] = asList(statements[1]?.Resource).map(asText);
    expect(script).toMatch(/^arn:.*\/[0-9a-f]{64}\.py$/);
    expect(jar).toMatch(/:s3:::jars\/hadoop-lakefs-assembly\.jar$/);
    const roles = resources.filter(({ Type }) => Type === 'AWS::IAM::Role').map(({ Properties }) => Properties);
    expect(roles).toHaveLength(1);
    expect(JSON.stringify(roles[0]?.['ManagedPolicyArns'])).toContain('JobPolicy');
  });

  test('takes a role that is given', () => {
    const { resources, jobs } = synth(({ stack, controlPlane }) => {
      const role = Role.fromRoleArn(stack, 'Given', `arn:aws:iam::${ACCOUNT}:role/given`);
      const common = { branchline: controlPlane.jobs, jobName: 'sales-daily', script: 's3://scripts/sales.py' };
      new BranchedGlueJob(stack, 'Job', { ...common, role, access: 's3a' });
    });
    expect(resources.filter(({ Type }) => Type === 'AWS::IAM::Role')).toEqual([]);
    expect(jobs.get('sales-daily')?.properties['Role']).toBe(`arn:aws:iam::${ACCOUNT}:role/given`);
  });
});

describe('jobs that a team has already', () => {
  const ROLE = `arn:aws:iam::${ACCOUNT}:role/jobs`;
  const withAspect = (
    name: string,
    args: Record<string, unknown> | undefined,
    options: Partial<BranchlineOnJobsOptions> = {},
    command = 'glueetl',
  ) =>
    synth(({ stack, controlPlane }) => {
      new CfnJob(stack, 'Theirs', {
        name,
        role: ROLE,
        command: { name: command, scriptLocation: 's3://scripts/sales.py' },
        ...(args !== undefined && { defaultArguments: args }),
      });
      const aspect = new BranchlineOnJobs(controlPlane.jobs, {
        jobs: ['sales-*', 'load (1)'],
        access: 's3a',
        ...options,
      });
      Aspects.of(stack).add(aspect, { priority: AspectPriority.MUTATING });
    }).jobs.get(name)?.arguments;

  test('get library and arguments beside their own', () => {
    expect(withAspect('sales-daily', { '--country': 'de', '--additional-python-modules': 'pandas' })).toEqual({
      '--country': 'de',
      '--branchline_claim_function': 'branchline-claim-run',
      '--branchline_access': 's3a',
      '--additional-python-modules': expect.stringMatching(/^pandas,s3:\/\/.*\.whl$/) as string,
    });
  });

  test('keep their jars', () => {
    const found = withAspect(
      'sales-daily',
      { '--extra-jars': 's3://jars/a.jar' },
      { access: 'presigned', lakefsJar: JAR },
    );
    expect(found?.['--extra-jars']).toBe(`s3://jars/a.jar,${JAR}`);
  });

  test('without arguments and of Python shell are served too', () => {
    expect(withAspect('load (1)', undefined, {}, 'pythonshell')?.['--branchline_job']).toBe('load (1)');
  });

  test('of other names are left alone', () => {
    expect(withAspect('other', { '--country': 'de' })).toEqual({ '--country': 'de' });
    expect(withAspect('load 1', {})).toEqual({});
  });

  test.each([
    ['an argument of Branchline by hand', { '--branchline_run_id': 'x' }, 'glueetl', /--branchline_run_id is managed/],
    ['streaming', {}, 'gluestreaming', /serves glueetl and pythonshell, not gluestreaming/],
  ])('%s fails the synthesis', (_, args, command, message) => {
    expect(() => withAspect('sales-daily', args, {}, command)).toThrow(message);
  });

  test('those of the construct are served once', () => {
    const { jobs } = synth(({ stack, controlPlane }) => {
      const common = { branchline: controlPlane.jobs, jobName: 'sales-daily', script: SCRIPT };
      new BranchedGlueJob(stack, 'Job', { ...common, access: 's3a' });
      Aspects.of(stack).add(new BranchlineOnJobs(controlPlane.jobs, { jobs: ['*'], access: 's3a' }));
    });
    expect(jobs.get('sales-daily')?.arguments['--additional-python-modules']?.match(/\.whl/g)).toHaveLength(1);
  });
});

describe('the stack', () => {
  test('tells where the library is, and lets the job policy read exactly that', () => {
    const template = templateOf('plain');
    const uri = asText(template.Outputs['JobLibraryUri']?.Value);
    expect(uri).toMatch(LIBRARY);
    const [policy] = ofType(template, 'AWS::IAM::ManagedPolicy').flatMap(([id, { Properties }]) =>
      id.startsWith('JobPolicy') ? [Properties] : [],
    );
    expect(JSON.stringify(policy)).toContain('ReadLibrary');
    const read = statementsOf(policy).find(({ Sid }) => Sid === 'ReadLibrary');
    expect(asText(read?.Resource)).toBe(`arn:aws:s3:::${uri.slice('s3://'.length)}`);
  });
});
