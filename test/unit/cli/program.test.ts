/** The tree of commands: help, usage errors, global options, completion. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it, test } from 'vitest';
import { treeOf } from '../../../cli/completion/tree.ts';
import { type Outside, Session } from '../../../cli/context.ts';
import { examplesOf } from '../../../cli/help.ts';
import { createProgram } from '../../../cli/program.ts';
import { openStage } from './stage.ts';

/** For looking at the tree only: no command of it is run. */
const program = (): Command =>
  createProgram(
    new Session({ terminal: { columns: 100, out: () => undefined, err: () => undefined } } as never as Outside),
  );

const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)];
const pathOf = (command: Command): string =>
  command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
const every = all(program());
const leaves = every.filter(({ commands }) => commands.length === 0);
const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'cli.md'), 'utf8');

describe('help', () => {
  test.each(every.map((command) => [pathOf(command), command] as const))(
    '%s: examples come first',
    async (path, command) => {
      const stage = await openStage();
      const { code, out } = await stage.run([...path.split(' ').slice(1), '--help']);
      expect(code).toBe(0);
      expect(examplesOf(command).length).toBeGreaterThan(0);
      expect(out).toMatch(/^\S.*\n(.*\n)?\nExamples:\n {2}(branchline|source <\(branchline)/);
      expect(out.indexOf('Examples:')).toBeLessThan(out.indexOf('Usage:'));
      expect(out.split(command.description().slice(0, 40))).toHaveLength(2);
      expect(out).toContain('--json');
      expect(stage.calls).toEqual([]);
    },
  );

  test.each(leaves.flatMap((leaf) => examplesOf(leaf).map(({ command }) => [command])))(
    'this example is right: %s',
    (example) => {
      const words =
        /branchline ([^|>)]*)/
          .exec(example)?.[1]
          ?.trim()
          .match(/"[^"]*"|\S+/g) ?? [];
      const tree = program();
      for (const command of all(tree)) command.action(() => undefined).exitOverride();
      expect(() =>
        tree.parse(
          words.map((word) => word.replaceAll('"', '')),
          { from: 'user' },
        ),
      ).not.toThrow();
    },
  );

  test('docs/cli.md tells every command and every option of it', () => {
    for (const command of leaves) {
      const [, section = ''] = page.split(`\n### \`${pathOf(command)}`);
      expect(section, pathOf(command)).not.toBe('');
      for (const { long } of command.options) expect(section.split('\n### ')[0], pathOf(command)).toContain(long);
    }
    for (const { long } of program().options) expect(page).toContain(long);
  });
});

describe('wrong use ends with 2', () => {
  it.each([
    [['runs', 'lst'], 'Did you mean list?'],
    [['run'], 'Did you mean runs?'],
    [['runs', 'list', '--stat', 'OPEN'], 'Did you mean --state?'],
    [['runs', 'list', '--state', 'broken'], 'allowed: OPEN, COMMITTED'],
    [['runs', 'list', '--limit', '0'], 'from 1 to 1000'],
    [['runs', 'list', 'extra'], 'too many arguments'],
    [['runs', 'show'], "missing required argument 'run'"],
    [['runs', 'show', 'x', '--attempt', '-1'], 'the first attempt is 0'],
    [['runs', 'start', 'x', '--run-id', 'a b'], 'Letters, digits'],
    [['runs', 'start', 'x', '--arg', 'novalue'], 'NAME=VALUE'],
    [['runs', 'start', 'x', '--wait', '--timeout', '5'], 'such as 15m'],
    [['runs', 'promote', 'x', '--strategy', 'both'], 'Allowed choices are source-wins, target-wins'],
    [['completion', 'powershell'], 'Allowed choices are bash, zsh, fish'],
    [['runs', 'list', '--prefix', 'Bad_Prefix'], 'lower-case letters'],
  ])('%j', async (words, hint) => {
    const stage = await openStage();
    const told = await stage.run(words);
    expect(told).toMatchObject({ code: 2, out: '' });
    expect(told.err).toContain(hint);
    const { code, json, err } = await stage.run([...words, '--json']);
    expect({ code, err }).toEqual({ code: 2, err: '' });
    expect(json()).toMatchObject({ code: 'BL6001', retryable: false, message: expect.stringContaining(hint) });
    expect(stage.calls).toEqual([]);
  });

  it.each([[[]], [['runs']], [['targets']], [['catalog']]])(
    '%j alone shows the help on standard error',
    async (words) => {
      const { code, out, err } = await (await openStage()).run(words);
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).toContain('Usage: branchline');
    },
  );
});

