/**
 * The job library as a wheel, made from its sources without Python: a wheel is a zip with three files beside the package.
 * The same sources give the same bytes, so a deployment whose job library did not change uploads nothing.
 * `node lib/constructs/wheel.ts FOLDER` writes it and prints its path.
 * Source: the binary distribution format of the Python packaging specifications.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ZipEntry, zip } from './zip.ts';

const GLUE = join(import.meta.dirname, '..', '..', 'glue');
const PACKAGE = 'branchline';

export interface Wheel {
  /** pip reads name, version and platform out of it. */
  readonly fileName: string;
  readonly content: Buffer;
}

const quoted = (text: string, key: string): string => {
  const found = new RegExp(`^${key} = "(.*)"$`, 'm').exec(text)?.[1];
  if (found === undefined) throw new Error(`no ${key} = "…" is found in the job library's sources`);
  return found;
};

const sources = (): ZipEntry[] =>
  readdirSync(join(GLUE, PACKAGE), { withFileTypes: true })
    .filter((file) => file.isFile() && (file.name.endsWith('.py') || file.name === 'py.typed'))
    .map(({ name }) => ({ name: `${PACKAGE}/${name}`, content: readFileSync(join(GLUE, PACKAGE, name)) }));

const metadata = (version: string): string => {
  const project = readFileSync(join(GLUE, 'pyproject.toml'), 'utf8');
  return [
    'Metadata-Version: 2.1',
    `Name: ${quoted(project, 'name')}`,
    `Version: ${version}`,
    `Summary: ${quoted(project, 'description')}`,
    'License: Apache-2.0',
    `Requires-Python: ${quoted(project, 'requires-python')}`,
    'Description-Content-Type: text/markdown',
    '',
    readFileSync(join(GLUE, 'README.md'), 'utf8'),
  ].join('\n');
};

/** As RECORD wants it: the digest in URL-safe base64 without padding. */
const recordOf = ({ name, content }: ZipEntry): string =>
  `${name},sha256=${createHash('sha256').update(content).digest('base64url')},${String(content.length)}`;

export const makeWheel = (): Wheel => {
  const version = quoted(readFileSync(join(GLUE, PACKAGE, '_version.py'), 'utf8'), 'VERSION');
  const info = `${PACKAGE}-${version}.dist-info`;
  const text = (name: string, content: string): ZipEntry => ({
    name: `${info}/${name}`,
    content: Buffer.from(content),
  });
  const entries = [
    ...sources(),
    text('METADATA', metadata(version)),
    text('WHEEL', 'Wheel-Version: 1.0\nGenerator: branchline\nRoot-Is-Purelib: true\nTag: py3-none-any\n'),
    text('top_level.txt', `${PACKAGE}\n`),
  ].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const record = text('RECORD', [...entries.map(recordOf), `${info}/RECORD,,`, ''].join('\n'));
  return { fileName: `${PACKAGE}-${version}-py3-none-any.whl`, content: zip([...entries, record]) };
};

if (import.meta.main) {
  const [folder = '.'] = process.argv.slice(2);
  const { fileName, content } = makeWheel();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, fileName), content);
  console.log(join(folder, fileName));
}