describe('which deployment', () => {
  it.each([
    [[], {}, { prefix: 'branchline' }],
    [[], { BRANCHLINE_PREFIX: 'second' }, { prefix: 'second' }],
    [['--prefix', 'third'], { BRANCHLINE_PREFIX: 'second' }, { prefix: 'third' }],
    [['--region', 'eu-west-1', '--profile', 'ops'], {}, { prefix: 'branchline', region: 'eu-west-1', profile: 'ops' }],
  ])('%j with %j', async (words, environment, place) => {
    const stage = await openStage();
    await stage.run([...words, 'runs', 'list'], { environment });
    await stage.run(['runs', 'list', ...words], { environment });
    expect(stage.places).toEqual([place, place]);
  });
});

it('an answer of another shape is told, not shown as nothing', async () => {
  const stage = await openStage();
  stage.invoke = async () => ({ rows: [] });
  const { code, err } = await stage.run(['runs', 'list']);
  expect(code).toBe(1);
  expect(err).toContain('branchline doctor');
});

it('a bug is told as one, without a stack', async () => {
  const stage = await openStage();
  stage.invoke = async () => {
    throw new TypeError('x is not a function');
  };
  const { code, json } = await stage.run(['runs', 'list', '--json']);
  expect(code).toBe(1);
  expect(json()).toMatchObject({ code: 'BL5001', message: expect.stringContaining('x is not a function') });
});

describe('completion', () => {
  const words = treeOf(program());

  it('knows every command, option and choice', () => {
    expect(words.map(({ path }) => ['branchline', ...path].join(' '))).toEqual(every.map(pathOf));
    const promote = words.find(({ path }) => path.join(' ') === 'runs promote');
    expect(promote?.flags.flatMap(({ names }) => names)).toEqual(
      expect.arrayContaining(['--strategy', '-y', '--json']),
    );
    expect(promote?.flags.find(({ names }) => names.includes('--strategy'))?.choices).toEqual([
      'source-wins',
      'target-wins',
    ]);
  });

  it.each(['bash', 'zsh', 'fish'])('%s: the script names all of it', async (shell) => {
    const stage = await openStage();
    const { code, out } = await stage.run(['completion', shell]);
    expect(code).toBe(0);
    for (const { commands, flags } of words) {
      for (const { name } of commands) expect(out).toContain(name);
      for (const name of flags.flatMap(({ names }) => names)) expect(out).toContain(name.replace(/^--?/, ''));
    }
    expect((await stage.run(['completion', shell, '--json'])).json()).toEqual({ shell, script: out });
    expect(stage.places).toEqual([]);
  });

  const complete = (script: string, typed: readonly string[]): string[] => {
    const code = `${script}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _branchline; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', code, 'bash', ...typed], { encoding: 'utf8' });
    expect(stderr).toBe('');
    return stdout.split('\n').filter((line) => line !== '');
  };

  it.skipIf(!existsSync('/bin/bash')).each([
    [
      [''],
      [
        'runs',
        'targets',
        'catalog',
        'restore',
        'restores',
        'requests',
        'exports',
        'credentials',
        'rollback',
        'rollbacks',
        'snapshots',
        'drill',
        'gc',
        'erase',
        'replication',
        'doctor',
        'completion',
      ],
    ],
    [['ru'], ['runs']],
    [['runs', 're'], ['retry']],
    [
      ['runs', 'promote', 'x', '--strategy', ''],
      ['source-wins', 'target-wins'],
    ],
    [['runs', 'promote', '--str'], ['--strategy']],
    [['runs', 'promote', '--timeout', ''], []],
    [
      ['runs', 'list', '--state', 'PRO'],
      ['PROMOTING', 'PROMOTED'],
    ],
    [['--prefix', 'runs', 'targets', 'a'], ['accept']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['doctor', 'x', ''], []],
  ])('bash completes %j', async (typed, expected) => {
    const { out } = await (await openStage()).run(['completion', 'bash']);
    expect(complete(out, ['branchline', ...typed])).toEqual(expected);
  });
});
